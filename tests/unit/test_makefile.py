"""The commands of the README, where no other test runs them."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A checkout that shares this one's environment and has a page to serve."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "src", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def start(checkout, *arguments):
    return subprocess.Popen(
        ["make", *arguments],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )


def test_make_serve_shows_the_book_on_this_machine_alone(checkout):
    page = checkout / "_build" / "html" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the book")
    process = start(checkout, "serve", "PORT=0")
    try:
        port = None
        for line in process.stdout:
            if found := re.search(r"Serving HTTP on 127\.0\.0\.1 port (\d+)", line):
                port = found[1]
                break
        assert port, "it said nowhere that it serves"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"the book"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def test_make_serve_without_a_book_says_what_to_do(checkout):
    process = start(checkout, "serve")
    output = process.communicate(timeout=120)[0]
    assert process.returncode != 0
    assert "run make book first" in output


def test_make_clean_removes_what_was_built_and_no_more(checkout):
    (checkout / "_build").mkdir()
    (checkout / "_build" / "page").write_text("")
    assert start(checkout, "clean").wait(60) == 0
    assert not (checkout / "_build").exists()
    assert (checkout / "src").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["book", "PROFILE=tiny"], "expected one of smoke, book, full"),
        (["book", "PYTHON=/nowhere/python3"], "needs Python 3.11 or newer"),
    ],
)
def test_what_make_cannot_do_it_says(arguments, message):
    answer = subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode != 0
    assert message in answer.stdout + answer.stderr, sys.version
