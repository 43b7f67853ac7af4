"""A line of a training log is read, and what it cannot say is found."""

import math

import pytest

from lmbook.logs import least_loss, objections, read_line

GOOD = "422/422 - 5s 12ms/step - loss: 0.1312 - accuracy: 0.9611 - val_accuracy: 0.9675"


def test_a_line_is_taken_apart():
    steps, numbers = read_line(GOOD)
    assert steps == 422
    assert numbers == {"loss": "0.1312", "accuracy": "0.9611", "val_accuracy": "0.9675"}


def test_a_line_with_a_bar_is_read():
    line = "128/128 [=========] - 5s 45ms/step - loss: 0.0631 - accuracy: 0.9555"
    assert read_line(line) == (128, {"loss": "0.0631", "accuracy": "0.9555"})


def test_a_line_without_steps_is_refused():
    with pytest.raises(ValueError, match=r"128/128.*'Epoch 1'"):
        read_line("Epoch 1")


def test_a_possible_line_gets_no_objection():
    assert objections(GOOD, trained=54_000, held=6_000, batch_size=128) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (GOOD.replace("422/422", "421/421"), "421 steps, where 54,000 examples make 422"),
        (GOOD.replace("0.9675", "0.9674"), "val_accuracy 0.9674 is no count out of 6,000"),
        (GOOD.replace("0.1312", "0.0269"), "loss is below 0.0270"),
    ],
)
def test_each_fault_is_found(line, complaint):
    assert objections(line, trained=54_000, held=6_000, batch_size=128) == [complaint]


def test_the_held_out_loss_is_checked_too():
    line = "422/422 - loss: 0.0300 - accuracy: 0.9611 - val_loss: 0.0300 - val_accuracy: 0.9475"
    assert objections(line, 54_000, 6_000, 128) == ["val_loss is below 0.0364"]


def test_an_accuracy_of_one_is_a_count():
    assert objections("10/10 - accuracy: 1.0000", trained=100, held=0, batch_size=10) == []


def test_least_loss():
    assert least_loss(1) == 0
    assert math.isclose(least_loss(0.5), 0.5 * math.log(2))


@pytest.mark.parametrize("accuracy", [-0.1, 1.5, 97.5])
def test_least_loss_wants_a_share(accuracy):
    with pytest.raises(ValueError, match="share from 0 to 1"):
        least_loss(accuracy)
