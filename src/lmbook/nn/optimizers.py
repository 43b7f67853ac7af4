"""Optimisers, schedules of the learning rate and surfaces to try them on, in NumPy.

Each optimiser takes the steps of its namesake in `torch.optim`. Taught in backprop/optimizers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Optimizer:
    """What all optimisers share: parameters, a learning rate, and checks of what comes in.

    Parameters
    ----------
    parameters : sequence of ndarray of float64, any shapes
        Changed in place by `step`.
    learning_rate : float
        At least 0. May be changed between steps, by a schedule for instance.

    Raises
    ------
    TypeError
        A parameter is not an array of float64.
    ValueError
        There are no parameters, or the learning rate is negative or not finite.

    Notes
    -----
    Taught in backprop/optimizers.
    """

    def __init__(self, parameters: Sequence[Array], learning_rate: float) -> None:
        self.parameters = checked_parameters(parameters)
        self.learning_rate = not_negative("learning_rate", learning_rate)

    def step(self, gradients: Sequence[Array]) -> None:
        """Change the parameters by one step.

        Parameters
        ----------
        gradients : sequence of ndarray
            One for each parameter, of its shape.

        Raises
        ------
        ValueError
            Their number or a shape is not that of the parameters.
        """
        raise NotImplementedError(f"{type(self).__name__} says nothing about its step")

    def zeros(self) -> list[Array]:
        """Return an array of zeros for each parameter, of its shape."""
        return [np.zeros_like(p) for p in self.parameters]

    def each(self, gradients: Sequence[Array], *states: list[Array]) -> zip[tuple[Array, ...]]:
        """Check the gradients; go through parameters, gradients and states side by side."""
        if len(gradients) != len(self.parameters):
            raise ValueError(
                f"expected {len(self.parameters)} gradients, one for each parameter, "
                f"got {len(gradients)}; pass a list, even for a single one"
            )
        arrays = [np.asarray(g, dtype=np.float64) for g in gradients]
        for place, (p, g) in enumerate(zip(self.parameters, arrays, strict=True)):
            if g.shape != p.shape:
                raise ValueError(
                    f"gradient {place} has the shape {g.shape}, expected {p.shape}, that of its "
                    "parameter; sum over the axes that were broadcast"
                )
        return zip(self.parameters, arrays, *states, strict=True)


def checked_parameters(parameters: Sequence[Array]) -> list[Array]:
    """Return the parameters as a list, or say what is wrong with them.

    Raises
    ------
    TypeError, ValueError
        As of `Optimizer`.
    """
    if isinstance(parameters, np.ndarray):
        raise TypeError("expected a list of arrays, got one array; write [array]")
    listed = list(parameters)
    if not listed:
        raise ValueError("expected at least one parameter, got an empty list")
    for place, p in enumerate(listed):
        if not isinstance(p, np.ndarray) or p.dtype != np.float64:
            kind = f"an array of {p.dtype}" if isinstance(p, np.ndarray) else type(p).__name__
            raise TypeError(
                f"parameter {place} is {kind}, expected an array of float64, which can be changed "
                "in place; make one with np.array(values, dtype=float)"
            )
    return listed


def not_negative(name: str, value: float) -> float:
    """Return a setting that must be at least 0.

    Raises
    ------
    ValueError
        It is negative, infinite or not a number.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {value}, expected a finite number of at least 0")
    return value


def fraction(name: str, value: float) -> float:
    """Return a setting that must be at least 0 and below 1: how much of a memory is kept.

    Raises
    ------
    ValueError
        It is outside of that.
    """
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}, expected a number from 0 to below 1, such as 0.9")
    return value


class SGD(Optimizer):
    """Gradient descent; with gradients of random batches, stochastic gradient descent.

    As `torch.optim.SGD`. Source: Robbins and Monro 1951. Taught in backprop/optimizers.

    Parameters
    ----------
    parameters, learning_rate
        As of `Optimizer`.
    """

    def step(self, gradients: Sequence[Array]) -> None:
        """Subtract the learning rate times the gradient; see `Optimizer.step`."""
        for p, g in self.each(gradients):
            p -= self.learning_rate * g


class Momentum(Optimizer):
    """Steps along a decaying sum of all gradients so far.

    As `torch.optim.SGD(momentum=…)`: the learning rate multiplies the velocity, not the gradient.
    Source: Polyak 1964. Taught in backprop/optimizers.

    Parameters
    ----------
    parameters, learning_rate
        As of `Optimizer`.
    momentum : float
        Share of the velocity that is kept at a step, from 0 to below 1.

    Raises
    ------
    ValueError
        The momentum is outside of that.
    """

    def __init__(
        self, parameters: Sequence[Array], learning_rate: float, momentum: float = 0.9
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = fraction("momentum", momentum)
        self.velocities = self.zeros()

    def step(self, gradients: Sequence[Array]) -> None:
        """Add the gradient to the velocity, and follow it; see `Optimizer.step`."""
        for p, g, v in self.each(gradients, self.velocities):
            v[...] = self.momentum * v + g
            p -= self.learning_rate * v


class Nesterov(Momentum):
    """Momentum with the gradient counted once more ahead of the velocity.

    As `torch.optim.SGD(momentum=…, nesterov=True)`, the form of Bengio et al. 2012 in which
    the parameters are kept at the point that looks ahead. Taught in backprop/optimizers.

    Parameters
    ----------
    parameters, learning_rate, momentum
        As of `Momentum`.
    """

    def step(self, gradients: Sequence[Array]) -> None:
        """Follow the gradient and the new velocity; see `Optimizer.step`."""
        for p, g, v in self.each(gradients, self.velocities):
            v[...] = self.momentum * v + g
            p -= self.learning_rate * (g + self.momentum * v)


class RMSProp(Optimizer):
    """Divides each gradient by the root of a running mean of its squares.

    As `torch.optim.RMSprop`, eps outside the root. Taught in backprop/optimizers.

    Parameters
    ----------
    parameters, learning_rate
        As of `Optimizer`.
    decay : float
        Share of the mean square that is kept at a step (`alpha` in torch), from 0 to below 1.
    eps : float
        Keeps the divisor away from 0; in the unit of the gradient.

    Raises
    ------
    ValueError
        A setting is out of range.
    """

    def __init__(
        self,
        parameters: Sequence[Array],
        learning_rate: float,
        decay: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.decay, self.eps = fraction("decay", decay), not_negative("eps", eps)
        self.squares = self.zeros()

    def step(self, gradients: Sequence[Array]) -> None:
        """Follow the gradient divided by its usual size; see `Optimizer.step`."""
        for p, g, s in self.each(gradients, self.squares):
            s[...] = self.decay * s + (1 - self.decay) * g**2
            p -= self.learning_rate * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at zero.

    As `torch.optim.Adam`. Source: Kingma and Ba 2015, algorithm 1. Taught in backprop/optimizers.

    Parameters
    ----------
    parameters, learning_rate
        As of `Optimizer`.
    beta1, beta2 : float
        Share of the mean gradient, and of the mean square, kept at a step; from 0 to below 1.
    eps : float
        Keeps the divisor away from 0; in the unit of the gradient.

    Raises
    ------
    ValueError
        A setting is out of range.
    """

    def __init__(
        self,
        parameters: Sequence[Array],
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.beta1, self.beta2 = fraction("beta1", beta1), fraction("beta2", beta2)
        self.eps = not_negative("eps", eps)
        self.means, self.squares, self.steps = self.zeros(), self.zeros(), 0

    def step(self, gradients: Sequence[Array]) -> None:
        """Follow the corrected mean over the root of the corrected square; see `Optimizer.step`."""
        self.steps += 1
        for p, g, m, s in self.each(gradients, self.means, self.squares):
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            s[...] = self.beta2 * s + (1 - self.beta2) * g**2
            mean = m / (1 - self.beta1**self.steps)
            square = s / (1 - self.beta2**self.steps)
            p -= self.learning_rate * mean / (np.sqrt(square) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: the parameters shrink on their own, not by the gradient.

    As `torch.optim.AdamW`. Source: Loshchilov and Hutter 2019, algorithm 2, with the decay
    multiplied by the learning rate. Taught in backprop/optimizers.

    Parameters
    ----------
    parameters, learning_rate, beta1, beta2, eps
        As of `Adam`.
    weight_decay : float
        Share lost at a step, divided by the learning rate; at least 0.

    Raises
    ------
    ValueError
        A setting is out of range.
    """

    def __init__(
        self,
        parameters: Sequence[Array],
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, learning_rate, beta1, beta2, eps)
        self.weight_decay = not_negative("weight_decay", weight_decay)

    def step(self, gradients: Sequence[Array]) -> None:
        """Shrink the parameters, then step as Adam; see `Optimizer.step`."""
        for p, _ in self.each(gradients):
            p *= 1 - self.learning_rate * self.weight_decay
        super().step(gradients)


def warm_up(step: int, peak: float, steps: int, start: float = 0.1) -> float:
    """Return the learning rate of a linear warm-up: from a share of the peak to the peak.

    As `torch.optim.lr_scheduler.LinearLR(start_factor=start, total_iters=steps)`. Source: Goyal
    et al. 2017, section 2.2. Taught in backprop/optimizers.

    Parameters
    ----------
    step : int
        Steps taken so far, from 0.
    peak : float
        The rate after `steps` steps, and from then on.
    steps : int
        Length of the warm-up.
    start : float
        Share of the peak at step 0.

    Raises
    ------
    ValueError
        The step is negative, or there are no steps.
    """
    return peak * (start + (1 - start) * progress(step, steps))


def cosine(step: int, peak: float, steps: int, floor: float = 0.0) -> float:
    """Return the learning rate of a half cosine: from the peak to the floor.

    As `torch.optim.lr_scheduler.CosineAnnealingLR(T_max=steps, eta_min=floor)` during those steps;
    afterwards the floor. Source: Loshchilov and Hutter 2017, equation 5, without restarts. Taught
    in backprop/optimizers.

    Parameters
    ----------
    step : int
        Steps taken so far, from 0.
    peak, floor : float
        The rate at step 0, and after `steps` steps.
    steps : int

    Raises
    ------
    ValueError
        The step is negative, or there are no steps.
    """
    return half_cosine(peak, floor, progress(step, steps))


def one_cycle(
    step: int,
    peak: float,
    steps: int,
    rise: float = 0.3,
    start_divisor: float = 25.0,
    end_divisor: float = 1e4,
) -> float:
    """Return the learning rate of one cycle: a half cosine up to the peak, and one down.

    As `torch.optim.lr_scheduler.OneCycleLR(max_lr=peak, total_steps=steps)`. Source: Smith and
    Topin 2019. Taught in backprop/optimizers.

    Parameters
    ----------
    step : int
        Steps taken so far, from 0.
    peak : float
    steps : int
        Of the whole run; the last one is ``steps - 1``.
    rise : float
        Share of the run that goes up.
    start_divisor : float
        The first rate is the peak divided by this.
    end_divisor : float
        The last rate is the first one divided by this.

    Raises
    ------
    ValueError
        The step is negative, or the rise or the fall has no steps.
    """
    first, top = peak / start_divisor, rise * steps - 1
    if step <= top:
        return half_cosine(first, peak, progress(step, top))
    return half_cosine(peak, first / end_divisor, progress(step - top, steps - 1 - top))


def half_cosine(start: float, end: float, done: float) -> float:
    """Return a half cosine from start to end; `done` is the share of the way, from 0 to 1.

    Taught in backprop/optimizers.
    """
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def progress(step: float, steps: float) -> float:
    """Return which share of the steps is done, at most 1.

    Raises
    ------
    ValueError
        The step is negative, or there are no steps.
    """
    if steps <= 0:
        raise ValueError(f"a phase of the schedule has {steps} steps, expected more than 0")
    if step < 0:
        raise ValueError(f"step is {step}, expected at least 0: steps are counted from 0")
    return min(step / steps, 1.0)


@dataclass(frozen=True)
class Surface:
    """A function of two variables with its gradient, to watch optimisers on.

    Attributes
    ----------
    name : str
        For titles.
    key : str
        Its key in `SURFACES`.
    height : callable
        Maps points of shape (2, …) to heights of shape (…).
    gradient : callable
        Maps points of shape (2, …) to gradients of the same shape.
    x, y : tuple of (float, float)
        The part that is worth drawing.
    start : tuple of (float, float)
        Where descents begin.
    minima : tuple of (float, float) pairs
        All global minima.
    """

    name: str
    key: str
    height: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    x: tuple[float, float]
    y: tuple[float, float]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]


def _bowl(point: Array) -> Array:
    x, y = point
    height: Array = (x**2 + 2 * y**2) / 2
    return height


def _bowl_gradient(point: Array) -> Array:
    x, y = point
    return np.array([x, 2 * y])


def _ravine(point: Array) -> Array:
    x, y = point
    height: Array = (x**2 + 50 * y**2) / 2
    return height


def _ravine_gradient(point: Array) -> Array:
    x, y = point
    return np.array([x, 50 * y])


def _saddle(point: Array) -> Array:
    x, y = point
    height: Array = x**2 / 2 - y**2 / 2 + y**4 / 4
    return height


def _saddle_gradient(point: Array) -> Array:
    x, y = point
    return np.array([x, y**3 - y])


def _rosenbrock(point: Array) -> Array:
    x, y = point
    height: Array = (1 - x) ** 2 + 10 * (y - x**2) ** 2
    return height


def _rosenbrock_gradient(point: Array) -> Array:
    x, y = point
    return np.array([-2 * (1 - x) - 40 * x * (y - x**2), 20 * (y - x**2)])


def _beale(point: Array) -> Array:
    x, y = point
    height: Array = (
        (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
    )
    return height


def _beale_gradient(point: Array) -> Array:
    x, y = point
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    by_x = 2 * a * (y - 1) + 2 * b * (y**2 - 1) + 2 * c * (y**3 - 1)
    by_y = 2 * a * x + 4 * b * x * y + 6 * c * x * y**2
    return np.array([by_x, by_y])


SURFACES = {
    surface.key: surface
    for surface in (
        Surface("bowl", "bowl", _bowl, _bowl_gradient,
                (-2.5, 2.5), (-2.0, 2.0), (-2.0, 1.6), ((0.0, 0.0),)),
        Surface("ravine", "ravine", _ravine, _ravine_gradient,
                (-2.5, 2.5), (-1.0, 1.0), (-2.0, 0.8), ((0.0, 0.0),)),
        Surface("saddle", "saddle", _saddle, _saddle_gradient,
                (-2.2, 2.2), (-1.6, 1.6), (-2.0, 0.001), ((0.0, -1.0), (0.0, 1.0))),
        Surface("banana valley", "rosenbrock", _rosenbrock, _rosenbrock_gradient,
                (-2.0, 2.0), (-1.0, 3.0), (-1.5, 2.0), ((1.0, 1.0),)),
        Surface("Beale's plain", "beale", _beale, _beale_gradient,
                (-4.5, 4.5), (-4.5, 4.5), (1.0, 1.5), ((3.0, 0.5),)),
    )
}  # fmt: skip
"""By key. `bowl` and `ravine` are quadratics with condition numbers 2 and 50; `saddle` has a saddle
point at the origin between two minima; `rosenbrock` is Rosenbrock's bent valley with a factor of 10
in place of 100; `beale` has flat plains and steep walls. Taught in backprop/optimizers."""


def descend(
    gradient: Callable[[Array], Array],
    start: Sequence[float],
    make: Callable[[list[Array]], Optimizer],
    steps: int,
) -> Array:
    """Follow an optimiser from a starting point.

    Taught in backprop/optimizers.

    Parameters
    ----------
    gradient : callable
        Maps a point of shape (d,) to the gradient there, of shape (d,).
    start : sequence of float, length d
    make : callable
        Makes the optimiser for a list of parameters: ``lambda p: Adam(p, 0.1)``.
    steps : int

    Returns
    -------
    ndarray, shape (steps + 1, d)
        The start, and the point after each step.
    """
    point = np.array(start, dtype=float)
    optimizer = make([point])
    path = [point.copy()]
    for _ in range(steps):
        optimizer.step([gradient(point)])
        path.append(point.copy())
    return np.array(path)
