"""Free numbers and uses of numbers, as ``extensions`` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.diagnostics import count
from reconciler.model.numbers import NumberUse
from reconciler.plan.numbers import FreeNumber
from reconciler.views.text import lines, pad, width


def render_free(found: Sequence[FreeNumber], names: Sequence[str], asked: int) -> str:
    """Return the free numbers of each range, one on a line, and how many are lacking."""
    return lines(_free(found, names, asked))


def _free(found: Sequence[FreeNumber], names: Sequence[str], asked: int) -> Iterator[str]:
    for name in names:
        own = [one.number for one in found if one.range == name]
        yield f"{name}:"
        yield from (f"  {number}" for number in own)
        if len(own) < asked:
            yield f"  Only {count(len(own), 'number')} free." if own else "  No number is free."


def render_uses(uses: Sequence[NumberUse], nothing: str) -> str:
    """Return the uses as a table, or the sentence ``nothing``."""
    if not uses:
        return f"{nothing}\n"
    rows = [(use.number, use.range or "-", use.holder, _how(use)) for use in uses]
    columns = [max(width(row[index]) for row in rows) for index in range(3)]
    return lines(
        f"{'  '.join(pad(cell, size) for cell, size in zip(row, columns, strict=False))}  {row[3]}" for row in rows
    )


def _how(use: NumberUse) -> str:
    return f"{use.how} ({use.position.file}:{use.position.line})" if use.position is not None else use.how
