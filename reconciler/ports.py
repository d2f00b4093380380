"""Every door to the outside: sessions, state, time, chance, order of work, and whoever listens.

The world is reached only by ``Session``, memory only by ``StateStore``, time only by ``Clock``. The real engine runs
unchanged over other implementations of these: the in-process simulator, a virtual clock, a scheduler that replays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.errors import SessionError
from reconciler.events import Event
from reconciler.findings import Examined
from reconciler.snapshot import Run, Snapshot, StateChange
from reconciler.values import Command, Endpoint, Reply


@dataclass(frozen=True, slots=True)
class Request:
    """A command with the id it keeps for ever: a repeated id returns the stored reply and never runs again."""

    id: str
    command: Command
    expires_in_seconds: float | None = None
    """The runner refuses it when it comes to run later than this after the send; None: no limit (reads)."""


class Session(Protocol):
    """An open channel to one host."""

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

    def use_plan(self, lease: Lease, nonce: str) -> bool:
        """Consume a plan's nonce; False where it was used before."""

    def history(self, limit: int = 50) -> Sequence[Run]:
        """Return the latest runs, newest first."""

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
