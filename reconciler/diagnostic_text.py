"""Diagnostics as text: summary, place with the line and a caret, detail, remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.style import Style
from reconciler.text import lines, shorten, width, wrap

_WORDS: Final = {
    Severity.ERROR: ("Error", "red"),
    Severity.WARNING: ("Warning", "yellow"),
    Severity.NOTE: ("Note", "blue"),
}
_INSET: Final = "  "


def render_diagnostics(diagnostics: Iterable[Diagnostic], style: Style) -> str:
    """Return diagnostics as text, in the order given, a blank line between two."""
    blocks = [list(diagnostic_lines(told, style)) for told in diagnostics]
    return lines(line for index, block in enumerate(blocks) for line in ([""] if index else []) + block)


def diagnostic_lines(told: Diagnostic, style: Style) -> Iterator[str]:
    word, look = _WORDS[told.severity]
    code = f" ({style.show(told.code)})" if told.code else ""
    yield f"{style.paint(f'{word}:', look, 'bold')} {style.paint(style.show(told.summary), 'bold')}{code}"
    place = [str(part) for part in (told.position, told.address) if part is not None]
    if place:
        on = "on" if told.position else "about"
        yield f"{_INSET}{on} {style.show(', '.join(place))}"
    if told.position is not None and told.excerpt is not None:
        yield ""
        yield from _excerpt(told.excerpt, told.position.line, told.position.column, look, style)
    for part in (told.detail, told.remedy):
        if part:
            yield ""
            yield from _paragraphs(part, style)


def _excerpt(excerpt: str, line: int, column: int, look: str, style: Style) -> Iterator[str]:
    """Yield the line of the file and a caret under the column; of a long line the part around it."""
    start = max(0, column - style.width // 2) if len(excerpt) > style.width - 12 else 0
    before = style.show(excerpt[start : column - 1])
    shown = shorten(before + style.show(excerpt[column - 1 :].rstrip()), style.width - 12)
    number = f"{line:>6}"
    bar = style.paint("|", "dim")
    yield f"{_INSET}{style.paint(number, 'dim')} {bar} {shown}"
    yield f"{_INSET}{' ' * len(number)} {bar} {' ' * width(before)}{style.paint('^', look, 'bold')}"


def _paragraphs(text: str, style: Style) -> Iterator[str]:
    """Yield lines: sentences wrapped, and what is indented (a command to copy) as it stands."""
    for line in text.strip("\n").split("\n"):
        if not line.strip():
            yield ""
        elif line.startswith(" "):
            yield f"{_INSET}{style.show(line.rstrip())}"
        else:
            for wrapped in wrap(style.show(line), style.width - len(_INSET)):
                yield f"{_INSET}{wrapped}"
