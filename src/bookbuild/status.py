"""The status page: what was executed, where, how long it took, and which claims hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bookbuild.claims import ClaimRecord
from bookbuild.project import Chapter

_HEAD = """# Status

Everything on this page was measured while the book was built; nothing is typed by hand.

"""


def page(runs: Sequence[tuple[Chapter, dict[str, Any], list[ClaimRecord]]]) -> str:
    """Write the page.

    Parameters
    ----------
    runs : sequence of (Chapter, run, claims)
        The measurements and claims of each chapter, in the order of the book.

    Returns
    -------
    str
        MyST, meant for ``chapters/appendix/status.md``.
    """
    parts = [_HEAD, "## Chapters\n\n"]
    parts.append(
        table(
            ["Chapter", "Time", "Peak memory", "Hardware", "Data", "Profile", "Last verified"],
            "lrrllll",
            (
                [
                    _link(chapter),
                    seconds(run["seconds"]),
                    memory(run["peak_memory_mb"]),
                    run["hardware"],
                    data(run["data"]),
                    run["profile"],
                    run["date"],
                ]
                for chapter, run, _ in runs
            ),
        )
    )
    names = sorted(
        {n for _, run, _ in runs for n in run["versions"]}, key=lambda n: (n != "python", n)
    )
    parts.append("\n## Versions\n\n")
    parts.append(
        table(
            ["Chapter", *("Python" if name == "python" else name for name in names)],
            "l" * (1 + len(names)),
            (
                [_link(chapter), *(run["versions"].get(name, "") for name in names)]
                for chapter, run, _ in runs
            ),
        )
    )
    parts.append("\n## Claims\n")
    for chapter, _, made in runs:
        rows = [[c.what, f"`{c.name}`", c.text, str(c.n), c.bound, _verdict(c)] for c in made]
        head = ["What", "Name", "Measured", "n", "Promised", "Verdict"]
        parts.append(f"\n### {chapter.title}\n\n")
        parts.append(table(head, "llrrrl", rows) if rows else "It claims no number.\n")
    return "".join(parts)


def table(head: Sequence[str], alignment: str, rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table; `alignment` holds ``l`` or ``r`` for each column."""
    lines = [_row(head), _row([{"l": ":---", "r": "---:"}[a] for a in alignment])]
    lines += [_row([_cell(value) for value in row]) for row in rows]
    return "\n".join(lines) + "\n"


def _row(values: Sequence[str]) -> str:
    return "| " + " | ".join(values) + " |"


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ")


def _link(chapter: Chapter) -> str:
    return f"[{chapter.title}](../{chapter.name}.ipynb)"


def _verdict(claim: ClaimRecord) -> str:
    if claim.passed:
        return "holds"
    return "fails" if claim.enforced else "fails (not enforced in this profile)"


def seconds(value: float) -> str:
    """Write a duration: ``4.2 s``, ``1 min 32 s``."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def memory(megabytes: float) -> str:
    """Write an amount of memory: ``310 MB``, ``1.2 GB``."""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def data(sources: dict[str, str]) -> str:
    """Write where data came from: ``digits (embedded)``."""
    return ", ".join(f"{name} ({source})" for name, source in sources.items())
