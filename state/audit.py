"""The chain of everything that was ever saved: who, in which run, what, each entry holding the hash of the one before.

An entry also holds a digest of the intents and outcomes written with it, so that a forged outcome breaks the
chain as well. The chain has no key: whoever may write to the store can make a new one from its start. That is
seen by comparing its head with the one printed in earlier reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, insert, select

from state import codec
from state.failures import damaged
from state.rows import Written, digest_of, journal_digests
from state.tables import audit

START: Final = "0" * 64
"""The head of a chain without entries."""

_EMPTY_JOURNAL = digest_of([])


@dataclass(frozen=True, slots=True)
class Audit:
    """A chain that was verified from its start."""

    entries: int
    head: str
    """The hash of the last entry: 64 hexadecimal digits."""


def append_entry(
    connection: Connection,
    environment: int,
    *,
    lineage: str,
    previous: str,
    serial: int,
    epoch: int,
    at: str,
    who: str,
    written: Written,
) -> str:
    """Append the entry of one write and return its hash, the new head."""
    what = codec.to_json(dict(written.what))
    row = {
        "serial": serial,
        "epoch": epoch,
        "at": at,
        "who": who,
        "what": what,
        "journal": written.journal,
        "change": written.change,
    }
    head = _hash(lineage, previous, tuple(row.values()))
    connection.execute(insert(audit), {"environment": environment, **row, "hash": head})
    return head


def verify_chain(
    connection: Connection, environment: int, where: str, *, lineage: str, serial: int, head: str
) -> Audit:
    """Read the whole chain and compare it with itself, with the journal and with ``head``.

    Raises:
        StateError: an entry, an intent or an outcome was edited, removed, added or moved.
    """
    journal = journal_digests(connection, environment)
    columns = [audit.c[name] for name in ("serial", "epoch", "at", "who", "what", "journal", "change", "hash")]
    query = select(*columns).where(audit.c.environment == environment).order_by(audit.c.serial)
    previous, count, epoch = START, 0, 0
    for *row, found in connection.execute(query):
        count += 1
        if row[0] != count:
            raise damaged(where, f"entry {count} of the audit is missing")
        if found != _hash(lineage, previous, tuple(row)):
            raise damaged(where, f"entry {count} of the audit, or its place in the chain, was altered")
        if row[5] != journal.pop(count, _EMPTY_JOURNAL):
            raise damaged(where, f"the journal was altered: it differs from entry {count} of the audit")
        if row[1] < epoch:
            raise damaged(where, f"entry {count} of the audit was written under a lease that had ended")
        previous, epoch = found, row[1]
    if count != serial or previous != head:
        raise damaged(where, f"the audit ends at entry {count} of {serial}")
    if journal:
        raise damaged(where, "the journal has entries that the audit does not know")
    return Audit(count, previous)


def _hash(lineage: str, previous: str, row: tuple[object, ...]) -> str:
    return sha256(codec.to_json([lineage, previous, *row]).encode("ascii")).hexdigest()
