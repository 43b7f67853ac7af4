"""Convolution by hand, its geometry, and DigitNet."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lmbook.nn.cnn import DigitNet, correlate, receptive_field


@pytest.mark.parametrize("size", [1, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_correlate_equals_the_library(size, stride, padding):
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(3, 11, 14)), rng.normal(size=(2, 3, size, size))
    expected = F.conv2d(
        torch.from_numpy(image)[None], torch.from_numpy(kernel), stride=stride, padding=padding
    )[0]
    np.testing.assert_allclose(correlate(image, kernel, stride, padding), expected, atol=1e-12)


@pytest.mark.parametrize(
    "layers",
    [[(3, 1)], [(5, 1), (2, 2), (3, 1)], [(3, 2), (3, 2), (3, 1)], [(4, 1), (3, 3), (2, 1)]],
)
def test_the_receptive_field_is_the_square_that_gets_a_gradient(layers):
    image = torch.ones(1, 1, 61, 61, dtype=torch.float64, requires_grad=True)
    hidden = image
    for kernel, stride in layers:
        weight = torch.ones(1, 1, kernel, kernel, dtype=torch.float64)
        hidden = F.conv2d(hidden, weight, stride=stride)
    middle = hidden.shape[-1] // 2
    hidden[0, 0, middle, middle].backward()
    seen = torch.nonzero(image.grad[0, 0])
    side = seen.max(0).values - seen.min(0).values + 1
    field, jump = receptive_field(layers)[-1]
    assert side.tolist() == [field, field]
    assert seen.min(0).values.tolist() == [middle * jump] * 2


def test_digitnet_has_the_promised_size_and_shape():
    net = DigitNet()
    assert sum(p.numel() for p in net.parameters()) <= 120_000
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert all(c.bias is None for c in convolutions), "batch normalisation has the bias"
