"""Archives from the package index, through pip."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

from lmbook.assets.registry import Asset, AssetError

_BAR_FROM = 20_000_000  # bytes; smaller downloads need no progress bar


def download(asset: Asset, folder: Path) -> Path:
    """Download an asset's archive into a folder and return its path.

    pip does it, so that mirrors, proxies and certificates set up for pip count here too. pip
    refuses an archive whose SHA-256 is not the registered one, before it looks inside: a source
    archive's ``setup.py``, which pip runs to read the name and version, is one we know.

    Parameters
    ----------
    asset : Asset
    folder : Path
        Where the archive goes. pip's temporary files go here too, so they fill no other disk and
        are removed together with the folder.

    Raises
    ------
    AssetError
        With pip's last lines, if there is no such archive.
    """
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    requirements = folder / "requirements.txt"
    pinned = f"{asset.project}=={asset.version}"
    requirements.write_text(f"{pinned} --hash=sha256:{asset.archive.sha256}\n", encoding="utf-8")

    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--ignore-requires-python"]
    if not asset.archive.file.endswith(".whl"):
        command += ["--no-binary", asset.project]
        if importlib.util.find_spec("setuptools"):  # saves downloading it
            command += ["--no-build-isolation"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]

    status, output = _run(command, temporary, asset)
    archive = folder / asset.archive.file
    if status != 0 or not archive.is_file():
        lines = [line for line in output.splitlines() if line.strip()][-8:]
        raise AssetError(
            f"pip download --no-deps {pinned} ended with exit status {status}; its last lines:\n"
            + "\n".join(f"    {line}" for line in lines)
        )
    return archive


def _run(command: list[str], temporary: Path, asset: Asset) -> tuple[int, str]:
    """Run pip to its end, showing a bar for a large archive; return its status and output."""
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    environment.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    size = asset.archive.size
    with (
        tqdm(
            desc=f"Downloading {asset.name}",
            total=size,
            unit="B",
            unit_scale=True,
            disable=size < _BAR_FROM,
        ) as bar,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=0.5)
                    break
                bar.update(max(0, min(size, _bytes_in(temporary)) - bar.n))
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode == 0:
            bar.update(size - bar.n)
    return process.returncode, output


def _bytes_in(folder: Path) -> int:
    """Return the size of all files below a folder, while another process writes there."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total
