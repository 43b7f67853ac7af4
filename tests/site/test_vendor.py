"""Browser libraries: installed once, replaced as a whole, with clear errors."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sitecheck import ROOT

from bookbuild import vendor


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real lock file and the libraries installed already."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    modules = vendor.install(ROOT)
    shutil.copytree(modules / "mathjax", tmp_path / "node_modules" / "mathjax")
    shutil.copy(modules / ".lock-sha256", tmp_path / "node_modules")
    return tmp_path


def test_files_that_pages_load_are_put_aside(project: Path) -> None:
    """All parts that book.js names are there, and nothing else of MathJax's 60 MB."""
    folder = vendor.prepare(project)
    assert folder == project / "_build" / "vendor"
    for name in vendor.MATHJAX:
        assert (folder / "mathjax" / name).exists(), name
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 4_000_000
    assert not [p for p in folder.parent.iterdir() if p.name != "vendor"]


def test_second_call_does_nothing(project: Path) -> None:
    """The folder for this lock file is left as it is."""
    folder = vendor.prepare(project)
    before = (folder / "mathjax" / "core.js").stat().st_mtime_ns
    assert vendor.prepare(project) == folder
    assert (folder / "mathjax" / "core.js").stat().st_mtime_ns == before


def test_half_written_folder_is_replaced(project: Path) -> None:
    """A folder without its stamp, as a killed build leaves it, is made anew."""
    folder = vendor.prepare(project)
    (folder / "STAMP").unlink()
    (folder / "mathjax" / "core.js").write_text("cut")
    vendor.prepare(project)
    assert (folder / "mathjax" / "core.js").stat().st_size > 100_000


def test_lock_names_no_registry() -> None:
    """The lock file holds versions and checksums, no addresses."""
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert "integrity" in text
    assert '"resolved"' not in text


def test_missing_lock_is_said(tmp_path: Path) -> None:
    """Without a lock file nothing is installed."""
    with pytest.raises(vendor.VendorError, match=r"expected package-lock\.json"):
        vendor.prepare(tmp_path)


def test_failing_npm_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What npm says reaches the reader, with its exit code."""
    (project / "node_modules" / ".lock-sha256").unlink()
    tools = project / "tools"
    tools.mkdir()
    for name, body in {"npm": "echo no such host >&2; exit 7", "node": "exit 0"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(vendor.VendorError, match=r"(?s)exit code 7.*no such host"):
        vendor.prepare(project)


def test_npm_comes_from_the_wheel_without_a_system_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no Node on the PATH, the one of the Python package runs and installs."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert vendor.npm_command()[0].endswith(("python", "python3")) or "-c" in vendor.npm_command()
    shutil.rmtree(project / "node_modules")
    folder = vendor.prepare(project)
    assert (folder / "mathjax" / "startup.js").is_file()
