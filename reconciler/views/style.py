"""What the output can show, as a value: colours, width, characters beyond ASCII.

``style_of`` reads it once from the stream and the environment; the views only receive the value.
``NO_COLOR`` and ``CI`` follow their public conventions (https://no-color.org): set and not empty means no colour.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from reconciler.views.text import escape, width

WIDTH_ELSEWHERE: Final = 100
"""The width for files and pipes, which have no width."""


@dataclass(frozen=True, slots=True)
class Style:
    """The style of text for people."""

    color: bool = False
    width: int = WIDTH_ELSEWHERE
    unicode: bool = True

    def show(self, data: str) -> str:
        """Return data on one line, without control characters, in characters that the output supports."""
        text = escape(data)
        return text if self.unicode or text.isascii() else text.encode("ascii", "backslashreplace").decode()

    def paint(self, text: str, *looks: str) -> str:
        """Return text in a colour and weight (``red``, ``bold``, ``dim``), where the output supports colours."""
        if not (self.color and looks and text):
            return text
        import click  # most output has no colours

        color = next((look for look in looks if look not in ("bold", "dim")), None)
        return click.style(text, fg=color, bold="bold" in looks or None, dim="dim" in looks or None)

    @property
    def times(self) -> str:
        return "×" if self.unicode else "x"


def sentence(title: str, parts: Iterable[tuple[str, str]], style: Style) -> Iterator[str]:
    """Yield ``title a, b, c.``, wrapped; each part is a text and its colour. Yield nothing without parts."""
    every = list(parts)
    line, used = style.paint(title, "bold"), len(title)
    for index, (text, look) in enumerate(every, start=1):
        end = "." if index == len(every) else ","
        if used + 2 + width(text) > style.width:
            yield line
            line, used = " " * len(title), len(title)
        line += f" {style.paint(text, look) if look else text}{end}"
        used += 2 + width(text)
    if every:
        yield line


def first_of(names: Sequence[str], room: int, style: Style) -> str:
    """Return ``alice, bob, ... 58 more``: at least one name, and as many as fit into ``room`` columns."""
    shown: list[str] = []
    used = 0
    for index, name in enumerate(names):
        part = style.show(name)
        used += width(part) + 2
        if shown and used - 2 + len(_and_more(len(names) - index - 1)) > room:
            break
        shown.append(part)
    return ", ".join(shown) + _and_more(len(names) - len(shown))


def _and_more(number: int) -> str:
    return f", ... {number:,} more" if number else ""


def is_live(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """True for a terminal on which lines can be redrawn; False for a CI job."""
    return stream.isatty() and not environment.get("CI") and environment.get("TERM") != "dumb"


def style_of(stream: TextIO, environment: Mapping[str, str]) -> Style:
    """Return the style for ``stream``."""
    unicode = "utf" in (stream.encoding or "").lower()
    live = is_live(stream, environment)
    return Style(
        color=live and not environment.get("NO_COLOR"),
        width=max(40, _columns(stream)) if live else WIDTH_ELSEWHERE,
        unicode=unicode,
    )


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
