"""Deciding about a model: which kind, whether it is good enough, what it costs, what a log says.

>>> from lmbook import planning
>>> planning.choose("text", labels=3_000, budget=20_000).model
'fine-tune a pretrained model'

Everything here is arithmetic on numbers that you give. Prices change from month to month: each is a
field of `Assumptions` that says where it comes from, and most of them are there to be replaced.
Taught in concepts/lifecycle.
"""

from __future__ import annotations

import math
import re
from dataclasses import Field, dataclass, field, fields
from typing import Any

from lmbook.nn.sizes import inference_flops, training_flops

TASKS = ("table", "signal", "photo", "text", "writing")
HOURS_A_MONTH = 730.0
"""A year of 365 days has 8,760 hours."""


# Which model, and what to do next ------------------------------------------------------------


@dataclass(frozen=True)
class Advice:
    """What to try first, and why.

    Attributes
    ----------
    model : str
        The kind of model, or what to do before one is chosen.
    why : str
    """

    model: str
    why: str


def choose(
    task: str,
    labels: int,
    budget: float,
    *,
    rule: bool = False,
    private: bool = False,
    few: int = 100,
    many: int = 10_000_000,
    build_budget: float = 1e6,
) -> Advice:
    """Choose the kind of model to try first, by task, data and budget.

    The limits are rules of thumb, not laws: change them. Taught in concepts/lifecycle.

    Parameters
    ----------
    task : str
        One of `TASKS`: rows of a ``table``, a small ``signal`` of fixed size (a digit, a second of
        a sensor), a ``photo`` or a ``text`` to be judged, or free ``writing`` to be produced.
    labels : int
        Examples whose right answer is known.
    budget : float
        Money for the first year, in US dollars.
    rule : bool
        Somebody can write down the rule.
    private : bool
        The data must not leave your machines.
    few, many : int
        Below `few` labels nothing can be trained; from `many` on, training from nothing can pay.
    build_budget : float
        What training a large model from nothing takes at least, in US dollars.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        The task is unknown, or a number is negative.
    """
    if task not in TASKS:
        raise ValueError(f"the task is {task!r}: expected one of {', '.join(TASKS)}")
    if labels < 0 or budget < 0:
        raise ValueError(f"expected labels, budget from 0, got {labels}, {budget}")
    if rule:
        return Advice("a written rule", "it is exact, cheap, and you can read it")
    if task == "writing" and private:
        return Advice("an open model on your machines", "the data must stay with you")
    if task == "writing":
        return Advice("an API", "only large models write well, and you can rent them")
    if labels < few and task in ("photo", "text") and not private:
        return Advice("an API", "it needs no labels; use them to test it")
    if labels < few:
        return Advice("gather labels", "too little to learn from, or to test with")
    if task == "table":
        return Advice("a linear model, then trees", "on tables they are hard to beat")
    if task == "signal":
        return Advice("a small network", "few numbers, one layout: quickly trained")
    if labels >= many and budget >= build_budget:
        return Advice("build your own", "you have the data and the money for it")
    return Advice("fine-tune a pretrained model", "it has seen far more than your data")


def next_step(train_accuracy: float, interval: tuple[float, float], target: float) -> str:
    """Say what to do with a model that has been measured: deploy it, or go back, and where to.

    Taught in concepts/lifecycle.

    Parameters
    ----------
    train_accuracy : float
        On the data it learned from, in percent.
    interval : tuple of (float, float)
        Confidence interval of its accuracy on other data, in percent.
    target : float
        What was asked for before, in percent.

    Returns
    -------
    str
        ``"deploy"``, ``"test on more examples"``, ``"change the model"`` or ``"gather more data"``.

    Raises
    ------
    ValueError
        The interval's ends are in the wrong order.
    """
    low, high = interval
    if low > high:
        raise ValueError(f"expected the lower end first, got {interval}")
    if low >= target:
        return "deploy"
    if high >= target:
        return "test on more examples"
    if train_accuracy < target:
        return "change the model"
    return "gather more data"


# Reading a log -------------------------------------------------------------------------------


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """Count the batches of one pass over the data, the last one perhaps smaller.

    Taught in concepts/lifecycle.

    Raises
    ------
    ValueError
        There is no example, or a batch holds none.
    """
    if examples < 1 or batch_size < 1:
        raise ValueError(f"expected numbers from 1, got {examples} examples, batch {batch_size}")
    return math.ceil(examples / batch_size)


def batch_sizes(examples: int, steps: int) -> range:
    """Find every batch size that makes so many steps a pass of so many examples.

    Taught in concepts/lifecycle.

    Returns
    -------
    range
        Empty if no batch size does.

    Raises
    ------
    ValueError
        A number is below 1.
    """
    if examples < 1 or steps < 1:
        raise ValueError(f"expected numbers from 1, got {examples} examples and {steps} steps")
    largest = math.inf if steps == 1 else (examples - 1) // (steps - 1)
    return range(math.ceil(examples / steps), int(min(largest, examples)) + 1)


def is_possible(share: float, n: int, decimals: int) -> bool:
    """Say whether a rounded share can be a whole number of right answers out of n.

    Taught in concepts/lifecycle.

    Parameters
    ----------
    share : float
        From 0 to 1, as printed.
    n : int
        Examples it was measured on.
    decimals : int
        Digits after the point that were printed.

    Raises
    ------
    ValueError
        The share is no share, or n is below 1.
    """
    if not 0 <= share <= 1 or n < 1:
        raise ValueError(f"expected 0 ≤ share ≤ 1 and n ≥ 1, got {share} and {n}")
    hits = round(share * n)
    near = (hits - 1, hits, hits + 1)
    return any(math.isclose(round(k / n, decimals), share, abs_tol=1e-9) for k in near)


def read_log(log: str, examples: int, batch_size: int, tested: int) -> list[str]:
    """Read a training log critically: say which of its numbers cannot be.

    Taught in concepts/lifecycle.

    Parameters
    ----------
    log : str
        Lines with ``step/steps`` and perhaps ``val_accuracy: 0.9752`` or ``test accuracy: 0.975``.
    examples, batch_size : int
        What the text beside the log says of the training data and the batch.
    tested : int
        Examples that the validation or test accuracy was measured on.

    Returns
    -------
    list of str
        A sentence for each contradiction; empty where there is none.
    """
    found: list[str] = []
    expected = steps_per_epoch(examples, batch_size)
    for steps in sorted({int(total) for total in re.findall(r"\b\d+/(\d+)\s+[-\[]", log)}):
        if steps != expected:
            sizes = batch_sizes(examples, steps)
            means = (
                f"of {sizes[0]}" + (f" to {sizes[-1]}" if len(sizes) > 1 else "")
                if sizes
                else "of no size at all"
            )
            found.append(
                f"{steps} steps: {examples:,} examples in batches of {batch_size} make "
                f"{expected}; {steps} would be batches {means}"
            )
    for text in dict.fromkeys(re.findall(r"(?:val_|test )accuracy: ([01]\.\d+)", log)):
        if not is_possible(float(text), tested, len(text) - 2):
            found.append(f"accuracy {text}: no whole number of {tested:,} examples gives it")
    return found


# What it costs -------------------------------------------------------------------------------


def _given(default: float, unit: str, source: str) -> Any:
    return field(default=default, metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class Assumptions:
    """Prices and rates that a cost rests on, each with its unit and its source.

    Those whose source begins with "assumed" are round numbers to be replaced by yours.
    `dataclasses.replace` makes a changed copy; `describe` lists them. Taught in
    concepts/lifecycle.
    """

    label: float = _given(
        0.27,
        "USD a label",
        "assumed: three opinions of crowd workers, at thirty times the 0.003 USD "
        "that Gilardi et al. (2023) report for a machine's",
    )
    person_day: float = _given(600.0, "USD a day", "assumed; change it")
    gpu_hour: float = _given(2.5, "USD an hour", "assumed; change it")
    gpu_flops: float = _given(
        312e12, "FLOP a second", "peak of an A100 in bfloat16, Choquette et al. (2021)"
    )
    training_use: float = _given(
        0.4, "share of the peak", "assumed; Chowdhery et al. (2023) report 0.462"
    )
    serving_use: float = _given(0.1, "share of the peak", "assumed; measure yours")
    server_hour: float = _given(0.2, "USD an hour", "assumed: a machine without accelerator")
    server_flops: float = _given(1e11, "FLOP a second", "assumed; measure yours")
    peak: float = _given(4.0, "busiest hour over average hour", "assumed; look at your logs")
    tokens_in: float = _given(0.5, "USD a million tokens", "assumed; see your provider's list")
    tokens_out: float = _given(1.5, "USD a million tokens", "assumed; see your provider's list")
    months: float = _given(12.0, "months", "chosen")

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not value > 0:
                raise ValueError(f"{entry.name} is {value!r}: expected a number above 0")

    def describe(self) -> list[tuple[str, float, str, str]]:
        """Return name, value, unit and source of each assumption."""
        return [
            (entry.name, getattr(self, entry.name), *_origin(entry, getattr(self, entry.name)))
            for entry in fields(self)
        ]


def _origin(entry: Field[Any], value: float) -> tuple[str, str]:
    """Return unit and source; a value that was replaced is the reader's own."""
    source = entry.metadata["source"] if value == entry.default else "yours"
    return entry.metadata["unit"], source


@dataclass(frozen=True)
class Workload:
    """What is asked of the service.

    Attributes
    ----------
    requests : float
        A month.
    tokens_in, tokens_out : float
        Of one request, and of its answer. A token is a piece of a word.
    prompt : float
        Tokens of instructions and examples that an API is sent with every request.
    """

    requests: float
    tokens_in: float
    tokens_out: float = 5.0
    prompt: float = 300.0

    def __post_init__(self) -> None:
        if min(self.requests, self.tokens_in, self.tokens_out, self.prompt) < 0:
            raise ValueError(f"expected numbers from 0, got {self}")


@dataclass(frozen=True)
class Route:
    """A way to a working service, as the work that it takes.

    Attributes
    ----------
    name : str
    days, days_monthly : float
        Person-days to get there, and to keep it alive.
    labels : int
        To train and test with.
    parameters : float
        Of your own model; 0 for somebody else's behind an API.
    pretraining : float
        Tokens of text to train on before the labelled ones; 0 to start from a pretrained model.
    epochs : int
        Passes over the labelled examples.
    runs : int
        Trainings until one is right.
    """

    name: str
    days: float
    days_monthly: float
    labels: int
    parameters: float = 0.0
    pretraining: float = 0.0
    epochs: int = 3
    runs: int = 1


API = Route("call an API", days=5, days_monthly=0.5, labels=300)
FINE_TUNE = Route("fine-tune", days=20, days_monthly=1, labels=3_000, parameters=110e6, runs=10)
BUILD = Route(
    "build", days=250, days_monthly=4, labels=3_000, parameters=1e9, pretraining=20e9, runs=3
)


def cost(route: Route, work: Workload, given: Assumptions | None = None) -> dict[str, float]:
    """Add up what a route costs over the months of the assumptions.

    Machines are rented by the hour, with or without an accelerator, whichever is cheaper: at least
    one, and beyond that as much as the busiest hour asks for. How long an answer takes is not
    looked at. Taught in concepts/lifecycle.

    Parameters
    ----------
    route : Route
    work : Workload
    given : Assumptions, optional
        The book's by default.

    Returns
    -------
    dict of str to float
        US dollars for ``labels``, ``training``, ``people`` and ``serving``.
    """
    given = given or Assumptions()
    people = (route.days + route.days_monthly * given.months) * given.person_day
    tokens = route.pretraining + route.labels * route.epochs * work.tokens_in
    flops = route.runs * training_flops(route.parameters, tokens) if route.parameters else 0.0
    gpu_hours = flops / (given.gpu_flops * given.training_use) / 3600
    return {
        "labels": route.labels * given.label,
        "training": gpu_hours * given.gpu_hour,
        "people": people,
        "serving": given.months * _serving(route, work, given),
    }


def _serving(route: Route, work: Workload, given: Assumptions) -> float:
    """US dollars a month for answering the requests."""
    if not route.parameters:
        tokens_in = work.prompt + work.tokens_in
        price = tokens_in * given.tokens_in + work.tokens_out * given.tokens_out
        return work.requests * price / 1e6
    flops = inference_flops(route.parameters, work.tokens_in + work.tokens_out)
    machines = (
        (given.server_flops, given.server_hour),
        (given.gpu_flops * given.serving_use, given.gpu_hour),
    )
    return min(
        max(HOURS_A_MONTH, work.requests * flops / speed / 3600 * given.peak) * hour
        for speed, hour in machines
    )


def total(route: Route, work: Workload, given: Assumptions | None = None) -> float:
    """Return the sum of `cost`, in US dollars."""
    return sum(cost(route, work, given).values())


def break_even(
    first: Route, second: Route, work: Workload, given: Assumptions | None = None
) -> float:
    """Find the requests a month from which the second route is cheaper than the first.

    By halving an interval again and again; the requests of `work` do not matter. Taught in
    concepts/lifecycle.

    Parameters
    ----------
    first, second : Route
        The one that is cheaper at few requests, and the one that may be at many.
    work : Workload
    given : Assumptions, optional

    Returns
    -------
    float
        Requests a month; 0 if the second is cheaper from the start, infinity if it is never up to
        10¹² requests a month.
    """

    def lead(requests: float) -> float:
        asked = Workload(requests, work.tokens_in, work.tokens_out, work.prompt)
        return total(second, asked, given) - total(first, asked, given)

    low, high = 0.0, 1e12
    if lead(low) <= 0:
        return 0.0
    if lead(high) > 0:
        return math.inf
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if lead(middle) > 0 else (low, middle)
    return high
