"""Diagnostics as text: summary, place with the line and a caret, detail, remedy."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final

from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.views.style import Style
from reconciler.views.text import hang, lines, shorten, width, wrap

_WORDS: Final = {
    Severity.ERROR: ("Error", "red"),
    Severity.WARNING: ("Warning", "yellow"),
    Severity.NOTE: ("Note", "blue"),
}
_LEFT_OUT: Final = ("Left out", "yellow")
"""For an error that leaves out one resource and does not forbid the plan."""
_INSET: Final = "  "
_PLACES: Final = 3
"""How many places of equal diagnostics are shown."""
_SHOWN_ERRORS: Final = 10
"""How many errors of one kind are shown in full."""
_SHOWN_OTHERS: Final = 2
"""The number of warnings or notes of one kind that are shown in full; if there are more, only the first one."""


def render_diagnostics(diagnostics: Iterable[Diagnostic], style: Style) -> str:
    """Return diagnostics as text with blank lines between them, grouped by kind."""
    return lines(folded_lines(diagnostics, style))


def folded_lines(diagnostics: Iterable[Diagnostic], style: Style) -> Iterator[str]:
    """Yield diagnostics by kind, in order of first appearance.

    Equal diagnostics are one block with the first places and the number of others. If a kind has many diagnostics, only
    the first are shown; the JSON output has all.
    """
    is_first = True
    for alike in _grouped(diagnostics, _kind):
        equal = _grouped(alike, lambda diagnostic: (diagnostic.detail, diagnostic.remedy))
        limit = _SHOWN_ERRORS if alike[0].is_error else _SHOWN_OTHERS
        shown = equal if len(equal) <= limit else equal[: limit if alike[0].is_error else 1]
        for block in shown:
            if not is_first:
                yield ""
            is_first = False
            yield from _block(block, style)
        if more := [diagnostic for block in equal[len(shown) :] for diagnostic in block]:
            yield ""
            yield from _more(more, style)


def _kind(diagnostic: Diagnostic) -> Hashable:
    return diagnostic.severity, diagnostic.leaves_out, diagnostic.summary, diagnostic.code


def _grouped(diagnostics: Iterable[Diagnostic], key: Callable[[Diagnostic], Hashable]) -> list[list[Diagnostic]]:
    groups: dict[Hashable, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        groups.setdefault(key(diagnostic), []).append(diagnostic)
    return list(groups.values())


def _more(more: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    places = listed([str(one.address or one.position or "?") for one in more], _PLACES)
    for line in wrap(style.show(f"{len(more):,} more like this: {places}. --json lists all."), style.width - 2):
        yield style.paint(f"{_INSET}{line}", "dim")


def diagnostic_lines(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    """Yield the lines of one diagnostic."""
    return _block([diagnostic], style)


def _block(equal: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    """Yield one diagnostic with the places of all equal ones."""
    diagnostic = equal[0]
    word, look = _LEFT_OUT if diagnostic.leaves_out else _WORDS[diagnostic.severity]
    yield from _heading(word, look, diagnostic, style)
    for one in equal[:_PLACES]:
        if place := [str(part) for part in (one.position, one.address) if part is not None]:
            head = f"{_INSET}{'on' if one.position else 'about'} "
            yield from hang(head, style.show(", ".join(place)), style.width, indent=len(head))
    if len(equal) > _PLACES:
        yield f"{_INSET}and {len(equal) - _PLACES:,} more places"
    if diagnostic.position is not None and diagnostic.excerpt is not None:
        yield ""
        yield from _excerpt(diagnostic.excerpt, diagnostic.position.line, diagnostic.position.column, look, style)
    for part in (diagnostic.detail, diagnostic.remedy):
        if part:
            yield ""
            yield from _paragraphs(part, style)


def _heading(word: str, look: str, diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    """Yield the severity and the summary, with the code."""
    summary = style.show(diagnostic.summary)
    code = f" ({style.show(diagnostic.code)})" if diagnostic.code else ""
    start = len(word) + 2
    fits = start + width(summary + code) <= style.width
    first, *rest = [style.paint(summary, "bold") + code] if fits else wrap(summary + code, style.width - start)
    yield f"{style.paint(f'{word}:', look, 'bold')} {first}"
    yield from (" " * start + line for line in rest)


def _excerpt(excerpt: str, line: int, column: int, look: str, style: Style) -> Iterator[str]:
    """Yield the line of the file with a caret under the column; a long line is cut to the part around it."""
    start = max(0, column - style.width // 2) if len(excerpt) > style.width - 12 else 0
    before = style.show(excerpt[start : column - 1])
    shown = shorten(before + style.show(excerpt[column - 1 :].rstrip()), style.width - 12)
    number = f"{line:>6}"
    bar = style.paint("|", "dim")
    yield f"{_INSET}{style.paint(number, 'dim')} {bar} {shown}"
    yield f"{_INSET}{' ' * len(number)} {bar} {' ' * width(before)}{style.paint('^', look, 'bold')}"


def _paragraphs(text: str, style: Style) -> Iterator[str]:
    """Yield lines: wrapped sentences, and indented lines (commands to copy) unchanged."""
    for line in text.strip("\n").split("\n"):
        if not line.strip():
            yield ""
        elif line.startswith(" "):
            yield f"{_INSET}{style.show(line.rstrip())}"
        else:
            for wrapped in wrap(style.show(line), style.width - len(_INSET)):
                yield f"{_INSET}{wrapped}"
