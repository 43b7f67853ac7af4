"""Installing the helpers brings what they import, and replaces nobody's torch."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
DISTRIBUTIONS = {
    "IPython": "ipython",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "matplotlib_inline": "matplotlib-inline",
}
NEEDED_BY_OTHERS = {"onnxscript"}  # torch.onnx.export imports it, and torch does not require it


def sources():
    """Yield the source of every helper, and of every code cell of every chapter."""
    for path in (ROOT / "src" / "lmbook").rglob("*.py"):
        yield path.read_text("utf-8")
    for path in (ROOT / "chapters").rglob("*.ipynb"):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                lines = "".join(cell["source"]).splitlines()
                yield "\n".join(re.sub(r"^(\s*)%.*", r"\1pass", line) for line in lines)


def imported():
    """Top-level names of other packages that the helpers and the chapters import."""
    found = set()
    for source in sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"lmbook", "google"}


def test_what_helpers_and_chapters_import_is_declared_and_no_more():
    names = {re.split(r"[<>=!~ \[;]", requirement)[0] for requirement in DECLARED}
    needed = {DISTRIBUTIONS.get(name, name) for name in imported()} | NEEDED_BY_OTHERS
    assert needed == names


def test_requirements_are_lower_bounds_alone():
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", requirement) for requirement in DECLARED)


def test_the_pinned_environment_satisfies_them():
    pins = (ROOT / "requirements.txt").read_text("utf-8").lower()
    for requirement in DECLARED:
        name, _, low = requirement.partition(">=")
        pinned = re.search(rf"^{name}==([\d.]+)", pins, re.MULTILINE)
        assert pinned, f"requirements.txt does not pin {name}"
        version = [int(part) for part in pinned[1].split(".")]
        assert version >= [int(part) for part in low.split(".")]
