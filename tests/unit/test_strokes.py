"""Drawings made ready for the network: where, how large and how thick, and what is no drawing."""

import numpy as np
import pytest

from lmbook.data import digits
from lmbook.data.strokes import SIDE, draw, prepare, shares

SEVEN = [[(40, 40), (100, 45), (70, 110)], [(55, 75), (95, 78)]]


def scribbles(count: int) -> list[np.ndarray]:
    """Drawings of a few random lines each."""
    chance = np.random.default_rng(0)
    return [
        draw([chance.uniform(20, 120, (chance.integers(1, 6), 2)) for _ in range(3)])
        for _ in range(count)
    ]


def middle(image: np.ndarray) -> np.ndarray:
    """Centre of mass, down and across, from the upper left corner."""
    places = np.arange(len(image)) + 0.5
    return np.array([places @ image.sum(1), places @ image.sum(0)]) / image.sum()


# --- the pen -------------------------------------------------------------------------------------


def test_line_is_as_wide_as_the_pen() -> None:
    ink = draw([[(20, 70), (120, 70)]], pen=12)
    assert ink.shape == (SIDE, SIDE)
    assert (ink == ink.round()).all() and ink.min() == 0 and ink.max() == 255
    np.testing.assert_allclose(ink[:, 40:100].sum(0) / 255, 12, atol=0.01)
    assert ink[70, :13].sum() == 0 and ink[70, 15] == 255, "round ends reach half a pen further"


def test_dot_is_a_disc() -> None:
    for stroke in ([(70, 70)], [(70, 70), (70, 70)]):
        assert draw([stroke], pen=20).sum() / 255 == pytest.approx(np.pi * 100, rel=0.01)


def test_strokes_that_cross_do_not_add_up() -> None:
    one, other = draw(SEVEN[:1]), draw(SEVEN[1:])
    np.testing.assert_array_equal(draw(SEVEN), np.maximum(one, other))
    assert draw([]).sum() == 0


@pytest.mark.parametrize("stroke", [[], [1, 2], [(1, 2, 3)]])
def test_stroke_that_is_no_list_of_points_is_named(stroke: list) -> None:
    with pytest.raises(ValueError, match=r"Stroke 1 has the shape .*expected \(points, 2\)"):
        draw([[(1, 1)], stroke])


# --- 28 by 28 ------------------------------------------------------------------------------------


def test_ink_is_centred_fits_and_is_all_there() -> None:
    for ink in scribbles(60):
        image = prepare(ink)
        assert image.shape == (28, 28)
        assert image.min() >= 0 and image.max() <= 255 + 1e-9
        rows, columns = (np.nonzero(image.max(axis) > 1e-9)[0] for axis in (1, 0))
        sides = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert max(sides) == 20
        box = max(np.ptp(axis) + 1 for axis in ink.nonzero())
        assert image.sum() == pytest.approx(ink.sum() * (20 / box) ** 2), "no ink is lost"
        for start, size, place in zip(
            (rows[0], columns[0]), sides, middle(image) - 14.5, strict=True
        ):
            at_the_rim = start == 0 or start + size == 28
            assert abs(place) <= 0.5 or at_the_rim


def test_place_and_size_make_no_difference() -> None:
    chance = np.random.default_rng(1)
    for ink in scribbles(20):
        expected = prepare(ink)
        factor = int(chance.integers(1, 4))
        larger = np.kron(ink, np.ones((factor, factor)))
        margins = chance.integers(0, 90, (2, 2))
        np.testing.assert_allclose(prepare(np.pad(larger, margins)), expected, atol=1e-9)


def test_mirrored_and_turned_drawings_come_out_mirrored_and_turned() -> None:
    ink = draw(SEVEN)
    np.testing.assert_allclose(prepare(ink.T), prepare(ink).T, atol=1e-12)


def test_digits_of_mnist_come_out_as_they_went_in() -> None:
    images = digits.load().test_images.numpy()[:1000]
    same = np.mean([np.array_equal(prepare(image), image) for image in images])
    assert same >= 0.995


def test_ink_that_is_far_from_the_middle_stays_on_the_image() -> None:
    ink = np.zeros((100, 100))
    ink[:5, :5], ink[99, 99], ink[0, 99] = 255, 1, 1
    image = prepare(ink)
    assert image.sum() == pytest.approx(ink.sum() / 25)
    assert image[8, 8] > 250, "pushed as far as the rim allows"


def test_thin_lines_keep_their_ink() -> None:
    image = prepare(draw([[(70, 10), (70, 130)]]))
    assert image[:, 13:16].sum() == pytest.approx(image.sum())
    lines = shares(np.ones(40), 40)
    np.testing.assert_allclose(lines.sum(0), 0.5)  # each line of the box is half a line high
    np.testing.assert_allclose(lines.sum(1)[4:24], 1)


@pytest.mark.parametrize(
    "ink",
    [
        np.zeros((28, 28)), np.zeros((0, 5)), np.ones(784), np.ones((2, 28, 28)),
        -np.ones((5, 5)), np.full((5, 5), np.nan),
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(ink: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected ink on \(height, width\), got \("):
        prepare(ink)
