"""What goes wrong with a store, told as StateError: errors of SQLAlchemy and of the drivers go no further than here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import Locked, StateError


class StoreUnreachable(StateError):
    """The connection to the store broke: what was under way may have become durable or not."""


class StoreBusy(Locked):
    """Another process is in the middle of a transaction for longer than ours take: it works on, or was stopped."""


def state_error(summary: str, detail: str, remedy: str = "") -> StateError:
    return StateError(Diagnostic(summary, detail, remedy))


def damaged(where: str, detail: str) -> StateError:
    """Return the error for content that this program did not write so."""
    return state_error(
        "Damaged state",
        f"{where} does not hold what was written to it: {detail}.",
        "Restore it from a backup, or move it away and plan anew. Nothing on the servers depends on it: what is there "
        "is found again by name, and what was being sent is found by reading the servers.",
    )


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
        # The codec's: a row that cannot be read, or a value that may not be written.
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
            return in_use(f"Another process is writing for long. {detail}")
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
            return state_error("Disk error", detail, "Look at the disk, then repeat the command.")
        case "BUSY" | "LOCKED":
            return in_use(f"Another process is writing for long. {detail}")
        case "READONLY" | "PERM" | "AUTH" | "CANTOPEN":
            return state_error(
                "State not accessible", detail, "Check that this user may write to the file and its directory."
            )
        case "CORRUPT" | "NOTADB" | "FORMAT" | "MISMATCH":
            return damaged(where, _first_line(error))
        case _:
            # Bytes that are no UTF-8, a table that is gone: SQLite tells these as plain errors.
            return damaged(where, _first_line(error))


def in_use(detail: str) -> StoreBusy:
    """Return the error that another process, which lives, keeps this one from writing."""
    remedy = "Repeat the command when it has ended. If a process of reconciler was stopped, continue it or end it."
    return StoreBusy(Diagnostic("State in use", detail, remedy))


def _of_system(where: str, error: OSError) -> StateError:
    return state_error(
        "State not accessible",
        f"{error.filename or where}: {error.strerror or error}.",
        "Check that the disk has room and that this user may write there.",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
