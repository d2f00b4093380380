"""Whether the links of dial plans with Lync pools are as ``pools`` of the dial plans says, and whom that leaves out.

Sources: the text of the script; DOMAIN 4.2, 4.3, 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from providers.cmdlets.cmdlet_resource import object_argument
from providers.estate.links import is_script_link, links_of, named_pools, users_left_out
from providers.estate.outcall_advice import working_choices
from providers.estate.outcalls import solve_outcalls
from providers.estate.topology import gateways_of, uc_pools
from providers.schema.exchange import DialPlan, HuntGroup, IPGateway
from providers.schema.lync import LyncService
from reconciler.model.actions import ActionKind
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity, count, did_you_mean, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource
from reconciler.model.values import folded

UNKNOWN_POOL: Final = Rule(
    "UM037",
    "Unknown pool",
    "A dial plan names a pool that the Lync topology does not have, or one without a Registrar or Director.",
    "Write the FQDN of a pool, or all.",
    "Get-CsPool, Get-CsService; DOMAIN 6.2",
)
USERS_LEFT_OUT: Final = Rule(
    "UM089",
    "Users on a pool that is not linked",
    "pools of a dial plan leaves out a pool with users of that dial plan. Their pool cannot reach Unified Messaging "
    "for the dial plan, so callers do not reach their voice mail.",
    "Add the pool to pools of the dial plan, or move the users to one of its pools.",
    "Configure UM to work with Lync Server (JJ966276); DOMAIN 4.2",
    Severity.WARNING,
)
OTHER_LINK: Final = Rule(
    "UM009",
    "Custom hunt group on a pool that is left out",
    "A custom hunt group links a dial plan with a pool that pools of the dial plan leaves out. It is no link of "
    "exchucutil, so the plan does not remove it.",
    "Add the pool to pools of the dial plan, or remove the hunt group.",
    "New-UMHuntGroup; DOMAIN 7.5",
    Severity.WARNING,
)
NO_OUTCALLS: Final = Rule(
    "UM049",
    "No gateway would be left for outgoing calls",
    "The plan removes links of a dial plan, and one of their gateways places its outgoing calls. None of the gateways "
    "that stay linked allows outgoing calls, so Play on Phone would fail.",
    "Write an outcall_gateway that stays linked, or keep a pool that places the outgoing calls in pools.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 6.1",
)
LINK_RULES: Final = (UNKNOWN_POOL, USERS_LEFT_OUT, OTHER_LINK, NO_OUTCALLS)


def check_links(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the errors and warnings about ``pools`` of the declared dial plans."""
    plans = [plan for plan in landscape.wanted(DialPlan).values() if named_pools(plan) is not None]
    return [found for plan in plans for found in _check(plan, landscape)]


def _check(plan: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    pools, named = uc_pools(landscape), named_pools(plan) or frozenset()
    if landscape.is_readable(LyncService) and pools:
        for pool in sorted(named - pools.keys()):
            yield UNKNOWN_POOL.found(plan, f'{plan.address} names the pool "{pool}".', did_you_mean(pool, pools))
    if left_out := users_left_out(plan, landscape):
        shown = listed(f"{count(number, 'user')} on {pool}" for pool, number in left_out.items())
        remedy = f"Write for the dial plan, or move the users:\n  pools: [{', '.join(sorted({*named, *left_out}))}]"
        yield USERS_LEFT_OUT.found(plan, f"{plan.address} leaves out {shown}.", remedy)
    for group in links_of(landscape).get(folded(plan.key), ()):
        gateway = group.get(HuntGroup.gateway) or ""
        if gateway in pools and gateway not in named and not is_script_link(group, landscape):
            yield OTHER_LINK.found(group, _other_link(plan, group), _removing(group, landscape))
    if _loses_outcalls(plan, landscape):
        detail = f"{plan.address} would keep {_left(plan, landscape)}."
        yield NO_OUTCALLS.found(plan, detail, _keeping_outcalls(plan, landscape))


def _other_link(plan: Resource, group: Resource) -> str:
    return f"{group.address} links {plan.address} with {group.get(HuntGroup.gateway)}, which its pools leave out."


def _removing(group: Resource, landscape: Landscape) -> str:
    if group.key in landscape.wanted(HuntGroup):
        return f"{OTHER_LINK.remedy[:-1]} from hunt_groups."
    gateway, name = landscape.one(IPGateway, group.get(HuntGroup.gateway)), group.key.partition("/")[2]
    identity = object_argument(group, f"{gateway.name if gateway else ''}\\{name}")
    return f"{OTHER_LINK.remedy[:-1]}:\n  {write('Remove-UMHuntGroup', Identity=identity)}"


def _loses_outcalls(plan: Resource, landscape: Landscape) -> bool:
    """True if the plan removes a link whose gateway allows outgoing calls, and leaves none that does."""
    left = gateways_of(plan.key, landscape)
    return bool(_removed_ways(plan, landscape)) and not any(_calls_out(one, landscape) for one in left)


def _removed_ways(plan: Resource, landscape: Landscape) -> Sequence[str]:
    """Return the gateways with outgoing calls from which the plan removes the link with a dial plan."""
    removed = [
        action.address.key.partition("/")[0]
        for action in landscape.actions.values()
        if action.address.type == HuntGroup.name and action.kind is ActionKind.DELETE and not action.destroyed
        if folded(action.address.key.partition("/")[2]) == folded(plan.key)
    ]
    return [one for one in removed if _calls_out(one, landscape)]


def _calls_out(gateway: str, landscape: Landscape) -> bool:
    known = landscape.one(IPGateway, gateway)
    is_used = known is not None and known.get(IPGateway.status) != "Disabled"
    return is_used and known is not None and bool(known.get(IPGateway.outcalls_allowed))


def _left(plan: Resource, landscape: Landscape) -> str:
    return f"{listed(gateways_of(plan.key, landscape))} without outgoing calls"


def _keeping_outcalls(plan: Resource, landscape: Landscape) -> str:
    """Return the remedy: an ``outcall_gateway`` that was tried; where none works, a pool that places the calls now."""
    decided = next(each for each in solve_outcalls(landscape) if each.plan.key == plan.key)
    if choice := next(working_choices(decided, landscape, is_strict=True), None):
        return f"Write for the dial plan:\n  outcall_gateway: {choice}"
    kept = sorted({*(named_pools(plan) or ()), _removed_ways(plan, landscape)[0]})
    return f"Keep a pool that places its outgoing calls:\n  pools: [{', '.join(kept)}]"
