"""How often a credential may be refused: directories lock accounts, and a run talks to many hosts at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from winrm.exceptions import InvalidCredentialsError

FAILED_LOGONS: Final = 2


class LogonsUsedUp(Exception):
    """The credential was refused as often as one run may try it."""


@dataclass(slots=True)
class LogonBudget:
    """Counts failed logons of one credential over all hosts of a run. Thread-safe.

    Until the credential is known to be good, logons go one after the other: a wrong password tried on twenty hosts at
    once would lock the account before the first answer.
    """

    failed: int = 0
    _proven: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Enclose a message that authenticates.

        Raises:
            LogonsUsedUp: the credential was refused too often; nothing is sent.
        """
        if self._proven:
            self._check()
            with self._counting():
                yield
            return
        with self._lock:
            self._check()
            with self._counting():
                yield
            self._proven = True

    def refused(self) -> None:
        with self._lock:
            self.failed += 1
            self._proven = False

    def _check(self) -> None:
        if self.failed >= FAILED_LOGONS:
            raise LogonsUsedUp

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except InvalidCredentialsError:
            self.refused()
            raise
