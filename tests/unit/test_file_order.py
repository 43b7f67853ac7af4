"""MNIST's training digits come in the order of their file, or, embedded, in the book's."""

import numpy as np
import pytest
import torch

from lmbook import folders
from lmbook.data import digits
from lmbook.data.digits import read_mnist
from lmbook.data.file_order import training_file

EMPTY = torch.zeros(0)


def digits_from(source, **parts):
    names = ("train_images", "train_labels", "val_images", "val_labels")
    chosen = [parts.get(name, EMPTY) for name in names]
    return digits.Digits(*chosen, EMPTY, EMPTY, source=source)


def test_embedded_digits_keep_the_books_order():
    parts = {
        "train_images": torch.ones(3, 28, 28),
        "val_images": torch.zeros(2, 28, 28),
        "train_labels": torch.tensor([1, 2, 3]),
        "val_labels": torch.tensor([4, 5]),
    }
    images, labels = training_file(digits_from("embedded", **parts))
    assert labels.tolist() == [1, 2, 3, 4, 5]
    assert images.mean((1, 2)).tolist() == [1, 1, 1, 0, 0]


def test_a_folder_without_the_files_is_refused(monkeypatch, tmp_path):
    (tmp_path / "mnist").mkdir()
    monkeypatch.setenv("LMBOOK_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="train-images"):
        training_file(digits_from("LMBOOK_DATA"))


def test_the_hubs_files_are_sought_in_the_cache(monkeypatch, tmp_path):
    (tmp_path / "mnist").mkdir()
    monkeypatch.setenv("LMBOOK_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="train-images"):
        training_file(digits_from("hub"))


def test_the_published_order_is_kept():
    local = folders.local_data()
    if local is None or not (local / "mnist").is_dir():
        pytest.skip("LMBOOK_DATA does not hold MNIST")
    raw_images, raw_labels, _, _ = read_mnist(local / "mnist")
    images, labels = training_file(digits.load(limit=10))
    assert images.shape == (60_000, 28, 28) and images.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]  # as MNIST's file begins
    assert np.array_equal(labels.numpy(), raw_labels) and np.array_equal(images[-1], raw_images[-1])
