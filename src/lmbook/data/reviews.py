"""Sentences with a sentiment, positive or negative, that 20 people agreed on.

>>> from lmbook.data import reviews
>>> movies = reviews.load()
>>> movies["train"].features
{'text': Value('string'), 'label': ClassLabel(names=['negative', 'positive']), ...}

Source: C. J. Hutto and E. Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis
of social media text", ICWSM 2014. The chapters on BERT use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from lmbook.assets import fetch

DOMAINS = ("movies", "products", "tweets", "editorials")
LABELS = ("negative", "positive")
AMBIGUOUS = 0.5  # ratings of at most this size have no label

Domain = Literal["movies", "products", "tweets", "editorials"]

_SPLIT_SEED = 2014
_TEST, _VALIDATION = 0.2, 0.1  # shares


@dataclass(frozen=True)
class _Sentence:
    """A rated sentence; ``unit`` names what may not be torn apart by the split."""

    unit: str
    text: str
    rating: float

    @property
    def label(self) -> int:
        return int(self.rating > 0)


def load(domain: Domain = "movies") -> DatasetDict:
    """Return the sentences of a domain as ``train``, ``validation`` and ``test``.

    Each has ``text``, ``label`` (``negative`` or ``positive``: the sign of the rating) and
    ``rating``, the mean of 20 human ratings from −4 to 4. Sentences with a rating of 0.5 or less
    in size are left out, which leaves 10,043 about movies (50.4 % negative), 2,943 about products,
    3,362 tweets and 2,788 from editorials.

    The split, about 70 : 10 : 20, is the same in every run. It keeps the labels' proportions as
    nearly as it can, and never tears apart sentences of one product review or one editorial, nor
    copies of a sentence (which all domains have; 2 among the movies), so that no test sentence
    was seen in training.

    Parameters
    ----------
    domain : str
        ``movies``, ``products``, ``tweets`` or ``editorials``.

    Raises
    ------
    ValueError
        If the domain is another one.
    lmbook.assets.AssetError
        If the sentences cannot be had.
    """
    if domain not in DOMAINS:
        raise ValueError(f"The domain is {domain!r}; expected one of {', '.join(DOMAINS)}.")
    features = Features(
        {
            "text": Value("string"),
            "label": ClassLabel(names=list(LABELS)),
            "rating": Value("float32"),
        }
    )
    splits = _split(_read(domain))
    return DatasetDict(
        {
            name: Dataset.from_dict(
                {
                    "text": [sentence.text for sentence in sentences],
                    "label": [sentence.label for sentence in sentences],
                    "rating": [sentence.rating for sentence in sentences],
                },
                features=features,
            )
            for name, sentences in splits.items()
        }
    )


def _read(domain: str) -> list[_Sentence]:
    """Read the sentences that have a label.

    A line holds an identifier, a rating and a text, separated by tabs. Identifiers of sentences
    that come from one document share what is before the underscore.
    """
    lines = (fetch("reviews") / f"{domain}.tsv").read_text(encoding="utf-8").split("\n")
    units: dict[str, str] = {}
    sentences = []
    for line in filter(None, lines):
        identifier, rating, text = line.split("\t")
        if abs(float(rating)) <= AMBIGUOUS:
            continue
        document = identifier.partition("_")[0]
        # A copy of a sentence goes where its first occurrence goes.
        unit = units.setdefault(" ".join(text.lower().split()), document)
        sentences.append(_Sentence(unit, text.strip(), float(rating)))
    return sentences


def _split(sentences: Sequence[_Sentence]) -> dict[str, list[_Sentence]]:
    """Split whole units at random, those that lean to each label apart."""
    units: dict[str, list[_Sentence]] = {}
    for sentence in sentences:
        units.setdefault(sentence.unit, []).append(sentence)
    names = list(units)
    lean = np.array([np.mean([s.rating for s in units[name]]) > 0 for name in names])
    # RandomState, unlike NumPy's newer generators, promises the same numbers in every version.
    chance = np.random.RandomState(_SPLIT_SEED)
    split_of: dict[str, str] = {}
    for side in (False, True):
        chosen = chance.permutation(np.flatnonzero(lean == side))
        for rank, index in enumerate(chosen):
            share = (rank + 0.5) / len(chosen)
            split_of[names[index]] = (
                "test"
                if share < _TEST
                else "validation"
                if share < _TEST + _VALIDATION
                else "train"
            )
    return {
        split: [sentence for sentence in sentences if split_of[sentence.unit] == split]
        for split in ("train", "validation", "test")
    }
