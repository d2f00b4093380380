"""One change as rows, and rows as one snapshot.

Rows that are already equal are not written. Every row of a snapshot has a checksum, and the environment has their sum.
A snapshot is returned only if both match the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, text, update

from reconciler.model.snapshot import Intent, Obligation, Snapshot, StateChange
from reconciler.model.values import canonical
from state import codec
from state.digests import checksum, digest_of
from state.journal import OpenIntents, append_intents, append_outcomes
from state.snapshot_rows import MODULUS, Fetch, obligations_of, snapshot_of
from state.statements import Row, Statement, inserting
from state.tables import decisions, intents, metadata, obligations, outcomes, resources, used_plans

T = TypeVar("T")

_CHUNK = 1024
"""The most keys in one query, a power of two; both stores allow many more parameters in one statement."""


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
    open_intents: OpenIntents | None = None
    """The open intents afterwards; None if it is not known which were open before."""


# --- writing ---------------------------------------------------------------------------------------------------------


def write_change(
    connection: Connection, environment: int, serial: int, change: StateChange, known: OpenIntents
) -> Written:
    """Write the rows of ``change``; what it opens and closes changes ``known``.

    A row that is both removed and written exists afterwards, so no obligation is lost.
    """
    sent = list(zip(change.intents, codec.encode_all(change.intents), strict=True))
    ended = list(zip(change.outcomes, codec.encode_all(change.outcomes), strict=True))
    journal = [_INTENT + body for _, body in sent] + [_OUTCOME + body for _, body in ended]
    bodies: dict[Table, dict[tuple[str, ...], str]] = {
        resources: {(address,): body for address, body in codec.rows_of(change.remember)},
        obligations: {_obligation_key(owed): codec.encode_obligation(owed) for owed in change.owe},
        decisions: {(codec.escape(name),): canonical(_text(value)) for name, value in change.decisions.items()},
    }
    dropped: dict[Table, list[tuple[str, ...]]] = {
        resources: [(codec.address_text(address),) for address in change.forget],
        obligations: [_obligation_key(owed) for owed in change.discharge],
        decisions: [],
    }
    content = append_intents(connection, environment, serial, sent, known)
    content += append_outcomes(connection, environment, serial, ended, known)
    lines: list[str] = []
    for table, put in bodies.items():
        content += _put_rows(connection, environment, table, put, dropped[table])
        lines += [f"+{table.name} {key} {body}" for key, body in zip(codec.texts_of(put), put.values(), strict=True)]
        lines += [f"-{table.name} {key}" for key in codec.texts_of(dropped[table])]
    if change.uses and change.intents:
        lines.append(f"+{used_plans.name} {codec.escape(change.uses)}")
        _note_use(connection, environment, serial, change)
    return Written(content % MODULUS, digest_of(journal), digest_of(lines), _summary(change), known)


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
    new: list[Row] = []
    altered: list[Row] = []
    for key, body in put.items():
        fresh = checksum(table.name, *key, body)
        known = before.get(key)
        if known == (body, fresh):
            continue
        gained += fresh - (known[1] if known else 0)
        if known:
            altered.append((body, fresh, environment, *key))
        else:
            new.append((environment, *key, body, fresh))
    gained -= sum(before[key][1] for key in gone)
    statements = _statements(table)
    if gone:
        statements.drop.count(connection, [(environment, *key) for key in gone])
    if altered:
        statements.alter.count(connection, altered)
    if new:
        statements.append.count(connection, new)
    return gained


def _rows_before(
    connection: Connection, environment: int, table: Table, keys: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[str, int]]:
    # The last key column is the one that tells rows apart; of the duties there are three.
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    for chunk in _chunks(dict.fromkeys(key[-1] for key in keys)):
        width = 1 << (len(chunk) - 1).bit_length()
        chunk += chunk[-1:] * (width - len(chunk))
        for *key, body, kept in _finding(table, width).run(connection, environment, *chunk):
            found[tuple(key)] = (body, kept)
    return found


@cache
def _finding(table: Table, width: int) -> Statement:
    """Return the statement that selects the rows with one of ``width`` texts in the last column of their key."""
    columns = _key_columns(table)
    names = [f"last_{number}" for number in range(width)]
    query = select(*columns, table.c.body, table.c.checksum)
    query = query.where(table.c.environment == bindparam("place"), columns[-1].in_(list(map(bindparam, names))))
    return Statement(query, "place", *names)


class _Statements(NamedTuple):
    """The statements that change a table."""

    append: Statement
    alter: Statement
    drop: Statement


@cache
def _statements(table: Table) -> _Statements:
    names = [column.name for column in _key_columns(table)]
    mine = [table.c.environment == bindparam("place"), *(table.c[name] == bindparam(f"its_{name}") for name in names)]
    keys = ("place", *(f"its_{name}" for name in names))
    changed = update(table).values(body=bindparam("new_body"), checksum=bindparam("new_checksum")).where(*mine)
    return _Statements(
        append=inserting(table),
        alter=Statement(changed, "new_body", "new_checksum", *keys),
        drop=Statement(delete(table).where(*mine), *keys),
    )


def _key_columns(table: Table) -> list[ColumnElement[Any]]:
    return [column for column in table.primary_key.columns if column.name != "environment"]


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
    return snapshot_of(_fetching(connection, environment), **about)


def read_obligations(connection: Connection, environment: int) -> tuple[Obligation, ...]:
    """Return the obligations of an environment.

    Raises:
        ValueError: a row was altered.
    """
    return obligations_of(_fetching(connection, environment))


def _fetching(connection: Connection, environment: int) -> Fetch:
    def fetch(name: str) -> Iterable[tuple[Any, ...]]:
        table = metadata.tables[name]
        query = select(*_key_columns(table), table.c.body, table.c.checksum)
        query = query.where(table.c.environment == environment)
        # Written out, not bound: only then do the stores see that the index of open intents serves.
        return map(tuple, connection.execute(query.where(text("is_open = 1")) if table is intents else query))

    return fetch


def journal_digests(connection: Connection, environment: int) -> dict[int, str]:
    """Return the digest of the present intents and outcomes for each serial that wrote to the journal."""
    lines: dict[int, list[str]] = {}
    for table, kind in ((intents, _INTENT), (outcomes, _OUTCOME)):
        query = select(table.c.serial, table.c.body).where(table.c.environment == environment)
        for serial, body in connection.execute(query.order_by(table.c.serial, table.c.position)):
            lines.setdefault(serial, []).append(kind + body)
    return {serial: digest_of(found) for serial, found in lines.items()}
