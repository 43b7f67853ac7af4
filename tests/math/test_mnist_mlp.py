"""The formulas of mnist/mlp, as the page prints them, against independent derivations."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from lmbook.logs import least_loss
from lmbook.planning import is_possible


def test_place_of_a_pixel():
    """How do I feed a picture: row r, column c is entry 28 r + c."""
    grid = np.arange(784).reshape(28, 28)
    assert all(grid[r, c] == 28 * r + c for r in range(28) for c in range(28))


def test_a_network_that_knows_nothing_costs_log_ten():
    """What is in a training loop: log 10, about 2.3."""
    assert math.isclose(stats.entropy(np.full(10, 0.1)), math.log(10))
    assert round(math.log(10), 1) == 2.3


def test_chance_of_the_images():
    """How good is it: √(a(100-a)/n) points, from the binomial distribution."""
    for a, n in ((97.5, 10_000), (90.0, 500)):
        of_the_count = stats.binom(n, a / 100).std()
        assert math.isclose(100 * of_the_count / n, math.sqrt(a * (100 - a) / n))


def test_prediction_interval():
    """Can I believe a number: the next minus the mean varies by s²(1 + 1/n); t is 2.8 for five."""
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(200_000, 6))
    apart = draws[:, 5] - draws[:, :5].mean(1)
    assert math.isclose(apart.var(), 1 + 1 / 5, rel_tol=0.02)
    assert round(stats.t.ppf(0.975, 4), 1) == 2.8
    assert round(stats.norm.ppf(0.975), 2) == 1.96
    scaled = apart / (draws[:, :5].std(1, ddof=1) * math.sqrt(6 / 5))
    assert math.isclose(np.mean(np.abs(scaled) < stats.t.ppf(0.975, 4)), 0.95, abs_tol=0.003)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_wrong_answer_costs_at_least_log_two(classes):
    """Read the log: the least -log p₀ over all probabilities with p₀ not the largest is log 2."""
    best = optimize.minimize(
        lambda z: -(z[0] - np.logaddexp.reduce(z)), np.arange(classes) / 10,
        constraints=[{"type": "ineq", "fun": lambda z: z[1] - z[0]}],
        bounds=[(-30, 30)] * classes, method="SLSQP",
    )  # fmt: skip
    assert math.isclose(best.fun, math.log(2), rel_tol=1e-3)
    assert math.isclose(least_loss(0), math.log(2)) and 0.65 < math.log(2) < 0.75


def test_the_two_articles_logs():
    """Read the log: 422, 313 and 16,384; no count out of 6,000 prints as 0.9839."""
    assert len(range(0, 54_000, 128)) == 422 and len(range(0, 10_000, 32)) == 313
    assert 128 * 128 == 16_384
    printed = {f"{k / 6000:.4f}" for k in range(6001)}
    for text in ("0.9474", "0.9674", "0.9839"):
        assert text not in printed and not is_possible(float(text), 6000, 4)
    assert math.isclose(100 / 6000, 1 / 60)  # a sixtieth of a point


def test_luck_of_a_difference():
    """What does peeking cost: variance d/m of the difference, half of it for each."""
    d, m = 0.02, 500
    values, chances = np.array([1, -1, 0]), np.array([d / 2, d / 2, 1 - d])
    variance = (values**2 * chances).sum() - (values * chances).sum() ** 2
    assert math.isclose(variance, d)
    assert math.isclose(math.sqrt(variance / m) / math.sqrt(2), math.sqrt(d / (2 * m)))


@pytest.mark.parametrize(("k", "printed"), [(2, 0.56), (10, 1.54), (50, 2.25)])
def test_expected_maximum(k, printed):
    """What does peeking cost: E₂, E₁₀ and E₅₀."""
    exact, _ = integrate.quad(
        lambda z: z * k * stats.norm.pdf(z) * stats.norm.cdf(z) ** (k - 1), -8, 8
    )
    assert round(exact, 2) == printed


def test_exercises():
    """Exercises 2 and 4: 391 steps, the least loss above the log's, 1.1 deviations."""
    assert math.ceil(50_000 / 128) == 391
    assert (1 - 0.9321) * math.log(2) > 0.0412
    spread = 100 * math.sqrt(0.018 / 2500)
    assert round(0.3 / spread, 1) == 1.1
    fourth = 2 * stats.norm.sf(0.3 / spread)  # "about every fourth time", either way
    assert 0.23 < fourth < 0.28
