"""The messages that the page "How to use this book" explains are those that readers get."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bookbuild.fingerprint import data_identity
from bookbuild.project import BuildError, check_profile
from lmbook import assets, session
from lmbook.assets import registry
from lmbook.claims import Claims
from lmbook.data import digits

PAGE = Path(__file__).parents[2] / "chapters" / "how-to-use.md"


def explained() -> list[re.Pattern[str]]:
    """Return what the troubleshooting part of the page quotes, its dots matching anything."""
    part = PAGE.read_text(encoding="utf-8").split("## When something goes wrong")[1]
    terms = [term for term, _ in re.findall(r"^(`.+)\n(: )", part, re.M)]
    quotes = [quote for term in terms for quote in re.findall(r"`([^`]+)`", term)]
    assert len(quotes) > 10, "the page explains no messages"
    return [
        re.compile(".*?".join(re.escape(piece) for piece in quote.split("…")), re.S)
        for quote in quotes
    ]


def assert_explained(message: str) -> None:
    assert any(p.search(message) for p in explained()), f"{PAGE.name} does not explain: {message}"


def no_such_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMBOOK_DATA", str(folder / "absent"))
    digits.load()


def missing_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mnist").mkdir()
    monkeypatch.setenv("LMBOOK_DATA", str(folder))
    digits.load()


def truncated_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mnist = folder / "mnist"
    mnist.mkdir()
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b\x08")
    monkeypatch.setenv("LMBOOK_DATA", str(folder))
    digits.load()


def no_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMBOOK_CACHE", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assets.fetch("digits")


def unknown_profile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session.start(profile="quick")


def absent_device(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMBOOK_DEVICE", "cuda:99")
    session.start()


def unknown_profile_in_build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_profile("quick")


def no_such_folder_in_build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMBOOK_DATA", str(folder / "absent"))
    data_identity(downloads=True)


def failing_claim(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Claims(session.start(device="cpu"))("answer", 41.0, "the answer", at_least=42)


@pytest.mark.parametrize(
    "mistake",
    [
        no_such_folder,
        missing_file,
        truncated_file,
        no_index,
        unknown_profile,
        absent_device,
        unknown_profile_in_build,
        no_such_folder_in_build,
        failing_claim,
    ],
)
def test_page_explains_the_error(
    mistake: Callable[[Path, pytest.MonkeyPatch], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(
        (ValueError, OSError, AssertionError, assets.AssetError, BuildError)
    ) as raised:
        mistake(tmp_path, monkeypatch)
    assert_explained(str(raised.value))


def test_page_explains_the_notice_about_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asset = registry()["digits"]
    cached = tmp_path / "assets" / f"{asset.name}-{asset.version}" / asset.members[0].file
    cached.parent.mkdir(parents=True)
    cached.write_bytes(bytes(asset.members[0].size))
    with pytest.raises(assets.AssetError):
        no_index(tmp_path, monkeypatch)
    assert_explained(capsys.readouterr().err)
