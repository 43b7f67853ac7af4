"""Reviews: what is in them, and that the split leaks nothing."""

import hashlib

import pytest
from datasets import DatasetDict

from lmbook.assets import fetch
from lmbook.data import reviews

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("shared_cache")]

COUNTS = {"movies": 10_043, "products": 2_943, "tweets": 3_362, "editorials": 2_788}
NEGATIVE = {"movies": 50.4, "products": 41.4, "tweets": 31.6, "editorials": 60.5}


def labels(data: DatasetDict) -> list[int]:
    return [label for split in data.values() for label in split["label"]]


@pytest.mark.parametrize("domain", reviews.DOMAINS)
def test_sizes_and_balance(domain: reviews.Domain) -> None:
    data = reviews.load(domain)
    assert list(data) == ["train", "validation", "test"]
    found = labels(data)
    assert len(found) == COUNTS[domain]
    assert round(100 * (1 - sum(found) / len(found)), 1) == NEGATIVE[domain]
    for name, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2)):
        assert len(data[name]) / len(found) == pytest.approx(share, abs=0.03)


def test_movies_are_the_default_and_stratified() -> None:
    data = reviews.load()
    assert {name: len(split) for name, split in data.items()} == {
        "train": 7030,
        "validation": 1005,
        "test": 2008,
    }
    overall = sum(labels(data)) / 10_043
    for split in data.values():
        assert sum(split["label"]) / len(split) == pytest.approx(overall, abs=0.001)


def test_features() -> None:
    data = reviews.load()
    features = data["train"].features
    assert list(features) == ["text", "label", "rating"]
    assert features["label"].names == ["negative", "positive"]
    assert (features["text"].dtype, features["rating"].dtype) == ("string", "float32")


@pytest.mark.parametrize("domain", reviews.DOMAINS)
def test_labels_are_the_signs_of_clear_ratings(domain: reviews.Domain) -> None:
    for split in reviews.load(domain).values():
        for text, label, rating in zip(split["text"], split["label"], split["rating"], strict=True):
            assert text == text.strip() != ""
            assert 0.5 < abs(rating) <= 4
            assert label == (rating > 0)


@pytest.mark.parametrize("domain", reviews.DOMAINS)
def test_no_sentence_is_in_two_splits(domain: reviews.Domain) -> None:
    data = reviews.load(domain)
    texts = [{" ".join(text.lower().split()) for text in split["text"]} for split in data.values()]
    assert sum(map(len, texts)) == len(set.union(*texts)) < COUNTS[domain]  # copies stay together


@pytest.mark.parametrize("domain", ["products", "editorials"])
def test_no_document_is_in_two_splits(domain: reviews.Domain) -> None:
    documents: dict[str, str] = {}
    lines = (fetch("reviews") / f"{domain}.tsv").read_text(encoding="utf-8").splitlines()
    for identifier, _, text in (line.split("\t") for line in lines):
        documents.setdefault(text.strip(), identifier.split("_")[0])  # copies: the first's
    splits: dict[str, set[str]] = {}
    for name, split in reviews.load(domain).items():
        for text in split["text"]:
            splits.setdefault(documents[text], set()).add(name)
    assert len(splits) > 200
    torn = [document for document, names in splits.items() if len(names) > 1]
    assert torn == []


def test_the_split_is_the_same_in_every_run() -> None:
    texts = "\n".join(reviews.load()["test"]["text"])
    assert hashlib.sha256(texts.encode()).hexdigest()[:16] == "b05125486f715a8f"


def test_an_unknown_domain_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'books'; expected one of movies, products, tweets, ed"):
        reviews.load("books")  # type: ignore[arg-type]
