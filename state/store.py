"""The memory of one environment, in an SQLite file or on a PostgreSQL server.

Opening and reading an environment that was never saved makes no file; the first lease makes the store.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.model.ports import Clock, CrashPoint, Holder, Lease, Random
from reconciler.model.snapshot import Audit, Obligation, Run, Snapshot
from state import codec
from state.digests import checksum
from state.errors import damaged, state_error
from state.holding import LEASE_SECONDS, held_by
from state.location import parse_location
from state.machine import Machine
from state.quick import can_read_quickly, is_free, read_quickly

if TYPE_CHECKING:
    from state.database import Database
    from state.lease import HeldLease
    from state.ledger import Ledger


def no_point(name: str) -> None:
    """Do nothing: the crash point outside tests."""


def open_store(
    location: Path | str,
    environment: str,
    *,
    clock: Clock,
    random: Random,
    read_only: bool = False,
    lease_seconds: float = LEASE_SECONDS,
    renews_itself: bool = True,
    point: CrashPoint = no_point,
    machine: Machine | None = None,
) -> SavedState:
    """Open the state of ``environment``.

    ``location`` is the path of an SQLite file, which need not exist, or text that names one or a PostgreSQL database
    (``postgresql://USER@HOST/DATABASE``, see ``location``). An old schema is brought up to date. ``random`` makes the
    id of the lineage. A lease lasts ``lease_seconds``; with ``renews_itself`` a thread renews it.

    Raises:
        StateError: the store is unsafe, damaged, foreign, newer or unreachable; nothing was written.
    """
    machine = machine or Machine()
    place = location if isinstance(location, Path) else parse_location(location, is_windows=os.name == "nt")

    store = SavedState(
        environment,
        place,
        _Opening(clock, random, point, machine, read_only=read_only),
        lease_seconds=lease_seconds,
        renews_itself=renews_itself,
    )
    store.look()
    return store


@dataclass(frozen=True, slots=True)
class _Opening:
    """How a store is opened."""

    clock: Clock
    random: Random
    point: CrashPoint
    machine: Machine
    read_only: bool

    def ledger(self, place: Path | str, environment: str) -> Ledger:
        """Open the store and load what reaches it, which takes longer than a plan of some thousand users."""
        from state.ledger import Ledger
        from state.postgresql import PostgreSQLDatabase
        from state.sqlite import SQLiteDatabase

        codec.prepare()
        database: Database
        if isinstance(place, Path):
            database = SQLiteDatabase(
                place, clock=self.clock, read_only=self.read_only, point=self.point, machine=self.machine
            )
        else:
            database = PostgreSQLDatabase(place, read_only=self.read_only, point=self.point)
        try:
            database.exists()
        except BaseException:
            database.close()
            raise
        return Ledger(
            database, environment, clock=self.clock, random=self.random, point=self.point, machine=self.machine
        )


class SavedState:
    """The ``StateStore`` of one environment. Thread-safe."""

    def __init__(
        self,
        environment: str,
        place: Path | str,
        opening: _Opening,
        *,
        lease_seconds: float,
        renews_itself: bool,
    ) -> None:
        self._environment, self._place, self._opening = environment, place, opening
        self._lease_seconds, self._renews_itself = lease_seconds, renews_itself
        self._leases: list[HeldLease] = []
        self._lock = Lock()
        self._opened: Ledger | None = None

    @property
    def _ledger(self) -> Ledger:
        with self._lock:
            if self._opened is None:
                self._opened = self._opening.ledger(self._place, self._environment)
            return self._opened

    def look(self) -> None:
        """Open the store now, unless it is a file that can be read without that.

        Raises:
            StateError: see ``open_store``.
        """
        if not (isinstance(self._place, Path) and can_read_quickly(self._place, self._opening.machine)):
            assert self._ledger is not None

    def read(self) -> Snapshot:
        """Return one consistent snapshot; an environment never saved has an empty one without lineage.

        Raises:
            StateError: it cannot be read, or was altered.
        """
        if self._opened is None and isinstance(self._place, Path):
            found = read_quickly(self._place, self._environment, self._opening.machine)
            if found is not None:
                return found
        return self._read()

    def _read(self) -> Snapshot:
        from state.rows import read_snapshot

        with self._ledger.reading() as saved:
            if saved is None:
                return Snapshot(self._environment)
            connection, found = saved
            return read_snapshot(
                connection,
                found.id,
                name=self._environment,
                lineage=found.lineage,
                serial=found.serial,
                content=found.content,
            )

    def open_obligations(self) -> tuple[Obligation, ...]:
        """Return the obligations of a snapshot, without reading the rest of it.

        Raises:
            StateError: they cannot be read, or were altered.
        """
        from state.rows import read_obligations

        with self._ledger.reading() as saved:
            return () if saved is None else read_obligations(saved[0], saved[1].id)

    def acquire(self, holder: Holder) -> Lease:
        """Take the lease; make the store if there is none.

        Raises:
            Locked: another run holds it; the diagnostic names the holder.
        """
        from state.lease import take_lease

        self._refuse_read_only()
        held = take_lease(self._ledger, holder, seconds=self._lease_seconds, renews_itself=self._renews_itself)
        self._leases.append(held)
        return held

    def is_used(self, nonce: str) -> bool:
        """Return whether a command of the saved plan with that nonce was sent."""
        from state.audit import is_used

        with self._ledger.reading() as saved:
            return saved is not None and is_used(saved[0], saved[1].id, codec.escape(nonce))

    def last_changing_run(self) -> Run | None:
        """Return the latest run with a commit that changed servers, also a running one."""
        from state.audit import last_changing_run

        with self._ledger.reading() as saved:
            return None if saved is None else last_changing_run(saved[0], saved[1].id, self._ledger.where)

    def history(self, limit: int | None = 50) -> Sequence[Run]:
        """Return the latest runs, newest first; all of them without a ``limit``."""
        from sqlalchemy import select

        from state.tables import runs

        with self._ledger.reading() as saved:
            if saved is None:
                return ()
            connection, environment = saved
            query = select(runs.c.id, runs.c.serial, runs.c.body, runs.c.checksum)
            query = query.where(runs.c.environment == environment.id).order_by(runs.c.serial.desc()).limit(limit)
            found = connection.execute(query).all()
            if any(checksum(runs.name, *row[:-1]) != row[-1] for row in found):
                raise damaged(self._ledger.where, "a run of the history was altered")
            return tuple(codec.decode(Run, body) for _, _, body, _ in found)

    def held_by(self) -> Holder | None:
        """Return the holder of the lease if it is or may be alive."""
        if self._opened is None and isinstance(self._place, Path) and is_free(self._place, self._opening.machine):
            return None
        found = held_by(self._ledger)
        return None if found is None else found[0].holder

    def unlock(self, by: Holder) -> Holder | None:
        """End another run's lease by raising the epoch; return its holder, None if there was none.

        Raises:
            Locked: its holder is alive, or may be.
        """
        from state.lease import end_foreign_lease

        self._refuse_read_only()
        return end_foreign_lease(self._ledger, by)

    def verify_audit(self, known_head: str | None = None) -> Audit:
        """Verify the whole audit chain, and with it the journal, the runs and the used plans.

        ``known_head``: a head noted earlier, which the chain must contain.

        Raises:
            StateError: something was edited, removed, added or moved; the message says where.
        """
        from state.audit import START, verify_chain

        with self._ledger.reading() as saved:
            if saved is None:
                return Audit(0, START)
            connection, environment = saved
            return verify_chain(
                connection,
                environment.id,
                self._ledger.where,
                lineage=environment.lineage or "",
                serial=environment.serial,
                head=environment.audit_head,
                known_head=known_head,
            )

    def close(self) -> None:
        """Close the store. A lease that was not released stays as after a crash: free at once on this host."""
        for held in self._leases:
            held.abandon()
        if self._opened is not None:
            self._opened.database.close()

    def _refuse_read_only(self) -> None:
        if self._opening.read_only:
            raise state_error(
                "State opened for reading",
                f"{self._ledger.where} was opened for reading only. This is a bug in reconciler.",
            )
