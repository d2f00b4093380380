"""Restarting the Front End service (RTCSRV) on every Front End after exchucutil, one at a time in each pool.

``restarts`` decides whether a restart is due, ``front_end_services`` which services stop and start, and
``restart_pool`` whether the pool stays up during the restart. Every service that ran before a restart must run after
it. The intent records these services, the proof includes them, and they are an obligation until they run.

Sources: Gg398129 (step 5), Stop- and Start-CsWindowsService (Microsoft Learn); DOMAIN 5; RELIABILITY D1 to D5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from providers.cmdlets.products import LYNC_PROVIDER
from providers.cmdlets.table import Tabled
from providers.estate import restart_pool, restart_windows, restarts, upgrade_readiness
from providers.estate.front_end_services import (
    FRONT_END_RESTART,
    SERVICE,
    Work,
    coming,
    front_end_query,
    held_back,
    not_running,
    seen_coming,
    starts,
    state_of,
    stops,
    under_way,
    work_on,
)
from providers.estate.restarts import exchange_clock, has_restarted, is_older_than_links, restart_reasons, unreplicated
from providers.estate.services import RESTARTS, SERVICE_RUNS, observed_services, service_attributes, services_owed
from providers.estate.topology import UcPool, front_end_pools, front_ends, voice_users_by_pool
from providers.resources.exchucutil import awaited_script, script_query
from providers.schema.exchange import Exchucutil, HuntGroup
from providers.schema.exchange_facts import global_catalogs
from providers.schema.lync import LyncComputer, LyncService, LyncSite, Pool
from providers.schema.windows_services import Found, ServiceRestart
from reconciler.model.abilities import Adjustable, Duty, Impact, Noticed, Obliged, Settling, Stepwise
from reconciler.model.actions import Action
from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command, read
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.options import Section
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Answer, Diagnosed, Due, NotNow, Rule, UnderWay
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import EMPTY, Value

_PATIENCE_WITHOUT_QUORUM = 900.0
"""Seconds. Only somebody else can start the Front Ends that the pool lacks, so the wait is short."""
INTERRUPTED_USERS: Final = Impact("interrupted_users", "user", "{count} on pools that restart", is_disruptive=True)
"""Users homed on pools whose Front Ends are restarted."""


class ServiceRestartType(ServiceRestart, Tabled, Stepwise, Settling, Adjustable, Obliged, Noticed):
    """RTCSRV on one Front End; key: its FQDN."""

    provider: ClassVar[Provider] = LYNC_PROVIDER
    adjusted_by: ClassVar[Section] = restart_pool.RESTARTS
    after: ClassVar[tuple[str, ...]] = (HuntGroup.name,)
    reads_after: ClassVar[tuple[str, ...]] = (LyncService.name, LyncSite.name, LyncComputer.name, Pool.name)
    settles: ClassVar[str] = "its pool"
    duties: ClassVar[tuple[Duty, ...]] = (FRONT_END_RESTART, SERVICE_RUNS)
    impacts: ClassVar[tuple[Impact, ...]] = (RESTARTS, INTERRUPTED_USERS)
    rules: ClassVar[tuple[Rule, ...]] = (*restart_pool.RULES, *restarts.RULES, *restart_windows.RULES)

    @property
    def cmdlets(self) -> frozenset[str]:
        services = {"Get-Service", "Stop-CsWindowsService", "Start-CsWindowsService"}
        return frozenset({*services, "Get-UMHuntGroup", *upgrade_readiness.CMDLETS})

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {**super().attributes, **service_attributes(SERVICE)}

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        asked = [front_end_query(host, landscape) for host in front_ends(landscape) if keys is None or host in keys]
        return (*asked, script_query()) if asked else ()

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the services of each Front End with the clock of Exchange, both read at the same moment."""
        reference = next((clock for answer in answers if (clock := exchange_clock(answer))), None)
        found = [observed_services(self.name, command, reply) for command, reply in answers if command.endpoint.host]
        return [one.having(self.exchange_clock, reference) if isinstance(one, Resource) else one for one in found]

    # when it is due

    def due(self, landscape: Landscape) -> Sequence[Due]:
        return [task for pool in front_end_pools(landscape) for task in self._tasks(pool, landscape)]

    def _tasks(self, pool: UcPool, landscape: Landscape) -> list[Due]:
        """Return the tasks of a pool: stopped Front Ends start first and together, then the others restart singly."""
        found = (work_on(host, restart_reasons(host, landscape), landscape) for host in pool.front_ends)
        is_graceful = landscape.settings.option(restart_pool.DRAIN)
        works = [replace(work, is_graceful=is_graceful) for work in found if work is not None]
        first = [work for work in works if not work.stops]
        group = f"{pool.fqdn} starts" if len(first) > 1 else ""
        tasks = [self._task(work, landscape, group=group) for work in first]
        before = tuple(task.resource.address for task in tasks)
        settle = landscape.settings.option(restart_pool.SETTLE) if len(pool.front_ends) > 1 else 0
        for work in works:
            if work.stops:
                tasks.append(self._task(work, landscape, before=before, settle_seconds=settle))
                before = (tasks[-1].resource.address,)
        return tasks

    def _task(
        self,
        work: Work,
        landscape: Landscape,
        *,
        before: tuple[Address, ...] = (),
        settle_seconds: int = 0,
        group: str = "",
    ) -> Due:
        is_restart = work.starts and bool(restart_reasons(work.host, landscape))
        restart = (FRONT_END_RESTART.of(work.host),) if is_restart else ()
        return Due(
            Resource(Address(self.name, work.host)),
            reasons=work.reasons,
            commands=work.commands,
            needs=(*landscape.planned(Exchucutil), *before),
            owes=work.obligations,
            discharges=(*restart, *work.obligations),
            settle_seconds=settle_seconds,
            group=group,
        )

    # whether it is done

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        """Return the state that an action relies on; if it stops the service, also the services that it stops."""
        state = state_of(action.address.key, landscape)
        if state is None:
            return None
        found: dict[str, Value] = {Found.status.name: "Running" if state.is_up else "Stopped"}  # or about to be
        if stops(action):
            found[Found.start_time.name] = state.start_time
            found[Found.running_dependents.name] = tuple(sorted(state.running_dependents))
        return found

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        host, state = action.address.key, state_of(action.address.key, landscape)
        if state is None or not state.is_running or state.start_time is None:
            return False
        if not_running(host, _has_to_run(action), landscape):
            return False
        if not any(map(FRONT_END_RESTART.is_kind_of, action.discharges)):
            return True
        owed = landscape.prior.owes(FRONT_END_RESTART.of(host))
        planned_upon = Found.start_time.of(action.expects or EMPTY)
        limits = [limit for limit in (owed.since if owed else None, planned_upon) if limit is not None]
        return all(state.start_time > limit for limit in limits) and not is_older_than_links(host, state, landscape)

    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        if FRONT_END_RESTART.is_kind_of(owed):
            return has_restarted(owed, landscape)
        host, _, service = owed.subject.partition("/")
        return not not_running(host, (service,), landscape)

    def coming(self, owed: Obligation, landscape: Landscape) -> UnderWay | None:
        return coming(owed, landscape)

    # what it waits for

    def waits_for(self, action: Action, landscape: Landscape) -> Sequence[Command]:
        """Return reads of the members of the pool, of a running script, and of the hunt groups in each catalogue."""
        pool = front_ends(landscape).get(action.address.key)
        members = [front_end_query(member, landscape) for member in (pool.front_ends if pool else ())]
        groups = (
            read("Get-UMHuntGroup", "Guid", DomainController=controller) for controller in global_catalogs(landscape)
        )
        readiness = upgrade_readiness.query(pool, action, landscape) if pool else ()
        return (*members, script_query(), *groups, *readiness)

    def is_ready(
        self, action: Action, answers: Sequence[Answer], landscape: Landscape
    ) -> str | UnderWay | NotNow | None:
        host = action.address.key
        pool = front_ends(landscape).get(host)
        if pool is not None and (closed := restart_windows.closed(action, pool, landscape)):
            return closed
        if waiting := awaited_script(answers):
            return waiting
        for answer in answers:
            if starts(action) and (waiting := unreplicated(answer, landscape)):
                return waiting
        states = restart_pool.fresh_states(pool, answers)
        own = states.get(host)
        if own is not None and (own.is_starting or (own.is_stopping and not stops(action))):
            return seen_coming(host, own)
        if pool is None or not stops(action):
            return None
        short = restart_pool.is_short(action, pool, states, landscape)
        return short if short is not None else upgrade_readiness.not_ready(host, pool, answers)

    def holds_back(self, action: Action, sent: int, landscape: Landscape) -> str | None:
        return held_back(action, sent, landscape)

    def under_way(self, action: Action, landscape: Landscape) -> UnderWay | None:
        host = action.address.key
        seen, pool = under_way(host, _has_to_run(action), landscape), front_ends(landscape).get(host)
        lack = restart_pool.lack(pool, landscape) if pool is not None and seen is not None else None
        return UnderWay(f"{seen.reason}; {lack}", _PATIENCE_WITHOUT_QUORUM) if seen and lack else seen

    # what forbids or clouds it

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        pools = front_ends(landscape)
        found = [*restarts.check_services(pools, landscape), *restart_windows.check_windows(pools, landscape)]
        for host, pool in pools.items():
            action = landscape.actions.get(Address(self.name, host))
            if action is not None:
                found += restart_pool.check_pool(action, pool, landscape)
        return found

    def impact(self, action: Action, landscape: Landscape) -> Mapping[Impact, int]:
        if not any(map(FRONT_END_RESTART.is_kind_of, action.discharges)):
            return {}
        return {RESTARTS: 1, INTERRUPTED_USERS: _interrupted(action, landscape)}


def _interrupted(action: Action, landscape: Landscape) -> int:
    """Return this Front End's share of the users of its pool; 0 for a stopped one."""
    pool = front_ends(landscape).get(action.address.key)
    if pool is None or not stops(action):
        return 0
    users = voice_users_by_pool(landscape).get(pool.fqdn, 0)
    place, size = pool.front_ends.index(action.address.key), len(pool.front_ends)
    return users // size + (place < users % size)


def _has_to_run(action: Action) -> tuple[str, ...]:
    """Return the services that run when an action is done: those it starts and those that ran before it."""
    before = Found.running_dependents.of(action.expects or EMPTY)
    return tuple(dict.fromkeys((*services_owed(action.discharges, action.address.key), *before)))
