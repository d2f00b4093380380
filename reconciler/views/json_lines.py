"""Events and results as JSON lines: for programs on standard output, and in the log of a run, a private file.

Every object has its format and its type, so that a reader can skip unknown ones. ``messages`` defines them.

structlog writes the log. It is imported with the first event, because most commands have no log. Events hold no
secrets; a processor masks known secrets that appear in the text of a server. An error of the log is kept in ``failure``
and stops nothing, because recovery uses the journal in the state and not the log.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, TypeAlias, assert_never

from reconciler.model.diagnostics import Severity
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
from reconciler.model.snapshot import OutcomeKind
from reconciler.views.messages import End, Message, Tellable, message_of, messages_of
from reconciler.views.text import to_json

FORMAT: Final = "reconciler/1"


class JsonLines:
    """Writes messages; ``write`` receives one line at a time. An error while writing never fails a run."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        try:
            self.send(message_of(event))
        except Exception:
            # A closed pipe must not stop the apply.
            return

    def send(self, message: Message) -> None:
        self._write(to_json({"format": FORMAT, **message}) + "\n")

    def tell(self, *values: Tellable) -> None:
        """Write the values as messages, one JSON line for each."""
        for value in values:
            for message in messages_of(value):
                self.send(message)

    def end(self, exit_code: int) -> None:
        """Write the last line of every command's output."""
        self.tell(End(exit_code))


LEVELS: Final = ("debug", "info", "warning", "error")
MASK: Final = "[secret]"

Fields: TypeAlias = MutableMapping[str, Any]


class LogFile:
    """Appends events of at least ``level`` to the file at ``path``, which has mode 0600."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        level: str = "debug",
        secrets: Iterable[str] = (),
    ) -> None:
        if level not in LEVELS:
            raise ValueError(f"{level} is not a level; use one of: {', '.join(LEVELS)}")
        self.failure: Exception | None = None
        self._path = path
        self._now = now
        self._lowest = LEVELS.index(level)
        self._secrets = _longest_first(secrets)
        self._lock = Lock()
        self._file: IO[str] | None = None
        self._logger: Any = None

    def __call__(self, event: Event) -> None:
        level = level_of(event)
        if LEVELS.index(level) < self._lowest:
            return
        try:
            with self._lock:
                fields = dict(message_of(event))
                getattr(self._opened(), level)(fields.pop("type"), **fields)
        except Exception as error:
            self.failure = error

    def mask(self, secret: str) -> None:
        """Mask ``secret`` in all later events."""
        with self._lock:
            self._secrets = _longest_first([*self._secrets, secret])

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = self._logger = None

    def _opened(self) -> Any:
        if self._logger is None:
            import structlog

            self._file = os.fdopen(_private(self._path), "a", encoding="ascii", newline="\n")
            self._logger = structlog.wrap_logger(
                structlog.WriteLogger(self._file),
                processors=[structlog.processors.add_log_level, self._stamped, self._redacted, self._rendered],
                wrapper_class=structlog.make_filtering_bound_logger(0),
            )
        return self._logger

    def _stamped(self, logger: object, method: str, fields: Fields) -> Fields:
        return {"time": self._now().isoformat(timespec="milliseconds"), **fields}

    def _redacted(self, logger: object, method: str, fields: Fields) -> Fields:
        return {name: redacted(value, self._secrets) for name, value in fields.items()}

    def _rendered(self, logger: object, method: str, fields: Fields) -> str:
        return to_json(fields)


def level_of(event: Event) -> str:
    """Return the level of an event: ``debug``, ``info``, ``warning`` or ``error``."""
    match event:
        case Reported(diagnostic):
            levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}
            return levels[diagnostic.severity]
        case ActionEnded(outcome=outcome):
            return "debug" if outcome is OutcomeKind.DONE else "error"
        case StepEnded(failed=failed, unknown=unknown, blocked_by=blocked_by):
            return "error" if failed or unknown else "warning" if blocked_by else "info"
        case WaveEnded(passed=passed):
            return "info" if passed else "error"
        case RunEnded(exit_code=exit_code):
            return "error" if exit_code else "info"
        case Retrying():
            return "warning"
        case Observing() | Observed() | RunStarted() | StepStarted() | Waiting() | Owed():
            return "info"
    assert_never(event)


def redacted(value: object, secrets: Iterable[str]) -> object:
    """Return ``value`` with every secret in its texts masked, also in the keys of mappings."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, MASK)
            return value
        case Mapping():
            return {str(redacted(name, secrets)): redacted(inner, secrets) for name, inner in value.items()}
        case list() | tuple():
            return [redacted(inner, secrets) for inner in value]
        case _:
            return value


def _longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the secrets, longest first, so that a secret that contains another is masked as a whole."""
    return tuple(sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret)))


def _private(path: Path) -> int:
    """Open a file for appending, for its owner only, and never through a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return descriptor
