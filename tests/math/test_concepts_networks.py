"""The formulas of concepts/networks, as the page prints them, against independent derivations."""

import math

import numpy as np
import pytest
import sympy as sp

from lmbook.nn import sizes

z = sp.symbols("z", real=True)
SIGMOID = 1 / (1 + sp.exp(-z))
DENSITY = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
NORMAL = (1 + sp.erf(z / sp.sqrt(2))) / 2


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (SIGMOID, SIGMOID * (1 - SIGMOID)),
        (sp.tanh(z), 1 - sp.tanh(z) ** 2),
        (2 * SIGMOID.subs(z, 2 * z) - 1, 1 - sp.tanh(z) ** 2),
        (z * NORMAL, NORMAL + z * DENSITY),
    ],
    ids=["sigmoid", "tanh", "tanh by sigmoid", "GELU"],
)
def test_derivatives(function, slope):
    """Activation functions: the table of derivatives, and tanh z = 2σ(2z) - 1."""
    assert sp.simplify((sp.diff(function, z) - slope).rewrite(sp.exp)) == 0


def test_slope_of_the_sigmoid_is_at_most_a_quarter():
    """Activation functions: σ' ≤ ¼, so ten layers leave about a millionth at best."""
    share = sp.symbols("s")
    assert sp.maximum(share * (1 - share), share, sp.Interval(0, 1)) == sp.Rational(1, 4)
    assert 0.9e-6 < 0.25**10 < 1e-6


def test_one_neuron():
    """One neuron: z = 0.7, σ = 0.668; z/|w| is the signed distance from the line."""
    w, b, x = np.array([0.8, -1.2]), -0.5, np.array([3.0, 1.0])
    value = w @ x + b
    assert math.isclose(value, 0.7)
    assert math.isclose(1 / (1 + math.exp(-value)), 0.668, abs_tol=5e-4)
    length = np.linalg.norm(w)
    foot = x - value / length * w / length
    assert math.isclose(w @ foot + b, 0, abs_tol=1e-12)
    assert math.isclose(np.linalg.norm(x - foot), value / length)


def test_layers_collapse():
    """Spot the bug: W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂)."""
    rng = np.random.default_rng(0)
    W1, b1, x = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=3)
    W2, b2 = rng.normal(size=(2, 4)), rng.normal(size=2)
    assert np.allclose(W2 @ (W1 @ x + b1) + b2, (W2 @ W1) @ x + (W2 @ b1 + b2))


def test_best_line_for_two_rings():
    """Spot the bug: the best line touches the inner ring; two thirds of the outer one are wrong."""
    offset = np.linspace(0, 2, 2001)
    inner = 1 - np.arccos(np.minimum(offset, 1)) / np.pi  # shares on the right side
    outer = np.arccos(offset / 2) / np.pi
    best = (inner + outer).argmax()
    assert offset[best] == 1
    assert math.isclose(1 - outer[best], 2 / 3)


def test_hinges():
    """Any curve from hinges: f(t₀) + Σ (s_i - s_{i-1}) max(0, x - t_i) joins the points by lines.

    Its error is at most max|f''| / 8m², and max|f''| at most 4π² + 0.4·36π².
    """

    def curve(x):
        return np.sin(2 * np.pi * x) + 0.4 * np.sin(6 * np.pi * x)

    x = np.linspace(0, 1, 20_001)
    second = 4 * np.pi**2 + 0.4 * 36 * np.pi**2
    u = sp.symbols("u")
    exact = sp.diff(sp.sin(2 * sp.pi * u) + sp.sin(6 * sp.pi * u) * 2 / 5, u, 2)
    assert abs(sp.lambdify(u, exact)(x)).max() <= second
    for m in (8, 32, 128):
        t = np.arange(m + 1) / m
        slopes = np.diff(curve(t)) * m
        changes = np.diff(slopes, prepend=0)
        built = curve(0) + np.maximum(0, x[:, None] - t[:-1]) @ changes
        assert np.allclose(built, np.interp(x, t, curve(t)))
        assert abs(built - curve(x)).max() <= second / (8 * m**2)


def test_tents():
    """Why deep: tent into tent doubles the pieces; eight layers have 256, which meet at 255."""
    x = np.arange(2**10 + 1) / 2**10  # exact in binary
    height = x
    for _ in range(8):
        height = 2 * np.maximum(0, height) - 4 * np.maximum(0, height - 0.5)
    assert np.count_nonzero(np.diff(np.diff(height))) == 255


def test_dense_parameters():
    """Counting parameters: mn + n = (m + 1)n; 784-128-10; exercise networks-1."""
    assert (784 * 128 + 128, 128 * 10 + 10) == (100_480, 1_290) == (785 * 128, 129 * 10)
    assert sizes.dense_parameters([784, 128, 10]) == 100_480 + 1_290
    parts = 785 * 64, 65 * 64, 65 * 10
    assert parts == (50_240, 4_160, 650)
    assert sizes.dense_parameters([784, 64, 64, 10]) == sum(parts)
    assert 0.5 < sum(parts) / 101_770 < 0.6  # "little more than half"


def test_transformers():
    """Counting parameters: BERT-base by its list of parts; GPT-3; the rule 12 L d²."""
    d, f, blocks = 768, 3072, 12
    tables = (30_522 + 512 + 2) * d
    block = 4 * (d * d + d) + (d * f + f) + (f * d + d)
    norms = (1 + 2 * blocks) * 2 * d
    total = tables + blocks * block + norms + d * d + d
    assert total == sizes.BERT_BASE.parameters == 109_482_240
    d, blocks = 12_288, 96
    block = 12 * d * d + 4 * d + 4 * d + d + 4 * d
    gpt3 = (50_257 + 2048) * d + blocks * block + 2 * d
    assert gpt3 == sizes.GPT3.parameters
    assert round(gpt3 / 1e9) == 175
    d, f = 4096, 11_008
    llama = 2 * 32_000 * d + 32 * (4 * d * d + 3 * d * f + 2 * d) + d
    assert llama == sizes.LLAMA_7B.parameters
    assert sizes.rule_of_thumb(96, 12_288) == 12 * 96 * 12_288**2


def test_memory():
    """What memory: 16 bytes a parameter, both in 32 bits and mixed; exercise networks-2: 112 GB."""
    assert 4 + 4 + 8 == 2 + 2 + (4 + 4 + 4) == 16
    assert sum(sizes.training_memory(7e9).values()) == 112e9
    s, b = 512, 3
    model = sizes.BERT_BASE
    h, a = model.width, model.heads
    printed = s * b * h * (34 + 5 * a * s / h)
    assert math.isclose(sizes.activation_memory(model, b, s), model.layers * printed)
    model = sizes.LLAMA_7B
    h, a, f = model.width, model.heads, model.feedforward
    printed = s * b * (16 * h + 8 * f + 2 * a * s)
    assert math.isclose(sizes.activation_memory(model, b, s), model.layers * printed)
    assert sizes.cache_memory(model, 1, 1) == 2 * h * model.layers * 2  # two vectors, 2 bytes each


def test_bytes_of_a_block():
    """What memory: 34 + 5as/h added up tensor by tensor, 2 bytes a number, 1 a mask's."""
    norms = 2 * 2
    attention = 2 + 2 * 2 + 2 + 2 + 1  # input; queries, keys; values; into the projection; mask
    feedforward = 2 + 4 * 2 + 4 * 2 + 1  # input; into GELU; out of it; mask
    assert norms + attention + feedforward == 34
    assert 2 + 1 + 2 == 5  # weights, mask, weights after it
    gated = 2 * 2 + (2 + 2 * 2 + 2 + 2) + 2
    assert gated == 16


def test_computation():
    """How much computation: 2 + 4 = 6; with attention (6M + 12Lsd)D; GPT-3 within 1 %."""
    s, d = sp.symbols("s d", positive=True)
    forward = 2 * s * d + 2 * s * d  # a token's scores, and its sum of values
    assert sp.expand(3 * forward - 12 * s * d) == 0
    assert sizes.training_flops(2e9, 3e9) == 6 * 2e9 * 3e9
    assert sizes.inference_flops(2e9, 3) == 2 * 2e9 * 3
    assert math.isclose(6 * 175e9 * 300e9, 3.14e23, rel_tol=0.01)


def test_best_size_for_a_budget():
    """How many tokens: C = 6ND, D = 20N give N = √(C/120); GPT-3's 51 billion; exercise 3."""
    N, C = sp.symbols("N C", positive=True)
    best = sp.solve(sp.Eq(C, 6 * N * 20 * N), N)[0]
    assert sp.simplify(best - sp.sqrt(C / 120)) == 0
    assert 175e9 / float(best.subs(C, 3.14e23)) > 3
    size = float(best.subs(C, 10**24))
    assert math.isclose(size, 91e9, rel_tol=0.005)
    assert math.isclose(sizes.chinchilla_tokens(size), 1.8e12, rel_tol=0.02)
    chinchilla, gopher = 6 * 70e9 * 1.4e12, 6 * 280e9 * 0.3e12
    assert 0.8 < gopher / chinchilla < 1.25  # "for the same computation"


def test_exclusive_or():
    """Exercise networks-4: the sum, less twice what exceeds one."""
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    hidden = np.maximum(0, inputs @ np.ones((2, 2)) + [0, -1])
    assert (hidden @ [1, -2]).tolist() == [0, 1, 1, 0]
