"""Choosing a model, judging it, reading a log, adding up what it costs."""

import math
from dataclasses import fields, replace

import pytest

from lmbook import planning
from lmbook.planning import API, BUILD, FINE_TUNE, Assumptions, Workload


@pytest.mark.parametrize(
    ("task", "labels", "budget", "more", "model"),
    [
        ("table", 0, 0, {"rule": True}, "a written rule"),
        ("writing", 0, 1_000, {}, "an API"),
        ("writing", 10**6, 1_000, {"private": True}, "an open model on your machines"),
        ("text", 99, 1_000, {}, "an API"),
        ("photo", 99, 1_000, {"private": True}, "gather labels"),
        ("table", 99, 1_000, {}, "gather labels"),
        ("table", 100, 1_000, {}, "a linear model, then trees"),
        ("signal", 2_500, 1_000, {}, "a small network"),
        ("text", 100, 1_000, {"private": True}, "fine-tune a pretrained model"),
        ("photo", 10**8, 999_999, {}, "fine-tune a pretrained model"),
        ("photo", 10**8, 1_000_000, {}, "build your own"),
        ("text", 50, 1_000, {"few": 40}, "fine-tune a pretrained model"),
    ],
)
def test_each_branch_of_the_choice(task, labels, budget, more, model):
    advice = planning.choose(task, labels, budget, **more)
    assert advice.model == model
    assert advice.why


def test_a_choice_needs_a_known_task_and_numbers_from_zero():
    with pytest.raises(ValueError, match=r"'poem'.*expected one of table"):
        planning.choose("poem", 1, 1)
    with pytest.raises(ValueError, match="from 0, got -1, 5"):
        planning.choose("text", -1, 5)


@pytest.mark.parametrize(
    ("train", "interval", "step"),
    [
        (100, (90, 95), "deploy"),
        (100, (89.9, 95), "test on more examples"),
        (50, (89.9, 90), "test on more examples"),
        (100, (80, 89.9), "gather more data"),
        (90, (80, 89.9), "gather more data"),
        (89.9, (80, 89), "change the model"),
    ],
)
def test_each_branch_of_the_next_step(train, interval, step):
    assert planning.next_step(train, interval, 90) == step


def test_an_interval_has_its_lower_end_first():
    with pytest.raises(ValueError, match="lower end first"):
        planning.next_step(100, (95, 90), 90)


def test_steps_are_counted_as_batches_are_cut():
    for examples in (1, 7, 64, 100):
        for batch in (1, 3, 64, 200):
            cut = [range(i, min(i + batch, examples)) for i in range(0, examples, batch)]
            assert planning.steps_per_epoch(examples, batch) == len(cut)


def test_batch_sizes_are_those_that_give_the_steps():
    for examples in (1, 2, 9, 50, 60):
        for steps in range(1, 70):
            right = [b for b in range(1, examples + 1) if math.ceil(examples / b) == steps]
            assert list(planning.batch_sizes(examples, steps)) == right, (examples, steps)


def test_a_printed_share_is_possible_if_some_count_rounds_to_it():
    for n in (3, 7, 12, 250):
        printed = {round(k / n, 4) for k in range(n + 1)}
        for ten_thousandths in range(10_001):
            share = ten_thousandths / 10_000
            assert planning.is_possible(share, n, 4) == (share in printed)
    assert not planning.is_possible(0.97506, 10_000, 5)


@pytest.mark.parametrize("numbers", [(0, 5), (5, 0)])
def test_counts_of_a_log_start_at_one(numbers):
    with pytest.raises(ValueError, match="from 1"):
        planning.steps_per_epoch(*numbers)
    with pytest.raises(ValueError, match="from 1"):
        planning.batch_sizes(*numbers)


def test_a_share_lies_between_zero_and_one():
    with pytest.raises(ValueError, match=r"got 1\.2 and 10"):
        planning.is_possible(1.2, 10, 2)


LOG = """
Epoch 1/2
{steps}/{steps} - loss: 0.31 - accuracy: 0.9123 - val_accuracy: 0.9530
Epoch 2/2
{steps}/{steps} [======] - loss: 0.15 - accuracy: 0.9551 - val_accuracy: {last}
"""


def test_a_log_that_fits_its_setting_has_no_contradictions():
    assert planning.read_log(LOG.format(steps=469, last="0.9611"), 60_000, 128, 10_000) == []


def test_a_log_that_cannot_be_is_told_why():
    found = planning.read_log(LOG.format(steps=1875, last="0.96113"), 60_000, 128, 10_000)
    assert found == [
        "1875 steps: 60,000 examples in batches of 128 make 469; 1875 would be batches of 32",
        "accuracy 0.96113: no whole number of 10,000 examples gives it",
    ]
    several = planning.read_log(LOG.format(steps=98, last="0.9611"), 50_000, 64, 10_000)
    assert several[0].endswith("batches of 511 to 515")
    none = planning.read_log(LOG.format(steps=59_999, last="0.9611"), 60_000, 64, 10_000)
    assert none[0].endswith("batches of no size at all")


def test_every_assumption_has_a_unit_and_a_source():
    rows = Assumptions().describe()
    assert [row[0] for row in rows] == [entry.name for entry in fields(Assumptions)]
    assert all(unit and source for _, _, unit, source in rows)
    changed = {row[0]: row[3] for row in replace(Assumptions(), label=5.0).describe()}
    assert changed["label"] == "yours"
    assert changed["peak"].startswith("assumed")


def test_prices_are_positive():
    with pytest.raises(ValueError, match=r"gpu_hour is 0: expected a number above 0"):
        Assumptions(gpu_hour=0)
    with pytest.raises(ValueError, match="from 0"):
        Workload(-1, 10)


def test_the_cost_of_an_api_by_hand():
    parts = planning.cost(API, Workload(1e6, 200, tokens_out=10, prompt=100))
    assert parts["labels"] == pytest.approx(300 * 0.27)
    assert parts["training"] == 0
    assert parts["people"] == pytest.approx((5 + 0.5 * 12) * 600)
    assert parts["serving"] == pytest.approx(12 * 1e6 * (300 * 0.5 + 10 * 1.5) / 1e6)


def test_the_cost_of_a_trained_model_by_hand():
    given = Assumptions()
    parts = planning.cost(FINE_TUNE, Workload(0, 200), given)
    flops = 10 * 6 * 110e6 * (3_000 * 3 * 200)
    assert parts["training"] == pytest.approx(flops / (312e12 * 0.4) / 3600 * 2.5)
    assert parts["serving"] == pytest.approx(12 * 730 * 0.2), "one machine waits even for nobody"
    built = planning.cost(BUILD, Workload(0, 200), given)
    flops = 3 * 6 * 1e9 * (20e9 + 3_000 * 3 * 200)
    assert built["training"] == pytest.approx(flops / (312e12 * 0.4) / 3600 * 2.5)


def test_serving_takes_the_cheaper_machine():
    work = Workload(2e7, 195)
    seconds = 2e7 * 2 * 110e6 * 200 / 1e11 * 4
    assert planning.cost(FINE_TUNE, work)["serving"] == pytest.approx(
        12 * min(seconds / 3600 * 0.2, 730 * 2.5)
    )
    many = replace(work, requests=2e8)
    assert planning.cost(FINE_TUNE, many)["serving"] == pytest.approx(12 * 730 * 2.5)


def test_break_even_is_where_both_cost_the_same():
    work = Workload(0, 200)
    volume = planning.break_even(API, FINE_TUNE, work)
    at = replace(work, requests=volume)
    assert planning.total(API, at) == pytest.approx(planning.total(FINE_TUNE, at), rel=1e-9)
    less, more = replace(work, requests=volume * 0.99), replace(work, requests=volume * 1.01)
    assert planning.total(API, less) < planning.total(FINE_TUNE, less)
    assert planning.total(API, more) > planning.total(FINE_TUNE, more)


def test_break_even_at_the_ends():
    work = Workload(0, 200)
    assert planning.break_even(FINE_TUNE, BUILD, work) == math.inf
    assert planning.break_even(BUILD, FINE_TUNE, work) == 0
