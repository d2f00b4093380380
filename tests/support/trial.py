"""One environment over one simulated estate, in process and in virtual time: what an operator does, command by command.

The engine is the real one, from ``Workspace`` down, with the real resource types. Its ports are others: the estate in
place of the wire, a state in memory, a clock that moves when somebody sleeps or calls, one job at a time in an order
that a seed decides. Everything that goes through them is noted, and ``tests/laws/oracles.py`` judges it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import Phase, settings

from providers.catalogue import resource_types
from providers.simulator.answers import CmdletError
from providers.simulator.estate.estate import Estate
from providers.simulator.estate.invoke import invoke_line
from providers.simulator.world.schema import World
from reconciler.app import Ports, Workspace
from reconciler.app.declared import Declared
from reconciler.app.exporting import surveyed
from reconciler.app.resetting import reset_secrets
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.model.commands import Endpoint, Reply, Shell
from reconciler.model.diagnostics import (
    AmbiguousOutcome,
    Diagnostic,
    PermanentError,
    ReconcilerError,
    SessionError,
    Throttled,
    Unreachable,
)
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Deadline, Request, granted
from reconciler.model.resource_types import ResourceType
from reconciler.model.shares import ALL
from reconciler.model.snapshot import Snapshot
from reconciler.plan.drift import DriftReport
from reconciler.plan.plan import Plan, Source
from reconciler.run.account import Account
from tests.support.estate_log import is_write
from tests.support.estate_sessions import EstateSessions
from tests.support.fakes import MemoryStore, Recorder, SeededRandom, SerialScheduler, VirtualClock
from tests.support.trial_wire import Late, TrialWire

US = "CONTOSO\\reconciler"
TICK = 0.01
"""Seconds that every call in the estate takes."""


PHASES = (Phase.explicit, Phase.generate, Phase.shrink)


def law(count: int) -> settings:
    """Return the settings of a law that is tried ``count`` times, or as many times that as RECONCILER_TEST_SCALE says.

    What explains a failure line by line is left out: it takes longer than the law.
    """
    scale = float(os.environ.get("RECONCILER_TEST_SCALE", "1"))
    return settings(max_examples=max(1, round(count * scale)), phases=PHASES)


@cache
def types() -> tuple[ResourceType, ...]:
    """Return the real resource types, made once."""
    return resource_types()


def environment_of(sections: Mapping[str, Any]) -> Environment:
    """Return the environment that these YAML sections declare; restarts are free unless they say otherwise."""
    told = {"environment": "test", "restarts": {"settle": "0s", "interrupt": "allow"}, **sections}
    environment, diagnostics = load(Files({"all.yaml": yaml.safe_dump(told, sort_keys=False).encode()}), types())
    assert environment is not None, diagnostics
    return environment


# --- what goes wrong -------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the engine catches it."""


REFUSED = PermanentError(Diagnostic("Refused", "The server refused it."))
LOST = AmbiguousOutcome(Diagnostic("No answer", "The connection was reset."))
BUSY = Throttled(Diagnostic("Throttled", "Too many shells."))
AWAY = Unreachable(Diagnostic("No answer", "The host does not answer."))


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the ``at``-th write (or read) of an apply.

    ``kind``: ``busy`` and ``refused`` come before any effect; ``lost-reply`` after it; of ``lost-request`` nothing
    arrives; ``late`` arrives ``seconds`` after it was sent; ``gone``: from then on the host does not answer. A
    ``stopped`` sender sleeps between its last look at the time and the message, which leaves when it wakes.
    """

    kind: str
    at: int
    on_reads: bool = False
    seconds: float = 20.0
    takes_the_rest: bool = False
    """Whether the other requests of the same message share its fate, unsent."""
    kills: bool = False
    """Whether the sender of a late message dies while it is on its way."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One write that went out, in its place among everything that happened."""

    host: str
    request: Request
    commits: int
    """Groups of rows that were durable when it was sent."""
    events: int
    """The events up to then."""
    fate: str = ""


@dataclass
class Doors:
    """The sessions of a run to the estate, with what went through them and what goes wrong there."""

    sessions: EstateSessions
    store: MemoryStore
    events: Recorder
    clock: VirtualClock
    fault: Fault | None = None
    after_write: Callable[[], None] = lambda: None
    sent: list[Sent] = field(default_factory=list)
    reads: int = 0
    writes: int = 0
    happened: bool = False
    _: KW_ONLY
    wire: TrialWire
    """Of the trial: what a run leaves under way arrives during the next."""
    run: int = 0
    """Of the trial: a run opens shells of its own."""
    asleep: Callable[[], None] = lambda: None
    """What happens while the run is stopped."""
    gone: set[str] = field(default_factory=set)

    def open(self, endpoint: Endpoint) -> _Door:
        host = self.sessions.open(endpoint).host
        return _Door(self, host, Shell(Endpoint(endpoint.connection, host), f"{self.run} {host}"))

    def end(self, shell: Shell) -> bool:
        return self.wire.end(shell)

    def pin(self, always: Mapping[str, str]) -> None:
        self.sessions.pin(always)

    def enter(self, connection: str, hosts: Sequence[str]) -> None:
        self.sessions.enter(connection, hosts)

    def close(self) -> None:
        self.sessions.close()

    def answer(self, host: str, shell: Shell, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        deadlines = granted(requests, shell)
        self.wire.deliver()
        results: list[Reply | SessionError] = []
        is_cut = False
        for request in requests:
            results.append(LOST if is_cut else self._one(host, shell, request, deadlines.get(request.id)))
            is_cut = is_cut or (results[-1] is LOST and self.fault is not None and self.fault.takes_the_rest)
        return results

    def _one(self, host: str, shell: Shell, request: Request, deadline: Deadline | None) -> Reply | SessionError:
        writes = request.command.writes
        self.writes += writes
        self.reads += not writes
        fate = self._fate(host, writes=writes)
        if writes:
            self.sent.append(Sent(host, request, len(self.store.journal), len(self.events.events), fate))
        match fate:
            case "busy":
                return BUSY
            case "refused":
                return REFUSED
            case "gone":
                return LOST if writes else AWAY
            case "lost-request":
                return LOST if writes else AWAY
            case "late":
                if not writes:
                    return AWAY
                assert self.fault is not None
                self.wire.send_late(Late(self.clock.seconds + self.fault.seconds, host, request, shell, deadline))
                if self.fault.kills:
                    raise Killed("after a message left")
                return LOST
            case "stopped":
                self.asleep()
                self.wire.send_late(Late(self.clock.seconds, host, request, shell, deadline))
                self.wire.deliver()
                return LOST
        (result,) = self.sessions.answer(host, [request])
        if writes:
            self.after_write()
        if fate == "lost-reply":
            return LOST if writes else AWAY
        return result

    def _fate(self, host: str, *, writes: bool) -> str:
        if host in self.gone:
            return "gone"
        fault = self.fault
        if fault is None or fault.on_reads is writes or (self.writes if writes else self.reads) != fault.at:
            return ""
        self.happened = True
        if fault.kind == "gone":
            self.gone.add(host)
        return fault.kind


@dataclass(frozen=True, slots=True)
class _Door:
    doors: Doors
    host: str
    shell: Shell

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        return self.doors.answer(self.host, self.shell, requests)

    @property
    def overhead_seconds(self) -> float:
        return 0.0

    @property
    def opening_seconds(self) -> float:
        return 0.0

    def slots(self, wanted: int, seconds_left: float) -> int:
        return min(wanted, 18)


# --- the operator ----------------------------------------------------------------------------------------------------


@dataclass
class Applied:
    """What one apply came to."""

    exit_code: int
    plan: Plan | None
    """The plan that was approved; None where it came to none."""
    doors: Doors
    log: tuple[Mapping[str, Any], ...]
    """The estate's own account of the writes executed meanwhile, whoever sent them."""
    events: int = 0
    """Number of events before it began."""
    account: Account | None = None
    error: ReconcilerError | None = None
    was_killed: bool = False

    @property
    def ours(self) -> list[Mapping[str, Any]]:
        return [line for line in self.log if line["user"] == US]

    def told(self) -> str:
        """Return why it did not end well, for the message of an assertion."""
        if self.account is None:
            return f"exit {self.exit_code}: {self.error}"
        ends = [f"{end.action.address}: {end.outcome.value} {end.detail}" for end in self.account.ended]
        return f"exit {self.exit_code}: {self.account.fates} {ends} {self.account.open_obligations}"


@dataclass(frozen=True, slots=True)
class Reset:
    """What a reset of PINs came to."""

    exit_code: int | None
    """None where it was not approved, or ended with an error."""
    doors: Doors
    error: ReconcilerError | None
    was_killed: bool


@dataclass
class Trial:
    """An operator, an environment, and an estate."""

    world: World
    environment: Environment
    seed: int = 1
    clock: VirtualClock = field(default_factory=VirtualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    after_write: Callable[[], None] = lambda: None
    """Called after every write of ours that the estate executed."""
    asleep: Callable[[], None] = lambda: None
    """What happens while a run is stopped by a fault of that kind."""
    away: frozenset[str] = frozenset()
    """Hosts that give no answer."""

    def __post_init__(self) -> None:
        self.estate = Estate(self.world, clock=self._estate_time)
        self.events = Recorder()
        self.wire = TrialWire(self.clock, self._execute)
        self._runs = 0
        self._random = SeededRandom(self.seed)
        self.ran = frozenset(
            f"{host}/{service.name}"
            for host, services in self.estate.holdings.services.items()
            for service in services.values()
            if service.status == "Running"
        )
        """The services that ran when it began."""

    def _execute(self, host: str, request: Request) -> None:
        EstateSessions(self.estate).answer(host, [request])
        self.after_write()

    def pass_time(self, seconds: float) -> None:
        """Let time pass with no run under way; whatever arrives meanwhile is dealt with."""
        self.clock.sleep(seconds)
        self.wire.deliver()

    def _estate_time(self) -> datetime:
        self.clock.sleep(TICK)
        return self.clock.now()

    def next_seed(self) -> int:
        self.seed += 1
        return self.seed

    # what the operator does

    def plan(self) -> Plan:
        with self._opened() as (workspace, _):
            return workspace.plan()

    def look(self) -> Landscape:
        with self._opened() as (workspace, _):
            return workspace.look()

    def survey(self) -> Landscape:
        """Return what ``export`` reads: everything, without declarations and without a state."""
        declared, self.environment = self.environment, environment_of({})
        try:
            with self._opened() as (workspace, _):
                return surveyed(workspace.types, workspace.servers.reader, workspace.look(prior=Snapshot("test")))
        finally:
            self.environment = declared

    def drift(self) -> DriftReport:
        with self._opened() as (workspace, _):
            return workspace.drift()

    def apply(
        self,
        *,
        fault: Fault | None = None,
        kill_at: int | None = None,
        commit_fails: int | None = None,
        thinking_seconds: float = 0.0,
        **options: Any,
    ) -> Applied:
        """Apply once.

        Args:
            kill_at: the engine ends at this crash point, counted from 1.
            commit_fails: this commit fails, counted from 1.
            thinking_seconds: how long the operator looks at the plan.
            options: what ``Workspace.apply`` takes.
        """
        before, told = len(self.estate.log()), len(self.events.events)
        points = 0
        approved: list[Plan] = []

        def point(name: str) -> None:
            nonlocal points
            points += 1
            if points == kill_at:
                raise Killed(name)

        def approve(plan: Plan) -> bool:
            approved.append(plan)
            self.clock.sleep(thinking_seconds)
            return True

        self.store.fail_at = None if commit_fails is None else self.store.commits + commit_fails
        account: Account | None = None
        error: ReconcilerError | None = None
        killed = False
        with self._opened(fault, point) as (workspace, doors):
            try:
                account = workspace.apply(approve, **{"max_forget": ALL, **options})
            except ReconcilerError as raised:
                error = raised
            except Killed:
                killed = True
        self.store.fail_at = None
        code = account.exit_code() if account else error.exit_code if error else -9
        log = tuple(line for line in self.estate.log()[before:] if is_write(line))
        return Applied(code, approved[0] if approved else None, doors, log, told, account, error, killed)

    def reset(
        self,
        *users: str,
        again: bool = False,
        approves: bool = True,
        fault: Fault | None = None,
        kill_at: int | None = None,
    ) -> Reset:
        """Replace the PINs of users; see ``apply`` for what may go wrong."""
        points = 0
        error: ReconcilerError | None = None
        code: int | None = None
        killed = False

        def point(name: str) -> None:
            nonlocal points
            points += 1
            if points == kill_at:
                raise Killed(name)

        def line(names: Sequence[str], *options: str) -> str:
            return " ".join((*names, *options))

        with self._opened(fault, point) as (workspace, doors):
            try:
                code = reset_secrets(workspace, users, lambda *_: approves, again=again, line=line)
            except ReconcilerError as raised:
                error = raised
            except Killed:
                killed = True
        return Reset(code, doors, error, killed)

    @contextmanager
    def _opened(
        self, fault: Fault | None = None, point: Callable[[str], None] = lambda _: None
    ) -> Iterator[tuple[Workspace, Doors]]:
        sessions = EstateSessions(self.estate, wait=self.clock.sleep)
        self._runs += 1
        doors = Doors(
            sessions, self.store, self.events, self.clock, fault, self.after_write, wire=self.wire, run=self._runs
        )
        doors.asleep = self.asleep
        doors.gone |= self.away
        ports = Ports(
            self.clock,
            self._random,
            self.events,
            point,
            sessions=lambda _: doors,
            store=self.store,
            scheduler=SerialScheduler(self.next_seed()),
            source=lambda _, __: Source(),
        )
        with ExitStack() as stack:
            yield Workspace(Path(tempfile.gettempdir()), Declared(self.environment), ports, 1, stack), doors

    # what others do

    def rebuild(self, described: World) -> None:
        """Let the servers be as ``described``, with nothing of what was done there: what no cmdlet brings about."""
        self.world, self.estate = described, Estate(described, clock=self._estate_time)

    def administrator(self, *lines: str) -> list[str]:
        """Run cmdlet lines as another administrator; return those that were accepted."""
        accepted: list[str] = []
        for line in lines:
            try:
                invoke_line(self.estate, line)
            except CmdletError:
                continue
            accepted.append(line)
        return accepted
