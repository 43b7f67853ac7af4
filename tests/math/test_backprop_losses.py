"""The formulas of backprop/losses, as the page prints them, against independent derivations."""

import math

import numpy as np
import pytest
import sympy as sp
from differences import jacobian
from scipy import optimize, stats

from lmbook.nn import losses as ours

z, y = sp.symbols("z y", real=True)
sigmoid = 1 / (1 + sp.exp(-z))
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 4)) * 2
LABELS = RNG.integers(4, size=6)


def shares(logits):
    """Softmax as printed: e^z_c over the sum of e^z_k."""
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def test_gaussian_likelihood_is_the_squared_error():
    """Why the square: -log p is (y-ŷ)²/2σ² + ½ log 2πσ²; lowest at the mean of the readings."""
    guess, sigma = sp.symbols("g sigma", positive=True)
    density = sp.exp(-((y - guess) ** 2) / (2 * sigma**2)) / sp.sqrt(2 * sp.pi * sigma**2)
    printed = (y - guess) ** 2 / (2 * sigma**2) + sp.log(2 * sp.pi * sigma**2) / 2
    assert sp.simplify(sp.expand_log(-sp.log(density) - printed, force=True)) == 0
    readings = np.array([19.6, 20.1, 21.2])
    found = ours.gaussian_nll(np.full(3, 20.0), readings, 0.5)
    assert math.isclose(found, -stats.norm.logpdf(readings, 20.0, 0.5).mean())
    best = optimize.minimize_scalar(lambda c: ours.gaussian_nll(np.full(3, c), readings, 0.5)).x
    assert math.isclose(best, readings.mean(), rel_tol=1e-6)
    slope = jacobian(lambda c: ((readings - c) ** 2).mean(), np.array([20.0]))[0]
    assert math.isclose(slope, -2 / 3 * np.sum(readings - 20.0), rel_tol=1e-6)
    assert 6 < np.mean([*readings, 45.0]) - readings.mean() < 6.5  # "by six degrees"


@pytest.mark.parametrize(
    ("loss", "best"),
    [
        (lambda c, t: (t - c) ** 2, np.mean),
        (lambda c, t: abs(t - c), np.median),
        (lambda c, t: np.exp(c) - t * c, lambda t: np.log(np.mean(t))),
        (
            lambda c, t: np.log1p(np.exp(c)) - t * c / 11,
            lambda t: np.log(t.mean() / (11 - t.mean())),
        ),
    ],
    ids=["Gaussian", "Laplace", "Poisson", "Bernoulli"],
)
def test_best_constants(loss, best):
    """Other noise, other loss: mean, median, log of the mean, share of yes as a logit."""
    targets = np.array([0.0, 1, 2, 4, 11])
    found = optimize.minimize_scalar(lambda c: loss(c, targets).mean(), bounds=(-5, 12)).x
    assert math.isclose(found, best(targets), abs_tol=1e-3)


def test_losses_of_the_table_are_likelihoods():
    """Other noise, other loss: Laplace, Poisson and Bernoulli, up to terms without z."""
    lost = -stats.laplace.logpdf(3, [1.0, 2.5])
    assert np.allclose(lost - [2, 0.5], math.log(2))  # the same constant for both
    logit, counts = 0.7, np.array([0, 1, 5])
    constant = -stats.poisson.logpmf(counts, np.exp(logit)) - (np.exp(logit) - counts * logit)
    assert np.allclose(constant, [math.lgamma(k + 1) for k in counts])
    p = 1 / (1 + math.exp(-logit))
    for answer in (0, 1):
        printed = math.log(1 + math.exp(logit)) - answer * logit
        assert math.isclose(-stats.bernoulli.logpmf(answer, p), printed)


def test_cross_entropy():
    """Which class: -Σ y_c log p_c = -log p_y; log C for a uniform guess; H(q,p) = H(q) + KL."""
    expected = -np.mean([math.log(shares(row)[k]) for row, k in zip(LOGITS, LABELS, strict=True)])
    assert math.isclose(ours.cross_entropy(LOGITS, LABELS), expected)
    assert math.isclose(ours.negative_log_likelihood(shares(LOGITS), LABELS), expected)
    assert math.isclose(ours.cross_entropy(np.zeros((1, 1000)), [0]), math.log(1000))
    q, p = shares(LOGITS[0]), shares(LOGITS[1])
    assert math.isclose(-np.sum(q * np.log(p)), stats.entropy(q) + stats.entropy(q, p))
    assert stats.entropy(q, p) > 0 == stats.entropy(q, q)


def test_log_sum_exp():
    """Numbers that overflow: LSE = m + log Σ e^(z-m), log p_c = z_c - LSE; float16 at 12."""
    a, b, m = sp.symbols("a b m", real=True)
    shifted = sp.exp(m) * (sp.exp(a - m) + sp.exp(b - m))
    assert sp.simplify(shifted - (sp.exp(a) + sp.exp(b))) == 0
    assert np.allclose(ours.log_sum_exp(LOGITS), np.log(np.exp(LOGITS).sum(1)))
    assert np.allclose(ours.log_softmax(LOGITS), np.log(shares(LOGITS)))
    assert ours.log_sum_exp(np.array([1000.0, 999.0])) == 1000 + math.log1p(math.exp(-1))
    assert 11 < math.log(np.finfo(np.float16).max) < 12


def test_softmax_jacobian():
    """The gradient: ∂LSE/∂z = p, ∂log p_c/∂z_k = δ - p_k, ∂p/∂z = diag(p) - pp^T, rows sum to 0."""
    row = LOGITS[0]
    p = shares(row)
    assert np.allclose(jacobian(lambda v: np.log(np.exp(v).sum()), row), p, atol=1e-8)
    assert np.allclose(jacobian(lambda v: np.log(shares(v)), row), np.eye(4) - p, atol=1e-8)
    printed = np.diag(p) - np.outer(p, p)
    assert np.allclose(jacobian(shares, row), printed, atol=1e-8)
    assert np.allclose(printed.sum(1), 0)


def test_prediction_minus_target():
    """The gradient: p - y for any target that sums to one; of the mean, (p - y)/n; below 1."""
    q = shares(LOGITS[1])
    found = jacobian(lambda v: -np.sum(q * np.log(shares(v))), LOGITS[0])
    assert np.allclose(found, shares(LOGITS[0]) - q, atol=1e-8)
    batch = jacobian(lambda v: ours.cross_entropy(v, LABELS), LOGITS)
    printed = (shares(LOGITS) - np.eye(4)[LABELS]) / 6
    assert np.allclose(batch, printed, atol=1e-8)
    assert np.allclose(ours.cross_entropy_gradient(LOGITS, LABELS), printed)
    assert np.allclose(printed.sum(1), 0)
    assert abs(6 * printed).max() < 1


def test_binary_cross_entropy():
    """Yes or no: both forms agree, slope σ(z) - y; softmax of (0, z); a sum of e^-ℓ of one."""
    long_form = -(y * sp.log(sigmoid) + (1 - y) * sp.log(1 - sigmoid))
    short = sp.log(1 + sp.exp(z)) - y * z
    assert sp.simplify(sp.diff(short, z) - (sigmoid - y)) == 0
    assert sp.simplify(sp.diff(long_form - short, z)) == 0
    assert sp.simplify((long_form - short).subs(z, 0)) == 0
    assert sp.simplify(sp.exp(-short.subs(y, 0)) + sp.exp(-short.subs(y, 1)) - 1) == 0
    for logit, target in ((-1.3, 0.0), (0.4, 0.25), (2.0, 1.0)):
        value = float(short.subs({z: logit, y: target}))
        assert math.isclose(ours.binary_cross_entropy([logit], [target]), value)
        assert math.isclose(ours.soft_cross_entropy([[0, logit]], [[1 - target, target]]), value)


def test_without_the_bracket():
    """A bracket: of a no, +log(1-p) has the slope -p; at z = 0 the e^-ℓ sum to 2.5."""
    wrong = sp.log(1 - sigmoid)
    assert sp.simplify(sp.diff(wrong, z) + sigmoid) == 0
    total = sp.exp(-wrong) + sp.exp(sp.log(sigmoid))
    assert sp.simplify(total.subs(z, 0)) == sp.Rational(5, 2)
    p = sp.symbols("p")
    right = -(sp.Rational(3, 10) * sp.log(p) + sp.Rational(7, 10) * sp.log(1 - p))
    assert sp.solve(sp.diff(right, p), p) == [sp.Rational(3, 10)]


def test_softmax_twice():
    """Softmax twice: its floor, its gradient, rows of 2p(1-p) ≤ ½, a C-th at the start."""

    def twice(v):
        return -math.log(shares(shares(v))[3])

    for classes, answer in ((10, math.log(1 + 9 / math.e)), (2, math.log(1 + 1 / math.e))):
        certain = np.zeros(classes)
        certain[-1] = 1
        assert math.isclose(-math.log(shares(certain)[-1]), answer)
    assert all(twice(row) > math.log(1 + 3 / math.e) for row in LOGITS)
    p = shares(LOGITS[0])
    q = shares(p)
    matrix = np.diag(p) - np.outer(p, p)
    assert np.allclose(jacobian(twice, LOGITS[0]), matrix @ (q - np.eye(4)[3]), atol=1e-8)
    assert np.allclose(abs(matrix).sum(1), 2 * p * (1 - p))
    assert np.linalg.norm(matrix, 2) <= abs(matrix).sum(1).max() <= 0.5
    start = jacobian(twice, np.zeros(4))
    assert np.allclose(start, (np.full(4, 0.25) - np.eye(4)[3]) / 4, atol=1e-8)


def test_squared_error_of_a_sigmoid():
    """Why not the squared error: slopes σ - 1 and 2(σ-1)σ(1-σ); 11,000 times at z = -10."""
    one, two = sp.diff(-sp.log(sigmoid), z), sp.diff((sigmoid - 1) ** 2, z)
    assert sp.simplify(one - (sigmoid - 1)) == 0
    assert sp.simplify(two - 2 * (sigmoid - 1) * sigmoid * (1 - sigmoid)) == 0
    assert 10_000 < float((one / two).subs(z, -10)) < 12_000


def test_label_smoothing():
    """Label smoothing: y' = (1-α)y + α/C; the best lead log((1-α+α/C)/(α/C)), 4.51 at α = 0.1."""
    targets = 0.9 * np.eye(4)[LABELS] + 0.1 / 4
    assert np.allclose(ours.smooth(LABELS, 4, 0.1), targets)
    assert np.allclose(targets.sum(1), 1)
    smooth_one = 0.9 * np.eye(10)[0] + 0.01
    loss = lambda lead: -np.sum(smooth_one * np.log(shares(lead * np.eye(10)[0])))  # noqa: E731
    best = optimize.minimize_scalar(loss, bounds=(0, 20)).x
    assert math.isclose(best, math.log((1 - 0.1 + 0.01) / 0.01), rel_tol=1e-4)


def test_class_weights():
    """Class weights: Σ w ℓ / Σ w; a weight of two is worth a second copy."""
    twice = np.array([1.0, 1, 2, 1])
    copies = np.concatenate([np.arange(6), np.flatnonzero(LABELS == 2)])
    assert (LABELS == 2).any()
    found = ours.weighted_cross_entropy(LOGITS, LABELS, twice)
    assert math.isclose(found, ours.cross_entropy(LOGITS[copies], LABELS[copies]))


def test_focal_loss():
    """Focal loss: -(1-p)^γ log p; at γ = 2, p = 0.9 a hundredth; its minimum is off the truth."""
    p = np.array([0.1, 0.5, 0.9])
    logit = np.log(p / (1 - p))
    for gamma in (0, 1, 2, 5):
        printed = -((1 - p) ** gamma) * np.log(p)
        assert np.allclose(ours.focal_loss(logit, np.ones(3), gamma), printed)
        assert np.allclose(ours.focal_loss(-logit, np.zeros(3), gamma), printed)
    assert math.isclose((1 - 0.9) ** 2, 0.01)
    blend = lambda q: -0.8 * (1 - q) ** 2 * math.log(q) - 0.2 * q**2 * math.log(1 - q)  # noqa: E731
    assert optimize.minimize_scalar(blend, bounds=(0.01, 0.99), method="bounded").x < 0.75


def test_calibration_error():
    """Does it mean what it says: |mean confidence - share right| by bin, weighted by its count."""
    confidence = RNG.uniform(0, 1, 300)
    right = RNG.random(300) < confidence**2
    total = 0.0
    for low in np.arange(10) / 10:
        inside = (confidence >= low) & (confidence < low + 0.1)
        total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert math.isclose(ours.calibration_error(confidence, right), total)


def test_temperature():
    """Does it mean what it says: slope in 1/T is Σ p z - z_y, which falls with T; the best T."""
    row = LOGITS[0]
    loss = lambda beta: np.log(np.exp(beta * row).sum()) - beta * row[2]  # noqa: E731
    slope = jacobian(lambda b: loss(b[0]), np.array([0.7]))[0]
    assert math.isclose(slope, shares(0.7 * row) @ row - row[2], rel_tol=1e-6)
    expected = [shares(row / t) @ row for t in (0.5, 1, 2, 5)]
    assert expected == sorted(expected, reverse=True)
    labels = LOGITS.argmax(1)
    labels[0] = LOGITS[0].argmin()  # one mistake, or the best T is zero
    best = optimize.minimize_scalar(
        lambda t: ours.cross_entropy(LOGITS / t, labels), bounds=(0.01, 100), method="bounded"
    ).x
    assert math.isclose(ours.fit_temperature(LOGITS, labels), best, rel_tol=1e-3)


def test_exercise_gradient():
    """Exercise losses-2: z = (log 2, 0, 0), second class: p - y = (½, -¾, ¼)."""
    printed = [0.5, -0.75, 0.25]
    found = jacobian(lambda v: -math.log(shares(v)[1]), [math.log(2), 0, 0])
    assert np.allclose(found, printed, atol=1e-8)
