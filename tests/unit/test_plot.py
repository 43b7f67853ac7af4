"""Figures hold what they are given, in one style, and are closed once drawn."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmbook import plot


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_lines_carry_their_names_and_gaps_do_not_move_them():
    figure = plot.lines([1, 2, 3], {"a": [1, 2, 3], "b": [3, 2, np.nan]}, xlabel="x (s)",
                        ylabel="y (m)", mark=(2, "here"))  # fmt: skip
    axes = figure.axes[0]
    assert {"a", "b", "here"} <= set(texts(axes))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (s)", "y (m)")


def test_names_of_lines_that_end_together_do_not_overlap():
    figure = plot.lines([1, 2], {"a": [90, 99.0], "b": [95, 99.01]}, xlabel="x", ylabel="y")
    figure.canvas.draw()
    first, second = (text.get_window_extent() for text in figure.axes[0].texts)
    assert not first.overlaps(second)


def test_images_are_drawn_in_rows_with_their_titles_above():
    figure = plot.images(np.eye(4).repeat(5, 0).reshape(5, 4, 4), list("abcde"), columns=3)
    axes = figure.axes[0]
    corners = [image.get_extent() for image in axes.images]
    assert len({round(extent[0], 3) for extent in corners}) == 3
    assert len({round(extent[3], 3) for extent in corners}) == 2
    assert texts(axes) == list("abcde")
    assert axes.texts[3].get_position()[1] < corners[3][3]


def test_images_share_a_scale_where_asked_to():
    own = plot.images(np.array([[[0.0, 1.0]], [[0.0, 9.0]]]))
    shared = plot.images(np.array([[[0.0, 1.0]], [[0.0, 9.0]]]), black=9)
    assert [image.get_clim() for image in own.axes[0].images] == [(0, 1), (0, 9)]
    assert [image.get_clim() for image in shared.axes[0].images] == [(0, 9), (0, 9)]


def test_filters_are_scaled_around_zero():
    figure = plot.images(np.array([[[-1.0, 3.0], [0.0, 0.5]]]), signed=True)
    assert figure.axes[0].images[0].get_clim() == (-3, 3)


def test_the_confusion_matrix_shows_its_counts_and_colours_mistakes_alone():
    figure = plot.confusion([[5, 1], [0, 7]], ["a", "b"])
    assert texts(figure.axes[0]) == ["5", "1", "7"]
    assert figure.axes[0].images[0].get_array().tolist() == [[0, 1], [0, 0]]


def test_the_reliability_diagram_averages_within_bins():
    figure = plot.reliability([0.91, 0.99, 0.55], [True, False, True])
    x, y = figure.axes[0].lines[1].get_data()
    np.testing.assert_allclose(x, [0.55, 0.95])
    np.testing.assert_allclose(y, [1, 0.5])


def test_one_step_of_a_correlation_shows_its_sum():
    figure = plot.products(np.arange(16.0).reshape(4, 4), np.ones((3, 3)), 0, 1)
    assert figure.axes[3].get_title(loc="left") == "products, sum 54.00"


@pytest.mark.parametrize(("stride", "padding", "windows"), [(1, 0, 5), (1, 1, 7), (2, 1, 4)])
def test_sliding_draws_as_many_windows_as_fit(stride, padding, windows):
    labels = texts(plot.sliding(7, 3, stride, padding).axes[0])
    assert sum(label.startswith("window") for label in labels) == windows


def test_panels_share_their_axes_and_carry_titles_and_names():
    figure = plot.panels([1, 10], {"one": {"a": [1, 2]}, "two": {"b": [3, 400]}}, xlabel="x",
                         ylabel="y", log=True, logx=True)  # fmt: skip
    one, two = figure.axes
    assert (one.get_title(loc="left"), texts(one)) == ("one", ["a"])
    assert one.get_ylim() == two.get_ylim()
    assert one.get_xscale() == two.get_yscale() == "log"


def shown_ticks(axis):
    low, high = sorted(axis.get_view_interval())
    return [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]


@pytest.mark.parametrize("last", [30, 1e3, 1e6])
@pytest.mark.parametrize("logx", [False, True])
def test_numbers_along_narrow_axes_do_not_overlap(last, logx):
    x = np.geomspace(1, last, 12) if logx else np.linspace(0, last, 11).round()
    series = {name: {"a": np.geomspace(1e-3, 3, len(x))} for name in ("one", "two", "three")}
    figure = plot.panels(x, series, xlabel="x", ylabel="y", columns=3, log=True, logx=logx)
    figure.canvas.draw()
    for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
        boxes = [label.get_window_extent() for label in shown_ticks(axis)]
        assert len(boxes) >= 2
        pairs = itertools.pairwise(boxes)
        assert not any(first.overlaps(second) for first, second in pairs)


def test_bars_stand_in_their_order_with_their_numbers():
    figure = plot.bars({"first": 1.25, "second": 3}, xlabel="points", spread={"second": 0.5})
    axes = figure.axes[0]
    assert texts(axes) == ["1.2", "3.0"]
    heights = [figure.draw_without_rendering() or t.get_window_extent().y0 for t in axes.texts]
    assert heights[0] > heights[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]


def test_a_diagram_holds_its_boxes_and_arrows():
    boxes = {"a": plot.Box(0, 0, "start"), "b": plot.Box(4, 0, "end", round=True)}
    figure = plot.diagram(boxes, [plot.Arrow("a", "b", "then")])
    assert texts(figure.axes[0]) == ["start", "end", "then"]
    assert len(figure.axes[0].patches) == 3


def test_an_arrow_to_nowhere_is_refused():
    with pytest.raises(ValueError, match="no box 'c'"):
        plot.diagram({"a": plot.Box(0, 0, "start")}, [plot.Arrow("a", "c")])
