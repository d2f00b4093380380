"""The effects of exchucutil: gateways of pools, their hunt groups, and the names of the gateways.

Sources: ExchUCUtil.ps1; DOMAIN 4.2, 4.3.
"""

from __future__ import annotations

from providers.estate.dial_plans import sip_dial_plans
from providers.estate.topology import PoolClass, UcPool, front_end_pools, name_given_to, uc_pools
from providers.schema.dial_plan import DialPlan
from providers.schema.hunt_group import HuntGroup
from providers.schema.ip_gateway import IPGateway
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource
from reconciler.model.values import folded


def pool_hunt_groups(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups on the gateways of pools: those that the script removes."""
    pools = uc_pools(landscape)
    return tuple(group for group in landscape.all(HuntGroup).values() if group.get(HuntGroup.gateway) in pools)


def custom_hunt_groups(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups on pool gateways that the script removes and does not make again."""
    made = {folded(plan.key) for plan in sip_dial_plans(landscape)}
    return tuple(
        group
        for group in pool_hunt_groups(landscape)
        if not (_name(group) in made and _name(group) == folded(group.get(HuntGroup.dial_plan) or ""))
    )


def _name(group: Resource) -> str:
    return folded(group.key.partition("/")[2])


def made_gateway(pool: UcPool, landscape: Landscape) -> Resource:
    """Return the gateway of a pool as the script leaves it; it sets the flags of an existing gateway too."""
    is_branch = pool.pool_class is PoolClass.BRANCH
    new = Resource(Address(IPGateway.name, pool.fqdn)).having(IPGateway.port, 5060).having(IPGateway.status, "Enabled")
    found = landscape.one(IPGateway, pool.fqdn) or new
    return found.having(IPGateway.outcalls_allowed, not is_branch).having(
        IPGateway.message_waiting_allowed, not is_branch
    )


def made_hunt_group(gateway: str, plan: Resource) -> Resource:
    pilot = (plan.get(DialPlan.phone_context) or plan.key).split(".")[0]
    made = Resource(Address(HuntGroup.name, f"{gateway}/{plan.key}")).having(HuntGroup.gateway, gateway)
    return made.having(HuntGroup.dial_plan, plan.key).having(HuntGroup.pilot_identifier, pilot)


def taken_names(landscape: Landscape, *, planned: bool = False) -> tuple[tuple[str, Resource], ...]:
    """Return the pools without a gateway whose name another gateway has, each with that gateway.

    Args:
        planned: the landscape already holds the predicted gateways of the script, which count as missing.
    """
    gateways = [one for one in landscape.all(IPGateway).values() if one.name]
    by_name = {folded(str(one.name)): one for one in gateways}
    found: list[tuple[str, Resource]] = []
    for pool in front_end_pools(landscape):
        known = landscape.one(IPGateway, pool.fqdn)
        if known is not None and not (planned and known.name is None):
            continue
        name = name_given_to(pool.fqdn, landscape)
        other = by_name.get(folded(name)) if name else None
        if other is not None:
            found.append((pool.fqdn, other))
    return tuple(found)


def in_words(pool: str, other: Resource) -> str:
    """Return the sentence that the gateway of a pool cannot be made because another gateway has its name."""
    return f"the gateway of {pool} cannot be made: a gateway named {other.name} already exists, {other.address}"
