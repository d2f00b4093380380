"""Decides when a Front End must restart: by observed times and by open obligations, never by an event.

Lync reads UM objects when RTCSRV starts. So a Front End that started before the newest hunt group was made does not use
that hunt group. Before two times are compared, the difference between the clock of the Front End and that of Exchange
is subtracted. Only WhenCreated counts, which exchucutil renews. WhenChanged and flags do not count: step 6 changes them
and would cause restarts again and again.

Sources: Gg398129 (step 5); DOMAIN 5.3; RELIABILITY D1, D2.
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
from reconciler.model.diagnostics import SessionError
from reconciler.model.landscape import Landscape, Named
from reconciler.model.resource_types import Answer
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation

_SAME_CLOCK = timedelta(seconds=20)
"""Smaller differences between clocks count as zero, because two reads may be this far apart.

A corrected time may be wrong by the same amount. So a Front End is not restarted for a smaller difference; otherwise
one restart could cause the next.
"""


def restart_reasons(host: str, landscape: Landscape) -> tuple[str, ...]:
    """Return the reasons why a Front End must restart, in words; empty if there is none.

    A stopped Front End without an obligation is left alone: it reads everything when it starts. The same applies to a
    Front End whose start began after the obligation.
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
    """Return the hunt groups that link a managed dial plan with the gateway of a pool."""
    pools, plans = uc_pools(landscape), landscape.wanted(DialPlan)
    groups = landscape.all(HuntGroup).values()
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
