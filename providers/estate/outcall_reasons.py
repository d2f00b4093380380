"""Why a gateway places the outgoing calls of a dial plan, in one line for each choice.

Source: DOMAIN 6.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from providers.estate.outcalls import GatewayClass, PlanOutcalls, solve_outcalls
from providers.estate.topology import uc_pools, voice_users_by_pool
from reconciler.model.diagnostics import count, listed
from reconciler.model.landscape import Landscape


def outcall_reasons(gateway: str, landscape: Landscape) -> Sequence[str]:
    """Return the choices of the dial plans that are linked with a gateway: equal ones are one line."""
    decided = solve_outcalls(landscape)
    by_choice: dict[tuple[str, str], list[str]] = {}
    for each in (one for one in decided if one.chosen and gateway in one.gateways):
        by_choice.setdefault((each.chosen or "", why_chosen(each, decided, landscape)), []).append(each.plan.key)
    return [
        f"{listed(plans)} {'calls' if len(plans) == 1 else 'call'} out through {chosen}: {why}"
        for (chosen, why), plans in by_choice.items()
    ]


def why_chosen(each: PlanOutcalls, decided: Sequence[PlanOutcalls], landscape: Landscape) -> str:
    """Return a clause that says why the chosen gateway places the outgoing calls of a dial plan."""
    kind = each.chosen_class.value if each.chosen_class else ""
    if each.explicit is not None:
        return f"outcall_gateway names it ({kind})"
    if len(each.gateways) == 1:
        return f"no other gateway is linked ({kind})"
    if each.chosen == each.incumbent:
        return f"it does so already, and it is {kind}"
    if each.tiers and each.chosen == each.tiers[0][0]:
        return f"it is {kind}{_capacity(each, landscape)}"
    sharing = [other.plan.key for other in decided if other.chosen == each.chosen and other is not each]
    if not sharing:
        return f"a better one would give another dial plan two gateways, and it is {kind}"
    return f"it suits {listed([each.plan.key, *sharing])} together, and it is {kind}"


def _capacity(each: PlanOutcalls, landscape: Landscape) -> str:
    """Return how big the pool of the chosen gateway is, where other gateways suit as well."""
    pool = uc_pools(landscape).get(each.chosen or "")
    if pool is None or each.chosen_class is GatewayClass.DIRECTOR or len(each.tiers[0]) < 2:
        return ""
    users = voice_users_by_pool(landscape).get(pool.fqdn, 0)
    front_ends = count(len(pool.front_ends), "Front End")
    return f", and its pool is the biggest of them ({front_ends}, {count(users, 'user')})"
