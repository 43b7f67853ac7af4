"""What a chapter's outputs depend on, as one hash.

A chapter is executed anew when one of these changes: source or tags of its code cells, the
profile, the content of a module that its cells reach, the pinned environment, the data, the minor
version of Python. Prose, captions and alternative texts change nothing.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bookbuild.files import digest, source_files
from bookbuild.project import BuildError, Chapter, Project, asks_hubs, named_folder, tags

_FORMAT = 1  # raise it when the way chapters are executed changes what they give
_EXECUTION_KEYS = ("assets", "threads")  # the rest of the notebook metadata describes, no more


@dataclass(frozen=True)
class Modules:
    """The package that chapters import: modules, who imports whom, contents."""

    project: Project

    @cached_property
    def _graph(self) -> Any:
        import grimp

        if not (self.project.src / self.project.package / "__init__.py").is_file():
            return None
        sys.path.insert(0, str(self.project.src))
        try:
            return grimp.build_graph(
                self.project.package, cache_dir=None, exclude_type_checking_imports=True
            )
        except grimp.exceptions.SourceSyntaxError as error:
            raise BuildError(f"a module cannot be read: {error}") from error
        finally:
            sys.path.remove(str(self.project.src))

    @cached_property
    def names(self) -> frozenset[str]:
        """Dotted names of all modules."""
        return frozenset(self._graph.modules) if self._graph else frozenset()

    def nearest(self, dotted: str) -> str | None:
        """Find the module a dotted name leads to: itself, else the nearest package above."""
        while dotted:
            if dotted in self.names:
                return dotted
            dotted = dotted.rpartition(".")[0]
        return None

    def closure(self, roots: Iterable[str]) -> frozenset[str]:
        """Return all modules that importing some executes: the packages above them, and so on."""
        reached: set[str] = set()
        waiting = list(roots)
        while waiting:
            module = waiting.pop()
            if module in reached:
                continue
            reached.add(module)
            waiting += self._graph.find_modules_directly_imported_by(module)
            if parent := module.rpartition(".")[0]:
                waiting.append(parent)
        return frozenset(reached)

    def reached(self, chapter: Chapter) -> frozenset[str]:
        """Return the modules that a chapter's code cells reach."""
        named = (self.nearest(name) for name in imported(chapter, self.project.package))
        return self.closure(name for name in named if name)

    @cached_property
    def _contents(self) -> dict[str, str]:
        """Hash of each module: its source, and for a package its files that are no modules."""
        parts: dict[str, list[str]] = {}
        base = self.project.src
        for path in source_files(base / self.project.package):
            inside = path.relative_to(base)
            if path.suffix == ".py" and path.name != "__init__.py":
                owner = self.nearest(".".join(inside.with_suffix("").parts))
            else:
                owner = self.nearest(".".join(inside.parent.parts))
            if owner:
                parts.setdefault(owner, []).append(
                    f"{inside.as_posix()} {digest(path.read_bytes())}"
                )
        return {owner: digest("\n".join(lines).encode()) for owner, lines in parts.items()}

    def content(self, module: str) -> str:
        """Hash the content of a module."""
        return self._contents[module]


def reached_by(project: Project, module: str) -> list[str]:
    """Return the chapters that an edit of a module makes the build execute anew.

    Parameters
    ----------
    project : Project
    module : str
        Dotted name, ``lmbook.plot``, or path, ``src/lmbook/plot.py``.

    Raises
    ------
    BuildError
        There is no such module.
    """
    modules = Modules(project)
    dotted = module
    if module.endswith(".py"):
        path = Path(module) if Path(module).is_absolute() else project.root / module
        if path.is_relative_to(project.src):
            dotted = ".".join(path.relative_to(project.src).with_suffix("").parts)
            dotted = dotted.removesuffix(".__init__")
    if dotted not in modules.names:
        raise BuildError(
            f"no module {module!r} in {project.package}: expected one such as lmbook.plot"
        )
    return [
        name for name, chapter in project.chapters.items() if dotted in modules.reached(chapter)
    ]


def imported(chapter: Chapter, package: str) -> set[str]:
    """Return the dotted names below a package that a chapter's code cells mention.

    Counted are import statements, attributes of imported modules (``import lmbook`` and then
    ``lmbook.plot.curves``), and names in shell lines and strings (``!python -m lmbook.serve``).
    """
    found: set[str] = set()
    mention = re.compile(rf"(?<![\w.]){re.escape(package)}(?:\.\w+)*")
    for cell in chapter.code_cells:
        python, shell = split_magics(cell["source"])
        found.update(mention.findall(shell))
        try:
            tree = ast.parse(python)
        except SyntaxError:  # a cell may show one on purpose
            found.update(mention.findall(python))
            continue
        found.update(_names(tree, package, mention))
    return found


def _names(tree: ast.AST, package: str, mention: re.Pattern[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] == package)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module and node.module.partition(".")[0] == package:
                yield from (f"{node.module}.{a.name}" for a in node.names)
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if mention.fullmatch(dotted):
                yield dotted
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (m for m in mention.findall(node.value) if "." in m)


def split_magics(source: str) -> tuple[str, str]:
    """Split a cell into its Python, line for line, and its shell and magic lines."""
    lines = source.splitlines()
    if lines and lines[0].startswith("%%"):
        magic = lines[0].split()[0]
        if magic not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return "", source
    python, shell = [], []
    for line in lines:
        bare = line.lstrip()
        if bare.startswith(("%", "!")):
            python.append(line[: len(line) - len(bare)] + "pass")
            shell.append(bare)
        else:
            python.append(line)
    return "\n".join(python), "\n".join(shell)


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of a project's chapters in one profile, sharing what they have in common."""

    project: Project
    profile: str

    @cached_property
    def modules(self) -> Modules:
        """The package that chapters import."""
        return Modules(self.project)

    @cached_property
    def _environment(self) -> str:
        requirements = self.project.root / "requirements.txt"
        return (
            digest(requirements.read_bytes()) if requirements.is_file() else "no requirements.txt"
        )

    @cached_property
    def _data(self) -> str:
        # A run that may ask hubs brings the downloads itself: they are no reason for another.
        return data_identity(downloads=not asks_hubs(self.profile))

    def of(self, chapter: Chapter) -> str:
        """Return the fingerprint of a chapter (64 hexadecimal digits)."""
        reached = self.modules.reached(chapter)
        loaders = (f"{self.project.package}.data", f"{self.project.package}.assets")
        uses_data = bool(chapter.assets) or any(m.startswith(loaders) for m in reached)
        parts = {
            "format": _FORMAT,
            "profile": self.profile,
            "python": list(sys.version_info[:2]),
            "device": os.environ.get("LMBOOK_DEVICE", ""),
            "cells": [[cell["source"], sorted(tags(cell))] for cell in chapter.code_cells],
            "metadata": {k: chapter.metadata.get(k) for k in _EXECUTION_KEYS},
            "modules": {m: self.modules.content(m) for m in sorted(reached)},
            "environment": self._environment,
            "data": self._data if uses_data else None,
        }
        return digest(json.dumps(parts, sort_keys=True).encode())

    def executed_path(self, chapter: Chapter) -> Path:
        """Where the executed notebook lies once the chapter has run in its present form."""
        return (
            executed_folder(self.project, self.profile, chapter.name) / f"{self.of(chapter)}.ipynb"
        )

    def pending(self) -> list[Chapter]:
        """Return the chapters that have yet to run, those that take every core last."""
        chapters = [
            c for c in self.project.chapters.values() if not self.executed_path(c).is_file()
        ]
        return sorted(chapters, key=lambda c: c.all_threads)


def executed_folder(project: Project, profile: str, name: str) -> Path:
    """Folder of a chapter's executed notebook."""
    return project.build / "executed" / profile / name


def data_identity(*, downloads: bool) -> str:
    """Say which data chapters find, by names and sizes of files.

    That is what ``LMBOOK_DATA`` holds, and what hubs have left in the cache; the embedded assets
    have their hashes in the package that chapters import.

    Parameters
    ----------
    downloads : bool
        Whether what hubs have left in the cache counts.

    Raises
    ------
    BuildError
        ``LMBOOK_DATA`` names no folder.
    """
    import platformdirs

    place = named_folder("LMBOOK_DATA")
    if place and not place.is_dir():
        raise BuildError(
            f"LMBOOK_DATA: expected a folder, but {str(place)!r} is none; "
            "create it or unset the variable"
        )
    cache = named_folder("LMBOOK_CACHE") or Path(
        platformdirs.user_cache_dir("lmbook", appauthor=False)
    )
    listing = hashlib.sha256()
    for folder in filter(None, (place, cache if downloads else None)):
        for path in source_files(folder):
            inside = path.relative_to(folder)
            if folder == cache and inside.parts[0] in ("assets", "artifacts"):
                continue
            with contextlib.suppress(FileNotFoundError):  # a download's file, gone since listed
                listing.update(f"{inside.as_posix()} {path.stat().st_size}\n".encode())
    return listing.hexdigest()
