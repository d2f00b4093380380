"""A misspelt attribute or resource type in providers fails mypy, and none is named by text, which mypy cannot check."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from providers.catalogue import resource_types
from reconciler.model.attributes import Declares
from tests.support.paths import ROOT

FOLDERS = ("schema", "estate", "resources")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / "providers" / folder).glob("*.py"))
TYPES = {kind.name for kind in resource_types()}
ATTRIBUTES = {name for kind in resource_types() for name in kind.attributes}
CLASSES = {base.__name__ for kind in resource_types() for base in type(kind).__mro__ if issubclass(base, Declares)} - {
    "Declares"
}
TAKES_A_NAME = {
    "all",
    "get",
    "has",
    "having",
    "is_readable",
    "items",
    "made",
    "one",
    "planned",
    "text",
    "wanted",
    "written",
}
MISSPELT = 20


# --- what mypy finds -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """A place that names an attribute: ``DialPlan.site``, or a type: ``landscape.all(DialPlan)``."""

    path: Path
    line: int
    column: int
    name: str

    def misspelt(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        line = lines[self.line - 1]
        assert line[self.column :].startswith(self.name)
        wrong = f"{self.name[:-2]}{self.name[-1]}{self.name[-2]}x"
        lines[self.line - 1] = line[: self.column] + wrong + line[self.column + len(self.name) :]
        return "".join(lines)


def uses(path: Path) -> Iterator[Use]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id=owner, end_col_offset=int(end)), attr=attr) if owner in CLASSES:
                yield Use(path, node.lineno, end + 1, attr)
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Name(id=owner) as kind, *_]):
                if method in TAKES_A_NAME and owner in CLASSES:
                    yield Use(path, kind.lineno, kind.col_offset, owner)


def test_misspelt_names_of_attributes_and_types_fail_mypy(tmp_path: Path) -> None:
    found = [use for path in SOURCES if path.parent.name != "schema" for use in uses(path)]
    chosen = {use.path: use for use in found[:: len(found) // 300]}  # one a module
    assert len(chosen) >= MISSPELT
    assert {use.name in CLASSES for use in chosen.values()} == {True, False}
    shadows: list[str] = []
    for number, use in enumerate(chosen.values()):
        wrong = tmp_path / f"{number}.py"
        wrong.write_text(use.misspelt(use.path.read_text("utf-8")), "utf-8")
        shadows += ["--shadow-file", str(use.path.relative_to(ROOT)), str(wrong)]
    told = _mypy(*shadows, *(str(path.relative_to(ROOT)) for path in chosen))
    for use in chosen.values():
        assert any(line.startswith(f"{use.path.relative_to(ROOT)}:{use.line}: error:") for line in told), use


def _mypy(*arguments: str) -> list[str]:
    """Return what mypy says. Its cache is kept between runs of the tests and apart from that of ``make types``."""
    cache = ROOT / ".mypy_cache" / "misspelt"
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "--no-error-summary", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()


# --- what mypy could not find ----------------------------------------------------------------------------------------


def test_no_attribute_or_type_is_named_by_text() -> None:
    assert [f"{path.relative_to(ROOT)}:{line}" for path in SOURCES for line in named_by_text(path)] == []


def named_by_text(path: Path) -> Iterator[int]:
    """Yield the lines that give a name as text: to a method that takes one, or a name that is no English word."""
    tree = ast.parse(path.read_text("utf-8"))
    declared = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in ("name", "section")
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(name)), *_]):
                if method in TAKES_A_NAME and name in TYPES | ATTRIBUTES:
                    yield node.lineno
            case ast.Constant(value=str(name)) if "_" in name and name in TYPES | ATTRIBUTES and node not in declared:
                yield node.lineno
