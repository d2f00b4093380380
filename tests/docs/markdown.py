"""Markdown of tables and docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a column whose cells are all empty is left out."""
    cells = [[cell(text) for text in row] for row in rows]
    kept = [place for place in range(len(head)) if any(row[place] for row in cells)]
    lines = [[head[place] for place in kept], ["---"] * len(kept), *([row[place] for place in kept] for row in cells)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(text: str) -> str:
    """Return a text as it stands in one cell of a table."""
    return code_marks(" ".join(text.split())).replace("|", "\\|")


def code_marks(text: str) -> str:
    """Return a docstring with its double backquotes as Markdown has them, and nothing taken for HTML."""
    parts = re.split(r"(`[^`]+`)", text.replace("``", "`"))
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)
