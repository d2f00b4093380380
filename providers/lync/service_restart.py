"""Restarting the Front End service (RTCSRV) on every Front End after exchucutil, one at a time in each pool.

Lync learns of UM objects when RTCSRV starts, so a Front End that started before the newest hunt group was made does not
know it. The need is a level, never an event: it is there while an obligation is open, or while a managed dial plan's
hunt group on a pool gateway is younger than the service. Times of different clocks are not compared as they are: the
difference of the Front End's clock to Exchange's is taken out first. What counts is WhenCreated, which the script
renews; WhenChanged and flags never count, or step 6 would ask for another restart for ever. Sources: Gg398129 (step 5),
Stop- and Start-CsWindowsService (Microsoft Learn); DOMAIN 5; RELIABILITY D1 to D5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import ClassVar

from providers.exchange.exchucutil import script_is_running, script_query
from providers.exchange.facts import global_catalogs
from providers.lync.quorum import keeps_quorum, needed_to_stay_up
from providers.lync.topology import UcPool, front_ends, uc_pools, voice_users_by_pool
from providers.rules import Rule
from providers.services import ServiceState, observed_services, service_attributes, service_query, service_state
from providers.types import instant
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.errors import SessionError
from reconciler.resource import (
    Action,
    ActionKind,
    Answer,
    Attribute,
    AttributeRole,
    Diagnosed,
    Landscape,
    Lifecycle,
    ResourceType,
    Task,
)
from reconciler.snapshot import Duty, Obligation
from reconciler.values import Address, Command, Connection, Endpoint, Operation, Resource, Value, read, write

SERVICE = "RTCSRV"
_REFERENCE = "exchange_clock"

INTERRUPTS = Rule(
    "UM030",
    "Restart would interrupt a pool",
    "The Front End to restart is the only one of its pool that runs: its users are cut off while it restarts.",
    "Restart it in a maintenance window, and allow that:\n  restarts: {interrupt: allow}",
    "Topologies and components for Front End Servers (Gg412996); DOMAIN 5.2",
)
LOSES_QUORUM = Rule(
    "UM031",
    "Restart would stop a pool",
    "With one Front End less, fewer run than the pool needs to stay up, and the others stop their services.",
    "Start the Front Ends that are stopped first:\n  Start-CsWindowsService",
    "Topologies and components for Front End Servers (Gg412996); DOMAIN 5.2",
)
STATE_UNKNOWN = Rule(
    "UM032",
    "State of a Front End is unknown",
    "A Front End could not be read, so whether it knows UM cannot be told; one that owes a restart keeps owing it.",
    "Make it reachable and plan again.",
    "DOMAIN 5.3",
    Severity.WARNING,
)

_SAME_CLOCK = timedelta(seconds=20)
"""Clocks that differ by less are taken as equal: so much can pass between two reads. A corrected time may be wrong by
as much; within it a Front End is not restarted once more, so that no restart of ours asks for another."""


class ServiceRestart(ResourceType):
    """RTCSRV on one Front End; key: its FQDN."""

    name: ClassVar[str] = "service_restart"
    lifecycle: ClassVar[Lifecycle] = Lifecycle.TASK
    rank: ClassVar[int] = 6
    reads_after: ClassVar[tuple[str, ...]] = ("lync_service", "lync_site", "lync_computer", "pool")
    rules: ClassVar[tuple[Rule, ...]] = (INTERRUPTS, LOSES_QUORUM, STATE_UNKNOWN)

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({"Get-Service", "Stop-CsWindowsService", "Start-CsWindowsService", "Get-UMHuntGroup"})

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        clock = Attribute(
            _REFERENCE, "The Exchange entry point's clock, read together with the host's.", role=AttributeRole.READ_ONLY
        )
        return {**service_attributes(SERVICE), clock.name: clock}

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        asked = [_query(host) for host in front_ends(landscape) if keys is None or host in keys]
        return (*asked, script_query()) if asked else ()

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the services of each Front End, with the clock they are compared by: both are of one moment."""
        reference = next((clock for answer in answers if (clock := _exchange_clock(answer))), None)
        found = [observed_services(self.name, command, reply) for command, reply in answers if command.endpoint.host]
        return [
            replace(one, attributes={**one.attributes, _REFERENCE: reference}) if isinstance(one, Resource) else one
            for one in found
        ]

    # when it is due

    def due(self, landscape: Landscape) -> Sequence[Task]:
        tasks: list[Task] = []
        due_before: dict[str, Address] = {}
        # One that is stopped comes first in its pool: the others may stop once it runs again.
        hosts = sorted(front_ends(landscape).items(), key=lambda item: _runs(item[0], landscape))
        for host, pool in hosts:
            reasons, state = _reasons(host, landscape), _state(host, landscape)
            if not reasons or state is None:
                continue
            commands = _commands(host, state)
            address = Address(self.name, host)
            before = due_before.get(pool.fqdn)
            tasks.append(
                Task(
                    Resource(address),
                    reasons=reasons,
                    commands=commands,
                    needs=(*_scripts(landscape), *((before,) if before else ())),
                    discharges=(Obligation(Duty.FRONT_END_RESTART, host),),
                    settle_seconds=landscape.settings.settle_seconds if len(pool.front_ends) > 1 else 0,
                )
            )
            due_before[pool.fqdn] = address
        return tasks

    # whether it is done

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        state = _state(action.address.key, landscape)
        if state is None:
            return None
        return {
            "status": state.status,
            "start_time": state.start_time,
            "running_dependents": tuple(sorted(state.running_dependents)),
        }

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        host, state = action.address.key, _state(action.address.key, landscape)
        if state is None or not state.is_running or state.start_time is None:
            return False
        owed = landscape.prior.owes(Duty.FRONT_END_RESTART, host)
        planned_upon = (action.expects or {}).get("start_time")
        limits = [limit for limit in (owed.since if owed else None, planned_upon) if isinstance(limit, str)]
        return all(state.start_time > limit for limit in limits) and not _is_older_than_links(host, state, landscape)

    def met(self, landscape: Landscape) -> Sequence[Obligation]:
        return tuple(
            owed
            for owed in landscape.prior.obligations
            if owed.duty is Duty.FRONT_END_RESTART and _is_met(owed, landscape)
        )

    # what it waits for

    def waits_for(self, action: Action, landscape: Landscape) -> Sequence[Command]:
        """Return reads of the pool's other members, of a script still running, and of what each catalogue knows."""
        host = action.address.key
        pool = front_ends(landscape).get(host)
        others = [_query(member) for member in (pool.front_ends if pool else ()) if member != host]
        groups = (
            read("Get-UMHuntGroup", "Guid", DomainController=controller) for controller in global_catalogs(landscape)
        )
        return (*others, script_query(), *groups)

    def is_ready(self, action: Action, answers: Sequence[Answer], landscape: Landscape) -> str | None:
        host = action.address.key
        pool = front_ends(landscape).get(host)
        for answer in answers:
            if script_is_running(answer):
                return "exchucutil is still running"
            if waiting := _unreplicated(answer, landscape):
                return waiting
        if pool is None or not any(command.cmdlet == "Stop-CsWindowsService" for command in action.commands):
            return None
        return _pool_is_short(host, pool, answers, landscape)

    # what forbids or clouds it

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        told: list[Diagnostic] = []
        for host, pool in front_ends(landscape).items():
            action = landscape.actions.get(Address(self.name, host))
            if action is None:
                if landscape.wanted("dial_plan") and _state(host, landscape) is None:
                    told.append(_unknown(host, landscape))
            elif any(command.cmdlet == "Stop-CsWindowsService" for command in action.commands):
                told += _check_pool(action, pool, landscape)
        return told

    def affects(self, action: Action, landscape: Landscape) -> int:
        """Return this Front End's share of the users homed on its pool."""
        pool = front_ends(landscape).get(action.address.key)
        if pool is None:
            return 0
        users = voice_users_by_pool(landscape).get(pool.fqdn, 0)
        place, size = pool.front_ends.index(action.address.key), len(pool.front_ends)
        return users // size + (place < users % size)


# --- reading ---------------------------------------------------------------------------------------------------------


def _query(host: str) -> Command:
    return service_query(Endpoint(Connection.LYNC, host), SERVICE)


def _state(host: str, landscape: Landscape) -> ServiceState | None:
    observed = landscape.one(ServiceRestart.name, host)
    return service_state(observed, SERVICE) if observed else None


def _scripts(landscape: Landscape) -> tuple[Address, ...]:
    """Return the exchucutil that this plan runs, if it does."""
    return tuple(address for address in landscape.actions if address.type == "exchucutil")


# --- the level -------------------------------------------------------------------------------------------------------


def _owed(host: str, landscape: Landscape) -> Obligation | None:
    """Return the open obligation of a Front End, unless its end is seen already."""
    owed = landscape.prior.owes(Duty.FRONT_END_RESTART, host)
    return None if owed is None or _is_met(owed, landscape) else owed


def _is_met(owed: Obligation, landscape: Landscape) -> bool:
    state = _state(owed.subject, landscape)
    is_known = state is not None and state.is_running and state.start_time is not None and owed.since is not None
    return bool(is_known and state and state.start_time and owed.since and state.start_time > owed.since)


def _reasons(host: str, landscape: Landscape) -> tuple[str, ...]:
    """Return why a Front End must be restarted, in words; nothing where it need not.

    One that is stopped and owes nothing is left alone: it reads everything when somebody starts it.
    """
    found: list[str] = []
    if any(action.kind is ActionKind.RUN for action in _actions(landscape, "exchucutil")):
        found.append("exchucutil renews the hunt groups, which Lync reads when the service starts")
    elif _owed(host, landscape):
        found.append("it has not been restarted since exchucutil ran")
    state = _state(host, landscape)
    if not found and state is not None and state.is_running:
        made = [a.address.key for a in _actions(landscape, "hunt_group") if a.kind is not ActionKind.DELETE]
        renewed = [key for key in made if _is_link(landscape.one("hunt_group", key), landscape)]
        if renewed:
            found.append(f"a hunt group is made: {renewed[0]}")
        elif _is_older_than_links(host, state, landscape):
            found.append("it started before the newest hunt group was made")
    return tuple(found)


def _actions(landscape: Landscape, type_name: str) -> tuple[Action, ...]:
    quiet = (ActionKind.ADOPT, ActionKind.FORGET)
    return tuple(a for a in landscape.actions.values() if a.address.type == type_name and a.kind not in quiet)


def _is_link(group: Resource | None, landscape: Landscape) -> bool:
    """True for a hunt group that links a managed dial plan with a pool's gateway."""
    if group is None or group.text("gateway") not in uc_pools(landscape):
        return False
    return (group.text("dial_plan") or "") in landscape.wanted("dial_plan")


def _is_older_than_links(host: str, state: ServiceState, landscape: Landscape) -> bool:
    """True where the newest hunt group was made after the service started."""
    groups = (group for group in landscape.all("hunt_group").values() if _is_link(group, landscape))
    newest = max((made for group in groups if (made := group.text("when_created"))), default=None)
    started, made_at = _moment(state.start_time), _moment(newest)
    if started is None or made_at is None:
        return False
    ahead = _clock_ahead(host, landscape)
    if abs(ahead) < _SAME_CLOCK:
        return made_at > started
    return made_at > started - ahead + min(_SAME_CLOCK, abs(ahead))


def _clock_ahead(host: str, landscape: Landscape) -> timedelta:
    """Return by how much a Front End's clock is ahead of the Exchange servers'; zero where that was not read."""
    observed = landscape.one(ServiceRestart.name, host)
    own = _moment(observed.text("host_clock")) if observed else None
    reference = _moment(observed.text(_REFERENCE)) if observed else None
    if own is not None and reference is not None:
        return own - reference
    clocks = [_moment(one.text("host_clock")) for one in landscape.all("um_service_restart").values()]
    told = [clock.timestamp() for clock in clocks if clock is not None]
    if own is None or not told:
        return timedelta(0)
    return timedelta(seconds=own.timestamp() - median(told))


def _exchange_clock(answer: Answer) -> str | None:
    command, reply = answer
    if command.endpoint.host or isinstance(reply, SessionError):
        return None
    told = next((instant(record.get("HostClock")) for record in reply.records), None)
    return told if isinstance(told, str) else None


def _moment(value: str | None) -> datetime | None:
    told = instant(value)
    return datetime.fromisoformat(told) if isinstance(told, str) and told.endswith("Z") else None


# --- the commands ----------------------------------------------------------------------------------------------------


def _commands(host: str, state: ServiceState) -> tuple[Command, ...]:
    """Return stop and start, and the start of exactly the dependents that ran: Start does not bring them back."""
    endpoint = Endpoint(Connection.LYNC, host)
    starts = [write("Start-CsWindowsService", endpoint, Name=SERVICE)]
    starts += [
        write("Start-CsWindowsService", endpoint, Name=name) for name in sorted(state.running_dependents, key=str)
    ]
    if not state.is_running:
        return (starts[0],)
    return (write("Stop-CsWindowsService", endpoint, Name=SERVICE, Graceful=True), *starts)


# --- the pool --------------------------------------------------------------------------------------------------------


def _running(pool: UcPool, states: Mapping[str, str | None]) -> frozenset[str]:
    return frozenset(member for member in pool.front_ends if states.get(member) == "Running")


def _runs(host: str, landscape: Landscape) -> bool:
    state = _state(host, landscape)
    return state is not None and state.is_running


def _is_started_first(host: str, landscape: Landscape) -> bool:
    """True for a Front End that is stopped and that this plan starts, before it stops another of its pool."""
    action = landscape.actions.get(Address(ServiceRestart.name, host))
    return action is not None and not any(command.cmdlet == "Stop-CsWindowsService" for command in action.commands)


def _check_pool(action: Action, pool: UcPool, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return whether stopping one Front End would take its pool with it, as far as that is known while planning."""
    host = action.address.key
    started = {member for member in pool.front_ends if _is_started_first(member, landscape)}
    left = frozenset(member for member in pool.front_ends if _runs(member, landscape) or member in started) - {host}
    if not left:
        if landscape.settings.interrupt_allowed:
            return ()
        detail = f"{host} is the only Front End of {pool.fqdn} that runs."
        return (INTERRUPTS.told(action.address, detail),)
    if pool.has_quorum and not keeps_quorum(pool.front_ends, left):
        stopped = sorted(set(pool.front_ends) - left - {host})
        needed = needed_to_stay_up(len(pool.front_ends))
        detail = (
            f"{pool.fqdn} needs {needed} Front Ends, and {', '.join(stopped) or 'none of the others'} does not run."
        )
        return (LOSES_QUORUM.told(action.address, detail, f"{LOSES_QUORUM.remedy} -Name {SERVICE}"),)
    return ()


def _pool_is_short(host: str, pool: UcPool, answers: Sequence[Answer], landscape: Landscape) -> str | None:
    """Return what the pool lacks for this Front End to stop now: every other one that should run must run again."""
    states: dict[str, str | None] = {}
    for command, reply in answers:
        member = command.endpoint.host
        if member is None or command.operation is not Operation.SERVICE or member not in pool.front_ends:
            continue
        records = () if isinstance(reply, SessionError) else reply.records
        states[member] = next((str(record.get("Status")) for record in records), None)
    left = _running(pool, states) - {host}
    pending = sorted(member for member, status in states.items() if status in ("StartPending", "StopPending"))
    if pending:
        return f"{pending[0]} is {states[pending[0]]}"
    if not left and not landscape.settings.interrupt_allowed:
        return f"{host} is the only Front End of {pool.fqdn} that runs"
    if left and pool.has_quorum and not keeps_quorum(pool.front_ends, left):
        return (
            f"{pool.fqdn} needs {needed_to_stay_up(len(pool.front_ends))} Front Ends; without {host} it has {len(left)}"
        )
    return None


def _unreplicated(answer: Answer, landscape: Landscape) -> str | None:
    """Return which catalogue lacks a hunt group that Lync is to find; one that does not answer is passed over."""
    command, reply = answer
    controller = dict(command.parameters).get("DomainController")
    if controller is None or isinstance(reply, SessionError):
        return None
    known = {str(record.get("Guid")).casefold() for record in reply.records}
    groups = (group for group in landscape.all("hunt_group").values() if _is_link(group, landscape))
    lacking = [group for group in groups if group.guid and group.guid.casefold() not in known]
    return f"{controller} does not know {lacking[0].address} yet" if lacking else None


def _unknown(host: str, landscape: Landscape) -> Diagnostic:
    told = landscape.unreadable.get(Address(ServiceRestart.name, host))
    why = f": {told.detail or told.summary}" if told else ""
    return STATE_UNKNOWN.told(Address(ServiceRestart.name, host), f"{SERVICE} on {host} was not read{why}")
