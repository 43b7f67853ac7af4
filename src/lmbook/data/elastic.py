"""Elastic copies of images: every pixel moves a little, its neighbours nearly alike."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def displacement(
    n: int,
    side: int,
    generator: torch.Generator,
    alpha: float = 20.0,
    sigma: float = 4.0,
) -> Tensor:
    """Draw smooth random fields that say how far each pixel moves.

    Simard, Steinkraus and Platt (ICDAR 2003), section 2: independent uniform numbers from -1 to 1,
    blurred by a Gaussian and scaled. Taught in mnist/generalization.

    Parameters
    ----------
    n : int
        Fields to draw, one an image.
    side : int
        Of the square images, in pixels.
    generator : torch.Generator
        On the CPU; the same state gives the same fields.
    alpha : float
        Scale of the blurred field, in pixels: with the default `sigma`, a coordinate moves by
        about alpha / 25 (standard deviation) in the middle of the image.
    sigma : float
        Standard deviation of the Gaussian, in pixels: how far neighbours move alike.

    Returns
    -------
    Tensor of float32, shape (n, 2, side, side)
        In pixels: to the right, then down. Smaller at the rim, where the Gaussian reaches over it.
    """
    place = torch.arange(side, dtype=torch.float32)
    blur = torch.exp(-((place[:, None] - place) ** 2) / (2 * sigma**2))
    blur = blur / (sigma * math.sqrt(2 * math.pi))  # (side, side), for one axis
    noise = 2 * torch.rand(n, 2, side, side, generator=generator) - 1
    return alpha * (blur @ noise @ blur.T)


def random_elastic(
    images: Tensor, generator: torch.Generator, alpha: float = 20.0, sigma: float = 4.0
) -> Tensor:
    """Bend each image of a batch by a smooth random field of its own.

    Simard, Steinkraus and Platt (ICDAR 2003). Taught in mnist/generalization.

    Parameters
    ----------
    images : Tensor of float32, shape (n, channels, side, side)
    generator : torch.Generator
        On the CPU; the same state gives the same copies on every device.
    alpha, sigma : float
        Strength and smoothness of the field, see `displacement`.

    Returns
    -------
    Tensor, shape (n, channels, side, side)
        What comes from outside an image repeats its border.
    """
    n, _, side, _ = images.shape
    moves = displacement(n, side, generator, alpha, sigma).to(images.device)
    centred = torch.arange(side, device=images.device) - (side - 1) / 2
    source_x = centred + moves[:, 0]  # (n, side, side), in pixels from the middle
    source_y = centred[:, None] + moves[:, 1]
    grid = torch.stack([source_x, source_y], 3) * 2 / side
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
