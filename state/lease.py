"""The right of one run to change one environment.

The epoch rises each time the lease is taken, and every write compares it. So a run that was suspended until its lease
ended can never write again. ``holding`` decides when another run may take the lease.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, insert

from reconciler.model.diagnostics import LeaseLost, StateError
from reconciler.model.ports import Holder
from reconciler.model.snapshot import Run, StateChange
from reconciler.model.values import canonical
from state import codec
from state.digests import checksum, digest_of
from state.holding import held_by, living, locked, may_live, why_held
from state.ledger import Entry, Environment, Ledger
from state.machine import Leased, this_process
from state.rows import Written, write_change
from state.tables import runs


def take_lease(ledger: Ledger, holder: Holder, *, seconds: float, renews_itself: bool) -> HeldLease:
    """Take the lease of the environment; make the store if there is none.

    The holder is checked before anything is written, so that nobody waits for the transaction of a suspended holder.

    Raises:
        Locked: another run holds it and may be alive.
    """
    database = ledger.database
    if found := held_by(ledger):
        raise locked(ledger.name, *found)
    if not database.exists():
        database.create()
    lock = database.host_lock
    began = _Instant(ledger)
    with ExitStack() as undo:
        with database.writing(in_haste=True) as connection:
            environment = ledger.find_or_create(connection)
            now = database.now(connection)
            held = ledger.leased(connection, environment, locked=True)
            if held is not None and (why := why_held(ledger, held, now)):
                raise locked(ledger.name, held, why)
            epoch = environment.epoch + 1
            if lock is not None:
                # A taken byte belongs to a run whose state was deleted: it can write no more.
                while not lock.take(epoch):
                    epoch += 1
                undo.callback(lock.drop, epoch)
            ledger.store(connection, environment, replace(environment, epoch=epoch))
            leased = Leased(epoch, holder, ledger.machine.name, this_process(), now + seconds)
            ledger.put_lease(connection, environment, leased)
            ledger.point("state-before-acquire")
        undo.pop_all()
    ledger.point("state-after-acquire")
    return HeldLease(ledger, epoch, holder, seconds=seconds, began=began, renews_itself=renews_itself)


def end_foreign_lease(ledger: Ledger, by: Holder) -> Holder | None:
    """Raise the epoch, so that the holder of the lease is refused from now on; return the holder.

    Raises:
        Locked: the holder is alive, or may be.
    """
    if not ledger.database.exists():
        return None
    with ledger.database.writing(in_haste=True) as connection:
        environment = ledger.find(connection, locked=True)
        held = None if environment is None else ledger.leased(connection, environment, locked=True)
        if environment is None or held is None:
            return None
        now = ledger.database.now(connection)
        if may_live(ledger, held, now):
            raise living(ledger.name, held)
        what = {"kind": "unlock", "run": held.holder.run, "user": held.holder.user, "host": held.holder.host}
        ledger.record(connection, environment, environment.epoch + 1, by, _audit_alone(what))
        ledger.put_lease(connection, environment, None)
        return held.holder


class HeldLease:
    """The lease of this run. It is released, ends, or is taken over. Thread-safe."""

    def __init__(
        self, ledger: Ledger, epoch: int, holder: Holder, *, seconds: float, began: _Instant, renews_itself: bool
    ) -> None:
        self._ledger, self._epoch, self._holder, self._seconds = ledger, epoch, holder, seconds
        self._began = began
        self._ended = threading.Event()
        if renews_itself:
            interval = seconds / 3
            threading.Thread(target=self._keep, args=(interval,), name="lease", daemon=True).start()

    @property
    def epoch(self) -> int:
        return self._epoch

    def commit(self, change: StateChange) -> None:
        """Write one group of rows durably, all or nothing. Raises LeaseLost and StateError."""

        def entry(connection: Connection, environment: Environment, serial: int) -> Written:
            known = self._ledger.take_open_intents(connection, environment)
            return write_change(connection, environment.id, serial, change, known)

        self.write(entry)

    def renew(self) -> None:
        """Extend the lease. Raises LeaseLost."""
        began = _Instant(self._ledger)
        if self._ended.is_set():
            raise self._ledger.lost()
        try:
            self._ledger.extend_lease(self._epoch, self._seconds)
        except LeaseLost:
            self._ended.set()
            raise
        self._began = began

    def remaining_seconds(self) -> float:
        """Return the remaining time of the lease. It counts from before the last renewal, so it is never too long."""
        return 0.0 if self._ended.is_set() else max(0.0, self._seconds - self._began.elapsed_seconds())

    def begin(self, run: Run) -> None:
        """Save that a run begins."""
        self.write(_run_entry("begin", run))

    def end(self, run: Run) -> None:
        """Save how a run ended."""
        self.write(_run_entry("end", run))

    def release(self) -> None:
        """Give the lease back. Failures are ignored: the lease then ends by itself."""
        self.abandon()
        with suppress(StateError):
            self._ledger.end_lease(self._epoch)
        lock = self._ledger.database.host_lock
        if lock is not None:
            lock.drop(self._epoch)

    def abandon(self) -> None:
        """Stop renewing, and write nothing more."""
        self._ended.set()

    def write(self, entry: Entry) -> None:
        """Write the rows of ``entry`` under this lease."""
        if self._ended.is_set():
            raise self._ledger.lost()
        try:
            self._ledger.write(self._epoch, self._holder, entry, patience_seconds=self.remaining_seconds())
        except LeaseLost:
            self._ended.set()
            raise

    def _keep(self, interval: float) -> None:
        while not self._ended.wait(interval):
            # A store that cannot be reached now may be reachable next time.
            with suppress(StateError):
                self.renew()


class _Instant:
    """A moment on two clocks. Its age is the longer of both, because one clock stops while a laptop sleeps."""

    def __init__(self, ledger: Ledger) -> None:
        self._clock = ledger.clock
        self._monotonic, self._now = self._clock.monotonic(), self._clock.now()

    def elapsed_seconds(self) -> float:
        return max(self._clock.monotonic() - self._monotonic, (self._clock.now() - self._now).total_seconds())


def _audit_alone(what: Mapping[str, Any]) -> Entry:
    """Return an entry that writes only to the audit."""
    written = Written(0, digest_of([]), digest_of([canonical(dict(what))]), what)
    return lambda _connection, _environment, _serial: written


def _run_entry(kind: str, run: Run) -> Entry:
    def entry(connection: Connection, environment: Environment, serial: int) -> Written:
        key, body = codec.escape(run.id), codec.encode(run)
        mine = (runs.c.environment == environment.id, runs.c.id == key)
        # A resumed run with its own id is the latest again; a run that ends keeps its place.
        found = connection.execute(runs.select().where(*mine)).mappings().one_or_none()
        place = found["serial"] if found is not None and kind == "end" else serial
        row = {"environment": environment.id, "id": key, "serial": place, "body": body}
        connection.execute(delete(runs).where(*mine))
        connection.execute(insert(runs), {**row, "checksum": checksum(runs.name, key, place, body)})
        what = {"kind": kind, "run": run.id, "plan": run.plan_digest, "commit": run.commit}
        return Written(0, digest_of([]), digest_of([body]), what)

    return entry
