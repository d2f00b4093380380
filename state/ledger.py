"""One environment in a store. Only this module writes to it: every write is fenced, counted and audited.

A write first locks the environment's row, so that the lease cannot change hands during the write. It succeeds only if
the epoch is the writer's own and the lease has not ended by the store's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from reconciler.model.diagnostics import Diagnostic, LeaseLost
from reconciler.model.ports import Clock, CrashPoint, Holder, Random
from state import codec
from state.audit import START, append_entry
from state.database import Database, StoreUnreachable
from state.digests import checksum
from state.errors import damaged, state_error
from state.journal import OpenIntents, open_intents
from state.machine import Leased, Machine
from state.rows import Written
from state.statements import Statement
from state.tables import lease, meta

_MODULUS = 1 << 64

_COLUMNS = tuple(column.name for column in meta.columns if column.name != "id")
_FIND = select(meta.c.id, *(meta.c[name] for name in _COLUMNS)).where(meta.c.environment == bindparam("name"))
_FOUND, _FOUND_LOCKED = Statement(_FIND, "name"), Statement(_FIND.with_for_update(), "name")
_STORE = Statement(
    update(meta)
    .where(meta.c.id == bindparam("id_before"), meta.c.epoch == bindparam("epoch_before"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS}),
    *(f"new_{name}" for name in _COLUMNS),
    "id_before",
    "epoch_before",
)
_LEASED_COLUMNS = ("epoch", "holder", "machine", "process", "expires")
_LEASE = select(*(lease.c[name] for name in _LEASED_COLUMNS)).where(lease.c.environment == bindparam("place"))
_LEASED, _LEASED_LOCKED = Statement(_LEASE, "place"), Statement(_LEASE.with_for_update(), "place")


@dataclass(frozen=True, slots=True)
class Environment:
    """The row of one environment."""

    id: int
    name: str
    lineage: str | None
    serial: int
    epoch: int
    content: int
    """The sum of the checksums of all rows of a snapshot, modulo 2**64."""
    audit_head: str

    def values(self) -> dict[str, Any]:
        """The columns, with the checksum of all of them."""
        columns: dict[str, Any] = {
            "environment": codec.escape(self.name),
            "format": codec.VERSION,
            "lineage": self.lineage,
            "serial": self.serial,
            "epoch": self.epoch,
            "content": f"{self.content:016x}",
            "audit_head": self.audit_head,
        }
        return {**columns, "checksum": checksum(meta.name, codec.text_of(columns))}


Entry: TypeAlias = Callable[[Connection, Environment, int], Written]
"""Writes the rows of one change, given the environment and the new serial."""


class Ledger:
    """One environment in one store."""

    def __init__(
        self, database: Database, name: str, *, clock: Clock, random: Random, point: CrashPoint, machine: Machine
    ) -> None:
        self.database, self.name, self.clock, self.machine = database, name, clock, machine
        self.point, self._random = point, random
        self._open_intents: tuple[str, OpenIntents] = ("", {})
        """The head of the audit after a write of this ledger, and the open intents then."""

    @property
    def where(self) -> str:
        return self.database.where

    def lives(self, held: Leased) -> bool | None:
        """Return True if a holder is alive; None if only its own machine could find out."""
        return self.machine.lives(self.database.host_lock, held, self.machine.name)

    # --- the environment

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, Environment] | None]:
        """Enter a transaction that reads the environment's row and writes nothing; None if it was never saved."""
        if not self.database.exists():
            yield None
            return
        with self.database.reading() as connection:
            environment = self.find(connection)
            yield None if environment is None else (connection, environment)

    def find(self, connection: Connection, *, locked: bool = False) -> Environment | None:
        """Return the environment's row, locked until the transaction ends if ``locked``; None if it was never saved.

        Raises:
            StateError: the row was altered or has another version, or the file belongs to another environment.
        """
        rows = (_FOUND_LOCKED if locked else _FOUND).run(connection, codec.escape(self.name))
        if not rows:
            self._refuse_foreign(connection)
            return None
        columns = dict(zip(("id", *_COLUMNS), rows[0], strict=True))
        id, kept = columns.pop("id"), columns.pop("checksum")
        if _checksum_of(columns) != kept:
            raise damaged(self.where, f"the row of environment {self.name} was altered")
        if columns["format"] not in codec.READABLE:
            raise state_error(
                "State of a newer version",
                f"{self.where} has rows of form {columns['format']}; this version of reconciler supports "
                f"{codec.VERSION}.",
                "Use the version of reconciler that wrote it, or a newer one.",
            )
        return Environment(
            id=id,
            name=self.name,
            lineage=columns["lineage"],
            serial=columns["serial"],
            epoch=columns["epoch"],
            content=int(columns["content"], 16),
            audit_head=columns["audit_head"],
        )

    def find_or_create(self, connection: Connection) -> Environment:
        """Return the environment's row, locked until the transaction ends; create it if needed."""
        found = self.find(connection, locked=True)
        if found is None:
            self.database.lock_creation(connection)
            found = self.find(connection, locked=True)
        if found is None:
            fresh = Environment(0, self.name, None, 0, 0, 0, START)
            connection.execute(insert(meta), fresh.values())
            found = self.find(connection, locked=True)
        assert found is not None
        return found

    def store(self, connection: Connection, before: Environment, after: Environment) -> None:
        """Replace the row. Raises LeaseLost if its epoch is no longer that of ``before``."""
        values = after.values()
        row = (*(values[name] for name in _COLUMNS), before.id, before.epoch)
        if _STORE.count(connection, [row]) != 1:
            raise self.lost()

    def _refuse_foreign(self, connection: Connection) -> None:
        if self.database.is_shared:
            return
        other = connection.execute(select(meta.c.environment).limit(1)).scalar()
        if other is not None:
            raise state_error(
                "State of another environment",
                f"{self.where} holds environment {codec.unescape(other)}, not {self.name}.",
                "Correct the name of the environment, or move the file away to start again: existing objects are "
                "adopted by name.",
            )

    # --- its lease

    def leased(self, connection: Connection, environment: Environment, *, locked: bool = False) -> Leased | None:
        """Return the lease, even if it has ended; None if it was released."""
        rows = (_LEASED_LOCKED if locked else _LEASED).run(connection, environment.id)
        if not rows:
            return None
        epoch, holder, machine, process, expires = rows[0]
        if epoch != environment.epoch or not isinstance(expires, float):
            raise damaged(self.where, "the lease does not belong to the current epoch")
        return Leased(
            epoch=epoch,
            holder=codec.decode(Holder, holder),
            machine=codec.unescape(machine),
            process=None if process is None else codec.unescape(process),
            expires=expires,
        )

    def put_lease(self, connection: Connection, environment: Environment, new: Leased | None) -> None:
        connection.execute(delete(lease).where(lease.c.environment == environment.id))
        if new is not None:
            connection.execute(insert(lease), {"environment": environment.id, **new.values()})

    def extend_lease(self, epoch: int, seconds: float) -> None:
        """Extend the lease of ``epoch`` to ``seconds`` from now. Raises LeaseLost if it ended or was taken over."""
        with self.database.writing() as connection:
            environment = self._held(connection, epoch)
            expires = self.database.now(connection) + seconds
            statement = update(lease).where(lease.c.environment == environment.id, lease.c.epoch == epoch)
            if connection.execute(statement.values(expires=expires)).rowcount != 1:
                raise self.lost()

    def end_lease(self, epoch: int) -> None:
        """Return the lease of ``epoch``, unless another run took it over."""
        with self.database.writing() as connection:
            environment = self.find(connection, locked=True)
            if environment is not None and environment.epoch == epoch:
                self.put_lease(connection, environment, None)
                self.point("state-before-release")
        self.point("state-after-release")

    def _held(self, connection: Connection, epoch: int) -> Environment:
        environment = self.find(connection, locked=True)
        if environment is None or environment.epoch != epoch:
            raise self.lost()
        held = self.leased(connection, environment, locked=True)
        if held is None or held.expires <= self.database.now(connection):
            raise self.lost()
        return environment

    def lost(self) -> LeaseLost:
        return LeaseLost(
            Diagnostic(
                "Lease lost",
                f"The lease of environment {self.name} ended, or another run took it over. No more commands are sent.",
                "Check the other run. Then repeat the command: it reads the servers to find the effects of this run.",
            )
        )

    # --- writing

    def write(self, epoch: int, who: Holder, entry: Entry, *, patience_seconds: float = 0.0) -> None:
        """Write one group of rows under the lease of ``epoch``: all of them durable, or none.

        A broken connection is opened again for up to ``patience_seconds``. The audit's head then shows whether the
        write succeeded before the break, so that nothing is written twice.

        Raises:
            LeaseLost: the lease ended or was taken over.
            StateError: the rows may not be durable.
        """
        give_up = self.clock.monotonic() + (patience_seconds if self.database.reconnects else 0.0)
        attempt = _Attempt()
        delay = 0.05
        while True:
            try:
                self._write_once(epoch, who, entry, attempt)
                return
            except StoreUnreachable:
                if self.clock.monotonic() + delay >= give_up:
                    raise
            self.clock.sleep(delay)
            delay = min(delay * 2, 2.0)

    def _write_once(self, epoch: int, who: Holder, entry: Entry, attempt: _Attempt) -> None:
        with self.database.writing() as connection:
            if attempt.head is not None:
                found = self.find(connection, locked=True)
                if found is not None and found.audit_head == attempt.head:
                    return
            environment = self._held(connection, epoch)
            attempt.head = self.record(connection, environment, environment.epoch, who, entry)
            self.point("state-before-commit")
        self.point("state-after-commit")

    def record(
        self, connection: Connection, environment: Environment, new_epoch: int, who: Holder, entry: Entry
    ) -> str:
        """Write the rows of ``entry`` with serial and audit in this transaction; return the new head of the audit."""
        lineage = environment.lineage or self._random.identifier()
        serial = environment.serial + 1
        try:
            written = entry(connection, environment, serial)
        except ValueError as error:
            raise state_error("Value cannot be saved", f"{error}. This is a bug in reconciler.") from error
        head = append_entry(
            connection,
            environment.id,
            lineage=lineage,
            previous=environment.audit_head,
            serial=serial,
            epoch=new_epoch,
            at=self.clock.now().isoformat(),
            who=codec.encode(who),
            written=written,
        )
        if written.open_intents is not None:
            self._open_intents = head, written.open_intents
        after = replace(
            environment,
            lineage=lineage,
            serial=serial,
            epoch=new_epoch,
            content=(environment.content + written.content) % _MODULUS,
            audit_head=head,
        )
        self.store(connection, environment, after)
        return head

    def take_open_intents(self, connection: Connection, environment: Environment) -> OpenIntents:
        """Return the open intents, for a write that changes them; the next write gets what that write leaves.

        They are read where the last write was not one of these, or did not succeed: the head of the audit shows it.
        """
        head, known = self._open_intents
        self._open_intents = ("", {})
        return known if head == environment.audit_head else open_intents(connection, environment.id)


class _Attempt:
    """The head of the audit after the last attempt of a write, if that attempt succeeded."""

    head: str | None = None


def _checksum_of(columns: dict[str, Any]) -> int:
    try:
        return checksum(meta.name, codec.text_of(columns))
    except TypeError as error:
        raise ValueError("a column has another type") from error
