"""The formulas of mnist/speed, against derivations that do not use lmbook."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR


def one_cycle(k, K, r0=1 / 25, r1=1 / 25e4):
    a = K / 5 - 1
    return r0 + (1 - r0) * k / a if k <= a else 1 - (1 - r1) * (k - a) / (K - 1 - a)


@pytest.mark.parametrize("steps", [10, 100, 352, 1001])
def test_one_cycle_is_the_librarys(steps):
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], 1.0)
    schedule = OneCycleLR(
        optimizer, 1.0, total_steps=steps, pct_start=0.2, anneal_strategy="linear",
        cycle_momentum=False,
    )  # fmt: skip
    rates = []
    for step in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        if step < steps - 1:
            schedule.step()
    np.testing.assert_allclose(rates, [one_cycle(k, steps) for k in range(steps)], atol=1e-12)


def test_pooling_and_relu_commute():
    x = np.random.default_rng(0).normal(size=(1000, 4))
    np.testing.assert_array_equal(np.maximum(x, 0).max(1), np.maximum(x.max(1), 0))


@pytest.mark.parametrize(
    ("channels_in", "channels_out", "k", "stride", "side"),
    [(1, 32, 3, 1, 28), (32, 64, 3, 1, 26), (1, 16, 6, 2, 28), (16, 32, 3, 1, 6)],
)
def test_multiplications_of_a_convolution(channels_in, channels_out, k, stride, side):
    """Count products one by one: ones through a layer of ones, summed."""
    layer = nn.Conv2d(channels_in, channels_out, k, stride, bias=False)
    nn.init.ones_(layer.weight)
    with torch.no_grad():
        out = layer.double()(torch.ones(1, channels_in, side, side, dtype=torch.float64))
    assert out.sum().item() == k**2 * channels_in * channels_out * out.shape[2] * out.shape[3]


def test_amdahl():
    """Simulate a hundred steps with a part that becomes faster."""
    load, rest = 0.4, 0.6
    for speed, expected in ((10, 1 / 0.64), (1e12, 1 / 0.6)):
        old, new = 100 * (load + rest), 100 * (load / speed + rest)
        assert old / new == pytest.approx(expected)
