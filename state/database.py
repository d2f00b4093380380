"""The common part of both kinds of store: one connection, used by one thread at a time, in short transactions.

Failures of a store become StateError here. No other module handles errors of SQLAlchemy and of the drivers.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from reconciler.model.diagnostics import Diagnostic, Locked, StateError
from state.errors import damaged, state_error
from state.host_lock import HostLock


class StoreUnreachable(StateError):
    """The connection to the store broke. It is unknown whether the last transaction is durable."""


class StoreBusy(Locked):
    """The transaction of another process takes too long; that process is slow or suspended."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn errors of the store at ``where`` into StateError."""
    try:
        yield
    except DBAPIError as error:
        raise _of_driver(where, error) from error
    except SQLAlchemyError as error:
        raise state_error("State not accessible", f"{where}: {_first_line(error)}.") from error
    except sqlite3.Error as error:
        raise _of_sqlite(where, error) from error
    except ValueError as error:
        # Of the codec: a row cannot be read, or a value may not be written.
        raise damaged(where, str(error)) from error
    except OSError as error:
        raise _of_system(where, error) from error


def _of_driver(where: str, error: DBAPIError) -> StateError:
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(where, error.orig)
    detail = f"{where}: {_first_line(error.orig or error)}."
    code: str | None = getattr(error.orig, "sqlstate", None)
    match code:
        case None | "57P01" | "57P02" | "57P03" if isinstance(error, OperationalError):
            return StoreUnreachable(
                Diagnostic(
                    "State server not reachable",
                    detail,
                    "Check the server, its address and the account. Then repeat the command.",
                )
            )
        case "53100" | "53200":
            return state_error("Disk full", detail, "Make room on the server, then repeat the command.")
        case "55P03":
            return in_use(f"Another process has been writing for too long. {detail}")
        case "40001" | "40P01" | "57014":
            return state_error("State in use", detail, "Repeat the command.")
        case _:
            return state_error("State not accessible", detail, "Check that the account has the right to do this.")


def _of_sqlite(where: str, error: sqlite3.Error) -> StateError:
    name: str = getattr(error, "sqlite_errorname", "") or ""
    detail = f"{where}: {_first_line(error)}{f' ({name})' if name else ''}."
    match name.removeprefix("SQLITE_").partition("_")[0]:
        case "FULL":
            return state_error("Disk full", detail, "Make room on the disk, then repeat the command.")
        case "IOERR":
            return state_error("Disk error", detail, "Check the disk for errors, then repeat the command.")
        case "BUSY" | "LOCKED":
            return in_use(f"Another process has been writing for too long. {detail}")
        case "READONLY" | "PERM" | "AUTH" | "CANTOPEN":
            return state_error(
                "State not accessible", detail, "Check that this user may write to the file and its directory."
            )
        case _:
            # Bytes that are not UTF-8, or a missing table: SQLite reports these as plain errors.
            return damaged(where, _first_line(error))


def in_use(detail: str) -> StoreBusy:
    """Return the error that another running process keeps this one from writing."""
    remedy = (
        "Wait until the other process has ended, then repeat the command. "
        "If a process of reconciler is suspended, continue it or end it."
    )
    return StoreBusy(Diagnostic("State in use", detail, remedy))


def _of_system(where: str, error: OSError) -> StateError:
    return state_error(
        "State not accessible",
        f"{error.filename or where}: {error.strerror or error}.",
        "Check that the disk has room and that this user may write there.",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


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
        with self._mutex, translated(self.where), self._connected() as connection:
            connection = self._for_reading(connection)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, in_haste: bool = False) -> Iterator[Connection]:
        """Enter a transaction that is durable if it ends without an error, and otherwise has no effect.

        Raises:
            StoreBusy: the transaction of another process takes longer than 5 s, or 1.5 s ``in_haste``.
        """
        with self._mutex, translated(self.where), self._connected() as connection:
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

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Enter a connection for one transaction."""
        with self._opened().connect() as connection:
            yield connection

    @abstractmethod
    def _for_reading(self, connection: Connection) -> Connection: ...

    def _check_before_writing(self) -> None:
        """Raise StateError if the store is no longer the one that was opened."""
        return
