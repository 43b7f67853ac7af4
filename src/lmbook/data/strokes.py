"""Drawings as a network for MNIST needs them: strokes to ink, ink to 28 × 28 pixels.

The live figure of mnist/cnn does the same in the browser (``site/widgets/draw.js``), operation by
operation, so that both give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIDE = 140  # of the sheet that is drawn on, in pixels
PEN = 12.0  # as wide as makes about as much ink as MNIST's writers left


def draw(strokes: Sequence[ArrayLike], side: int = SIDE, pen: float = PEN) -> NDArray[np.float64]:
    """Draw strokes with a round pen.

    Parameters
    ----------
    strokes : sequence of array_like, each of shape (points, 2)
        Where the pen goes while it is down: x to the right and y down, in pixels from the upper
        left corner. One point makes a dot.
    side : int
        Of the sheet, in pixels.
    pen : float
        Its width, in pixels.

    Returns
    -------
    ndarray, shape (side, side)
        Whole numbers from 0, paper, to 255, ink; at the edge of a stroke in between.

    Raises
    ------
    ValueError
        A stroke is no list of points.
    """
    ink = np.zeros((side, side))
    y, x = np.arange(side)[:, None] + 0.5, np.arange(side) + 0.5  # the pixels' middles
    for number, stroke in enumerate(strokes):
        points = np.asarray(stroke, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(
                f"Stroke {number} has the shape {points.shape}; expected (points, 2), "
                "an x and a y for each point."
            )
        for start, end in zip(points, points[1:] if len(points) > 1 else points, strict=False):
            right, down = end - start
            length = right * right + down * down or 1.0
            along = ((x - start[0]) * right + (y - start[1]) * down) / length
            along = np.minimum(np.maximum(along, 0), 1)  # the nearest place on the line
            off_x, off_y = x - start[0] - along * right, y - start[1] - along * down
            distance = np.sqrt(off_x * off_x + off_y * off_y)
            ink = np.maximum(ink, np.minimum(np.maximum(pen / 2 + 0.5 - distance, 0), 1))
    return np.floor(255 * ink + 0.5)


def shares(mass: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Spread the lines of a box over the 28 lines of an image.

    The box is scaled so that its longer side takes 20 lines, and placed so that the line that
    holds its centre of mass becomes line 14, counted from 0. Nothing is pushed over the rim.
    Taught in mnist/cnn.

    Parameters
    ----------
    mass : ndarray, shape (lines,)
        Ink in each row, or in each column, of the box.
    longest : int
        The longer side of the box, in pixels.

    Returns
    -------
    ndarray, shape (28, lines)
        How much of line i of the image, from 0 to 1, line j of the box covers.
    """
    middle = mass @ (np.arange(len(mass)) + 0.5) / mass.sum()
    start = 14 - math.floor(20 * middle / longest)
    start = min(max(start, 0), 28 - math.ceil(20 * len(mass) / longest))
    edges = start + 20 * np.arange(len(mass) + 1) / longest
    line = np.arange(28)[:, None]
    covered = np.minimum(edges[1:], line + 1) - np.maximum(edges[:-1], line)
    return np.maximum(covered, 0)  # type: ignore[no-any-return]


def prepare(ink: NDArray[np.generic]) -> NDArray[np.float64]:
    """Bring a drawing into the form of MNIST's digits.

    What is inked is scaled to fit 20 × 20 pixels, keeping its proportions, and placed in 28 × 28
    by its centre of mass, as LeCun et al. (1998) describe their data. Each pixel
    is the average of the area that it covers. Where the drawing lies and, up to the rounding of
    its pixels, how large it is make no difference; MNIST's own digits come out as they went in,
    nearly all to the last bit. Taught in mnist/cnn.

    Parameters
    ----------
    ink : ndarray, shape (height, width)
        0 for paper, 255 for ink, of any size.

    Returns
    -------
    ndarray, shape (28, 28)
        From 0 to 255.

    Raises
    ------
    ValueError
        The shape is another one, some ink is negative, or there is none.
    """
    if np.ndim(ink) != 2 or not np.any(ink) or not np.min(ink) >= 0:
        raise ValueError(f"expected ink on (height, width), got {np.shape(ink)}")
    rows, columns = np.any(ink, 1).nonzero()[0], np.any(ink, 0).nonzero()[0]
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
    down = shares(box.sum(1), max(box.shape))  # (28, height of the box)
    across = shares(box.sum(0), max(box.shape))  # (28, width of the box)
    return down @ box @ across.T  # type: ignore[no-any-return]
