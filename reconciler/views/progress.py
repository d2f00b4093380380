"""Shows the progress of an apply, and the table at its end.

On a terminal, a bar at the bottom shows the number of actions and the remaining time, and lines above it show what
ended, waits or failed. One temporary line shows the reads before the apply. Without a terminal there are only lines:
for steps that start and end, with a count during long steps. An error while showing is ignored; it never stops the
apply.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, TextIO, assert_never

from reconciler.model.abilities import Vocabulary
from reconciler.model.actions import ActionKind
from reconciler.model.diagnostics import count, duration, listed
from reconciler.model.events import (
    ActionEnded,
    Event,
    Observed,
    Observing,
    Owed,
    Reported,
    Retrying,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    Waiting,
    WaveEnded,
)
from reconciler.model.snapshot import RESET, Obligation, OutcomeKind, short_run
from reconciler.views.diagnostics import diagnostic_lines
from reconciler.views.pace import Pace
from reconciler.views.progress_board import Board, LiveBoard, PlainBoard
from reconciler.views.style import Style
from reconciler.views.text import lines, shorten, wrap
from reconciler.views.values import obligation_text

_QUIET_SECONDS: Final = 10.0
"""Seconds between two lines about the same wait or count."""
_DRAWN_SECONDS: Final = 0.2
"""Seconds between two counts."""
_LISTED: Final = 20
_PRINTED: Final = 40
"""How many lines of a script's output are shown."""
_NOTABLE_SECONDS: Final = 1.0
"""A shorter duration is not shown."""
_COLUMN: Final = 11
"""The column of the text, after the word for the event."""


class TerminalProgress:
    """Shows the events of a run on ``stream``; ``live``: lines can be redrawn."""

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        vocabulary: Vocabulary,
        *,
        live: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._style, self._vocabulary = style, vocabulary
        self._monotonic = monotonic
        self._lock = Lock()
        self._tally = _Tally()
        self._board: Board = LiveBoard(stream, style) if live else PlainBoard(stream)
        self._drawn = float("-inf")

    def __call__(self, event: Event) -> None:
        try:
            with self._lock:
                self._tally.add(event, self._monotonic())
                shown = list(self.lines_of(event))
                if shown:
                    self._board.print(lines(shown))
                if self._board.draws and self._is_due(event):
                    self._tally.show_on(self._board, self._style)
                if isinstance(event, Observing | Observed):
                    self._board.status(self._tally.reading(self._style))
                if isinstance(event, RunEnded):
                    self._board.close()
                    self._board.print(lines(_closing(event, self._tally, self._style, self._vocabulary)))
        except Exception:
            # A closed terminal must not stop the apply.
            return

    def _is_due(self, event: Event) -> bool:
        """True where the count is shown again: actions may end faster than anybody reads."""
        now = self._monotonic()
        if isinstance(event, ActionEnded) and now - self._drawn < _DRAWN_SECONDS:
            return False
        self._drawn = now
        return True

    def busy(self, text: str) -> None:
        """Show a temporary line before the first event, where lines can be redrawn."""
        self._board.status(shorten(self._style.show(text), self._style.width - 1))

    def close(self) -> None:
        """Remove the bar, where a run ended without a last event."""
        try:
            self._board.close()
        except Exception:
            return

    def lines_of(self, event: Event) -> Iterator[str]:
        """Yield the lines that an event leaves on the terminal."""
        show, paint = self._style.show, self._style.paint
        match event:
            case RunStarted(run, environment, steps, actions):
                size = f"{count(actions, 'action')} in {count(steps, 'step')}"
                yield from ["", f"Run {paint(show(short_run(run)), 'bold')} applies {size} to {show(environment)}"]
            case StepStarted(step, stage, actions):
                if not self._board.draws:
                    size = f", {count(actions, 'action')}" if actions > 1 else ""
                    yield from self._line("start", f"{step} (stage {stage}{size})", "cyan")
            case Waiting(step, reason, seconds):
                if self._tally.is_news(step, reason):
                    limit = f" (at most {duration(seconds)} more)" if seconds else ""
                    yield from self._line("wait", f"{step}: {reason}{limit}", "blue")
            case Retrying(step, reason, attempt, delay_seconds):
                again = f"attempt {attempt} in {duration(delay_seconds)}"
                yield from self._line("retry", f"{step}: {reason} ({again})", "yellow")
            case ActionEnded():
                yield from self._action_ended(event)
            case StepEnded():
                yield from self._step_ended(event)
            case WaveEnded():
                yield from self._wave_ended(event)
            case Reported(diagnostic):
                yield from ["", *diagnostic_lines(diagnostic, self._style), ""]
            case Observing() | Observed() | Owed() | RunEnded():
                return
            case _:
                assert_never(event)

    def _action_ended(self, event: ActionEnded) -> Iterator[str]:
        if event.outcome is not OutcomeKind.DONE:
            reason = f": {event.detail}" if event.detail else ""
            yield from self._line(event.outcome.value.replace("-", " "), f"{event.address}{reason}", "red", "bold")
            yield from self._evidence(event)
        elif event.kind == ActionKind.RUN.value and event.evidence.printed:
            yield from self._printed(event)
        elif event.kind == RESET:  # after a kill nothing else shows who has a new one
            yield from self._line("reset", f"{event.address}", "dim")
        elif event.adopted:
            yield from self._line("found", f"{event.address} already has the desired values; nothing was sent", "dim")
        elif not self._board.draws and self._tally.is_due():
            yield from self._line("so far", f"{event.step}: {self._tally.progress()}", "dim")

    def _evidence(self, event: ActionEnded) -> Iterator[str]:
        """Yield the sent commands and their output."""
        for command in event.evidence.sent:
            yield from self._line("  sent", command, "dim")
        yield from self._printed(event)

    def _printed(self, event: ActionEnded) -> Iterator[str]:
        printed = [line for line in event.evidence.printed.splitlines() if line.strip()]
        for line in printed[:_PRINTED]:
            yield from self._line("  printed", line, "dim")
        if len(printed) > _PRINTED:
            more = f"{len(printed) - _PRINTED:,} more lines; --json and --log have all of them"
            yield from self._line("  printed", more, "dim")

    def _step_ended(self, event: StepEnded) -> Iterator[str]:
        took = f" ({duration(event.seconds)})" if event.seconds >= _NOTABLE_SECONDS else ""
        ended = event.done + event.failed + event.unknown
        left = max(0, self._tally.sizes.get(event.step, ended) - ended)
        numbers = ((event.done, "done"), (event.failed, "failed"), (event.unknown, "unknown"), (left, "not started"))
        counts = ", ".join(f"{number:,} {word}" for number, word in numbers if number)
        if event.blocked_by is not None:
            yield from self._line("blocked", f"{event.step}: needs {event.blocked_by}", "yellow")
        elif event.failed or event.unknown:
            yield from self._line("ended", f"{event.step}: {counts}{took}", "red", "bold")
        elif left:
            yield from self._line("stopped", f"{event.step}: {counts}{took}", "yellow")
        else:
            yield from self._line("done", f"{event.step}{took}", "green")

    def _wave_ended(self, event: WaveEnded) -> Iterator[str]:
        failed = event.failed - (event.left_out or 0)
        counts = [
            count(event.users, "user"),
            *([count(failed, "failure")] if failed else []),
            *([f"{event.left_out:,} left out by the plan"] if event.left_out else []),
        ]
        if event.passed:
            yield from self._line("passed", f"wave {event.wave}: {', '.join(counts)}", "green")
        else:
            yield from self._line("halted", f"{event.reason}; later waves do not start", "red", "bold")

    def _line(self, word: str, text: str, *looks: str) -> Iterator[str]:
        """Yield a line with the word for the event in the first column; on a terminal wrapped to its width."""
        shown = self._style.show(text)
        first, *rest = wrap(shown, self._style.width - _COLUMN) if self._board.draws else [shown]
        yield f"  {self._style.paint(f'{word:<8}', *looks)} {first}"
        yield from (f"{' ' * _COLUMN}{part}" for part in rest)


# --- totals ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """The totals of the events so far."""

    actions: int = 0
    ended: int = 0
    begun: float = 0.0
    counted: float = 0.0
    """The time of the last line with the count."""
    now: float = 0.0
    running: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    """The number of actions of each step that started."""
    read: list[str] = field(default_factory=list)
    """Hosts that are being read."""
    failures: list[ActionEnded] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    owed: dict[tuple[str, str], Obligation] = field(default_factory=dict)
    waits: dict[str, tuple[str, float]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    stages: dict[str, int] = field(default_factory=dict)

    def add(self, event: Event, now: float) -> None:
        self.now = now
        match event:
            case RunStarted():
                self.actions, self.begun, self.counted = event.actions, now, now
                self.pace = Pace(event.outline)
                self.stages = {step.id: step.stage for step in event.outline}
            case StepStarted():
                self.running[event.step] = self.sizes[event.step] = event.actions
                self.pace.started(event.step, now)
            case Waiting():
                if event.seconds:
                    self.pace.waits(event.step, event.seconds, now)
            case Observing():
                self.read.append(event.host)
            case Observed():
                if event.host in self.read:
                    self.read.remove(event.host)
            case ActionEnded():
                self.ended += 1
                self.pace.acted(event.step)
                if event.outcome is not OutcomeKind.DONE:
                    self.failures.append(event)
            case StepEnded():
                self.running.pop(event.step, None)
                self.pace.ended(event.step, now)
                if event.blocked_by is not None:
                    self.blocked.append(f"{event.step}: needs {event.blocked_by}")
            case WaveEnded(reason=reason):
                self.blocked += [reason] if reason else []
            case Owed(obligation, met):
                if met:
                    self.owed.pop(obligation.identity, None)
                else:
                    self.owed[obligation.identity] = obligation
            case _:
                return

    def is_news(self, step: str, reason: str) -> bool:
        """True where ``step`` has a new reason to wait, or its last line is old."""
        before, then = self.waits.get(step, (None, 0.0))
        if before == reason and self.now - then < _QUIET_SECONDS:
            return False
        self.waits[step] = (reason, self.now)
        return True

    def is_due(self) -> bool:
        """True where the last line with the count is old."""
        if self.now - self.counted < _QUIET_SECONDS:
            return False
        self.counted = self.now
        return True

    def reading(self, style: Style) -> str:
        """Return a line with the hosts that are read before the run; empty during the run."""
        if not self.read or self.actions:
            return ""
        return shorten(style.show(f"Reading {listed(dict.fromkeys(self.read), 2)} ..."), style.width - 1)

    def show_on(self, board: Board, style: Style) -> None:
        if not self.actions:
            return
        left = self.pace.left(self.now)
        board.count(
            self.ended,
            self.actions,
            left="" if left is None else f"{duration(left)} left",
            doing=style.show(self._doing()),
        )

    def _doing(self) -> str:
        stages = [stage for step in self.running if (stage := self.stages.get(step))]
        where = f"stage {min(stages)} of {max(self.stages.values())}: " if stages else ""
        return where + listed(self.running, 1)

    def progress(self) -> str:
        left = self.pace.left(self.now)
        about = f", about {duration(left)} left" if left is not None else ""
        return f"{self.ended:,} of {self.actions:,} actions in {duration(self.now - self.begun)}{about}"


# --- the end ---------------------------------------------------------------------------------------------------------


def _closing(event: RunEnded, tally: _Tally, style: Style, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the table: done, failed, blocked and unknown with reasons, and the command to continue."""
    run = f"Run {style.show(short_run(event.run))}, {duration(event.seconds)}."
    if not (event.exit_code or event.failed or event.blocked or event.unknown or tally.owed):
        yield from ["", f"{_verdict(event, style)} {count(event.done, 'action')} done. {style.paint(run, 'dim')}"]
        return
    yield from ["", f"{_verdict(event, style)} {style.paint(run, 'dim')}", ""]
    unknown = [_failure(ended) for ended in tally.failures if ended.outcome is OutcomeKind.UNKNOWN]
    failed = [_failure(ended) for ended in tally.failures if ended.outcome is not OutcomeKind.UNKNOWN]
    yield from _row("done", event.done, [], "green", style)
    yield from _row("failed", event.failed, failed, "red", style)
    yield from _row("blocked", event.blocked, tally.blocked, "yellow", style)
    if event.left_out:
        yield from _row("left out", event.left_out, ["the plan says why"], "yellow", style)
    if event.unknown:
        yield from _row("unknown", event.unknown, unknown, "red", style)
    if tally.owed:
        owed = [obligation_text(owed, vocabulary) for owed in tally.owed.values()]
        yield from _row("to do", len(owed), owed, "yellow", style)
    if event.resume:
        yield from ["", "To continue:", "", f"    {style.show(event.resume)}"]


def _verdict(event: RunEnded, style: Style) -> str:
    if event.unknown:
        return style.paint("Check the servers: the outcome of an action is unknown.", "red", "bold")
    if event.failed or event.blocked or (event.left_out and event.exit_code == 3):
        return style.paint("Not everything was applied.", "red", "bold")
    if event.exit_code:
        return style.paint("Stopped.", "yellow", "bold")
    return style.paint("Applied.", "green", "bold")


def _failure(ended: ActionEnded) -> str:
    reason = ended.detail or {OutcomeKind.NOT_RUN: "nothing was sent"}.get(ended.outcome, "no reason was given")
    return f"{ended.address}: {reason}"


def _row(title: str, number: int, reasons: list[str], look: str, style: Style) -> Iterator[str]:
    yield f"  {style.paint(f'{title:<8}', *([look, 'bold'] if number else ['dim']))} {number:>6,}"
    for reason in reasons[:_LISTED]:
        for index, line in enumerate(wrap(style.show(reason), max(20, style.width - 8))):
            yield f"      {'  ' if index else ''}{line}"
    if len(reasons) > _LISTED:
        yield f"      ... {len(reasons) - _LISTED:,} more; --json and --log have all of them"
