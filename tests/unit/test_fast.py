"""The example, the sprint, and the stages between: what they share, and where they differ."""

import itertools
import statistics
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from torchvision.datasets import MNIST

from lmbook import fast, profiling, train
from lmbook.data import digits


def test_pictures_are_what_torchvision_makes_of_its_own_files(some, tmp_path):
    images, labels = some
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    header = b"\x00\x00\x08\x03" + b"".join(n.to_bytes(4, "big") for n in images.shape)
    (raw / "train-images-idx3-ubyte").write_bytes(header + images.numpy().tobytes())
    header = b"\x00\x00\x08\x01" + len(labels).to_bytes(4, "big")
    (raw / "train-labels-idx1-ubyte").write_bytes(header + labels.to(torch.uint8).numpy().tobytes())
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (raw / name).write_bytes(b"")  # torchvision wants to see all four
    pictures = fast.Pictures(images, labels)
    theirs = MNIST(tmp_path, train=True, transform=pictures.transform)
    assert len(pictures) == len(theirs)
    for index in (0, 17, 599):
        assert torch.equal(pictures[index][0], theirs[index][0])
        assert pictures[index][1] == theirs[index][1]


def test_the_loader_gives_every_image_once_normalised(run, some):
    images, labels = some
    torch.manual_seed(1)
    batches = list(fast.from_loader(images, labels, 64, run))
    assert [len(targets) for _, targets in batches] == [64] * 9 + [24]
    got = torch.cat([inputs for inputs, _ in batches]).flatten(1)
    expected = digits.to_input(images).flatten(1)
    torch.testing.assert_close(got.sum(1).sort()[0], expected.sum(1).sort()[0], atol=2e-3, rtol=0)
    assert not torch.allclose(got[:64], expected[:64]), "it is shuffled"


def test_memory_gives_whole_batches_in_a_new_order_each_pass(some):
    labels = some[1]
    order = torch.arange(600)
    stream = fast.from_memory(order, labels, 256, torch.Generator().manual_seed(3))
    first, second = (torch.cat([x for x, _ in itertools.islice(stream, 2)]) for _ in range(2))
    assert len(set(first.tolist())) == 512 and len(set(second.tolist())) == 512
    assert first.tolist() != second.tolist()
    rows, targets = next(stream)
    assert torch.equal(targets, labels[rows])


def test_too_few_images_are_refused(run, some):
    images, labels = some
    with pytest.raises(ValueError, match="at least one batch of 512 images, got 100"):
        fast.sprint(fast.SprintNet(), images[:100], labels[:100], session=run, seed=0, steps=6)


def test_pooling_first_is_the_same_function():
    torch.manual_seed(0)
    plain, first = fast.ExampleNet(), fast.ExampleNet(pool_first=True)
    first.load_state_dict(plain.state_dict())
    inputs = torch.randn(8, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(plain.eval()(inputs), first.eval()(inputs))
        plain.train()
        assert not torch.equal(plain(inputs), first(inputs)), "dropout is on in training"


def test_stages_change_one_thing_each_and_end_in_the_sprint():
    fields = [f.name for f in fast.STAGES[0].__dataclass_fields__.values()]
    changed = [
        {f for f in fields if getattr(a, f) != getattr(b, f)} - {"name", "images"}
        for a, b in itertools.pairwise(fast.STAGES)
    ]
    assert [len(c) for c in changed[:4]] == [1] * 4
    assert changed[4:] == [
        {"cycle", "batch_size", "rate"},  # a descent
        {"smoothing"},
        {"small", "short", "rate"},  # the small network gains nothing from bfloat16
        {"batch_size", "rate"},  # a larger batch wants a higher rate
    ]
    assert [s.images for s in fast.STAGES] == sorted((s.images for s in fast.STAGES), reverse=True)
    assert fast.STAGES[-1].images == fast.STEPS * fast.BATCH


def test_the_last_stage_takes_the_steps_of_the_sprint(run, some):
    images, labels = some
    stage = replace(fast.STAGES[-1], images=8 * fast.BATCH)
    model, steps = fast.begin(stage, images, labels, session=run, seed=5)
    assert len(list(steps)) == 8
    torch.manual_seed(5)
    ours = fast.sprint(fast.SprintNet(), images, labels, session=run, seed=5, steps=8)
    for a, b in zip(model.state_dict().values(), ours.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("stage", fast.STAGES, ids=lambda stage: stage.name)
def test_every_stage_learns(run, some, stage):
    images, labels = some[0][:512], some[1][:512]
    short = replace(stage, images=6 * fast.BATCH)
    model, steps = fast.begin(short, images, labels, session=run, seed=0)
    before = [p.detach().clone() for p in model.parameters()]
    losses = torch.stack(list(itertools.islice(steps, 6)))
    assert losses.isfinite().all()
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_adadelta_slows_down_after_each_pass(run, some):
    images, labels = some[0][:128], some[1][:128]  # two batches a pass
    model, steps = fast.begin(fast.STAGES[1], images, labels, session=run, seed=0)
    for _ in itertools.islice(steps, 5):
        pass

    torch.manual_seed(0)
    expected = fast.ExampleNet().train()
    optimizer = torch.optim.Adadelta(expected.parameters(), lr=1.0)
    generator = torch.Generator().manual_seed(0)
    batches = fast.from_memory(digits.to_input(images), labels, 64, generator)
    for rate in (1.0, 1.0, 0.7, 0.7, 0.49):
        optimizer.param_groups[0]["lr"] = rate
        inputs, targets = next(batches)
        optimizer.zero_grad()
        F.cross_entropy(expected(inputs), targets).backward()
        optimizer.step()
    for a, b in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_sprint_learns_the_embedded_digits(run, monkeypatch):
    monkeypatch.delenv("LMBOOK_DATA", raising=False)
    monkeypatch.setenv("LMBOOK_OFFLINE", "1")
    data = digits.load()
    torch.manual_seed(0)
    model = fast.sprint(fast.SprintNet(), *data.development, session=run, seed=0, steps=60)
    accuracy = train.evaluate(
        model, digits.to_input(data.test_images), data.test_labels, session=run
    )[1]
    assert accuracy > 95


def test_smoothing_and_schedule_reach_the_loss_and_the_rate(run, some):
    inputs, targets = digits.to_input(some[0][:8]), some[1][:8]
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    expected = F.cross_entropy(model(inputs), targets, label_smoothing=0.1).item()
    optimizer, schedule = fast.adam_cycle(model, 10, 0.5)
    rates = []
    batches = [(inputs, targets)] * 9
    for loss in fast.train_steps(model, batches, optimizer, run, smoothing=0.1, schedule=schedule):
        rates.append(schedule.get_last_lr()[0])
        if len(rates) == 1:
            assert loss.item() == pytest.approx(expected)
            assert not loss.requires_grad
    assert max(rates) == pytest.approx(0.5) and rates[-1] < 1e-4


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_recorded_runs_keep_the_promise_they_are_cited_for(name):
    record = fast.recorded(name)
    assert record["about"]["digits"] == 60_000
    stages = [stage.name for stage in fast.STAGES]
    assert all(one["accuracy"][-1] >= 99.0 for one in record["start"])
    assert statistics.fmean(one["accuracy"] for one in record["ours"]) >= 99.0
    if name == "gpu":  # recorded before there was a last stage
        assert list(record["stages"]) == stages[:-1]
    else:
        assert list(record["stages"]) == list(record["profile"]) == stages
        for parts in record["profile"].values():
            assert list(parts) == [*profiling.PARTS, profiling.REST]
            assert sum(parts.values()) == pytest.approx(100, abs=0.1)
        assert record["about"]["steps"] == fast.STEPS, "the settings changed: record again"
        assert statistics.median(record["ratios"]) >= 60


def test_the_search_judged_what_was_chosen():
    tried = fast.recorded("search")["tried"]
    mean = {
        (one["stage"], *one["settings"].items()): statistics.fmean(one["accuracy"]) for one in tried
    }
    settings = ("batch_size", fast.BATCH), ("steps", fast.STEPS), ("rate", fast.RATE)
    assert mean["larger batch", *settings] >= 99.0
    small = fast.STAGES[7]
    assert mean[small.name, ("steps", small.images // small.batch_size)] >= 99.0
    for stage in fast.STAGES[5:7]:
        assert mean[stage.name, ("images", stage.images)] >= 99.0


def test_an_unknown_record_is_refused():
    with pytest.raises(KeyError, match="no recorded run 'tpu'"):
        fast.recorded("tpu")
