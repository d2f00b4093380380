"""One change as rows, and rows as one snapshot.

Rows that are already equal are not written. Every row of a snapshot has a checksum, and the environment has their sum.
A snapshot is returned only if both match the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, text, tuple_, update

from reconciler.model.snapshot import Intent, Obligation, Outcome, Snapshot, StateChange
from reconciler.model.values import canonical
from state import codec
from state.digests import checksum, digest_of
from state.errors import state_error
from state.snapshot_rows import MODULUS, snapshot_of
from state.tables import decisions, intents, metadata, obligations, outcomes, resources, used_plans

T = TypeVar("T")

_CHUNK = 1000
"""The number of keys in one query; both stores allow many more parameters in one statement."""


@dataclass(frozen=True, slots=True)
class Written:
    """The effect of one change on the rows."""

    content: int
    """The difference of the sum of checksums, modulo 2**64."""
    journal: str
    """The digest of its intents and outcomes, which can be computed again from their rows."""
    change: str
    """The digest of its other content."""
    what: Mapping[str, Any]
    """A summary for readers of the audit."""


# --- writing ---------------------------------------------------------------------------------------------------------


def write_change(connection: Connection, environment: int, serial: int, change: StateChange) -> Written:
    """Write the rows of ``change``.

    A row that is both removed and written exists afterwards, so no obligation is lost.
    """
    sent = [(intent, codec.encode(intent)) for intent in change.intents]
    ended = [(outcome, codec.encode(outcome)) for outcome in change.outcomes]
    journal = [_INTENT + body for _, body in sent] + [_OUTCOME + body for _, body in ended]
    bodies: dict[Table, dict[tuple[str, ...], str]] = {
        resources: {(address,): body for address, body in map(codec.row_of, change.remember)},
        obligations: {_obligation_key(owed): codec.encode_obligation(owed) for owed in change.owe},
        decisions: {(codec.escape(name),): canonical(_text(value)) for name, value in change.decisions.items()},
    }
    dropped: dict[Table, list[tuple[str, ...]]] = {
        resources: [(codec.address_text(address),) for address in change.forget],
        obligations: [_obligation_key(owed) for owed in change.discharge],
        decisions: [],
    }
    content = _append_intents(connection, environment, serial, sent)
    content += _append_outcomes(connection, environment, serial, ended)
    lines: list[str] = []
    for table, put in bodies.items():
        content += _put_rows(connection, environment, table, put, dropped[table])
        lines += [f"+{table.name} {canonical(key)} {body}" for key, body in put.items()]
        lines += [f"-{table.name} {canonical(key)}" for key in dropped[table]]
    if change.uses and change.intents:
        lines.append(f"+{used_plans.name} {codec.escape(change.uses)}")
        _note_use(connection, environment, serial, change)
    return Written(content % MODULUS, digest_of(journal), digest_of(lines), _summary(change))


_INTENT, _OUTCOME = "intent ", "outcome "


def _note_use(connection: Connection, environment: int, serial: int, change: StateChange) -> None:
    """Save the serial of the first intents of a saved plan.

    It replaces the serial of another run, which sent nothing.
    """
    mine = (used_plans.c.environment == environment, used_plans.c.nonce == codec.escape(change.uses))
    before = connection.execute(select(used_plans.c.serial).where(*mine)).scalar()
    if before is not None:
        first = select(intents.c.body).where(intents.c.environment == environment, intents.c.serial == before)
        body = connection.execute(first.limit(1)).scalar()
        if body is None or codec.decode(Intent, body).run == change.intents[0].run:
            return
        connection.execute(delete(used_plans).where(*mine))
    row = {"environment": environment, "nonce": codec.escape(change.uses), "serial": serial}
    connection.execute(insert(used_plans), row)


def _obligation_key(owed: Obligation) -> tuple[str, str]:
    duty, subject = owed.identity
    return duty, codec.escape(subject)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} is no decision")
    return value


def _summary(change: StateChange) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "intents": [intent.id for intent in change.intents],
        "outcomes": [[outcome.intent, outcome.kind.value] for outcome in change.outcomes],
        "remember": len(change.remember),
        "forget": [str(address) for address in change.forget],
        "owe": [list(owed.identity) for owed in change.owe],
        "discharge": [list(owed.identity) for owed in change.discharge],
        "decisions": sorted(change.decisions),
        "uses": change.uses,
    }
    return {name: value for name, value in summary.items() if value}


def _put_rows(
    connection: Connection,
    environment: int,
    table: Table,
    put: Mapping[tuple[str, ...], str],
    dropped: Sequence[tuple[str, ...]],
) -> int:
    """Write the rows of ``table`` that differ; return the change of the sum of checksums."""
    if not put and not dropped:
        return 0
    before = _rows_before(connection, environment, table, [*put, *dropped])
    gained = 0
    gone = [key for key in dict.fromkeys(dropped) if key in before and key not in put]
    new: list[tuple[tuple[str, ...], str, int]] = []
    altered: list[tuple[tuple[str, ...], str, int]] = []
    for key, body in put.items():
        fresh = checksum(table.name, *key, body)
        known = before.get(key)
        if known is not None and known == (body, fresh):
            continue
        gained += fresh - (known[1] if known else 0)
        (altered if known else new).append((key, body, fresh))
    gained -= sum(before[key][1] for key in gone)
    names = [column.name for column in _key_columns(table)]
    if gone:
        connection.execute(_matching(delete(table), table, environment), [_bound(names, key) for key in gone])
    if altered:
        statement = _matching(update(table), table, environment)
        statement = statement.values(body=bindparam("new_body"), checksum=bindparam("new_checksum"))
        rows = [{**_bound(names, key), "new_body": body, "new_checksum": fresh} for key, body, fresh in altered]
        connection.execute(statement, rows)
    if new:
        values = [
            {"environment": environment, **dict(zip(names, key, strict=True)), "body": body, "checksum": fresh}
            for key, body, fresh in new
        ]
        connection.execute(insert(table), values)
    return gained


def _rows_before(
    connection: Connection, environment: int, table: Table, keys: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[str, int]]:
    # The last key column is the one that tells rows apart; of the duties there are three.
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    for chunk in _chunks(dict.fromkeys(key[-1] for key in keys)):
        for *key, body, kept in connection.execute(_before_query(table), {"place": environment, "last": chunk}):
            found[tuple(key)] = (body, kept)
    return found


@cache
def _before_query(table: Table) -> Any:
    columns = _key_columns(table)
    query = select(*columns, table.c.body, table.c.checksum)
    return query.where(table.c.environment == bindparam("place"), columns[-1].in_(bindparam("last", expanding=True)))


def _key_columns(table: Table) -> list[ColumnElement[Any]]:
    return [column for column in table.primary_key.columns if column.name != "environment"]


def _matching(statement: Any, table: Table, environment: int) -> Any:
    statement = statement.where(table.c.environment == environment)
    for column in _key_columns(table):
        statement = statement.where(column == bindparam(f"key_{column.name}"))
    return statement


def _bound(names: Sequence[str], key: tuple[str, ...]) -> dict[str, str]:
    return {f"key_{name}": part for name, part in zip(names, key, strict=True)}


def _append_intents(connection: Connection, environment: int, serial: int, new: Sequence[tuple[Intent, str]]) -> int:
    """Append intents as open. An open intent with the same id is sent again, so the new one replaces it."""
    if not new:
        return 0
    ids = [codec.escape(intent.id) for intent, _ in new]
    gained = -sum(_close_intents(connection, environment, ids).values())
    latest = {id: position for position, id in enumerate(ids)}
    rows = []
    for position, (id, (_, body)) in enumerate(zip(ids, new, strict=True)):
        fresh = checksum(intents.name, serial, position, body)
        is_open = latest[id] == position
        gained += fresh if is_open else 0
        rows.append(
            {
                "environment": environment,
                "serial": serial,
                "position": position,
                "id": id,
                "body": body,
                "checksum": fresh,
                "is_open": int(is_open),
            }
        )
    connection.execute(insert(intents), rows)
    return gained


def _append_outcomes(connection: Connection, environment: int, serial: int, new: Sequence[tuple[Outcome, str]]) -> int:
    if not new:
        return 0
    ids = dict.fromkeys(codec.escape(outcome.intent) for outcome, _ in new)
    closed = _close_intents(connection, environment, ids)
    _refuse_unknown(connection, environment, [id for id in ids if id not in closed])
    rows = [
        {"environment": environment, "serial": serial, "position": position, "body": body}
        for position, (_, body) in enumerate(new)
    ]
    connection.execute(insert(outcomes), rows)
    return -sum(closed.values())


def _close_intents(connection: Connection, environment: int, ids: Iterable[str]) -> dict[str, int]:
    """Close the open intents among ``ids`` and return their checksums.

    The places of the ids are looked up in the index of ids first: in one condition with ``is_open``, SQLite would read
    all intents that were ever saved.
    """
    closed: dict[str, int] = {}
    for chunk in _chunks(dict.fromkeys(ids)):
        found = connection.execute(_CLOSE, {"place": environment, "ids": chunk})
        closed.update((id, kept) for id, kept in found)
    return closed


def _closing() -> Any:
    known = intents.alias()
    places = select(known.c.serial, known.c.position).where(
        known.c.environment == bindparam("place"), known.c.id.in_(bindparam("ids", expanding=True))
    )
    mine = (intents.c.environment == bindparam("place"), tuple_(intents.c.serial, intents.c.position).in_(places))
    statement = update(intents).where(*mine, intents.c.is_open == 1).values(is_open=0)
    return statement.returning(intents.c.id, intents.c.checksum)


_CLOSE = _closing()
"""Built once, because every write of an apply needs it."""


def _refuse_unknown(connection: Connection, environment: int, ids: Sequence[str]) -> None:
    known: set[str] = set()
    for chunk in _chunks(ids):
        query = select(intents.c.id).where(intents.c.environment == environment, intents.c.id.in_(chunk))
        known.update(connection.execute(query).scalars())
    missing = [id for id in ids if id not in known]
    if missing:
        raise state_error(
            "Outcome without an intent",
            f"No intent {missing[0]} was saved before its outcome. This is a bug in reconciler.",
            "Check the objects on the servers before the next apply: a command may have been sent that the journal "
            "does not have.",
        )


def _chunks(keys: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(keys)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


# --- reading ---------------------------------------------------------------------------------------------------------


def read_snapshot(connection: Connection, environment: int, **about: Any) -> Snapshot:
    """Return the snapshot of an environment; ``about``: see ``snapshot_of``.

    Raises:
        ValueError: a row was altered, is missing, or was added.
    """

    def fetch(name: str) -> Iterable[tuple[Any, ...]]:
        table = metadata.tables[name]
        query = select(*_key_columns(table), table.c.body, table.c.checksum)
        query = query.where(table.c.environment == environment)
        # Written out, not bound: only then do the stores see that the index of open intents serves.
        return map(tuple, connection.execute(query.where(text("is_open = 1")) if table is intents else query))

    return snapshot_of(fetch, **about)


def journal_digests(connection: Connection, environment: int) -> dict[int, str]:
    """Return the digest of the present intents and outcomes for each serial that wrote to the journal."""
    lines: dict[int, list[str]] = {}
    for table, kind in ((intents, _INTENT), (outcomes, _OUTCOME)):
        query = select(table.c.serial, table.c.body).where(table.c.environment == environment)
        for serial, body in connection.execute(query.order_by(table.c.serial, table.c.position)):
            lines.setdefault(serial, []).append(kind + body)
    return {serial: digest_of(found) for serial, found in lines.items()}
