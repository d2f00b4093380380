"""The tables of saved state, the same in SQLite and PostgreSQL.

A store may contain several environments, as the PostgreSQL server of a team does; every row has the number of its
environment. Texts are ASCII (``codec.py``). Rows of a snapshot have a checksum of their content, and ``meta.content``
has the sum of those checksums. It no longer matches if another program altered, removed or added a row, which SQLite
itself would not notice.

``intents`` and ``outcomes`` only grow. ``is_open`` alone changes; with it open intents are found without reading the
whole journal.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

REVISIONS: Final = ("1", "2", "3")
"""Every schema so far, oldest first; the last one is below. ``migrations`` leads from each to the next."""

APPLICATION_ID: Final = 0x52434E43
"""Marks an SQLite file as ours, in its header ("RCNC")."""

VERSION_TABLE: Final = "schema_revision"

metadata = MetaData()


def _text(name: str, *, is_key: bool = False) -> Column[str]:
    return Column(name, Text, nullable=False, primary_key=is_key)


def _number(name: str, *, is_key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=False, primary_key=is_key)


def _rows(name: str, *columns: Column[Any] | Index) -> Table:
    """Return a table of rows of one environment; the columns that tell them apart are marked as its key."""
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
