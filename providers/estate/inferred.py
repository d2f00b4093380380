"""Infers the intents of a dial plan from what follows from them: its servers, its gateway for outgoing calls.

An intent is inferred only where it derives the observed state: a plan of it changes nothing. The rest is a note.

Sources: DOMAIN 3.4, 3.5, 3.6, 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from providers.estate.outcalls import Trouble, solve_outcalls, wanted_outcalls
from providers.estate.people import sip_dial_plans
from providers.estate.servers import UMHost, um_hosts
from providers.estate.topology import front_end_pools, gateways_of, uc_pools
from providers.schema.exchange import UNMANAGED, DialPlan, HuntGroup, IPGateway, ServerBinding, UMMailbox
from providers.schema.lync import LyncComputer, LyncDialPlan, LyncService, LyncSite, LyncUser, Pool
from reconciler.model.abilities import Inferred
from reconciler.model.diagnostics import listed
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource, Resources
from reconciler.model.values import Value, folded


def inferred_plan(plan: Resource, landscape: Landscape) -> Inferred:
    """Return the intents of an observed dial plan."""
    values: dict[str, Value] = {}
    notes: list[str] = []
    if lync := inferred_lync_plan(plan, landscape):
        values[DialPlan.lync_dial_plan.name] = lync
    servers, lacking = _servers(plan, landscape)
    if servers:
        values[DialPlan.servers.name] = servers
    notes += [f"{DialPlan.servers.name}: without {host}, where {why}" for host, why in lacking.items()]
    pools, unlinked = _pools(plan, landscape)
    if unlinked:
        values[DialPlan.pools.name] = pools
        notes.append(f"{DialPlan.pools.name}: without {listed(unlinked)}, which no hunt group links with it")
    choice = landscape.fact(_outcall_choices, landscape).get(folded(plan.key))
    if choice:
        values[DialPlan.outcall_gateway.name] = choice
    if choice == UNMANAGED and not _are_links_known(landscape):
        notes.append(f"{DialPlan.outcall_gateway.name}: its gateways could not be read; auto makes it exactly one")
    elif choice == UNMANAGED:
        enabled = _enabled(plan, landscape)
        having = f"{listed(enabled)} allow outgoing calls" if enabled else "no gateway allows outgoing calls"
        notes.append(f"{DialPlan.outcall_gateway.name}: {having}; auto makes it exactly one")
    return Inferred(values, tuple(notes))


# --- servers ---------------------------------------------------------------------------------------------------------


def _servers(plan: Resource, landscape: Landscape) -> tuple[Value, Mapping[str, str]]:
    """Return ``all``, the servers that are bound as ``servers`` would bind them, or nothing; and why others are not.

    A server without any binding of the dial plan has no reason.
    """
    hosts = um_hosts(landscape)
    found = {host: _lacks(plan, host, landscape) for host in hosts.values()}
    bound = tuple(host.fqdn for host, why in found.items() if why == "")
    lacking = {host.fqdn: why for host, why in found.items() if why}
    return ("all" if bound and len(bound) == len(hosts) else bound), lacking


def _lacks(plan: Resource, host: UMHost, landscape: Landscape) -> str | None:
    """Return why ``servers`` would change a server that is bound; '' if it would not, None if it is not bound."""
    keys = [f"{host.fqdn}/{service.value}" for service in host.services]
    if not all(landscape.is_readable(ServerBinding, key) for key in keys):
        return "the binding cannot be read"
    bindings = [landscape.one(ServerBinding, key) for key in keys]
    has_plan = [one is not None and _binds(one, plan) for one in bindings]
    if not any(has_plan):
        return None
    if not all(has_plan):
        without = [key.rpartition("/")[2] for key, has in zip(keys, has_plan, strict=True) if not has]
        return f"{listed(without)} is not bound"
    is_secured = plan.get(DialPlan.voip_security) in ("Secured", "SIPSecured")
    modes = {one.get(ServerBinding.startup_mode) for one in bindings if one is not None}
    if is_secured and host.version.has_startup_mode and not modes <= {"TLS", "Dual"}:
        return f"the startup mode is {listed(sorted(mode or 'unknown' for mode in modes))}"
    return ""


def _binds(binding: Resource, plan: Resource) -> bool:
    return any(folded(name) == folded(plan.key) for name in binding.get(ServerBinding.dial_plans))


# --- pools -----------------------------------------------------------------------------------------------------------


def _pools(plan: Resource, landscape: Landscape) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the pools that are linked with a dial plan or will be, and the Front End pools that somebody left out.

    exchucutil has not run yet for a pool without a gateway, nor for a dial plan without any link: nobody left them out.
    """
    if not (_are_links_known(landscape) and landscape.is_readable(LyncService)):
        return (), ()
    pools, linked = uc_pools(landscape), gateways_of(plan.key, landscape)
    found = [pool for pool in linked if pool in pools]
    others = [pool.fqdn for pool in front_end_pools(landscape) if found and pool.fqdn not in found]
    new = [pool for pool in others if landscape.one(IPGateway, pool) is None]
    return (*found, *new), tuple(pool for pool in others if pool not in new)


# --- outgoing calls --------------------------------------------------------------------------------------------------


def _outcall_choices(landscape: Landscape) -> Mapping[str, str]:
    """Return ``auto``, a gateway or ``unmanaged`` by folded dial plan, so that no gateway would change.

    Dial plans share gateways. So each choice is tried together with all others. ``auto`` follows from the topology and
    the users: where these could not be read, it might mean another gateway tomorrow.
    """
    plans = {folded(plan.key): plan for plan in sip_dial_plans(landscape)}
    if not _are_links_known(landscape):
        return dict.fromkeys(plans, UNMANAGED)
    plans = {key: plan for key, plan in plans.items() if _gateways(plan, landscape)}
    explicit = {key: _only(_enabled(plan, landscape)) for key, plan in plans.items()}
    is_certain = all(landscape.is_readable(kind) for kind in _DECISIVE)
    choices = dict.fromkeys(plans, "auto") if is_certain else dict(explicit)
    while wrong := _wrong(plans, choices, landscape):
        for key in wrong:
            choices[key] = explicit[key] if choices[key] == "auto" else UNMANAGED
    return choices


_DECISIVE: Final = (LyncService, LyncSite, LyncComputer, Pool, LyncUser, UMMailbox)
"""What ``auto`` chooses by."""


def _are_links_known(landscape: Landscape) -> bool:
    return all(landscape.is_readable(kind) for kind in (IPGateway, HuntGroup))


def _only(enabled: Sequence[str]) -> str:
    return enabled[0] if len(enabled) == 1 else UNMANAGED


def _wrong(plans: Mapping[str, Resource], choices: Mapping[str, str], landscape: Landscape) -> list[str]:
    """Return the managed dial plans whose gateways would change, or whose choice would be refused."""
    chosen = [plans[key].having(DialPlan.outcall_gateway, choice) for key, choice in choices.items()]
    declared = {**landscape.declared, DialPlan.name: Resources(chosen)}
    solved = solve_outcalls(replace(landscape, declared=declared, desired={}))
    changed = {
        gateway
        for gateway, allowed in wanted_outcalls(solved).items()
        if (one := landscape.one(IPGateway, gateway)) is not None and one.get(IPGateway.outcalls_allowed) != allowed
    }
    refused = (Trouble.INVALID_CHOICE, Trouble.CONFLICT)
    return [
        key
        for each in solved
        if choices[key := folded(each.plan.key)] != UNMANAGED
        if each.trouble in refused or changed.intersection(each.gateways)
    ]


def _gateways(plan: Resource, landscape: Landscape) -> Mapping[str, Resource]:
    """Return the gateways that are linked to a dial plan and not disabled, by address."""
    linked = landscape.fact(_linked, landscape).get(folded(plan.key), ())
    return {one.key: one for one in linked if one.get(IPGateway.status) != "Disabled"}


def _enabled(plan: Resource, landscape: Landscape) -> list[str]:
    return [key for key, one in _gateways(plan, landscape).items() if one.get(IPGateway.outcalls_allowed)]


def _linked(landscape: Landscape) -> Mapping[str, tuple[Resource, ...]]:
    gateways = landscape.all(IPGateway)
    return {
        folded(plan.key): tuple(one for key in gateways_of(plan.key, landscape) if (one := gateways.get(key)))
        for plan in landscape.all(DialPlan).values()
    }


# --- the Lync dial plan ----------------------------------------------------------------------------------------------


def inferred_lync_plan(plan: Resource, landscape: Landscape) -> str | None:
    """Return the Lync dial plan that has the phone context as its simple name, otherwise the one of the same name."""
    known = landscape.all(LyncDialPlan)
    context = folded(plan.get(DialPlan.phone_context) or "")
    names = {folded(one.get(LyncDialPlan.simple_name) or ""): one.key for one in known.values()}
    same = known.get(plan.key)
    return (names.get(context) if context else None) or (same.key if same is not None else None)
