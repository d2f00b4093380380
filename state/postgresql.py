"""State on a PostgreSQL server, for teams: several environments side by side, the same tables and code.

The server's certificate is verified against its name, unless the server is on this machine; libpq alone verifies
nothing. Environment variables (``PGSSLMODE``, ``PGHOST``) cannot weaken that. Advisory locks guard only the making of
tables and rows. The lease does not depend on them, because a broken connection frees them silently.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from reconciler.model.ports import CrashPoint
from state.database import IN_HASTE, WRITES, Database, translated
from state.errors import state_error
from state.tables import behind_and_read_only, is_behind, revision_of, upgrade

_KNOWN_OPTIONS: Final = frozenset({"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl"})
_CREATION_LOCK: Final = 0x52434E43

_ON_CONNECT: Final = (
    "SET synchronous_commit = on",
    "SET client_encoding = 'UTF8'",
    "SET lock_timeout = '5s'",
    "SET statement_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = '60s'",
)


class PostgreSQLDatabase(Database):
    """One PostgreSQL database."""

    is_shared = True
    reconnects = True

    def __init__(self, url: str, *, read_only: bool, point: CrashPoint) -> None:
        super().__init__()
        parsed, arguments = checked_address(url)
        self.where = parsed.set(query={}).render_as_string(hide_password=True)
        self._read_only, self._point = read_only, point
        with translated(self.where):
            self._pool = _engine(parsed, arguments)
        self._is_ready = False

    def exists(self) -> bool:
        with self._mutex, translated(self.where):
            if not self._is_ready:
                with self._pool.connect() as connection, connection.begin():
                    revision = revision_of(connection)
                if revision is None:
                    return False
                if is_behind(revision, self.where):
                    self._migrate(revision)
                self._is_ready = True
            return True

    def create(self) -> None:
        with self._mutex, translated(self.where):
            if not self.exists():
                self._migrate(None)
                self._is_ready = True

    def now(self, connection: Connection) -> float:
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def lock_creation(self, connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})

    def close(self) -> None:
        with self._mutex:
            self._pool.dispose()

    def _opened(self) -> Engine:
        return self._pool

    def _for_reading(self, connection: Connection) -> Connection:
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def _migrate(self, revision: str | None) -> None:
        if self._read_only:
            raise behind_and_read_only(revision, self.where)
        with self._pool.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            self.lock_creation(connection)
            if is_behind(revision_of(connection), self.where):
                upgrade(connection)
                self._point("state-before-migration-commit")


def _engine(url: URL, arguments: dict[str, Any]) -> Engine:
    engine = create_engine(
        url,
        connect_args=arguments,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        # A connection that broke while it was idle is made again unnoticed.
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        paramstyle="format",  # values by their order, as SQLite's driver takes them
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(IN_HASTE, False):
        connection.exec_driver_sql("SET LOCAL lock_timeout = '1500ms'")


def _configure(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        for statement in _ON_CONNECT:
            cursor.execute(statement)
        cursor.execute("SHOW fsync")
        found = cursor.fetchone()
    connection.commit()
    if found != ("on",):
        raise state_error(
            "Unsafe state settings",
            "The PostgreSQL server runs with fsync off: a power cut loses data that it reported as saved.",
            "Turn fsync on in its configuration.",
        )


def checked_address(url: str) -> tuple[URL, dict[str, Any]]:
    """Return the address with its driver, and further arguments of the driver.

    Raises:
        StateError: it is not an address, has unknown options, or asks for an unverified server.
    """
    try:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        # The text is not shown: it may contain a password.
        raise state_error(
            "Unknown state location",
            "The location of the state is not the address of a PostgreSQL database.",
            "Write it like this:\n\n    postgresql://USER@HOST/DATABASE",
        ) from None
    unknown = sorted(set(parsed.query) - _KNOWN_OPTIONS)
    if unknown:
        raise state_error(
            "Unknown state location",
            f"The location of the state has unknown options: {', '.join(unknown)}.",
            f"Options may be: {', '.join(sorted(_KNOWN_OPTIONS))}.",
        )
    arguments: dict[str, Any] = {"connect_timeout": 10, "application_name": "reconciler", "prepare_threshold": None}
    mode = parsed.query.get("sslmode")
    if all(_is_local(host) for host in _hosts(parsed)):
        return parsed, arguments if mode else {**arguments, "sslmode": "prefer"}
    if mode not in (None, "verify-full"):
        raise state_error(
            "Unverified state server",
            f"sslmode is {mode!r}, which does not verify the identity of the server.",
            "Remove sslmode. For a private authority, name its certificate in sslrootcert.",
        )
    return parsed, {**arguments, "sslmode": "verify-full"}


def _hosts(url: URL) -> Sequence[str]:
    named: list[str] = []
    for value in (url.host, url.query.get("host"), None if url.host else os.environ.get("PGHOST")):
        for part in [value] if isinstance(value, str) else value or ():
            named += part.split(",")
    # Each of these may lead to another host than the address.
    return named + [os.environ[name] for name in ("PGHOSTADDR", "PGSERVICE") if os.environ.get(name)]


def _is_local(host: str) -> bool:
    """Return whether ``host`` is a socket or the loopback of this machine; empty means libpq's own socket."""
    if not host or host.startswith(("/", "@")) or host.casefold() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
