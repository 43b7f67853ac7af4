"""A dense network in NumPy: forward and backward in matrices, and what checks them.

The parameters of a network of L layers are a flat list of arrays, W¹, b¹, …, Wᴸ, bᴸ: W of shape
(units out, units in), b of shape (units out,). Gradients are a list of the same shapes. Rows of a
batch are examples. Hidden layers share one activation; the last layer gives logits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Labels = NDArray[np.integer]


def activate(Z: Array, activation: str) -> Array:
    """Apply an activation to each number.

    Taught in backprop/mlp.

    Parameters
    ----------
    Z : ndarray
        Pre-activations, of any shape.
    activation : str
        ``sigmoid``, ``tanh`` or ``relu``.

    Returns
    -------
    ndarray, of the shape of Z

    Raises
    ------
    ValueError
        If there is no activation of that name.
    """
    if activation == "sigmoid":
        return (1 + np.tanh(Z / 2)) / 2
    if activation == "tanh":
        return np.tanh(Z)
    if activation == "relu":
        return np.maximum(Z, 0)
    raise ValueError(f"expected sigmoid, tanh or relu, got {activation!r}")


def slope(H: Array, activation: str) -> Array:
    """Compute the derivative of an activation from its *output*.

    Taught in backprop/mlp.

    Parameters
    ----------
    H : ndarray
        What `activate` returned, of any shape.
    activation : str
        ``sigmoid``, ``tanh`` or ``relu``; of the last, the slope at 0 is taken as 0.

    Returns
    -------
    ndarray, of the shape of H

    Raises
    ------
    ValueError
        If there is no activation of that name.
    """
    if activation == "sigmoid":
        return H * (1 - H)
    if activation == "tanh":
        return 1 - H**2
    if activation == "relu":
        return (H > 0).astype(H.dtype)
    raise ValueError(f"expected sigmoid, tanh or relu, got {activation!r}")


def softmax(Z: Array) -> Array:
    """Turn logits into shares of one, row by row.

    Taught in backprop/mlp.

    Parameters
    ----------
    Z : ndarray, shape (n, classes)

    Returns
    -------
    ndarray, shape (n, classes)
        Positive; each row sums to 1.
    """
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def cross_entropy(Z: Array, labels: Labels) -> float:
    """Compute the mean of minus the logarithm of the share that the right class gets.

    Taught in backprop/mlp.

    Parameters
    ----------
    Z : ndarray, shape (n, classes)
        Logits.
    labels : ndarray of int, shape (n,)
        From 0 to classes - 1.

    Returns
    -------
    float
        In nats.
    """
    shifted = Z - Z.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(labels)), labels].mean())


def check_batch(parameters: Sequence[Array], X: Array, labels: Labels | None = None) -> None:
    """Check that parameters, inputs and labels fit each other; compute nothing.

    Parameters
    ----------
    parameters : sequence of ndarray
        W¹, b¹, …, Wᴸ, bᴸ.
    X : ndarray, shape (n, d)
        d is the number of columns of W¹.
    labels : ndarray of int, shape (n,), optional

    Raises
    ------
    TypeError
        Something is not a NumPy array, or its numbers are of the wrong type.
    ValueError
        The shapes do not fit, or a label is no class.
    """
    if len(parameters) == 0 or len(parameters) % 2:
        raise ValueError(
            f"expected weights and biases in turn, [W1, b1, …], got {len(parameters)} arrays"
        )
    names = [f"{kind}{layer // 2 + 1}" for layer, kind in enumerate("Wb" * (len(parameters) // 2))]
    named = zip([*names, "the inputs"], [*parameters, X], strict=True)
    for what, array in named:
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"expected {what} as a NumPy array, got {type(array).__name__}; "
                "of a tensor, pass tensor.cpu().numpy()"
            )
        if not np.issubdtype(array.dtype, np.floating):
            raise TypeError(
                f"expected floating-point numbers in {what}, got {array.dtype}; "
                "convert with .astype(np.float32)"
            )
        if array.dtype != parameters[0].dtype:
            raise TypeError(
                f"expected {what} in {parameters[0].dtype}, the type of W1, got {array.dtype}; "
                "convert the one or the other with .astype"
            )
    _check_layers(parameters)
    d = parameters[0].shape[1]
    if X.ndim != 2 or X.shape[1] != d:
        raise ValueError(
            f"expected inputs of shape (n, {d}), as W1 has {d} columns, got {X.shape}; "
            "flatten images with X.reshape(len(X), -1)"
        )
    if len(X) == 0:
        raise ValueError("expected at least one example, got none")
    if labels is not None:
        _check_labels(labels, len(X), len(parameters[-1]))


def _check_layers(parameters: Sequence[Array]) -> None:
    """Raise unless each weight matrix has its bias and takes what the layer below gives."""
    width = parameters[0].shape[1] if parameters[0].ndim == 2 else None
    for layer, (W, b) in enumerate(zip(parameters[::2], parameters[1::2], strict=True), start=1):
        if W.ndim != 2 or W.shape[1] != width:
            raise ValueError(
                f"expected W{layer} of shape (units out, {width or 'units in'}), got {W.shape}; "
                "its columns are the units of the layer below"
            )
        if b.shape != W.shape[:1]:
            raise ValueError(
                f"expected b{layer} of shape {W.shape[:1]}, a number for each row of W{layer}, "
                f"got {b.shape}"
            )
        width = W.shape[0]


def _check_labels(labels: Labels, n: int, classes: int) -> None:
    """Raise unless the labels are whole numbers that name classes, one for each example."""
    if not isinstance(labels, np.ndarray) or not np.issubdtype(labels.dtype, np.integer):
        kind = labels.dtype if isinstance(labels, np.ndarray) else type(labels).__name__
        raise TypeError(f"expected labels as a NumPy array of integers, got {kind}")
    if labels.shape != (n,):
        raise ValueError(
            f"expected labels of shape ({n},), one for each example, got {labels.shape}; "
            "of one-hot rows, pass Y.argmax(axis=1)"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"expected labels from 0 to {classes - 1}, as the last layer has {classes} outputs, "
            f"got {labels.min()} to {labels.max()}"
        )


def forward(parameters: Sequence[Array], X: Array, activation: str) -> tuple[list[Array], Array]:
    """Compute the logits of a batch, and keep what each layer was given.

    Taught in backprop/mlp.

    Parameters
    ----------
    parameters : sequence of ndarray
        W¹, b¹, …, Wᴸ, bᴸ.
    X : ndarray, shape (n, d)
    activation : str
        Of the hidden layers.

    Returns
    -------
    hidden : list of ndarray
        The inputs X and the activations of each hidden layer: what enters each of the L layers.
    Z : ndarray, shape (n, classes)
        Logits.

    Raises
    ------
    TypeError, ValueError
        As `check_batch` and `activate`.
    """
    check_batch(parameters, X)
    *weights, last_weight = parameters[::2]
    *biases, last_bias = parameters[1::2]
    hidden = [X]
    for W, b in zip(weights, biases, strict=True):
        hidden.append(activate(hidden[-1] @ W.T + b, activation))
    return hidden, hidden[-1] @ last_weight.T + last_bias


def backward(
    parameters: Sequence[Array],
    hidden: Sequence[Array],
    Z: Array,
    labels: Labels,
    activation: str,
) -> list[Array]:
    """Compute the gradient of the mean cross-entropy for each parameter.

    Backpropagation (Rumelhart, Hinton and Williams 1986). Taught in backprop/mlp.

    Parameters
    ----------
    parameters : sequence of ndarray
        W¹, b¹, …, Wᴸ, bᴸ.
    hidden, Z
        What `forward` returned for this batch.
    labels : ndarray of int, shape (n,)
    activation : str
        The one that `forward` was given.

    Returns
    -------
    list of ndarray
        Of the shapes of the parameters.

    Raises
    ------
    TypeError, ValueError
        As `check_batch` and `slope`.
    """
    check_batch(parameters, hidden[0], labels)
    weights = parameters[::2]
    gradients: list[Array] = []
    Y = np.eye(Z.shape[1], dtype=Z.dtype)[labels]  # (n, classes)
    delta = (softmax(Z) - Y) / len(labels)  # (n, classes)
    for layer in reversed(range(len(weights))):
        gradients[:0] = [delta.T @ hidden[layer], delta.sum(axis=0)]
        if layer > 0:
            delta = (delta @ weights[layer]) * slope(hidden[layer], activation)
    return gradients


def initialize(widths: Sequence[int], rng: np.random.Generator, scheme: str | float) -> list[Array]:
    """Draw weights from a normal distribution around 0; biases are 0.

    Xavier: Glorot and Bengio (2010), equation 12. He: He et al. (2015), equation 10.
    Taught in backprop/mlp.

    Parameters
    ----------
    widths : sequence of int
        Units of each layer, inputs first: 784, 64, 10.
    rng : numpy.random.Generator
    scheme : str or float
        ``xavier`` for the variance 2 / (units in + units out), ``he`` for 2 / units in, or the
        standard deviation itself.

    Returns
    -------
    list of ndarray of float64
        W¹, b¹, …, Wᴸ, bᴸ.

    Raises
    ------
    ValueError
        If there is no scheme of that name.
    """
    if isinstance(scheme, str) and scheme not in ("xavier", "he"):
        raise ValueError(f"expected xavier, he or a standard deviation, got {scheme!r}")
    parameters: list[Array] = []
    for units_in, units_out in itertools.pairwise(widths):
        named = {"xavier": 2 / (units_in + units_out), "he": 2 / units_in}
        deviation = named[scheme] ** 0.5 if isinstance(scheme, str) else scheme
        parameters.append(rng.normal(0, deviation, size=(units_out, units_in)))
        parameters.append(np.zeros(units_out))
    return parameters


def check_gradients(parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
    """Check that gradients fit their parameters and can be judged by finite differences.

    Parameters
    ----------
    parameters, gradients : sequence of ndarray

    Raises
    ------
    TypeError
        A parameter is not of float64: the difference of two losses would be mostly rounding.
    ValueError
        There are more of the one than of the other, or the shapes differ.
    """
    if len(parameters) != len(gradients):
        raise ValueError(
            f"expected a gradient for each of {len(parameters)} parameters, got {len(gradients)}"
        )
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if parameter.dtype != np.float64:
            raise TypeError(
                f"expected parameters of float64, got {parameter.dtype}: finite differences need "
                "its digits; convert with .astype(np.float64)"
            )
        if parameter.shape != gradient.shape:
            raise ValueError(
                f"expected a gradient of shape {parameter.shape}, got {gradient.shape}"
            )


def gradient_check(
    loss: Callable[[Sequence[Array]], float],
    parameters: Sequence[Array],
    gradients: Sequence[Array],
    step: float = 1e-5,
) -> list[float]:
    """Compare gradients with central differences of the loss.

    Taught in backprop/mlp.

    Parameters
    ----------
    loss : callable
        From the parameters to a number.
    parameters, gradients : sequence of ndarray of float64
        Of the same shapes; the parameters are moved and put back.
    step : float
        How far each number is moved to either side.

    Returns
    -------
    list of float
        For each parameter the relative error: the length of the difference, over the sum of the
        lengths. 0 is equal, 1 as different as can be.

    Raises
    ------
    TypeError, ValueError
        As `check_gradients`.
    """
    check_gradients(parameters, gradients)
    errors = []
    for parameter, gradient in zip(parameters, gradients, strict=True):
        numeric = np.empty_like(parameter)
        for place in np.ndindex(parameter.shape):
            kept = parameter[place]
            parameter[place] = kept + step
            above = loss(parameters)
            parameter[place] = kept - step
            numeric[place] = (above - loss(parameters)) / (2 * step)
            parameter[place] = kept
        lengths = float(np.linalg.norm(gradient) + np.linalg.norm(numeric))
        errors.append(float(np.linalg.norm(gradient - numeric)) / max(lengths, 1e-300))
    return errors


def sgd_epoch(
    parameters: Sequence[Array],
    X: Array,
    labels: Labels,
    rng: np.random.Generator,
    *,
    rate: float,
    batch_size: int,
    activation: str,
) -> float:
    """Pass once over the data in random order, a step of gradient descent a batch.

    Taught in backprop/mlp.

    Parameters
    ----------
    parameters : sequence of ndarray
        Changed in place.
    X : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,)
    rng : numpy.random.Generator
        Orders the data.
    rate : float
        Learning rate.
    batch_size : int
        About so many examples a step: the data are divided into equal batches.
    activation : str

    Returns
    -------
    float
        Mean loss of the batches as they were seen, in nats.

    Raises
    ------
    TypeError, ValueError
        As `check_batch` and `activate`, or the batch size is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"expected a batch size of 1 or more, got {batch_size}")
    losses = []
    batches = max(len(X) // batch_size, 1)
    for rows in np.array_split(rng.permutation(len(X)), batches):
        hidden, Z = forward(parameters, X[rows], activation)
        losses.append(cross_entropy(Z, labels[rows]))
        gradients = backward(parameters, hidden, Z, labels[rows], activation)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient
    return float(np.mean(losses))
