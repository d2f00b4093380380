"""Which ``outcall_gateway``, or which ``site``, ends a complaint about the outgoing calls of a dial plan.

Each value is tried before it is advised. A value that brings a new complaint, or a worse one about a dial plan that
shares its gateways, is no advice. ``unmanaged`` ends every complaint and is the last resort.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from providers.estate.outcalls import GatewayClass, PlanOutcalls, Trouble, is_unmanaged, solve_outcalls
from providers.estate.topology import uc_pools
from providers.schema.exchange import UNMANAGED, DialPlan
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource

_SUITABILITY = list(GatewayClass)


def advised_choice(each: PlanOutcalls, landscape: Landscape) -> str:
    """Return the best ``outcall_gateway`` that ends the complaint about a dial plan."""
    return next(working_choices(each, landscape), UNMANAGED)


def working_choices(each: PlanOutcalls, landscape: Landscape, *, is_strict: bool = False) -> Iterator[str]:
    """Yield each ``outcall_gateway`` after which the dial plan has no complaint and no other one a new or worse one.

    Args:
        is_strict: no other one may get an unsuitable gateway either, even if none can be chosen for it now.
    """
    before = {one for one in complaints(solve_outcalls(landscape)) if one[0] != each.plan.key}
    allowed = before if is_strict else before | {(plan, None) for plan, _ in before}
    for choice in _choices(each):
        if _complaints_with(each.plan.having(DialPlan.outcall_gateway, choice), landscape) <= allowed:
            yield choice


def working_sites(each: PlanOutcalls, landscape: Landscape) -> Iterator[str]:
    """Yield each Lync site with which no complaint about the dial plan is left and no other one is new.

    The site of the gateway that is chosen now comes first.
    """
    before = {one for one in complaints(solve_outcalls(landscape)) if one[0] != each.plan.key}
    pools = uc_pools(landscape)
    gateways = [one for one in (each.chosen, *each.gateways) if one is not None]
    for site in dict.fromkeys(pools[one].site for one in gateways if one in pools):
        if site and _complaints_with(each.plan.having(DialPlan.site, site), landscape) <= before:
            yield site


def _complaints_with(plan: Resource, landscape: Landscape) -> set[tuple[str, Trouble | None]]:
    plans = landscape.wanted(DialPlan).replaced([plan])
    return complaints(solve_outcalls(landscape.with_desired(DialPlan.name, plans)))


def complaints(decided: Iterable[PlanOutcalls]) -> set[tuple[str, Trouble | None]]:
    """Return the dial plans with a trouble, and with None those whose gateway was chosen and is unsuitable."""
    quiet = (Trouble.UNMANAGED, Trouble.NOT_LINKED)
    return {
        (each.plan.key, each.trouble)
        for each in decided
        if each.trouble not in quiet and (each.trouble is not None or is_poor(each))
    }


def is_poor(each: PlanOutcalls) -> bool:
    """True if nobody chose the gateway and it does not belong to a Front End pool in the home site."""
    return each.chosen is not None and each.explicit is None and each.chosen_class is not GatewayClass.HOME


def _choices(each: PlanOutcalls) -> Iterator[str]:
    """Yield what may be written: the present choice of the rule, auto, then every gateway, the most suitable first."""
    if each.chosen is not None:
        yield each.chosen
    if each.explicit is not None or is_unmanaged(each.plan):
        yield "auto"
    is_only = len(each.gateways) == 1
    for gateway in sorted(each.gateways, key=lambda one: (_SUITABILITY.index(each.classes[one]), one)):
        if is_only or each.classes[gateway] is not GatewayClass.DIRECTOR:
            yield gateway
