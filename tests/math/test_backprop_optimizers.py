"""The formulas of backprop/optimizers, as the page prints them, against independent derivations."""

import math

import numpy as np
import pytest
import sympy as sp
from differences import jacobian

from lmbook.nn import optimizers as ours

eta, beta, curvature, small = sp.symbols("eta beta L mu", positive=True)


def test_gradient_descent_contracts_below_two_over_curvature():
    """How long may a step be: the factor 1 - ηL, whose size is below 1 just for 0 < η < 2/L."""
    rate = sp.symbols("eta", real=True)
    theta = sp.symbols("theta")
    step = theta - rate * sp.diff(curvature * theta**2 / 2, theta)
    assert sp.expand(step - (1 - rate * curvature) * theta) == 0
    inside = sp.solve_univariate_inequality(sp.Abs(1 - 4 * rate) < 1, rate, relational=False)
    assert inside == sp.Interval.open(0, sp.Rational(1, 2))


def test_best_rate_of_gradient_descent():
    """Why one rate: η = 2/(L + μ) makes both directions shrink by (κ-1)/(κ+1); κ = 50: 49/51."""
    best = sp.solve(sp.Eq(1 - eta * small, -(1 - eta * curvature)), eta)[0]
    assert sp.simplify(best - 2 / (curvature + small)) == 0
    kappa = curvature / small
    assert sp.simplify((1 - best * small) - (kappa - 1) / (kappa + 1)) == 0
    rates = np.linspace(0.001, 0.05, 5000)
    worst = np.maximum(abs(1 - rates), abs(1 - 50 * rates))
    assert math.isclose(rates[worst.argmin()], 2 / 51, rel_tol=1e-3)
    assert math.isclose(worst.min(), 49 / 51, rel_tol=1e-3)
    assert 0.035 < 2 / 51 < 0.045  # "four hundredths lost a step"


def test_twice_the_condition_number_takes_twice_the_steps():
    """Why one rate: log((κ+1)/(κ-1)) is 2/κ for large κ, so steps grow in proportion to κ."""
    kappa = sp.symbols("kappa", positive=True)
    assert sp.limit(kappa * sp.log((kappa + 1) / (kappa - 1)), kappa, sp.oo) == 2


def test_floor_of_noisy_descent():
    """What if the gradient is a guess: s = ησ²/(L(2-ηL)) is what (1-ηL)²s + η²σ² leaves alone."""
    s, sigma = sp.symbols("s sigma", positive=True)
    floor = sp.solve(sp.Eq(s, (1 - eta * curvature) ** 2 * s + eta**2 * sigma**2), s)[0]
    printed = eta * sigma**2 / (curvature * (2 - eta * curvature))
    assert sp.simplify(floor - printed) == 0
    assert sp.limit(printed, eta, 2 / curvature, "-") == sp.oo
    assert sp.limit(printed / eta, eta, 0) == sigma**2 / (2 * curvature)
    rng, theta, total = np.random.default_rng(0), np.zeros(20_000), []
    for step in range(60):
        theta -= 0.5 * (theta + rng.normal(size=theta.size))
        total.append(np.mean(theta**2) if step >= 20 else 0)
    assert math.isclose(np.mean(total[20:]), 0.5 / 1.5, rel_tol=0.01)


def test_conditions_of_robbins_and_monro():
    """What if the gradient is a guess: 1/t adds up to infinity, its squares to π²/6."""
    t = sp.symbols("t", positive=True, integer=True)
    assert sp.summation(1 / t, (t, 1, sp.oo)) == sp.oo
    assert sp.summation(1 / t**2, (t, 1, sp.oo)) == sp.pi**2 / 6


def test_variance_of_a_mean_and_the_noise_scale():
    """How large should the batch be: variance 1/n; at n = tr Σ / |∇J|² noise equals signal."""
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(50, 3)) * [1, 2, 3] + [1.0, 0.5, -0.5]  # gradients of 50 examples
    mean = pool.mean(0)
    trace = np.sum((pool - mean) ** 2) / len(pool)

    def noise(size, draws=20_000):
        batches = pool[rng.integers(len(pool), size=(draws, size))].mean(1)
        return np.mean(np.sum((batches - mean) ** 2, axis=1))

    for size in (1, 4, 16):
        assert math.isclose(noise(size), trace / size, rel_tol=0.04)
    scale = trace / np.sum(mean**2)
    assert math.isclose(noise(round(scale)), np.sum(mean**2), rel_tol=0.1)


def test_linear_scaling_keeps_the_floor():
    """How large should the batch be: k times η and k times n leave ησ²/n, and the floor, the same.

    The floor proper, ησ²/(nL(2-ηL)), keeps its limit of small rates, not its value near 2/L.
    """
    n, k, sigma = sp.symbols("n k sigma", positive=True)
    floor = eta * sigma**2 / (n * curvature * (2 - eta * curvature))
    scaled = floor.subs({eta: k * eta, n: k * n}, simultaneous=True)
    assert sp.limit(scaled / floor, eta, 0) == 1
    assert sp.limit(scaled, eta, 2 / (k * curvature), "-") == sp.oo


def test_momentum_without_its_velocity():
    """Why remember: θ' = (1 + β - ηc)θ - βθ₋₁; the matrix; determinant β; size √β when complex."""
    theta, before, c = sp.symbols("theta theta_before c")
    velocity = (before - theta) / eta  # "ηv is the last step"
    after = theta - eta * (beta * velocity + c * theta)
    printed = (1 + beta - eta * c) * theta - beta * before
    assert sp.expand(after - printed) == 0
    matrix = sp.Matrix([[1 + beta - eta * c, -beta], [1, 0]])
    assert sp.expand((matrix * sp.Matrix([theta, before]))[0] - printed) == 0
    assert matrix.det() == beta
    discriminant = matrix.trace() ** 2 - 4 * beta
    low, high = (1 - sp.sqrt(beta)) ** 2, (1 + sp.sqrt(beta)) ** 2
    product = sp.symbols("p")
    factored = (product - low) * (product - high)  # negative just between the two
    assert sp.expand(discriminant.subs(c, product / eta) - factored) == 0


def test_best_momentum():
    """Why remember: √β = (√κ-1)/(√κ+1) and η = 4/(√L+√μ)² put μ and L at the two ends."""
    root_l, root_m = sp.symbols("l m", positive=True)
    kappa_root = root_l / root_m
    root_beta = (kappa_root - 1) / (kappa_root + 1)
    rate = 4 / (root_l + root_m) ** 2
    assert sp.simplify(rate * root_m**2 - (1 - root_beta) ** 2) == 0
    assert sp.simplify(rate * root_l**2 - (1 + root_beta) ** 2) == 0


def test_best_momentum_is_best():
    """Why remember: no other (η, β) of a fine grid shrinks both ends of κ = 50 faster."""

    def spectral(rate, momentum):
        trace = 1 + momentum - rate * np.array([1.0, 50.0])
        roots = np.sqrt(trace.astype(complex) ** 2 - 4 * momentum)
        return max(np.abs(trace + roots).max(), np.abs(trace - roots).max()) / 2

    root = (50**0.5 - 1) / (50**0.5 + 1)
    best = spectral(4 / (50**0.5 + 1) ** 2, root**2)
    assert math.isclose(best, root, rel_tol=1e-6)
    grid = [spectral(r, m) for r in np.linspace(0.01, 0.2, 60) for m in np.linspace(0, 0.99, 60)]
    assert min(grid) > best


def test_velocity_of_a_constant_gradient():
    """Why remember: 1 + β + β² + … = 1/(1-β), ten for β = 0.9."""
    k = sp.symbols("k", integer=True, nonnegative=True)
    assert sp.summation(sp.Rational(9, 10) ** k, (k, 0, sp.oo)) == 10


def walk(optimizer, theta, gradients):
    """Feed gradients to an optimiser of the book; return all points, the first included."""
    points = [theta.copy()]
    for gradient in gradients:
        optimizer.step([gradient])
        points.append(theta.copy())
    return np.array(points)


GRADIENTS = np.random.default_rng(1).normal(size=(30, 4)) * [0.1, 1, 10, 0]


def test_polyak_puts_the_rate_into_the_velocity():
    """Why remember, 'Differs': v ← βv - η∇J, θ ← θ + v takes the same steps at a constant rate."""
    theta = np.ones(4)
    points = walk(ours.Momentum([theta], 0.1, momentum=0.8), theta, GRADIENTS)
    other, velocity = np.ones(4), np.zeros(4)
    for gradient, point in zip(GRADIENTS, points[1:], strict=True):
        velocity = 0.8 * velocity - 0.1 * gradient
        other = other + velocity
        assert np.allclose(point, other, rtol=1e-12, atol=1e-12)


def test_nesterov_by_change_of_variables():
    """Look before you step: with the gradient at θ - ηβv, the point that looks ahead moves as said.

    Stored φ = θ - ηβv becomes φ - η(g + βv') where v' = βv + g.
    """
    theta, v, g = sp.symbols("theta v g")
    stored = theta - eta * beta * v
    new_v = beta * v + g
    new_stored = (theta - eta * new_v) - eta * beta * new_v
    assert sp.expand(new_stored - (stored - eta * (g + beta * new_v))) == 0
    start = np.ones(4)
    points = walk(ours.Nesterov([start], 0.1, momentum=0.8), start, GRADIENTS)
    velocity = np.zeros(4)
    for gradient, before, after in zip(GRADIENTS, points[:-1], points[1:], strict=True):
        velocity = 0.8 * velocity + gradient
        assert np.allclose(after, before - 0.1 * (gradient + 0.8 * velocity))


def test_rmsprop():
    """A rate for each parameter: s and the step as printed; a first step of η/√(1-ρ), ten η."""
    theta = np.ones(4)
    points = walk(ours.RMSProp([theta], 0.1, decay=0.9, eps=1e-3), theta, GRADIENTS)
    for t in range(1, len(points)):  # the running mean, written out
        weights = 0.1 * 0.9 ** np.arange(t - 1, -1, -1)
        s = weights @ GRADIENTS[:t] ** 2
        expected = -0.1 * GRADIENTS[t - 1] / (np.sqrt(s) + 1e-3)
        assert np.allclose(points[t] - points[t - 1], expected)
    rho, g = sp.symbols("rho g", positive=True)
    assert sp.simplify(eta * g / sp.sqrt((1 - rho) * g**2) - eta / sp.sqrt(1 - rho)) == 0
    assert math.isclose(1 / math.sqrt(1 - 0.99), 10)


def test_rmsprop_forgets_the_scale_of_the_loss():
    """A rate for each parameter: a loss a thousand times as large takes the same steps."""
    small_loss, large_loss = np.ones(3), np.ones(3)
    first = walk(ours.RMSProp([small_loss], 0.1, eps=0), small_loss, GRADIENTS[:, :3])
    second = walk(ours.RMSProp([large_loss], 0.1, eps=0), large_loss, 1000 * GRADIENTS[:, :3])
    assert np.allclose(first, second, rtol=1e-6)


def test_adam_written_out():
    """Adam, with its correction: m_t = (1-β₁) Σ β₁^(t-i) g_i, and the step as printed."""
    theta = np.ones(4)
    points = walk(ours.Adam([theta], 0.1, beta1=0.8, beta2=0.95, eps=1e-3), theta, GRADIENTS)
    for t in range(1, len(points)):
        i = np.arange(1, t + 1)
        m = 0.2 * (0.8 ** (t - i)) @ GRADIENTS[:t] / (1 - 0.8**t)
        s = 0.05 * (0.95 ** (t - i)) @ GRADIENTS[:t] ** 2 / (1 - 0.95**t)
        assert np.allclose(points[t] - points[t - 1], -0.1 * m / (np.sqrt(s) + 1e-3))


def test_bias_of_a_running_mean():
    """Adam, with its correction: (1-β) Σ_{i=1}^t β^(t-i) = 1 - β^t."""
    t, i = sp.symbols("t i", integer=True, positive=True)
    rational = sp.Rational(9, 10)
    total = (1 - rational) * sp.summation(rational ** (t - i), (i, 1, t))
    assert all(total.subs(t, n) == 1 - rational**n for n in (1, 2, 7, 30))


def test_uncorrected_adam():
    """Spot the bug: step (1-β₁^t)/√(1-β₂^t) starts at 3.16, peaks at step 12 below 7, ends at 1."""
    t = np.arange(1, 20_001)
    m = s = 0.0
    steps = []
    for _ in t:
        m, s = 0.9 * m + 0.1 * 2.5, 0.999 * s + 0.001 * 2.5**2
        steps.append(m / math.sqrt(s))
    steps = np.array(steps)
    assert np.allclose(steps, (1 - 0.9**t) / np.sqrt(1 - 0.999**t), rtol=1e-9)
    assert math.isclose(steps[0], 3.1623, rel_tol=1e-4)
    assert steps.argmax() + 1 == 12
    assert 6 < steps.max() < 7
    assert math.isclose(steps[-1], 1, rel_tol=1e-6)
    assert steps[2999] < 1.03  # "comes down to one after some thousand"
    assert math.isclose(1 / math.sqrt(1 - 0.999), 31.6, rel_tol=1e-3)


def test_first_step_of_adam_is_a_sign():
    """Adam, and exercise optimizers-3: -η times the sign; (-0.002, 50, 0) at η = 0.01."""
    theta = np.zeros(3)
    ours.Adam([theta], 0.01).step([np.array([-0.002, 50.0, 0.0])])
    assert np.allclose(theta, [0.01, -0.01, 0], atol=1e-6)


def test_decay_and_l2_agree_without_adam():
    """Weight decay: θ - η(∇J + λθ) = (1-ηλ)θ - η∇J; λ/2 |θ|² has the gradient λθ."""
    theta, lam, g = sp.symbols("theta lambda g")
    assert sp.diff(lam / 2 * theta**2, theta) == lam * theta
    assert sp.expand(theta - eta * (g + lam * theta) - ((1 - eta * lam) * theta - eta * g)) == 0


def test_adamw_shrinks_beside_adam():
    """Weight decay: AdamW is (1-ηλ)θ and Adam's step; with zero gradients (1-ηλ)^t."""
    theta, plain = np.full(4, 2.0), np.full(4, 2.0)
    points = walk(ours.AdamW([theta], 0.1, weight_decay=0.3), theta, GRADIENTS)
    steps = np.diff(walk(ours.Adam([plain], 0.1), plain, GRADIENTS), axis=0)
    assert np.allclose(points[1:], points[:-1] * (1 - 0.1 * 0.3) + steps)
    assert np.allclose(points[:, 3], 2 * (1 - 0.1 * 0.3) ** np.arange(31))  # its gradient is zero


def test_schedules():
    """A rate that changes: warm-up in a line, ½(1 + cos πu) from 1 to 0, one cycle up and down."""
    u = sp.symbols("u")
    fall = (1 + sp.cos(sp.pi * u)) / 2
    assert [fall.subs(u, at) for at in (0, sp.Rational(1, 2), 1)] == [1, sp.Rational(1, 2), 0]
    slope = sp.diff(fall, u)
    assert [slope.subs(u, at) for at in (0, 1)] == [0, 0]  # "flat at both ends"
    assert sp.diff(slope, u).subs(u, sp.Rational(1, 2)) == 0  # "steepest in the middle"
    assert np.isclose(ours.cosine(30, 0.2, 120, floor=0.05), 0.05 + 0.15 * (1 + 0.5**0.5) / 2)
    assert np.allclose([ours.warm_up(s, 0.2, 40) for s in (0, 20, 40, 99)], [0.02, 0.11, 0.2, 0.2])
    cycle = np.array([ours.one_cycle(s, 0.2, 300) for s in range(300)])
    assert cycle.argmax() == 0.3 * 300 - 1
    assert np.allclose([cycle[0], cycle.max(), cycle[-1]], [0.2 / 25, 0.2, 0.2 / 25 / 1e4])


@pytest.mark.parametrize("key", ours.SURFACES)
def test_surfaces(key):
    """A race: each gradient is that of its height, and zero at the minima; the curvatures."""
    surface = ours.SURFACES[key]
    for at in np.random.default_rng(0).uniform(-2, 2, (5, 2)):
        assert np.allclose(surface.gradient(at), jacobian(surface.height, at), atol=1e-5)
    least = min(float(surface.height(np.array(m))) for m in surface.minima)
    grid = np.stack(np.meshgrid(np.linspace(*surface.x, 201), np.linspace(*surface.y, 201)))
    assert surface.height(grid).min() >= least - 1e-12
    for minimum in surface.minima:
        assert np.allclose(surface.gradient(np.array(minimum)), 0)
        assert math.isclose(float(surface.height(np.array(minimum))), least, abs_tol=1e-12)


def test_condition_numbers_and_the_saddle():
    """A race: κ is 2 and 50; at the origin the saddle curves by 1 and -1, so SGD grows by 1 + η."""
    for key, curvatures in {"bowl": [1, 2], "ravine": [1, 50], "saddle": [1, -1]}.items():
        assert np.allclose(jacobian(ours.SURFACES[key].gradient, [0, 0]), np.diag(curvatures))
    steps = math.log(500) / math.log(1.1)
    theta, needed = 0.001, 0
    while theta < 0.5:
        theta, needed = theta - 0.1 * (theta**3 - theta), needed + 1
    assert 0 < needed - steps < 5  # "and a few more because the hill flattens out"


def test_exercises_on_quadratics():
    """Exercises 1 and 2: 2θ₁² + 5θ₂² curves by 4 and 10, border 0.2; momentum from 10 to 9, 7.2."""
    a, b = sp.symbols("a b")
    hessian = sp.hessian(2 * a**2 + 5 * b**2, (a, b))
    assert hessian == sp.diag(4, 10)
    converges = [max(abs(1 - rate * c) for c in (4, 10)) < 1 for rate in (0.15, 0.19, 0.21, 0.45)]
    assert converges == [True, True, False, False]
    v = 10
    first = sp.Integer(10) - sp.Rational(1, 10) * v
    second = first - sp.Rational(1, 10) * (sp.Rational(9, 10) * v + first)
    assert (first, second) == (9, sp.Rational(36, 5))


def test_rotated_ravine():
    """A rate for each parameter: turn·∇J(turnᵀ p) is the gradient of the turned surface."""
    turn = np.array([[1, -1], [1, 1]]) / 2**0.5
    ravine = ours.SURFACES["ravine"]
    at = np.array([0.4, -0.7])
    judged = jacobian(lambda p: ravine.height(turn.T @ p), at)
    assert np.allclose(turn @ ravine.gradient(turn.T @ at), judged, atol=1e-6)
