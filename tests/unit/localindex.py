"""Small wheels, registries and a file server: a package index of a test's own."""

import base64
import hashlib
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class FakeAsset:
    """A wheel that pip can fetch, and a registry that describes it."""

    wheel: Path
    registry: Path
    contents: dict[str, bytes]


def make_wheel(folder: Path, contents: dict[str, bytes]) -> Path:
    """Write the wheel ``tiny-data`` 1.0, with these files in the package ``tiny_data``."""
    files = {f"tiny_data/{name}": data for name, data in contents.items()}
    files["tiny_data/__init__.py"] = b"raise RuntimeError('not to be imported')\n"
    return write_wheel(folder, "tiny_data", files)


def write_wheel(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """Write version 1.0 of a project as a wheel of these files."""
    info = f"{name}-1.0.dist-info"
    project = name.replace("_", "-")
    files = dict(files)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()},\n"
        for path, data in files.items()
    )
    files[f"{info}/RECORD"] = record.encode()
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return wheel


def make_registry(path: Path, wheel: Path, contents: dict[str, bytes]) -> Path:
    """Write a registry with the one asset ``tiny``, all of whose files are members."""

    def digest(data: bytes) -> str:
        return f'size = {len(data)}, sha256 = "{hashlib.sha256(data).hexdigest()}"'

    members = ",\n".join(
        f'  {{ path = "tiny_data/{name}", file = "{name}", {digest(data)} }}'
        for name, data in contents.items()
    )
    path.write_text(
        "[tiny]\n"
        'project = "tiny-data"\nversion = "1.0"\nlicence = "none"\nsource = "this test"\n'
        f'archive = {{ file = "{wheel.name}", {digest(wheel.read_bytes())} }}\n'
        f"members = [\n{members},\n]\n",
        encoding="utf-8",
    )
    return path


@dataclass
class FileServer:
    """An HTTP server of a folder's files that counts, and may stall in the middle of a file."""

    url: str
    requests: list[str] = field(default_factory=list)
    stalls: bool = False
    stalled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def count(self, suffix: str) -> int:
        return sum(path.endswith(suffix) for path in self.requests)
