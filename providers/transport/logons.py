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

    Never are more logons under way than may still fail: a wrong password tried on twenty hosts at once would lock the
    account before the first answer. Until the credential is known to be good they go one after the other.
    """

    failed: int = 0
    _proven: bool = False
    _under_way: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Enclose a message that authenticates.

        Raises:
            LogonsUsedUp: the credential was refused too often; nothing is sent.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_used_up or self._under_way < self._allowed)
            self._check()
            self._under_way += 1
        try:
            yield
        except InvalidCredentialsError:
            self.refused()
            raise
        else:
            self._proven = True
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def check(self) -> None:
        """Raise LogonsUsedUp where nothing may be sent with this credential any more."""
        with self._changed:
            self._check()

    def refused(self) -> None:
        """Count a refusal."""
        with self._changed:
            self.failed += 1
            self._proven = False
            self._changed.notify_all()

    @property
    def _allowed(self) -> int:
        return FAILED_LOGONS - self.failed if self._proven else 1

    @property
    def _is_used_up(self) -> bool:
        return self.failed >= FAILED_LOGONS

    def _check(self) -> None:
        if self._is_used_up:
            raise LogonsUsedUp
