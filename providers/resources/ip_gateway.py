"""UM IP gateways, and the choice of the gateways for outgoing calls: step 6 of the procedure.

exchucutil makes one for each Lync pool and also resets its flag. The key is its address, the FQDN of the pool. The
chosen gateway is enabled first and the others are disabled after it, so a dial plan always has one.

Sources: Set-UMIPGateway (Microsoft Learn); Disable outgoing calls on UM IP gateways; DOMAIN 6, 7.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.value_types import Fqdn
from providers.estate.links import named_pools
from providers.estate.outcall_advice import advised_choice, is_poor, working_choices, working_sites
from providers.estate.outcall_reasons import outcall_reasons
from providers.estate.outcalls import (
    LOWER_OUTCALLS,
    GatewayClass,
    PlanOutcalls,
    Trouble,
    is_unmanaged,
    site_decision,
    solve_outcalls,
    wanted_outcalls,
)
from providers.estate.topology import gateways_of, uc_pools
from providers.schema.exchange import UNMANAGED, DialPlan, Exchucutil, HuntGroup, IPGateway
from providers.schema.lync import LyncSite
from providers.schema.windows_services import ServiceRestart
from reconciler.model.abilities import Deciding, Duty, Explaining, Obliged, Owing
from reconciler.model.actions import Action, Change
from reconciler.model.commands import Command, write
from reconciler.model.diagnostics import Diagnostic, Severity, did_you_mean, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Value

POOR_GATEWAY = Rule(
    "UM040",
    "Outgoing calls through an unsuitable gateway",
    "The gateway that places the outgoing calls of a dial plan does not belong to a Front End pool in its home site. "
    "Calls may take a long route. They fail through the gateway of a Director, or a gateway without a Lync pool. A "
    "gateway in another central site is only a note, and one that the operator chose is fine.",
    "Write outcall_gateway with the right gateway, or site with the Lync site of the users. Dial plans of several "
    "regions may share their gateways; then write for each of them the pools of its region with pools.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 6.2",
    Severity.WARNING,
    also=(Severity.NOTE,),
)
INVALID_CHOICE = Rule(
    "UM041",
    "Outcall gateway cannot be used",
    "The gateway chosen for a dial plan is not linked to it, is disabled, or is that of a Director pool.",
    "Write auto, or the FQDN of a pool whose gateway is linked to the dial plan.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 6.2",
)
NO_CANDIDATE = Rule(
    "UM042",
    "No gateway can be chosen for outgoing calls",
    "None of several gateways of a dial plan belongs to a Front End pool, so none is chosen automatically.",
    "Write outcall_gateway with the address of one of them.",
    "DOMAIN 6.2",
    Severity.WARNING,
)
CONFLICT = Rule(
    "UM043",
    "Outgoing calls cannot be given to one gateway each",
    "Dial plans share gateways. Every choice would give one dial plan two gateways with outgoing calls, or none.",
    "Choose a gateway that all of them can use, or give each dial plan pools of its own with pools.",
    "DOMAIN 6.2",
    Severity.WARNING,
    also=(Severity.ERROR,),
)
UNKNOWN_SITE = Rule(
    "UM044",
    "Unknown Lync site",
    "A dial plan names a site that the Lync topology does not have.",
    "Write the name of a central site.",
    "Get-CsSite; DOMAIN 6.2",
)
ORPHAN = Rule(
    "UM045",
    "Gateway of a removed pool",
    "exchucutil made the gateway for a pool that is no longer in the topology. The script never removes gateways.",
    "When nothing uses it any more, remove it with Remove-UMIPGateway.",
    "ExchUCUtil.ps1; DOMAIN 4.3",
    Severity.NOTE,
)
SHARED = Rule(
    "UM201",
    "Gateway is shared with a dial plan that is not managed",
    "The plan changes the outgoing calls of a gateway. A dial plan is linked with it that nobody declares, or whose "
    "gateways stay as they are. It may be left without a gateway for its outgoing calls, or get a second one.",
    "Declare the dial plan with outcall_gateway: auto. Then all of them are chosen together.",
    "Set-UMIPGateway; DOMAIN 6.1, 6.2",
    Severity.NOTE,
    also=(Severity.WARNING,),
)
DISABLED = Rule(
    "UM046",
    "Gateway of a pool is disabled",
    "Somebody disabled the gateway that links a Lync pool with a dial plan, or lets it take no new calls. UM takes no "
    "calls from it and places none through it.",
    "Enable it, with Enable-UMIPGateway.",
    "Enable-UMIPGateway; DOMAIN 7.4",
    Severity.WARNING,
)


class IPGatewayType(IPGateway, CmdletResource, Obliged, Owing, Deciding, Explaining):
    """The gateway of a pool; all dial plans together decide which gateways allow outgoing calls."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    after: ClassVar[tuple[str, ...]] = (ServiceRestart.name,)
    noun: ClassVar[str] = "UMIPGateway"
    key_type: ClassVar[Any] = Fqdn
    key_parameter: ClassVar[str] = "Address"
    key_output: ClassVar[str] = "Address"
    shown_as: ClassVar[str] = "gateway"
    duties: ClassVar[tuple[Duty, ...]] = (LOWER_OUTCALLS,)
    rules: ClassVar[tuple[Rule, ...]] = (
        POOR_GATEWAY,
        INVALID_CHOICE,
        NO_CANDIDATE,
        CONFLICT,
        UNKNOWN_SITE,
        ORPHAN,
        DISABLED,
        SHARED,
    )

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        wanted = wanted_outcalls(solve_outcalls(landscape))
        return tuple(
            Resource(Address(self.name, gateway)).having(self.outcalls_allowed, allowed)
            for gateway, allowed in wanted.items()
        )

    def why(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[str]:
        return outcall_reasons(desired.key, landscape)

    def obligations(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[Obligation]:
        """Return the lowering that a second gateway of a dial plan makes necessary: owed before it is allowed."""
        if not any(change.after is True for change in changes):
            return ()
        plans = [each.plan.key for each in solve_outcalls(landscape) if each.chosen]
        linked = (plan for plan in plans if desired.key in gateways_of(plan, landscape))
        return tuple(LOWER_OUTCALLS.of(plan) for plan in linked if _enabled(plan, landscape))

    def decisions(self, landscape: Landscape) -> Mapping[str, str]:
        decided = solve_outcalls(landscape)
        return {site_decision(each.plan): each.site for each in decided if each.is_site_counted and each.site}

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return the script that makes it; for a gateway to disable, also the gateways that replace it."""
        successors = () if desired.get(self.outcalls_allowed) else _successors(desired.key, landscape)
        return (*landscape.planned(Exchucutil), *successors)

    def conditions(self, action: Action, landscape: Landscape) -> Mapping[str, Value]:
        """Return the expected state of the gateways that replace a disabled one.

        Otherwise, if exchucutil failed to make the chosen gateway, a dial plan would have no gateway.
        """
        if not any(change.after is False for change in action.changes):
            return {}
        successors = (need.key for need in action.needs if need.type == self.name)
        there = tuple(sorted(key for key in successors if landscape.one(self, key) is not None))
        return {"taken_over_by": there}

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        return True

    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        plan = landscape.written(DialPlan).get(owed.subject)
        if plan is not None and is_unmanaged(plan):
            return True
        is_readable = landscape.is_readable(self) and landscape.is_readable(HuntGroup)
        return is_readable and len(_enabled(owed.subject, landscape)) <= 1

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        choices = [found for each in solve_outcalls(landscape) for found in _check(each, landscape)]
        return (*choices, *_orphans(landscape), *_disabled(landscape), *_shared(landscape))


def _successors(gateway: str, landscape: Landscape) -> tuple[Address, ...]:
    """Return the gateways that will place the calls of the dial plans that ``gateway`` serves."""
    plans = [plan.key for plan in landscape.wanted(DialPlan).values()]
    shared = {one for plan in plans if gateway in (linked := gateways_of(plan, landscape)) for one in linked}
    wanted = landscape.wanted(IPGateway).values()
    return tuple(one.address for one in wanted if one.key in shared and one.get(IPGateway.outcalls_allowed))


def _enabled(plan: str, landscape: Landscape) -> tuple[str, ...]:
    known = ((gateway, landscape.one(IPGateway, gateway)) for gateway in gateways_of(plan, landscape))
    return tuple(
        gateway
        for gateway, one in known
        if one is not None and one.get(IPGateway.outcalls_allowed) and one.get(IPGateway.status) != "Disabled"
    )


def _check(each: PlanOutcalls, landscape: Landscape) -> Sequence[Diagnostic]:
    found: list[Diagnostic] = []
    plan, site = each.plan, each.plan.get(DialPlan.site)
    sites = landscape.all(LyncSite)
    if site and sites and site not in sites:
        found.append(UNKNOWN_SITE.found(plan, f'{plan.address} names the site "{site}".', did_you_mean(site, sites)))
    match each.trouble:
        case Trouble.INVALID_CHOICE:
            found.append(_invalid_choice(each, landscape))
        case Trouble.NO_CANDIDATE:
            detail = f"{plan.address} has the gateways {_listed(each)}; they are left unchanged."
            found.append(NO_CANDIDATE.found(plan, detail, _advice(each, landscape, "W")))
        case Trouble.CONFLICT:
            severity = Severity.ERROR if each.explicit else None
            detail = f"{plan.address} shares the gateways {listed(each.gateways)}; they are left unchanged."
            found.append(CONFLICT.found(plan, detail, _advice(each, landscape, "W"), severity=severity))
        case None if is_poor(each):
            found.append(_poor_gateway(each, landscape))
        case _:
            pass
    return found


def _advice(each: PlanOutcalls, landscape: Landscape, beginning: str) -> str:
    """Return the remedy with the choice that ends the complaint."""
    choice = advised_choice(each, landscape)
    consequence = "; this leaves its gateways as they are" if choice == UNMANAGED else ""
    return f"{beginning}rite for the dial plan{consequence}:\n  outcall_gateway: {choice}"


def _poor_gateway(each: PlanOutcalls, landscape: Landscape) -> Diagnostic:
    why = "the only one linked" if len(each.gateways) == 1 else "the best there is"
    kind = each.chosen_class.value if each.chosen_class else ""
    site = f" {each.site}" if each.chosen_class is GatewayClass.REMOTE and each.site else ""
    home = f" than{site}" if site else ""
    detail = f"{each.plan.address} places its calls through {each.chosen}, a gateway {kind}{home}; it is {why}."
    # Plans that share their gateways share the choice: with users at several sites it is remote for some of them.
    severity = Severity.NOTE if each.chosen_class is GatewayClass.REMOTE else None
    remedy = _advice(each, landscape, "If this is correct, do nothing; to end this message, w")
    if home_site := next(working_sites(each, landscape), None):
        remedy += f"\nOr, if its users are at that site:\n  site: {home_site}"
    if any(other.plan != each.plan and {*other.gateways} & {*each.gateways} for other in solve_outcalls(landscape)):
        remedy += "\nOther dial plans share its gateways. If they are of other regions, write pools for each of them."
    return POOR_GATEWAY.found(each.plan, detail, remedy, severity=severity)


def _invalid_choice(each: PlanOutcalls, landscape: Landscape) -> Diagnostic:
    chosen, advice = f'{each.plan.address} chooses "{each.explicit}"', _advice(each, landscape, "W")
    if each.explicit in each.gateways:
        return INVALID_CHOICE.found(each.plan, f"{chosen}, the gateway of a Director pool.", advice)
    known = landscape.one(IPGateway, each.explicit)
    if known is not None and known.get(IPGateway.status) == "Disabled":
        remedy = f"Write another one, or enable it:\n  {_enabling(known)}"
        return INVALID_CHOICE.found(each.plan, f"{chosen}, which is disabled.", remedy)
    named = named_pools(each.plan)
    outside = named is not None and each.explicit not in named and each.explicit in uc_pools(landscape)
    why = "which pools of the dial plan leaves out" if outside else "which is not linked to it"
    working = [one for one in working_choices(each, landscape) if one in each.gateways]
    meant = did_you_mean(each.explicit or "", working) if working else ""
    return INVALID_CHOICE.found(each.plan, f"{chosen}, {why}.", meant or advice)


def _listed(each: PlanOutcalls) -> str:
    return listed(f"{gateway} ({each.classes[gateway].value})" for gateway in each.gateways)


def _orphans(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the gateways that exchucutil made for pools that no longer exist; names such as ``1:1`` show this."""
    pools = uc_pools(landscape)
    if not pools:
        return ()
    return tuple(
        ORPHAN.found(gateway, f"{gateway.address} ({gateway.name}) matches no pool.", _removing(gateway))
        for gateway in landscape.all(IPGateway).values()
        if gateway.key not in pools and gateway.name and re.fullmatch(r"[0-9]+:[0-9]+", gateway.name)
    )


def _shared(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return a finding for each change of a gateway that a dial plan which we do not manage is linked with."""
    wanted = landscape.wanted(DialPlan)
    ours = {plan.key for plan in wanted.values() if not is_unmanaged(plan)}
    others = [plan for plan in landscape.all(DialPlan).values() if plan.key not in ours]
    changed = [
        (action, change.after is True)
        for action in landscape.actions.values()
        if action.address.type == IPGateway.name
        for change in action.changes
        if change.attribute == IPGateway.outcalls_allowed.name
    ]
    return [
        _shared_with(plan, action, is_raised, landscape)
        for action, is_raised in changed
        for plan in others
        if action.address.key in gateways_of(plan.key, landscape)
    ]


def _shared_with(plan: Resource, action: Action, is_raised: bool, landscape: Landscape) -> Diagnostic:
    verb = "allows outgoing calls through" if is_raised else "ends outgoing calls through"
    enabled = _enabled(plan.key, landscape)
    then = f"it then has {listed(enabled)}" if enabled else "it then has no gateway for outgoing calls"
    detail = f"The plan {verb} {action.address}. {plan.address} is linked with it; {then}."
    return SHARED.found(action, detail, severity=None if enabled else Severity.WARNING)


def _disabled(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the gateways that link our dial plans with pools and take no calls.

    A disabled one that a dial plan chooses already has an error.
    """
    plans, pools = landscape.wanted(DialPlan).values(), uc_pools(landscape)
    chosen = {plan.get(DialPlan.outcall_gateway) for plan in plans}
    linked = sorted({gateway for plan in plans for gateway in gateways_of(plan.key, landscape)} & set(pools))
    found: list[Diagnostic] = []
    for gateway in filter(None, (landscape.one(IPGateway, one) for one in linked)):
        status = gateway.get(IPGateway.status)
        if status == "NoNewCalls" or (status == "Disabled" and gateway.key not in chosen):
            how = "is disabled" if status == "Disabled" else "takes no new calls"
            found.append(DISABLED.found(gateway, f"{gateway.address} {how}.", f"Enable it:\n  {_enabling(gateway)}"))
    return found


def _enabling(gateway: Resource) -> Command:
    return write("Enable-UMIPGateway", Identity=object_argument(gateway, gateway.key))


def _removing(gateway: Resource) -> str:
    command = write("Remove-UMIPGateway", Identity=gateway.name or gateway.key)
    return f"Remove it once nothing uses it:\n  {command}"
