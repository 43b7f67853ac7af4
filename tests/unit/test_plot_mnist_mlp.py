"""The figures of mnist/mlp show the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmbook.plot import mnist_mlp as drawing


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_parts_are_named_and_the_leak_is_there():
    written = "\n".join(texts(drawing.parts()))
    for word in ("training data", "validation data", "test data", "the leak"):
        assert word in written


def test_runs_stand_beside_the_report():
    rows = {"A": ([97.4, 97.6], 97.5), "B": ([96.0, 97.0], None)}
    figure = drawing.beside_report(rows, xlabel="accuracy (%)")
    (axes,) = figure.axes
    dots = [line.get_xdata().tolist() for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[97.4, 97.6], [96.0, 97.0]]
    diamonds = [line.get_xdata() for line in axes.lines if line.get_marker() == "D"]
    assert np.ravel(diamonds).tolist() == [97.5], "a row without a report has no diamond"
    assert {"97.50", "96.50", "reported 97.50"} == set(texts(figure))
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first row is on top"


def test_losses_stand_above_the_least_possible():
    measured = {"seen": ([1.0, 10.0], [0.03, 0.4]), "held out": ([2.0, 8.0], [0.07, 0.3])}
    figure = drawing.loss_against_error(measured, [(4.0, 0.05, "epoch 1")])
    (axes,) = figure.axes
    floor = next(line for line in axes.lines if line.get_linestyle() == "--")
    x, y = floor.get_data()
    np.testing.assert_allclose(y, x / 100 * np.log(2))
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert {"seen", "held out", "epoch 1"} < set(texts(figure))
    marks = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "D"]
    assert marks == [[[4.0, 0.05]]]
