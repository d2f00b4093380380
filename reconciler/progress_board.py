"""Where progress is shown: plain lines, or lines above a bar that is drawn in place."""

from __future__ import annotations

from typing import Protocol, TextIO

from reconciler.style import Style


class Board(Protocol):
    """Takes lines, and a count that is drawn where it can be."""

    draws: bool
    """True where counts are drawn in place, so that no lines are needed for them."""

    def print(self, text: str) -> None: ...

    def count(self, done: int, total: int, *, left: str, doing: str) -> None: ...

    def close(self) -> None: ...


class PlainBoard:
    """Lines, one after the other."""

    draws = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def print(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def count(self, done: int, total: int, *, left: str, doing: str) -> None:
        return

    def close(self) -> None:
        return


class LiveBoard:
    """Lines above a bar that rich draws, from the first count to the end."""

    draws = True

    def __init__(self, stream: TextIO, style: Style) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console(file=stream, force_terminal=True, no_color=not style.color, highlight=False)
        self._bar = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            refresh_per_second=5,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, left="", visible=False)
        self._runs = False

    def print(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)

    def count(self, done: int, total: int, *, left: str, doing: str) -> None:
        if not self._runs:
            self._bar.start()
            self._runs = True
        self._bar.update(self._task, completed=done, total=total, visible=True, left=left, description=doing)

    def close(self) -> None:
        if self._runs:
            self._bar.stop()
            self._runs = False
