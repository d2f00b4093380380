"""The common part of both kinds of store: one connection, used by one thread at a time, in short transactions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from sqlalchemy import Connection, Engine

from state.failures import translated
from state.host_lock import HostLock

WRITES = "reconciler_writes"
"""The execution option of a transaction that will write."""

IN_HASTE = "reconciler_in_haste"
"""The execution option of a transaction that does not wait long for others."""


class Database(ABC):
    """A place with tables. Any thread may call its methods; they wait for each other."""

    where: str
    """Its name in messages, without password."""
    host_lock: HostLock | None = None
    """Shows at once whether a holder on this host is dead, if the store is a file."""
    is_shared = False
    """True if it may contain several environments."""
    reconnects = False
    """True if a broken connection can be opened again."""

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
        """Enter a transaction that is durable if it ends without an error, and otherwise has no effect.

        Raises:
            StoreBusy: the transaction of another process takes longer than 5 s, or 1.5 s ``in_haste``.
        """
        with self._mutex, translated(self.where), self._opened().connect() as connection:
            self._check_before_writing()
            connection = connection.execution_options(**{WRITES: True, IN_HASTE: in_haste})
            with connection.begin():
                yield connection

    @abstractmethod
    def exists(self) -> bool:
        """Return True if the store exists; then open it."""

    @abstractmethod
    def create(self) -> None:
        """Make the directory, the file and the tables if they are missing."""

    @abstractmethod
    def now(self, connection: Connection) -> float:
        """Return the time by the store's clock, in seconds since 1970."""

    @abstractmethod
    def lock_creation(self, connection: Connection) -> None:
        """Keep others from creating an environment or a table until the transaction ends."""

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
        """Raise StateError if the store is no longer the one that was opened."""
        return
