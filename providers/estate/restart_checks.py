"""Warnings about the services of Front Ends: one does not run, or may not start again after a restart.

A Front End that does not start again is noticed only after it was stopped, so known causes are reported before.

Source of the reserved characters: KB 2912334. Only its beginning could be read; the failure of the restart is inferred.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from providers.estate.front_end_services import SERVICE, enabling, started_by, starting, starts, state_of, stops
from providers.estate.restart_level import is_of_unknown_age
from providers.estate.services import ServiceState, ago
from providers.estate.topology import UcPool
from providers.schema.dial_plan import DialPlan
from providers.schema.lync_facts import PROVEN, LyncUser
from providers.schema.windows_services import ServiceRestart
from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Address
from reconciler.model.words import listed

STATE_UNKNOWN = Rule(
    "UM032",
    "State of a Front End is unknown",
    "A Front End or the clock to compare it with could not be read, so it is unknown whether the Front End has read "
    "the changes in UM. A restart that is still to do stays in the state.",
    "Make it reachable and plan again.",
    "DOMAIN 5.3",
    Severity.WARNING,
)
DOES_NOT_RUN = Rule(
    "UM033",
    "Service of a Front End does not run",
    "RTCSRV, or a service with automatic start that depends on it, does not run. A plan does not start a service "
    "that somebody stopped, because that may be deliberate.",
    f"Start it, unless somebody stopped it deliberately:\n  Start-CsWindowsService -Name {SERVICE}",
    "Start-CsWindowsService (Microsoft Learn); DOMAIN 5.1",
    Severity.WARNING,
)
MAY_NOT_START = Rule(
    "UM034",
    "Front End may not start again",
    "A user of the pool has a SIP address with a reserved character, such as an ampersand. After such a user signed "
    "in, a Front End of Lync Server 2013 may not start again.",
    "Give the users other SIP addresses before the Front Ends are restarted, and read KB 2912334.",
    "KB 2912334",
    Severity.WARNING,
)
IS_DISABLED = Rule(
    "UM035",
    "Front End could not start again",
    "The start mode of RTCSRV is Disabled, so Windows does not start it again after a stop.",
    f"Set its start mode, or leave the Front End as it is:\n  Set-Service {SERVICE} -StartupType Automatic",
    "Set-Service (Microsoft Learn)",
    leaves_out=True,
)
RULES = (STATE_UNKNOWN, DOES_NOT_RUN, MAY_NOT_START, IS_DISABLED)

_RESERVED = frozenset(";/?:&=+$,")
"""The reserved characters of a URI (RFC 2396, 2.2, which applies to SIP) except @, which every address has."""


def check_services(pools: Mapping[str, UcPool], landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield the findings about the services of each Front End; ``pools`` by Front End."""
    warned: set[str] = set()
    for host, pool in pools.items():
        action = landscape.actions.get(Address(ServiceRestart.name, host))
        state = state_of(host, landscape)
        if state is None:
            if action is None and landscape.wanted(DialPlan):
                yield _unknown(host, landscape)
            continue
        if action is None and is_of_unknown_age(host, state, landscape):
            yield _uncompared(host, landscape.settings)
        if action is not None and starts(action) and state.start_mode == "Disabled":
            yield IS_DISABLED.found(
                action.address,
                f"{SERVICE} on {host} is Disabled, and {state.status} now.",
                f"Set its start mode, or leave the Front End as it is; {enabling(host)}",
            )
        elif action is not None and stops(action) and pool.fqdn not in warned:
            warned.add(pool.fqdn)
            yield from _killers(action, pool, landscape)
        yield from _down(host, state, action)


def _unknown(host: str, landscape: Landscape) -> Diagnostic:
    address = Address(ServiceRestart.name, host)
    found = landscape.unreadable.get(address)
    why = f": {found.detail or found.summary}" if found else ""
    return STATE_UNKNOWN.found(address, f"{SERVICE} on {host} was not read{why}")


def _uncompared(host: str, settings: Settings) -> Diagnostic:
    detail = f"It is unknown whether {SERVICE} on {host} started before the newest hunt group was made. No clock of an"
    return STATE_UNKNOWN.found(
        Address(ServiceRestart.name, host),
        f"{detail} Exchange server could be read to compare with.",
        "Find out why the services of the Exchange entry point cannot be read, and plan again:\n"
        f"  {settings.program} doctor {settings.place}",
    )


def _down(host: str, state: ServiceState, action: Action | None) -> Iterator[Diagnostic]:
    """Yield the stopped services of a Front End that should run, also those that this plan starts."""
    begun = started_by(action) if action is not None else frozenset()
    address = Address(ServiceRestart.name, host)
    if state.is_starting:
        detail = f"{SERVICE} on {host} is starting for {ago(state.age)}."
        yield DOES_NOT_RUN.found(address, detail, "Wait until it runs; up to an hour is usual after a cold start.")
    elif not state.is_running:
        mode = f", and its start mode is {state.start_mode}" if state.start_mode not in (None, "Auto") else ""
        yield DOES_NOT_RUN.found(
            address,
            f"{SERVICE} on {host} is {state.status}{mode}.",
            _to_start(host, state, begun),
        )
    elif missing := sorted({*state.stopped_dependents, *begun} - {SERVICE, *state.running_dependents}):
        verb = "does" if len(missing) == 1 else "do"
        detail = f"{listed(missing)} on {host} {verb} not run, though {SERVICE} does."
        yield DOES_NOT_RUN.found(address, detail, _remedy(host, missing, begun))


def _to_start(host: str, state: ServiceState, begun: Collection[str]) -> str:
    services = [SERVICE, *sorted(state.stopped_dependents)]
    if state.start_mode == "Disabled" and SERVICE not in begun:
        which = "it, and what depends on it" if len(services) > 1 else "it"
        first = f"Unless somebody stopped it deliberately, set its start mode and start {which}; {enabling(host)}"
        return "\n".join([first, *(f"  {starting(one, host)}" for one in services if one not in begun)])
    return _remedy(host, services, begun)


def _remedy(host: str, services: Sequence[str], begun: Collection[str]) -> str:
    left = [service for service in services if service not in begun]
    if not left:
        return "An apply starts it."
    lines = [f"  {starting(service, host)}" for service in left]
    which = "it" if len(left) == 1 else "it, and what depends on it" if SERVICE in left else "them"
    return "\n".join([f"Start {which}, unless somebody stopped it deliberately:", *lines])


def _killers(action: Action, pool: UcPool, landscape: Landscape) -> Iterator[Diagnostic]:
    if pool.product != PROVEN:
        return
    users = landscape.all(LyncUser).values()
    found = sorted(
        user.key for user in users if user.get(LyncUser.registrar_pool) == pool.fqdn and _has_reserved(user.key)
    )
    if found:
        verb = "has a SIP address" if len(found) == 1 else "have SIP addresses"
        detail = f"Of the users of {pool.fqdn}, {listed(found)} {verb} with a reserved character (KB 2912334)."
        yield MAY_NOT_START.found(action.address, detail)


def _has_reserved(sip_address: str) -> bool:
    return bool(_RESERVED.intersection(sip_address.rpartition("@")[0]))
