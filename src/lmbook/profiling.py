"""PyTorch's profiler, and its operations sorted into the parts of a training step.

Taught in mnist/speed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch

PARTS = {
    "loading": r"DataLoader|^aten::(index|randperm|split)$",
    "update": r"Optimizer\.",
    "convolutions": r"[cC]onv",
    "dropout": r"dropout|MulBackward",
    "ReLU, pooling": r"relu|Relu|[pP]ool",
    "normalisation": r"[nN]orm",
    "dense layers": r"linear|Addmm",
}
"""The parts of a training step, each with a pattern for the names of its operations, or of those
that call them. The first that matches counts."""

REST = "loss, rest"
"""What no pattern of `PARTS` matches, and the time between operations."""


@contextlib.contextmanager
def watch() -> Iterator[torch.profiler.profile]:
    """Run PyTorch's profiler without the lines that its C++ part writes to the error stream.

    Taught in mnist/speed.

    Yields
    ------
    torch.profiler.profile
        Watches the CPU, and the GPU where there is one.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with torch.profiler.profile() as watched:
            yield watched
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def shares(steps: Iterable[Any], count: int) -> dict[str, float]:
    """Take training steps under the profiler, and say what part of their time goes where.

    Taught in mnist/speed. The time is the processor's: on a GPU, that of handing out work. The
    profiler slows down each operation a little, and so weighs many small ones too heavily.

    Parameters
    ----------
    steps : iterable
        Each item taken from it is a training step, as from `lmbook.fast.begin`.
    count : int
        How many to take; it is an error if there are fewer.

    Returns
    -------
    dict of str to float
        Percent of the time in each part of `PARTS`, and in `REST`. They sum to 100.

    Raises
    ------
    ValueError
        There were fewer steps than `count`.
    """
    with watch() as watched:
        begun = time.perf_counter()
        taken = sum(1 for _ in islice(steps, count))
        wall = time.perf_counter() - begun
    if taken < count:
        raise ValueError(f"expected {count} training steps to profile, got {taken}")
    percent = dict.fromkeys(PARTS, 0.0)
    for event in watched.events() or ():
        part = _part(event)
        if part in percent:
            percent[part] += event.self_cpu_time_total / 1e4 / wall  # from microseconds
    return percent | {REST: 100 - sum(percent.values())}


def _part(event: Any) -> str:
    """Name the part that an operation, or one of those it was called by, belongs to."""
    names = []
    while event is not None:
        names.append(event.name)
        event = event.cpu_parent
    for part, pattern in PARTS.items():
        if any(re.search(pattern, name) for name in names):
            return part
    return REST
