"""Turns failures of a store into StateError. No other module handles errors of SQLAlchemy and of the drivers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from reconciler.model.diagnostics import Diagnostic, Locked, StateError


class StoreUnreachable(StateError):
    """The connection to the store broke. It is unknown whether the last transaction is durable."""


class StoreBusy(Locked):
    """The transaction of another process takes too long; that process is slow or suspended."""


def state_error(summary: str, detail: str, remedy: str = "") -> StateError:
    return StateError(Diagnostic(summary, detail, remedy))


def damaged(where: str, detail: str) -> StateError:
    """Return the error for content that this program did not write."""
    return state_error(
        "Damaged state",
        f"{where} does not contain what reconciler wrote: {detail}.",
        "Restore it from a backup, or move it away and plan again. The servers do not depend on it: existing objects "
        "are found by name, and commands that were being sent are found by reading the servers.",
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
