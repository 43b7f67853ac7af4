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
    reported = {"seen": ([4.0], [0.05]), "held out": ([5.0], [0.06])}
    figure = drawing.loss_against_error(measured, reported, ["epoch 1"])
    (axes,) = figure.axes
    floor = next(line for line in axes.lines if line.get_linestyle() == "--")
    x, y = floor.get_data()
    np.testing.assert_allclose(y, x / 100 * np.log(2))
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert {"seen", "held out", "epoch 1", "reported"} < set(texts(figure))
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_xydata().tolist() for line in hollow] == [[[4.0, 0.05]], [[5.0, 0.06]]]


def test_what_was_foreseen_is_dashed():
    measured = {"best of 2": [0.5, 0.1], "best of 9": [0.9, 0.3]}
    foreseen = {"best of 2": [0.6, 0.2], "best of 9": [1.1, 0.4]}
    figure = drawing.flattery([100, 1000], measured, foreseen)
    (axes,) = figure.axes
    by_style = {style: [] for style in ("-", "--")}
    for line in axes.lines:
        by_style[line.get_linestyle()].append(line.get_ydata().tolist())
    assert by_style == {"-": list(measured.values()), "--": list(foreseen.values())}
    assert set(measured) < set(texts(figure)) and axes.get_ylim()[0] == 0
