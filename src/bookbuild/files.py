"""Files that are there as a whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that nobody, not even after a power cut, sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file unless it already has this content, whose time stamp then stays as it is.

    Returns
    -------
    bool
        Whether the file was written.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    write_atomic(path, content)
    return True


def digest(content: bytes) -> str:
    """Hash content (sha256, hexadecimal)."""
    return hashlib.sha256(content).hexdigest()


def tree_digest(folder: Path) -> str:
    """Hash names and contents of all files below a folder; a missing one is like an empty one."""
    total = hashlib.sha256()
    for path in source_files(folder):
        with contextlib.suppress(FileNotFoundError):  # an editor's file, gone since it was listed
            content = hashlib.sha256(path.read_bytes()).digest()
            total.update(path.relative_to(folder).as_posix().encode() + b"\0" + content)
    return total.hexdigest()


def source_files(folder: Path) -> list[Path]:
    """Files below a folder, sorted, without caches and hidden ones."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if n != "__pycache__" and not n.startswith("."))
        found += [
            Path(place, n)
            for n in sorted(names)
            if not n.startswith(".") and not n.endswith(".pyc")
        ]
    return found
