"""Losses in NumPy against the library, against finite differences, and on bad input."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from lmbook.nn import losses
from lmbook.plot import losses as drawing

RNG = np.random.default_rng(0)
LOGITS, LABELS = 3 * RNG.normal(size=(50, 7)), RNG.integers(7, size=50)
Z, Y = torch.from_numpy(LOGITS), torch.from_numpy(LABELS)
TARGETS = RNG.random((50, 7))


def test_gaussian_nll_is_the_libraries():
    guesses, targets = RNG.normal(size=(2, 30, 2))
    variance = torch.full((30, 2), 0.09, dtype=torch.float64)
    expected = F.gaussian_nll_loss(
        torch.from_numpy(guesses), torch.from_numpy(targets), variance, full=True
    )
    assert losses.gaussian_nll(guesses, targets, 0.3) == pytest.approx(expected.item(), abs=1e-12)


def test_losses_of_classes_are_the_libraries():
    shares, weights = Z.softmax(1), RNG.uniform(0.1, 4, size=7)
    expected = F.cross_entropy(Z, Y).item()
    assert losses.cross_entropy(LOGITS, LABELS) == pytest.approx(expected, abs=1e-12)
    assert losses.cross_entropy(Z, Y) == pytest.approx(expected, abs=1e-12)
    assert losses.negative_log_likelihood(shares, LABELS) == pytest.approx(expected, abs=1e-12)
    smoothed = losses.soft_cross_entropy(LOGITS, losses.smooth(LABELS, 7, 0.2))
    assert smoothed == pytest.approx(F.cross_entropy(Z, Y, label_smoothing=0.2).item(), abs=1e-12)
    weighted = losses.weighted_cross_entropy(LOGITS, LABELS, weights)
    expected = F.cross_entropy(Z, Y, weight=torch.from_numpy(weights)).item()
    assert weighted == pytest.approx(expected, abs=1e-12)


def test_losses_of_yes_and_no_are_the_libraries():
    targets = torch.from_numpy(TARGETS)
    expected = F.binary_cross_entropy_with_logits(Z, targets).item()
    assert losses.binary_cross_entropy(LOGITS, TARGETS) == pytest.approx(expected, abs=1e-12)
    for gamma in (0.0, 0.5, 2.0):
        expected = sigmoid_focal_loss(Z, targets.round(), alpha=-1, gamma=gamma)
        got = losses.focal_loss(LOGITS, TARGETS.round(), gamma)
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_all_are_finite_and_right_at_logits_of_a_thousand():
    extreme = np.array([[1000.0, -1000.0, 0.0]])
    assert losses.cross_entropy(extreme, [0]) == 0
    assert losses.cross_entropy(extreme, [1]) == 2000
    assert losses.binary_cross_entropy([1000.0, -1000.0], [0.0, 0.0]) == 500
    assert losses.focal_loss([1000.0, -1000.0], [0, 0]).tolist() == [1000, 0]
    np.testing.assert_allclose(losses.cross_entropy_gradient(extreme, [1]), [[1, -1, 0]])
    assert losses.log_sum_exp(extreme).shape == (1,)


def test_the_gradient_is_that_of_autograd():
    logits = Z.clone().requires_grad_()
    F.cross_entropy(logits, Y).backward()
    gradient = losses.cross_entropy_gradient(LOGITS, LABELS)
    np.testing.assert_allclose(gradient, logits.grad, atol=1e-15)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)


def test_the_gradient_leaves_its_input_alone():
    before = LOGITS.copy()
    losses.cross_entropy_gradient(LOGITS, LABELS)
    np.testing.assert_array_equal(LOGITS, before)


def test_no_probability_for_the_label_costs_without_limit_and_without_a_warning():
    assert losses.negative_log_likelihood([[1.0, 0.0]], [1]) == np.inf


def test_the_calibration_error_of_known_cases():
    assert losses.calibration_error([0.75] * 4, [True, True, True, False]) == 0
    assert losses.calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)
    # two bins: 0.2 wrong always (off by 0.2, three of four), 0.9 right (off by 0.1)
    error = losses.calibration_error([0.2, 0.2, 0.2, 0.9], [False, False, False, True])
    assert error == pytest.approx(0.75 * 0.2 + 0.25 * 0.1)


def test_the_temperature_undoes_a_scale_and_has_the_lowest_loss():
    rng = np.random.default_rng(1)
    logits = 2 * rng.normal(size=(20_000, 5))
    shares = np.exp(losses.log_softmax(logits))
    labels = (shares.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert losses.fit_temperature(logits, labels) == pytest.approx(1, abs=0.05)
    found = losses.fit_temperature(3 * logits, labels)
    assert found == pytest.approx(3 * losses.fit_temperature(logits, labels), rel=1e-6)
    lowest = losses.cross_entropy(3 * logits / found, labels)
    for other in (0.99 * found, 1.01 * found):
        assert losses.cross_entropy(3 * logits / other, labels) > lowest


def test_a_temperature_without_a_lowest_loss_is_an_end_of_the_range():
    assert losses.fit_temperature(10 * np.eye(3), [0, 1, 2]) == pytest.approx(0.01, rel=1e-3)
    assert losses.fit_temperature(10 * np.eye(3), [1, 2, 0]) == pytest.approx(100, rel=1e-3)


FOUR = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: losses.cross_entropy(FOUR, [[0], [1], [2], [0]]), ValueError,
         r"expected labels of shape \(4,\).*got \(4, 1\).*reshape"),
        (lambda: losses.cross_entropy(FOUR, np.eye(4)[:, :3]), ValueError, "argmax"),
        (lambda: losses.cross_entropy(FOUR, [0, 1, 2]), ValueError, r"got \(3,\)"),
        (lambda: losses.cross_entropy(FOUR, [0.0, 1.0, 2.0, 0.0]), TypeError, "float64.*astype"),
        (lambda: losses.cross_entropy(FOUR, [True] * 4), TypeError, "whole numbers.*bool"),
        (lambda: losses.cross_entropy(FOUR, [1, 2, 3, 1]), ValueError,
         "from 0 to 2.*got 3.*Count classes from 0"),
        (lambda: losses.cross_entropy(FOUR, [0, -1, 0, 0]), ValueError, "got -1"),
        (lambda: losses.cross_entropy(np.zeros(3), 1), ValueError, r"\(n, C\).*logits\[None\]"),
        (lambda: losses.cross_entropy(np.zeros((0, 3)), []), ValueError, r"\(0, 3\)"),
        (lambda: losses.cross_entropy(FOUR + np.nan, [0] * 4), ValueError, "finite.*nan"),
        (lambda: losses.cross_entropy([["a"]], [0]), TypeError, "expected numbers as logits"),
        (lambda: losses.cross_entropy_gradient(FOUR, [0]), ValueError, "labels of shape"),
        (lambda: losses.fit_temperature(FOUR, [0]), ValueError, "labels of shape"),
        (lambda: losses.binary_cross_entropy(FOUR[:, :1], np.zeros(4)), ValueError,
         r"\(4, 1\).*\(4,\).*broadcast"),
        (lambda: losses.binary_cross_entropy([0.0], [7]), ValueError, "from 0 to 1, got 7"),
        (lambda: losses.binary_cross_entropy([], []), ValueError, "at least one logit"),
        (lambda: losses.focal_loss([0.0], [-0.5]), ValueError, "from 0 to 1, got -0.5"),
        (lambda: losses.negative_log_likelihood([[1.5, -0.5]], [0]), ValueError,
         "probabilities from 0 to 1.*softmax"),
        (lambda: losses.negative_log_likelihood([[0.5, 0.4]], [0]), ValueError,
         "sum to 1, got a row that sums to 0.9"),
        (lambda: losses.soft_cross_entropy(FOUR, [0, 1, 2, 0]), ValueError, "from 0 to 1"),
        (lambda: losses.soft_cross_entropy(FOUR, FOUR), ValueError, "sum to 1"),
        (lambda: losses.soft_cross_entropy([0.0, 0.0], [0.5, 0.5]), ValueError, r"\(n, C\)"),
        (lambda: losses.weighted_cross_entropy(FOUR, [0] * 4, np.ones(4)), ValueError,
         "weight for each of 3 classes"),
        (lambda: losses.weighted_cross_entropy(FOUR, [0] * 4, [1, -1, 1]), ValueError,
         "0 or more, got -1"),
        (lambda: losses.gaussian_nll([[1.0], [2.0]], [1.0, 2.0]), ValueError, "broadcast"),
        (lambda: losses.gaussian_nll([1.0], [1.0], 0.0), ValueError, "above 0, got 0"),
        (lambda: losses.gaussian_nll([1j], [1.0]), TypeError, "complex"),
        (lambda: losses.calibration_error([1.2], [True]), ValueError, "confidences from 0 to 1"),
        (lambda: losses.calibration_error([0.5], [True, False]), ValueError, "verdict"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_chapters_figures():
    bells = drawing.bells([1.0, 2.0], [1.0, 1.5, 3.0], 0.5, xlabel="length (m)")
    assert len(bells.axes) == 3
    for label in (0, 9):
        figure = drawing.pushes(np.full(10, 0.1), label, [str(d) for d in range(10)])
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert "the label" in texts and "+0.90" in texts and "-0.10" in texts
