"""Finds out who holds the lock of a state file, with the standard library alone.

If many runs start at once, all but one should end at once. Loading the store takes longer than that, so they check the
lock first: the bytes of the lock file, and the one row that names the holder. If something cannot be read here, the
store reports what is wrong with it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from reconciler.model.diagnostics import StateError
from reconciler.model.ports import Holder
from reconciler.model.values import parse
from state import codec
from state.files import check_private_directory, check_private_file
from state.holding import locked, why_kept
from state.host_lock import HostLock
from state.leased import Leased

_QUERY = """
    SELECT meta.environment, lease.epoch, lease.holder, lease.machine, lease.expires
    FROM lease JOIN meta ON meta.id = lease.environment
"""


def refuse_at_a_glance(path: Path) -> None:
    """Raise Locked if a live run on this machine holds the lock of the state file at ``path``."""
    lock = HostLock(path.with_name(path.name + ".lock"))
    found = None
    with suppress(sqlite3.Error, StateError, OSError, ValueError, TypeError, AttributeError, KeyError):
        found = _holder(path) if lock.first_taken() is not None else None
    if found is not None and lock.is_taken(found[1].epoch):
        environment, held = found
        raise locked(environment, held, why_kept(held, lives=True, now=time.time()))


def _holder(path: Path) -> tuple[str, Leased] | None:
    check_private_directory(path.parent)
    check_private_file(path)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.5)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        row = connection.execute(_QUERY).fetchone()
    if row is None:
        return None
    environment, epoch, holder, machine, expires = row
    fields = {name: str(value) for name, value in parse(holder).items()}
    who = Holder(**{**fields, "pid": int(fields["pid"])})  # type: ignore[arg-type]  # no other is a number
    held = Leased(epoch, who, codec.unescape(machine), None, float(expires))
    return codec.unescape(environment), held
