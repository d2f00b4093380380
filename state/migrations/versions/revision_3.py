"""Intents name the shell that their command waits in, a key that older versions do not know: they refuse this store."""

from __future__ import annotations

revision = "3"
down_revision = "2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change no table: intents without a shell are read as before."""
