"""The installation that `make` begins with, in a checkout with a package of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import localindex
import pytest

from bookbuild import bootstrap

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "lmbook"
version = "1.0"
"""

BACKEND = """\
from pathlib import Path

from localindex import write_wheel


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    files = {"lmbook.pth": str(Path.cwd() / "src").encode()}
    return write_wheel(Path(wheel_directory), "lmbook", files).name
"""

VERSIONS = "from importlib.metadata import version as v; print(v('lmbook'), v('tiny-data'))"


@pytest.fixture
def checkout(tmp_path: Path, no_index: Path) -> Path:
    """A checkout that asks for one small package, which a folder of wheels holds."""
    localindex.make_wheel(no_index, {"numbers.csv": b"1,2,3\n"})
    root = tmp_path / "the book"  # a space, as folders have
    (root / "src/bookbuild").mkdir(parents=True)
    shutil.copy(bootstrap.__file__, root / "src/bookbuild")
    shutil.copy(localindex.__file__, root)
    (root / "backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "requirements.txt").write_text("tiny-data==1.0\n")
    return root


def install(checkout: Path) -> tuple[int, str]:
    """Run what `make install` runs; return its exit status and all it said."""
    answer = subprocess.run(
        [sys.executable, "-I", "src/bookbuild/bootstrap.py"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return answer.returncode, answer.stdout


def installed(checkout: Path) -> str:
    command = [checkout / ".venv/bin/python", "-c", VERSIONS]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_installs_once_and_again_what_changed_or_broke(checkout: Path) -> None:
    stamp = checkout / ".venv/installed.json"

    status, said = install(checkout)
    assert status == 0, said
    assert "Making .venv" in said
    assert installed(checkout) == "1.0 1.0"
    first = stamp.read_text()

    assert install(checkout) == (0, "")

    with (checkout / "pyproject.toml").open("a") as stream:
        stream.write("# edited\n")
    status, said = install(checkout)
    assert status == 0, said
    assert "Making" not in said and "tiny-data" not in said, "only the package is installed anew"
    second = json.loads(stamp.read_text())
    assert second["package"] != json.loads(first)["package"]
    assert second["requirements"] == json.loads(first)["requirements"]

    (checkout / "requirements.txt").write_text("tiny-data==2.0\n")
    status, said = install(checkout)
    assert status == 1
    assert "pip install -r requirements.txt failed" in said and "Traceback" not in said
    assert not stamp.exists(), "what failed is not taken for done"

    (checkout / "requirements.txt").write_text("tiny-data==1.0\n")
    python = checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")  # as after an upgrade of the system's Python
    status, said = install(checkout)
    assert status == 0, said
    assert "Making .venv" in said
    assert installed(checkout) == "1.0 1.0"
    assert python.readlink() != Path("/nowhere/python3")
