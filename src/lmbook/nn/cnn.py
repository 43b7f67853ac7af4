"""Convolution from nothing, its geometry, and the digit network of chapter mnist/cnn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


def correlate(
    image: NDArray[np.float64], kernel: NDArray[np.float64], stride: int = 1, padding: int = 0
) -> NDArray[np.float64]:
    """Slide a kernel over an image and sum the products under it.

    This is what deep-learning libraries call convolution (Goodfellow et al. 2016, equation 9.6):
    a cross-correlation, in which the kernel is not flipped. Taught in mnist/cnn.

    Parameters
    ----------
    image : ndarray, shape (channels_in, height, width)
    kernel : ndarray, shape (channels_out, channels_in, k, k)
    stride : int
        Step between windows, in pixels.
    padding : int
        Zeros added on each side, in pixels.

    Returns
    -------
    ndarray, shape (channels_out, (height + 2 padding - k) // stride + 1, likewise for width)
    """
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    size = kernel.shape[-1]
    rows = range(0, padded.shape[1] - size + 1, stride)
    columns = range(0, padded.shape[2] - size + 1, stride)
    windows = [[padded[:, r : r + size, c : c + size] for c in columns] for r in rows]
    return np.einsum("rcikl,oikl->orc", np.array(windows), kernel)  # type: ignore[no-any-return]


def receptive_field(layers: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Compute what each layer of a stack sees of the input.

    Taught in mnist/cnn.

    Parameters
    ----------
    layers : sequence of (kernel, stride)
        Convolutions and poolings in the order in which they are applied.

    Returns
    -------
    list of (field, jump)
        After each layer: the side of the input square that one unit sees, and the distance
        between the squares of two neighbouring units, both in pixels.
    """
    field, jump, sizes = 1, 1, []
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
        sizes.append((field, jump))
    return sizes


def block(channels_in: int, channels_out: int, kernel: int, *, pool: bool = False) -> nn.Sequential:
    """Stack a convolution, pooling where asked for, batch normalisation and a ReLU.

    Pooling comes first: it commutes with the ReLU and leaves a quarter of the work.
    Taught in mnist/cnn.

    Parameters
    ----------
    channels_in, channels_out : int
    kernel : int
        Side of the filters, in pixels; nothing is padded.
    pool : bool
        Halve both sides by 2 × 2 max pooling.

    Returns
    -------
    nn.Sequential
        Maps (n, channels_in, height, width) to (n, channels_out, smaller height, smaller width).
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, bias=False),
        *([nn.MaxPool2d(2)] if pool else []),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class DigitNet(nn.Module):
    """The digit classifier of mnist/cnn: images (n, 1, 28, 28) to logits (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            block(1, 16, kernel=5, pool=True),  # (n, 16, 12, 12)
            block(16, 32, kernel=3, pool=True),  # (n, 32, 5, 5)
            block(32, 64, kernel=3),  # (n, 64, 3, 3)
            block(64, 128, kernel=3),  # (n, 128, 1, 1)
        )
        self.classify = nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits; shape (n, 1, 28, 28) to (n, 10)."""
        return self.classify(self.features(images).flatten(1))  # type: ignore[no-any-return]
