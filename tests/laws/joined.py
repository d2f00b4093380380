"""Judges whether an estate is joined as the files say: links with pools, Lync dial plans, certificates, gateways.

They read the files and the servers, and share no code with the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from providers.simulator.cmdlets.certificates import certificates_of
from providers.simulator.world.directory import Entry
from reconciler.model.landscape import NO_RESOURCES
from reconciler.model.resources import Resource
from tests.laws.gateway_choice import Gateway, Plan, best, choices, groups
from tests.laws.oracles import UM_REREADS
from tests.laws.truth import Truth, managed
from tests.support.joins import FLAWED, thumbprint
from tests.support.phone import why_unreachable
from tests.support.trial import Trial

Service = tuple[str, str]
"""The FQDN of an Exchange server, and ``UM`` or ``UMCallRouter``."""
SERVICES: Mapping[str, str] = {"um": "UM", "router": "UMCallRouter"}


def unjoined(trial: Trial) -> Iterator[str]:
    """Yield what is joined otherwise than the files say, once an apply has ended well."""
    yield from (f"D2: link {one}" for one in wrong_links(trial))
    granted = lync_dial_plans(trial)
    for user, plan in wanted_grants(trial).items():
        if (granted.get(user) or "").casefold() != plan:
            yield f"{user} has the Lync dial plan {granted.get(user)}, not {plan}"
    there = assigned(trial)
    for service, name in wanted_certificates(trial).items():
        if there.get(service) != name:
            yield f"{service} has the certificate {there.get(service)}, not {name}"
    yield from misplaced(trial)


# --- links -----------------------------------------------------------------------------------------------------------


def wrong_links(trial: Trial) -> list[str]:
    """Return the links that a dial plan wants and lacks, or has and does not name, apart from custom hunt groups."""
    truth, found = Truth(trial.estate), []
    custom = {
        (key.partition("/")[0], str(one.get("dial_plan")))
        for key, one in trial.environment.declared.get("hunt_group", NO_RESOURCES).items()
    }
    pools = {pool.fqdn for pool in trial.world.lync.pools}
    front_ends = {pool.fqdn for pool in trial.world.lync.pools if pool.type != "director"}
    for name, plan in _plans(trial).items():
        named = plan.get("pools")
        linked = pools & set(truth.linked(name))
        wrong = linked ^ {str(pool) for pool in named} if isinstance(named, tuple) else front_ends - linked
        found += [f"{name} and {pool}" for pool in sorted(wrong) if (pool, name) not in custom]
    return found


def _plans(trial: Trial) -> Mapping[str, Resource]:
    return trial.environment.declared.get("dial_plan", NO_RESOURCES)


# --- Lync dial plans -------------------------------------------------------------------------------------------------


def lync_dial_plans(trial: Trial) -> dict[str, str | None]:
    """Return the Lync dial plan that each user is granted, by mail address."""
    return {mail_of(user): user.properties.get("DialPlan") for user in Truth(trial.estate).of("User")}


def mail_of(user: Entry) -> str:
    properties: Mapping[str, Any] = user.properties
    return str(properties.get("PrimarySmtpAddress") or properties.get("UserPrincipalName") or user.name).casefold()


def wanted_grants(trial: Trial) -> dict[str, str]:
    """Return the folded Lync dial plan of each declared user whose dial plan names one with ``grant: true``."""
    declared = trial.environment.declared
    lync = declared.get("lync_dial_plan", NO_RESOURCES)
    granted = {plan.key.casefold() for plan in lync.values() if plan.get("grant")}
    policies = {key: str(one.get("dial_plan")) for key, one in declared.get("mailbox_policy", NO_RESOURCES).items()}
    named = {plan.key: str(plan.get("lync_dial_plan")).casefold() for plan in _plans(trial).values()}
    found: dict[str, str] = {}
    for row in declared.get("um_mailbox", NO_RESOURCES).values():
        policy = str(row.get("policy") or "")
        plan = policies.get(policy) or str(row.get("dial_plan") or policy.removesuffix("/default"))
        if named.get(plan) in granted:
            found[row.key.casefold()] = named[plan]
    return found


# --- certificates ----------------------------------------------------------------------------------------------------


def assigned(trial: Trial) -> dict[Service, str]:
    """Return the certificate of each service of Unified Messaging that has one."""
    return {
        (server.fqdn, service): name
        for server in trial.world.exchange.servers
        for name, one in certificates_of(trial.estate.holdings, server).items()
        for service in SERVICES.values()
        if service in one.services
    }


def wanted_certificates(trial: Trial) -> dict[Service, str]:
    """Return the certificates that the files name; the rule takes the first of ``equipped``, which expires last."""
    best_ones = {server.fqdn: thumbprint(place, 0) for place, server in enumerate(trial.world.exchange.servers)}
    return {
        (one.key, SERVICES[name]): best_ones[one.key] if written == "best" else str(written)
        for one in trial.environment.declared.get("um_certificate", NO_RESOURCES).values()
        for name, written in one.attributes.items()
    }


# --- calls -----------------------------------------------------------------------------------------------------------


def unreached(trial: Trial) -> Iterator[str]:
    """Yield whose voice mail does not answer, of those whose dial plan was given to all servers.

    It need not answer where ``pools`` leaves out the pool of the user, and where a service uses a flawed certificate:
    nobody asked for another one, or somebody else assigned it and restarted nothing.
    """
    flawed = {thumbprint(place, FLAWED) for place, _ in enumerate(trial.world.exchange.servers)}
    if flawed & {*assigned(trial).values(), *_in_use(trial)}:
        return
    trial.clock.sleep(UM_REREADS)
    for row in trial.environment.declared.get("um_mailbox", NO_RESOURCES).values():
        plan = _plans(trial).get(str(row.get("dial_plan")))
        if plan is None or plan.get("servers") != "all" or (why := why_unreachable(trial.estate, row.key)) is None:
            continue
        if not (why.startswith("No gateway of the pool") and isinstance(plan.get("pools"), tuple)):
            yield f"{row.key} cannot be called: {why}"


def _in_use(trial: Trial) -> Iterator[str]:
    """Yield the certificates that services of Unified Messaging read when they last started."""
    for server in trial.world.exchange.servers:
        for service in trial.estate.holdings.services[server.fqdn].values():
            if isinstance(service.learned, list):
                yield from (one for one in service.learned if isinstance(one, str))


# --- gateways --------------------------------------------------------------------------------------------------------


def misplaced(trial: Trial) -> Iterator[str]:
    """Yield the dial plans whose gateways for outgoing calls are worse than what trying everything finds."""
    truth, pools = Truth(trial.estate), {pool.fqdn: pool for pool in trial.world.lync.pools}
    branches = {site.name for site in trial.world.lync.sites if site.type == "branch"}

    def kind(address: str) -> str:
        pool = pools.get(address)
        if pool is None:
            return "foreign"
        return pool.type if pool.type == "director" else "branch" if pool.site in branches else pool.site

    def described(name: str) -> Plan:
        plan = _plans(trial)[name]
        written, site = plan.get("outcall_gateway"), plan.get("site")
        gateways = tuple(Gateway(address, kind(address)) for address in sorted(truth.linked(name)))
        kept = trial.store.read().decision(f"dial_plan/{name}:site")
        return Plan(name, gateways, str(site) if site else kept, None if written in (None, "auto") else str(written))

    free = [plan for name in managed(trial) if (plan := described(name)).tiers()]
    for group in groups(free):
        wanted = best(group)
        if wanted is None:
            continue
        level, shared = wanted
        used = {plan.name: truth.enabled(plan.name) for plan in group}
        found = [one for one in choices(group) if {name: [one] for name, one in one.gateways.items()} == used]
        if [one.level for one in found[:1]] != [level]:
            yield f"{used} is not the best of {[(plan.name, plan.site, plan.chosen, plan.gateways) for plan in group]}"
        elif shared is not None and len({*found[0].gateways.values()}) > 1:
            yield f"{used} is not one gateway, which all could share"
