"""The links of dial plans with Lync pools: those that are missing, and those that a dial plan does not want.

exchucutil links every SIP dial plan with every pool. A dial plan with ``pools`` wants some of these links only, for
example those of its region. The other ones are surplus, and the plan removes them after the script. The last link of
a dial plan is never surplus.

Sources: the text of the script; DOMAIN 4.2, 4.3, 6.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from providers.estate.people import sip_dial_plans, users_by_pool
from providers.estate.topology import PoolClass, front_end_pools, uc_pools
from providers.schema.exchange import DialPlan, HuntGroup, IPGateway
from providers.schema.exchange_facts import Permission
from providers.schema.lync import LyncService
from reconciler.model.diagnostics import listed
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource
from reconciler.model.values import folded


def named_pools(plan: Resource | None) -> frozenset[str] | None:
    """Return the pools that a declared dial plan names; None for one that is linked with all of them."""
    pools = plan.get(DialPlan.pools) if plan is not None else None
    return None if pools is None or pools == "all" else frozenset(pools)


def is_script_link(group: Resource, landscape: Landscape) -> bool:
    """True for a link as exchucutil makes it: on the gateway of a pool, named like its dial plan."""
    is_named_so = folded(group.key.partition("/")[2]) == folded(group.get(HuntGroup.dial_plan) or "")
    return is_named_so and (group.get(HuntGroup.gateway) or "") in uc_pools(landscape)


def links_of(landscape: Landscape) -> Mapping[str, tuple[Resource, ...]]:
    """Return the hunt groups of each dial plan, by its folded name."""
    found: dict[str, list[Resource]] = {}
    for group in landscape.all(HuntGroup).values():
        if group.get(HuntGroup.gateway):
            found.setdefault(folded(group.get(HuntGroup.dial_plan) or ""), []).append(group)
    return {plan: tuple(groups) for plan, groups in found.items()}


def surplus_links(landscape: Landscape) -> Mapping[str, Resource]:
    """Return the dial plan of each link that exchucutil made and that its ``pools`` leave out, by the link's key."""
    declared, links = landscape.wanted(HuntGroup), links_of(landscape)
    found: dict[str, Resource] = {}
    for plan in landscape.wanted(DialPlan).values():
        named = named_pools(plan)
        if named is None or not landscape.is_readable(HuntGroup):
            continue
        own = links.get(folded(plan.key), ())
        outside = [group for group in own if (group.get(HuntGroup.gateway) or "") not in named]
        for group in outside if len(outside) < len(own) else ():
            is_theirs = group.key in declared or not landscape.is_readable(HuntGroup, group.key)
            if is_script_link(group, landscape) and not is_theirs:
                found[group.key] = plan
    return found


def lasting_gateways(landscape: Landscape) -> Mapping[str, frozenset[str]]:
    """Return the addresses of linked gateways by folded dial plan, without links that this plan removes.

    A plan removes surplus links, and the hunt groups that the state knows as ours and that are no longer declared.
    Unreadable ones stay.
    """
    wanted, surplus = landscape.wanted(HuntGroup), surplus_links(landscape)
    ours = landscape.prior.of_type(HuntGroup.name)
    found: dict[str, frozenset[str]] = {}
    for group in landscape.all(HuntGroup).values():
        is_removed = group.key in surplus or (group.key not in wanted and group.key in ours)
        gateway, plan = group.get(HuntGroup.gateway), folded(group.get(HuntGroup.dial_plan) or "")
        if gateway and not (is_removed and landscape.is_readable(HuntGroup, group.key)):
            found[plan] = found.get(plan, frozenset()) | {gateway}
    return found


def joined_pools(landscape: Landscape) -> frozenset[str]:
    """Return the pools that are linked with some dial plan after the script, without surplus links."""
    return landscape.fact(_joined_pools, landscape)


def _joined_pools(landscape: Landscape) -> frozenset[str]:
    pools, surplus, wanted = uc_pools(landscape), surplus_links(landscape), landscape.wanted(DialPlan)
    groups = [group for group in landscape.all(HuntGroup).values() if group.key not in surplus]
    found = {group.get(HuntGroup.gateway) or "" for group in (*groups, *landscape.wanted(HuntGroup).values())}
    for plan in sip_dial_plans(landscape):
        found |= named_pools(wanted.get(plan.key)) or pools.keys()
    return frozenset(found & pools.keys())


# --- what is missing -------------------------------------------------------------------------------------------------


def lasting_dial_plans(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the SIP dial plans that need links: all except those that this plan removes.

    The script links those too, because they are removed last, together with their links. They are not a reason to run
    it. A dial plan that nobody declares and that is linked with some pools may be split by hand: it needs no more.
    """
    wanted, ended, prior = landscape.wanted(DialPlan), landscape.ending(DialPlan), landscape.prior.resources
    pools, links = uc_pools(landscape), links_of(landscape)
    linked = {plan for plan, groups in links.items() if any(one.get(HuntGroup.gateway) in pools for one in groups)}
    return tuple(
        plan
        for plan in sip_dial_plans(landscape)
        if plan.key in wanted
        or (plan.key not in ended and plan.address not in prior and folded(plan.key) not in linked)
    )


def gained_links(landscape: Landscape) -> tuple[str, ...]:
    """Return the keys of the links that the script adds for dial plans that nobody declares and that are linked."""
    links, wanted = links_of(landscape), landscape.wanted(DialPlan)
    found: list[str] = []
    for plan in sip_dial_plans(landscape):
        known = {group.get(HuntGroup.gateway) for group in links.get(folded(plan.key), ())}
        if plan.key not in wanted and known:
            found += [f"{pool}/{plan.key}" for pool in uc_pools(landscape) if pool not in known]
    return tuple(sorted(found))


def needed_pools(plan: Resource, landscape: Landscape) -> tuple[str, ...]:
    """Return the pools that a dial plan has to be linked with: those that it names, otherwise every Front End pool.

    Directors never call UM, so a link with a Director pool is needed only where a dial plan names it.
    """
    named = named_pools(landscape.wanted(DialPlan).get(plan.key))
    pools = uc_pools(landscape).values()
    return tuple(
        pool.fqdn
        for pool in pools
        if (pool.pool_class is not PoolClass.DIRECTOR if named is None else pool.fqdn in named)
    )


def missing_links(landscape: Landscape) -> tuple[str, ...]:
    """Return, in words, the missing objects that the script would make: the only reason to run it.

    A pool that no dial plan needs is no reason. Without a managed dial plan nothing is missing.
    """
    plans = lasting_dial_plans(landscape)
    readable = all(landscape.is_readable(kind) for kind in (IPGateway, HuntGroup, LyncService))
    if not plans or not landscape.wanted(DialPlan) or not readable:
        return ()
    linked = {plan: {group.get(HuntGroup.gateway) for group in groups} for plan, groups in links_of(landscape).items()}
    needed = {plan.key: needed_pools(plan, landscape) for plan in plans}
    without = [
        pool
        for pool in uc_pools(landscape)
        if landscape.one(IPGateway, pool) is None and any(pool in pools for pools in needed.values())
    ]
    missing = [f"no gateway for {listed(without)}"] if without else []
    for plan, pools in needed.items():
        known = linked.get(folded(plan), set())
        if unlinked := [pool for pool in pools if pool not in without and pool not in known]:
            missing.append(f"no hunt group links {plan} with {listed(unlinked)}")
    lacking = [one.key for one in landscape.all(Permission).values() if one.get(Permission.is_granted) is False]
    if lacking and front_end_pools(landscape):
        missing.append(f"permission missing: {listed(lacking)}")
    return tuple(missing)


# --- who is left out -------------------------------------------------------------------------------------------------


def users_left_out(plan: Resource, landscape: Landscape) -> Mapping[str, int]:
    """Return the number of users of a dial plan on each Front End pool that it is not linked with by ``pools``."""
    named = named_pools(plan)
    if named is None:
        return {}
    pools = {pool.fqdn for pool in front_end_pools(landscape)} - named
    counts = users_by_pool(landscape).get(folded(plan.key), Counter())
    return {pool: counts[pool] for pool in sorted(pools) if counts[pool]}
