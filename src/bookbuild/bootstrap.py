"""Make ``.venv`` and install what ``requirements.txt`` pins; costs nothing where that was done.

Run by ``make`` with whatever Python there is, so it uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"


def main() -> int:
    """Bring the environment up to date; return the exit status."""
    wanted = _wanted()
    if _installed() == wanted:
        return 0
    with _alone():
        done = _installed()
        if done == wanted:
            return 0
        STAMP.unlink(missing_ok=True)
        if not _works():
            print("Making .venv", flush=True)
            if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)]).returncode:
                sys.stderr.write(
                    "Python could not make a virtual environment. Where the system splits Python "
                    "into packages, install the one named python3-venv and run this again.\n"
                )
                return 1
            done = {}
        if done.get("requirements") != wanted["requirements"] and _pip("-r", "requirements.txt"):
            return 1
        if _pip("-q", "--no-deps", "-e", "."):
            return 1
        STAMP.write_text(json.dumps(wanted), "utf-8")
    return 0


def _wanted() -> dict[str, str]:
    contents = {
        "requirements": (ROOT / "requirements.txt").read_bytes(),
        "package": (ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode(),
    }
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _installed() -> dict[str, str]:
    try:
        value: dict[str, str] = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if PYTHON.exists() else {}


def _works() -> bool:
    """Whether there is an environment with pip, of a version that will do."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    with contextlib.suppress(OSError):
        return not subprocess.run([str(PYTHON), "-c", check], stderr=subprocess.DEVNULL).returncode
    return False


def _pip(*arguments: str) -> int:
    """Install something; return pip's exit status, which it has explained itself."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    status = subprocess.run(command, cwd=ROOT).returncode
    if status:
        sys.stderr.write(
            f"pip install {' '.join(arguments)} failed, see above; "
            "run the same command again to go on where it stopped.\n"
        )
    return status


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one installation at a time into the checkout."""
    locks = ROOT / "_build" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / "install.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another installation is under way: waiting for it to end", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
