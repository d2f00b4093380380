"""Quotes of the project's own files: ``quote PATH``, or ``quote PATH NAME`` for a class, function or assignment in it.

A name may lead into a class: ``PolicyDeclaration.pin_lifetime``. An assignment brings the docstring under it along.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from pathlib import Path

from tests.support.paths import ROOT

_LANGUAGES = {".py": "python", ".yaml": "yaml"}


def quote(place: str) -> str:
    """Return the code block of what ``PATH NAME`` or ``PATH`` means, headed by its path."""
    name, _, inside = place.partition(" ")
    path = ROOT / name
    text = path.read_text("utf-8")
    quoted = _part(text, inside.split(".")) if inside else text.strip("\n")
    return f"`{name}`:\n\n```{_LANGUAGES[Path(name).suffix]}\n{quoted}\n```"


def _part(text: str, names: Sequence[str]) -> str:
    nodes: Sequence[ast.stmt] = ast.parse(text).body
    for name in names[:-1]:
        nodes = next(one for one in nodes if isinstance(one, ast.ClassDef) and one.name == name).body
    at = next(place for place, one in enumerate(nodes) if names[-1] in _names(one))
    first, last = nodes[at], nodes[at]
    if not isinstance(first, ast.ClassDef | ast.FunctionDef) and at + 1 < len(nodes):
        match nodes[at + 1]:
            case ast.Expr(ast.Constant(str())) as document:
                last = document
    decorators = getattr(first, "decorator_list", [])
    start = min([first.lineno, *(one.lineno for one in decorators)])
    return textwrap.dedent("\n".join(text.splitlines()[start - 1 : last.end_lineno]))


def _names(node: ast.stmt) -> Sequence[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return (name,)
        case ast.AnnAssign(target=ast.Name(name)):
            return (name,)
        case ast.Assign(targets=[ast.Name(name)]):
            return (name,)
        case _:
            return ()
