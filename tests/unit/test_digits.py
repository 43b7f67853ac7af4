"""Digits: every source, and what happens when one of them is wrong."""

import gzip
import hashlib
import os
import re
import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from localindex import FileServer
from torchvision.datasets import MNIST

from lmbook import session
from lmbook.assets import AssetError
from lmbook.data import digits

NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
EMPTY = gzip.compress(b"")


def digest(images: torch.Tensor) -> str:
    return hashlib.sha256(images.numpy().tobytes()).hexdigest()[:16]


def rows(*parts: torch.Tensor) -> set[bytes]:
    return {image.tobytes() for part in parts for image in part.numpy()}


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder with the four files of MNIST, where whoever runs the tests has it."""
    folder = Path(os.environ.get("LMBOOK_DATA", "")).absolute() / "mnist"
    if not folder.is_dir():
        pytest.skip("needs the full MNIST, in the folder mnist of LMBOOK_DATA")
    return folder


@pytest.fixture
def local(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An LMBOOK_DATA whose mnist has four files, none of which is MNIST's."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes(EMPTY)
    monkeypatch.setenv("LMBOOK_DATA", str(folder.parent))
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMBOOK_OFFLINE", "1")


# --- embedded


@pytest.mark.network
@pytest.mark.usefixtures("shared_cache", "offline")
class TestEmbedded:
    def test_shapes_types_and_source(self) -> None:
        data = digits.load()
        assert (data.source, data.full) == ("embedded", False)
        for images, labels, n in (
            (data.train_images, data.train_labels, 3500),
            (data.val_images, data.val_labels, 500),
            (data.test_images, data.test_labels, 1000),
        ):
            assert (images.shape, images.dtype) == ((n, 28, 28), torch.uint8)
            assert (labels.shape, labels.dtype) == ((n,), torch.int64)
            assert labels.bincount().tolist() == [n // 10] * 10

    def test_no_digit_is_in_two_parts(self) -> None:
        data = digits.load()
        assert len(rows(data.train_images, data.val_images, data.test_images)) == 5000

    def test_an_image_shows_its_label(self) -> None:
        """The images' means by class tell the classes apart, so rows and labels belong together."""
        data = digits.load()
        flat, test = (x.flatten(1).float() for x in (data.train_images, data.test_images))
        means = torch.stack([flat[data.train_labels == label].mean(0) for label in range(10)])
        nearest = torch.cdist(test, means).argmin(1)
        assert (nearest == data.test_labels).float().mean() > 0.75

    def test_a_limit_keeps_the_classes_in_proportion(self) -> None:
        data = digits.load(limit=200)
        for labels in (data.train_labels, data.val_labels, data.test_labels):
            assert labels.bincount().tolist() == [20] * 10
        assert data.source == "embedded"
        assert len(digits.load(limit=2000).test_labels) == 1000

    def test_the_split_is_the_same_in_every_run_and_for_every_seed(self) -> None:
        found = set()
        for seed in (0, 1):
            session.start("smoke", seed=seed)
            data = digits.load()
            found.add(
                (digest(data.train_images), digest(data.val_images), digest(data.test_images))
            )
        assert found == {("4c404caf019b5883", "a162ff9ffe19f16d", "37d1a315e2653573")}

    def test_development_is_training_and_validation(self) -> None:
        data = digits.load()
        images, labels = data.development
        assert (images.shape, labels.shape) == ((4000, 28, 28), (4000,))
        assert rows(images) == rows(data.train_images, data.val_images)
        assert (labels[:3500] == data.train_labels).all()

    def test_a_data_folder_without_mnist_is_passed_over(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("LMBOOK_DATA", str(tmp_path))
        assert digits.load().source == "embedded"


def test_no_source_at_all(empty_cache: Path, no_index: Path, offline: None) -> None:
    with pytest.raises(AssetError, match=r"The asset 'digits'(.|\n)*LMBOOK_DATA naming a folder"):
        digits.load()


# --- LMBOOK_DATA


def test_a_data_folder_that_does_not_exist(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LMBOOK_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"LMBOOK_DATA is '.*nowhere', and there is no"):
        digits.load()


def test_a_missing_file_is_named(local: Path) -> None:
    (local / NAMES[0]).unlink()
    with pytest.raises(FileNotFoundError, match=f"{NAMES[0]} is missing; the folder holds t10k"):
        digits.load()


def test_a_truncated_file_is_named_with_what_was_expected(local: Path) -> None:
    whole = gzip.compress(np.random.default_rng(0).bytes(100_000))
    (local / NAMES[0]).write_bytes(whole[:50_000])
    with pytest.raises(ValueError, match="cannot be decompressed") as caught:
        digits.load()
    for part in (
        str(local / NAMES[0]),
        "(50,000 bytes)",
        "expected 47,040,016 bytes with MD5 6bbc9ace898e44ae57da46a324031adb",
        "unset LMBOOK_DATA",
    ):
        assert part in str(caught.value)


def test_a_file_that_is_no_gzip_archive_is_named(local: Path) -> None:
    (local / NAMES[0]).write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match=rf"{re.escape(NAMES[0])} .* cannot be decompressed"):
        digits.load()


def test_a_file_with_other_contents_is_named_with_its_md5(local: Path) -> None:
    (local / NAMES[0]).write_bytes(gzip.compress(bytes(47_040_016)))
    with pytest.raises(ValueError, match=r"holds 47,040,016 bytes with MD5 \w{32}; expected"):
        digits.load()


@pytest.fixture
def full(mnist: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> digits.Digits:
    monkeypatch.setenv("LMBOOK_DATA", str(mnist.parent))
    start = time.perf_counter()
    data = digits.load()
    assert time.perf_counter() - start < 10  # 0.6 s where nothing else runs
    return data


def test_the_full_data(full: digits.Digits) -> None:
    assert (full.source, full.full) == ("LMBOOK_DATA", True)
    assert full.train_images.shape == (55_000, 28, 28)
    assert full.val_images.shape == (5_000, 28, 28)
    assert full.test_images.shape == (10_000, 28, 28)
    for labels in (full.train_labels, full.val_labels, full.test_labels):
        assert labels.dtype == torch.int64
    assert full.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert len(rows(full.train_images, full.val_images)) == 60_000
    images, labels = full.development
    share = full.val_labels.bincount() / labels.bincount()
    assert (share - 1 / 12).abs().max() < 2e-4
    assert digest(full.val_images) == "88b8d6578cc3fa3b"
    pixels = images / 255
    assert (float(pixels.mean()), float(pixels.std())) == pytest.approx(
        (digits.MEAN, digits.STD), abs=1e-4
    )


@pytest.mark.network
def test_the_embedded_digits_are_from_the_training_file(
    full: digits.Digits, shared_cache: Path, offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the docstring says: whoever trains on all of MNIST cannot test on the embedded ones."""
    monkeypatch.delenv("LMBOOK_DATA")
    part = digits.load()
    assert part.source == "embedded"
    embedded = rows(part.train_images, part.val_images, part.test_images)
    assert embedded <= rows(*full.development[:1])
    assert not embedded & rows(full.test_images)


# --- the hub


@pytest.fixture
def hub(
    file_server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> tuple[FileServer, Path]:
    """A server on this machine where torchvision looks for MNIST, and the folder it serves."""
    monkeypatch.setattr(MNIST, "mirrors", [file_server.url])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return file_server, tmp_path / "served"


@pytest.fixture
def mnist_on_hub(
    mnist: Path, hub: tuple[FileServer, Path], monkeypatch: pytest.MonkeyPatch
) -> FileServer:
    """Serve MNIST. Its archives are compressed anew here, so torchvision is told their MD5s."""
    server, served = hub
    resources = []
    for name in NAMES:
        shutil.copyfile(mnist / name, served / name)
        resources.append((name, hashlib.md5((mnist / name).read_bytes()).hexdigest()))
    monkeypatch.setattr(MNIST, "resources", resources)
    return server


def test_the_hubs_files_are_kept_and_used_again(
    mnist_on_hub: FileServer,
    empty_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert digits.load().source == "hub"
    asked = len(mnist_on_hub.requests)
    assert {path.strip("/") for path in mnist_on_hub.requests} == set(NAMES)
    assert sorted(path.name for path in empty_cache.rglob("*ubyte*")) == sorted(NAMES)
    assert capfd.readouterr() == ("", "")

    monkeypatch.setenv("LMBOOK_OFFLINE", "1")
    data = digits.load()
    assert (data.source, len(data.train_labels), data.full) == ("hub", 55_000, True)
    assert len(mnist_on_hub.requests) == asked


def test_a_damaged_copy_of_the_hubs_files_is_fetched_again(
    mnist: Path, mnist_on_hub: FileServer, empty_cache: Path
) -> None:
    digits.load()
    asked = len(mnist_on_hub.requests)
    path = next(empty_cache.rglob(NAMES[1]))
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    assert digits.load().source == "hub"
    assert len(mnist_on_hub.requests) == 2 * asked
    assert path.read_bytes() == (mnist / NAMES[1]).read_bytes()


@pytest.mark.network
def test_a_download_from_the_hub_that_breaks_off_leaves_nothing(
    mnist_on_hub: FileServer, shared_cache: Path
) -> None:
    mnist_on_hub.stalls = True
    assert digits.load().source == "embedded"
    assert not (shared_cache / "mnist").exists()
    assert not list(shared_cache.rglob("*.partial"))


@pytest.mark.network
def test_a_hub_out_of_reach_is_passed_over_quietly(
    shared_cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{port}/"] * 2)
    digits_from = digits.load().source
    output = capfd.readouterr()
    assert digits_from == "embedded"
    assert output.out == ""
    assert "MNIST" not in output.err
    assert not (shared_cache / "mnist").exists()


@pytest.mark.network
def test_a_hub_that_does_not_answer_costs_seconds(
    shared_cache: Path, monkeypatch: pytest.MonkeyPatch, offline: None
) -> None:
    digits.load()  # fetch the embedded ones, which is not to be timed
    monkeypatch.delenv("LMBOOK_OFFLINE")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(MNIST, "mirrors", [url, url])
        start = time.perf_counter()
        assert digits.load().source == "embedded"
        assert time.perf_counter() - start < 15
    assert socket.getdefaulttimeout() is None


@pytest.mark.network
def test_a_wrong_file_from_the_hub_is_not_used(
    hub: tuple[FileServer, Path], shared_cache: Path
) -> None:
    server, served = hub
    for name in NAMES:
        (served / name).write_bytes(EMPTY)
    assert digits.load().source == "embedded"
    assert server.count(".gz") >= 1
    assert not (shared_cache / "mnist").exists()


@pytest.mark.network
def test_offline_asks_no_hub(
    hub: tuple[FileServer, Path], shared_cache: Path, offline: None
) -> None:
    server, _ = hub
    assert digits.load().source == "embedded"
    assert server.requests == []


# --- inputs


def test_inputs_are_normalised_and_have_a_channel() -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images[1] = 255
    inputs = digits.to_input(images)
    assert (inputs.shape, inputs.dtype) == ((2, 1, 28, 28), torch.float32)
    assert float(inputs[0].max()) == pytest.approx(-0.1307 / 0.3081)
    assert float(inputs[1].min()) == pytest.approx((1 - 0.1307) / 0.3081)
    assert images.max() == 255  # not changed in place


def test_inputs_may_be_fractions_and_tensors() -> None:
    grey = torch.full((1, 28, 28), 127.5, dtype=torch.float64)
    assert float(digits.to_input(grey)[0, 0, 0, 0]) == pytest.approx((0.5 - 0.1307) / 0.3081)
    assert float(grey.max()) == 127.5


@pytest.mark.parametrize("shape", [(28, 28), (2, 784), (2, 1, 28, 28), (2, 32, 32)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"have the shape {shape}; expected (n, 28,")):
        digits.to_input(np.zeros(shape, np.uint8))
