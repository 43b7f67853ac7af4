"""The figures of mnist/speed hold the numbers they are given."""

import matplotlib.pyplot as plt
import pytest

from lmbook import profiling
from lmbook.plot import speed as drawing


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_parts_stand_end_to_end_in_bars_of_one_length():
    shares = {"before": {"load": 25.0, "forward": 75.0}, "after": {"load": 10.0, "forward": 90.0}}
    figure = drawing.parts(shares, ["40 µs", "5 µs"], xlabel="percent of a step")
    bars = figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == [25, 10, 75, 90]
    assert [bar.get_x() for bar in bars] == [0, 0, 25, 10]
    assert texts(figure) == ["40 µs", "5 µs"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["load", "forward"]


def test_parts_have_as_many_colours_as_a_step_has_parts():
    names = [*profiling.PARTS, profiling.REST]
    figure = drawing.parts({"a": dict.fromkeys(names, 12.5)}, ["1 s"], xlabel="%")
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert len(set(colours)) == len(names)


def test_a_waterfall_says_what_is_left_and_how_many_times_less():
    figure = drawing.waterfall(["start", "first", "worse"], [400, 100, 200], xlabel="s")
    assert texts(figure) == ["400 s", "100 s   ÷ 4.0", "200 s   ÷ 0.5"]
    axes = figure.axes[0]
    left = [bar.get_x() + bar.get_width() for bar in axes.patches[:3]]
    assert left == pytest.approx([400, 100, 200])
    taken = [bar.get_width() for bar in axes.patches[3:]]
    assert taken == [0, 300, 0]
    assert axes.get_xscale() == "log"
