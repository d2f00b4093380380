"""Every door to the outside: sessions, state, time, chance, order of work, and whoever listens.

The world is reached only by ``Session``, memory only by ``StateStore``, time only by ``Clock``. The real engine runs
unchanged over other implementations of these: the in-process simulator, a virtual clock, a scheduler that replays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.commands import Command, Endpoint, Reply, Shell
from reconciler.model.errors import SessionError
from reconciler.model.events import Event
from reconciler.model.findings import Examined
from reconciler.model.snapshot import Audit, Run, Snapshot, StateChange


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by both clocks of this machine. It has come as soon as one of them says so: the one stands still while a
    laptop sleeps, the other can be set."""

    monotonic: float
    wall: datetime

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Deadline:
        return cls(clock.monotonic() + seconds, clock.now() + timedelta(seconds=seconds))

    def left_seconds(self, clock: Clock) -> float:
        """Return the seconds until then; negative once it is over."""
        return min(self.monotonic - clock.monotonic(), (self.wall - clock.now()).total_seconds())

    def outlast_seconds(self, clock: Clock) -> float:
        """Return how long to wait until it has certainly come, also where the time of day was set meanwhile."""
        return max(0.0, self.monotonic - clock.monotonic())


class Permit(Protocol):
    """What lets commands that write begin, in one shell and for a while."""

    def grant(self, ids: Sequence[str], shell: Shell, lead_seconds: float = 0.0) -> Sequence[Deadline]:
        """Return until when each of these requests may begin, once it is durable that ``shell`` may hold them.

        A session asks right before it sends, so that whatever delays a message takes from the time that is left.
        ``lead_seconds``: how long it will be until the first of them can begin.

        Raises:
            LeaseLost, StateError: nothing may be sent.
        """


@dataclass(frozen=True, slots=True)
class Request:
    """A command with the id it keeps for ever: a repeated id returns the stored reply and never runs again."""

    id: str
    command: Command
    permit: Permit | None = None
    """Says until when the command may begin: the server refuses to begin it later, however it was delayed. None: no
    limit (reads)."""


def granted(requests: Sequence[Request], shell: Shell, lead_seconds: float = 0.0) -> Mapping[str, Deadline]:
    """Return until when those of ``requests`` that have a permit may begin in ``shell``, by their ids.

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

    @property
    def shell(self) -> Shell | None:
        """Where the next command will most likely wait for its turn; None where no shell is open yet."""

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        """Run the requests in order, in as few messages as possible; return one result per request, in that order.

        What came of a command is returned, also an error: an ``AmbiguousOutcome`` for a write that may have run.
        A request whose command still holds a ``NameOf`` is a programming error.

        Raises:
            SessionError: the channel could not be opened, so that nothing was sent.
        """


class Sessions(Protocol):
    """The channels of one run, opened when first used. Thread-safe."""

    def open(self, endpoint: Endpoint) -> Session:
        """Return the session to ``endpoint``.

        Raises:
            SessionError: no connection of that kind is configured, or it failed for good before.
        """

    def pin(self, always: Mapping[str, str]) -> None:
        """Add these parameters, from now on, to every command whose cmdlet has them (``DomainController``)."""

    def end(self, shell: Shell) -> bool:
        """End a shell that another run left, with whatever waits in it; True where it is certainly no longer there."""

    def close(self) -> None:
        """Close every channel; errors of closing are ignored."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds, or asks for, the lease of an environment."""

    run: str
    host: str
    pid: int
    user: str
    operation: str
    started: str


class Lease(Protocol):
    """The right to change one environment. Every write carries its epoch and is refused when a newer one exists."""

    @property
    def epoch(self) -> int: ...

    def commit(self, change: StateChange) -> None:
        """Write one group of rows durably, all or nothing. Thread-safe.

        Raises:
            LeaseLost: the lease ended or was taken over.
            StateError: the rows could not be made durable; nothing may be sent.
        """

    def renew(self) -> None:
        """Extend the lease. Raises LeaseLost."""

    def remaining_seconds(self) -> float:
        """How long it still holds by the local monotonic clock; never more than the store would say."""

    def begin(self, run: Run) -> None: ...

    def end(self, run: Run) -> None: ...

    def release(self) -> None: ...


class StateStore(Protocol):
    """The memory of one environment."""

    def read(self) -> Snapshot:
        """Return one consistent snapshot; of an environment never saved, an empty one without lineage."""

    def acquire(self, holder: Holder) -> Lease:
        """Take the lease.

        Raises:
            Locked: another run holds it; the diagnostic names the holder.
        """

    def is_used(self, nonce: str) -> bool:
        """Return whether something of the saved plan with that nonce was sent (``StateChange.uses``)."""

    def last_changing_run(self) -> Run | None:
        """Return the latest run of a commit that changed servers, as far as anybody knows, ended or not."""

    def history(self, limit: int | None = 50) -> Sequence[Run]:
        """Return the latest runs, newest first; all of them where there is no ``limit``."""

    def verify_audit(self, known_head: str | None = None) -> Audit:
        """Verify everything ever saved, from its start; ``known_head``, noted earlier, has to be in it.

        Raises:
            StateError: something of it was edited, removed, added or moved.
        """

    def held_by(self) -> Holder | None:
        """Return who holds the lease and lives, or may live."""

    def unlock(self, by: Holder) -> Holder | None:
        """End another run's lease by raising the epoch; return who held it.

        Raises:
            Locked: its holder lives, or may live.
        """

    def close(self) -> None: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day in UTC, aware."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None: ...


class Examiner(Protocol):
    """Looks at the way to a host and asks its session about itself; nothing is changed."""

    @property
    def sessions(self) -> Sessions:
        """The sessions that the examinations opened, for reads that follow."""

    def examine(self, endpoint: Endpoint, *, directory: bool) -> Examined:
        """Return what is seen of one host; ``directory``: also whether it reaches the directory as the account."""

    def close(self) -> None: ...


class Random(Protocol):
    def uniform(self, low: float, high: float) -> float: ...

    def identifier(self) -> str:
        """Return a new id of 26 or fewer characters out of [0-9a-z]."""


class Scheduler(Protocol):
    """Runs jobs side by side; the engine decides what is ready, the scheduler only when."""

    def submit(self, key: str, job: Callable[[], None]) -> None:
        """Start ``job`` as soon as a slot is free. A job never raises: it records what came of it."""

    def wait(self) -> Sequence[str]:
        """Return the keys of jobs that ended since the last call, waiting for at least one."""


Emit = Callable[[Event], None]
"""Tells whoever listens. A view that fails never fails a run."""

CrashPoint = Callable[[str], None]
"""Called at the named points of the apply protocol; does nothing but in tests that kill the process there."""


class Stop(Protocol):
    """Whether the operator asked to stop: 0 no, 1 finish the running steps, 2 stop after journalling."""

    def level(self) -> int: ...

    def begin(self) -> None:
        """Say that servers are changed from now on: until then a signal ends the command at once."""

    @property
    def exit_code(self) -> int:
        """The exit code of a run stopped so."""
