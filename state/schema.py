"""Whether a store has the tables this program knows, and how it gets them.

Alembic is loaded only if tables are missing or old: loading it takes longer than a plan takes to read its state. All
steps run inside the caller's transaction, so that a process killed during them leaves the schema unchanged.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Text, column, inspect, select, table, text

from reconciler.model.diagnostics import Diagnostic, StateBehind
from state.failures import damaged, state_error
from state.tables import REVISIONS, VERSION_TABLE, metadata


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the store; None if it has no tables of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    query = select(column("version_num", Text)).select_from(table(VERSION_TABLE))
    found = connection.execute(query).scalars().all()
    return str(found[0]) if len(found) == 1 else None


def is_behind(revision: str | None, where: str) -> bool:
    """Return whether the tables must be brought up to date.

    Raises:
        StateError: they were made by a newer program; nothing was written.
    """
    if revision is None or revision in REVISIONS[:-1]:
        return True
    if revision == REVISIONS[-1]:
        return False
    raise state_error(
        "State of a newer version",
        f"{where} has schema {revision!r}; this version of reconciler knows {', '.join(REVISIONS)}. Nothing was "
        "written.",
        "Use the version of reconciler that wrote it, or a newer one.",
    )


def behind_and_read_only(revision: str | None, where: str) -> StateBehind:
    return StateBehind(
        Diagnostic(
            "State of an older version",
            f"{where} has schema {revision!r} and may only be read; this command needs {REVISIONS[-1]!r}.",
            "Run plan or apply once: it brings the state up to date. Or use the version of reconciler that wrote it.",
        )
    )


def upgrade(connection: Connection, target: str = "head") -> None:
    """Bring the tables to ``target`` within the transaction of ``connection``."""
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
        raise damaged(where, "its tables, views or triggers are not those of reconciler")
    indexes = {name for kind, name, _ in rows if kind == "index" and not name.startswith("sqlite_autoindex_")}
    known = {str(index.name) for ours in metadata.tables.values() for index in ours.indexes}
    if not indexes <= known | {f"{VERSION_TABLE}_pkc"}:
        raise damaged(where, "its indexes are not those of reconciler")
    for name, ours in metadata.tables.items():
        columns = connection.execute(text("SELECT name, hidden FROM pragma_table_xinfo(:name)"), {"name": name})
        if {tuple(found) for found in columns} != {(known.name, 0) for known in ours.columns}:
            raise damaged(where, f"the columns of its table {name} are not those of reconciler")
