"""Where no browser can be had the tests fail, in a sentence that says what to do."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sitecheck import find_chromium

if TYPE_CHECKING:
    from pathlib import Path

unless_mac = pytest.mark.skipif(
    sys.platform == "darwin", reason="on a Mac browsers are found in /Applications as well"
)


def find() -> str:
    """Look for a browser in a thread of its own: Playwright runs once a thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(find_chromium).result()


def said() -> str:
    """Return the sentence of the failure."""
    with pytest.raises(pytest.fail.Exception) as failure:
        find()
    return str(failure.value)


def program(folder: Path, name: str, body: str) -> Path:
    """Write a program of the shell."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without browsers: the ``PATH`` is this folder, Playwright's own are gone."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    return folder


@unless_mac
def test_nothing_found_is_said(bare: Path) -> None:
    """Without a browser and without apt: what is missing, and three ways to get it."""
    sentence = said()
    assert "need Chromium, and none was found or could be installed: " in sentence
    for way in ("install chromium", ".venv/bin/playwright install chromium", "set CHROMIUM"):
        assert way in sentence


@unless_mac
def test_browser_that_does_not_start_is_passed_over(bare: Path) -> None:
    """A stub that only asks for a snap is no browser; the next one is taken, or the stub named."""
    stub = program(bare, "chromium-browser", "echo 'requires the chromium snap' >&2; exit 1")
    assert f"{stub} does not start" in said()
    real = program(bare, "google-chrome", "echo Chromium 1")
    assert find() == str(real)


@unless_mac
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root installs with apt"
)
def test_what_apt_says_is_told(bare: Path) -> None:
    """The last line of its complaint is in the sentence."""
    program(bare, "apt-get", 'echo first >&2; echo "E: no package $*" >&2; exit 100')
    sentence = said()
    assert "`apt-get update`: E: no package update" in sentence
    assert "`apt-get install -y chromium`: E: no package install -y chromium" in sentence
    assert "first" not in sentence


@pytest.mark.parametrize(("body", "what"), [(None, "is not there"), ("exit 1", "does not start")])
def test_wrong_chromium_variable_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str | None, what: str
) -> None:
    """The variable decides, so what it names must be a browser."""
    path = tmp_path / "no"
    if body:
        program(tmp_path, "no", body)
    monkeypatch.setenv("CHROMIUM", str(path))
    assert said() == f"CHROMIUM names {path}, which {what}; unset it or correct it"
