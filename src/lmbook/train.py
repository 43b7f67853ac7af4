"""One readable training loop, and what is needed to judge what came out of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from lmbook.session import Session

T = TypeVar("T")

Augment = Callable[[Tensor, torch.Generator], Tensor]
"""Makes a varied copy of a batch of inputs; takes all its chance from the generator."""


@dataclass
class History:
    """What happened in a training run, an entry an epoch.

    Attributes
    ----------
    loss, accuracy : list of float
        Mean over the training batches as they were seen (nats; percent).
    val_loss, val_accuracy : list of float
        On the validation data after the epoch; empty without validation data.
    rate : list of float
        Learning rate at the end of the epoch.
    seconds : float
        Wall time of the run, validation included.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def best_epoch(self) -> int:
        """Epoch, counted from 1, with the lowest validation loss: where early stopping stops."""
        if not self.val_loss:
            raise ValueError("no validation data was passed to fit, so there is no best epoch")
        return self.val_loss.index(min(self.val_loss)) + 1


def train_epoch(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    batch_size: int,
    generator: torch.Generator,
    session: Session,
    augment: Augment | None = None,
) -> tuple[float, float]:
    """Pass once over the training data in random order, a step a batch.

    Taught in mnist/cnn.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to logits of shape (batch, classes); trained in place.
    inputs : Tensor, shape (n, ...)
        On the session's device, like targets and model.
    targets : Tensor of int64, shape (n,)
    optimizer, schedule
        Stepped once a batch.
    batch_size : int
        Inputs a step; an incomplete last batch is left out.
    generator : torch.Generator
        Orders the data and drives the augmentation.
    session : Session
    augment : callable, optional
        Applied to each batch.

    Returns
    -------
    loss, accuracy : float
        Mean over the batches as they were seen, in nats and percent.
    """
    model.train()
    batches = len(inputs) // batch_size
    order = torch.randperm(len(inputs), generator=generator).to(inputs.device)
    losses = hits = torch.zeros((), device=inputs.device)
    for batch in order[: batches * batch_size].split(batch_size):
        varied = augment(inputs[batch], generator) if augment else inputs[batch]
        with autocast(session):
            logits = model(varied)  # (batch, classes)
            loss = F.cross_entropy(logits, targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses = losses + loss.detach()
        hits = hits + (logits.argmax(1) == targets[batch]).sum()
    return float(losses) / batches, 100 * float(hits) / (batches * batch_size)


def fit(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    session: Session,
    epochs: int,
    learning_rate: float,
    batch_size: int = 128,
    weight_decay: float = 0.0,
    augment: Augment | None = None,
    validation: tuple[Tensor, Tensor] | None = None,
    patience: int | None = None,
    seed: int | None = None,
    progress: bool = True,
) -> History:
    """Train a classifier: stochastic gradient descent with Nesterov momentum and one cycle.

    The data stay on the device for the whole run. Taught in mnist/cnn.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to logits of shape (batch, classes); trained in place.
    inputs : Tensor, shape (n, ...)
    targets : Tensor of int64, shape (n,)
    session : Session
        Gives the device and the number format of the forward pass.
    epochs : int
        Passes over the data; the schedule is laid out over all of them.
    learning_rate : float
        The highest rate of the cycle.
    batch_size : int
        Images a step; an incomplete last batch is left out.
    weight_decay : float
        Pulls every parameter towards zero, in proportion to its size.
    augment : callable, optional
        Applied to each training batch.
    validation : (Tensor, Tensor), optional
        Inputs and targets to judge each epoch by.
    patience : int, optional
        Stop when the validation loss has not improved for this many epochs, and go back to the
        weights of the best one.
    seed : int, optional
        Orders the batches and varies them; the session's seed by default.
    progress : bool
        Show a bar that counts epochs.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        Inputs and targets differ in length, there are fewer inputs than one batch, or patience
        is asked for without validation data.
    """
    if len(inputs) != len(targets):
        raise ValueError(f"expected a target for each input, got {len(inputs)} and {len(targets)}")
    if len(inputs) < batch_size:
        raise ValueError(f"expected at least one batch of {batch_size} inputs, got {len(inputs)}")
    if patience is not None and validation is None:
        raise ValueError("patience needs validation data: pass validation=(inputs, targets)")

    device = session.device
    generator = torch.Generator().manual_seed(session.seed if seed is None else seed)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    inputs, targets = inputs.to(device), targets.to(device)
    batches = len(inputs) // batch_size
    optimizer = torch.optim.SGD(
        model.parameters(), learning_rate, momentum=0.9, nesterov=True, weight_decay=weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=epochs * batches, cycle_momentum=False
    )
    history, best, start = History(), {}, time.perf_counter()
    bar = tqdm(range(epochs), desc="training", unit="epoch", file=sys.stdout, disable=not progress)
    for epoch in bar:
        seen = train_epoch(
            model, inputs, targets, optimizer, schedule, batch_size, generator, session, augment
        )
        history.loss.append(seen[0])
        history.accuracy.append(seen[1])
        history.rate.append(float(schedule.get_last_lr()[0]))
        if validation is None:
            continue
        loss, accuracy = evaluate(model, *validation, session=session)
        history.val_loss.append(loss)
        history.val_accuracy.append(accuracy)
        bar.set_postfix(validation=f"{accuracy:.2f} %")
        if patience is not None and history.best_epoch == epoch + 1:
            best = {name: value.clone() for name, value in model.state_dict().items()}
        if patience is not None and epoch + 1 - history.best_epoch >= patience:
            break
    if best:
        model.load_state_dict(best)
    history.seconds = time.perf_counter() - start
    return history


def side_by_side(jobs: Sequence[Callable[[], T]], *, session: Session) -> list[T]:
    """Run independent trainings at once, one CPU core each.

    A small network gains little from a second core, since the two mostly wait for each other; two
    networks on a core each take as long as one. On an accelerator the jobs run one after another.

    Parameters
    ----------
    jobs : sequence of callables without arguments
        Each must bring its own model, initialised before, and its own seed: the global random
        state belongs to all of them.
    session : Session

    Returns
    -------
    list
        What the jobs return, in their order.
    """
    cores = torch.get_num_threads() if session.device.type == "cpu" else 1
    bar = tqdm(total=len(jobs), desc="training", unit="network", file=sys.stdout)

    def finish(job: Callable[[], T]) -> T:
        result = job()
        bar.update()
        return result

    try:
        with ThreadPoolExecutor(cores, initializer=_one_core if cores > 1 else None) as pool:
            return list(pool.map(finish, jobs))
    finally:
        bar.close()
        if cores > 1:
            torch.set_num_threads(cores)


def _one_core() -> None:
    torch.set_num_threads(1)


@torch.no_grad()
def predict(
    model: nn.Module, inputs: Tensor, *, session: Session, batch_size: int = 1000
) -> Tensor:
    """Compute a model's logits in evaluation mode, in float32, a batch at a time.

    Parameters
    ----------
    model : nn.Module
    inputs : Tensor, shape (n, ...)
    session : Session
    batch_size : int
        Inputs a pass; bounds the memory.

    Returns
    -------
    Tensor of float32, shape (n, classes)
        On the CPU.
    """
    model.to(session.device).eval()
    return torch.cat(
        [model(batch.to(session.device)).float().cpu() for batch in inputs.split(batch_size)]
    )


def evaluate(
    model: nn.Module, inputs: Tensor, targets: Tensor, *, session: Session
) -> tuple[float, float]:
    """Judge a classifier.

    Parameters
    ----------
    model : nn.Module
    inputs : Tensor, shape (n, ...)
    targets : Tensor of int64, shape (n,)
    session : Session

    Returns
    -------
    loss, accuracy : float
        Mean cross-entropy in nats; percent of the inputs whose largest logit is the target's.
    """
    logits = predict(model, inputs, session=session)
    targets = targets.cpu()
    loss = F.cross_entropy(logits, targets).item()
    return loss, 100 * (logits.argmax(1) == targets).float().mean().item()


def autocast(session: Session) -> torch.autocast:
    """Return a context that computes in the session's number format where that is safe."""
    return torch.autocast(
        session.device.type, session.dtype, enabled=session.dtype != torch.float32
    )
