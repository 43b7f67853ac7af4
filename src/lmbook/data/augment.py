"""Varied copies of images, for training."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def random_affine(
    images: Tensor,
    generator: torch.Generator,
    degrees: float = 10.0,
    scale: float = 0.1,
    shift: float = 2.0,
) -> Tensor:
    """Turn, scale and shift each image of a batch by a small random amount.

    Taught in mnist/cnn.

    Parameters
    ----------
    images : Tensor of float32, shape (n, channels, height, width)
    generator : torch.Generator
        On the CPU; the same state gives the same copies on every device.
    degrees : float
        Largest turn to either side.
    scale : float
        Largest relative change of size.
    shift : float
        Largest shift in pixels, along each axis.

    Returns
    -------
    Tensor, shape (n, channels, height, width)
        What comes from outside an image repeats its border.
    """
    n, _, height, width = images.shape
    chance = 2 * torch.rand(4, n, 1, 1, generator=generator) - 1  # from -1 to 1
    angle, size, right, down = chance.to(images.device)
    angle, size = angle * math.radians(degrees), 1 + size * scale
    y = torch.arange(height, device=images.device)[:, None] - (height - 1) / 2
    x = torch.arange(width, device=images.device) - (width - 1) / 2
    cos, sin = angle.cos() / size, angle.sin() / size  # (n, 1, 1)
    source_x = cos * x - sin * y - right * shift  # (n, height, width), in pixels
    source_y = sin * x + cos * y - down * shift
    grid = torch.stack([source_x * 2 / width, source_y * 2 / height], 3)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
