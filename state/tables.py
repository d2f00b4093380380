"""The tables of saved state, the same in SQLite and PostgreSQL.

A store may hold several environments (a PostgreSQL server of a team does); every row names its own by a
number. Texts are ASCII (``codec.py``). Rows that a snapshot is made of carry a checksum over their content,
and ``meta.content`` the sum of those checksums: a row that was altered, lost or added by anything but this
program makes the sum wrong, which SQLite itself would not notice.

``intents`` and ``outcomes`` grow and are not changed, but for ``is_open``, which saves reading the whole
journal to find what is open.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

REVISIONS: Final = ("1", "2", "3")
"""Every schema there was, oldest first; the last is the one below. ``migrations`` leads from each to the next."""

APPLICATION_ID: Final = 0x52434E43
"""What marks an SQLite file as ours, in its header ("RCNC")."""

VERSION_TABLE: Final = "schema_revision"

metadata = MetaData()


def _environment() -> Column[int]:
    return Column("environment", Integer, ForeignKey("meta.id"), nullable=False)


meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("environment", Text, nullable=False, unique=True),
    Column("format", Integer, nullable=False),
    Column("lineage", Text),
    Column("serial", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("audit_head", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("environment", Integer, ForeignKey("meta.id"), primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("process", Text),
    Column("expires", Float(53), nullable=False),
)

resources = Table(
    "resources",
    metadata,
    _environment(),
    Column("address", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    PrimaryKeyConstraint("environment", "address"),
    sqlite_with_rowid=False,
)

obligations = Table(
    "obligations",
    metadata,
    _environment(),
    Column("duty", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    PrimaryKeyConstraint("environment", "duty", "subject"),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    _environment(),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    PrimaryKeyConstraint("environment", "name"),
    sqlite_with_rowid=False,
)

intents = Table(
    "intents",
    metadata,
    _environment(),
    Column("serial", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    Column("is_open", SmallInteger, nullable=False),
    PrimaryKeyConstraint("environment", "serial", "position"),
    Index("intents_by_id", "environment", "id"),
    Index(
        "intents_open",
        "environment",
        "serial",
        "position",
        # On PostgreSQL too, by its migration: to say so here would load that dialect into every command.
        sqlite_where=text("is_open = 1"),
    ),
    sqlite_with_rowid=False,
)

outcomes = Table(
    "outcomes",
    metadata,
    _environment(),
    Column("serial", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("environment", "serial", "position"),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    _environment(),
    Column("id", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    PrimaryKeyConstraint("environment", "id"),
    Index("runs_by_serial", "environment", "serial"),
    sqlite_with_rowid=False,
)

used_plans = Table(
    "used_plans",
    metadata,
    _environment(),
    Column("nonce", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    PrimaryKeyConstraint("environment", "nonce"),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    _environment(),
    Column("serial", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("journal", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("environment", "serial"),
    sqlite_with_rowid=False,
)
