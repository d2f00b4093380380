"""The chain of all saved changes: user, run and content. Each entry has the hash of the previous one.

An entry also has a digest of the intents and outcomes written with it, so that a forged outcome breaks the chain too.
The chain has no key: anybody who may write to the store can make a new chain. To notice that, compare its head with
the head printed in earlier reports.

The journal shows effects: which run changed servers last, and whether a saved plan did. A run changed nothing if it
sent nothing, or if none of its commands ran. A run that was killed while it sent may have changed something.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import takewhile
from typing import Final

from sqlalchemy import Connection, select

from reconciler.model.snapshot import Audit, Intent, Outcome, OutcomeKind, Run
from reconciler.model.values import parse
from state import codec
from state.digests import checksum, digest_of
from state.errors import damaged
from state.rows import Written, journal_digests
from state.statements import inserting
from state.tables import audit, intents, outcomes, runs, used_plans

START: Final = "0" * 64
"""The head of an empty chain."""

_APPEND = inserting(audit)
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
    what = codec.text_of(dict(written.what))
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
    _APPEND.count(connection, [(environment, *row.values(), head)])
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
    return sha256(codec.text_of([lineage, previous, *row]).encode("ascii")).hexdigest()


def last_changing_run(connection: Connection, environment: int, where: str) -> Run | None:
    """Return the latest run with a commit that changed servers, or may have changed them."""
    query = select(intents.c.serial, intents.c.body).where(intents.c.environment == environment)
    query = query.order_by(intents.c.serial.desc()).limit(1)
    latest = connection.execute(query).one_or_none()
    while latest is not None:
        serial, run_id = latest[0], codec.decode(Intent, latest[1]).run
        run, began = _find_run(connection, environment, run_id, where) or (None, serial)
        first = min(serial, began)
        if run is not None and run.commit and _has_effects(connection, environment, run_id, first):
            return run
        latest = connection.execute(query.where(intents.c.serial < first)).one_or_none()
    return None


def is_used(connection: Connection, environment: int, nonce: str) -> bool:
    """Return whether a command of the saved plan was sent and may have been run."""
    used = select(used_plans.c.serial).where(used_plans.c.environment == environment, used_plans.c.nonce == nonce)
    serial = connection.execute(used).scalar()
    if serial is None:
        return False
    first = select(intents.c.body).where(intents.c.environment == environment, intents.c.serial == serial).limit(1)
    body = connection.execute(first).scalar()
    # Older versions recorded the use separately, before anything was sent.
    return body is None or _has_effects(connection, environment, codec.decode(Intent, body).run, serial)


def _find_run(connection: Connection, environment: int, run_id: str, where: str) -> tuple[Run, int] | None:
    query = select(runs.c.id, runs.c.serial, runs.c.body, runs.c.checksum)
    row = connection.execute(query.where(runs.c.environment == environment, runs.c.id == codec.escape(run_id))).first()
    if row is None:
        return None
    if checksum(runs.name, *row[:-1]) != row[-1]:
        raise damaged(where, "a run of the history was altered")
    return codec.decode(Run, row[2]), row[1]


def _has_effects(connection: Connection, environment: int, run_id: str, first: int) -> bool:
    """Return True if the run that begins at serial ``first``, or a later run, may have changed servers.

    Only one run writes at a time, so its intents are consecutive.
    """
    query = select(intents.c.body, intents.c.is_open).where(intents.c.environment == environment)
    query = query.where(intents.c.serial >= first).order_by(intents.c.serial, intents.c.position)
    sent = ((codec.decode(Intent, body), is_open) for body, is_open in connection.execute(query))
    open_by_id = {intent.id: is_open for intent, is_open in takewhile(lambda one: one[0].run == run_id, sent)}
    if any(open_by_id.values()):
        return True
    left = set(open_by_id)
    ended = select(outcomes.c.body).where(outcomes.c.environment == environment, outcomes.c.serial >= first)
    for (body,) in connection.execute(ended.order_by(outcomes.c.serial, outcomes.c.position)):
        outcome = codec.decode(Outcome, body)
        if outcome.intent in left and outcome.kind is not OutcomeKind.NOT_RUN:
            return True
        left.discard(outcome.intent)
    return bool(left)
