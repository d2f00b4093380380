"""How large the saved state is: the file as an apply left it, and what of it is about resources."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

JOURNAL = ("intents", "outcomes", "audit")
"""The tables that keep what was sent, and what came of it."""


@dataclass(frozen=True, slots=True)
class StateSize:
    """In bytes."""

    whole: int
    without_journal: int


def size_of(private: Path) -> StateSize:
    """Return the size of the state in a directory, which no process has open."""
    whole = sum(path.stat().st_size for path in private.glob("state.db*"))
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "state.db"
        shutil.copyfile(private / "state.db", copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            for table in JOURNAL:
                connection.execute(f"DELETE FROM {table}")
            connection.execute("VACUUM")
        return StateSize(whole, copy.stat().st_size)
