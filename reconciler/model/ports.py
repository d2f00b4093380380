"""The ports: the protocols for everything outside the engine.

The engine reaches servers only through ``Session``, the saved state only through ``StateStore``, time only through
``Clock``. Tests run the unchanged engine with other implementations: a simulator in the process, a virtual clock, a
scheduler that repeats a given order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.commands import Command, Endpoint, Reply, Shell
from reconciler.model.diagnostics import SessionError
from reconciler.model.events import Event
from reconciler.model.findings import Examined
from reconciler.model.snapshot import Audit, Obligation, Run, Snapshot, StateChange


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on both clocks of this machine; it is reached when the first clock reaches it.

    The monotonic clock may stop while the machine sleeps. The wall clock can be set.
    """

    monotonic: float
    wall: datetime

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Deadline:
        return cls(clock.monotonic() + seconds, clock.now() + timedelta(seconds=seconds))

    def left_seconds(self, clock: Clock) -> float:
        """Return the remaining seconds; negative after the deadline."""
        return min(self.monotonic - clock.monotonic(), (self.wall - clock.now()).total_seconds())

    def outlast_seconds(self, clock: Clock) -> float:
        """Return how long to wait until the deadline has certainly passed, also where the wall clock was set."""
        return max(0.0, self.monotonic - clock.monotonic())


class Permit(Protocol):
    """Allows writing commands to begin in one shell, for a limited time."""

    def grant(self, ids: Sequence[str], shell: Shell, lead_seconds: float = 0.0) -> Sequence[Deadline]:
        """Store that ``shell`` may hold these requests; return the deadline until which each may begin.

        A session asks directly before it sends, so that the delay of a message shortens the remaining time.
        ``lead_seconds``: the time until the first request can begin.

        Raises:
            LeaseLost, StateError: nothing may be sent.
        """


@dataclass(frozen=True, slots=True)
class Request:
    """A command with a permanent id: for a repeated id the server returns the stored reply and runs nothing."""

    id: str
    command: Command
    permit: Permit | None = None
    """Sets the deadline until which the command may begin; the server refuses it later. None: no limit (reads)."""


def granted(requests: Sequence[Request], shell: Shell, lead_seconds: float = 0.0) -> Mapping[str, Deadline]:
    """Return the deadlines, by id, of those ``requests`` that have a permit for ``shell``.

    Raises:
        LeaseLost, StateError: nothing may be sent.
    """
    deadlines: dict[str, Deadline] = {}
    for permit in {id(request.permit): request.permit for request in requests}.values():
        if permit is not None:
            ids = [request.id for request in requests if request.permit is permit]
            deadlines.update(zip(ids, permit.grant(ids, shell, lead_seconds), strict=True))
    return deadlines


class Session(Protocol):
    """An open channel to one host."""

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        """Run the requests in order, in as few messages as possible; return one result for each, in the same order.

        The error of a command is a result too: ``AmbiguousOutcome`` for a write that may have run. A command must not
        hold a ``NameOf`` any more.

        Raises:
            SessionError: the channel could not be opened, and nothing was sent.
        """

    @property
    def overhead_seconds(self) -> float:
        """The time that each call takes beside its commands; much where every call starts a process."""

    @property
    def opening_seconds(self) -> float:
        """The time that a further channel takes to open: 0 before it is known, infinite where there may be only one."""

    def slots(self, wanted: int, seconds_left: float) -> int:
        """Return how many calls can run at the same time now: at least 1, at most ``wanted``.

        Where there are fewer, further channels are opened in the background, as far as the host grants them and the
        ``seconds_left`` of work for one channel are worth the time that opening takes.
        """


class Sessions(Protocol):
    """The channels of one run, opened at first use. Thread-safe."""

    def open(self, endpoint: Endpoint) -> Session:
        """Return the session to ``endpoint``.

        Raises:
            SessionError: no such connection is configured, or it failed permanently before.
        """

    def pin(self, always: Mapping[str, str]) -> None:
        """Add these parameters to every later command whose cmdlet has them (``DomainController``)."""

    def enter(self, connection: str, hosts: Sequence[str]) -> None:
        """Use the first of ``hosts`` as entry point of a connection, unless its own one is among them."""

    def end(self, shell: Shell) -> bool:
        """End a shell of another run with everything in it; return True where it certainly no longer exists."""

    def close(self) -> None:
        """Close all channels and ignore errors."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds, or asks for, the lease of an environment."""

    run: str
    host: str
    pid: int
    user: str
    operation: str
    started: str


class Saver(Protocol):
    """Saves changes for as long as a lease lasts."""

    def commit(self, change: StateChange) -> None:
        """Write one group of rows durably, all or nothing. Thread-safe.

        Raises:
            LeaseLost: the lease ended or was taken over.
            StateError: the rows could not be made durable; nothing may be sent.
        """

    def renew(self) -> None:
        """Extend the lease. Raises LeaseLost."""

    def remaining_seconds(self) -> float:
        """The remaining time by the local monotonic clock; never more than in the store."""


class Lease(Saver, Protocol):
    """The right to change one environment. Each write carries its epoch; a write with an older epoch is refused."""

    @property
    def epoch(self) -> int: ...

    def begin(self, run: Run) -> None: ...

    def end(self, run: Run) -> None: ...

    def release(self) -> None: ...


class StateStore(Protocol):
    """The saved state of one environment."""

    def read(self) -> Snapshot:
        """Return one consistent snapshot; before the first save, an empty one without lineage."""

    def open_obligations(self) -> tuple[Obligation, ...]:
        """Return the obligations that such a snapshot has, without the rest."""

    def acquire(self, holder: Holder) -> Lease:
        """Take the lease.

        Raises:
            Locked: another run holds it; the diagnostic names the holder.
        """

    def is_used(self, nonce: str) -> bool:
        """Return whether commands of the saved plan with this nonce were sent (``StateChange.uses``)."""

    def last_changing_run(self) -> Run | None:
        """Return the latest run with a commit that changed servers or may have changed them, also a running one."""

    def history(self, limit: int | None = 50) -> Sequence[Run]:
        """Return the latest runs, newest first; without ``limit`` all of them."""

    def verify_audit(self, known_head: str | None = None) -> Audit:
        """Verify the audit of all saved changes from its start; it must contain ``known_head``.

        Raises:
            StateError: an entry was edited, removed, added or moved.
        """

    def held_by(self) -> Holder | None:
        """Return the holder of the lease if its run is alive or may be alive."""

    def unlock(self, by: Holder) -> Holder | None:
        """End the lease of another run by raising the epoch; return its holder.

        Raises:
            Locked: the holder lives or may live.
        """

    def close(self) -> None: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day in UTC, aware."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None: ...


class Examiner(Protocol):
    """Examines the path to a host and its session; changes nothing."""

    @property
    def sessions(self) -> Sessions:
        """The sessions opened by the examinations, for later reads."""

    def examine(self, endpoint: Endpoint, *, directory: bool) -> Examined:
        """Return the facts about one host; ``directory``: also whether it can reach the directory as the account."""

    def close(self) -> None: ...


class Random(Protocol):
    def uniform(self, low: float, high: float) -> float: ...

    def identifier(self) -> str:
        """Return a new id of 26 or fewer characters out of [0-9a-z]."""


class Scheduler(Protocol):
    """Runs jobs in parallel. The engine decides which jobs are ready, the scheduler when they run."""

    @property
    def parallelism(self) -> int:
        """How many jobs can run at the same time."""

    def submit(self, key: str, job: Callable[[], None]) -> None:
        """Start ``job`` when a slot is free. A job never raises; it stores its result."""

    def wait(self, seconds: float | None = None) -> Sequence[str]:
        """Wait for a job, at most ``seconds``; return the keys of the jobs that ended since the last call."""


Emit = Callable[[Event], None]
"""Passes an event to the listeners. An error in a view never fails a run."""

CrashPoint = Callable[[str], None]
"""Called at named points of the apply protocol. Tests kill the process there; otherwise it does nothing."""


class Stop(Protocol):
    """The request of the operator to stop: 0 none, 1 finish the running steps, 2 stop after the journal is written."""

    def level(self) -> int: ...

    def begin(self) -> None:
        """Note that changes to servers begin. Before this, a signal ends the command immediately."""

    @property
    def exit_code(self) -> int:
        """The exit code of a stopped run."""

    @property
    def look_seconds(self) -> float:
        """How long a wait may sleep before it looks at the level again."""
