"""Makes a snapshot of the rows of any store, and verifies that they are the rows that were saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, Final

from reconciler.model.snapshot import Intent, Obligation, Snapshot
from reconciler.model.values import parse
from state import codec
from state.digests import checksum
from state.memory import decode_memory

MODULUS: Final = 1 << 64

Fetch = Callable[[str], Iterable[tuple[Any, ...]]]
"""Returns the rows of a table: its key, the body and the checksum. Of the intents, the open ones."""


def snapshot_of(fetch: Fetch, *, name: str, lineage: str | None, serial: int, content: int) -> Snapshot:
    """Return the snapshot whose checksums sum up to ``content``.

    Raises:
        ValueError: a row was altered, is missing, or was added.
    """
    reader = _Reader(fetch)
    snapshot = Snapshot(
        environment=name,
        lineage=lineage,
        serial=serial,
        resources=decode_memory([(address, body) for address, body in reader.rows("resources")]),
        obligations=_obligations(reader),
        # A row of an intent: serial, position, body.
        open_intents=tuple(codec.decode(Intent, body) for _, _, body in reader.rows("intents")),
        decisions=MappingProxyType(
            {codec.unescape(name): _text(parse(body)) for name, body in reader.rows("decisions")}
        ),
    )
    if reader.content % MODULUS != content:
        raise ValueError("rows are missing, or another program added rows")
    return snapshot


def obligations_of(fetch: Fetch) -> tuple[Obligation, ...]:
    """Return the obligations alone.

    Raises:
        ValueError: a row was altered.
    """
    return _obligations(_Reader(fetch))


def _obligations(reader: _Reader) -> tuple[Obligation, ...]:
    return tuple(codec.decode_obligation(duty, body) for duty, _, body in reader.rows("obligations"))


class _Reader:
    """Reads rows in the order of their keys and sums up their checksums."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.content = 0

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        found = []
        for row in self._fetch(table):
            *parts, kept = row
            if checksum(table, *parts) != kept:
                raise ValueError(f"a row of {table} was altered")
            self.content += kept
            found.append(row[:-1])
        # In one order everywhere: servers sort texts by their own language.
        return sorted(found)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} is no decision")
    return value
