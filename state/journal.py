"""Writes intents and their outcomes.

The open intents of an environment stay known from one write to the next, as long as nobody else writes: the ledger
asks for them again after any other write. So a write finds neither the intents that it closes nor their checksums by
reading them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, text, update

from reconciler.model.snapshot import Intent, Outcome
from state import codec
from state.digests import checksum
from state.errors import damaged, state_error
from state.statements import Row, Statement, inserting
from state.tables import intents, outcomes


class Place(NamedTuple):
    """Where an open intent stands."""

    serial: int
    position: int
    checksum: int


OpenIntents = dict[str, Place]
"""The open intents of an environment, by their id."""

# "is_open = 1" is written out: only then do the stores see that the index of open intents serves.
_OPEN = Statement(
    select(intents.c.id, intents.c.serial, intents.c.position, intents.c.checksum).where(
        intents.c.environment == bindparam("environment"), text("is_open = 1")
    ),
    "environment",
)
_APPEND_INTENTS, _APPEND_OUTCOMES = inserting(intents), inserting(outcomes)
_CLOSE = Statement(
    update(intents)
    .values(is_open=bindparam("closed"))
    .where(
        intents.c.environment == bindparam("place"),
        intents.c.serial == bindparam("written"),
        intents.c.position.between(bindparam("first"), bindparam("last")),
        intents.c.is_open != bindparam("already"),
    ),
    *("closed", "place", "written", "first", "last", "already"),
)
_KNOWN = Statement(
    select(intents.c.id).where(intents.c.environment == bindparam("environment"), intents.c.id == bindparam("id")),
    *("environment", "id"),
)


def open_intents(connection: Connection, environment: int) -> OpenIntents:
    """Read the open intents."""
    return {id: Place(*place) for id, *place in _OPEN.run(connection, environment)}


def append_intents(
    connection: Connection, environment: int, serial: int, new: Sequence[tuple[Intent, str]], known: OpenIntents
) -> int:
    """Append intents with their texts as open, also to ``known``; return the change of the sum of checksums.

    An open intent with the same id is sent again, so the new one replaces it.
    """
    if not new:
        return 0
    ids = [codec.escape(intent.id) for intent, _ in new]
    gained = -_close(connection, environment, ids, known)
    latest = {id: position for position, id in enumerate(ids)}
    written = str(serial)
    rows: list[Row] = []
    for position, (id, (_, body)) in enumerate(zip(ids, new, strict=True)):
        fresh = checksum(intents.name, written, str(position), body)
        is_open = latest[id] == position
        if is_open:
            known[id] = Place(serial, position, fresh)
            gained += fresh
        rows.append((environment, serial, position, id, body, fresh, int(is_open)))
    _APPEND_INTENTS.count(connection, rows)
    return gained


def append_outcomes(
    connection: Connection, environment: int, serial: int, new: Sequence[tuple[Outcome, str]], known: OpenIntents
) -> int:
    """Append outcomes with their texts and close their intents; return the change of the sum of checksums."""
    if not new:
        return 0
    ids = dict.fromkeys(codec.escape(outcome.intent) for outcome, _ in new)
    _refuse_unknown(connection, environment, [id for id in ids if id not in known])
    closed = _close(connection, environment, ids, known)
    _APPEND_OUTCOMES.count(
        connection, [(environment, serial, position, body) for position, (_, body) in enumerate(new)]
    )
    return -closed


def _close(connection: Connection, environment: int, ids: Iterable[str], known: OpenIntents) -> int:
    """Close the open intents among ``ids``; return the sum of their checksums."""
    places = sorted(known.pop(id) for id in dict.fromkeys(ids) if id in known)
    spans = [(0, environment, serial, first, last, 0) for serial, first, last in _spans(places)]
    if spans and _CLOSE.count(connection, spans) != len(places):
        raise damaged("The journal", "another program closed or removed an open intent")
    return sum(place.checksum for place in places)


def _spans(places: Sequence[Place]) -> Iterable[tuple[int, int, int]]:
    """Return sorted places as serial, first and last position; the positions between are places too."""
    firsts, lasts = [], []
    before: Place | None = None
    for place in places:
        if before is None or (before.serial, before.position + 1) != (place.serial, place.position):
            firsts.append(place)
            lasts.append(place.position)
        lasts[-1] = place.position
        before = place
    return ((first.serial, first.position, last) for first, last in zip(firsts, lasts, strict=True))


def _refuse_unknown(connection: Connection, environment: int, ids: Sequence[str]) -> None:
    missing = next((id for id in ids if not _KNOWN.run(connection, environment, id)), None)
    if missing is not None:
        raise state_error(
            "Outcome without an intent",
            f"No intent {missing} was saved before its outcome. This is a bug in reconciler.",
            "Check the objects on the servers before the next apply: a command may have been sent that the journal "
            "does not have.",
        )
