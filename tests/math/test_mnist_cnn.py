"""The formulas of mnist/cnn, as the page prints them, against independent derivations."""

from fractions import Fraction
from math import floor

import numpy as np

from lmbook.data.strokes import prepare


def overlap(low: Fraction, high: Fraction, line: int) -> Fraction:
    """Length that an interval shares with [line, line + 1]."""
    return max(Fraction(0), min(high, Fraction(line + 1)) - max(low, Fraction(line)))


def averaged(box: np.ndarray) -> np.ndarray:
    """Scale and place a box of whole numbers, pixel by pixel, with areas in exact fractions."""
    height, width = box.shape
    scale = Fraction(20, max(box.shape))
    ink = {(r, c): int(box[r, c]) for r in range(height) for c in range(width)}
    whole = sum(ink.values())
    down = sum(Fraction(2 * r + 1, 2) * v for (r, _), v in ink.items()) / whole * scale
    right = sum(Fraction(2 * c + 1, 2) * v for (_, c), v in ink.items()) / whole * scale
    top, left = 14 - floor(down), 14 - floor(right)
    image = np.zeros((28, 28))
    for (r, c), value in ink.items():
        for i in range(28):
            share = overlap(top + scale * r, top + scale * (r + 1), i)
            for j in range(28) if share else ():
                area = share * overlap(left + scale * c, left + scale * (c + 1), j)
                image[i, j] += float(area * value)
    return image


def test_product_of_three_matrices_is_the_average_over_each_pixels_area():
    """Draw one yourself: X = S_down B S_across^T, for boxes smaller and larger than the image."""
    chance = np.random.default_rng(0)
    for shape in ((7, 5), (3, 11), (33, 20), (20, 20)):
        box = chance.integers(1, 256, shape)
        sheet = np.pad(box, chance.integers(0, 9, (2, 2)))
        np.testing.assert_allclose(prepare(sheet), averaged(box), rtol=0, atol=1e-9)
