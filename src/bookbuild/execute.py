"""Execute one chapter in a process of its own, and measure it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bookbuild.files import write_atomic
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import (
    BuildError,
    Chapter,
    Project,
    asks_hubs,
    check_profile,
    named_folder,
    tags,
)

CELL_TIMEOUT = 3600  # seconds; a cell that takes longer hangs
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class ChapterFailedError(BuildError):
    """A cell of a chapter failed; the message names it and shows its traceback."""


def execute(project: Project, name: str, profile: str, *, force: bool = False) -> Path:
    """Execute a chapter unless its result is there already.

    Parameters
    ----------
    project : Project
    name : str
        ``mnist/cnn``.
    profile : str
        ``smoke``, ``book`` or ``full``.
    force : bool
        Execute it even if nothing changed.

    Returns
    -------
    Path
        The executed notebook, ``_build/executed/<profile>/<chapter>/<fingerprint>.ipynb``; its
        metadata ``lmbook.run`` holds the measurements.

    Raises
    ------
    ChapterFailedError
        A cell failed. What was executed is kept in ``_build/failed``.
    """
    from filelock import FileLock

    check_profile(profile)
    chapter = project.chapter(name)
    target = Fingerprints(project, profile).executed_path(chapter)
    locks = project.build / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{profile}-{chapter.name.replace('/', '-')}.lock"):
        if target.is_file() and not force:
            return target
        with _turn(locks, alone=chapter.all_threads):
            result = _run(project, chapter, profile, target.stem)
        if Fingerprints(project, profile).executed_path(chapter) != target:
            raise BuildError(
                f"{chapter.name}: code or data changed while the chapter ran, so its result "
                "belongs to neither state; build again"
            )
        write_atomic(target, result)
        for old in target.parent.glob("*.ipynb"):
            if old != target:
                old.unlink(missing_ok=True)
    _failed_path(project, chapter, profile).unlink(missing_ok=True)
    return target


@contextlib.contextmanager
def _turn(locks: Path, *, alone: bool) -> Iterator[None]:
    """Wait until the chapter may run: one that takes every core runs beside no other."""
    from filelock import ReadWriteLock

    lock = ReadWriteLock(str(locks / "cores.db"))
    with lock.write_lock() if alone else lock.read_lock():
        yield


def _failed_path(project: Project, chapter: Chapter, profile: str) -> Path:
    return project.build / "failed" / profile / f"{chapter.name}.ipynb"


def _run(project: Project, chapter: Chapter, profile: str, fingerprint: str) -> bytes:
    """Run a chapter and describe the run in the notebook's metadata."""
    notebook = parameterised(chapter, profile)
    notebook.cells.append(_probe_cell(project))
    scratch = project.build / "scratch" / profile / chapter.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    threads = cores() if chapter.all_threads else 1
    progress = _Progress(chapter.name, len(chapter.notebook["cells"]))
    progress.say(f"starts ({profile}, {threads} thread{'s' if threads > 1 else ''})")
    environment = kernel_environment(project, profile, threads, scratch)
    with _peak_memory() as memory:
        try:
            seconds = _run_cells(chapter, notebook, progress, scratch, environment)
        except ChapterFailedError as error:
            notebook.cells.pop()
            if progress.index >= len(notebook.cells):
                raise BuildError(f"{chapter.name}: its run cannot be described: {error}") from error
            _hide_paths(notebook, project, scratch)
            kept = _failed_path(project, chapter, profile)
            write_atomic(kept, _as_bytes(notebook))
            message = _failure(chapter, notebook, progress.index, error, project.relative(kept))
            raise ChapterFailedError(message) from error
    _check_raising(chapter, notebook)
    probe = json.loads("".join(o["text"] for o in notebook.cells.pop().outputs if "text" in o))
    notebook.metadata.setdefault("lmbook", {})["run"] = {
        "profile": profile,
        "fingerprint": fingerprint,
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(memory.peak / 1e6),
        "threads": threads,
        "hardware": _hardware(probe["processor"], threads),
        "versions": probe["versions"],
        "data": dict.fromkeys(chapter.assets, "embedded") | probe["data"],
        "date": datetime.now(UTC).date().isoformat(),
    }
    _hide_paths(notebook, project, scratch)
    progress.say(f"done in {seconds:.1f} s, peak memory {memory.peak / 1e9:.2f} GB")
    return _as_bytes(notebook)


def _run_cells(
    chapter: Chapter,
    notebook: Any,
    progress: _Progress,
    scratch: Path,
    environment: dict[str, str],
) -> float:
    """Run the cells in a fresh kernel; return the seconds they took.

    Raises
    ------
    ChapterFailedError
        A cell failed, took too long, or ended the kernel.
    BuildError
        There was no kernel to run them, or a signal ended it.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
        client = NotebookClient(
            notebook,
            km=_kernel_manager(sockets),
            timeout=CELL_TIMEOUT,
            coalesce_streams=True,
            on_cell_start=progress.cell_starts,
            on_cell_complete=progress.cell_ends,
        )
        started = time.perf_counter()
        try:
            client.execute(cwd=str(scratch), env=environment, cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise ChapterFailedError(str(error)) from error
        except AssertionError as error:
            if client.km is not None:
                raise
            # What nbclient raises when a signal has made it end the kernel.
            raise BuildError(f"{chapter.name}: interrupted in cell {progress.index}") from error
        except RuntimeError as error:
            raise BuildError(f"{chapter.name}: its kernel did not start: {error}") from error
    return max(0.0, progress.finished - started)


def parameterised(chapter: Chapter, profile: str) -> Any:
    """Return a chapter as a notebook node without outputs, its profile set by an injected cell.

    Outputs of cells tagged ``keep_output`` stay: ``nbval-check-output`` compares with them.
    """
    import logging

    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    logging.getLogger("papermill").setLevel(logging.ERROR)
    notebook = parameterize_notebook(
        load_notebook_node(str(chapter.path)),
        {"profile": profile},
        kernel_name="python3",
        language="python",
    )
    del notebook.metadata["papermill"]
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if cell.cell_type == "code":
            if "keep_output" not in cell.metadata.get("tags", []):
                cell.outputs = []
            # nbval compares with the outputs of cells that have been counted.
            cell.execution_count = 1 if cell.outputs else None
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"].append("remove-cell")
    return notebook


def kernel_environment(
    project: Project, profile: str, threads: int, scratch: Path
) -> dict[str, str]:
    """Return the environment variables of a kernel.

    Parameters
    ----------
    project : Project
    profile : str
    threads : int
        How many cores numerical libraries may use.
    scratch : Path
        Where IPython may keep its own files, away from the user's.
    """
    places = [str(project.src), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, places))),
        "PYTHONHASHSEED": "0",
        "IPYTHONDIR": str(scratch / ".ipython"),
        "LMBOOK_ARTIFACTS": str(project.build / "artifacts" / profile),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
    }
    if not asks_hubs(profile):
        environment["LMBOOK_OFFLINE"] = "1"
    for name in ("LMBOOK_DATA", "LMBOOK_CACHE"):  # the kernel has another working directory
        if folder := named_folder(name):
            environment[name] = str(folder)
    return environment


def cores() -> int:
    """Count the cores that this process may use, a container's quota included."""
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        limit, period = quota.read_text().split()
        if limit != "max":
            count = min(count, max(1, int(limit) // int(period)))
    return count


def _kernel_manager(sockets: str) -> Any:
    """Return a manager whose kernel is this Python.

    Where the system has them, the kernel is spoken to through socket files: kernels that start at
    once on a busy machine can take each other's network ports.
    """
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=_this_python())
    if os.name == "posix":
        manager.transport = "ipc"
        manager.connection_file = str(Path(sockets) / "kernel.json")
    return manager


def _this_python() -> Any:
    """Return kernel specifications that know one kernel: the Python that runs the build."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(
                argv=[
                    *(sys.executable, "-m", "ipykernel_launcher"),
                    *("-f", "{connection_file}", "--log-level=CRITICAL"),
                ],
                display_name="Python 3",
                language="python",
                metadata={"debugger": False},
            )

    return ThisPython()


def _probe_cell(project: Project) -> Any:
    import nbformat

    new_cell: Any = nbformat.v4.new_code_cell
    return new_cell(
        "import json as _json; from bookbuild.probe import report as _report\n"
        f"print(_json.dumps(_report(globals(), {project.package!r})))"
    )


def _as_bytes(notebook: Any) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


@dataclass
class _Memory:
    peak: int = 0  # bytes


@contextlib.contextmanager
def _peak_memory(interval: float = 0.2) -> Iterator[_Memory]:
    """Measure the peak resident memory of this process's descendants: kernel and workers."""
    import psutil

    memory = _Memory()
    done = threading.Event()
    own = psutil.Process()

    def sample() -> None:
        while not done.wait(interval):
            total = 0
            highest = 0
            for process in own.children(recursive=True):
                with contextlib.suppress(psutil.Error, OSError):
                    total += process.memory_info().rss
                    highest = max(highest, _high_water(process.pid))
            memory.peak = max(memory.peak, total, highest)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _high_water(pid: int) -> int:
    """Return the highest memory a process ever had, in bytes, 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(found[1]) * 1024 if found else 0


def _hardware(processor: str, threads: int) -> str:
    return f"{processor}, {threads} thread{'s' if threads > 1 else ''}"


class _Progress:
    """Says what a chapter does: a line at start and end, a counter of cells in a terminal."""

    def __init__(self, name: str, cells: int) -> None:
        self.name, self.cells = name, cells
        self.index = -1
        self.finished = 0.0
        self.terminal = sys.stdout.isatty()

    def say(self, text: str) -> None:
        start = "\r\x1b[K" if self.terminal else ""
        sys.stdout.write(f"{start}{self.name}: {text}\n")
        sys.stdout.flush()

    def cell_starts(self, cell: Any, cell_index: int) -> None:
        self.index = cell_index
        if self.terminal and cell.cell_type == "code":
            sys.stdout.write(
                f"\r\x1b[K{self.name}: cell {min(cell_index, self.cells)} of {self.cells}"
            )
            sys.stdout.flush()

    def cell_ends(self, cell: Any, cell_index: int) -> None:
        if "bookbuild.probe" not in cell.source:
            self.finished = time.perf_counter()


def _failure(chapter: Chapter, notebook: Any, index: int, error: Exception, kept: str) -> str:
    """Write what a person needs to mend a failing cell."""
    cell = notebook.cells[index]
    before = [c for c in notebook.cells[:index] if "injected-parameters" not in tags(c)]
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    traces = [o for o in cell.outputs if o["output_type"] == "error"]
    trace = "\n".join(traces[-1]["traceback"]) if traces else str(error).strip() or repr(error)
    if not sys.stderr.isatty():
        trace = _ANSI.sub("", trace)
    where = f"{chapter.name}: cell {len(before) + 1}"
    return (
        f"{where} failed; it begins\n    {first.strip()}\n\n{trace}\n\n"
        f"{where} failed; what ran until then is in {kept}"
    )


def _check_raising(chapter: Chapter, notebook: Any) -> None:
    """Check that what is shown to fail did fail."""
    shown = [c for c in notebook.cells if "injected-parameters" not in tags(c)]
    for number, cell in enumerate(shown, start=1):
        failed = any(o["output_type"] == "error" for o in cell.get("outputs", []))
        if "raises-exception" in tags(cell) and not failed:
            raise ChapterFailedError(
                f"{chapter.name}: cell {number} is tagged `raises-exception` but ran without an "
                "error; remove the tag, or mend what the cell is to show"
            )


def _hide_paths(notebook: Any, project: Project, scratch: Path) -> None:
    """Take this machine's folders out of the outputs."""
    home = str(Path.home())
    places = [str(scratch), sysconfig.get_path("purelib"), str(project.src), str(project.root)]
    short = ["~" + place.removeprefix(home) for place in places if place.startswith(home + os.sep)]
    folders = "|".join(re.escape(p) for p in sorted({*places, *short}, key=len, reverse=True))
    inside = re.compile(rf"(?:{folders})[/\\]")
    cell_file = re.compile(r"[^\s\"']*[/\\]ipykernel_\d+[/\\]\d+\.py")

    def clean(text: str) -> str:
        text = cell_file.sub("cell", inside.sub("", text))
        return text.replace(home + os.sep, "~" + os.sep)

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = clean(output["text"])
            if "traceback" in output:
                output["traceback"] = [clean(line) for line in output["traceback"]]
                output["evalue"] = clean(output["evalue"])
            for kind, content in output.get("data", {}).items():
                if kind.startswith("text/") and isinstance(content, str):
                    output["data"][kind] = clean(content)
