"""Claims and exercises that executed notebooks carry in their outputs; there is no other record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bookbuild.project import Notebook


@dataclass(frozen=True)
class ClaimRecord:
    """A measured number as ``lmbook.claims`` left it in an output's metadata.

    Attributes
    ----------
    name, what, text, bound, unit : str
        Key, quantity in words, value as the page shows it, bound in words, unit.
    value, std : float
        Mean and standard deviation, in `unit`.
    n : int
        Number of measurements.
    passed, enforced : bool
        Whether the bound holds, and whether the chapter would have stopped if not.
    """

    name: str
    what: str
    text: str
    bound: str
    unit: str
    value: float
    std: float
    n: int
    passed: bool
    enforced: bool


@dataclass(frozen=True)
class ExerciseRecord:
    """A checked answer: ``passed`` is None where there was no answer yet. `cell` counts from 1."""

    name: str
    passed: bool | None
    cell: int


def claims(notebook: Notebook) -> list[ClaimRecord]:
    """Return the claims of an executed notebook, in order."""
    records = []
    for _, metadata in _output_metadata(notebook):
        if found := metadata.get("lmbook", {}).get("claim"):
            records.append(
                ClaimRecord(
                    name=found["name"],
                    what=found.get("what", found["name"]),
                    text=found.get("text", str(found["value"])),
                    bound=found.get("bound", ""),
                    unit=found.get("unit", ""),
                    value=found["value"],
                    std=found.get("std", 0.0),
                    n=found.get("n", 1),
                    passed=found["passed"],
                    enforced=found.get("enforced", True),
                )
            )
    return records


def exercises(notebook: Notebook) -> list[ExerciseRecord]:
    """Return the checked answers of an executed notebook, in order."""
    return [
        ExerciseRecord(found["name"], found["passed"], number)
        for number, metadata in _output_metadata(notebook)
        if (found := metadata.get("lmbook", {}).get("exercise"))
    ]


def glued(notebook: Notebook) -> list[str]:
    """Return the names that prose may show: everything glued, claims among it."""
    return [
        metadata["scrapbook"]["name"]
        for _, metadata in _output_metadata(notebook)
        if "name" in metadata.get("scrapbook", {})
    ]


def _output_metadata(notebook: Notebook) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, cell in enumerate(notebook["cells"], start=1):
        for output in cell.get("outputs", []):
            yield number, output.get("metadata", {})
