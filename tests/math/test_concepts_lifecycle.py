"""The formulas of concepts/lifecycle, as the page prints them, against independent derivations."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from lmbook import planning


def test_squared_distance():
    """Gather and clean: |a-b|² = |a|² + |b|² - 2aᵀb."""
    a, b = np.random.default_rng(0).normal(size=(2, 5))
    assert math.isclose(np.sum((a - b) ** 2), a @ a + b @ b - 2 * a @ b)


def test_leak():
    """Gather and clean: leaky = 100q + (1-q)a, so flattery is q(100-a); q is 4/15 in the heap."""
    q, a = sp.symbols("q a")
    assert sp.expand(100 * q + (1 - q) * a - a - q * (100 - a)) == 0
    twins = sp.Rational(2, 5) / sp.Rational(6, 5)  # of 1.2 n scans, 0.4 n have a twin
    assert 0.2 < twins * sp.Rational(4, 5) < 0.33


def test_wilson():
    """Train, and judge: the interval solves (p̂-p)² = z²p(1-p)/n; about half at four times n."""
    p_hat, n, z = sp.symbols("p_hat n z", positive=True)
    middle = p_hat + z**2 / (2 * n)
    half = z * sp.sqrt(p_hat * (1 - p_hat) / n + z**2 / (4 * n**2))
    for sign in (1, -1):
        end = (middle + sign * half) / (1 + z**2 / n)
        assert sp.simplify(sp.expand((p_hat - end) ** 2 - z**2 * end * (1 - end) / n)) == 0
    width = 2 * half / (1 + z**2 / n)
    ratio = (width.subs(n, 4 * n) / width).subs({p_hat: 0.9, z: 1.96})
    assert math.isclose(ratio.subs(n, 500), 0.5, rel_tol=0.01)


def test_wilson_holds_the_truth():
    """Train, and judge: it holds the true share in about 95 % of all samples."""
    n, truth = 500, 0.9
    hits = np.arange(n + 1)
    low, high = np.array(
        [stats.binomtest(int(k), n).proportion_ci(method="wilson") for k in hits]
    ).T
    held = stats.binom.pmf(hits, n, truth)[(low <= truth) & (truth <= high)].sum()
    assert 0.94 < held < 0.96


def test_logs():
    """A log that cannot be: ⌈n/b⌉ steps; 469; 1,875 means 32; 240,000; exercise 4: 511 to 515."""
    assert math.ceil(60_000 / 128) == planning.steps_per_epoch(60_000, 128) == 469
    assert [b for b in range(1, 60_001) if -(-60_000 // b) == 1875] == [32]
    assert list(planning.batch_sizes(60_000, 1875)) == [32]
    assert 1875 * 128 == 240_000 == 4 * 60_000
    assert [b for b in range(1, 50_001) if -(-50_000 // b) == 98] == list(range(511, 516))
    assert list(planning.batch_sizes(50_000, 98)) == list(range(511, 516))


@pytest.mark.parametrize(("share", "n", "decimals"), [(0.97506, 10_000, 5), (0.9588, 10_000, 4),
                                                      (0.33, 3, 2), (0.34, 3, 2)])  # fmt: skip
def test_possible_shares(share, n, decimals):
    """A log that cannot be: a share is a count over n, looked up in the list of all."""
    every = {f"{k / n:.{decimals}f}" for k in range(n + 1)}
    assert planning.is_possible(share, n, decimals) == (f"{share:.{decimals}f}" in every)


def psi(p, q):
    """PSI as printed."""
    return np.sum((q - p) * np.log(q / p))


def test_psi():
    """Watch: no term is negative, zero if nothing changed; for small changes Σ (q-p)²/p."""
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(10), size=2)
    assert ((q - p) * np.log(q / p) >= 0).all()
    assert psi(p, p) == 0
    near = p + 1e-4 * p * (rng.normal(size=10))
    assert math.isclose(psi(p, near), np.sum((near - p) ** 2 / p), rel_tol=1e-3)
    assert math.isclose(psi(p, q), stats.entropy(p, q) + stats.entropy(q, p))


def test_psi_of_calm_days():
    """Watch: (1/n + 1/m) χ² with 9 degrees of freedom: its mean, and one alarm in a hundred.

    Ten bins cut at the quantiles of the launch values, as the page cuts them.
    """
    rng, n, m, days = np.random.default_rng(0), 20_000, 2_000, 1500
    found = np.empty(days)
    for day in range(days):
        spacings = rng.standard_exponential(n)  # true masses between the launch quantiles
        masses = spacings.reshape(10, -1).sum(1) / spacings.sum()
        found[day] = psi(np.full(10, 0.1), rng.multinomial(m, masses) / m)
    scale = 1 / n + 1 / m
    error = math.sqrt(2 * 9 / days) / 9  # relative standard error of the mean
    assert abs(found.mean() / (9 * scale) - 1) < 5 * error
    alarms = np.mean(found > stats.chi2.ppf(0.99, 9) * scale)
    assert abs(alarms - 0.01) < 5 * math.sqrt(0.01 * 0.99 / days)


def test_cost():
    """Build, fine-tune or API: the sum of four parts, as printed, for all three routes."""
    given, months = planning.Assumptions(), 12
    work = planning.Workload(requests=1e6, tokens_in=200)
    for route in (planning.API, planning.FINE_TUNE, planning.BUILD):
        operations = 6 * route.parameters * (route.pretraining + route.labels * 3 * 200)
        hourly = 0.4 * 312e12 * 3600  # operations that an accelerator really does in an hour
        parts = planning.cost(route, work, given)
        assert math.isclose(parts["labels"], route.labels * 0.27)
        assert math.isclose(parts["training"], operations * route.runs / hourly * 2.5)
        assert math.isclose(parts["people"], (route.days + route.days_monthly * months) * 600)
        if route is planning.API:
            serving = 1e6 * ((300 + 200) * 0.5 + 5 * 1.5) / 1e6
        else:
            busiest = 1e6 * 2 * route.parameters * (200 + 5) * 4 / 3600
            serving = min(
                max(730, busiest / speed) * price
                for speed, price in ((1e11, 0.2), (312e12 * 0.1, 2.5))
            )
        assert math.isclose(parts["serving"], months * serving)
    assert planning.BUILD.pretraining == 20 * planning.BUILD.parameters
    assert math.isclose(given.label, 3 * 30 * 0.003)


def test_break_even():
    """Build, fine-tune or API: v* = (F₂-F₁)/(M(u₁-u₂)); exercise 2: five million; 6ND of GPT-3."""
    F1, F2, M, u1, u2, v = sp.symbols("F1 F2 M u1 u2 v")
    found = sp.solve(sp.Eq(F1 + M * u1 * v, F2 + M * u2 * v), v)[0]
    assert sp.simplify(found - (F2 - F1) / (M * (u1 - u2))) == 0
    numbers = {F1: 1500, F2: 9000, M: 1, u1: sp.Rational(17, 10_000), u2: sp.Rational(2, 10_000)}
    assert found.subs(numbers) == 5_000_000
    work = planning.Workload(requests=0, tokens_in=200)
    even = planning.break_even(planning.API, planning.FINE_TUNE, work)
    assert even / 100 > 30_000  # "with a thousand a day you are far below it"
    assert math.isclose(6 * 175e9 * 300e9 / 3.14e23, 1, rel_tol=0.05)
