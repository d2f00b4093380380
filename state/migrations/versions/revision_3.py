"""Intents name the shell of their command. Older versions do not have this key, so they refuse the store."""

from __future__ import annotations

revision = "3"
down_revision = "2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change no table: intents without a shell are read as before."""
