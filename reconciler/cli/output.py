"""Writes the results of a command: text for people, or JSON lines for programs with the text on standard error.

Each command has one ``Output``. It passes events to the terminal, the JSON stream and the log file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from reconciler.model.diagnostics import ConfigurationError, Diagnostic, OutputLost, ReconcilerError, count
from reconciler.model.events import Event, Observed, Observing, RunStarted
from reconciler.views.style import Style, is_live, style_of

if TYPE_CHECKING:  # the command line starts without them
    from reconciler.doctor.report import Report
    from reconciler.model.waivers import Waived
    from reconciler.plan.drift import DriftReport
    from reconciler.plan.plan import Plan
    from reconciler.views.json_lines import JsonLines
    from reconciler.views.messages import Tellable


class Output:
    """Shows plans, drift, diagnostics and events; ``as_json``: JSON on standard output, text on standard error."""

    def __init__(self, *, as_json: bool = False, log: Path | None = None) -> None:
        self.people: TextIO = sys.stderr if as_json else sys.stdout
        self.style: Style = style_of(self.people, os.environ)
        self.error_style: Style = style_of(sys.stderr, os.environ)
        self._json = _json_lines() if as_json else None
        self._log = _log_file(log)
        self._progress: Any = None
        self.has_run = False
        """True after an apply began to change servers."""
        self._shown: set[Diagnostic] = set()
        """Diagnostics already shown: each is shown once."""

    def emit(self, event: Event) -> None:
        """Pass an event to every listener."""
        self.has_run = self.has_run or isinstance(event, RunStarted)
        if self._log is not None:
            self._log(event)
        if self._json is not None:
            self._json(event)
        elif not isinstance(event, Observing | Observed) or self._is_watched:
            self._listener(event)

    @property
    def _is_watched(self) -> bool:
        return is_live(sys.stderr, os.environ)

    def _listener(self, event: Event) -> None:
        self._terminal(event)

    @property
    def _terminal(self) -> Any:
        from reconciler.app import vocabulary
        from reconciler.views.progress import TerminalProgress

        if self._progress is None:
            live = is_live(self.people, os.environ)
            self._progress = TerminalProgress(self.people, self.style, vocabulary(), live=live)
        return self._progress

    def busy(self, text: str) -> None:
        """On a terminal, show what the command does before the first event: sessions take seconds to open."""
        if self._json is None and self._is_watched:
            self._terminal.busy(text)

    def mask(self, secret: str) -> None:
        if self._log is not None:
            self._log.mask(secret)

    def plan(self, plan: Plan, *, commands: bool = False) -> None:
        if self._json is not None:
            self._json.tell(plan)
            self._shown.update(plan.diagnostics)
            return
        from reconciler.app import vocabulary
        from reconciler.views.plan import render_plan

        self._print(render_plan(plan, self.style, vocabulary(), commands=commands))
        self._shown.update(plan.diagnostics)

    def saved_plan(self, plan: Plan) -> None:
        """Show a saved plan, which was approved before: in full as JSON, its summary as text."""
        if self._json is not None:
            self.plan(plan)
            return
        from reconciler.app import vocabulary
        from reconciler.views.plan import render_summary

        self._print(render_summary(plan, self.style, vocabulary()))
        self._shown.update(plan.diagnostics)

    def drift(self, report: DriftReport, plan: Callable[..., str]) -> None:
        if self._json is not None:
            self._json.tell(report)
            return
        from reconciler.views.drift import render_drift

        self._print(render_drift(report, self.style, plan=plan))

    def doctor(self, report: Report, plan: str, *, in_full: bool = False) -> None:
        if self._json is not None:
            self._json.tell(report)
            return
        from reconciler.views.doctor import render_doctor

        self._print(render_doctor(report, self.style, plan=plan, in_full=in_full))

    def messages(self, values: Iterable[Tellable], text: Callable[[], str]) -> None:
        """Write the values as JSON, or the text for people."""
        if self._json is None:
            self._print(text())
        else:
            self._json.tell(*values)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        new = tuple(one for one in diagnostics if one not in self._shown)
        self._shown.update(new)
        if not new:
            return
        if self._json is not None:
            self._json.tell(*new)
        from reconciler.views.diagnostics import render_diagnostics

        self._end_progress()
        with suppress(OSError):  # the terminal is closed; the exit code still shows the failure
            sys.stderr.write(render_diagnostics(new, self.error_style))
            sys.stderr.flush()

    def waived(self, waived: Iterable[Waived]) -> None:
        every = tuple(waived)
        if self._json is not None:
            self._json.tell(*every)
            return
        from reconciler.views.waivers import render_waived

        self._print(render_waived(every, self.style))

    def conclude(self, word: str, error: ReconcilerError) -> None:
        """Show why the command failed, and ``word`` with the number of errors in the last line."""
        self.diagnostics(error.diagnostics)
        number = sum(one.is_error for one in error.diagnostics)
        self.say(f"\n{word}: {count(number, 'error')}.")

    def write(self, text: str) -> None:
        """Write a result, such as a schema, unchanged to standard output."""
        _write_out(text)

    def say(self, text: str) -> None:
        """Write a line for people."""
        self._print(text + "\n")

    def end(self, exit_code: int) -> int:
        """Write the last message, close the log and return ``exit_code``."""
        self._end_progress()
        if self._json is not None:
            self._json.end(exit_code)
        if self._log is not None:
            self._log.close()
        return exit_code

    def _end_progress(self) -> None:
        """Remove the progress line before other text."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    def _print(self, text: str) -> None:
        self._end_progress()
        _write(text, self.people)


def _write_out(line: str) -> None:
    _write(line, sys.stdout)


def _write(text: str, stream: TextIO) -> None:
    """Write the result of a command.

    Raises:
        BrokenPipeError: the reader closed the pipe.
        OutputLost: the output cannot be written.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        detail = f"The output cannot be written: {error.strerror or error}."
        raise OutputLost(Diagnostic("Output lost", detail, "Free some space, or redirect the output.")) from error


def _json_lines() -> JsonLines:
    from reconciler.views.json_lines import JsonLines

    return JsonLines(_write_out)


def _log_file(path: Path | None) -> Any:
    if path is None:
        return None
    from reconciler.run.system import SystemClock
    from reconciler.views.json_lines import LogFile

    return LogFile(path, now=SystemClock().now)


def write_file(path: Path, text: str) -> None:
    """Write an output file. Raises ConfigurationError where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        detail = f"{path} cannot be written: {error.strerror}."
        remedy = "Name a file in an existing directory that this user may write to. Check the free space."
        raise ConfigurationError(Diagnostic("File cannot be written", detail, remedy)) from error
