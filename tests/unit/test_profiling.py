"""The profiler: quiet, and its operations in the parts that they belong to."""

import itertools
import os

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lmbook import fast, profiling


def test_it_names_what_it_watched_and_writes_no_line(capfd):
    with profiling.watch() as watched, torch.profiler.record_function("mine"):
        torch.randn(50, 50) @ torch.randn(50, 50)
    assert "mine" in {event.key for event in watched.key_averages()}
    assert capfd.readouterr().err == ""


def test_the_error_stream_comes_back_after_an_error(capfd):
    with pytest.raises(RuntimeError, match="stop"), profiling.watch():
        raise RuntimeError("stop")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def steps_of(work):
    while True:
        yield work()


def test_time_goes_to_the_part_that_spends_it():
    conv, images = nn.Conv2d(8, 8, 5), torch.randn(16, 8, 40, 40)
    layer, rows = nn.Linear(600, 600), torch.randn(600, 600)
    cases = {
        "convolutions": lambda: conv(images).sum().backward(),
        "dense layers": lambda: layer(rows).sum().backward(),
        "ReLU, pooling": lambda: F.max_pool2d(F.relu(images), 2),
        "dropout": lambda: F.dropout(images, 0.5),
        "normalisation": lambda: F.batch_norm(images, None, None, training=True),
        "loading": lambda: rows[torch.randperm(600)],
    }
    for part, work in cases.items():
        for _ in range(3):
            work()
        found = profiling.shares(steps_of(work), 5)
        assert sum(found.values()) == pytest.approx(100)
        assert max(found, key=found.get) in (part, profiling.REST), (part, found)
        assert found[part] > 10 and found[part] > 5 * max(
            v for k, v in found.items() if k not in (part, profiling.REST)
        ), (part, found)


@pytest.mark.parametrize("stage", fast.STAGES, ids=lambda stage: stage.name)
def test_each_stage_has_the_parts_of_its_network(run, some, stage):
    steps = fast.begin(stage, *some, session=run, seed=0)[1]
    next(steps)
    found = profiling.shares(steps, 3)
    assert list(found) == [*profiling.PARTS, profiling.REST]
    assert sum(found.values()) == pytest.approx(100) and min(found.values()) >= 0
    assert all(found[name] > 0 for name in ("loading", "update", "convolutions", "dense layers"))
    assert (found["normalisation"] > 0) == stage.small
    assert (found["dropout"] > 1) != stage.small


def test_the_loader_is_what_loads_at_the_start(run, some):
    steps = fast.begin(fast.STAGES[0], *some, session=run, seed=0)[1]
    next(steps)
    slow = profiling.shares(steps, 3)["loading"]
    steps = fast.begin(fast.STAGES[1], *some, session=run, seed=0)[1]
    next(steps)
    assert slow > 3 * profiling.shares(steps, 3)["loading"]


def test_too_few_steps_are_an_error():
    with pytest.raises(ValueError, match="expected 5 training steps to profile, got 2"):
        profiling.shares(itertools.repeat(None, 2), 5)
