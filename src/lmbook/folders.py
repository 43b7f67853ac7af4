"""The folders the book reads from and writes to, and the variables that move them."""

import os
from pathlib import Path

import platformdirs


def _from_environment(variable: str) -> Path | None:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().absolute() if value else None


def cache() -> Path:
    """Return the folder for downloaded files: ``LMBOOK_CACHE``, or the user's cache folder."""
    folder = _from_environment("LMBOOK_CACHE")
    return folder or Path(platformdirs.user_cache_dir("lmbook", appauthor=False))


def local_data() -> Path | None:
    """Return the reader's own data folder, ``LMBOOK_DATA``, or None where it is not set.

    Raises
    ------
    FileNotFoundError
        If the variable names something that is not a folder.
    """
    folder = _from_environment("LMBOOK_DATA")
    if folder is not None and not folder.is_dir():
        raise FileNotFoundError(
            f"LMBOOK_DATA is {str(folder)!r}, and there is no such folder. "
            "Set it to a folder that exists, or unset it to use the book's own data."
        )
    return folder


def artifacts(profile: str) -> Path:
    """Return the folder for trained models: ``LMBOOK_ARTIFACTS``, or one in the cache."""
    return _from_environment("LMBOOK_ARTIFACTS") or cache() / "artifacts" / profile


def hub_allowed() -> bool:
    """Tell whether public hubs may be asked for data: not with ``LMBOOK_OFFLINE=1``."""
    return os.environ.get("LMBOOK_OFFLINE", "").strip().lower() in ("", "0", "false", "no")
