"""Handwritten digits: MNIST, whole where it can be had, else 5,000 of its digits.

>>> from lmbook.data import digits
>>> data = digits.load()
>>> inputs = digits.to_input(data.train_images)  # (n, 1, 28, 28)

Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998. Taught in the chapter ``mnist/cnn``.
"""

import contextlib
import gzip
import hashlib
import http.client
import io
import shutil
import socket
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from lmbook import folders
from lmbook.assets import fetch
from lmbook.assets.store import publish, staging

MEAN, STD = 0.1307, 0.3081  # of the pixels of MNIST's training file, scaled to 0…1

Source = Literal["LMBOOK_DATA", "hub", "embedded"]
Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

_SPLIT_SEED = 1998
_HUB_TIMEOUT = 3.0  # seconds without an answer after which a host counts as out of reach


@dataclass(frozen=True)
class _IdxFile:
    """A file of MNIST as published: a header of big-endian integers, then one byte a value."""

    name: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> int:
        """Bytes before the values."""
        return 4 + 4 * len(self.shape)

    @property
    def size(self) -> int:
        """Bytes of the whole file, not compressed."""
        return self.header + int(np.prod(self.shape))


_FILES = (
    _IdxFile("train-images-idx3-ubyte", (60_000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
    _IdxFile("train-labels-idx1-ubyte", (60_000,), "a25bea736e30d166cdddb491f175f624"),
    _IdxFile("t10k-images-idx3-ubyte", (10_000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
    _IdxFile("t10k-labels-idx1-ubyte", (10_000,), "27ae3e4e09519cfbb04c329615203637"),
)


@dataclass(frozen=True, eq=False)
class Digits:
    """Images and labels in three parts, and where they came from.

    Attributes
    ----------
    train_images, val_images, test_images : torch.Tensor
        ``(n, 28, 28)``, uint8, 0 for paper and 255 for ink.
    train_labels, val_labels, test_labels : torch.Tensor
        ``(n,)``, int64, 0 to 9.
    source : str
        ``LMBOOK_DATA``, ``hub`` (MNIST as torchvision downloads it) or ``embedded``.
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    val_images: torch.Tensor
    val_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    source: Source

    @property
    def full(self) -> bool:
        """Whether this is all of MNIST."""
        return self.source != "embedded"

    @property
    def development(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Training and validation digits joined: what the final fit uses, settings being fixed."""
        return (
            torch.cat([self.train_images, self.val_images]),
            torch.cat([self.train_labels, self.val_labels]),
        )

    def __repr__(self) -> str:
        parts = (self.train_labels, self.val_labels, self.test_labels)
        train, val, test = (f"{len(part):,}" for part in parts)
        return f"{train} training, {val} validation, {test} test digits from {self.source}"


def load(limit: int | None = None) -> Digits:
    """Return the digits from the first source that has them.

    The sources are the folder ``mnist`` in ``LMBOOK_DATA``, MNIST in the cache, MNIST from its
    hosts on the internet (not with ``LMBOOK_OFFLINE=1``; kept in the cache), and the 5,000 digits
    that the package index provides.

    All of MNIST is split 55,000 / 5,000 / 10,000, the test digits being MNIST's own. The 5,000,
    all from MNIST's training file, are split 3,500 / 500 / 1,000. The splits keep the proportions
    of the classes, and are the same in every run, whatever the seed. The digits are mixed: the
    first hundred have every class in about its proportion.

    Parameters
    ----------
    limit : int, optional
        Keep at most this many training, validation and test digits each: for a quick look.

    Raises
    ------
    FileNotFoundError
        If ``LMBOOK_DATA`` is no folder, or its ``mnist`` lacks a file.
    ValueError
        If a file in there is not MNIST's.
    lmbook.assets.AssetError
        If no source is left.
    """
    found = _find()
    if limit is None:
        return found
    parts = {name: part[:limit] for name, part in vars(found).items() if name != "source"}
    return Digits(**parts, source=found.source)


def _find() -> Digits:
    """Go through the sources in their order."""
    local = folders.local_data()
    if local is not None and (local / "mnist").is_dir():
        return _split_full(read_mnist(local / "mnist"), "LMBOOK_DATA")
    arrays = _from_hub(folders.cache() / "mnist")
    if arrays is not None:
        return _split_full(arrays, "hub")
    return _embedded()


def to_input(images: npt.NDArray[np.generic] | torch.Tensor) -> torch.Tensor:
    """Turn images into what the chapters' networks take.

    Parameters
    ----------
    images : numpy.ndarray or torch.Tensor
        ``(n, 28, 28)``, values from 0 to 255.

    Returns
    -------
    torch.Tensor
        ``(n, 1, 28, 28)``, float32, on the same device, with about mean 0 and standard deviation
        1 over MNIST's training file.

    Raises
    ------
    ValueError
        If the shape is another one.
    """
    pixels = torch.as_tensor(images)
    if pixels.ndim != 3 or pixels.shape[1:] != (28, 28):
        raise ValueError(
            f"The images have the shape {tuple(pixels.shape)}; expected (n, 28, 28). "
            "For a single image, pass image[None]."
        )
    # In place, on a copy: for all of MNIST, each new tensor of floats costs more than its sums.
    inputs = pixels.to(torch.float32, copy=True)
    return inputs.div_(255).sub_(MEAN).div_(STD).unsqueeze(1)


def read_mnist(folder: Path) -> list[Images]:
    """Read and check the four files of MNIST, gzipped, from a folder.

    Parameters
    ----------
    folder : Path
        Holds ``train-images-idx3-ubyte.gz`` and the other three.

    Returns
    -------
    list of numpy.ndarray
        uint8, in the order of the files: training images ``(60000, 28, 28)`` and labels
        ``(60000,)``, then test images ``(10000, 28, 28)`` and labels ``(10000,)``.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file cannot be decompressed, or is not the published one.
    """
    return [_read_idx(folder / f"{file.name}.gz", file) for file in _FILES]


def _read_idx(path: Path, file: _IdxFile) -> Images:
    """Read and check one gzipped file of MNIST."""
    if not path.is_file():
        present = ", ".join(sorted(p.name for p in path.parent.iterdir())) or "nothing"
        raise FileNotFoundError(
            f"{path} is missing; the folder holds {present}. "
            "Copy the file there, or unset LMBOOK_DATA to use the book's own digits."
        )
    expected = f"expected {file.size:,} bytes with MD5 {file.md5} after decompression"
    advice = "Copy it again, or unset LMBOOK_DATA to use the book's own digits."
    try:
        raw = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path} ({path.stat().st_size:,} bytes) cannot be decompressed: {error}; "
            f"{expected}. {advice}"
        ) from error
    md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if md5 != file.md5:
        raise ValueError(f"{path} holds {len(raw):,} bytes with MD5 {md5}; {expected}. {advice}")
    return np.frombuffer(raw, np.uint8, offset=file.header).reshape(file.shape).copy()


def _from_hub(folder: Path) -> list[Images] | None:
    """Return MNIST from the cache or, where allowed, from its hosts; None if neither has it."""
    if folder.is_dir():
        with contextlib.suppress(ValueError, FileNotFoundError):
            return read_mnist(folder)
    if not folders.hub_allowed():
        return None
    # torchvision prints what it does, and waits for ever for a host that does not answer.
    timeout = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(_HUB_TIMEOUT)
        with (
            staging(folder) as stage,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            from torchvision.datasets import MNIST

            MNIST(stage, download=True)
            complete = stage / "complete"
            complete.mkdir()
            for file in _FILES:
                shutil.move(stage / "MNIST" / "raw" / f"{file.name}.gz", complete)
            arrays = read_mnist(complete)
            publish(complete, folder)
    except (OSError, RuntimeError, ValueError, http.client.HTTPException):
        return None  # no network, a host's fault or a full disk: the next source serves
    finally:
        socket.setdefaulttimeout(timeout)
    return arrays


def _embedded() -> Digits:
    """Return the 5,000 digits of the package index.

    The file has one row a digit: 784 pixels, line by line, then the label. It is sorted by label;
    here the classes are mixed, in an order that is always the same.
    """
    text = gzip.decompress((fetch("digits") / "mnist_5k.csv.gz").read_bytes())
    table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)
    table = np.random.RandomState(_SPLIT_SEED).permutation(table)
    images, labels = table[:, :784].reshape(-1, 28, 28), table[:, 784].astype(np.int64)
    test, val, train = _stratified(labels, (1_000, 500))
    parts = [(images[rows], labels[rows]) for rows in (train, val, test)]
    return _digits(parts, "embedded")


def _split_full(arrays: list[Images], source: Source) -> Digits:
    """Take 5,000 validation digits out of MNIST's training file."""
    images, raw_labels, test_images, test_labels = arrays
    labels = raw_labels.astype(np.int64)
    val, train = _stratified(labels, (5_000,))
    parts = [(images[rows], labels[rows]) for rows in (train, val)]
    return _digits([*parts, (test_images, test_labels.astype(np.int64))], source)


def _digits(parts: list[tuple[Images, Labels]], source: Source) -> Digits:
    """Make tensors of training, validation and test digits, in this order."""
    train, val, test = ((torch.from_numpy(x), torch.from_numpy(y)) for x, y in parts)
    return Digits(*train, *val, *test, source)


def _stratified(labels: Labels, sizes: tuple[int, ...]) -> list[npt.NDArray[np.int64]]:
    """Split indices into parts of the given sizes and a rest, keeping the classes' proportions.

    The order within a part is mixed, and keeps the proportions in every stretch of it too.
    RandomState, unlike NumPy's newer generators, promises the same numbers in every version.
    """
    chance = np.random.RandomState(_SPLIT_SEED)
    shuffled = chance.permutation(len(labels))
    # A digit's rank is its place among its class, from 0 to 1: cutting by rank is stratified.
    ranks = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        ranks[members] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(ranks, kind="stable")
    return np.split(order, np.cumsum(sizes))
