"""State in one SQLite file, the default.

Write-ahead log with ``synchronous=FULL``: committed data survives a power cut. The usual advice, NORMAL, loses
acknowledged commits, and with them the intents of commands that were sent. Settings are read back after they are made,
because some builds of SQLite ignore them.

Nothing exists until something is saved. The file is completed under another name and then renamed, so that an empty or
incomplete file is always an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import QueuePool

from reconciler.model.diagnostics import StateError
from reconciler.model.ports import Clock, CrashPoint
from state.database import IN_HASTE, WRITES, Database, in_use, translated
from state.errors import damaged, state_error
from state.files import (
    check_private_directory,
    check_private_file,
    create_private,
    ensure_private_directory,
    sync_directory,
)
from state.host_lock import HostLock
from state.machine import Machine
from state.sqlite_file import APPLICATION_ID, SETTINGS, SETTINGS_OF_READERS, Settings, beside, connect, has_content
from state.tables import behind_and_read_only, check_tables, is_behind, revision_of, upgrade

_PATIENT: Final = "PRAGMA busy_timeout = 5000"
"""How long to wait for the transaction of another process; ours take milliseconds."""
_HASTY: Final = "PRAGMA busy_timeout = 1500"
_PATIENCE: Final = "reconciler_patience"
"""The last of these two that a connection got."""
_CREATION_SECONDS: Final = 1.5
"""How long to wait for another process that makes the file."""

_MARK_AS_OURS: Final = "PRAGMA application_id = 1380142659"


class SQLiteDatabase(Database):
    """One SQLite file."""

    def __init__(self, path: Path, *, clock: Clock, read_only: bool, point: CrashPoint, machine: Machine) -> None:
        super().__init__()
        # Resolved up to the parent of the directory: file and directory themselves must not be links.
        self._path = path.parent.absolute() / path.name
        self.where = str(path)
        self.host_lock = HostLock(self._path.with_name(path.name + ".lock"))
        self._clock, self._read_only, self._point = clock, read_only, point
        self._machine = machine
        self._identity: tuple[int, int] | None = None
        self._kept: Connection | None = None
        """The connection of the last transaction."""

    def exists(self) -> bool:
        with self._mutex, translated(self.where):
            if self._engine is None and os.path.lexists(self._path):
                self._open()
            return self._engine is not None

    def create(self) -> None:
        with self._mutex, translated(self.where):
            ensure_private_directory(self._path.parent)
            self._check_place()
            lock = self.host_lock
            assert lock is not None
            if not lock.begin_creation(self._clock, _CREATION_SECONDS):
                raise in_use(f"{self.where} is being made by another process.")
            try:
                if not os.path.lexists(self._path):
                    self._make()
            finally:
                lock.end_creation()
            self._open()

    def now(self, connection: Connection) -> float:
        return self._clock.now().timestamp()

    def lock_creation(self, connection: Connection) -> None:
        """Do nothing: a writing transaction already keeps all others out."""

    def close(self) -> None:
        with self._mutex:
            self._give_back()
            super().close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Enter the connection that was kept: to give it back and take it again costs as much as twenty rows.

        After an error it is given back, which ends a transaction that an interrupt left open.
        """
        engine = self._opened()
        kept = self._kept = self._kept or engine.connect()
        try:
            yield kept
        except BaseException:
            self._give_back()
            raise

    def _give_back(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def _for_reading(self, connection: Connection) -> Connection:
        return connection.execution_options(**{WRITES: False, IN_HASTE: False})

    def _opened(self) -> Engine:
        if not self.exists():
            raise state_error("No state", f"{self.where} does not exist.", "Run plan or apply.")
        assert self._engine is not None
        return self._engine

    def _check_before_writing(self) -> None:
        # Writes to a deleted or replaced file are lost, and fence nobody.
        if _identity(self._path) != self._identity:
            raise state_error(
                "State replaced",
                f"{self.where} was deleted or replaced while it was open; nothing was written.",
                "Repeat the command.",
            )

    def _check_place(self) -> None:
        kind = self._machine.network_file_system(self._path.parent)
        if kind is not None:
            raise state_error(
                "State on a network file system",
                f"{self.where} is on {kind}, where locks and durable writes are not reliable.",
                "Set RECONCILER_STATE to a local file or to a PostgreSQL server.",
            )
        check_private_directory(self._path.parent)

    def _make(self) -> None:
        """Make the file with its tables under another name, then rename it.

        A process killed before that leaves no file ``path``.
        """
        new = self._path.with_name(self._path.name + ".new")
        for leftover in (new, *beside(new)):
            leftover.unlink(missing_ok=True)
        os.close(create_private(new))
        engine = _engine(new, SETTINGS)
        try:
            with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
                connection.execute(text(_MARK_AS_OURS))
                upgrade(connection)
                self._point("state-before-creation")
            with engine.connect() as connection:
                # Closing would do the same but hide errors; the file must be complete before it is renamed.
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            engine.dispose()
        if has_content(beside(new)[0]):
            raise state_error("Disk error", f"{self.where} could not be completed.", "Check the disk, then try again.")
        descriptor = os.open(new, os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)
        os.replace(new, self._path)
        sync_directory(self._path.parent)
        self._point("state-after-creation")

    def _open(self) -> None:
        self._check_place()
        check_private_file(self._path)
        for path in beside(self._path):
            # Another process removes them when it closes the file.
            with suppress(FileNotFoundError):
                check_private_file(path)
        if os.path.getsize(self._path) == 0:
            raise damaged(self.where, "it is empty")
        ended_badly = has_content(beside(self._path)[0])
        is_writable = self._is_writable()
        settings = SETTINGS if is_writable and not self._read_only else SETTINGS_OF_READERS
        engine = _engine(self._path, settings, mode="rw" if is_writable else self._mode_to_look())
        try:
            self._verify(engine, ended_badly)
        except BaseException:
            engine.dispose()
            raise
        self._engine, self._identity = engine, _identity(self._path)

    def _is_writable(self) -> bool:
        return all(map(self._machine.may_write, (self._path.parent, self._path)))

    def _mode_to_look(self) -> str:
        """Return the mode for a file in a directory that may only be read.

        The log next to the file has the writes not moved into it yet. Without a log, SQLite needs ``immutable``, or it
        would make one; the checksums of the rows are still compared.
        """
        return "ro" if has_content(beside(self._path)[0]) else "ro&immutable=1"

    def _verify(self, engine: Engine, ended_badly: bool) -> None:
        with engine.connect() as connection, connection.begin():
            if connection.execute(text("PRAGMA application_id")).scalar() != APPLICATION_ID:
                raise _foreign(self.where)
            if ended_badly:
                self._check_integrity(connection)
            revision = revision_of(connection)
            behind = is_behind(revision, self.where)
        if revision is None:
            raise damaged(self.where, "it has no schema version")
        if behind and (self._read_only or not self._is_writable()):
            raise behind_and_read_only(revision, self.where)
        if behind:
            self._migrate(engine)
        with engine.connect() as connection, connection.begin():
            check_tables(connection, self.where)

    def _check_integrity(self, connection: Connection) -> None:
        """Read every page: the last process did not close the file, or another process has it open now."""
        found = connection.execute(text("PRAGMA integrity_check(1)")).scalar()
        if found != "ok":
            raise damaged(self.where, str(found))

    def _migrate(self, engine: Engine) -> None:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            # Another process may have done it meanwhile.
            if is_behind(revision_of(connection), self.where):
                upgrade(connection)
                self._point("state-before-migration-commit")


def _engine(path: Path, settings: Settings, *, mode: str = "rw") -> Engine:
    """Return an engine with one connection to an existing file; we begin its transactions ourselves."""

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(path, settings, mode),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    options, driver = connection.get_execution_options(), connection.connection.cursor()
    patience = _HASTY if options.get(IN_HASTE, False) else _PATIENT
    if connection.info.get(_PATIENCE) != patience:
        driver.execute(patience)
        connection.info[_PATIENCE] = patience
    driver.execute("BEGIN IMMEDIATE" if options.get(WRITES, False) else "BEGIN")
    driver.close()


def _foreign(where: str) -> StateError:
    return state_error(
        "Not a saved state",
        f"{where} is an SQLite file of another program.",
        "Name another file in RECONCILER_STATE, or move this one away.",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
