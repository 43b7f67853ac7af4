"""Code that a chapter teaches against the code that later chapters import: the same syntax tree."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bookbuild.files import source_files
from bookbuild.fingerprint import split_magics

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Library:
    """The top-level functions and classes of a package below a source folder."""

    src: Path
    package: str

    @cached_property
    def definitions(self) -> dict[str, list[tuple[str, Definition]]]:
        """By name: the modules that define it, those of the networks first, and the definition."""
        found: dict[str, list[tuple[str, Definition]]] = {}
        paths = [p for p in source_files(self.src / self.package) if p.suffix == ".py"]
        for path in sorted(paths, key=lambda p: "nn" not in p.parts):
            module = ".".join(path.relative_to(self.src).with_suffix("").parts)
            module = module.removesuffix(".__init__")
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, Definition):
                    found.setdefault(node.name, []).append((module, node))
        return found


def differences(source: str, library: Library) -> Iterator[str]:
    """Yield how the definitions of a cell differ from the library's.

    Docstrings, annotations and comments do not count.
    """
    taught = [n for n in ast.parse(split_magics(source)[0]).body if isinstance(n, Definition)]
    if not taught:
        yield "it defines neither a function nor a class; remove the tag `taught`"
    for node in taught:
        candidates = library.definitions.get(node.name, [])
        here = bare(node)
        if any(bare(other) == here for _, other in candidates):
            continue
        if not candidates:
            yield (
                f"`{node.name}` is nowhere in {library.package}; put it into {library.package}.nn, "
                "or remove the tag `taught`"
            )
            continue
        module, other = candidates[0]
        delta = difflib.unified_diff(
            bare(other).splitlines(), here.splitlines(), module, "this cell", lineterm="", n=1
        )
        yield f"`{node.name}` differs from {module}; make them equal:\n" + "\n".join(
            "    " + line for line in delta
        )


def bare(node: Definition) -> str:
    """Write a definition without docstrings, annotations and comments."""
    copy = ast.parse(ast.unparse(node))
    return ast.unparse(ast.fix_missing_locations(_Bare().visit(copy)))


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations out of a tree."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None:
            return ast.Assign(targets=[node.target], value=node.value)
        node.annotation = ast.Constant(...)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._definition(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._definition(node)

    def _definition(self, node: Definition) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node, ast.ClassDef):
            node.returns = None
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node
