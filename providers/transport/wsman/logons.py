"""Limits how often a credential may be refused: directories lock accounts, and a run talks to many hosts at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from winrm.exceptions import InvalidCredentialsError

FAILED_LOGONS: Final = 2


class LogonsUsedUp(Exception):
    """The credential was refused as often as a run may try it."""


class LogonsStopped(Exception):
    """The run ended while a logon waited for its turn; nothing was sent."""


@dataclass(slots=True)
class LogonBudget:
    """Counts failed logons of one credential over all hosts of a run. Thread-safe.

    The number of concurrent logons never exceeds the number of failures still allowed: a wrong password tried on twenty
    hosts at once would lock the account before the first reply.
    """

    failed: int = 0
    waiting: int = 0
    """How many logons wait for their turn."""
    _under_way: int = 0
    _stops: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Surround a logon; ``InvalidCredentialsError`` counts as a refusal.

        Raises:
            LogonsUsedUp: the credential was refused too often; nothing is sent.
            LogonsStopped: the run ended during the wait; nothing is sent.
        """
        with self._changed:
            stops = self._stops
            self.waiting += 1
            self._changed.wait_for(lambda: self._stops != stops or self._is_used_up or self.has_room)
            self.waiting -= 1
            if self._stops != stops:
                raise LogonsStopped
            self._check()
            self._under_way += 1
        try:
            yield
        except InvalidCredentialsError:
            self.refused()
            raise
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def check(self) -> None:
        """Raise LogonsUsedUp if this credential may not be sent any more."""
        with self._changed:
            self._check()

    def refused(self) -> None:
        """Count a refusal."""
        with self._changed:
            self.failed += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """End the waits. Later logons are allowed, because closing a session may take one."""
        with self._changed:
            self._stops += 1
            self._changed.notify_all()

    @property
    def _is_used_up(self) -> bool:
        return self.failed >= FAILED_LOGONS

    @property
    def has_room(self) -> bool:
        """True if one more logon may be under way."""
        return self._under_way < FAILED_LOGONS - self.failed

    def _check(self) -> None:
        if self._is_used_up:
            raise LogonsUsedUp
