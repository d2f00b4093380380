"""The tables of saved state, the same in SQLite and PostgreSQL.

A store may contain several environments, as the PostgreSQL server of a team does; every row has the number of its
environment. Texts are ASCII (``codec.py``). Rows of a snapshot have a checksum of their content, and ``meta.content``
has the sum of those checksums. The sum no longer matches if another program altered, removed or added a row. SQLite
itself would not notice this.

``intents`` and ``outcomes`` only grow. Only ``is_open`` changes; it finds open intents without a read of the whole
journal.

Alembic makes them. It is loaded only if tables are missing or old: loading it takes longer than a plan takes to read
its state. All steps run inside the caller's transaction, so that a process killed during them leaves the schema
unchanged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    column,
    inspect,
    select,
    table,
    text,
)

from reconciler.model.diagnostics import Diagnostic, StateBehind
from state.errors import damaged, state_error

REVISIONS: Final = ("1", "2", "3")
"""All schemas so far, oldest first; the tables below are the last one. ``migrations`` has the steps between them."""

VERSION_TABLE: Final = "schema_revision"

metadata = MetaData()


def _text(name: str, *, is_key: bool = False) -> Column[str]:
    return Column(name, Text, nullable=False, primary_key=is_key)


def _number(name: str, *, is_key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=False, primary_key=is_key)


def _rows(name: str, *columns: Column[Any] | Index) -> Table:
    """Return a table of rows of one environment. The columns that identify a row within it are marked as its key."""
    environment = Column("environment", Integer, ForeignKey("meta.id"), primary_key=True)
    return Table(name, metadata, environment, *columns, sqlite_with_rowid=False)


meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("environment", Text, nullable=False, unique=True),
    Column("format", Integer, nullable=False),
    Column("lineage", Text),
    _number("serial"),
    _number("epoch"),
    _text("content"),
    _text("audit_head"),
    _number("checksum"),
)

lease = Table(
    "lease",
    metadata,
    Column("environment", Integer, ForeignKey("meta.id"), primary_key=True, autoincrement=False),
    _number("epoch"),
    _text("holder"),
    _text("machine"),
    Column("process", Text),
    Column("expires", Float(53), nullable=False),
)

resources = _rows("resources", _text("address", is_key=True), _text("body"), _number("checksum"))

obligations = _rows(
    "obligations",
    _text("duty", is_key=True),
    _text("subject", is_key=True),
    _text("body"),
    _number("checksum"),
)

decisions = _rows("decisions", _text("name", is_key=True), _text("body"), _number("checksum"))

intents = _rows(
    "intents",
    _number("serial", is_key=True),
    Column("position", Integer, primary_key=True),
    _text("id"),
    _text("body"),
    _number("checksum"),
    Column("is_open", SmallInteger, nullable=False),
    Index("intents_by_id", "environment", "id"),
    # On PostgreSQL partial as well, by its migration: to say so here would load that dialect into every command.
    Index("intents_open", "environment", "serial", "position", sqlite_where=text("is_open = 1")),
)

outcomes = _rows(
    "outcomes", _number("serial", is_key=True), Column("position", Integer, primary_key=True), _text("body")
)

runs = _rows(
    "runs",
    _text("id", is_key=True),
    _number("serial"),
    _text("body"),
    _number("checksum"),
    Index("runs_by_serial", "environment", "serial"),
)

used_plans = _rows("used_plans", _text("nonce", is_key=True), _number("serial"))

audit = _rows(
    "audit",
    _number("serial", is_key=True),
    _number("epoch"),
    *map(_text, ("at", "who", "what", "journal", "change", "hash")),
)


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the store; None if it has none of our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    query = select(column("version_num", Text)).select_from(table(VERSION_TABLE))
    found = connection.execute(query).scalars().all()
    return str(found[0]) if len(found) == 1 else None


def is_behind(revision: str | None, where: str) -> bool:
    """Return True if the tables must be upgraded.

    Raises:
        StateError: a newer version made them; nothing was written.
    """
    if revision is None or revision in REVISIONS[:-1]:
        return True
    if revision == REVISIONS[-1]:
        return False
    raise state_error(
        "State of a newer version",
        f"{where} has schema {revision!r}; this version of reconciler supports {', '.join(REVISIONS)}. Nothing was "
        f"written.",
        "Use the version of reconciler that wrote it, or a newer one.",
    )


def behind_and_read_only(revision: str | None, where: str) -> StateBehind:
    return StateBehind(
        Diagnostic(
            "State of an older version",
            f"{where} has schema {revision!r} and may only be read; this command needs {REVISIONS[-1]!r}.",
            "Run plan or apply once: it upgrades the state. Or use the version of reconciler that wrote it.",
        )
    )


def upgrade(connection: Connection, target: str = "head") -> None:
    """Upgrade the tables to ``target`` within the transaction of ``connection``."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    migrations = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", migrations.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def check_tables(connection: Connection, where: str) -> None:
    """Raise StateError if an SQLite file contains anything but our tables and their columns.

    A trigger, a view or a generated column would run foreign SQL when we read or write the file.
    """
    rows = connection.execute(text("SELECT type, name, tbl_name FROM sqlite_master")).all()
    tables = {name for kind, name, _ in rows if kind == "table" and not name.startswith("sqlite_")}
    if any(kind not in ("table", "index") for kind, _, _ in rows) or tables != {*metadata.tables, VERSION_TABLE}:
        raise damaged(where, "its tables, views or triggers differ from those of reconciler")
    indexes = {name for kind, name, _ in rows if kind == "index" and not name.startswith("sqlite_autoindex_")}
    known = {str(index.name) for ours in metadata.tables.values() for index in ours.indexes}
    if not indexes <= known | {f"{VERSION_TABLE}_pkc"}:
        raise damaged(where, "its indexes differ from those of reconciler")
    for name, ours in metadata.tables.items():
        columns = connection.execute(text("SELECT name, hidden FROM pragma_table_xinfo(:name)"), {"name": name})
        if {tuple(found) for found in columns} != {(known.name, 0) for known in ours.columns}:
            raise damaged(where, f"the columns of its table {name} differ from those of reconciler")
