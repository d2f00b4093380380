"""The chain of all saved changes: user, run and content. Each entry has the hash of the previous one.

An entry also has a digest of the intents and outcomes written with it, so that a forged outcome breaks the chain too.
The chain has no key: anybody who may write to the store can make a new chain. To notice that, compare its head with
the head printed in earlier reports.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, insert, select

from reconciler.model.snapshot import Audit
from reconciler.model.values import canonical, parse
from state import codec
from state.failures import damaged
from state.rows import Written, digest_of, journal_digests
from state.tables import audit, runs, used_plans

START: Final = "0" * 64
"""The head of an empty chain."""

_EMPTY_JOURNAL = digest_of([])


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
    what = canonical(dict(written.what))
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
    connection: Connection,
    environment: int,
    where: str,
    *,
    lineage: str,
    serial: int,
    head: str,
    known_head: str | None = None,
) -> Audit:
    """Verify the whole chain against itself, the journal, the runs, the used plans and ``head``.

    Args:
        known_head: a head noted earlier, which the chain must contain.

    Raises:
        StateError: an entry, an intent, an outcome, a run or a used plan was edited, removed, added or moved.
    """
    referenced = _Referenced()
    journal = journal_digests(connection, environment)
    columns = [audit.c[name] for name in ("serial", "epoch", "at", "who", "what", "journal", "change", "hash")]
    query = select(*columns).where(audit.c.environment == environment).order_by(audit.c.serial)
    previous, count, epoch, is_known = START, 0, 0, known_head in (None, START)
    for *row, found in connection.execute(query):
        count += 1
        if row[0] != count:
            raise damaged(where, f"entry {count} of the audit is missing")
        if found != _hash(lineage, previous, tuple(row)):
            raise damaged(where, f"entry {count} of the audit was altered or moved")
        if row[5] != journal.pop(count, _EMPTY_JOURNAL):
            raise damaged(where, f"the journal was altered: it differs from entry {count} of the audit")
        if row[1] < epoch:
            raise damaged(where, f"entry {count} of the audit was written under a lease that had ended")
        previous, epoch = found, row[1]
        is_known = is_known or found == known_head
        referenced.add(row[4], row[6])
    if count != serial or previous != head:
        raise damaged(where, f"the audit ends at entry {count} of {serial}")
    if journal:
        raise damaged(where, "the journal has entries that the audit does not have")
    if referenced.runs != _runs(connection, environment):
        raise damaged(where, "a run of the history was altered, removed or added: it differs from the audit")
    if referenced.nonces != _nonces(connection, environment):
        raise damaged(where, "the saved plans that were used differ from those of the audit")
    if not is_known:
        raise damaged(
            where, f"the audit has no entry with the hash {known_head}: it is another chain, or was made again"
        )
    return Audit(count, previous)


class _Referenced:
    """The runs and saved plans that the entries of the audit refer to."""

    def __init__(self) -> None:
        self.runs: dict[str, str] = {}
        """By id, the digest of the latest row of the run."""
        self.nonces: set[str] = set()

    def add(self, what: str, change: str) -> None:
        match parse(what):
            case {"kind": "begin" | "end", "run": str(run)}:
                self.runs[codec.escape(run)] = change
            case {"kind": "use plan", "nonce": str(nonce)} | {"uses": str(nonce), "intents": [_, *_]}:
                self.nonces.add(codec.escape(nonce))


def _runs(connection: Connection, environment: int) -> dict[str, str]:
    query = select(runs.c.id, runs.c.body).where(runs.c.environment == environment)
    return {id: digest_of([body]) for id, body in connection.execute(query)}


def _nonces(connection: Connection, environment: int) -> set[str]:
    query = select(used_plans.c.nonce).where(used_plans.c.environment == environment)
    return set(connection.execute(query).scalars())


def _hash(lineage: str, previous: str, row: tuple[object, ...]) -> str:
    return sha256(canonical([lineage, previous, *row]).encode("ascii")).hexdigest()
