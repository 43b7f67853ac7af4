"""What the tests of data and assets share: a clean environment, a cache, no network."""

import contextlib
import http.server
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from localindex import FakeAsset, FileServer, make_registry, make_wheel

from lmbook import session


@pytest.fixture(scope="session", autouse=True)
def interrupts_reach_children() -> Iterator[None]:
    """A shell that runs tests in the background has them and their children ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the variables of whoever runs the tests out of the way."""
    for variable in [name for name in os.environ if name.startswith("LMBOOK_")]:
        monkeypatch.delenv(variable)


@pytest.fixture
def empty_cache(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own. The folder does not exist yet, and its name has a space."""
    cache = tmp_path / "the cache"
    monkeypatch.setenv("LMBOOK_CACHE", str(cache))
    return cache


@pytest.fixture(scope="session")
def shared_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run, so that each archive is downloaded once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "lmbook-cache"


@pytest.fixture
def shared_cache(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch, shared_cache_folder: Path
) -> Path:
    """The cache that all tests share: fetch into it, never change what is there."""
    monkeypatch.setenv("LMBOOK_CACHE", str(shared_cache_folder))
    return shared_cache_folder


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Leave pip nothing but an empty folder to look in, as if there were no network."""
    folder = tmp_path / "wheels"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_RETRIES", "0")
    return folder


@pytest.fixture
def tiny(no_index: Path, tmp_path: Path) -> FakeAsset:
    """A small asset, in a folder that serves as package index."""
    contents = {"numbers.csv": b"1,2,3\n" * 500, "deep/words.txt": "größer\n".encode() * 300}
    wheel = make_wheel(no_index, contents)
    return FakeAsset(wheel, make_registry(tmp_path / "tiny.toml", wheel, contents), contents)


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[FileServer]:
    """Serve ``tmp_path / "served"`` over HTTP."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            server.requests.append(self.path)
            super().do_GET()

        def copyfile(self, source: object, output: object) -> None:
            with contextlib.suppress(ConnectionError):
                if server.stalls and self.path.endswith((".whl", ".gz")):
                    output.write(source.read(1000))  # type: ignore[attr-defined]
                    output.flush()  # type: ignore[attr-defined]
                    server.stalled.set()
                    server.release.wait(60)
                shutil.copyfileobj(source, output)  # type: ignore[call-overload]

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = FileServer(f"http://127.0.0.1:{listener.server_port}/")
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield server
    server.release.set()
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture(scope="session")
def run() -> session.Session:
    """A session on the CPU, the same wherever the tests run."""
    return session.start("smoke", seed=0, device="cpu")


@pytest.fixture(scope="session")
def some() -> tuple[torch.Tensor, torch.Tensor]:
    """Images of noise, as MNIST would keep them, with labels."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (600, 28, 28), generator=generator, dtype=torch.uint8)
    return images, torch.randint(0, 10, (600,), generator=generator)
