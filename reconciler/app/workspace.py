"""An environment opened for one command: declarations, resource types, state and sessions, all closed at the end.

Its methods return values; ``cli`` decides what to show. What only one command uses is imported in its method: a plan of
a few resources is start-up and little else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from providers.catalogue import resource_types
from reconciler.app import server_connections
from reconciler.app.commit_lineage import GapOf, objection_to, refuse_unless, warnings_of, with_warning
from reconciler.app.declared import Declared, declared_in
from reconciler.app.ports import Ports, silent
from reconciler.app.private_files import PRIVATE, refuse_tracked, writable
from reconciler.app.resource_words import refuse_unknown_duties, vocabulary
from reconciler.app.saved_plans import SavedPlans
from reconciler.app.saved_state import SavedState
from reconciler.app.simulator_process import SimulatorProcess, start_simulator
from reconciler.app.state_commands import forget, rename
from reconciler.app.trusted import Secrets, trust_of
from reconciler.config.ending import ending
from reconciler.model.abilities import pinning_of
from reconciler.model.actions import ActionKind
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, StateError
from reconciler.model.landscape import NO_RESOURCES, Landscape, Settings
from reconciler.model.ports import Holder, Lease, Sessions, StateStore
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address
from reconciler.model.shares import TENTH, Share
from reconciler.model.snapshot import OutcomeKind, Run, Snapshot
from reconciler.plan.admission import admit, admit_readable
from reconciler.plan.budgets import Budgets
from reconciler.plan.build import Origin, build_plan
from reconciler.plan.plan import Plan, Source, only_refreshed
from reconciler.plan.saved import SavedPlan, digest
from reconciler.plan.selection import DESTROY, Selection
from reconciler.plan.waivers import Waivers, with_waivers
from reconciler.run.observe import Keys, Reader, SharedLandscape
from reconciler.run.rehearse import SESSIONS_OF_A_PLAN, SESSIONS_OF_AN_APPLY, Rehearsal, rehearse
from reconciler.run.retry import Retry
from reconciler.run.rights import missing_rights
from reconciler.run.second_look import Replicas
from reconciler.run.system import ThreadScheduler
from reconciler.views.text import command_line, joined

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings
    from reconciler.doctor.report import Report
    from reconciler.plan.drift import DriftReport
    from reconciler.run.account import Account


@contextmanager
def open_workspace(directory: Path, ports: Ports | None = None, *, parallelism: int = 24) -> Iterator[Workspace]:
    """Open the environment in ``directory`` for one command, and close everything afterwards.

    Raises:
        ConfigurationError: the declarations have errors.
    """
    declared = declared_in(directory, ports.connections if ports else None)
    declared = replace(declared, diagnostics=(*declared.diagnostics, *refuse_tracked(directory)))
    with ExitStack() as stack:
        yield Workspace(directory, declared, ports or Ports(), parallelism, stack)


class Workspace:
    """An open environment. Its state and its sessions open at first use."""

    def __init__(self, directory: Path, declared: Declared, ports: Ports, parallelism: int, stack: ExitStack) -> None:
        self.directory, self.ports = directory, ports
        self._declared = declared
        self.environment, self.diagnostics = declared.environment, declared.diagnostics
        self.types: tuple[ResourceType, ...] = resource_types()
        self._stack = stack
        self.state = SavedState(self.environment.name, directory, ports, stack)
        self._scheduler = ports.scheduler or stack.enter_context(closing(ThreadScheduler(parallelism)))
        self._pinning = pinning_of(self.types)
        self._pinned: str | None = None
        self.prior = Snapshot(self.environment.name)
        """The saved state that the latest look began with."""

    @cached_property
    def source(self) -> Source:
        """The commit that the loaded files belong to."""
        return self.ports.source(self.directory, self._declared.contents)

    @property
    def _gap(self) -> GapOf:
        return partial(self.ports.gap, self.directory)

    @property
    def private(self) -> Path:
        return self.directory / PRIVATE

    @property
    def saved_plans(self) -> SavedPlans:
        return SavedPlans(self.environment.name, self.directory, self.private, self.ports.clock, self.ports.random)

    def _line(self, *words: str | Path) -> str:
        """Return a reconciler command to copy, with the same connections file."""
        return command_line(*words, connections=self.ports.connections)

    @property
    def store(self) -> StateStore:
        """The saved state; to open and read it creates no file."""
        return self.state.store

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
        return server_connections.sessions(
            self._connections(), self._cmdlets, self.ports.clock, self._line("doctor", self.directory)
        )

    @property
    def _cmdlets(self) -> frozenset[str]:
        return frozenset(cmdlet for kind in self.types for cmdlet in kind.cmdlets)

    def _connections(self) -> Sequence[ConnectionSettings]:
        adapt = self.ports.settings
        if self.environment.simulator is not None:
            return [adapt(one) for one in server_connections.simulated(self._simulator)]
        secrets = Secrets(trust_of(self.environment, os.environ), self.directory, self.ports.mask)
        declared = self.environment.connections.items()
        return [adapt(server_connections.real(name, one, secrets)) for name, one in declared]

    @cached_property
    def _simulator(self) -> SimulatorProcess:
        assert self.environment.simulator is not None
        private = self._stack.enter_context(writable(self.private))
        world = self.directory / self.environment.simulator
        changes, launch = private / "world.json", self.ports.launch
        process = start_simulator(world, changes, self.directory, server_connections.load, launch)
        self._stack.callback(process.close)
        self.ports.mask(process.password)
        return process

    @cached_property
    def reader(self) -> Reader:
        ports = self.ports
        retry = Retry(ports.clock, ports.random)
        return Reader(self.types, self.sessions, retry, ports.clock, ports.random, ports.emit, self._scheduler)

    def look(self, *, pinned: str | None = None, only: Keys | None = None, prior: Snapshot | None = None) -> Landscape:
        """Return the landscape: declared, observed now (``only`` some types and keys), and prior.

        All reads and writes use one replica of the directory: ``pinned``, the one chosen before, or the first listed.
        """
        self.prior, replicas = prior or refuse_unknown_duties(self.store.read()), self._pinning
        self._pin(wanted := pinned or self._pinned or self.prior.decisions.get(replicas.name))
        landscape = self.environment.landscape(self._settings, self.prior)
        landscape, known = self.reader.arrive(landscape, replicas)
        there = sorted(landscape.all(replicas))
        if there and wanted not in there:
            self._pin(there[0])
        left = {kind.name: None for kind in self.types if kind.name not in known} if only is None else only
        return self.reader.observe(landscape, left)

    @property
    def _settings(self) -> Settings:
        """The settings of the environment, with the commands that messages of checks show."""
        settings = replace(self.environment.settings, program=self._line(), place=joined(self.directory))
        if self.environment.simulator is None or self.ports.sessions is not None:
            return settings
        return replace(settings, without_second_hop=self._simulator.without_second_hop)

    def _pin(self, replica: str | None) -> None:
        if replica != self._pinned:
            self._pinned = replica
            self.sessions.pin(self._pinning.binding(replica))

    def _replicas(self, landscape: Landscape) -> Replicas:
        kind = self._pinning
        return Replicas(tuple(landscape.all(kind)), self._pinned, kind.parameter, kind.called)

    # --- taking down -------------------------------------------------------------------------------------------------

    def end_declared(self, selection: Selection) -> Selection:
        """Let the next plan remove all that is declared, or the targets and what references them; return its selection.

        Raises:
            ConfigurationError: a target or an exclusion matches nothing that is declared.
        """
        before = self.environment
        both = (*before.declared.values(), *before.ended.values())
        known = [one.address for each in both for one in each.values()]
        names = {kind.name for kind in self.types}
        if errors := replace(selection, wave=None).unknown(known, names, ()):
            raise ConfigurationError(*errors)
        self.environment = ending(before, self.types, selection.names)
        ended = (one.address for each in self.environment.ended.values() for one in each.values())
        asked = [one for one in ended if selection.names(one) or one.key in before.declared.get(one.type, NO_RESOURCES)]
        return replace(selection, ends=True, only=frozenset(asked) if selection.targets else None)

    def _end_what_ends(self, plan: Plan) -> None:
        """Take as declared absent what a saved plan of ``destroy`` removes."""
        if plan.asked.partition(" ")[0] == DESTROY:
            ends = {one.address for step in plan.steps for one in step.actions if one.kind is ActionKind.DELETE}
            ends |= {one.address for one in plan.forgotten}
            self.environment = ending(self.environment, self.types, ends.__contains__)

    # --- operations --------------------------------------------------------------------------------------------------

    def plan(self, selection: Selection | None = None, *, refresh_only: bool = False, rehearses: bool = True) -> Plan:
        """Return the plan with its diagnostics; a plan with errors cannot be applied.

        Args:
            rehearses: ask the servers whether they would accept new users.
        """
        askers = SESSIONS_OF_A_PLAN if rehearses else 0
        plan = self._plan(self.look(), selection, refresh_only=refresh_only, askers=askers)
        return with_warning(plan, objection_to(plan, self._gap, self.store))

    def _plan(self, landscape: Landscape, selection: Selection | None, *, refresh_only: bool, askers: int) -> Plan:
        """Return the plan; ``askers``: so many sessions ask whether the servers would accept new users."""
        pinned, name = self._pinned, self._pinning.name
        origin = Origin(self.source, pinned, self._pinning.binding(pinned))
        plan = build_plan(self.types, landscape, selection=selection, origin=origin)
        asks = askers > 0 and not refresh_only
        said = rehearse(plan, self.types, self.reader, landscape, sessions=askers) if asks else Rehearsal()
        if said.refused:
            refusing = replace(landscape, refused=said.refused)
            plan = build_plan(self.types, refusing, selection=selection, origin=origin)
        if pinned and landscape.prior.decisions.get(name) != pinned:
            plan = replace(plan, decisions={**plan.decisions, name: pinned})
        rights = missing_rights(plan, self.types, self.reader) if asks else ()
        plan = replace(plan, diagnostics=(*self.diagnostics, *plan.diagnostics, *said.notes, *rights))
        plan = with_waivers(plan, self._waivers)
        return only_refreshed(plan) if refresh_only else plan

    @property
    def _waivers(self) -> Waivers:
        return Waivers(self.environment.waivers, self.ports.clock.now())

    def older_files(self) -> tuple[Diagnostic, ...]:
        """Return a warning where the files may lack changes of the commit applied last."""
        return warnings_of(self.source, self._gap, self.store)

    def doctor(self, hosts: Sequence[str] = ()) -> Report:
        """Return the findings about the entry points and about ``hosts`` (empty: all discovered hosts).

        Changes, locks and saves nothing. Every problem is a finding.
        """
        from providers.transport.examine.examination import Examiner
        from reconciler.doctor.waivers import waiver_findings
        from reconciler.run.examine import Examination

        prior, known = self.state.examined()
        settings = self._connections()
        clock, random = self.ports.clock, self.ports.random
        examiner = Examiner(settings, allow=self._cmdlets, clock=clock, identifier=random.identifier)
        self._stack.callback(examiner.close)
        landscape = self.environment.landscape(self.environment.settings, prior)
        connections = [one.connection for one in settings]
        emit, scheduler = self.ports.emit, self._scheduler
        examination = Examination(self.types, landscape, connections, examiner, clock, random, emit, scheduler)
        report = examination.run(hosts, known)
        return replace(report, findings=(*report.findings, *waiver_findings(self.environment.waivers, clock.now())))

    def drift(self) -> DriftReport:
        """Return the differences between desired, last applied and observed."""
        from reconciler.plan.accept_rows import is_row, with_rows
        from reconciler.plan.drift import find_drift

        report = find_drift(self.types, self.look(), self._waivers)
        if not any(is_row(entry) for entry in report.entries):
            return report
        return with_rows(report, self._declared.files, self._declared.loaded, self.types)

    def apply(
        self,
        approve: Callable[[Plan], bool],
        *,
        saved: SavedPlan | None = None,
        selection: Selection | None = None,
        show: Callable[[Plan], object] = silent,
        max_destroy: int = 0,
        max_forget: Share = TENTH,
        allow_replace: bool = False,
        refresh_only: bool = False,
        rehearses: bool = True,
        strict: bool = False,
        allow_older: bool = False,
        resume: str = "",
        again: str = "reconciler apply",
    ) -> Account | None:
        """Apply a plan; return the account, or None where ``approve`` returned False.

        Args:
            approve: decides whether to apply the plan, before any change.
            saved: apply this plan instead of a new one.
            show: shows the plan before the checks, so that users also see a refused plan.
            strict: refuse a plan that leaves resources out.
            allow_older: apply files that lack changes of the commit applied last.
            resume: the command that continues after a failure, for the account.
            again: this command without its budgets, for the message of an exceeded budget.

        Raises:
            Locked, Refused, PlanError or another ReconcilerError: nothing was changed.
        """
        with self.state.leased("apply") as (lease, run):
            prior = refuse_unknown_duties(self.store.read())
            if saved is not None:
                self.saved_plans.admit(saved, prior, self.store)
                refuse_unless(allow_older, objection_to(saved.plan, self._gap, self.store))
                self._end_what_ends(saved.plan)
            if prior.interrupted:
                self._close_journal(prior, lease)
                prior = self.store.read()
            landscape = self.look(pinned=saved.plan.pinned if saved else None, prior=prior)
            if saved is not None:
                admit_readable(saved.plan, landscape)
            plan = saved.plan if saved else None
            askers = SESSIONS_OF_AN_APPLY if rehearses else 0
            plan = plan or self._plan(landscape, selection, refresh_only=refresh_only, askers=askers)
            objection = objection_to(plan, self._gap, self.store)
            show(with_warning(plan, objection) if allow_older else plan)
            refuse_unless(allow_older, objection)
            budgets = Budgets(max_destroy, max_forget, again, allow_replace, vocabulary().nouns)
            admit(plan, budgets, landscape.prior, strict=strict)
            if not approve(plan):
                return None
            run = replace(run, allowed_older=objection is not None)
            return self._carry_out(plan, landscape, lease, run, resume, saved.nonce if saved else "")

    def _carry_out(self, plan: Plan, landscape: Landscape, lease: Lease, run: Run, resume: str, nonce: str) -> Account:
        from reconciler.run.account import Fate
        from reconciler.run.apply import Apply
        from reconciler.run.group_commit import GroupCommit
        from reconciler.run.perform import Performer

        files = plan.source
        run = replace(run, plan_digest=digest(plan), commit=files.commit, uncommitted=bool(files.uncommitted))
        lease.begin(run)
        performer = Performer(
            run.id,
            {kind.name: kind for kind in self.types},
            # A step reads within its own job: waiting for other jobs could block all of them.
            replace(self.reader, scheduler=None),
            SharedLandscape(landscape),
            GroupCommit(lease, self.ports.clock),
            self.ports.point,
            self.ports.patience,
            nonce,
            self._replicas(landscape),
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

    def _close_journal(self, prior: Snapshot, lease: Lease) -> None:
        """Resolve the open intents of an interrupted run before planning."""
        from reconciler.run.recover import close_intents, end_shells, outlast, reads_of

        intents = prior.interrupted
        outlast(end_shells(intents, self.sessions, self.ports.emit), self.reader)
        by_name = {kind.name: kind for kind in self.types}
        close_intents(intents, self.look(only=reads_of(intents, by_name), prior=prior), by_name, lease)

    # --- editing the state -------------------------------------------------------------------------------------------

    def forget(self, addresses: Sequence[str]) -> tuple[Address, ...]:
        """Remove resources from the state, all or none; return their addresses."""
        with self.state.leased("state rm") as (lease, _):
            return forget(self.store.read(), lease, addresses)

    def rename(self, source: str, destination: str) -> None:
        """Change the address of a saved resource to another one of the same type."""
        with self.state.leased("state mv") as (lease, _):
            rename(self.store.read(), lease, source, destination)

    def unlock(self) -> Holder | None:
        """End the lease of another run; return its holder."""
        return self.store.unlock(self.state.holder(self.ports.random.identifier(), "state unlock"))
