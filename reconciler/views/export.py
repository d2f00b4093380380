"""What ``export`` wrote, as text: the files, the objects left out, and what a plan would still do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.export.export import Export
from reconciler.model.abilities import noun_of
from reconciler.model.diagnostics import count
from reconciler.views.style import Style
from reconciler.views.text import lines

_LISTED = 8


def render_export(made: Export, style: Style, *, place: Path, is_new: bool, plan: str) -> str:
    """Return the summary of an export.

    Args:
        place: the directory of the files.
        is_new: the environment is new; otherwise its files were extended.
        plan: the command that plans the environment.
    """
    return lines(_export(made, style, place, plan, is_new=is_new))


def _export(made: Export, style: Style, place: Path, plan: str, *, is_new: bool) -> Iterator[str]:
    if not made.contents:
        yield "Nothing to add: no unmanaged object can be declared."
    else:
        yield style.paint(f"Wrote {count(len(made.files), 'file')} to {style.show(str(place))}", "bold")
        yield from (f"  {style.show(name)}" for name in made.files)
        counts = made.description.counts()
        declared = ", ".join(count(number, noun_of(kind)) for kind, number in counts.items())
        yield f"Declared: {declared or 'nothing'}."
    yield from _left_out(made, style, is_new=is_new)
    yield from _pending(made, style)
    yield from ("", "To compare the servers with the files:", "", f"    {plan}")


def _left_out(made: Export, style: Style, *, is_new: bool) -> Iterator[str]:
    left_out = made.description.left_out
    if not left_out:
        return
    if not is_new:
        yield style.paint(f"Left out: {count(len(left_out), 'object')}.", "yellow")
        yield from _some((f"{one.address}: {one.reason} {one.detail}".rstrip() for one in left_out), style)
        return
    yield style.paint(f"Left out: {count(len(left_out), 'object')}. The files hold each as a comment.", "yellow")
    reasons = Counter((noun_of(one.kind), one.reason) for one in left_out)
    rows = [f"{count(number, noun)}: {reason}" for (noun, reason), number in reasons.items()]
    yield from _some(rows, style)


def _pending(made: Export, style: Style) -> Iterator[str]:
    pending = made.description.pending
    if pending:
        yield style.paint("A plan of these files changes none of the declared objects. It would still:", "yellow")
        yield from _some((": ".join(filter(None, (one.about, one.reason))) for one in pending), style)


def _some(rows: Iterable[str], style: Style) -> Iterator[str]:
    every = list(rows)
    yield from (f"  {style.show(row)}" for row in every[:_LISTED])
    if len(every) > _LISTED:
        yield f"  ... and {len(every) - _LISTED:,} more"
