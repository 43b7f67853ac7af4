"""The formulas of backprop/mlp, as the page prints them, against independent derivations."""

import math

import numpy as np
import pytest
import torch
from differences import jacobian

from lmbook.nn import dense as ours

SLOPES = {
    "sigmoid": (lambda u: 1 / (1 + np.exp(-u)), lambda h: h * (1 - h)),
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "relu": (lambda u: np.maximum(u, 0), lambda h: h > 0),
}


def shares(logits):
    """Softmax of each row."""
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def draw(n=5, d=3, m=4, classes=3):
    """A network d-m-classes with a batch of n, labels, and their one-hot rows."""
    rng = np.random.default_rng(2)
    sizes = [(m, d), (m,), (classes, m), (classes,)]
    labels = rng.integers(classes, size=n)
    parameters = [rng.normal(size=size) for size in sizes]
    return parameters, rng.normal(size=(n, d)), labels, np.eye(classes)[labels]


@pytest.mark.parametrize("activation", SLOPES)
def test_slopes_from_outputs(activation):
    """From nothing: σ' = σ(1-σ), tanh' = 1 - tanh², ReLU 1 where its output is positive."""
    function, slope = SLOPES[activation]
    at = np.array([-1.5, -0.2, 0.3, 2.0])
    judged = np.diag(jacobian(function, at))
    assert np.allclose(judged, slope(function(at)), atol=1e-8)
    assert np.allclose(ours.activate(at, activation), function(at))
    assert np.allclose(ours.slope(function(at), activation), judged, atol=1e-8)


@pytest.mark.parametrize("activation", SLOPES)
def test_one_example(activation):
    """One example: δ₂ = ŷ - y, ∂ℓ/∂W₂ = δ₂hᵀ, ∂ℓ/∂h = W₂ᵀδ₂, δ₁ = ∂ℓ/∂h ⊙ φ', ∂ℓ/∂W₁ = δ₁xᵀ."""
    function, slope = SLOPES[activation]
    (W1, b1, W2, b2), X, labels, Y = draw()
    x, c, y = X[0], labels[0], Y[0]

    def loss(W1, b1, W2, b2):
        return -math.log(shares(W2 @ function(W1 @ x + b1) + b2)[c])

    h = function(W1 @ x + b1)
    delta2 = shares(W2 @ h + b2) - y
    dh = W2.T @ delta2
    delta1 = dh * slope(h)
    printed = [np.outer(delta1, x), delta1, np.outer(delta2, h), delta2]
    for place, gradient in enumerate(printed):
        parameters = [W1, b1, W2, b2]

        def moved(array, place=place, parameters=parameters):
            return loss(*parameters[:place], array, *parameters[place + 1 :])

        assert np.allclose(jacobian(moved, parameters[place]), gradient, atol=1e-8)
    assert np.allclose(jacobian(lambda v: -math.log(shares(W2 @ v + b2)[c]), h), dh, atol=1e-8)


def test_two_links():
    """One example: -1/ŷ_c times ŷ_c([c = j] - ŷ_j) is ŷ_j - [c = j]."""
    p = shares(np.array([0.3, -1.0, 0.8]))
    links = np.array([0, -1 / p[1], 0]) @ (np.diag(p) - np.outer(p, p))
    assert np.allclose(links, p - [0, 1, 0])


@pytest.mark.parametrize("activation", SLOPES)
def test_batch(activation):
    """A batch at a time: all six equations with their shapes, against autograd and `backward`."""
    function, slope = SLOPES[activation]
    parameters, X, labels, Y = draw()
    W1, b1, W2, b2 = parameters
    H = function(X @ W1.T + b1)
    Z2 = H @ W2.T + b2
    Delta2 = (shares(Z2) - Y) / 5
    Delta1 = Delta2 @ W2 * slope(H)
    printed = [Delta1.T @ X, Delta1.sum(0), Delta2.T @ H, Delta2.sum(0)]
    assert [g.shape for g in printed] == [(4, 3), (4,), (3, 4), (3,)]
    tensors = [torch.from_numpy(p).requires_grad_() for p in parameters]
    hidden = torch.from_numpy(X) @ tensors[0].T + tensors[1]
    hidden = getattr(torch, activation)(hidden)
    J = torch.nn.functional.cross_entropy(
        hidden @ tensors[2].T + tensors[3], torch.from_numpy(labels)
    )
    judged = [g.numpy() for g in torch.autograd.grad(J, tensors)]
    kept, Z = ours.forward(parameters, X, activation)
    found = ours.backward(parameters, kept, Z, labels, activation)
    for one, two, three in zip(printed, judged, found, strict=True):
        assert np.allclose(one, two, atol=1e-12)
        assert np.allclose(two, three, atol=1e-12)


def test_worked_example():
    """By hand: z₁ = (2, -1), δ₂ = (0.731, -0.731), blame -2.193, a second example nearly right."""
    W1, b1 = np.array([[1, 0.5], [0.5, -1]]), np.array([0, 0.5])
    W2 = np.array([[1, -1], [0.5, 2]])
    z1 = W1 @ [1, 2] + b1
    assert z1.tolist() == [2, -1]
    y_hat = shares(W2 @ np.maximum(z1, 0))
    assert y_hat[1] < 1 / 3
    delta2 = y_hat - [0, 1]
    assert np.allclose(delta2, [0.731, -0.731], atol=5e-4)
    assert np.allclose((W2.T @ delta2)[1], -2.193, atol=5e-4)
    other = W1 @ [-1, -1] + b1
    assert (other > 0).tolist() == [False, True]
    assert shares(W2 @ np.maximum(other, 0))[1] > 0.95


def test_missing_link():
    """Spot the bug: (diag ŷ - ŷŷᵀ)·1 = 0, so the whole matrix without ∂J/∂ŷ gives zero."""
    p = shares(np.array([0.3, -1.0, 0.8]))
    assert np.allclose(np.ones(3) @ (np.diag(p) - np.outer(p, p)), 0)


@pytest.mark.parametrize("shape", ["normal", "uniform"])
def test_variance_of_a_sum(shape):
    """The variance of a sum: d σ_w² E[h²], whatever the distribution; h need not have mean 0."""
    rng, d, draws = np.random.default_rng(3), 50, 40_000
    h = np.abs(rng.normal(size=d)) + 0.5
    w = rng.normal(0, 0.3, (draws, d)) if shape == "normal" else None
    if w is None:
        w = rng.uniform(-1, 1, (draws, d)) * 0.3 * 3**0.5
    z = w @ h
    error = (2 / draws) ** 0.5  # relative standard error of a variance
    assert abs(z.var() / (d * 0.09 * np.mean(h**2)) - 1) < 5 * error


def test_mean_square_on_the_way_back():
    """The variance of a sum: E[δ²] below is d_out σ_w² E[φ'²] times E[δ²] above."""
    rng, wide, narrow = np.random.default_rng(4), 800, 500
    W = rng.normal(0, 0.05, (wide, narrow))  # 500 units below, 800 above
    delta, z = rng.normal(size=(400, wide)), rng.normal(size=(400, narrow))
    below = delta @ W * (1 - np.tanh(z) ** 2)
    printed = wide * 0.05**2 * np.mean((1 - np.tanh(z) ** 2) ** 2) * np.mean(delta**2)
    assert math.isclose(np.mean(below**2), printed, rel_tol=0.03)


def test_half_of_the_mean_square_passes_a_relu():
    """He: E[φ(z)²] = ½ Var[z] and E[φ'²] = ½ for a symmetric z; so d σ_w²/2 = 1."""
    z = np.random.default_rng(5).normal(0, 1.7, 200_000)
    assert math.isclose(np.mean(np.maximum(z, 0) ** 2), 1.7**2 / 2, rel_tol=0.02)
    assert math.isclose(np.mean(z > 0), 0.5, abs_tol=0.01)


@pytest.mark.parametrize(("scheme", "variance"), [("xavier", 2 / (300 + 200)), ("he", 2 / 300)])
def test_named_schemes(scheme, variance):
    """Xavier and He: variances 2/(d_in + d_out) and 2/d_in; biases zero."""
    W, b = ours.initialize([300, 200], np.random.default_rng(6), scheme)
    assert W.shape == (200, 300)
    assert abs(W.var() / variance - 1) < 5 * (2 / W.size) ** 0.5
    assert not b.any()


def test_library_start():
    """Differs from the library: uniform on ±1/√d, so d σ_w² is a third."""
    a = 0.7
    assert math.isclose(
        np.random.default_rng(7).uniform(-a, a, 10**5).var(), a * a / 3, rel_tol=0.02
    )
    torch.manual_seed(0)
    weights = torch.nn.Linear(400, 500).weight
    assert weights.abs().max() <= 1 / 20
    assert math.isclose(400 * weights.var().item(), 1 / 3, rel_tol=0.02)


def test_exercises():
    """Exercises mlp-2 and mlp-5: ∂ℓ/∂W₁ from (-0.6, 0.6); σ' ≤ ¼ and ten layers a millionth."""
    W2 = np.array([[1, 0], [2, -1], [0, 1]])
    delta1 = W2.T @ [0.2, -0.5, 0.3] * (1 - np.array([0.5, -0.5]) ** 2)
    assert np.allclose(np.outer(delta1, [2, 1]), [[-1.2, -0.6], [1.2, 0.6]])
    u = np.linspace(-9, 9, 1801)
    assert math.isclose((np.exp(-u) / (1 + np.exp(-u)) ** 2).max(), 0.25)
    assert 0.9e-6 < 0.25**10 < 1e-6
    assert 0.5**12 < 1 / 1000
    assert 2**12 == 4096
