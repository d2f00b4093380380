"""Tests enter the product by its ports and parameters: they patch none of its names and take none of its privates."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
OURS = ("reconciler", "providers", "state")
PATCHING: Final[Mapping[str, str]] = {
    "laws/test_oracles.py": "breaks the engine on purpose, to show that the laws notice: a fault has no port",
    "providers/transport/test_altered_answers.py": "the time that an answer may take lies below the HTTP library",
    "providers/transport/test_runner_script.py": "tells the runner a window that no clock of this machine has",
}
"""The files that patch a public name of the product, with the reason."""
BY_NAME: Final = ("setattr", "delattr", "getattr", "object")


def _ours(tree: ast.Module) -> dict[str, str]:
    """Return the names of a test file that are imported from the product, with their modules."""
    return {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS
        for alias in node.names
    }


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _patched(tree: ast.Module, ours: Mapping[str, str]) -> Iterator[str]:
    """Yield what is set on a module or a class of the product."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        target = node.args[0]
        name = target.id if isinstance(target, ast.Name) else ""
        path = str(target.value) if isinstance(target, ast.Constant) else ""
        if node.func.attr in ("setattr", "delattr") and (name in ours or path.partition(".")[0] in OURS):
            yield ast.unparse(node)


def _is_own(value: ast.expr) -> bool:
    """True for the object itself, and for the modules of Python that have public names with an underscore."""
    return isinstance(value, ast.Name) and value.id in ("self", "cls", "os", "sys")


def _private(tree: ast.AST) -> Iterator[str]:
    """Yield the private names that are taken from another object, imported, or named in a text to be replaced."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=name) if _is_private(name) and not _is_own(value):
                yield ast.unparse(node)
            case ast.ImportFrom(names=names):
                yield from (one.name for one in names if _is_private(one.name))
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=args) if called in BY_NAME:
                texts = [str(one.value) for one in args if isinstance(one, ast.Constant)]
                yield from (text for text in texts if _is_private(text.rpartition(".")[2]))


def _derived(tree: ast.Module, ours: Mapping[str, str]) -> Iterator[str]:
    """Yield the classes that derive from the workspace."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, bases=bases):
                names = [base.id for base in bases if isinstance(base, ast.Name)]
                yield from (
                    f"class {name}({base})" for base in names if ours.get(base, "").startswith("reconciler.app")
                )


def test_no_test_patches_the_product_or_takes_its_privates() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        tree, name = ast.parse(path.read_text("utf-8")), path.relative_to(TESTS).as_posix()
        ours = _ours(tree)
        patched = [] if name in PATCHING else [*_patched(tree, ours)]
        entries = [*patched, *_private(tree), *_derived(tree, ours)]
        found |= {name: entries} if entries else {}
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "server._accounts",
        "self.host._new()",
        "from providers.transport.wire import _BOM",
        "monkeypatch.setattr(Apply, '_may_start', None)",
        "monkeypatch.setattr('reconciler.run.apply.Apply._start', None)",
        "getattr(pool, '_budgets')",
    ],
)
def test_what_is_private_is_found(source: str) -> None:
    assert [*_private(ast.parse(source))]


@pytest.mark.parametrize("source", ["self._mine", "os._exit(0)", "value.__class__", "server.accounts", "_mine.open()"])
def test_what_is_ones_own_is_not(source: str) -> None:
    assert not [*_private(ast.parse(source))]


def test_each_exception_is_still_one() -> None:
    for name in PATCHING:
        tree = ast.parse(Path(TESTS / name).read_text("utf-8"))
        assert [*_patched(tree, _ours(tree))] != [], name
