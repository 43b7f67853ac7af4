"""From PyTorch's MNIST example to 99 % in seconds: both ends, and the stages between them.

Taught in mnist/speed; measured by ``benchmarks/mnist_speed.py``, whose records `recorded` reads.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, StepLR
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST, VisionDataset

from lmbook import records
from lmbook.data import digits
from lmbook.session import Session
from lmbook.train import autocast

Batches = Iterable[tuple[Tensor, Tensor]]
"""Inputs of shape (batch, 1, 28, 28) with their targets, shape (batch,)."""


BATCH, RATE, SMOOTHING, STEPS = 512, 0.05, 0.1, 130
"""The settings of the sprint, chosen on validation digits: images a step, the highest learning
rate, label smoothing, and steps."""


class ExampleNet(nn.Module):
    """The network of PyTorch's MNIST example: 1,199,882 parameters. Taught in mnist/speed.

    Source: https://github.com/pytorch/examples/blob/main/mnist/main.py, its layers written anew. It
    returns logits, and leaves their softmax to the loss.

    Parameters
    ----------
    pool_first : bool
        Pool before the second ReLU. The function is the same, with a quarter of the ReLU's work.
    """

    def __init__(self, pool_first: bool = False) -> None:
        super().__init__()
        self.pool_first = pool_first
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.hidden, self.classify = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, 10) for images (n, 1, 28, 28)."""
        maps = self.conv2(F.relu(self.conv1(images)))  # (n, 64, 24, 24)
        maps = F.relu(F.max_pool2d(maps, 2)) if self.pool_first else F.max_pool2d(F.relu(maps), 2)
        maps = F.dropout(maps, 0.25, self.training)  # (n, 64, 12, 12)
        hidden = F.relu(self.hidden(maps.flatten(1)))
        return self.classify(F.dropout(hidden, 0.5, self.training))  # type: ignore[no-any-return]


class SprintNet(nn.Module):
    """A network for 99 % in seconds: 26,410 parameters. Taught in mnist/speed.

    The first convolution takes every second pixel of a row and a column, and pooling follows at
    once, so that nearly two thirds of the work happen on maps of 6 × 6 and less.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 6, stride=2, bias=False),  # (n, 16, 12, 12)
            nn.MaxPool2d(2), nn.BatchNorm2d(16), nn.ReLU(),  # (n, 16, 6, 6)
            nn.Conv2d(16, 32, 3, bias=False), nn.BatchNorm2d(32), nn.ReLU(),  # (n, 32, 4, 4)
            nn.Conv2d(32, 64, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),  # (n, 64, 2, 2)
            nn.Flatten(), nn.Linear(256, 10),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, 10) for images (n, 1, 28, 28)."""
        return self.layers(images)  # type: ignore[no-any-return]


class Pictures(MNIST):  # type: ignore[misc]
    """torchvision's MNIST over digits that have been read already, with the example's transforms.

    What it does for each image is torchvision's own: to a picture, to a tensor, normalised.
    Taught in mnist/speed.

    Parameters
    ----------
    images : Tensor of uint8, shape (n, 28, 28)
    labels : Tensor of int64, shape (n,)
    """

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        normalise = transforms.Normalize((digits.MEAN,), (digits.STD,))
        prepare = transforms.Compose([transforms.ToTensor(), normalise])
        VisionDataset.__init__(self, root="", transform=prepare)
        self.data, self.targets = images, labels


def from_loader(
    images: Tensor, labels: Tensor, batch_size: int, session: Session, workers: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give the batches of one pass as the example does: an image at a time, then stacked.

    Taught in mnist/speed. The order comes from torch's global random state.

    Parameters
    ----------
    images : Tensor of uint8, shape (n, 28, 28)
    labels : Tensor of int64, shape (n,)
    batch_size : int
        Images a batch; the last one may be smaller.
    session : Session
        Batches are moved to its device.
    workers : int
        Processes that prepare the batches; 0 for none but this one.

    Yields
    ------
    (Tensor, Tensor)
        Inputs (batch, 1, 28, 28) and targets (batch,).
    """
    pictures = Pictures(images, labels)
    pin = session.device.type == "cuda"
    loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
        pictures, batch_size, shuffle=True, num_workers=workers, pin_memory=pin
    )
    for batch, targets in loader:
        yield batch.to(session.device), targets.to(session.device)


def from_memory(
    inputs: Tensor, targets: Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end from tensors that are on the device, each pass in a new order.

    Taught in mnist/speed.

    Parameters
    ----------
    inputs : Tensor, shape (n, 1, 28, 28)
    targets : Tensor of int64, shape (n,)
    batch_size : int
        Images a batch; an incomplete last one of a pass is left out.
    generator : torch.Generator
        Orders the images; on the CPU.

    Yields
    ------
    (Tensor, Tensor)
        Inputs (batch, 1, 28, 28) and targets (batch,).

    Raises
    ------
    ValueError
        There are fewer images than one batch.
    """
    if len(inputs) < batch_size:
        raise ValueError(f"expected at least one batch of {batch_size} images, got {len(inputs)}")
    while True:
        order = torch.randperm(len(inputs), generator=generator).to(inputs.device)
        for rows in order[: len(order) // batch_size * batch_size].split(batch_size):
            yield inputs[rows], targets[rows]


def train_steps(
    model: nn.Module,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    session: Session,
    *,
    short: bool = False,
    smoothing: float = 0.0,
    schedule: LRScheduler | None = None,
) -> Iterator[Tensor]:
    """Take a training step for each batch; the caller decides when to take the next.

    Taught in mnist/speed.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to logits; trained in place.
    batches : iterable of (Tensor, Tensor)
        On the session's device, like the model.
    optimizer : torch.optim.Optimizer
    session : Session
    short : bool
        Compute the forward pass in the session's number format, by autocast.
    smoothing : float
        Share of the target that label smoothing spreads over all classes.
    schedule : LRScheduler, optional
        Stepped once a batch.

    Yields
    ------
    Tensor
        The loss of the batch, in nats, still on the device: nothing waits for it.
    """
    model.train()
    for inputs, targets in batches:
        with autocast(session) if short else contextlib.nullcontext():
            loss = F.cross_entropy(model(inputs), targets, label_smoothing=smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
        yield loss.detach()


@dataclass(frozen=True)
class Stage:
    """A state of the training loop on the way from the example to the sprint.

    Attributes
    ----------
    name : str
        What was changed last.
    images : int
        Training images seen until 99 %, of all of MNIST. While only the speed of a step changes,
        four passes, the most that a recorded run of the starting point took on the test digits;
        then the least of some tried with which the mean accuracy on the validation digits, over
        several seeds, is at least 99.0 %, where the starting point is below after five passes.
    in_memory, pool_first, channels_last, short : bool
        Tensors ready on the device; pooling before the ReLU; channels as the last axis in
        memory; the session's number format in the forward pass.
    batch_size : int
        Images a step.
    rate : float
        The highest learning rate.
    cycle : bool
        Adam and one cycle in place of Adadelta, whose rate decays after each pass.
    smoothing : float
        Label smoothing.
    small : bool
        `SprintNet` in place of `ExampleNet`.
    """

    name: str
    images: int = 240_000
    in_memory: bool = False
    pool_first: bool = False
    channels_last: bool = False
    short: bool = False
    batch_size: int = 64
    rate: float = 1.0
    cycle: bool = False
    smoothing: float = 0.0
    small: bool = False


def _stages() -> tuple[Stage, ...]:
    """Change one thing at a time, with the settings that have to follow it."""
    descent = {"cycle": True, "batch_size": 256, "rate": 0.005}
    changes: list[dict[str, Any]] = [
        {"name": "data in memory", "in_memory": True},
        {"name": "pool before ReLU", "pool_first": True},
        {"name": "channels last", "channels_last": True},
        {"name": "bfloat16", "short": True},
        {"name": "batch, Adam, cycle", "images": 210_000} | descent,
        {"name": "label smoothing", "images": 165_000, "smoothing": SMOOTHING},
        {"name": "small network", "images": 76_800, "small": True, "short": False, "rate": 0.01},
        {"name": "larger batch", "images": BATCH * STEPS, "batch_size": BATCH, "rate": RATE},
    ]
    stages = [Stage("starting point")]
    for change in changes:
        stages.append(replace(stages[-1], **change))
    return tuple(stages)


STAGES = _stages()
"""From the example to the sprint, one change each. Taught in mnist/speed."""


def begin(
    stage: Stage, images: Tensor, labels: Tensor, *, session: Session, seed: int
) -> tuple[nn.Module, Iterator[Tensor]]:
    """Set up a stage; each item taken from the iterator is a training step.

    Parameters
    ----------
    stage : Stage
    images : Tensor of uint8, shape (n, 28, 28)
    labels : Tensor of int64, shape (n,)
    session : Session
    seed : int
        For the initial weights, the order of the images, and dropout.

    Returns
    -------
    model : nn.Module
        Trained in place by the steps.
    steps : iterator of Tensor
        The losses. With Adadelta, whose rate decays after each pass, they have no end; a cycle
        ends after ``stage.images`` images.
    """
    torch.manual_seed(seed)
    model = SprintNet() if stage.small else ExampleNet(stage.pool_first)
    layout = torch.channels_last if stage.channels_last else torch.contiguous_format
    model.to(session.device, memory_format=layout)  # type: ignore[call-overload]
    batches = _batches(stage, images, labels, session, seed)
    if stage.cycle:
        steps = stage.images // stage.batch_size
        optimizer, schedule = adam_cycle(model, steps, stage.rate)
        batches = islice(batches, steps)
    else:
        optimizer = torch.optim.Adadelta(model.parameters(), lr=stage.rate)
        schedule = StepLR(optimizer, step_size=-(-len(images) // stage.batch_size), gamma=0.7)
    return model, train_steps(
        model, batches, optimizer, session,
        short=stage.short, smoothing=stage.smoothing, schedule=schedule,
    )  # fmt: skip


def _batches(
    stage: Stage, images: Tensor, labels: Tensor, session: Session, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end, from memory or from the loader."""
    if stage.in_memory:
        inputs, targets = digits.to_input(images.to(session.device)), labels.to(session.device)
        generator = torch.Generator().manual_seed(seed)
        yield from from_memory(inputs, targets, stage.batch_size, generator)
    workers = 0 if session.device.type == "cpu" else 1  # as the example does
    while True:
        yield from from_loader(images, labels, stage.batch_size, session, workers)


def adam_cycle(
    model: nn.Module, steps: int, rate: float
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Return Adam with a short memory, and one cycle of straight lines for its rate.

    Taught in mnist/speed.

    Parameters
    ----------
    model : nn.Module
    steps : int
        Length of the cycle, more than 5: up during the first fifth, down to nearly nothing after.
    rate : float
        The highest learning rate.

    Returns
    -------
    optimizer : torch.optim.Optimizer
    schedule : LRScheduler
        To be stepped once a batch.
    """
    optimizer = torch.optim.Adam(model.parameters(), rate, betas=(0.7, 0.9), fused=True)
    schedule = OneCycleLR(
        optimizer, rate, total_steps=steps, pct_start=0.2, anneal_strategy="linear",
        cycle_momentum=False,
    )  # fmt: skip
    return optimizer, schedule


def sprint(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    session: Session,
    seed: int,
    steps: int = STEPS,
    batch_size: int = BATCH,
    rate: float = RATE,
    smoothing: float = SMOOTHING,
) -> nn.Module:
    """Train a digit network as fast as it goes; from raw pixels to the last step.

    Taught in mnist/speed. Its settings were chosen on validation digits.

    Parameters
    ----------
    model : nn.Module
        Maps inputs (n, 1, 28, 28) to logits (n, 10); trained in place.
    images : Tensor of uint8, shape (n, 28, 28)
    labels : Tensor of int64, shape (n,)
    session : Session
        Gives the device.
    seed : int
        Orders the images.
    steps : int
        More than 5; the learning rate has come down at the end of the last.
    batch_size : int
        Images a step.
    rate : float
        The highest learning rate.
    smoothing : float
        Share of the target that label smoothing spreads over all classes.

    Returns
    -------
    nn.Module
        The model.

    Raises
    ------
    ValueError
        There are fewer images than one batch.
    """
    model.to(session.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    inputs, targets = digits.to_input(images.to(session.device)), labels.to(session.device)
    generator = torch.Generator().manual_seed(seed)
    batches = islice(from_memory(inputs, targets, batch_size, generator), steps)
    optimizer, schedule = adam_cycle(model, steps, rate)
    for _ in train_steps(
        model, batches, optimizer, session, smoothing=smoothing, schedule=schedule
    ):
        pass
    return model


def recorded(name: str) -> dict[str, Any]:
    """Read a run that ``benchmarks/mnist_speed.py`` has recorded.

    Parameters
    ----------
    name : str
        ``"cpu"``, ``"gpu"`` or ``"search"``.

    Returns
    -------
    dict
        The machine, the versions, the date, and every single measurement.

    Raises
    ------
    KeyError
        There is no recorded run of that name.
    """
    file = resources.files(records) / f"mnist_speed_{name}.json"
    if not file.is_file():
        raise KeyError(f"no recorded run {name!r}: expected cpu, gpu or search")
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record
