"""What the two kinds of store have in common: one connection, used by one thread at a time, in short transactions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from sqlalchemy import Connection, Engine

from state.failures import translated
from state.host_lock import HostLock

WRITES = "reconciler_writes"
"""The execution option of a transaction that is going to write."""

IN_HASTE = "reconciler_in_haste"
"""The execution option of one that does not wait long for others."""


class Database(ABC):
    """A place that holds tables. Its methods may be called from any thread; they wait for each other."""

    where: str
    """How messages name it; holds no password."""
    host_lock: HostLock | None = None
    """Tells at once whether a holder on this host died, where the store is a file."""
    is_shared = False
    """It may hold several environments."""
    reconnects = False
    """A broken connection may come back."""

    def __init__(self) -> None:
        self._mutex = RLock()
        self._engine: Engine | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Enter a transaction that sees one state of the store and writes nothing."""
        with self._mutex, translated(self.where), self._opened().connect() as connection:
            connection = self._for_reading(connection)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, in_haste: bool = False) -> Iterator[Connection]:
        """Enter a transaction that is durable when it is left without an error, and else never was.

        Raises:
            StoreBusy: another process is in a transaction for longer than one waits: 5 s, and 1.5 s ``in_haste``.
        """
        with self._mutex, translated(self.where), self._opened().connect() as connection:
            self._check_before_writing()
            connection = connection.execution_options(**{WRITES: True, IN_HASTE: in_haste})
            with connection.begin():
                yield connection

    @abstractmethod
    def exists(self) -> bool:
        """Return whether anything was ever saved here; opens it where it was."""

    @abstractmethod
    def create(self) -> None:
        """Make what is missing: directory, file, tables."""

    @abstractmethod
    def now(self, connection: Connection) -> float:
        """Return the time by the store's clock, in seconds since 1970."""

    @abstractmethod
    def lock_creation(self, connection: Connection) -> None:
        """Until the transaction ends, let nobody else create an environment or a table."""

    def close(self) -> None:
        with self._mutex:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None
            if self.host_lock is not None:
                self.host_lock.close()

    @abstractmethod
    def _opened(self) -> Engine: ...

    def _for_reading(self, connection: Connection) -> Connection:
        return connection

    def _check_before_writing(self) -> None:
        """Raise StateError where the store is no longer the one that was opened."""
        return
