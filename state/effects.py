"""Finds effects in the journal: which run changed servers last, and whether a saved plan did.

A run changed nothing if it sent nothing, or if none of its commands ran. A run that was killed while it sent may have
changed something.
"""

from __future__ import annotations

from itertools import takewhile

from sqlalchemy import Connection, select

from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, Run
from state import codec
from state.failures import damaged
from state.rows import checksum
from state.tables import intents, outcomes, runs, used_plans


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
