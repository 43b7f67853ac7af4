"""Real builds of a small book: what runs again, what is rendered again, what a failure leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from processes import ended
from toybook import Toy, code, markdown

from bookbuild.execute import kernel_environment
from bookbuild.project import PROFILES, Project
from lmbook import folders


@dataclass
class Built:
    """A book that two builds at once have made, and what they said."""

    toy: Toy
    codes: list[int]
    outputs: list[str]
    ran: list[str]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    toy = Toy.make(tmp_path_factory.mktemp("book"))
    first = toy.start("build")
    holder = toy.root / "_build/locks/build.holder"
    wait_for(holder.exists, "the first build to take the lock")
    second = toy.start("build")
    outputs = [process.communicate(timeout=180)[0] for process in (first, second)]
    yield Built(toy, [first.returncode, second.returncode], outputs, toy.ran)


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Toy:
    """The built book in a place of its own; its pages count as up to date, its chapters too."""
    shutil.copytree(built.toy.root, tmp_path / "copy", symlinks=True)
    return Toy(tmp_path / "copy")


def times(folder: Path, pattern: str) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob(pattern)}


def test_two_builds_at_once_run_each_chapter_once(built: Built) -> None:
    assert built.codes == [0, 0], built.outputs
    assert built.ran == ["alpha", "beta", "gamma"]
    assert "Another build is under way (process " in built.outputs[1]
    assert "profile book" in built.outputs[1]
    assert "Nothing to do" in built.outputs[1]


def test_what_a_build_says(built: Built) -> None:
    said = built.outputs[0]
    for name in ("alpha", "beta", "gamma"):
        assert f"part/{name}: starts (book, 1 thread)" in said
        assert f"part/{name}: done in " in said
    assert "\r" not in said, "a counter of cells belongs into terminals alone"


def test_run_is_recorded(built: Built) -> None:
    run = built.toy.executed("alpha")["metadata"]["lmbook"]["run"]
    assert run["profile"] == "book" and run["threads"] == 1
    assert 0 < run["seconds"] < 60
    assert 20 < run["peak_memory_mb"] < 1000  # a Python kernel without torch
    assert run["hardware"].endswith(", 1 thread")
    assert run["versions"]["python"].count(".") == 2
    assert abs(date.fromisoformat(run["date"]) - datetime.now(UTC).date()) <= timedelta(days=1)


def test_nothing_changed_runs_nothing_and_takes_no_time(built: Built) -> None:
    pages = times(built.toy.root / "_build/html", "*.html")
    started = time.monotonic()
    status, said = built.toy.run("build")
    assert status == 0 and "Nothing to do" in said
    assert time.monotonic() - started < 10
    assert built.toy.ran == []
    assert times(built.toy.root / "_build/html", "*.html") == pages


def test_prose_edit_runs_nothing_and_renders_one_page(built: Built) -> None:
    toy = built.toy
    staged = times(toy.root / "_build/source", "*")
    pages = times(toy.root / "_build/html", "part/*.html")
    toy.edit("chapters/part/beta.ipynb", "After it you can", "After reading it you can")
    status, said = toy.run("build")
    assert status == 0, said
    assert toy.ran == []
    after = times(toy.root / "_build/source", "*")
    files = {
        n for n in after if after[n] != staged.get(n) and (toy.root / "_build/source" / n).is_file()
    }
    assert files == {"chapters/part/beta.ipynb"}
    fresh = times(toy.root / "_build/html", "part/*.html")
    html = toy.root / "_build/html"
    (page,) = html.rglob("beta.html")
    assert "After reading it" in page.read_text("utf-8")
    unchanged = {n for n in fresh if not n.endswith("beta.html")}
    assert unchanged and all(fresh[n] == pages[n] for n in unchanged)


def test_helper_edit_runs_exactly_its_dependents(built: Built) -> None:
    toy = built.toy
    toy.edit("src/lmbook/plot.py", "WIDTH = 3", "WIDTH = 4")
    status, said = toy.run("build")
    assert status == 0, said
    assert toy.ran == ["alpha"]
    assert len(list((toy.root / "_build/executed/book/part/alpha").iterdir())) == 1
    (printed,) = [
        o["text"]
        for c in toy.executed("alpha")["cells"]
        for o in c.get("outputs", [])
        if "text" in o
    ]
    assert printed == "4\n"


def test_failing_cell_stops_its_chapter_alone(copy: Toy) -> None:
    toy = copy
    toy.chapter(
        "beta",
        code("print('before')"),
        markdown("And now it fails."),
        code("# a comment\nnumber = 0\n1 / number"),
        code("print('after')"),
    )
    toy.edit("chapters/part/gamma.ipynb", "json.dumps([profile])", "json.dumps([profile, 1])")
    status, said = toy.run("build")
    assert status == 1
    assert "part/beta: cell 6 failed; it begins\n    # a comment" in said
    assert "ZeroDivisionError: division by zero" in said
    assert "_build/failed/book/part/beta.ipynb" in said
    assert "Failed: execute:part/beta" in said
    assert toy.ran == ["beta", "gamma"], "the other chapter finishes"
    kept = (toy.root / "_build/failed/book/part/beta.ipynb").read_text("utf-8")
    assert "before" in kept and "division by zero" in kept and "after\\n" not in kept
    assert str(toy.root) not in kept

    toy.chapter("beta", code("1 + 1"))
    status, said = toy.run("execute", "part/beta")
    assert status == 0, said
    assert not (toy.root / "_build/failed/book/part/beta.ipynb").exists()


def test_dead_kernel_is_a_failure_with_a_name(copy: Toy) -> None:
    copy.chapter("beta", code("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
    status, said = copy.run("execute", "part/beta")
    assert status == 1
    assert "part/beta: cell 4 failed; it begins\n    import os, signal" in said
    assert "died" in said


def test_cells_that_must_raise(copy: Toy) -> None:
    copy.chapter("beta", code("{}['missing']", "raises-exception"), code("print('went on')"))
    status, said = copy.run("execute", "part/beta")
    assert status == 0, said
    outputs = [o for cell in copy.executed("beta")["cells"] for o in cell.get("outputs", [])]
    assert [o.get("ename") for o in outputs if o["output_type"] == "error"] == ["KeyError"]
    assert any(o.get("text") == "went on\n" for o in outputs)

    copy.chapter("beta", code("1", "raises-exception"))
    status, said = copy.run("execute", "part/beta")
    assert status == 1
    assert "part/beta: cell 4 is tagged `raises-exception` but ran without an error" in said


def test_unknown_claim_in_prose(copy: Toy) -> None:
    copy.edit("chapters/part/alpha.ipynb", "{glue:text}`alpha-number`", "{glue:text}`alpha-nummer`")
    status, said = copy.run("build")
    assert status == 1
    assert (
        "part/alpha, cell 5: the prose shows the claim 'alpha-nummer', which no executed cell "
        "records (nearest: alpha-number)"
    ) in said
    assert copy.ran == []


def test_killed_builds_are_taken_up_where_they_stopped(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    toy.chapter(
        "beta",
        code(
            "import os, time\n"
            "Path(os.environ['TOY_JOURNAL']).with_name('kernel.pid').write_text(str(os.getpid()))\n"
            "while not Path(os.environ['TOY_JOURNAL']).with_name('go').exists():\n"
            "    time.sleep(0.05)"
        ),
    )
    executed = toy.root / "_build/executed/book/part"
    process = toy.start("build")
    wait_for(
        lambda: (
            all(list((executed / name).glob("*.ipynb")) for name in ("alpha", "gamma"))
            and (toy.root / "kernel.pid").exists()
        ),
        "two chapters to end and the third to be under way",
    )
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kernel = int((toy.root / "kernel.pid").read_text())
    wait_for(lambda: ended(kernel), "the kernel to end after its parent", 20)
    assert toy.ran == ["alpha", "beta", "gamma"]
    assert not list(executed.glob("beta/*.ipynb"))

    (toy.root / "go").touch()
    process = toy.start("build")
    wait_for((toy.root / "_build/.doctrees").exists, "the rendering to begin")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert toy.ran == ["beta"]

    status, said = toy.run("build")
    assert status == 0, said
    assert toy.ran == []
    assert "html: all pages rendered" in said
    assert (toy.root / "_build/html/index.html").is_file()
    status, said = toy.run("build")
    assert status == 0 and "Nothing to do" in said


def test_interrupted_build_ends_at_once_with_its_kernel(copy: Toy) -> None:
    copy.chapter(
        "beta",
        code(
            "import os, time\n"
            "Path(os.environ['TOY_JOURNAL']).with_name('kernel.pid').write_text(str(os.getpid()))\n"
            "time.sleep(120)"
        ),
    )
    process = copy.start("build")
    wait_for((copy.root / "kernel.pid").exists, "the kernel to start")
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "part/beta: interrupted in cell" in said and "Traceback" not in said
    kernel = int((copy.root / "kernel.pid").read_text())
    wait_for(lambda: ended(kernel), "the kernel to end", 20)


def test_failed_rendering_fails_again_until_mended(copy: Toy) -> None:
    toy = copy
    toy.edit("chapters/index.md", "A book.", "A [book](nowhere.md).")
    for _ in range(2):
        status, said = toy.run("html")
        assert status == 1
        assert "nowhere.md" in said and "html: Jupyter Book warned or failed" in said
    assert toy.ran == []


def test_chapter_that_takes_every_core_runs_alone(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    stopwatch = (
        "import time\nstarted = time.time()\ntime.sleep(0.7)\n"
        "Path(os.environ['TOY_JOURNAL']).with_name('{}').write_text(f'{started} {time.time()}')"
    )
    for name in ("alpha", "beta", "gamma"):
        cell = code(stopwatch.replace("{}", f"{name}.span", 1))
        toy.chapter(name, cell, threads="all" if name == "beta" else 1)
    running = [toy.start("execute", f"part/{name}") for name in ("alpha", "beta", "gamma")]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    span = {
        name: tuple(map(float, (toy.root / f"{name}.span").read_text().split()))
        for name in ("alpha", "beta", "gamma")
    }
    for other in ("alpha", "gamma"):
        assert span["beta"][1] <= span[other][0] or span[other][1] <= span["beta"][0], span


def test_surroundings_of_a_chapter(copy: Toy, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    names = ["LMBOOK_OFFLINE", "LMBOOK_ARTIFACTS", "LMBOOK_DATA", "OMP_NUM_THREADS"]
    copy.chapter(
        "beta",
        code(
            "import os, sys, json\nfrom pathlib import Path\n"
            f"print(json.dumps([os.environ[name] for name in {names!r}]))\n"
            "Path('surroundings.json').write_text(json.dumps([os.environ[n] for n in "
            f"{names!r}] + [sys.executable, profile]))"
        ),
    )
    relative = os.path.relpath(tmp_path / "data", copy.root)
    status, said = copy.run("execute", "part/beta", "--profile", "smoke", LMBOOK_DATA=relative)
    assert status == 0, said
    scratch = copy.root / "_build/scratch/smoke/part/beta"
    found = json.loads((scratch / "surroundings.json").read_text())
    assert found == [
        "1",
        str(copy.root / "_build/artifacts/smoke"),
        str(tmp_path / "data"),
        "1",
        sys.executable,
        "smoke",
    ]
    assert "_build/artifacts/smoke" in json.dumps(copy.executed("beta", "smoke"))
    assert str(copy.root) not in json.dumps(copy.executed("beta", "smoke")), "no absolute paths"


@pytest.mark.parametrize(
    ("profile", "offline", "expected"),
    [
        ("smoke", "0", "1"),
        ("book", "", "1"),
        ("full", "", ""),
        ("full", "0", "0"),
        ("full", "1", "1"),
    ],
)
def test_hubs_are_asked_in_full_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, offline: str, expected: str
) -> None:
    monkeypatch.setenv("LMBOOK_OFFLINE", offline)
    found = kernel_environment(Project(tmp_path), profile, 1, tmp_path)
    assert found["LMBOOK_OFFLINE"] == expected


def test_folders_of_a_chapter_are_those_of_the_helpers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for value in (" ~/book ", f"{tmp_path}/book", "book"):
        monkeypatch.setenv("LMBOOK_CACHE", value)
        monkeypatch.setenv("LMBOOK_DATA", value)
        (tmp_path / "book").mkdir(exist_ok=True)
        found = kernel_environment(Project(tmp_path), "book", 1, tmp_path / "elsewhere")
        assert found["LMBOOK_CACHE"] == str(folders.cache()) == str(tmp_path / "book"), value
        assert found["LMBOOK_DATA"] == str(folders.local_data()) == str(tmp_path / "book"), value


def test_profiles_are_those_of_the_helpers() -> None:
    from lmbook import session

    assert session.PROFILES == PROFILES


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["build", "--profile", "quick"], {}, "unknown profile 'quick': expected one of smoke"),
        (["execute", "part/delta"], {}, "no chapter 'part/delta' in _toc.yml: expected one"),
        (["build"], {"LMBOOK_DATA": "/no/such/folder"}, "LMBOOK_DATA: expected a folder"),
        (["build"], {"GITHUB_REPOSITORY": "nonsense"}, "GITHUB_REPOSITORY: expected owner/name"),
        (["reached-by", "lmbook.nowhere"], {}, "no module 'lmbook.nowhere' in lmbook"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence(
    copy: Toy, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    if "LMBOOK_DATA" in environment:
        copy.chapter("beta", code("1"), assets=["digits"])
    status, said = copy.run(*arguments, **environment)
    assert status == 1
    assert expected in said
    assert "Traceback" not in said


def test_module_that_does_not_parse(copy: Toy) -> None:
    copy.write("src/lmbook/plot.py", "def broken(:\n")
    status, said = copy.run("build")
    assert status == 1
    assert "a module cannot be read" in said and "plot" in said and "Traceback" not in said
