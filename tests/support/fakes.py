"""The ports of the engine, for tests: a clock that jumps, chance from a seed, a scheduler that runs jobs in a chosen
order, a store in memory, sessions that a function answers. The real engine runs over them unchanged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from providers.cmdlets.products import EXCHANGE
from reconciler.model.commands import Endpoint, Reply, Shell
from reconciler.model.diagnostics import Diagnostic, LeaseLost, Locked, SessionError, StateError
from reconciler.model.events import Event
from reconciler.model.ports import Clock, Deadline, Holder, Request, granted
from reconciler.model.resources import Address
from reconciler.model.snapshot import Audit, Intent, Obligation, OutcomeKind, Remembered, Run, Snapshot, StateChange
from reconciler.run.system import SystemClock


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 8, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += max(0.0, seconds)


class SeededRandom:
    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._count = 0

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def identifier(self) -> str:
        self._count += 1
        return f"id{self._count:06d}"


class SerialScheduler:
    """Runs one job at each wait; which one, the seed decides."""

    parallelism = 64

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._waiting: list[tuple[str, Callable[[], None]]] = []

    def submit(self, key: str, job: Callable[[], None]) -> None:
        self._waiting.append((key, job))

    def wait(self, seconds: float | None = None) -> Sequence[str]:
        key, job = self._waiting.pop(self._random.randrange(len(self._waiting)))
        job()
        return [key]


class Recorder:
    """Keeps the events that it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class MemoryStore:
    """A state store without durability; ``fail_at`` makes the n-th commit fail."""

    environment: str = "test"
    resources: dict[Address, Remembered] = field(default_factory=dict)
    obligations: dict[tuple[str, str], Obligation] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    outcomes: dict[str, OutcomeKind] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    serial: int = 0
    epoch: int = 0
    holder: Holder | None = None
    fail_at: int | None = None
    commits: int = 0
    journal: list[StateChange] = field(default_factory=list)

    def read(self) -> Snapshot:
        return Snapshot(
            self.environment,
            "lineage" if self.serial else None,
            self.serial,
            dict(self.resources),
            tuple(self.obligations.values()),
            tuple(intent for intent in self.intents.values() if intent.id not in self.outcomes),
            dict(self.decisions),
        )

    def open_obligations(self) -> tuple[Obligation, ...]:
        return tuple(self.obligations.values())

    def acquire(self, holder: Holder) -> MemoryLease:
        if self.holder is not None:
            raise Locked(Diagnostic("Locked", f"run {self.holder.run} holds it."))
        self.holder = holder
        self.epoch += 1
        return MemoryLease(self, self.epoch)

    def is_used(self, nonce: str) -> bool:
        return nonce in self.used

    def last_changing_run(self) -> Run | None:
        changing = {
            intent.run for intent in self.intents.values() if self.outcomes.get(intent.id) is not OutcomeKind.NOT_RUN
        }
        return next((run for run in self.runs[::-1] if run.commit and run.id in changing), None)

    def history(self, limit: int | None = 50) -> Sequence[Run]:
        return self.runs[::-1][:limit]

    def verify_audit(self, known_head: str | None = None) -> Audit:
        return Audit(self.serial, known_head or "0" * 64)

    def held_by(self) -> Holder | None:
        return self.holder

    def unlock(self, by: Holder) -> Holder | None:
        held, self.holder = self.holder, None
        self.epoch += 1
        return held

    def close(self) -> None:
        return


@dataclass
class MemoryLease:
    store: MemoryStore
    epoch: int

    def commit(self, change: StateChange) -> None:
        store = self.store
        if store.epoch != self.epoch:
            raise LeaseLost(Diagnostic("Lease lost", "Another run took over."))
        store.commits += 1
        if store.commits == store.fail_at:
            raise StateError(Diagnostic("State cannot be written", "The disk is full."))
        store.serial += 1
        store.journal.append(change)
        if change.uses and change.intents:
            store.used.add(change.uses)
        store.intents |= {intent.id: intent for intent in change.intents}
        store.outcomes |= {outcome.intent: outcome.kind for outcome in change.outcomes}
        for address in (*change.forget, *(known.address for known in change.remember)):
            store.resources.pop(address, None)
        store.resources |= {known.address: known for known in change.remember}
        store.obligations |= {owed.identity: owed for owed in change.owe}
        for met in change.discharge:
            store.obligations.pop(met.identity, None)
        store.decisions |= change.decisions

    def renew(self) -> None:
        return

    def remaining_seconds(self) -> float:
        return 3600.0

    def begin(self, run: Run) -> None:
        self.store.runs.append(run)

    def end(self, run: Run) -> None:
        self.store.runs[-1] = replace(run)

    def release(self) -> None:
        if self.store.epoch == self.epoch:
            self.store.holder = None


Answer = Callable[[Request], Reply | SessionError]


@dataclass(frozen=True)
class Allowed:
    """A permit that lets every command begin for so long from the moment that a session asks."""

    seconds: float
    clock: Clock = field(default_factory=SystemClock)
    asked: list[tuple[tuple[str, ...], Shell]] = field(default_factory=list, hash=False, compare=False)

    def grant(self, ids: Sequence[str], shell: Shell, lead_seconds: float = 0.0) -> Sequence[Deadline]:
        self.asked.append((tuple(ids), shell))
        return [Deadline.after(self.seconds + lead_seconds, self.clock) for _ in ids]


@dataclass
class FunctionSessions:
    """Sessions whose answers a function gives; a repeated id returns the stored reply, as the runner does."""

    answer: Answer
    sent: list[Request] = field(default_factory=list)
    pinned: Mapping[str, str] = field(default_factory=dict)
    _known: dict[str, Reply | SessionError] = field(default_factory=dict)

    def open(self, endpoint: Endpoint) -> FunctionSessions:
        return self

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        results = []
        granted(requests, self.shell)
        for request in requests:
            if request.id not in self._known:
                self.sent.append(request)
                result = self.answer(request)
                if isinstance(result, Reply):
                    self._known[request.id] = result
                results.append(result)
            else:
                results.append(self._known[request.id])
        return results

    @property
    def shell(self) -> Shell:
        return Shell(EXCHANGE, "fake")

    @property
    def overhead_seconds(self) -> float:
        return 0.0

    @property
    def opening_seconds(self) -> float:
        return 0.0

    def slots(self, wanted: int, seconds_left: float) -> int:
        return min(wanted, 18)

    def end(self, shell: Shell) -> bool:
        return False

    def pin(self, always: Mapping[str, str]) -> None:
        self.pinned = always

    def enter(self, connection: str, hosts: Sequence[str]) -> None:
        return

    def close(self) -> None:
        return
