"""Runs the revisions on the connection given, inside its transaction: all of them become durable, or none."""

from __future__ import annotations

from alembic import context

from state.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
