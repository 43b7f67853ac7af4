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
        Largest shift in pixels, in both directions.

    Returns
    -------
    Tensor, shape (n, channels, height, width)
        Pixels from outside an image repeat its border.
    """
    angle, size, right, down = torch.rand(4, len(images), generator=generator) * 2 - 1
    angle, size = angle * math.radians(degrees), 1 + size * scale
    right, down = right * 2 * shift / images.shape[3], down * 2 * shift / images.shape[2]
    cos, sin = angle.cos() / size, angle.sin() / size
    matrix = torch.stack([cos, -sin, right, sin, cos, down], 1).view(-1, 2, 3)  # (n, 2, 3)
    grid = F.affine_grid(matrix.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
