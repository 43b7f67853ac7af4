"""The whole build: one at a time in a checkout, and nothing loaded when there is nothing to do."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from bookbuild import render
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import Project, check_profile


def build(project: Project, profile: str, jobs: int) -> int:
    """Execute what changed and render what changed.

    Parameters
    ----------
    project : Project
    profile : str
    jobs : int
        How many chapters may run at once.

    Returns
    -------
    int
        0 when the book is up to date, 1 when a chapter or a page failed.
    """
    check_profile(profile)
    with _alone(project, profile):
        started = time.perf_counter()
        pending = Fingerprints(project, profile).pending()
        if not pending and render.up_to_date(project, profile):
            where = project.relative(project.html / "index.html")
            chapters = _count(len(project.chapters), "chapter")
            print(
                f"Nothing to do: {chapters} ({profile}) and their pages are up to date, see {where}"
            )
            return 0
        print(
            f"{_count(len(pending), 'chapter')} of {len(project.chapters)} to execute ({profile})",
            flush=True,
        )
        code = _run_tasks(project, profile, jobs)
        print(f"Build {'failed' if code else 'done'} after {time.perf_counter() - started:.0f} s")
        return code


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _run_tasks(project: Project, profile: str, jobs: int) -> int:
    from doit.cmd_base import ModuleTaskLoader
    from doit.doit_cmd import DoitMain
    from doit.reporter import ConsoleReporter

    from bookbuild.graph import tasks

    class Reporter(ConsoleReporter):  # type: ignore[misc]
        """Names what failed at the end; the tasks' own output says the rest."""

        def execute_task(self, task: object) -> None:
            pass

        def skip_uptodate(self, task: object) -> None:
            pass

        def _write_failure(self, result: object, *_: object, **__: object) -> None:
            pass

        def complete_run(self) -> None:
            broken = [f["task"].name for f in self.failures if f["task"].actions]
            if broken:
                sys.stderr.write(f"Failed: {', '.join(broken)}\n")
            for message in self.runtime_errors:
                sys.stderr.write(f"{message}\n")

    namespace = tasks(project, profile)
    namespace["DOIT_CONFIG"] = namespace["DOIT_CONFIG"] | {
        "reporter": Reporter,
        "num_process": jobs if jobs > 1 else 0,
    }
    code = DoitMain(ModuleTaskLoader(namespace)).run(["run"])
    return 1 if code else 0


@contextlib.contextmanager
def _alone(project: Project, profile: str) -> Iterator[None]:
    """Hold the checkout's build lock; while another build has it, wait and say for whom."""
    from filelock import FileLock, Timeout

    locks = project.build / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    holder = locks / "build.holder"
    lock = FileLock(locks / "build.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = holder.read_text("utf-8") if holder.is_file() else "a process unknown"
        print(f"Another build is under way ({who}): waiting for it to end", flush=True)
        lock.acquire()
    try:
        holder.write_text(
            f"process {os.getpid()}, profile {profile}, since {time.strftime('%H:%M:%S')}", "utf-8"
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
