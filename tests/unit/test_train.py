"""The training loop learns, repeats, stops early and refuses what it cannot use."""

import pytest
import torch
from torch import nn

from lmbook import session, train
from lmbook.data.augment import random_affine


@pytest.fixture
def run():
    return session.start("smoke", seed=0, device="cpu")


@pytest.fixture
def blobs():
    """Two classes around two points, which a linear layer can tell apart. (400, 2), (400,)"""
    generator = torch.Generator().manual_seed(1)
    targets = torch.arange(400) % 2
    inputs = torch.randn(400, 2, generator=generator) + 4.0 * targets[:, None]
    return inputs, targets


def linear(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(2, 2)


def test_it_learns_and_says_so(run, blobs):
    model = linear()
    before = train.evaluate(model, *blobs, session=run)
    history = train.fit(model, *blobs, session=run, epochs=20, learning_rate=0.1, batch_size=50,
                        validation=blobs)  # fmt: skip
    loss, accuracy = train.evaluate(model, *blobs, session=run)
    assert accuracy > 97 > before[1]
    assert len(history.loss) == len(history.accuracy) == len(history.rate) == 20
    assert history.val_loss[-1] == pytest.approx(loss, abs=1e-5)
    assert history.loss[0] > history.loss[-1]
    assert history.rate[-1] < 0.001


def test_the_same_seed_gives_the_same_weights_and_another_does_not(run, blobs):
    def weights(seed):
        model = linear()
        train.fit(model, *blobs, session=run, epochs=1, learning_rate=0.1, batch_size=50, seed=seed)
        return model.weight.detach()

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


def test_early_stopping_goes_back_to_the_best_epoch(run, blobs):
    inputs, targets = blobs
    model = linear()
    history = train.fit(model, inputs, targets, session=run, epochs=20, learning_rate=0.5,
                        batch_size=50, validation=(inputs, 1 - targets), patience=2)  # fmt: skip
    assert len(history.loss) == history.best_epoch + 2 < 20
    loss, _ = train.evaluate(model, inputs, 1 - targets, session=run)
    assert loss == pytest.approx(min(history.val_loss), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 500}, "at least one batch of 500 inputs, got 400"),
        ({"patience": 1}, "patience needs validation data"),
    ],
)
def test_bad_settings_are_named(run, blobs, options, message):
    with pytest.raises(ValueError, match=message):
        train.fit(linear(), *blobs, session=run, epochs=1, learning_rate=0.1, **options)


def test_inputs_without_targets_are_named(run, blobs):
    with pytest.raises(ValueError, match="a target for each input, got 400 and 399"):
        train.fit(linear(), blobs[0], blobs[1][1:], session=run, epochs=1, learning_rate=0.1)


def test_a_history_without_validation_has_no_best_epoch():
    with pytest.raises(ValueError, match="no validation data"):
        _ = train.History().best_epoch


@pytest.mark.parametrize("cores", [1, 2])
def test_side_by_side_gives_what_one_after_another_gives(run, blobs, cores):
    def job(seed):
        model = linear(seed)

        def fitted():
            train.fit(model, *blobs, session=run, epochs=2, learning_rate=0.1, batch_size=50,
                      seed=seed, progress=False)  # fmt: skip
            return model.weight.detach(), torch.get_num_threads()

        return fitted

    before = torch.get_num_threads()
    torch.set_num_threads(cores)
    try:
        alone = [job(seed)()[0] for seed in (1, 2, 3)]
        together = train.side_by_side([job(seed) for seed in (1, 2, 3)], session=run)
        assert torch.get_num_threads() == cores
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, (b, _) in zip(alone, together, strict=True))
    assert {threads for _, threads in together} == {1}


def test_side_by_side_passes_a_failure_on(run):
    def fails():
        raise ValueError("this job")

    with pytest.raises(ValueError, match="this job"):
        train.side_by_side([lambda: 1, fails], session=run)


def test_random_affine_varies_within_its_limits_and_repeats():
    image = torch.zeros(200, 1, 28, 28)
    image[:, :, 12:16, 12:16] = 1
    copies = random_affine(image, torch.Generator().manual_seed(0))
    again = random_affine(image, torch.Generator().manual_seed(0))
    assert copies.shape == image.shape and torch.equal(copies, again)
    assert not torch.allclose(copies[0], copies[1])
    rows = (copies.sum(3)[:, 0] * torch.arange(28.0)).sum(1) / copies.sum((1, 2, 3)) - 13.5
    assert rows.abs().max() <= 2.3 and rows.std() > 0.8
    still = random_affine(image, torch.Generator(), degrees=0, scale=0, shift=0)
    assert torch.allclose(still, image, atol=1e-5)


@pytest.mark.gpu
def test_it_trains_on_an_accelerator(blobs):
    if not torch.accelerator.is_available():
        pytest.skip("no CUDA or MPS device here")
    run = session.start("smoke", seed=0)
    model = linear()
    train.fit(model, *blobs, session=run, epochs=20, learning_rate=0.1, batch_size=50)
    assert train.evaluate(model, *blobs, session=run)[1] > 97
