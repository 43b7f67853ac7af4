"""The figures of mnist/speed hold the numbers they are given."""

import matplotlib.pyplot as plt
import pytest

from lmbook.plot import speed as drawing


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_parts_stand_end_to_end_and_say_their_sum():
    times = {"before": {"load": 10.0, "forward": 30.0}, "after": {"load": 1.0, "forward": 4.0}}
    figure = drawing.parts(times, xlabel="µs", digits=1)
    bars = figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == [10, 1, 30, 4]
    assert [bar.get_x() for bar in bars] == [0, 0, 10, 1]
    assert texts(figure) == ["40.0", "5.0"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["load", "forward"]


def test_a_waterfall_says_what_is_left_and_how_many_times_less():
    figure = drawing.waterfall(["start", "first", "worse"], [400, 100, 200], xlabel="s")
    assert texts(figure) == ["400 s", "100 s   ÷ 4.0", "200 s   ÷ 0.5"]
    axes = figure.axes[0]
    left = [bar.get_x() + bar.get_width() for bar in axes.patches[:3]]
    assert left == pytest.approx([400, 100, 200])
    taken = [bar.get_width() for bar in axes.patches[3:]]
    assert taken == [0, 300, 0]
    assert axes.get_xscale() == "log"
