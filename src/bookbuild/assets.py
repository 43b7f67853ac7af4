"""Fetch what chapters need before they run, since most profiles run them offline."""

from __future__ import annotations

import importlib
import os
import sys

from bookbuild.fingerprint import Fingerprints
from bookbuild.project import Project, check_profile


def fetch_pending(project: Project, profile: str) -> int:
    """Fetch and check the assets of the chapters that have yet to run.

    An asset that cannot be had stops nothing here: ``LMBOOK_DATA`` may hold what it provides. The
    chapter that misses it will say so.

    Returns
    -------
    int
        Always 0.
    """
    pending = Fingerprints(project, check_profile(profile)).pending()
    names = list(dict.fromkeys(asset for chapter in pending for asset in chapter.assets))
    if not names:
        return 0
    sys.path.insert(0, str(project.src))
    assets = importlib.import_module(f"{project.package}.assets")
    for name in names:
        try:
            assets.fetch(name)
        except assets.AssetError as error:
            users = ", ".join(c.name for c in pending if name in c.assets)
            offline = " (LMBOOK_OFFLINE is set)" if os.environ.get("LMBOOK_OFFLINE") else ""
            print(f"assets: {error}{offline}\nassets: {name!r} is used by {users}", file=sys.stderr)
        else:
            print(f"assets: {name} is there and checked", flush=True)
    return 0
