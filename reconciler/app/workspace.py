"""An environment opened for one command: declarations, resource types, state and servers, all closed at the end.

Its methods return values; ``cli`` decides what to show. What only one command uses is imported in its method: a plan of
a few resources is start-up and little else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from providers.catalogue import resource_types
from reconciler.app.commit_lineage import GapOf, objection_to, refuse_unless, warnings_of, with_warning
from reconciler.app.declared import Declared, declared_in
from reconciler.app.ports import Ports, silent
from reconciler.app.private_files import PRIVATE, refuse_tracked
from reconciler.app.resource_words import refuse_unknown_duties, vocabulary
from reconciler.app.saved_plans import SavedPlans
from reconciler.app.saved_state import SavedState
from reconciler.app.servers import Servers
from reconciler.app.state_commands import forget, rename
from reconciler.config.ending import ending
from reconciler.model.actions import ActionKind
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, StateError
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.ports import Holder, Lease, StateStore
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address
from reconciler.model.shares import TENTH, Share
from reconciler.model.snapshot import OutcomeKind, Run, Snapshot
from reconciler.plan.admission import admit, admit_readable
from reconciler.plan.budgets import Budgets
from reconciler.plan.build import build_plan
from reconciler.plan.plan import Plan, Source, only_refreshed
from reconciler.plan.saved import SavedPlan, digest
from reconciler.plan.selection import DESTROY, Selection
from reconciler.plan.waivers import Waivers, with_waivers
from reconciler.run.observe import Keys, SharedLandscape
from reconciler.run.rehearse import SESSIONS_OF_A_PLAN, SESSIONS_OF_AN_APPLY, Rehearsal, rehearse
from reconciler.run.rights import missing_rights

if TYPE_CHECKING:
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
        self.servers = Servers(directory, self.environment, self.types, ports, parallelism, stack)
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

    @property
    def store(self) -> StateStore:
        """The saved state; to open and read it creates no file."""
        return self.state.store

    def look(self, *, pinned: str | None = None, only: Keys | None = None, prior: Snapshot | None = None) -> Landscape:
        """Return the landscape that a plan compares; see ``Servers.look``. ``prior``: None reads the saved state."""
        self.prior = prior or refuse_unknown_duties(self.store.read())
        return self.servers.look(self.environment, self.prior, pinned=pinned, only=only)

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
        origin, reader = self.servers.origin(self.source), self.servers.reader
        plan = build_plan(self.types, landscape, selection=selection, origin=origin)
        asks = askers > 0 and not refresh_only
        said = rehearse(plan, self.types, reader, landscape, sessions=askers) if asks else Rehearsal()
        if said.refused:
            refusing = replace(landscape, refused=said.refused)
            plan = build_plan(self.types, refusing, selection=selection, origin=origin)
        rights = missing_rights(plan, self.types, reader) if asks else ()
        plan = replace(
            plan,
            decisions={**plan.decisions, **self.servers.newly_decided(landscape.prior)},
            diagnostics=(*self.diagnostics, *plan.diagnostics, *said.notes, *rights),
        )
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
        settings = self.servers.connections()
        clock, random = self.ports.clock, self.ports.random
        examiner = Examiner(settings, allow=self.servers.cmdlets, clock=clock, identifier=random.identifier)
        self._stack.callback(examiner.close)
        landscape = self.environment.landscape(self.environment.settings, prior)
        connections = [one.connection for one in settings]
        emit, scheduler = self.ports.emit, self.servers.scheduler
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
            replace(self.servers.reader, scheduler=None),
            SharedLandscape(landscape),
            GroupCommit(lease, self.ports.clock),
            self.ports.point,
            self.ports.patience,
            nonce,
            self.servers.replicas(landscape),
        )
        account = Apply(plan, performer, self.servers.scheduler, self.store, self.ports.stop, resume).run()
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
        outlast(end_shells(intents, self.servers.sessions, self.ports.emit), self.servers.reader)
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
