"""The figures of backprop/optimizers hold the paths they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmbook.plot import optimizers as drawing


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


def test_a_parabola_shows_each_path_until_it_leaves():
    paths = {"in": [3, 1, -1], "out": [3, -5, 9, -2]}
    figure = drawing.parabola(2.0, paths, limit=8, xlabel="x", ylabel="y")
    inside, outside = (axes.lines[1].get_xydata() for axes in figure.axes)
    np.testing.assert_allclose(inside, [(3, 9), (1, 1), (-1, 1)])
    np.testing.assert_allclose(outside[:, 0], [3, -5])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["in", "out"]


def test_descents_show_each_path_until_it_leaves_and_mark_minima():
    def height(point):
        return point[0] ** 2 + 3 * point[1] ** 2

    paths = {"in": [(1, 1), (0, 0)], "out": [(1, 1), (5, 1), (0, 0)], "third": [(0, 1)]}
    figure = drawing.descents(height, (-2, 2), (-1, 1), paths, minima=[(0, 0)], columns=2)
    drawn = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title(loc="left") for axes in drawn] == list(paths)
    assert drawn[0].lines[0].get_xydata().tolist() == [[1, 1], [0, 0]]
    assert drawn[1].lines[0].get_xydata().tolist() == [[1, 1], [5, 1]], "one point outside is kept"
    assert all(axes.lines[-1].get_marker() == "x" for axes in drawn)
    assert drawn[0].get_xlim() == (-2, 2) and drawn[0].get_ylim() == (-1, 1)
