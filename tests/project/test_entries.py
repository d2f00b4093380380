"""Tests enter the product by its ports and parameters: they patch none of its names and take none of its privates."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
OURS = ("reconciler", "providers", "state")
PATCHING: Final[Mapping[str, str]] = {
    "laws/test_oracles.py": "breaks the engine on purpose, to show that the laws notice: a fault has no port",
    "providers/transport/test_altered_answers.py": "the time that an answer may take lies below the HTTP library",
    "providers/transport/test_runner_script.py": "tells the runner a window that no clock of this machine has",
}
"""The files that patch a name of the product, with the reason."""


def _ours(tree: ast.Module) -> dict[str, str]:
    """Return the names of a test file that are imported from the product, with their modules."""
    return {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS
        for alias in node.names
    }


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


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


def _entered(tree: ast.Module, ours: Mapping[str, str]) -> Iterator[str]:
    """Yield private names of the product that are imported, or taken from something that is; and derived workspaces."""
    yield from (f"{name} of {module}" for name, module in ours.items() if _is_private(name))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in ours and _is_private(attribute):
                yield ast.unparse(node)
            case ast.ClassDef(name=name, bases=bases):
                names = [base.id for base in bases if isinstance(base, ast.Name)]
                yield from (
                    f"class {name}({base})" for base in names if ours.get(base, "").startswith("reconciler.app")
                )


def test_no_test_patches_or_takes_what_is_private() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        tree, name = ast.parse(path.read_text("utf-8")), path.relative_to(TESTS).as_posix()
        ours = _ours(tree)
        entries = [*_patched(tree, ours), *_entered(tree, ours)]
        found |= {name: entries} if entries and name not in PATCHING else {}
    assert found == {}


def test_each_exception_is_still_one() -> None:
    for name in PATCHING:
        tree = ast.parse(Path(TESTS / name).read_text("utf-8"))
        assert [*_patched(tree, _ours(tree))] != [], name
