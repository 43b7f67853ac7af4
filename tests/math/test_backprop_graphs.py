"""The formulas of backprop/graphs, as the page prints them, against independent derivations."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from differences import jacobian

from lmbook.nn.autograd import Dual, Value

x, y, h = sp.symbols("x y h", real=True)
r = sp.symbols("r", positive=True)


def test_first_example_and_its_chain_rule():
    """A number, and a nudge: y = (ab + c)² has the gradient (-24, 16, 8) at (2, -3, 10)."""
    a, b, c, p, s = sp.symbols("a b c p s")
    whole = (a * b + c) ** 2
    at = {a: 2, b: -3, c: 10}
    assert [sp.diff(whole, v).subs(at) for v in (a, b, c)] == [-24, 16, 8]
    chain = sp.diff(s**2, s) * sp.diff(p + c, p) * sp.diff(a * b, a)
    assert sp.expand(chain.subs(s, p + c).subs(p, a * b) - sp.diff(whole, a)) == 0


def test_gradients_add_where_ways_meet():
    """A number, and a nudge: x·x + x has the slope 3 + 3 + 1 = 2x + 1 at 3; y = qx + q, q = x²."""
    assert sp.diff(x * x + x, x) == 2 * x + 1
    assert (2 * x + 1).subs(x, 3) == 3 + 3 + 1
    assert sp.diff(x**2 * x + x**2, x).subs(x, 3) == 9 + (3 + 1) * (3 + 3)


TABLE = {
    "sum": (lambda u, v: u + v, x + y, (1, 1)),
    "difference": (lambda u, v: u - v, x - y, (1, -1)),
    "product": (lambda u, v: u * v, x * y, (y, x)),
    "quotient": (lambda u, v: u / v, x / y, (1 / y, -x / y**2)),
    "power": (lambda u, v: u**2.5, x**2.5, (2.5 * x**1.5, 0)),
    "exp": (lambda u, v: u.exp(), sp.exp(x), (sp.exp(x), 0)),
    "log": (lambda u, v: u.log(), sp.log(x), (1 / x, 0)),
    "tanh": (lambda u, v: u.tanh(), sp.tanh(x), (1 - sp.tanh(x) ** 2, 0)),
    "sigmoid": (
        lambda u, v: u.sigmoid(),
        1 / (1 + sp.exp(-x)),
        (1 / (1 + sp.exp(-x)) * (1 - 1 / (1 + sp.exp(-x))), 0),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_table_of_local_derivatives(name):
    """Each operation knows its own slope: the table, by sympy and in both modes of the engine."""
    program, formula, slopes = TABLE[name]
    for symbol, slope in zip((x, y), slopes, strict=True):
        assert sp.simplify((sp.diff(formula, symbol) - slope).subs({x: r})) == 0
    at = {x: 1.3, y: 0.7}
    expected = [float(sp.sympify(slope).subs(at)) for slope in slopes]
    u, v = Value(1.3), Value(0.7)
    result = program(u, v)
    result.backward()
    assert math.isclose(result.data, float(formula.subs(at)), rel_tol=1e-14)
    assert np.allclose([u.grad, v.grad], expected, rtol=1e-13)
    tangents = [program(Dual(1.3, i), Dual(0.7, 1 - i)).tangent for i in (1.0, 0.0)]
    assert np.allclose(tangents, expected, rtol=1e-13)


@pytest.mark.parametrize(("at", "slope"), [(0.4, 1), (-0.4, 0), (0.0, 0)])
def test_relu(at, slope):
    """Each operation knows its own slope: ReLU, 1 if x > 0, else 0, at zero as in PyTorch."""
    tensor = torch.tensor(at, requires_grad=True)
    tensor.relu().backward()
    value = Value(at)
    value.relu().backward()
    assert value.grad == tensor.grad.item() == slope


def test_sigmoid_is_a_hyperbolic_tangent():
    """Each operation knows its own slope: 'written with a tanh, which is the same function'."""
    difference = (1 + sp.tanh(x / 2)) / 2 - 1 / (1 + sp.exp(-x))
    assert sp.simplify(difference.rewrite(sp.exp)) == 0


def test_ways_and_numbers_of_doublings():
    """Who passes on first: sixteen doublings make 2^16 ways through seventeen numbers."""
    ways = np.linalg.matrix_power(2 * np.eye(17, k=1), 16)  # two arrows from each to the next
    assert ways[0, -1] == 2**16
    start = value = Value(1.0)
    for _ in range(16):
        value = value + value
    value.backward()
    assert start.grad == 2**16


def test_heron_keeps_the_derivative_of_the_root():
    """Who passes on first: Heron's six rounds at 2 have the slope 1 / (2√2), to 1e-12."""

    def heron(number):
        root = number
        for _ in range(6):
            root = (root + number / root) / 2
        return root

    with mpmath.workdps(50):
        judged = mpmath.diff(heron, 2)
        assert abs(judged - 1 / (2 * mpmath.sqrt(2))) < 1e-12
    value = Value(2.0)
    heron(value).backward()
    assert math.isclose(value.grad, float(judged), rel_tol=1e-13)


def test_truncation_of_differences():
    """How far to trust a finite difference: both expansions, ½ h f'' and ⅙ h² f'''."""
    f = sp.Function("f")
    taylor = sum(sp.Symbol(f"d{k}") * h**k / sp.factorial(k) for k in range(6))
    d1, d2, d3 = sp.symbols("d1:4")
    one_sided = sp.expand((taylor - taylor.subs(h, 0)) / h)
    central = sp.expand((taylor - taylor.subs(h, -h)) / (2 * h))
    assert [one_sided.coeff(h, k) for k in (0, 1)] == [d1, d2 / 2]
    assert [central.coeff(h, k) for k in (0, 1, 2)] == [d1, 0, d3 / 6]
    assert sp.series(f(h), h, 0, 2).removeO().coeff(h, 0) == f(0)


def test_rounding_of_the_central_difference():
    """How far to trust a finite difference: e^x errs by h²/6 + ε/2h, within a factor of two."""
    at = np.random.default_rng(0).uniform(-1, 1, 4000)
    for step in (1e-3, 1e-4, 1e-7, 1e-8):
        found = (np.exp(at + step) - np.exp(at - step)) / (2 * step) / np.exp(at) - 1
        size = np.sqrt(np.mean(found**2))
        assert 0.5 < size / (step**2 / 6 + 2.0**-53 / (2 * step)) < 2
    assert 1 + 2.0**-53 * 1.01 > 1 == 1 + 2.0**-53  # half of the gap between 64-bit numbers


def test_best_step():
    """Exercise graphs-3: h²/6 + ε/2h is smallest where h³ = 3ε/2; about 0.0045 for 2^-24."""
    step, eps = sp.symbols("h epsilon", positive=True)
    slope = sp.diff(step**2 / 6 + eps / (2 * step), step)
    assert sp.simplify(slope - (step / 3 - eps / (2 * step**2))) == 0
    assert sp.simplify(sp.solve(slope, step)[0] ** 3 - sp.Rational(3, 2) * eps) == 0
    assert 0.004 < (1.5 * 2.0**-24) ** (1 / 3) < 0.005


def test_forward_gives_columns_and_backward_rows():
    """Forward or reverse: the Jacobian has m·d entries; a tangent pass a column, a back pass a row.

    Also exercise graphs-2: 2d evaluations, d forward and m backward passes.
    """

    def program(u, v, w):
        return (u * v).tanh(), u + w * v

    at = [0.3, -1.2, 2.0]
    judged = jacobian(lambda a: [np.tanh(a[0] * a[1]), a[0] + a[2] * a[1]], at)
    assert judged.shape == (2, 3)
    for column in range(3):
        duals = [Dual(number, float(i == column)) for i, number in enumerate(at)]
        assert np.allclose([out.tangent for out in program(*duals)], judged[:, column], atol=1e-8)
    for row in range(2):
        values = [Value(number) for number in at]
        program(*values)[row].backward()
        assert np.allclose([value.grad for value in values], judged[row], atol=1e-8)


def test_neuron_and_its_loss():
    """Who passes on first: ∂ℓ/∂w₁ is that of z times x₁, twice that of w₂; ŷ too low, z's < 0."""
    w1, x1, w2, x2, b, target = sp.symbols("w1 x1 w2 x2 b t")
    z = w1 * x1 + w2 * x2 + b
    at = {w1: 0.5, x1: 2, w2: -1.5, x2: 1, b: 0.25, target: 1}
    error = (sp.tanh(z) - target) ** 2
    by_w1, by_w2, by_b = (float(sp.diff(error, v).subs(at)) for v in (w1, w2, b))
    assert by_b < 0
    assert np.allclose([by_w1, by_w2], [2 * by_b, by_b])


def test_logistic_loss():
    """Train a network: ℓ = log(1 + e^(-yŷ)) is softplus(-yŷ), and far off grows like the score."""
    score = sp.symbols("s", real=True)
    loss = sp.log(1 + sp.exp(-score))
    assert sp.limit(loss, score, sp.oo) == 0
    assert sp.limit(loss + score, score, -sp.oo) == 0
    for label in (-1.0, 1.0):
        scores = torch.linspace(-5, 5, 11, dtype=torch.float64)
        assert torch.allclose(
            torch.nn.functional.softplus(-label * scores), torch.log(1 + torch.exp(-label * scores))
        )


def test_stable_softplus():
    """Exercise graphs-4: log(1 + e^x) = max(x, 0) + log(1 + e^-|x|); its slope is the sigmoid."""
    for sign in (r, -r):
        stable = sp.Max(sign, 0) + sp.log(1 + sp.exp(-sp.Abs(sign)))
        assert sp.simplify(sp.exp(stable) - (1 + sp.exp(sign))) == 0
    assert sp.simplify(sp.diff(sp.log(1 + sp.exp(x)), x) - 1 / (1 + sp.exp(-x))) == 0


def test_exercise_by_hand():
    """Exercise graphs-1: (a + b)·b at (1, 2) has the gradient (2, 5)."""
    a, b = sp.symbols("a b")
    assert [sp.diff((a + b) * b, v).subs({a: 1, b: 2}) for v in (a, b)] == [2, 5]
