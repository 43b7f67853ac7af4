"""The dense network in NumPy: gradients against two examiners, and what it says to bad input."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lmbook.nn.dense import (
    activate,
    backward,
    check_batch,
    cross_entropy,
    forward,
    gradient_check,
    initialize,
    sgd_epoch,
    slope,
    softmax,
)

ACTIVATIONS = ["sigmoid", "tanh", "relu"]


def random_network(widths, n, seed=0):
    rng = np.random.default_rng(seed)
    parameters = initialize(widths, rng, "xavier")
    for bias in parameters[1::2]:
        bias += 0.1 * rng.normal(size=bias.shape)
    return parameters, rng.normal(size=(n, widths[0])), rng.integers(widths[-1], size=n)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(2, 2, 2), (7, 4), (20, 16, 8, 4), (5, 9, 9, 9, 3)])
@pytest.mark.parametrize("n", [1, 13])
def test_backward_equals_autograd(widths, n, activation):
    parameters, X, labels = random_network(widths, n)
    hidden, Z = forward(parameters, X, activation)
    tensors = [torch.tensor(p, requires_grad=True) for p in parameters]
    layer = torch.tensor(X)
    for W, b in zip(tensors[:-2:2], tensors[1:-2:2], strict=True):
        layer = getattr(torch, activation)(F.linear(layer, W, b))
    loss = F.cross_entropy(F.linear(layer, *tensors[-2:]), torch.tensor(labels))
    loss.backward()
    assert cross_entropy(Z, labels) == pytest.approx(loss.item(), abs=1e-12)
    gradients = backward(parameters, hidden, Z, labels, activation)
    for ours, theirs in zip(gradients, tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slope_is_the_derivative(activation):
    Z = np.array([-3.0, -0.4, 0.3, 2.5])
    numeric = (activate(Z + 1e-6, activation) - activate(Z - 1e-6, activation)) / 2e-6
    np.testing.assert_allclose(slope(activate(Z, activation), activation), numeric, atol=1e-8)


def test_gradient_check_tells_right_from_wrong_and_puts_parameters_back():
    parameters, X, labels = random_network((6, 5, 3), 8)
    before = [p.copy() for p in parameters]

    def loss(parameters):
        return cross_entropy(forward(parameters, X, "tanh")[1], labels)

    hidden, Z = forward(parameters, X, "tanh")
    gradients = backward(parameters, hidden, Z, labels, "tanh")
    assert max(gradient_check(loss, parameters, gradients)) < 1e-7
    for p, q in zip(parameters, before, strict=True):
        np.testing.assert_array_equal(p, q)
    gradients[2] = 1.01 * gradients[2]
    errors = gradient_check(loss, parameters, gradients)
    assert errors[2] > 1e-3
    assert max(errors[:2] + errors[3:]) < 1e-7


def test_gradient_check_of_two_zero_gradients_finds_no_error():
    parameters = [np.ones((2, 2))]
    assert gradient_check(lambda _: 1.0, parameters, [np.zeros((2, 2))]) == [0.0]


def test_gradient_check_refuses_what_it_cannot_judge():
    with pytest.raises(ValueError, match=r"expected a gradient of shape \(2, 3\), got \(3, 2\)"):
        gradient_check(lambda _: 1.0, [np.ones((2, 3))], [np.ones((3, 2))])
    with pytest.raises(TypeError, match="expected parameters of float64, got float32"):
        gradient_check(lambda _: 1.0, [np.ones(2, np.float32)], [np.ones(2)])


def test_large_logits_do_not_overflow():
    Z = np.array([[1000.0, 0.0], [-1000.0, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(softmax(Z), [[1, 0], [0, 1]], atol=1e-12)
        assert cross_entropy(Z, np.array([1, 1])) == pytest.approx(500)
        assert activate(np.array([-1000.0]), "sigmoid") == 0


@pytest.mark.parametrize(
    ("scheme", "variance"), [("xavier", 2 / 1000), ("he", 2 / 600), (0.2, 0.04)]
)
def test_weights_have_the_promised_variance(scheme, variance):
    W, b = initialize([600, 400], np.random.default_rng(0), scheme)
    assert W.shape == (400, 600)
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert not b.any()


def test_training_learns_and_uses_every_example_once_an_epoch():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4))
    labels = (X[:, 0] > 0).astype(int)
    parameters = initialize([4, 8, 2], rng, "he")
    losses = [
        sgd_epoch(parameters, X, labels, rng, rate=0.5, batch_size=8, activation="relu")
        for _ in range(30)
    ]
    assert losses[-1] < 0.3 < losses[0]


def test_a_batch_larger_than_the_data_is_one_step_of_gradient_descent():
    parameters, X, labels = random_network((4, 3, 2), 5)
    hidden, Z = forward(parameters, X, "tanh")
    gradients = backward(parameters, hidden, Z, labels, "tanh")
    expected = [p - 0.1 * g for p, g in zip(parameters, gradients, strict=True)]
    rng = np.random.default_rng(0)
    sgd_epoch(parameters, X, labels, rng, rate=0.1, batch_size=64, activation="tanh")
    for p, q in zip(parameters, expected, strict=True):
        np.testing.assert_allclose(p, q, atol=1e-14)


W1, B1, W2, B2 = np.ones((3, 4)), np.ones(3), np.ones((2, 3)), np.ones(2)
NETWORK = [W1, B1, W2, B2]
ROWS = np.ones((5, 4))
RIGHT = np.array([0, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("parameters", "X", "labels", "error", "message"),
    [
        (NETWORK[:3], ROWS, RIGHT, ValueError, "weights and biases in turn.*got 3 arrays"),
        ([], ROWS, RIGHT, ValueError, "got 0 arrays"),
        (NETWORK, np.ones((5, 3)), RIGHT, ValueError, r"\(n, 4\).*got \(5, 3\)"),
        (NETWORK, np.ones((5, 2, 2)), RIGHT, ValueError, r"got \(5, 2, 2\); flatten"),
        (NETWORK, np.ones(4), RIGHT, ValueError, r"got \(4,\)"),
        (NETWORK, np.ones((0, 4)), RIGHT, ValueError, "at least one example, got none"),
        (
            NETWORK,
            np.ones((5, 4), int),
            RIGHT,
            TypeError,
            "floating-point numbers in the inputs, got int64",
        ),
        (
            NETWORK,
            ROWS.astype(np.float32),
            RIGHT,
            TypeError,
            "inputs in float64, the type of W1, got float32",
        ),
        (
            [W1.astype(int), *NETWORK[1:]],
            ROWS,
            RIGHT,
            TypeError,
            "floating-point numbers in W1, got int64",
        ),
        (NETWORK, torch.ones(5, 4), RIGHT, TypeError, r"got Tensor.*cpu\(\)\.numpy\(\)"),
        (NETWORK, ROWS.tolist(), RIGHT, TypeError, "NumPy array, got list"),
        (
            [W1, B1, W2.T, B2],
            ROWS,
            RIGHT,
            ValueError,
            r"W2 of shape \(units out, 3\), got \(3, 2\)",
        ),
        ([W1, B1[None], W2, B2], ROWS, RIGHT, ValueError, r"b1 of shape \(3,\).*got \(1, 3\)"),
        ([B1, B1, W2, B2], ROWS, RIGHT, ValueError, r"W1 of shape.*got \(3,\)"),
        (NETWORK, ROWS, RIGHT[:4], ValueError, r"labels of shape \(5,\).*got \(4,\)"),
        (NETWORK, ROWS, np.eye(2, dtype=int)[RIGHT], ValueError, r"argmax"),
        (NETWORK, ROWS, RIGHT.astype(float), TypeError, "array of integers, got float64"),
        (NETWORK, ROWS, RIGHT.tolist(), TypeError, "array of integers, got list"),
        (NETWORK, ROWS, RIGHT + 1, ValueError, "labels from 0 to 1.*got 1 to 2"),
        (NETWORK, ROWS, RIGHT - 1, ValueError, "labels from 0 to 1.*got -1 to 0"),
    ],
)
def test_bad_batches_are_refused_in_words(parameters, X, labels, error, message):
    with pytest.raises(error, match=message):
        check_batch(parameters, X, labels)


def test_forward_and_backward_refuse_bad_batches():
    with pytest.raises(ValueError, match=r"expected inputs of shape \(n, 4\)"):
        forward(NETWORK, np.ones((5, 3)), "relu")
    hidden, Z = forward(NETWORK, ROWS, "relu")
    with pytest.raises(ValueError, match="expected labels from 0 to 1"):
        backward(NETWORK, hidden, Z, RIGHT + 5, "relu")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="expected sigmoid, tanh or relu, got 'gelu'"):
        activate(ROWS, "gelu")
    with pytest.raises(ValueError, match="expected sigmoid, tanh or relu, got 'gelu'"):
        slope(ROWS, "gelu")
    with pytest.raises(ValueError, match=r"expected xavier, he or a standard.*got 'glorot'"):
        initialize([3, 2], np.random.default_rng(0), "glorot")


def test_a_batch_size_below_one_is_refused():
    with pytest.raises(ValueError, match="expected a batch size of 1 or more, got 0"):
        sgd_epoch(
            NETWORK, ROWS, RIGHT, np.random.default_rng(0), rate=0.1, batch_size=0,
            activation="relu",
        )  # fmt: skip
