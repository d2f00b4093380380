"""When a Front End must restart: a level of observed times and of what is owed, never an event.

Lync learns of UM objects when RTCSRV starts, so a Front End that started before the newest hunt group was made does
not know it. Times of different clocks are not compared as they are: the difference of the Front End's clock to
Exchange's is taken out first. What counts is WhenCreated, which exchucutil renews; WhenChanged and flags never count,
or step 6 would ask for another restart for ever. Sources: Gg398129 (step 5); DOMAIN 5.3; RELIABILITY D1, D2.
"""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from providers.cmdlets.value_types import instant
from providers.estate.front_end_services import FRONT_END_RESTART, state_of
from providers.estate.services import ServiceState, moment
from providers.estate.topology import uc_pools
from providers.schema.dial_plan import DialPlan
from providers.schema.exchucutil import Exchucutil
from providers.schema.hunt_group import HuntGroup
from providers.schema.windows_services import ServiceRestart, UMServiceRestart, WindowsServices
from reconciler.model.actions import Action, ActionKind
from reconciler.model.errors import SessionError
from reconciler.model.landscape import Landscape, Named
from reconciler.model.resource_types import Answer
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation

_SAME_CLOCK = timedelta(seconds=20)
"""Clocks that differ by less are taken as equal: so much can pass between two reads. A corrected time may be wrong by
as much; within it a Front End is not restarted once more, so that no restart of ours asks for another."""


def restart_reasons(host: str, landscape: Landscape) -> tuple[str, ...]:
    """Return why a Front End must be restarted, in words; nothing where it need not.

    One that is stopped and owes nothing is left alone: it reads everything when somebody starts it. So is one that is
    starting, where it began after the need did.
    """
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
    """Return the open obligation of a Front End to restart, unless its end is seen already."""
    owed = landscape.prior.owes(FRONT_END_RESTART.of(host))
    return None if owed is None or has_restarted(owed, landscape) else owed


def has_restarted(owed: Obligation, landscape: Landscape) -> bool:
    """True where a Front End is seen to run since a moment after its obligation began."""
    state = state_of(owed.subject, landscape)
    return state is not None and state.is_running and _is_after(state, owed)


def _is_after(state: ServiceState, owed: Obligation) -> bool:
    return state.start_time is not None and owed.since is not None and state.start_time > owed.since


def _links(landscape: Landscape) -> list[Resource]:
    """Return the hunt groups that link a managed dial plan with a pool's gateway."""
    pools, plans = uc_pools(landscape), landscape.wanted(DialPlan)
    groups = landscape.all(HuntGroup).values()
    return [
        one for one in groups if one.get(HuntGroup.gateway) in pools and (one.get(HuntGroup.dial_plan) or "") in plans
    ]


def is_older_than_links(host: str, state: ServiceState, landscape: Landscape) -> bool:
    """True where the newest hunt group was made after the service started; clocks not compared prove nothing."""
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
    """True where a running service cannot be compared with the newest hunt group: no clock of Exchange was read."""
    has_links = state.is_running and _newest_link(landscape) is not None
    return has_links and clock_ahead(host, landscape) is None


def _newest_link(landscape: Landscape) -> str | None:
    return max((made for group in _links(landscape) if (made := group.get(HuntGroup.when_created))), default=None)


def clock_ahead(host: str, landscape: Landscape) -> timedelta | None:
    """Return by how much a Front End's clock is ahead of the Exchange servers'; None where that was not read."""
    observed = landscape.one(ServiceRestart, host)
    own = moment(observed.get(WindowsServices.host_clock)) if observed else None
    reference = moment(observed.get(ServiceRestart.exchange_clock)) if observed else None
    if own is not None and reference is not None:
        return own - reference
    clocks = [moment(one.get(WindowsServices.host_clock)) for one in landscape.all(UMServiceRestart).values()]
    told = [clock.timestamp() for clock in clocks if clock is not None]
    if own is None or not told:
        return None
    return timedelta(seconds=own.timestamp() - median(told))


def exchange_clock(answer: Answer) -> str | None:
    """Return Exchange's clock, from an answer of its entry point."""
    command, reply = answer
    if command.endpoint.host or isinstance(reply, SessionError):
        return None
    told = next((instant(record.get("HostClock")) for record in reply.records), None)
    return told if isinstance(told, str) else None


def unreplicated(answer: Answer, landscape: Landscape) -> str | None:
    """Return which catalogue lacks a hunt group that Lync is to find; one that does not answer is passed over."""
    command, reply = answer
    controller = command.argument("DomainController")
    if controller is None or isinstance(reply, SessionError):
        return None
    known = {str(record.get("Guid")).casefold() for record in reply.records}
    lacking = [group for group in _links(landscape) if group.guid and group.guid.casefold() not in known]
    return f"{controller} does not know {lacking[0].address} yet" if lacking else None
