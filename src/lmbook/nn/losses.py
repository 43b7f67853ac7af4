"""Losses derived from likelihoods, in NumPy, with their gradients: chapter backprop/losses.

All of them take raw numbers of a network, logits, and stay finite for any finite logits. They
refuse targets of the wrong shape, kind or range: broadcasting would make a wrong number of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def check_labels(logits: ArrayLike, labels: ArrayLike) -> tuple[Array, Labels]:
    """Refuse logits and class numbers that do not belong together.

    Parameters
    ----------
    logits : array_like of float, shape (n, C)
    labels : array_like of int, shape (n,)
        From 0 to C - 1.

    Returns
    -------
    logits : ndarray of float64, shape (n, C)
    labels : ndarray of int64, shape (n,)

    Raises
    ------
    TypeError
        The labels are no whole numbers, or the logits no real ones.
    ValueError
        A shape does not fit, a label is out of range, or a logit is not finite.
    """
    z, y = _numbers(logits, "logits"), np.asarray(labels)
    if z.ndim != 2 or z.size == 0:
        raise ValueError(
            f"expected logits of shape (n, C), a row for each example, got {z.shape}. "
            "For a single example, pass logits[None]."
        )
    n, classes = z.shape
    if y.shape == z.shape:
        raise ValueError(
            f"expected a class number for each of {n} examples, got a row of {classes} numbers "
            "for each. If the rows are one-hot, pass labels.argmax(axis=1); if they are "
            "probabilities, use soft_cross_entropy."
        )
    if y.shape != (n,):
        raise ValueError(
            f"expected labels of shape ({n},), one for each row of the logits, got {y.shape}. "
            "A column of labels becomes a vector by labels.reshape(-1)."
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(
            f"expected whole numbers as labels, got {y.dtype}. If they are class numbers, "
            "pass labels.astype(int)."
        )
    if y.min() < 0 or y.max() >= classes:
        wrong = y[(y < 0) | (y >= classes)][0]
        raise ValueError(
            f"expected labels from 0 to {classes - 1}, one for each of {classes} columns of the "
            f"logits, got {wrong}. Count classes from 0, or give the network more outputs."
        )
    return z, y.astype(np.int64)


def check_targets(logits: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """Refuse logits and probabilities that do not belong together.

    Parameters
    ----------
    logits : array_like of float, any shape
    targets : array_like of float or bool, same shape
        From 0 to 1.

    Returns
    -------
    logits, targets : ndarray of float64

    Raises
    ------
    TypeError
        One of them holds no real numbers.
    ValueError
        The shapes differ, a target is no probability, or a logit is not finite.
    """
    z, t = _numbers(logits, "logits"), _probabilities(targets, "targets")
    _same_shape(z, t, "logit", "target")
    return z, t


def _same_shape(first: Array, second: Array, one: str, other: str) -> None:
    """Refuse arrays that NumPy would broadcast against each other, and empty ones."""
    if first.shape != second.shape:
        raise ValueError(
            f"expected a {other} for each {one}, got {one}s of shape {first.shape} and {other}s of "
            f"shape {second.shape}. Give both the same shape: left alone, they might be broadcast."
        )
    if not first.size:
        raise ValueError(
            f"expected at least one {one}, got none. Check how the data were selected."
        )


def _numbers(values: ArrayLike, what: str) -> Array:
    """Return finite real numbers as float64."""
    found = np.asarray(values)
    if not (np.issubdtype(found.dtype, np.floating) or np.issubdtype(found.dtype, np.integer)):
        raise TypeError(f"expected numbers as {what}, got {found.dtype}. Pass an array of floats.")
    found = found.astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError(
            f"expected finite {what}, got {found[~np.isfinite(found)][0]}. "
            "Something before the loss has overflowed: look there."
        )
    return found


def _probabilities(values: ArrayLike, what: str) -> Array:
    """Return numbers from 0 to 1 as float64."""
    raw = np.asarray(values)
    found = _numbers(raw.astype(np.float64) if raw.dtype == np.bool_ else raw, what)
    if found.size and (found.min() < 0 or found.max() > 1):
        wrong = found[(found < 0) | (found > 1)][0]
        raise ValueError(
            f"expected {what} from 0 to 1, got {wrong:g}. Turn logits into probabilities by a "
            "softmax or a sigmoid first; class numbers are no probabilities."
        )
    return found


def gaussian_nll(predictions: ArrayLike, targets: ArrayLike, sigma: float = 1.0) -> float:
    """Compute the mean negative log-likelihood of targets with Gaussian noise around predictions.

    It is the mean squared error, divided by 2 sigma², plus a constant (Goodfellow et al. 2016,
    section 5.5). Taught in backprop/losses.

    Parameters
    ----------
    predictions, targets : array_like of float, same shape
    sigma : float
        Standard deviation of the noise, above 0, in the targets' unit.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    TypeError
        Predictions or targets are no real numbers.
    ValueError
        The shapes differ, a number is not finite, or sigma is not positive.
    """
    predictions, targets = check_pairs(predictions, targets, sigma)
    squares = (targets - predictions) ** 2
    return float((squares / (2 * sigma**2)).mean() + np.log(2 * np.pi * sigma**2) / 2)


def check_pairs(predictions: ArrayLike, targets: ArrayLike, sigma: float) -> tuple[Array, Array]:
    """Refuse predictions and targets of different shapes, and a noise that is not positive.

    Parameters
    ----------
    predictions, targets : array_like of float, same shape
    sigma : float

    Returns
    -------
    predictions, targets : ndarray of float64

    Raises
    ------
    TypeError, ValueError
        As `gaussian_nll`.
    """
    guessed, true = _numbers(predictions, "predictions"), _numbers(targets, "targets")
    _same_shape(guessed, true, "prediction", "target")
    if not (np.isfinite(sigma) and sigma > 0):
        raise ValueError(f"expected a standard deviation above 0, got {sigma}. Pass sigma=1.0.")
    return guessed, true


def negative_log_likelihood(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Compute the mean of -log of the probability that each label was given.

    For probabilities that are already there; from logits, use `cross_entropy`, which cannot
    overflow. Taught in backprop/losses.

    Parameters
    ----------
    probabilities : array_like of float, shape (n, C)
        Rows sum to 1.
    labels : array_like of int, shape (n,)
        From 0 to C - 1.

    Returns
    -------
    float
        In nats; infinite where a label was given no probability at all.

    Raises
    ------
    TypeError, ValueError
        As `check_labels`, and if a row holds no probabilities.
    """
    probabilities, labels = check_shares(probabilities, labels)
    with np.errstate(divide="ignore"):
        return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def check_shares(probabilities: ArrayLike, labels: ArrayLike) -> tuple[Array, Labels]:
    """Refuse rows that are no probabilities, and labels that do not belong to them.

    Parameters
    ----------
    probabilities : array_like of float, shape (n, C)
    labels : array_like of int, shape (n,)

    Returns
    -------
    probabilities : ndarray of float64, shape (n, C)
    labels : ndarray of int64, shape (n,)

    Raises
    ------
    TypeError, ValueError
        As `negative_log_likelihood`.
    """
    shares, y = check_labels(_probabilities(probabilities, "probabilities"), labels)
    _rows_of_shares(shares, "probabilities")
    return shares, y


def _rows_of_shares(shares: Array, what: str) -> None:
    sums = shares.sum(axis=1)
    if not np.allclose(sums, 1, atol=1e-6):
        wrong = sums[~np.isclose(sums, 1, atol=1e-6)][0]
        raise ValueError(
            f"expected rows of {what} that sum to 1, got a row that sums to {wrong:g}. "
            "Divide each row by its sum, or pass what comes out of a softmax."
        )


def log_sum_exp(logits: Array) -> Array:
    """Compute log of the sum of exp over the last axis, without overflow.

    Source: Goodfellow et al. 2016, section 4.1. Taught in backprop/losses.

    Parameters
    ----------
    logits : ndarray of float, shape (..., C)

    Returns
    -------
    ndarray, shape (...)
    """
    top = logits.max(axis=-1, keepdims=True)
    total = np.exp(logits - top).sum(axis=-1, keepdims=True)  # from 1 to C
    return (top + np.log(total))[..., 0]  # type: ignore[no-any-return]


def log_softmax(logits: Array) -> Array:
    """Compute the logarithms of the softmax probabilities, without overflow.

    Taught in backprop/losses.

    Parameters
    ----------
    logits : ndarray of float, shape (..., C)

    Returns
    -------
    ndarray, shape (..., C)
        In nats, at most 0.
    """
    return logits - log_sum_exp(logits)[..., None]


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Compute the mean negative log-likelihood of labels under the softmax of logits.

    Source: Goodfellow et al. 2016, section 6.2.2. Taught in backprop/losses.

    Parameters
    ----------
    logits : array_like of float, shape (n, C)
    labels : array_like of int, shape (n,)
        From 0 to C - 1.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    TypeError, ValueError
        As `check_labels`.
    """
    logits, labels = check_labels(logits, labels)
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def cross_entropy_gradient(logits: ArrayLike, labels: ArrayLike) -> Array:
    """Compute the gradient of `cross_entropy` with respect to the logits: (p - y) / n.

    Taught in backprop/losses.

    Parameters
    ----------
    logits : array_like of float, shape (n, C)
    labels : array_like of int, shape (n,)
        From 0 to C - 1.

    Returns
    -------
    ndarray, shape (n, C)

    Raises
    ------
    TypeError, ValueError
        As `check_labels`.
    """
    logits, labels = check_labels(logits, labels)
    pushes = np.exp(log_softmax(logits))  # p: (n, C)
    pushes[np.arange(len(labels)), labels] -= 1  # p - y
    return pushes / len(labels)


def binary_cross_entropy(logits: ArrayLike, targets: ArrayLike) -> float:
    """Compute the mean negative log-likelihood of answers no and yes under the sigmoid of logits.

    Taught in backprop/losses.

    Parameters
    ----------
    logits : array_like of float, any shape
    targets : array_like of float, same shape
        Probability of yes, from 0 to 1; mostly 0 and 1.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    TypeError, ValueError
        As `check_targets`.
    """
    logits, targets = check_targets(logits, targets)
    softplus = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    return float((softplus - targets * logits).mean())


def smooth(labels: Labels, classes: int, amount: float) -> Array:
    """Turn labels into one-hot rows, a part of which is spread over all classes.

    Source: Szegedy et al. 2016, section 7. Taught in backprop/losses.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        From 0 to classes - 1.
    classes : int
    amount : float
        The part, from 0 to 1.

    Returns
    -------
    ndarray, shape (n, classes)
        Rows sum to 1.
    """
    return (1 - amount) * np.eye(classes)[labels] + amount / classes


def soft_cross_entropy(logits: ArrayLike, targets: ArrayLike) -> float:
    """Compute the cross-entropy of the softmax of logits against whole distributions.

    Taught in backprop/losses.

    Parameters
    ----------
    logits : array_like of float, shape (n, C)
    targets : array_like of float, shape (n, C)
        Rows of probabilities, that sum to 1.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    TypeError, ValueError
        As `check_targets`, and if a row of the targets does not sum to 1.
    """
    logits, targets = check_distributions(logits, targets)
    return float(-(targets * log_softmax(logits)).sum(axis=1).mean())


def check_distributions(logits: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """Refuse targets that are no distribution over the classes of the logits.

    Parameters
    ----------
    logits, targets : array_like of float, shape (n, C)

    Returns
    -------
    logits, targets : ndarray of float64, shape (n, C)

    Raises
    ------
    TypeError, ValueError
        As `soft_cross_entropy`.
    """
    z, t = check_targets(logits, targets)
    if z.ndim != 2:
        raise ValueError(
            f"expected logits of shape (n, C), a row for each example, got {z.shape}. "
            "For a single example, pass logits[None] and targets[None]."
        )
    _rows_of_shares(t, "targets")
    return z, t


def weighted_cross_entropy(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> float:
    """Compute the weighted mean of the cross-entropy, each example with its class's weight.

    Taught in backprop/losses.

    Parameters
    ----------
    logits : array_like of float, shape (n, C)
    labels : array_like of int, shape (n,)
        From 0 to C - 1.
    weights : array_like of float, shape (C,)
        Not negative.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    TypeError, ValueError
        As `check_labels`, and if there is not a weight for each class, or a negative one.
    """
    logits, labels = check_labels(logits, labels)
    each = check_weights(weights, logits)[labels]  # (n,)
    losses = -log_softmax(logits)[np.arange(len(labels)), labels]
    return float((each * losses).sum() / each.sum())


def check_weights(weights: ArrayLike, logits: Array) -> Array:
    """Refuse weights that are not one for each class.

    Parameters
    ----------
    weights : array_like of float, shape (C,)
    logits : ndarray, shape (n, C)

    Returns
    -------
    ndarray of float64, shape (C,)

    Raises
    ------
    TypeError, ValueError
        As `weighted_cross_entropy`.
    """
    found = _numbers(weights, "weights")
    if found.shape != (logits.shape[1],):
        raise ValueError(
            f"expected a weight for each of {logits.shape[1]} classes, got shape {found.shape}. "
            "Weights belong to classes, not to examples."
        )
    if found.min() < 0:
        raise ValueError(
            f"expected weights of 0 or more, got {found.min():g}: a negative one would reward "
            "mistakes. Use 1 for a class that is to count as before."
        )
    return found


def focal_loss(logits: ArrayLike, targets: ArrayLike, gamma: float = 2.0) -> Array:
    """Compute the focal loss of each binary answer: its cross-entropy times (1 - p) ** gamma.

    Here p is the probability of the right answer. Source: Lin et al. 2017, equation 4. Taught in
    backprop/losses.

    Parameters
    ----------
    logits : array_like of float, any shape
    targets : array_like of float, same shape
        0 or 1.
    gamma : float
        From 0, which is the cross-entropy, upwards: how fast easy examples lose their weight.

    Returns
    -------
    ndarray, same shape
        In nats, not averaged.

    Raises
    ------
    TypeError, ValueError
        As `check_targets`.
    """
    logits, targets = check_targets(logits, targets)
    log_p = -np.logaddexp(0, np.where(targets > 0.5, -logits, logits))
    return -((-np.expm1(log_p)) ** gamma) * log_p  # expm1(x) is exp(x) - 1


def calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """Compute the expected calibration error: the mean distance of confidence from accuracy.

    Source: Guo et al. 2017, section 2. Taught in backprop/losses.

    Parameters
    ----------
    confidence : array_like of float, shape (n,)
        Probability of the predicted class, from 0 to 1.
    correct : array_like of bool, shape (n,)
    bins : int
        Bins of equal width between 0 and 1.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        The shapes differ, or a number is outside 0 to 1.
    """
    confidence, correct = check_answers(confidence, correct)
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        inside = places == number
        error += abs((confidence - correct)[inside].sum()) / len(confidence)
    return error


def check_answers(confidence: ArrayLike, correct: ArrayLike) -> tuple[Array, Array]:
    """Refuse confidences that are no probabilities, and verdicts that do not belong to them.

    Parameters
    ----------
    confidence : array_like of float, shape (n,)
    correct : array_like of bool, shape (n,)

    Returns
    -------
    confidence, correct : ndarray of float64, shape (n,)

    Raises
    ------
    TypeError, ValueError
        As `calibration_error`.
    """
    sure = _probabilities(confidence, "confidences")
    right = _probabilities(correct, "verdicts")
    _same_shape(sure, right, "confidence", "verdict")
    return sure, right


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Find the temperature whose division of the logits gives the lowest cross-entropy.

    The loss is convex in 1 / T (Guo et al. 2017, section 4.2); bisection finds where its slope
    changes sign. Taught in backprop/losses.

    Parameters
    ----------
    logits : array_like of float, shape (n, C)
        Of data that the network was not trained on.
    labels : array_like of int, shape (n,)
        From 0 to C - 1.

    Returns
    -------
    float
        From 0.01 to 100: one of these ends where the loss has no lowest point between them, as
        for logits that are right everywhere.

    Raises
    ------
    TypeError, ValueError
        As `check_labels`.
    """
    logits, labels = check_labels(logits, labels)
    truth = logits[np.arange(len(labels)), labels].mean()
    low, high = 0.01, 100.0
    for _ in range(60):
        middle = np.sqrt(low * high)
        p = np.exp(log_softmax(logits / middle))  # (n, C)
        expected = (p * logits).sum(axis=1).mean()
        low, high = (middle, high) if expected > truth else (low, middle)
    return float(np.sqrt(low * high))
