"""The first schema: environments, leases, resources, obligations, the journal, history and audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_meta_and_lease()
    for name, keys in (("resources", ["address"]), ("obligations", ["duty", "subject"]), ("decisions", ["name"])):
        _create(name, keys, *_texts("body"), _number("checksum"))
    _create_journal()
    _create("used_plans", ["nonce"], _number("serial"))


def _create_meta_and_lease() -> None:
    op.create_table(
        "meta",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("environment", sa.Text, nullable=False, unique=True),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("lineage", sa.Text),
        _number("serial"),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("audit_head", sa.Text, nullable=False),
        _number("checksum"),
    )
    op.create_table(
        "lease",
        sa.Column("environment", sa.Integer, sa.ForeignKey("meta.id"), primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("process", sa.Text),
        sa.Column("expires", sa.Float(53), nullable=False),
    )


_PLACE = ("environment", "serial", "position")


def _create_journal() -> None:
    _create(
        "intents",
        [],
        _number("serial"),
        sa.Column("position", sa.Integer, nullable=False),
        *_texts("id", "body"),
        _number("checksum"),
        sa.Column("is_open", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint(*_PLACE),
    )
    op.create_index("intents_by_id", "intents", ["environment", "id"])
    position = sa.Column("position", sa.Integer, nullable=False)
    _create("outcomes", [], _number("serial"), position, *_texts("body"), sa.PrimaryKeyConstraint(*_PLACE))
    _create("runs", ["id"], _number("serial"), *_texts("body"), _number("checksum"))
    op.create_index("runs_by_serial", "runs", ["environment", "serial"])
    texts = _texts("at", "who", "what", "journal", "change", "hash")
    _create("audit", [], _number("serial"), _number("epoch"), *texts, sa.PrimaryKeyConstraint("environment", "serial"))


def _create(name: str, keys: list[str], *columns: sa.schema.SchemaItem) -> None:
    """Create a table of rows that belong to an environment; ``keys`` are texts that name a row within it."""
    op.create_table(
        name,
        sa.Column("environment", sa.Integer, sa.ForeignKey("meta.id"), nullable=False),
        *(sa.Column(key, sa.Text, nullable=False) for key in keys),
        *columns,
        *([sa.PrimaryKeyConstraint("environment", *keys)] if keys else []),
        sqlite_with_rowid=False,
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
