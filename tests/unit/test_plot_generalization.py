"""The chapter's drawings say what the numbers say."""

import numpy as np

from lmbook.plot import generalization as drawing
from lmbook.plot.style import BLUE, GREY, VERMILLION


def interval_colours(figure, panel):
    """Colours of the intervals of a panel, from the top down: lines with two different ends."""
    lines = [line for line in figure.axes[panel].lines if len(line.get_xdata()) == 2]
    flat = [line for line in lines if line.get_ydata()[0] == line.get_ydata()[1]]
    return [line.get_color() for line in sorted(flat, key=lambda line: line.get_ydata()[0])]


def test_an_interval_is_coloured_by_whether_it_helps_hurts_or_holds_zero():
    differences = {
        "accuracy": {"good": [1, 2, 3], "bad": [-1, -2, -3], "unclear": [-1, 0, 2]},
        "loss": {"good": [-1, -2, -3], "bad": [1, 2, 3], "unclear": [-1, 0, 2]},
    }
    halves = {quantity: dict.fromkeys(("good", "bad", "unclear"), 1.0) for quantity in differences}
    figure = drawing.effects(differences, halves, {"accuracy": 1, "loss": -1})
    for panel in (0, 1):
        assert interval_colours(figure, panel) == [BLUE, VERMILLION, GREY]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["good", "bad", "unclear"]
    low, high = figure.axes[0].get_ylim()
    assert low > high  # the first method is on top


def test_marked_trials_carry_their_names():
    figure = drawing.selection([90, 92, 91], [89, 90, 91], [1, 2], ["first", "second"])
    axes = figure.axes[0]
    marked = [line for line in axes.lines if line.get_color() == VERMILLION]
    assert [tuple(np.ravel(line.get_xydata())) for line in marked] == [(92, 90), (91, 91)]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["first", "second"]
    assert len({line.get_marker() for line in marked}) == 2
