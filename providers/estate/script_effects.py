"""What exchucutil finds and makes: gateways of pools, their hunt groups, and the names it would give.

Sources: ExchUCUtil.ps1; DOMAIN 4.2, 4.3.
"""

from __future__ import annotations

from dataclasses import replace

from providers.estate.dial_plans import sip_dial_plans
from providers.estate.topology import PoolClass, UcPool, front_end_pools, name_given_to, uc_pools
from reconciler.model.addresses import Address
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource
from reconciler.model.values import Value, folded


def pool_hunt_groups(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups on the gateways of pools: those that the script removes."""
    pools = uc_pools(landscape)
    return tuple(group for group in landscape.all("hunt_group").values() if group.get("gateway") in pools)


def custom_hunt_groups(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups on pool gateways that the script removes and does not make again."""
    made = {folded(plan.key) for plan in sip_dial_plans(landscape)}
    return tuple(
        group
        for group in pool_hunt_groups(landscape)
        if not (_name(group) in made and _name(group) == folded(str(group.get("dial_plan"))))
    )


def _name(group: Resource) -> str:
    return folded(group.key.partition("/")[2])


def made_gateway(pool: UcPool, landscape: Landscape) -> Resource:
    """Return the gateway of a pool as the script leaves it: the flags are always set, on a reused one too."""
    is_branch = pool.pool_class is PoolClass.BRANCH
    flags: dict[str, Value] = {"outcalls_allowed": not is_branch, "message_waiting_allowed": not is_branch}
    observed = landscape.one("ip_gateway", pool.fqdn)
    if observed is not None:
        return replace(observed, attributes={**observed.attributes, **flags})
    made: dict[str, Value] = {"port": 5060, "status": "Enabled", **flags}
    return Resource(Address("ip_gateway", pool.fqdn), made)


def made_hunt_group(gateway: str, plan: Resource) -> Resource:
    pilot = (plan.text("phone_context") or plan.key).split(".")[0]
    attributes: dict[str, Value] = {"gateway": gateway, "dial_plan": plan.key, "pilot_identifier": pilot}
    return Resource(Address("hunt_group", f"{gateway}/{plan.key}"), attributes)


def taken_names(landscape: Landscape, *, planned: bool = False) -> tuple[tuple[str, Resource], ...]:
    """Return the pools without gateway whose name another gateway has, each with that one.

    Args:
        planned: the landscape predicts what the script makes, so that its own gateways count as missing.
    """
    gateways = [one for one in landscape.all("ip_gateway").values() if one.name]
    by_name = {folded(str(one.name)): one for one in gateways}
    found: list[tuple[str, Resource]] = []
    for pool in front_end_pools(landscape):
        known = landscape.one("ip_gateway", pool.fqdn)
        if known is not None and not (planned and known.name is None):
            continue
        name = name_given_to(pool.fqdn, landscape)
        other = by_name.get(folded(name)) if name else None
        if other is not None:
            found.append((pool.fqdn, other))
    return tuple(found)


def in_words(pool: str, other: Resource) -> str:
    """Return in words that the gateway of a pool cannot be made, and what has its name."""
    return f"the gateway of {pool} cannot be made: a gateway named {other.name} already exists, {other.address}"
