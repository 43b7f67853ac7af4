"""Reading a training log with a pencil: what one of its lines cannot say.

>>> line = "128/128 - loss: 0.0631 - accuracy: 0.9555"
>>> objections(line, trained=54_000, held=6_000, batch_size=128)
['128 steps, where 54,000 examples make 422']

`lmbook.planning.read_log` looks at a whole log for steps and counts; here a loss is checked too.
Taught in mnist/mlp.
"""

from __future__ import annotations

import math
import re

from lmbook.planning import is_possible, steps_per_epoch


def read_line(line: str) -> tuple[int, dict[str, str]]:
    """Take the steps and the named numbers out of a line of a log.

    Taught in mnist/mlp.

    Parameters
    ----------
    line : str
        Such as ``128/128 - loss: 0.0631 - accuracy: 0.9555 - val_accuracy: 0.9474``.

    Returns
    -------
    steps : int
    numbers : dict of str to str
        As they are printed, since the number of decimals matters.

    Raises
    ------
    ValueError
        There is no ``step/steps`` in the line.
    """
    steps = re.search(r"\d+/(\d+)", line)
    if steps is None:
        raise ValueError(f"expected steps such as 128/128 in the line, got {line!r}")
    return int(steps[1]), dict(re.findall(r"(\w+): (\d+\.\d+)", line))


def least_loss(accuracy: float) -> float:
    """Return the smallest mean cross-entropy that goes with an accuracy, in nats.

    Where the answer is wrong, another class has at least the probability of the right one, which
    therefore is at most one half: a wrong answer costs at least log 2. Taught in mnist/mlp.

    Parameters
    ----------
    accuracy : float
        Share of right answers, from 0 to 1.

    Raises
    ------
    ValueError
        The accuracy is not a share.
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"expected a share from 0 to 1, got {accuracy}; divide percent by 100")
    return (1 - accuracy) * math.log(2)


def objections(line: str, trained: int, held: int, batch_size: int) -> list[str]:
    """Say what in a line of a log cannot come from the stated data and batch size.

    Taught in mnist/mlp.

    Parameters
    ----------
    line : str
        See `read_line`; ``val_`` marks what was measured on the held-out examples.
    trained, held : int
        Examples that the steps go through, and examples held out.
    batch_size : int

    Returns
    -------
    list of str
        A sentence for each contradiction; empty where there is none.
    """
    steps, numbers = read_line(line)
    expected, found = steps_per_epoch(trained, batch_size), []
    if steps != expected:
        found.append(f"{steps} steps, where {trained:,} examples make {expected}")
    for part, n in (("", trained), ("val_", held)):
        if f"{part}accuracy" not in numbers:
            continue
        text = numbers[f"{part}accuracy"]
        if not is_possible(float(text), n, decimals=len(text) - 2):
            found.append(f"{part}accuracy {text} is no count out of {n:,}")
        if float(numbers.get(f"{part}loss", "inf")) < least_loss(float(text)):
            found.append(f"{part}loss is below {least_loss(float(text)):.4f}")
    return found
