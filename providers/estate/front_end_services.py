"""The Front End service (RTCSRV) of one host and the services that depend on it: reading, starting, progress.

Stop-CsWindowsService also stops the services that depend on RTCSRV. Start-CsWindowsService does not start them again.
So a restart has three effects, each after some time: the current calls end, RTCSRV starts (usually within minutes, at
most an hour), and the dependent services start.

Sources: Stop- and Start-CsWindowsService (Microsoft Learn); Prevent new sessions for services (Gg182553); DOMAIN 5.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from providers.cmdlets.products import LYNC_PROVIDER
from providers.estate.services import (
    SERVICE_RUNS,
    ServiceState,
    ago,
    has_to_run,
    service_query,
    service_state,
    services_owed,
)
from providers.schema.windows_services import Found, ServiceRestart
from reconciler.model.abilities import Duty
from reconciler.model.actions import Action
from reconciler.model.commands import Command, Endpoint, write
from reconciler.model.diagnostics import listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import UnderWay
from reconciler.model.snapshot import Obligation
from reconciler.model.values import EMPTY

SERVICE: Final = "RTCSRV"
FRONT_END_RESTART: Final = Duty("front-end-restart", "RTCSRV on {subject} has to restart")
"""RTCSRV on one Front End has to restart, because exchucutil ran. The subject is the host."""

LONGEST_START: Final = 3600.0
"""Seconds: a Front End in a cold start may take up to an hour."""
LONGEST_DRAIN: Final = 3600.0
LONGEST_DEPENDENT: Final = 600.0


# --- what is there ---------------------------------------------------------------------------------------------------


def front_end_query(host: str, landscape: Landscape) -> Command:
    """Return the read of RTCSRV on a Front End and of the services known to depend on it."""
    state = state_of(host, landscape)
    known = {*state.running_dependents, *state.stopped_dependents} if state else set()
    names = sorted({*known, *services_owed(landscape.prior.obligations, host)} - {SERVICE})
    return service_query(Endpoint(LYNC_PROVIDER.name, host), SERVICE, *names)


def state_of(host: str, landscape: Landscape) -> ServiceState | None:
    """Return RTCSRV as it was read on a Front End; None if it was not read."""
    observed = landscape.one(ServiceRestart, host)
    return service_state(observed, SERVICE) if observed else None


def not_running(host: str, services: Iterable[str], landscape: Landscape) -> tuple[str, ...]:
    """Return the ``services`` that do not run on a Front End or were not read."""
    state = state_of(host, landscape)
    if state is None:
        return tuple(services)
    running = {name.casefold() for name in state.running_dependents}
    if state.is_running:
        running.add(SERVICE.casefold())
    return tuple(service for service in services if service.casefold() not in running)


def owed_services(host: str, landscape: Landscape) -> tuple[str, ...]:
    """Return the services that a restart stopped and that do not run yet."""
    return not_running(host, services_owed(landscape.prior.obligations, host), landscape)


def seen_coming(host: str, state: ServiceState) -> UnderWay | None:
    """Return the change of RTCSRV in progress on a Front End: it starts, or it waits for its calls to end."""
    if state.is_starting:
        return UnderWay(f"{SERVICE} on {host} is starting for {ago(state.age)}", LONGEST_START)
    if state.is_stopping:
        return UnderWay(f"{SERVICE} on {host} is {state.status}: it waits for its calls to end", LONGEST_DRAIN)
    return None


def under_way(host: str, services: Iterable[str], landscape: Landscape) -> UnderWay | None:
    """Return the change in progress on a Front End: of RTCSRV, or the start of one of ``services``."""
    observed, state = landscape.one(ServiceRestart, host), state_of(host, landscape)
    if observed is None or state is None:
        return None
    if (change := seen_coming(host, state)) is not None:
        return change
    for name in not_running(host, services, landscape):
        found = service_state(observed, name)
        if found is not None and found.is_starting:
            return UnderWay(f"{name} on {host} is starting for {ago(found.age)}", LONGEST_DEPENDENT)
    return None


def coming(owed: Obligation, landscape: Landscape) -> UnderWay | None:
    """Return the start in progress that will meet an obligation, with the time that is left for it."""
    host, _, service = owed.subject.partition("/")
    state = state_of(host, landscape)
    if owed.duty not in (FRONT_END_RESTART.name, SERVICE_RUNS.name) or state is None or not state.is_starting:
        return None
    is_its_end = service == SERVICE if service else _is_since(owed, state)
    left = LONGEST_START - state.age.total_seconds()
    return UnderWay(f"{SERVICE} on {host} is starting for {ago(state.age)}", left) if is_its_end else None


def _is_since(owed: Obligation, state: ServiceState) -> bool:
    return owed.since is not None and state.start_time is not None and state.start_time > owed.since


# --- what is done ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """The actions of a plan on the services of one Front End."""

    host: str
    reasons: tuple[str, ...]
    stops: bool
    starts: bool
    dependents: tuple[str, ...]
    """Services to start once RTCSRV runs."""
    is_graceful: bool = True
    """False where a stop drops the current calls."""

    @property
    def services(self) -> tuple[str, ...]:
        """Every service that runs when the work is done."""
        return (SERVICE, *self.dependents) if self.starts else self.dependents

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        return tuple(has_to_run(self.host, service) for service in self.services)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Stop, start, start of each dependent. No command waits for its effect; the engine reads the state instead."""
        endpoint = Endpoint(LYNC_PROVIDER.name, self.host)
        starts = tuple(
            write("Start-CsWindowsService", endpoint, Name=service, NoWait=True) for service in self.services
        )
        if not self.stops:
            return starts
        drain = {"Graceful": True} if self.is_graceful else {}
        return (write("Stop-CsWindowsService", endpoint, Name=SERVICE, **drain, NoWait=True), *starts)


def starting(service: str, host: str) -> str:
    """Return the command that starts a service of a Front End, for a person to paste on any other Front End.

    The command does not wait: a pool that is down comes up only when enough Front Ends start at the same time.
    """
    return str(write("Start-CsWindowsService", Name=service, ComputerName=host, NoWait=True))


def enabling(host: str) -> str:
    """Return the command that lets Windows start RTCSRV again, with the host to run it on."""
    return f"on {host}:\n  Set-Service -Name {SERVICE} -StartupType Automatic"


def work_on(host: str, reasons: Sequence[str], landscape: Landscape) -> Work | None:
    """Return the work on a Front End: restart it for ``reasons``, or start services that have to run.

    A restart starts all services that ran before it. A start also starts the dependents that Windows would have
    started.
    """
    state = state_of(host, landscape)
    if state is None:
        return None
    owed = owed_services(host, landscape)
    hanging = {*owed, *(state.running_dependents if state.is_up else state.stopped_dependents)} - {SERVICE}
    if reasons:
        only_start = () if state.is_up else (f"{SERVICE} is {state.status}, so it only needs a start",)
        return Work(host, (*reasons, *only_start), state.is_up, True, tuple(sorted(hanging)))
    if not owed:
        return None
    why = (f"{listed(owed)} ran before a restart, and does not run",)
    if state.is_up:
        dependents = tuple(name for name in owed if name != SERVICE)
        return Work(host, why, False, False, dependents) if dependents else None
    return Work(host, why, False, True, tuple(sorted(hanging)))


def stops(action: Action) -> bool:
    """True where the action stops a running Front End."""
    return any(command.cmdlet == "Stop-CsWindowsService" for command in action.commands)


def starts(action: Action) -> bool:
    """True where the action starts RTCSRV."""
    return any(_starts_service(command, SERVICE) for command in action.commands)


def started_by(action: Action) -> frozenset[str]:
    """Return the services that an action starts."""
    return frozenset(
        str(command.argument("Name")) for command in action.commands if command.cmdlet == "Start-CsWindowsService"
    )


def _starts_service(command: Command, service: str) -> bool:
    return command.cmdlet == "Start-CsWindowsService" and command.argument("Name") == service


def held_back(action: Action, sent: int, landscape: Landscape) -> str | None:
    """Return the reason to hold back the next command of an action: RTCSRV has not stopped or not started yet."""
    host, state = action.address.key, state_of(action.address.key, landscape)
    if state is None:
        return f"{SERVICE} on {host} was not read"
    found = seen_coming(host, state)
    seen = found.reason if found else f"{SERVICE} on {host} is {state.status}"
    if _starts_service(action.commands[sent], SERVICE):
        before = Found.start_time.of(action.expects or EMPTY)
        is_another = state.is_up and state.start_time is not None and state.start_time != before
        return None if state.status == "Stopped" or is_another else seen
    return None if state.is_running else seen
