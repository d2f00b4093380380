"""Where progress is shown: plain lines, or lines above a bar that is redrawn."""

from __future__ import annotations

from typing import Protocol, TextIO

from reconciler.views.style import Style
from reconciler.views.text import width


class Board(Protocol):
    """Shows lines, and a count or a status where lines can be redrawn."""

    draws: bool
    """True where a bar shows the count, so that it needs no lines."""

    def print(self, text: str) -> None: ...

    def count(self, done: int, total: int, *, left: str, doing: str) -> None: ...

    def status(self, text: str) -> None:
        """Replace the status line; an empty text removes it."""
        ...

    def close(self) -> None: ...


class PlainBoard:
    """Prints lines only."""

    draws = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def print(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def count(self, done: int, total: int, *, left: str, doing: str) -> None:
        return

    def status(self, text: str) -> None:
        return

    def close(self) -> None:
        return


class LiveBoard:
    """Prints lines above a bar that rich draws, from the first count to the end."""

    draws = True

    def __init__(self, stream: TextIO, style: Style) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self._console = Console(file=stream, force_terminal=True, no_color=not style.color, highlight=False)
        self._blocks = BarColumn(bar_width=_bar_width(style.width))
        self._bar = Progress(
            self._blocks,
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False, table_column=Column(no_wrap=True)),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
            ),
            console=self._console,
            refresh_per_second=5,
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task("", total=None, left="", visible=False)
        self._runs = False
        self._stream, self._style, self._drawn = stream, style, 0

    def print(self, text: str) -> None:
        from rich.text import Text

        self.status("")
        self._console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)

    def count(self, done: int, total: int, *, left: str, doing: str) -> None:
        if not self._runs:
            self.status("")
            self._bar.start()
            self._runs = True
        # The width of the terminal may have changed.
        self._blocks.bar_width = _bar_width(self._console.width)
        self._bar.update(self._task, completed=done, total=total, visible=True, left=left, description=doing)

    def status(self, text: str) -> None:
        if self._runs or not (text or self._drawn):
            return
        # Every terminal supports overwriting with spaces. The cursor stays where the next output begins.
        self._stream.write(f"\r{' ' * self._drawn}\r{self._style.paint(text, 'dim')}")
        self._stream.flush()
        self._drawn = width(text)

    def close(self) -> None:
        self.status("")
        if self._runs:
            self._bar.stop()
            self._runs = False


def _bar_width(columns: int) -> int:
    """Return the width of the bar; the other columns need most of a narrow terminal."""
    return max(6, min(40, columns // 6))
