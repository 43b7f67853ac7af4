"""Browser libraries: installed once, replaced as a whole, with clear errors."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bookbuild import vendor

ROOT = Path(__file__).parents[2]


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A project with the real lock file and nothing installed."""
    for name in ("package.json", vendor.LOCK):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def project(locked: Path) -> Path:
    """A project with the libraries installed already, as they are in the checkout."""
    stamp = ROOT / "node_modules" / ".lock-sha256"
    assert stamp.is_file(), "no browser libraries in node_modules: run `make book` first"
    for name in ("mathjax", "onnxruntime-web"):
        shutil.copytree(ROOT / "node_modules" / name, locked / "node_modules" / name)
    shutil.copy(stamp, locked / "node_modules")
    return locked


def test_files_that_pages_load_are_put_aside(project: Path) -> None:
    folder = vendor.prepare(project)
    assert folder == project / "_build" / "vendor"
    for library, most in (("mathjax", 4_000_000), ("onnxruntime", 15_000_000)):
        for name in (*vendor.LIBRARIES[library].names, "LICENSE"):
            assert (folder / library / name).exists(), name
        files = [p for p in (folder / library).rglob("*") if p.is_file()]
        assert sum(p.stat().st_size for p in files) < most
    assert "Microsoft" in (folder / "onnxruntime" / "LICENSE").read_text(encoding="utf-8")
    assert not [p for p in folder.parent.iterdir() if p.name != "vendor"]


def test_second_call_does_nothing(project: Path) -> None:
    folder = vendor.prepare(project)
    before = (folder / "mathjax" / "core.js").stat().st_mtime_ns
    assert vendor.prepare(project) == folder
    assert (folder / "mathjax" / "core.js").stat().st_mtime_ns == before


def test_half_written_folder_is_replaced(project: Path) -> None:
    folder = vendor.prepare(project)
    (folder / "STAMP").unlink()
    (folder / "mathjax" / "core.js").write_text("cut")
    vendor.prepare(project)
    assert (folder / "mathjax" / "core.js").stat().st_size > 100_000


def test_file_that_a_new_version_lacks_is_said(project: Path) -> None:
    (project / "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm").unlink()
    with pytest.raises(vendor.VendorError, match=r"expected ort-wasm-simd-threaded\.wasm in "):
        vendor.prepare(project)
    assert not (project / "_build" / "vendor").exists()


def test_missing_lock_is_said(tmp_path: Path) -> None:
    with pytest.raises(vendor.VendorError, match=r"expected package-lock\.json"):
        vendor.prepare(tmp_path)


def test_failing_npm_is_said(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # nobody answers there
    monkeypatch.setenv("npm_config_cache", str(locked / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(vendor.VendorError, match=r"(?s)npm ci failed with exit code.*127\.0\.0\.1"):
        vendor.prepare(locked)
    assert not (locked / "_build" / "vendor").exists()


@pytest.mark.network
def test_npm_of_the_wheel_installs(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # no Node of the system's
    folder = vendor.prepare(locked)
    assert (folder / "mathjax" / "startup.js").is_file()
    assert (locked / "node_modules" / "axe-core").is_dir()
