"""The pages, and the blocks in them that are made from the code.

<!-- begin NAME: made from the code by `make docs`; do not edit -->
...
<!-- end NAME -->
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.docs import checks, command_line, resource_types, world_file
from tests.docs.quotes import quote
from tests.support.paths import ROOT

PAGES: Final = (ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))

BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    **checks.BLOCKS,
    **command_line.BLOCKS,
    **resource_types.BLOCKS,
    **world_file.BLOCKS,
}
"""What makes each block, by its name; ``quote PATH NAME`` stands beside these."""

_BLOCK = re.compile(r"<!-- begin ([^:\n]+): [^\n]*-->\n.*?<!-- end \1 -->\n", re.DOTALL)


def rendered(page: str) -> str:
    """Return a page with every block made anew. A block that nothing makes is a ``KeyError``."""
    return _BLOCK.sub(lambda found: _block(found[1]), page)


def blocks_in(page: str) -> Sequence[str]:
    """Return the names of the blocks of a page, without quotes."""
    return [found[1] for found in _BLOCK.finditer(page) if not found[1].startswith("quote ")]


def _block(name: str) -> str:
    comment = "made from the code by `make docs`; do not edit"
    text = quote(name.removeprefix("quote ")) if name.startswith("quote ") else BLOCKS[name]()
    return f"<!-- begin {name}: {comment} -->\n\n{text.strip()}\n\n<!-- end {name} -->\n"
