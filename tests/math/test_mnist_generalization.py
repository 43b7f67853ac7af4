"""The formulas of mnist/generalization, as the page prints them, against other derivations."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from lmbook.data.elastic import displacement


def test_cheapest_weight_under_each_penalty():
    """Should weights be small: a/(1+λ) for L2; for L1 λ is taken off, down to zero."""
    theta, a, lam = sp.symbols("theta a lambda", positive=True)
    l2 = sp.solve(sp.diff((theta - a) ** 2 / 2 + lam * theta**2 / 2, theta), theta)
    assert sp.simplify(l2[0] - a / (1 + lam)) == 0
    l1 = sp.solve(sp.diff((theta - a) ** 2 / 2 + lam * theta, theta), theta)
    assert sp.simplify(l1[0] - (a - lam)) == 0
    rise = sp.diff((theta - a) ** 2 / 2 + lam * theta, theta)  # at zero, for a < λ: uphill
    assert rise.subs(theta, 0) == lam - a


def test_slopes_of_the_penalties():
    """Should weights be small: λθ and λ sign θ."""
    theta, lam = sp.symbols("theta lambda", real=True)
    assert sp.diff(lam / 2 * theta**2, theta) == lam * theta
    for value in (-2, 3):
        slope = sp.diff(lam * sp.Abs(theta), theta).subs(theta, value)
        assert sp.simplify(slope - lam * sp.sign(value)) == 0


def test_mean_and_variance_of_dropout():
    """Can units be left out: mean h, variance h² p/(1-p), over the two outcomes."""
    h, p = sp.symbols("h p", positive=True)
    outcomes = [(p, 0), (1 - p, h / (1 - p))]
    mean = sum(weight * value for weight, value in outcomes)
    variance = sum(weight * (value - mean) ** 2 for weight, value in outcomes)
    assert sp.simplify(mean - h) == 0
    assert sp.simplify(variance - h**2 * p / (1 - p)) == 0


def test_error_of_an_ensemble():
    """Can many be right: error of the mean = mean error - disagreement, in exact numbers."""
    k, classes = 3, 2
    p = sp.Matrix(k, classes, lambda i, j: sp.Symbol(f"p_{i}_{j}"))
    y = sp.Matrix(1, classes, lambda i, j: sp.Symbol(f"y_{j}"))
    mean = sum((p[i, :] for i in range(k)), sp.zeros(1, classes)) / k
    square = lambda v: (v * v.T)[0]  # noqa: E731
    left = square(mean - y)
    right = sum(square(p[i, :] - y) - square(p[i, :] - mean) for i in range(k)) / k
    assert sp.expand(left - right) == 0


@pytest.mark.parametrize(("seeds", "printed"), [(5, 2.78), (3, 4.30), (4, 3.182)])
def test_quantiles_of_student(seeds, printed):
    """Which of them helps: by integrating the density, not by asking for the quantile."""
    nu = seeds - 1
    t = np.linspace(-printed, printed, 200_001)
    scale = math.gamma((nu + 1) / 2) / (math.sqrt(nu * math.pi) * math.gamma(nu / 2))
    inside = np.trapezoid(scale * (1 + t**2 / nu) ** (-(nu + 1) / 2), t)
    assert inside == pytest.approx(0.95, abs=0.0006)


def test_share_that_the_normal_quantile_holds_with_five_seeds():
    """The bounds on `z-holds` are about the exact share."""
    exact = 100 * (1 - 2 * stats.t.sf(1.96, 4))
    assert 87 < exact < 89


def test_chance_of_a_miss_among_ten():
    """What the intervals do not say: 1 - 0.95^10 is about 0.40."""
    assert round(1 - 0.95**10, 2) == 0.40


def test_ridge_through_singular_values():
    """Is a larger network worse: V s/(s²+λ) Uᵀ Y solves (XᵀX + λI) W = XᵀY."""
    rng = np.random.default_rng(0)
    for shape in ((12, 5), (5, 12)):
        x, y, lam = rng.normal(size=shape), rng.normal(size=(shape[0], 3)), 0.7
        u, s, v = np.linalg.svd(x, full_matrices=False)
        weights = v.T @ ((s / (s**2 + lam))[:, None] * (u.T @ y))
        normal = np.linalg.solve(x.T @ x + lam * np.eye(shape[1]), x.T @ y)
        assert np.allclose(weights, normal)
        shortest = v.T @ ((1 / s)[:, None] * (u.T @ y))
        assert np.allclose(shortest, np.linalg.lstsq(x, y, rcond=None)[0])


def test_parameters_of_the_trained_layer():
    """Is a larger network worse: 784 w + w + 10 w + 10 is about 795 w."""
    w = sp.Symbol("w")
    assert sp.expand(784 * w + w + 10 * w) == 795 * w


def test_blur_along_both_axes_is_two_products():
    """Can you make more digits: rows, then columns, is the sum over a two-dimensional bell."""
    import torch

    field = displacement(1, 9, torch.Generator().manual_seed(0), alpha=3.0, sigma=1.5)
    noise = (2 * torch.rand(1, 2, 9, 9, generator=torch.Generator().manual_seed(0)) - 1).numpy()
    place = np.arange(9)
    r, c = 4, 6
    square = (place[:, None] - r) ** 2 + (place[None] - c) ** 2
    bell = np.exp(-square / (2 * 1.5**2)) / (2 * np.pi * 1.5**2)
    assert np.allclose(field[0, :, r, c], 3 * (bell * noise[0]).sum((1, 2)), atol=1e-5)


def test_how_far_a_pixel_moves_and_how_alike_its_neighbours():
    """Can you make more digits: alpha / 25 = 0.8 pixels; alike at four pixels, by the integral."""
    x = np.linspace(-60, 60, 24_001)
    step = x[1] - x[0]
    bell = np.exp(-(x**2) / (2 * 4.0**2)) / (4 * math.sqrt(2 * math.pi))
    power = (bell**2).sum() * step  # along one axis
    uniform = math.sqrt(1 / 3)  # standard deviation of a number between -1 and 1
    assert 20 * uniform * power == pytest.approx(20 / 25, abs=0.05)
    near = np.exp(-((x - 4) ** 2) / (2 * 4.0**2)) / (4 * math.sqrt(2 * math.pi))
    assert 0.75 < (bell * near).sum() * step / power < 0.8
