"""Elastic copies: smooth, of the strength that is asked for, and repeatable."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from lmbook.data.elastic import displacement, random_elastic


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_field_is_noise_blurred_by_a_gaussian(sigma):
    noise = 2 * torch.rand(3, 2, 28, 28, generator=seeded()) - 1
    blurred = gaussian_filter(
        noise.double().numpy(), (0, 0, sigma, sigma), mode="constant", truncate=12
    )
    field = displacement(3, 28, seeded(), alpha=20.0, sigma=sigma)
    assert np.abs(field.numpy() - 20 * blurred).max() < 0.02 * np.abs(20 * blurred).max()


def test_strength_in_the_middle_is_what_the_docstring_says():
    field = displacement(4000, 28, seeded(), alpha=20.0)
    assert field[:, :, 13:15, 13:15].std().item() == pytest.approx(20 / 25, rel=0.05)


def test_without_strength_images_stay_as_they_are():
    images = torch.rand(5, 2, 28, 28, generator=seeded())
    assert torch.allclose(random_elastic(images, seeded(), alpha=0.0), images, atol=1e-5)


def test_ink_moves_by_the_field():
    """A ramp read at a displaced place gives the displacement."""
    ramp = torch.arange(28.0).expand(6, 1, 28, 28)
    field = displacement(6, 28, seeded())
    moved = random_elastic(ramp, seeded()) - ramp
    inside = (slice(None), slice(6, -6), slice(6, -6))
    assert torch.allclose(moved[:, 0][inside], field[:, 0][inside], atol=1e-4)
    moved = random_elastic(ramp.mT, seeded()) - ramp.mT
    assert torch.allclose(moved[:, 0][inside], field[:, 1][inside], atol=1e-4)


def test_each_image_bends_its_own_way_and_a_state_repeats_it():
    images = torch.rand(1, 1, 28, 28, generator=seeded()).expand(3, 1, 28, 28)
    first = random_elastic(images, seeded(1))
    assert not torch.allclose(first[0], first[1])
    assert torch.equal(first, random_elastic(images, seeded(1)))
    assert not torch.equal(first, random_elastic(images, seeded(2)))
