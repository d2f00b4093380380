"""Decides when a Front End must restart, and warns where its services do not run or may not start again.

Observed times and open obligations decide, never an event. Lync reads UM objects when RTCSRV starts. So a Front End
that started before the newest hunt group was made does not use that hunt group. Before two times are compared, the
difference between the clock of the Front End and that of Exchange is subtracted. Only WhenCreated counts, which
exchucutil renews. WhenChanged and flags do not count: step 6 changes them and would cause restarts again and again.

A Front End that does not start again is noticed only after it was stopped, so known causes are reported before. Source
of the reserved characters: KB 2912334. Only its beginning could be read; the failure of the restart is inferred.

Sources: Gg398129 (step 5); DOMAIN 5.3; RELIABILITY D1, D2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import median

from providers.cmdlets.value_types import instant
from providers.estate.front_end_services import (
    FRONT_END_RESTART,
    SERVICE,
    enabling,
    started_by,
    starting,
    starts,
    state_of,
    stops,
)
from providers.estate.links import joined_pools, surplus_links
from providers.estate.services import ServiceState, ago, moment
from providers.estate.topology import UcPool, front_ends, uc_pools
from providers.schema.exchange import DialPlan, Exchucutil, HuntGroup
from providers.schema.lync import LYNC_2013, LyncUser
from providers.schema.windows_services import ServiceRestart, UMServiceRestart, WindowsServices
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, SessionError, Severity, listed
from reconciler.model.landscape import Landscape, Named, Settings
from reconciler.model.resource_types import Answer, Rule
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Obligation

_SAME_CLOCK = timedelta(seconds=20)
"""Smaller differences between clocks count as zero, because two reads may be this far apart.

A corrected time may be wrong by the same amount. So a Front End is not restarted for a smaller difference; otherwise
one restart could cause the next.
"""


def restart_reasons(host: str, landscape: Landscape) -> tuple[str, ...]:
    """Return the reasons why a Front End must restart, in words; empty if there is none.

    A stopped Front End without an obligation is left alone: it reads everything when it starts. The same applies to a
    Front End whose start began after the obligation. A pool that no dial plan is linked with has nothing to learn.
    """
    pool = front_ends(landscape).get(host)
    is_joined = pool is None or pool.fqdn in joined_pools(landscape)
    if not is_joined and landscape.prior.owes(FRONT_END_RESTART.of(host)) is None:
        return ()
    if any(action.kind is ActionKind.RUN for action in _actions(landscape, Exchucutil)):
        return ("exchucutil renews the hunt groups, which Lync reads when the service starts",)
    state, owed = state_of(host, landscape), _owed(host, landscape)
    if owed is not None and not (state is not None and state.is_starting and _is_after(state, owed)):
        return ("it has not been restarted since exchucutil ran",)
    if state is None or not state.is_running:
        return ()
    made = [a.address for a in _actions(landscape, HuntGroup) if a.kind is not ActionKind.DELETE]
    links = {group.address for group in _links(landscape)} if made else set()
    if renewed := [address.key for address in made if address in links]:
        return (f"a hunt group is made: {renewed[0]}",)
    if is_older_than_links(host, state, landscape):
        return ("it started before the newest hunt group was made",)
    return ()


def _actions(landscape: Landscape, kind: Named) -> tuple[Action, ...]:
    quiet = (ActionKind.ADOPT, ActionKind.FORGET)
    return tuple(a for a in landscape.actions.values() if a.address.type == kind.name and a.kind not in quiet)


def _owed(host: str, landscape: Landscape) -> Obligation | None:
    """Return the open obligation of a Front End to restart, unless the restart is already observed."""
    owed = landscape.prior.owes(FRONT_END_RESTART.of(host))
    return None if owed is None or has_restarted(owed, landscape) else owed


def has_restarted(owed: Obligation, landscape: Landscape) -> bool:
    """True if a Front End runs and started after its obligation began."""
    state = state_of(owed.subject, landscape)
    return state is not None and state.is_running and _is_after(state, owed)


def _is_after(state: ServiceState, owed: Obligation) -> bool:
    return state.start_time is not None and owed.since is not None and state.start_time > owed.since


def _links(landscape: Landscape) -> list[Resource]:
    """Return the hunt groups that link a managed dial plan with the gateway of a pool, without surplus links."""
    pools, plans, surplus = uc_pools(landscape), landscape.wanted(DialPlan), surplus_links(landscape)
    groups = (one for one in landscape.all(HuntGroup).values() if one.key not in surplus)
    return [
        one for one in groups if one.get(HuntGroup.gateway) in pools and (one.get(HuntGroup.dial_plan) or "") in plans
    ]


def is_older_than_links(host: str, state: ServiceState, landscape: Landscape) -> bool:
    """True where the newest hunt group was made after the service started; False if the clocks are not known."""
    started, made_at = moment(state.start_time), moment(_newest_link(landscape))
    if started is None or made_at is None:
        return False
    ahead = clock_ahead(host, landscape)
    if ahead is None:
        return False
    if abs(ahead) < _SAME_CLOCK:
        return made_at > started
    return made_at > started - ahead + min(_SAME_CLOCK, abs(ahead))


def is_of_unknown_age(host: str, state: ServiceState, landscape: Landscape) -> bool:
    """True where a running service cannot be compared with the newest hunt group: no Exchange clock was read."""
    has_links = state.is_running and _newest_link(landscape) is not None
    return has_links and clock_ahead(host, landscape) is None


def _newest_link(landscape: Landscape) -> str | None:
    return max((made for group in _links(landscape) if (made := group.get(HuntGroup.when_created))), default=None)


def clock_ahead(host: str, landscape: Landscape) -> timedelta | None:
    """Return how far the clock of a Front End is ahead of Exchange; None if a clock was not read."""
    observed = landscape.one(ServiceRestart, host)
    own = moment(observed.get(WindowsServices.host_clock)) if observed else None
    reference = moment(observed.get(ServiceRestart.exchange_clock)) if observed else None
    if own is not None and reference is not None:
        return own - reference
    clocks = [moment(one.get(WindowsServices.host_clock)) for one in landscape.all(UMServiceRestart).values()]
    found = [clock.timestamp() for clock in clocks if clock is not None]
    if own is None or not found:
        return None
    return timedelta(seconds=own.timestamp() - median(found))


def exchange_clock(answer: Answer) -> str | None:
    """Return the clock of Exchange from an answer of its entry point."""
    command, reply = answer
    if command.endpoint.host or isinstance(reply, SessionError):
        return None
    found = next((instant(record.get("HostClock")) for record in reply.records), None)
    return found if isinstance(found, str) else None


def unreplicated(answer: Answer, landscape: Landscape) -> str | None:
    """Return the catalogue that lacks a hunt group that Lync needs; a catalogue without an answer is skipped."""
    command, reply = answer
    controller = command.argument("DomainController")
    if controller is None or isinstance(reply, SessionError):
        return None
    known = {str(record.get("Guid")).casefold() for record in reply.records}
    lacking = [group for group in _links(landscape) if group.guid and group.guid.casefold() not in known]
    return f"{controller} does not have {lacking[0].address} yet" if lacking else None


STATE_UNKNOWN = Rule(
    "UM032",
    "State of a Front End is unknown",
    "A Front End or the clock to compare it with could not be read, so it is unknown whether the Front End has read "
    "the changes in UM. A restart that is still to do stays in the state.",
    "Make it reachable and plan again.",
    "DOMAIN 5.3",
    Severity.WARNING,
    is_guard=True,
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
    is_guard=True,
)
IS_DISABLED = Rule(
    "UM035",
    "Front End could not start again",
    "The start mode of RTCSRV is Disabled, so Windows does not start it again after a stop.",
    f"Set its start mode, or leave the Front End as it is:\n  Set-Service {SERVICE} -StartupType Automatic",
    "Set-Service (Microsoft Learn)",
    leaves_out=True,
    is_guard=True,
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


def _reserved_by_pool(users: Resources) -> Mapping[str | None, Sequence[str]]:
    """Return, by pool, its users whose SIP addresses have reserved characters, in order."""
    found: dict[str | None, list[str]] = {}
    for key in sorted(filter(_has_reserved, users)):
        found.setdefault(users[key].get(LyncUser.registrar_pool), []).append(key)
    return found


def _killers(action: Action, pool: UcPool, landscape: Landscape) -> Iterator[Diagnostic]:
    if pool.product != LYNC_2013:
        return
    found = landscape.fact(_reserved_by_pool, landscape.all(LyncUser)).get(pool.fqdn)
    if found:
        verb = "has a SIP address" if len(found) == 1 else "have SIP addresses"
        detail = f"Of the users of {pool.fqdn}, {listed(found)} {verb} with a reserved character (KB 2912334)."
        yield MAY_NOT_START.found(action.address, detail)


def _has_reserved(sip_address: str) -> bool:
    return bool(_RESERVED.intersection(sip_address.rpartition("@")[0]))
