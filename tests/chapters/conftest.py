"""The chapters of the book, as the tests of this folder see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bookbuild.project import Project

PROJECT = Project.find(Path(__file__).parent)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that takes a chapter once for every chapter in the table of contents."""
    if "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", list(PROJECT.chapters))


@pytest.fixture(scope="session")
def project() -> Project:
    return PROJECT
