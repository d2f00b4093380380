"""An SQLite file and its settings, by the driver of Python alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, TypeAlias

from reconciler.model.diagnostics import StateError
from state.errors import state_error

APPLICATION_ID: Final = 0x52434E43
"""Marks an SQLite file as ours, in its header ("RCNC")."""

_OPENING_SECONDS: Final = 1.5

Settings: TypeAlias = tuple[tuple[str, str, object], ...]
"""The statement that makes a setting, the one that reads it back, and the expected result."""

SETTINGS: Final[Settings] = (
    ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"),
    ("PRAGMA synchronous = FULL", "PRAGMA synchronous", 2),
    ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", 1),
    ("PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", 0),
    ("PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", 1),
    ("PRAGMA mmap_size = 0", "PRAGMA mmap_size", 0),
)
SETTINGS_OF_READERS: Final[Settings] = (*SETTINGS[2:], ("PRAGMA query_only = ON", "PRAGMA query_only", 1))
"""A reader opens the file for writing and then forbids writes.

If it opened the file only for reading, SQLite would leave the log and its index next to the file.
"""


def connect(path: Path, settings: Settings, mode: str) -> sqlite3.Connection:
    """Return a connection to an existing file with ``settings``; its transactions are begun by statements."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_OPENING_SECONDS,
    )
    try:
        _apply(connection, settings, str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _apply(connection: sqlite3.Connection, settings: Settings, where: str) -> None:
    for statement, question, wanted in settings:
        connection.execute(statement).close()
        found = connection.execute(question).fetchone()
        # A build without memory maps has no answer to mmap_size.
        if found is not None and found[0] != wanted:
            raise _unsafe(where, statement, found[0])


def _unsafe(where: str, statement: str, found: object) -> StateError:
    return state_error(
        "Unsafe state settings",
        f"{where}: after {statement!r}, SQLite reports {found!r}.",
        "Put the state on a local disk, or use another build of SQLite.",
    )


def beside(path: Path) -> list[Path]:
    """Return the files that SQLite keeps next to ``path``, the write-ahead log first."""
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]


def has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
