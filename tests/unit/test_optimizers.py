"""Optimisers and schedules against torch, surfaces against finite differences, bad input."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from lmbook.nn import optimizers
from lmbook.nn.optimizers import SGD, SURFACES, Adam, AdamW, Momentum, Nesterov, RMSProp, descend

PAIRS = {
    "sgd": (lambda p: SGD(p, 0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "momentum": (lambda p: Momentum(p, 0.02, 0.8), lambda p: torch.optim.SGD(p, 0.02, 0.8)),
    "nesterov": (
        lambda p: Nesterov(p, 0.02, 0.8),
        lambda p: torch.optim.SGD(p, 0.02, 0.8, nesterov=True),
    ),
    "rmsprop": (
        lambda p: RMSProp(p, 0.01, 0.95, 1e-3),
        lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.95, eps=1e-3),
    ),
    "adam": (
        lambda p: Adam(p, 0.03, 0.8, 0.98, 1e-3),
        lambda p: torch.optim.Adam(p, 0.03, (0.8, 0.98), 1e-3),
    ),
    "adamw": (
        lambda p: AdamW(p, 0.03, 0.8, 0.98, 1e-3, 0.2),
        lambda p: torch.optim.AdamW(p, 0.03, (0.8, 0.98), 1e-3, weight_decay=0.2),
    ),
    "adam, defaults": (Adam, torch.optim.Adam),
    "adamw, defaults": (AdamW, torch.optim.AdamW),
}


@pytest.mark.parametrize("name", PAIRS)
def test_each_takes_the_steps_of_torch(name):
    rng = np.random.default_rng(3)
    start = [rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=())]
    ours = [p.copy() for p in start]
    theirs = [torch.tensor(p, requires_grad=True) for p in start]
    rule, library = PAIRS[name][0](ours), PAIRS[name][1](theirs)
    for _ in range(100):
        gradients = [np.asarray(rng.normal(size=p.shape) * 3 + p**3) for p in ours]
        rule.step(gradients)
        for p, g in zip(theirs, gradients, strict=True):
            p.grad = torch.tensor(g)
        library.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p, q.detach().numpy(), rtol=0, atol=1e-12)
    assert all(np.abs(p - q).max() > 1e-3 for p, q in zip(ours, start, strict=True)), "no progress"


def test_the_rate_can_be_changed_between_steps():
    p = np.array([1.0])
    rule = SGD([p], 0.5)
    rule.step([np.array([1.0])])
    rule.learning_rate = 0.1
    rule.step([np.array([1.0])])
    assert p[0] == pytest.approx(0.4)


@pytest.mark.parametrize("rule", [SGD, Momentum, Nesterov, RMSProp, Adam, AdamW])
def test_bad_parameters_and_gradients_are_refused(rule):
    p = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"learning_rate is -0.1, expected .* at least 0"):
        rule([p], -0.1)
    with pytest.raises(ValueError, match="learning_rate is nan"):
        rule([p], float("nan"))
    with pytest.raises(ValueError, match="at least one parameter"):
        rule([], 0.1)
    with pytest.raises(TypeError, match=r"write \[array\]"):
        rule(p, 0.1)
    with pytest.raises(TypeError, match=r"parameter 1 is an array of int64, expected .* float64"):
        rule([p, np.arange(3)], 0.1)
    with pytest.raises(TypeError, match="parameter 0 is float, expected an array"):
        rule([1.0], 0.1)
    optimizer = rule([p, np.zeros(2)], 0.1)
    with pytest.raises(ValueError, match="expected 2 gradients, one for each parameter, got 1"):
        optimizer.step([p])
    with pytest.raises(ValueError, match=r"gradient 1 has the shape \(1, 2\), expected \(2,\)"):
        optimizer.step([p, np.zeros((1, 2))])
    assert not p.any(), "a refused step changes nothing"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: Momentum(p, 0.1, 1.0), "momentum is 1.0, expected .* below 1"),
        (lambda p: Nesterov(p, 0.1, -0.1), "momentum is -0.1"),
        (lambda p: RMSProp(p, 0.1, decay=1.5), "decay is 1.5"),
        (lambda p: RMSProp(p, 0.1, eps=-1), "eps is -1, expected"),
        (lambda p: Adam(p, 0.1, beta1=1.0), "beta1 is 1.0"),
        (lambda p: Adam(p, 0.1, beta2=-0.5), "beta2 is -0.5"),
        (lambda p: AdamW(p, 0.1, weight_decay=-1), "weight_decay is -1"),
        (lambda p: AdamW(p, 0.1, eps=float("inf")), "eps is inf"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make([np.zeros(2)])


def test_the_base_class_takes_no_step():
    with pytest.raises(NotImplementedError, match="Optimizer says nothing"):
        optimizers.Optimizer([np.zeros(2)], 0.1).step([np.zeros(2)])


def rates_of_torch(make, steps, rate=0.3):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
    schedule, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def test_warm_up_equals_the_library():
    expected = rates_of_torch(lambda o: lr_scheduler.LinearLR(o, 0.2, 1.0, 10), 20)
    ours = [optimizers.warm_up(t, 0.3, 10, start=0.2) for t in range(20)]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_cosine_equals_the_library():
    expected = rates_of_torch(lambda o: lr_scheduler.CosineAnnealingLR(o, 40, 0.01), 41)
    ours = [optimizers.cosine(t, 0.3, 40, floor=0.01) for t in range(41)]
    np.testing.assert_allclose(ours, expected, rtol=1e-10)
    assert optimizers.cosine(100, 0.3, 40, floor=0.01) == pytest.approx(0.01), "stays at the floor"


@pytest.mark.parametrize("steps", [7, 100, 333])
@pytest.mark.parametrize("rise", [0.3, 0.55])
def test_one_cycle_equals_the_library(steps, rise):
    expected = rates_of_torch(
        lambda o: lr_scheduler.OneCycleLR(o, 0.3, steps, pct_start=rise, cycle_momentum=False),
        steps - 1,
    )
    ours = [optimizers.one_cycle(t, 0.3, steps, rise) for t in range(steps - 1)]
    np.testing.assert_allclose(ours, expected, rtol=1e-10)
    assert optimizers.one_cycle(steps - 1, 0.3, steps, rise) == pytest.approx(0.3 / 25 / 1e4)


@pytest.mark.parametrize("schedule", [optimizers.warm_up, optimizers.cosine, optimizers.one_cycle])
def test_schedules_refuse_negative_steps_and_empty_phases(schedule):
    with pytest.raises(ValueError, match="step is -1, expected at least 0"):
        schedule(-1, 0.1, 10)
    with pytest.raises(ValueError, match="expected more than 0"):
        schedule(0, 0.1, 0)


@pytest.mark.parametrize("key", SURFACES)
def test_gradients_of_surfaces_equal_finite_differences(key):
    surface, rng = SURFACES[key], np.random.default_rng(0)
    for _ in range(20):
        point = np.array([rng.uniform(*surface.x), rng.uniform(*surface.y)])
        ways = 1e-5 * np.eye(2)
        slopes = [(surface.height(point + w) - surface.height(point - w)) / 2e-5 for w in ways]
        np.testing.assert_allclose(surface.gradient(point), slopes, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("key", SURFACES)
def test_minima_of_surfaces_are_their_lowest_points(key):
    surface = SURFACES[key]
    assert surface.key == key
    grid = np.stack(np.meshgrid(np.linspace(*surface.x, 201), np.linspace(*surface.y, 201)))
    heights, gradients = surface.height(grid), surface.gradient(grid)
    assert heights.shape == (201, 201) and gradients.shape == (2, 201, 201)
    for minimum in surface.minima:
        at = np.array(minimum)
        assert np.abs(surface.gradient(at)).max() < 1e-12
        assert surface.height(at) <= heights.min() + 1e-12
    assert surface.x[0] < surface.start[0] < surface.x[1]
    assert surface.y[0] < surface.start[1] < surface.y[1]


def test_a_descent_keeps_its_start_and_reaches_the_bottom():
    bowl = SURFACES["bowl"]
    path = descend(bowl.gradient, bowl.start, lambda p: SGD(p, 0.4), 60)
    assert path.shape == (61, 2)
    assert tuple(path[0]) == bowl.start
    assert np.abs(path[-1]).max() < 1e-9
