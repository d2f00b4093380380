"""Puts the pieces together: the one module that knows the providers and the state.

A ``Workspace`` is an environment opened for one command: its declarations, its resource types, its state and the
sessions to its servers, all closed at the end. What is done with it returns values; what is shown, and how, is
decided in ``cli``.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from providers.catalogue import resource_types
from reconciler.admission import admit, admit_saved, used
from reconciler.apply import Account, Apply, Fate
from reconciler.build_plan import Origin, build_plan
from reconciler.connections import ConnectionConfig, SecretReference
from reconciler.diagnostics import Diagnostic
from reconciler.doctor import Report
from reconciler.drift import DriftReport, find_drift
from reconciler.environment import Environment, load
from reconciler.environment_files import read_files
from reconciler.errors import ConfigurationError, PlanError, ReconcilerError, StateError
from reconciler.examine import Examination
from reconciler.findings import Check, Finding, failed, ok
from reconciler.git import head_commit, is_older
from reconciler.observe import Reader
from reconciler.perform import Patience, Performer, World
from reconciler.plan import Impact, Plan
from reconciler.plan_file import SavedPlan, decode, digest, encode
from reconciler.ports import Clock, CrashPoint, Emit, Holder, Lease, Random, Sessions, StateStore, Stop
from reconciler.recover import close_intents, outlast
from reconciler.resource import Landscape, ResourceType
from reconciler.retry import Retry
from reconciler.schema import json_schema
from reconciler.secret_references import fetch
from reconciler.selection import Selection
from reconciler.simulator_process import USER as SIMULATOR_USER
from reconciler.simulator_process import SimulatorProcess, start_simulator
from reconciler.snapshot import OutcomeKind, Run, Snapshot
from reconciler.state_commands import forget, rename
from reconciler.system import NeverStop, SystemClock, SystemRandom, ThreadScheduler
from reconciler.values import Address, Authentication, Connection

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings

PRIVATE = ".reconciler"
"""In the environment's directory: the state, the key that signs plans, the simulated world's changes. Ignored by
git."""


def _silent(_: object) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The doors to the outside; tests and simulations bring their own."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    emit: Emit = _silent
    point: CrashPoint = _silent
    stop: Stop = field(default_factory=NeverStop)
    sessions: Callable[[Environment], Sessions] | None = None
    """Replaces the sessions that the environment's connections ask for."""
    patience: Patience = field(default_factory=Patience)
    mask: Callable[[str], None] = _silent
    """Is told every secret that is used, to keep it out of the log should it come up there."""


def check(directory: Path) -> tuple[Environment, tuple[Diagnostic, ...]]:
    """Return the environment of ``directory`` and its warnings.

    Raises:
        ConfigurationError: with everything that is wrong.
    """
    environment, told = load(read_files(directory), resource_types())
    if environment is None:
        raise ConfigurationError(*told)
    return environment, told


@contextmanager
def open_workspace(directory: Path, ports: Ports | None = None, *, parallelism: int = 8) -> Iterator[Workspace]:
    """Open the environment of ``directory`` for one command and close everything afterwards.

    Raises:
        ConfigurationError: the declarations are wrong.
    """
    environment, told = check(directory)
    with ExitStack() as stack:
        yield Workspace(directory, environment, told, ports or Ports(), parallelism, stack)


class Workspace:
    """An opened environment. Its state and its sessions are opened when first used."""

    def __init__(
        self,
        directory: Path,
        environment: Environment,
        told: tuple[Diagnostic, ...],
        ports: Ports,
        parallelism: int,
        stack: ExitStack,
    ) -> None:
        self.directory, self.environment, self.told, self.ports = directory, environment, told, ports
        self.types: tuple[ResourceType, ...] = resource_types()
        self._stack = stack
        self._scheduler = ThreadScheduler(parallelism)
        stack.callback(self._scheduler.close)
        self._domain_controller: str | None = None

    @property
    def private(self) -> Path:
        return self.directory / PRIVATE

    # --- state -------------------------------------------------------------------------------------------------------

    @cached_property
    def store(self) -> StateStore:
        """The saved state; opening it and reading what was never saved touches nothing."""
        from state.store import open_store

        clock, random, point = self.ports.clock, self.ports.random, self.ports.point
        store = open_store(self._state_location(), self.environment.name, clock=clock, random=random, point=point)
        self._stack.callback(store.close)
        return store

    def _state_location(self) -> Path | str:
        told = os.environ.get("RECONCILER_STATE")
        if not told:
            return self.private / "state.db"
        try:
            return fetch(SecretReference.parse(told), self.directory)
        except ValueError:
            return told if "://" in told else Path(told)

    @contextmanager
    def leased(self, operation: str) -> Iterator[tuple[Lease, Run]]:
        """Hold the lease for one run. Raises Locked where another run holds it."""
        self._make_private()
        by = self._holder(self.ports.random.identifier(), operation)
        run = Run(by.run, by.started, by.user, by.host, commit=head_commit(self.directory))
        lease = self.store.acquire(by)
        try:
            yield lease, run
        finally:
            lease.release()

    def _holder(self, run: str, operation: str) -> Holder:
        now = self.ports.clock.now().isoformat()
        return Holder(run, platform.node(), os.getpid(), getpass.getuser(), operation, now)

    def _make_private(self) -> None:
        from state.files import ensure_private_directory

        ensure_private_directory(self.private)

    # --- the world ---------------------------------------------------------------------------------------------------

    @cached_property
    def sessions(self) -> Sessions:
        if self.ports.sessions is not None:
            sessions = self.ports.sessions(self.environment)
        else:
            sessions = self._wire_sessions()
        self._stack.callback(sessions.close)
        return sessions

    def _wire_sessions(self) -> Sessions:
        from providers.transport.pool import WinRMSessions

        return WinRMSessions(self._connections(), allow=self._cmdlets, clock=self.ports.clock)

    @property
    def _cmdlets(self) -> frozenset[str]:
        return frozenset(cmdlet for kind in self.types for cmdlet in kind.cmdlets)

    def _connections(self) -> Sequence[ConnectionSettings]:
        if self.environment.simulator is not None:
            return simulated_connections(self._start_simulator())
        declared = self.environment.connections.items()
        return [real_connection(kind, told.within(self.directory), self._secret) for kind, told in declared]

    def _secret(self, reference: SecretReference) -> str:
        secret = fetch(reference, self.directory)
        self.ports.mask(secret)
        return secret

    def _start_simulator(self) -> SimulatorProcess:
        assert self.environment.simulator is not None
        self._make_private()
        process = start_simulator(self.directory / self.environment.simulator, self.private / "world.json")
        self._stack.callback(process.close)
        self.ports.mask(process.password)
        return process

    @cached_property
    def reader(self) -> Reader:
        ports = self.ports
        retry = Retry(ports.clock, ports.random)
        return Reader(self.types, self.sessions, retry, ports.clock, ports.random, ports.emit, self._scheduler)

    def look(self, *, controller: str | None = None) -> Landscape:
        """Return everything that is known: declared, observed now, and prior.

        Everything is read from one domain controller, and what is written goes there: ``controller``, the one chosen
        before, or the first there is.
        """
        environment, prior = self.environment, self.store.read()
        wanted = controller or self._domain_controller or prior.decisions.get(_CONTROLLERS)
        self._pin(wanted)
        landscape = Landscape(environment.settings, environment.declared, prior=prior)
        landscape = self.reader.observe(landscape, {_CONTROLLERS: None})
        there = sorted(landscape.all(_CONTROLLERS))
        if there and wanted not in there:
            self._pin(there[0])
        return self.reader.observe(landscape, {kind.name: None for kind in self.types if kind.name != _CONTROLLERS})

    def _pin(self, controller: str | None) -> None:
        if controller != self._domain_controller:
            self._domain_controller = controller
            self.sessions.pin({"DomainController": controller} if controller else {})

    # --- what is done with it ----------------------------------------------------------------------------------------

    def plan(self, selection: Selection | None = None, *, refresh_only: bool = False) -> Plan:
        """Return the plan of what is to be done, with its diagnostics; errors among them forbid it."""
        return self._plan(self.look(), selection, refresh_only=refresh_only)

    def _plan(self, landscape: Landscape, selection: Selection | None, *, refresh_only: bool) -> Plan:
        controller = self._domain_controller
        always = {"DomainController": controller} if controller else {}
        origin = Origin(head_commit(self.directory), controller, always)
        plan = build_plan(self.types, landscape, selection=selection, origin=origin)
        if controller and landscape.prior.decisions.get(_CONTROLLERS) != controller:
            plan = replace(plan, decisions={**plan.decisions, _CONTROLLERS: controller})
        plan = replace(plan, diagnostics=(*self.told, *plan.diagnostics))
        return replace(plan, steps=(), impact=Impact()) if refresh_only else plan

    def doctor(self, hosts: Sequence[str] = ()) -> Report:
        """Return how the servers are reached and what their sessions can do; ``hosts``: beside entry points, these.

        Nothing is changed, locked or saved, and what is wrong is a finding.
        """
        from providers.transport.examination import Examiner

        prior, known = self._remembered()
        settings = self._connections()
        clock, random = self.ports.clock, self.ports.random
        examiner = Examiner(settings, allow=self._cmdlets, clock=clock, identifier=random.identifier)
        self._stack.callback(examiner.close)
        landscape = Landscape(self.environment.settings, self.environment.declared, prior=prior)
        connections = [one.connection for one in settings]
        emit, scheduler = self.ports.emit, self._scheduler
        examination = Examination(self.types, landscape, connections, examiner, clock, random, emit, scheduler)
        return examination.run(hosts, known)

    def _remembered(self) -> tuple[Snapshot, tuple[Finding, ...]]:
        """Return what the state remembers, and what is to be said of it; one that cannot be read remembers nothing."""
        try:
            prior = self.store.read()
        except StateError as error:
            return Snapshot(self.environment.name), (failed(Check.STATE, error.diagnostics[0]),)
        count = len(prior.resources)
        told = f"{count:,} resources remembered" if prior.lineage else "none yet; a first apply makes it"
        return prior, (ok(Check.STATE, told),)

    def drift(self) -> DriftReport:
        """Return how desired, last applied and observed differ."""
        return find_drift(self.types, self.look())

    def apply(
        self,
        approve: Callable[[Plan], bool],
        *,
        saved: SavedPlan | None = None,
        selection: Selection | None = None,
        max_destroy: int = 0,
        refresh_only: bool = False,
        resume: str = "",
    ) -> Account | None:
        """Bring the world to what is desired; return the account, or None where ``approve`` said no.

        Args:
            approve: is shown the plan, and told nothing has been changed yet.
            saved: execute this plan instead of making one.
            resume: the command that goes on after a failure, for the account.

        Raises:
            Locked, Refused, PlanError and whatever forbids the plan: nothing was changed then.
        """
        with self.leased("apply") as (lease, run):
            if saved is not None:
                self._admit_saved(saved, lease)
            self._close_journal(lease)
            landscape = self.look(controller=saved.plan.domain_controller if saved else None)
            plan = saved.plan if saved else self._plan(landscape, selection, refresh_only=refresh_only)
            admit(plan, max_destroy)
            if not approve(plan):
                return None
            if saved is not None and not self.store.use_plan(lease, saved.nonce):
                raise used(saved)
            return self._carry_out(plan, landscape, lease, run, resume)

    def _carry_out(self, plan: Plan, landscape: Landscape, lease: Lease, run: Run, resume: str) -> Account:
        run = replace(run, plan_digest=digest(plan))
        lease.begin(run)
        performer = Performer(
            run.id,
            {kind.name: kind for kind in self.types},
            # A step reads within its own job: one that waited for other jobs there could starve them all.
            replace(self.reader, scheduler=None),
            World(landscape),
            lease,
            self.ports.point,
            self.ports.patience,
        )
        account = Apply(plan, performer, self._scheduler, self.store, self.ports.stop, resume).run()
        ended = replace(
            run,
            ended=self.ports.clock.now().isoformat(),
            exit_code=account.exit_code(),
            done=account.count(OutcomeKind.DONE),
            failed=account.count(OutcomeKind.FAILED, OutcomeKind.NOT_RUN, OutcomeKind.UNKNOWN),
            blocked=sum(fate is not Fate.DONE for fate in account.fates.values()),
        )
        with suppress(StateError):
            lease.end(ended)
        return account

    def _close_journal(self, lease: Lease) -> None:
        """Resolve what an interrupted run left open, before anything is decided."""
        intents = self.store.read().open_intents
        if not intents:
            return
        outlast(intents, self.reader)
        by_name = {kind.name: kind for kind in self.types}
        close_intents(intents, self.look(), by_name, lease)

    # --- the state by hand -------------------------------------------------------------------------------------------

    def forget(self, addresses: Sequence[str]) -> tuple[Address, ...]:
        """Take resources out of the state, all or none; return their addresses."""
        with self.leased("state rm") as (lease, _):
            return forget(self.store.read(), lease, addresses)

    def rename(self, source: str, destination: str) -> None:
        """Remember a resource under another address of the same type."""
        with self.leased("state mv") as (lease, _):
            rename(self.store.read(), lease, source, destination)

    def unlock(self) -> Holder | None:
        """End another run's lease; return who held it."""
        return self.store.unlock(self._holder(self.ports.random.identifier(), "state unlock"))

    # --- saved plans -------------------------------------------------------------------------------------------------

    def save(self, plan: Plan, path: Path, *, valid_hours: float = 24.0) -> None:
        """Write the plan to ``path``, signed, for one apply within ``valid_hours``."""
        from state.files import write_private

        now = self.ports.clock.now()
        expires = now + timedelta(hours=valid_hours)
        nonce, where = self.ports.random.identifier(), _from(path.resolve().parent, self.directory.resolve())
        key = self._plan_key()
        write_private(path, encode(plan, key=key, created=now, expires=expires, nonce=nonce, directory=where))

    def read_plan(self, path: Path) -> SavedPlan:
        """Return the saved plan at ``path``. Raises PlanError where it may not be used."""
        from state.files import read_private

        return decode(read_private(path, others_may_read=True), key=self._plan_key(), now=self.ports.clock.now())

    def _plan_key(self) -> bytes:
        """Return the key that signs plans; where none is given, one is made once and kept beside the state."""
        from state.files import read_private, write_private

        told = os.environ.get("RECONCILER_PLAN_KEY")
        if told:
            try:
                return fetch(SecretReference.parse(told), self.directory).encode()
            except ValueError:
                detail = "RECONCILER_PLAN_KEY is no reference; a key is never given in clear text."
                remedy = "Write env:NAME, file:PATH or keyring:SERVICE/USER."
                raise ConfigurationError(Diagnostic("Literal secret", detail, remedy)) from None
        path = self.private / "plan.key"
        self._make_private()
        if not path.exists():
            write_private(path, token_hex(32).encode())
        return read_private(path)

    def _admit_saved(self, saved: SavedPlan, lease: Lease) -> None:
        try:
            newer = self._newer_commit(saved.plan)
            admit_saved(saved, self.store.read(), self.environment.name, newer_commit=newer)
        except PlanError as error:
            # A plan that was used is stale as well; that it was used is what the user wants to know.
            raise error if self.store.use_plan(lease, saved.nonce) else used(saved) from None

    def _newer_commit(self, plan: Plan) -> str | None:
        """Return the commit applied last, where the plan's is older."""
        last = next((run.commit for run in self.store.history() if run.commit and run.ended), None)
        return last if plan.commit and last and is_older(self.directory, plan.commit, last) else None


_CONTROLLERS = "domain_controller"


# --- connections -----------------------------------------------------------------------------------------------------


def simulated_connections(process: SimulatorProcess) -> list[ConnectionSettings]:
    """Return both entry points of a simulated estate behind its one listener."""
    from providers.transport.settings import ConnectionSettings, Secret

    return [
        ConnectionSettings(
            connection=kind,
            host=process.entries.get(kind.value, ""),
            auth=Authentication.NTLM,
            user=SIMULATOR_USER,
            password=Secret(process.password),
            via=("127.0.0.1", process.port),
        )
        for kind in Connection
    ]


def real_connection(
    kind: Connection, told: ConnectionConfig, fetched: Callable[[SecretReference], str]
) -> ConnectionSettings:
    """Return the transport's settings for one declared connection; ``fetched`` gives the secrets it refers to."""
    from providers.transport.settings import ConnectionSettings, HostSettings, Secret

    def secret(reference: SecretReference | None) -> Secret | None:
        return Secret(fetched(reference)) if reference else None

    def override(host: str) -> HostSettings:
        own = told.hosts[host]
        return HostSettings(
            port=own.get("port"),
            tls=own.get("tls"),
            ca=own.get("ca"),
            auth=own.get("auth"),
            user=own.get("user"),
            password=secret(own.get("password")),
            delegate=own.get("delegate"),
            certificate=own.get("certificate"),
            certificate_key=own.get("certificate_key"),
            adapter=own.get("adapter"),
        )

    return ConnectionSettings(
        connection=kind,
        host=told.host,
        port=told.port,
        tls=told.tls,
        ca=told.ca,
        auth=told.auth,
        user=told.user or "",
        password=secret(told.password),
        certificate=told.certificate,
        certificate_key=told.certificate_key,
        adapter=told.adapter,
        delegate=told.delegate,
        hosts={host: override(host) for host in told.hosts},
    )


# --- commands that need no workspace ---------------------------------------------------------------------------------


def directory_of_plan(path: Path) -> Path:
    """Return the directory that the saved plan at ``path`` was made for, as seen from the plan file.

    It is only a hint where to look: the plan is verified against what is found there.
    """
    from state.files import read_private

    try:
        told = json.loads(read_private(path, others_may_read=True))
        directory = Path(str(told["directory"]))
    except (ValueError, KeyError, TypeError):
        detail = f"{path} is no saved plan."
        raise PlanError(
            Diagnostic("Not a saved plan", detail, "Make one with: reconciler plan DIR --out FILE")
        ) from None
    return path.parent / directory


def _from(start: Path, directory: Path) -> str:
    """Return ``directory`` as seen from ``start``, so that both may move together; whole where there is no such way."""
    try:
        return Path(os.path.relpath(directory, start)).as_posix()
    except ValueError:  # another drive
        return str(directory)


def schema_text(which: str) -> str:
    """Return a published JSON Schema: ``environment``, ``messages`` or ``plan``."""
    if which == "environment":
        return json.dumps(json_schema(resource_types()), indent=2) + "\n"
    return (files("reconciler") / "schemas" / f"{which}.schema.json").read_text(encoding="utf-8")


def world_of(place: Path, changes: Path | None) -> tuple[Path, Path | None]:
    """Return the world file of ``place``, itself one or an environment that names one, and where changes are kept."""
    if not place.is_dir():
        return place, changes
    environment, _ = check(place)
    if environment.simulator is None:
        detail = f"{place} has no simulated estate: its connections are real."
        raise ConfigurationError(Diagnostic("No simulator", detail, 'Write "connections: {simulator: world.yaml}".'))
    return place / environment.simulator, changes or place / PRIVATE / "world.json"


def serve_world(world: Path, changes: Path | None, *, engine: str, **options: Any) -> int:
    """Run the simulator until its parent or Ctrl-C ends it, and return the exit code; see ``ServeOptions``."""
    from providers.simulator.server import Engine, ServeOptions, serve

    return serve(ServeOptions(world, changes, engine=Engine(engine), **options), sys.stdin.buffer, sys.stdout)


def invoke_in_world(world: Path, changes: Path | None, line: str) -> str:
    """Run one cmdlet line in the simulated estate as another administrator would, and return what it shows."""
    from providers.simulator.estate import CmdletError, Estate
    from providers.simulator.invoke import invoke_line

    try:
        result = invoke_line(Estate.open(world, changes), line)
    except CmdletError as error:
        detail = f"{error.message} ({error.type}, {error.error_id})"
        raise ReconcilerError(Diagnostic("Cmdlet failed", detail)) from None
    shown = [f"{name:<32} : {value}" for record in result.records for name, value in (*record.items(), ("", ""))]
    return "\n".join(line.rstrip(" :") for line in shown) + result.output
