"""The log of a run: every event as one JSON line in a private file, for whoever has to find out what happened.

structlog writes it, and is imported with the first event, since most commands log nothing. Secrets are not part of
events; should one slip into a server's text all the same, a last processor masks every value it was told of. A log that
cannot be written is remembered in ``failure`` and fails nothing: the journal that recovery needs is the state's.
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
    Retrying,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    Told,
    Waiting,
)
from reconciler.model.snapshot import OutcomeKind
from reconciler.views.messages import message_of
from reconciler.views.text import to_json

LEVELS: Final = ("debug", "info", "warning", "error")
MASK: Final = "[secret]"

Fields: TypeAlias = MutableMapping[str, Any]


class LogFile:
    """Appends events to the file at ``path``, which is made with mode 0600; ``level`` leaves out what is below it."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        level: str = "debug",
        secrets: Iterable[str] = (),
    ) -> None:
        if level not in LEVELS:
            raise ValueError(f"{level} is no level; these are: {', '.join(LEVELS)}")
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
        """Replace ``secret`` wherever it should come up from now on."""
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
    """Return how loud an event is: ``debug``, ``info``, ``warning`` or ``error``."""
    match event:
        case Told(diagnostic):
            levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}
            return levels[diagnostic.severity]
        case ActionEnded(outcome=outcome):
            return "debug" if outcome is OutcomeKind.DONE else "error"
        case StepEnded(failed=failed, unknown=unknown, blocked_by=blocked_by):
            return "error" if failed or unknown else "warning" if blocked_by else "info"
        case RunEnded(exit_code=exit_code):
            return "error" if exit_code else "info"
        case Retrying():
            return "warning"
        case Observing() | Observed() | RunStarted() | StepStarted() | Waiting() | Owed():
            return "info"
    assert_never(event)


def redacted(value: object, secrets: Iterable[str]) -> object:
    """Return ``value`` with every secret in its texts masked, also in the names of mappings."""
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
    """Return secrets so that one which holds another is masked whole; an empty one masks nothing."""
    return tuple(sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret)))


def _private(path: Path) -> int:
    """Open for appending, for the owner alone, and never through a link that somebody put in the way."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return descriptor
