"""Where things are: sources, table of contents, chapters and what they say of themselves."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

PROFILES = ("smoke", "book", "full")

Cell = dict[str, Any]
Notebook = dict[str, Any]


class BuildError(Exception):
    """The build cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Chapter:
    """A notebook of the book.

    Attributes
    ----------
    name : str
        Path below ``chapters/`` without suffix, with forward slashes: ``mnist/cnn``.
    path : Path
        The source notebook.
    notebook : dict
        Its content, as JSON gives it, cells' sources joined to one string.
    """

    name: str
    path: Path
    notebook: Notebook = field(repr=False, compare=False)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the chapter says of itself: the notebook metadata ``lmbook``."""
        value: dict[str, Any] = self.notebook.get("metadata", {}).get("lmbook", {})
        return value

    @property
    def title(self) -> str:
        """The title in the metadata, else the first heading, else the name."""
        if title := self.metadata.get("title"):
            return str(title)
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "markdown" and (
                found := re.search(r"^# (.+)$", cell["source"], re.MULTILINE)
            ):
                return found[1].strip()
        return self.name

    @property
    def assets(self) -> list[str]:
        """Names of the assets that the chapter says it uses."""
        return list(self.metadata.get("assets", []))

    @property
    def all_threads(self) -> bool:
        """Whether the chapter takes every core and therefore runs alone."""
        return bool(self.metadata.get("threads") == "all")

    @property
    def code_cells(self) -> list[Cell]:
        """Its code cells, in order."""
        return [cell for cell in self.notebook["cells"] if cell["cell_type"] == "code"]


@dataclass(frozen=True)
class Project:
    """A checkout of the book.

    Parameters
    ----------
    root : Path
        The folder that holds ``_toc.yml``.
    package : str
        The package that chapters import, below ``src/``.
    """

    root: Path
    package: str = "lmbook"

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Find the checkout around a folder, by default the current one.

        Raises
        ------
        BuildError
            No folder from there upwards holds a ``_toc.yml``.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "_toc.yml").is_file():
                return cls(folder)
        raise BuildError(
            f"no _toc.yml in {start} or above: "
            "run this in a checkout of the book, or name one with --root"
        )

    @property
    def chapters_folder(self) -> Path:
        """Where the sources of the pages are."""
        return self.root / "chapters"

    @property
    def src(self) -> Path:
        """Where the packages are."""
        return self.root / "src"

    @property
    def build(self) -> Path:
        """Where everything generated goes."""
        return self.root / "_build"

    @property
    def source(self) -> Path:
        """The staged sources that Jupyter Book renders."""
        return self.build / "source"

    @property
    def html(self) -> Path:
        """The rendered book."""
        return self.build / "html"

    def relative(self, path: Path) -> str:
        """Write a path as a person in the checkout would type it."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)

    @cached_property
    def documents(self) -> list[str]:
        """Pages in the order of ``_toc.yml``, without suffix: ``chapters/mnist/cnn``."""
        import yaml

        toc = yaml.load(
            (self.root / "_toc.yml").read_text("utf-8"),
            getattr(yaml, "CSafeLoader", yaml.SafeLoader),
        )
        if not isinstance(toc, dict) or "root" not in toc:
            raise BuildError(
                "_toc.yml: expected a mapping with the key `root`; see the file's history"
            )
        return list(dict.fromkeys(_files(toc)))

    def document_path(self, document: str) -> Path | None:
        """Source of a page: the notebook or Markdown file, or None where there is neither."""
        for suffix in (".ipynb", ".md"):
            if (path := self.root / (document + suffix)).is_file():
                return path
        return None

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        """The notebooks of the table of contents, by name, in its order."""
        found = {}
        for document in self.documents:
            path = self.document_path(document)
            if path is not None and path.suffix == ".ipynb":
                name = document.removeprefix("chapters/")
                found[name] = Chapter(name, path, read_notebook(path))
        return found

    def chapter(self, name: str) -> Chapter:
        """Return the chapter of a name (``mnist/cnn``, ``chapters/mnist/cnn.ipynb``).

        Raises
        ------
        BuildError
            There is none; the message lists those there are.
        """
        plain = name.removeprefix("chapters/").removesuffix(".ipynb")
        if plain not in self.chapters:
            known = ", ".join(self.chapters) or "none at all"
            raise BuildError(f"no chapter {name!r} in _toc.yml: expected one of {known}")
        return self.chapters[plain]

    @cached_property
    def configured_repository(self) -> str:
        """The address that ``_config.yml`` gives, without a slash at its end."""
        found = re.search(
            r"^repository:\s*\n(?:[ \t]+.*\n|\s*#.*\n)*?[ \t]+url:[ \t]*[\"']?([^\s\"'#]+)",
            (self.root / "_config.yml").read_text("utf-8") + "\n",
            re.MULTILINE,
        )
        if not found:
            raise BuildError("_config.yml: expected `repository:` with `url:`, found none")
        return found[1].rstrip("/")

    @property
    def repository(self) -> str:
        """The address that pages point at: ``GITHUB_REPOSITORY``, else the configured one."""
        if slug := os.environ.get("GITHUB_REPOSITORY"):
            if not re.fullmatch(r"[\w.-]+/[\w.-]+", slug):
                raise BuildError(f"GITHUB_REPOSITORY: expected owner/name, got {slug!r}")
            return f"https://github.com/{slug}"
        return self.configured_repository


def tags(cell: Cell) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.get("metadata", {}).get("tags", []))


def read_notebook(path: Path) -> Notebook:
    """Read a notebook as plain JSON, each cell's source joined to one string.

    Raises
    ------
    BuildError
        The file is no notebook of format 4.
    """
    try:
        notebook: Notebook = json.loads(path.read_text("utf-8"))
        if notebook["nbformat"] != 4:
            raise ValueError(f"format {notebook['nbformat']}")
        for cell in notebook["cells"]:
            if isinstance(cell["source"], list):
                cell["source"] = "".join(cell["source"])
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(
            f"{path}: expected a notebook of format 4, found something else: {error}"
        ) from error
    return notebook


def named_folder(variable: str) -> Path | None:
    """Return the folder that an environment variable names, as `lmbook.folders` reads it.

    Blanks around it count for nothing, ``~`` is the user's home; None where nothing is left.
    """
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().resolve() if value else None


def asks_hubs(profile: str) -> bool:
    """Whether chapters may ask public hubs: in `full`, unless ``LMBOOK_OFFLINE`` forbids it."""
    offline = os.environ.get("LMBOOK_OFFLINE", "").strip().lower()
    return profile == "full" and offline in ("", "0", "false", "no")


def check_profile(profile: str) -> str:
    """Return the profile, or say which ones there are."""
    if profile not in PROFILES:
        raise BuildError(f"unknown profile {profile!r}: expected one of {', '.join(PROFILES)}")
    return profile


def _files(node: Any) -> Iterator[str]:
    """Yield the files of a table of contents, depth first."""
    if isinstance(node, list):
        for item in node:
            yield from _files(item)
    elif isinstance(node, dict):
        for key in ("root", "file"):
            if key in node:
                yield str(node[key]).removesuffix(".ipynb").removesuffix(".md")
        for key in ("parts", "subtrees", "chapters", "sections", "entries"):
            yield from _files(node.get(key, []))
