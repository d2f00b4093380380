"""Reads a healthy SQLite file by the driver alone, because loading SQLAlchemy takes longer than reading it.

Healthy is a file that was closed properly, has exactly the tables of this version, and rows that fit their checksums.
Of every other file this module says nothing: ``sqlite`` looks again, repairs, upgrades, waits, or says what is wrong.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from reconciler.model.diagnostics import StateError
from reconciler.model.snapshot import Snapshot
from reconciler.model.values import canonical
from state import codec
from state.digests import checksum
from state.files import check_private_directory, check_private_file
from state.machine import Machine
from state.snapshot_rows import snapshot_of
from state.sqlite_file import APPLICATION_ID, SETTINGS_OF_READERS, beside, connect, has_content

_REVISION: Final = "3"
_SCHEMA: Final = "d8f09210cfd9b125d5687eb9352fe561b7524fbf68a1f5347f8038f3090cc305"
"""The digest of the statements that make the tables of this revision. A trigger or a view would change it."""
_META: Final = "SELECT * FROM meta WHERE environment = ?"
_LEASES: Final = "SELECT count(*) FROM lease"
_ROWS: Final = {
    "resources": "SELECT address, body, checksum FROM resources WHERE environment = ?",
    "obligations": "SELECT duty, subject, body, checksum FROM obligations WHERE environment = ?",
    "decisions": "SELECT name, body, checksum FROM decisions WHERE environment = ?",
    "intents": "SELECT serial, position, body, checksum FROM intents WHERE environment = ? AND is_open = 1",
}
_FAILURES: Final = (sqlite3.Error, StateError, OSError, ValueError)


def can_read_quickly(path: Path, machine: Machine) -> bool:
    """Return True if there is no file yet, or one that looks healthy."""
    if not os.path.lexists(path):
        return True
    try:
        with _opened(path, machine) as connection:
            return connection is not None
    except _FAILURES:
        return False


def is_free(path: Path, machine: Machine) -> bool:
    """Return True if no run holds a lease in the file; False also where the store has to look."""
    if not os.path.lexists(path):
        return True
    try:
        with _opened(path, machine) as connection:
            return connection is not None and connection.execute(_LEASES).fetchone() == (0,)
    except _FAILURES:
        return False


def read_quickly(path: Path, name: str, machine: Machine) -> Snapshot | None:
    """Return the snapshot of environment ``name`` in a healthy file, an empty one without a file; None otherwise."""
    if not os.path.lexists(path):
        return Snapshot(name)
    try:
        with _opened(path, machine) as connection:
            return None if connection is None else _snapshot(connection, name)
    except _FAILURES:
        return None


@contextmanager
def _opened(path: Path, machine: Machine) -> Iterator[sqlite3.Connection | None]:
    """Enter a transaction that reads the file; None where it is not healthy."""
    place = path.parent.absolute() / path.name
    if not _is_at_rest(place, machine):
        yield None
        return
    with closing(connect(place, SETTINGS_OF_READERS, "rw")) as connection:
        connection.execute("BEGIN")
        is_ours = connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        yield connection if is_ours and _has_our_tables(connection) else None


def _is_at_rest(path: Path, machine: Machine) -> bool:
    """True for a private file on a local disk that no process has written to without closing it."""
    if machine.network_file_system(path.parent) is not None or not all(map(machine.may_write, (path.parent, path))):
        return False
    check_private_directory(path.parent)
    check_private_file(path)
    return has_content(path) and not any(map(has_content, beside(path)))


def _has_our_tables(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    if sha256(repr(found).encode()).hexdigest() != _SCHEMA:
        return False
    return connection.execute("SELECT version_num FROM schema_revision").fetchall() == [(_REVISION,)]


def _snapshot(connection: sqlite3.Connection, name: str) -> Snapshot | None:
    found = connection.execute(_META, (codec.escape(name),))
    names, row = [column[0] for column in found.description], found.fetchone()
    if row is None:
        return None
    meta = dict(zip(names, row, strict=True))
    environment, kept = meta.pop("id"), meta.pop("checksum")
    if checksum("meta", canonical(meta)) != kept or meta["format"] not in codec.READABLE:
        return None

    def fetch(table: str) -> Iterable[tuple[Any, ...]]:
        return connection.execute(_ROWS[table], (environment,))

    return snapshot_of(
        fetch, name=name, lineage=meta["lineage"], serial=meta["serial"], content=int(meta["content"], 16)
    )
