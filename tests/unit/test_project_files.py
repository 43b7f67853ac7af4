"""The project's own files: bibliography, citation file, commands, lock files."""

import contextlib
import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
import yaml
from pybtex.database import Entry, parse_file

ROOT = Path(__file__).parents[2]

REQUIRED_FIELDS = {
    "article": {"title", "journal", "year"},
    "book": {"title", "publisher", "year"},
    "inproceedings": {"title", "booktitle", "year"},
    "misc": {"title", "year"},
}
IDENTIFIERS = {
    "doi": r"10\.\d{4,9}/\S+",
    "eprint": r"\d{4}\.\d{4,5}",
    "isbn": r"[\d-]{13,17}",
}
# Written in two halves, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    "pypi." + "org",
    "python" + "hosted.org",
    "npmjs." + "org",
    "npmjs." + "com",
    "yarnpkg." + "com",
    "npm" + "mirror.com",
    "conda.anaconda." + "org",
    "deb.debian." + "org",
    "artifact" + "ory",
]

BIBLIOGRAPHY = parse_file(str(ROOT / "references.bib")).entries


def tracked_files() -> list[Path]:
    """Every file that git tracks or would track; without git or its folder, about the same."""
    return [path for path in git_files(ROOT) or walked_files(ROOT) if path.is_file()]


def git_files(root: Path) -> list[Path]:
    """What git lists, whoever owns the folder; empty where it cannot tell."""
    command = ["git", "-c", "safe.directory=*", "ls-files"]
    with contextlib.suppress(OSError):
        listed = subprocess.run(
            [*command, "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode == 0:
            return [root / name for name in listed.stdout.split("\0") if name]
    return []


def walked_files(root: Path) -> list[Path]:
    """All files but those in folders that tools make."""
    made = {".git", ".venv", "_build", "node_modules", "__pycache__", ".ipynb_checkpoints"}
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [
            name
            for name in inner
            if name not in made and not name.endswith(("_cache", ".egg-info"))
        ]
        found += [Path(folder, name) for name in names]
    return found


def chapter_text(path: Path) -> str:
    """Return the Markdown of a chapter, from a page or from the cells of a notebook."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def isbn_is_valid(isbn: str) -> bool:
    """Check the last digit of an ISBN-13."""
    digits = [int(d) for d in isbn if d.isdigit()]
    total = sum(digit * (3 if i % 2 else 1) for i, digit in enumerate(digits))
    return len(digits) == 13 and total % 10 == 0


def test_citation_file_has_what_its_schema_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    for key in ("message", "title", "authors"):
        assert citation[key], key
    for author in citation["authors"]:
        assert "name" in author or "family-names" in author, author
    assert citation["type"] in {"software", "dataset"}
    assert citation["license"] == "Apache-2.0"


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    declared = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M
    )
    assert declared is not None
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert citation["version"] == declared[1] == package["version"]


@pytest.mark.parametrize("key", sorted(BIBLIOGRAPHY))
def test_reference_is_complete(key: str) -> None:
    entry: Entry = BIBLIOGRAPHY[key]
    assert entry.type in REQUIRED_FIELDS, f"no rule for entries of type {entry.type}"
    missing = REQUIRED_FIELDS[entry.type] - set(entry.fields)
    assert not missing, f"{key} lacks {missing}"
    assert entry.persons.get("author"), f"{key} has no author"
    assert re.fullmatch(r"(1[89]|20)\d\d", entry.fields["year"]), entry.fields["year"]

    given = set(entry.fields) & set(IDENTIFIERS)
    assert given, f"{key} has none of doi, eprint, isbn"
    for field in given:
        assert re.fullmatch(IDENTIFIERS[field], entry.fields[field]), entry.fields[field]
    if "isbn" in given:
        assert isbn_is_valid(entry.fields["isbn"]), f"{key}: the ISBN's last digit is wrong"
    if "eprint" in given:
        assert entry.fields["archiveprefix"] == "arXiv"

    last = unicodedata.normalize("NFKD", entry.persons["author"][0].last_names[-1])
    surname = re.sub(r"[^a-z]", "", last.lower())
    assert re.fullmatch(rf"{surname}\d{{4}}[a-z]+", key), f"{key}: expected {surname}<year><word>"


def test_no_work_is_listed_twice() -> None:
    for field in IDENTIFIERS:
        values = [e.fields[field].lower() for e in BIBLIOGRAPHY.values() if field in e.fields]
        assert len(values) == len(set(values)), f"the same {field} twice"


def test_every_citation_has_an_entry() -> None:
    chapters = [p for p in (ROOT / "chapters").rglob("*") if p.suffix in {".md", ".ipynb"}]
    assert chapters, "no chapters found"
    for chapter in chapters:
        if ".ipynb_checkpoints" in chapter.parts:
            continue
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", chapter_text(chapter)):
            for key in keys.split(","):
                assert key.strip() in BIBLIOGRAPHY, f"{chapter.name} cites {key.strip()!r}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "chapters/how-to-use.md"])
def test_commands_are_make_targets(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*)\s*:(?!=)", makefile, re.M))
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.M))
    assert commands, f"{page} names no command"
    assert commands <= targets, f"{page} names {commands - targets}, not in the Makefile"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_project_files_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), f"{page} links to {target}"


def test_readme_names_every_variable_of_the_helpers() -> None:
    used = set()
    for module in (ROOT / "src" / "lmbook").rglob("*.py"):
        used |= set(re.findall(r'"(LMBOOK_[A-Z]+)"', module.read_text(encoding="utf-8")))
    assert used, "no variable found in src/lmbook"
    described = set(re.findall(r"`(LMBOOK_[A-Z]+)`", (ROOT / "README.md").read_text("utf-8")))
    assert used == described


def test_licences_are_the_full_texts() -> None:
    code = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in code
    assert "END OF TERMS AND CONDITIONS" in code
    text = (ROOT / "LICENSE-text").read_text(encoding="utf-8")
    assert text.startswith("Attribution 4.0 International")
    assert all(f"\nSection {n} -- " in text for n in range(1, 9))


def test_no_file_names_a_package_registry() -> None:
    for file in tracked_files():
        content = file.read_bytes().decode("utf-8", errors="ignore").lower()
        for host in REGISTRY_HOSTS:
            assert host not in content, f"{file.relative_to(ROOT)} names {host}"


def test_files_are_found_with_and_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".venv/a", "node_modules/b", "_build/c", ".mypy_cache/d", "src/e", ".ci/f", "g"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    expected = {tmp_path / name for name in ("src/e", ".ci/f", "g")}
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert set(walked_files(tmp_path)) == expected
    assert git_files(tmp_path) == []  # no repository
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".git/info/exclude").write_text("\n".join([".venv", "*_*"]))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert set(git_files(tmp_path)) == expected
    assert set(walked_files(tmp_path)) == expected
    monkeypatch.setenv("PATH", "/nowhere")
    assert git_files(tmp_path) == []


def test_lock_file_names_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    for name, package in lock["packages"].items():
        assert "resolved" not in package, f"{name} names where it was downloaded from"
        if name:
            assert package["integrity"].startswith("sha512-"), name
