"""The commands of the README, where no other test runs them."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAMP = """
import json
from bookbuild import bootstrap
bootstrap.STAMP.write_text(json.dumps(bootstrap._wanted()))
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with an environment of its own, which reads the packages of this one.

    It counts as installed, so that `make` asks pip for nothing; if it did, pip would only pretend.
    """
    root = tmp_path / "book"
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "_toc.yml", "_config.yml"):
        shutil.copy(ROOT / name, root)
    venv.create(root / ".venv", symlinks=True, with_pip=False)
    packages = sysconfig.get_path("purelib", vars={"base": str(root / ".venv")})
    places = [root / "src", sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (Path(packages) / "shared.pth").write_text("\n".join(map(str, places)))
    subprocess.run([root / ".venv/bin/python", "-c", STAMP], check=True)
    return root


@contextlib.contextmanager
def started(checkout, *arguments):
    """Run `make`; end it, and all that it has started, at the end of the block."""
    process = subprocess.Popen(
        ["make", *arguments],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            process.stdout.close()


def test_make_serve_shows_the_book_on_this_machine_alone(checkout):
    page = checkout / "_build" / "html" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the book")
    with started(checkout, "serve", "PORT=0") as process:
        port = None
        for line in process.stdout:
            if found := re.search(r"Serving HTTP on 127\.0\.0\.1 port (\d+)", line):
                port = found[1]
                break
        assert port, "it said nowhere that it serves"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"the book"


def test_make_serve_without_a_book_says_what_to_do(checkout):
    with started(checkout, "serve") as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode != 0
    assert "run make book first" in output


def test_make_clean_removes_what_was_built_and_no_more(checkout):
    (checkout / "_build").mkdir(exist_ok=True)
    (checkout / "_build" / "page").write_text("")
    with started(checkout, "clean") as process:
        assert process.wait(60) == 0
    assert not (checkout / "_build").exists()
    assert (checkout / "src").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["book", "PROFILE=tiny"], "expected one of smoke, book, full"),
        (["book", "PYTHON=/nowhere/python3"], "needs Python 3.11 or newer"),
    ],
)
def test_what_make_cannot_do_it_says(checkout, arguments, message):
    with started(checkout, *arguments) as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode != 0
    assert message in output, sys.version
    assert "pip" not in output, "nothing is installed"
