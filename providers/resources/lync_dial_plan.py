"""Lync dial plans (location profiles), and the name rule for old Exchange servers: step 3 of the procedure.

While any UM server of a dial plan is older than Exchange 2010 SP1, the SimpleName of the Lync dial plan must be the
phone context; otherwise Lync does not find the UM dial plan. The name is derived if it is not written, and checked if
it is. New-CsDialPlan also makes a normalization rule. The rule is not an attribute, so it never counts as drift.

Sources: New-CsDialPlan, Set-CsDialPlan (Microsoft Learn); Gg425737; DOMAIN 3.4, 7.8.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.products import LYNC_PROVIDER
from providers.cmdlets.value_types import Normalise, Text, checked
from providers.estate.inferred import inferred_lync_plan
from providers.estate.people import plan_of, plans_by_policy
from providers.estate.servers import named_servers, um_hosts
from providers.schema.exchange import DialPlan, ServerBinding, UMMailbox
from providers.schema.lync import DialPlanGrant, LyncDialPlan, without_tag
from reconciler.model.abilities import Holder, Inferred, Inferring
from reconciler.model.actions import Claim
from reconciler.model.diagnostics import Diagnostic, Problem, did_you_mean
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Lifecycle, Rule, When, placed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value, folded

UNKNOWN_LYNC_DIAL_PLAN = Rule(
    "UM080",
    "Unknown Lync dial plan",
    "A UM dial plan names a Lync dial plan that neither exists nor is declared.",
    "Declare it under lync_dial_plans, or name one that exists.",
    "Get-CsDialPlan; DOMAIN 7.8",
)
NAME_RULE = Rule(
    "UM081",
    "Lync dial plan does not have the phone context",
    "While a UM server of a dial plan is older than Exchange 2010 SP1, the SimpleName of the Lync dial plan must "
    "equal the phone context of the UM dial plan. Otherwise Lync does not find it.",
    "Leave simple_name out to derive it, or write the phone context.",
    "Deployment process for integrating on-premises UM (Gg425737); DOMAIN 3.4",
)
NAME_TWICE = Rule(
    "UM085",
    "Simple name is used twice",
    "The SimpleName of a Lync dial plan is unique: Lync refuses a second one.",
    "Give one of them another simple_name. One that is declared without it keeps the name that it has.",
    "New-CsDialPlan, parameter SimpleName; DOMAIN 7.8",
    when=When.FILES,
)


_SCOPED = checked(
    r"([Gg]lobal|[Ss]ite:[^:]+|[Rr]egistrar:[^:]+|[Pp]stn[Gg]ateway:[^:]+|[^:/\\]{1,200})",
    "must be Global, site:<site>, Registrar:<pool>, PstnGateway:<fqdn>, or a name without : / \\",
    shown="",
)


class LyncDialPlanType(LyncDialPlan, CmdletResource, Holder, Inferring):
    """A Lync dial plan (location profile)."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
    after: ClassVar[tuple[str, ...]] = (DialPlan.name,)
    section: ClassVar[str | None] = "lync_dial_plans"
    noun: ClassVar[str] = "CsDialPlan"
    provider: ClassVar[Provider] = LYNC_PROVIDER
    has_guid: ClassVar[bool] = False
    key_type: ClassVar[Any] = Annotated[Text, Normalise(without_tag), _SCOPED, AfterValidator(str)]
    key_parameter: ClassVar[str] = "Identity"
    key_output: ClassVar[str] = "Identity"
    name_output: ClassVar[str] = "Identity"
    rules: ClassVar[tuple[Rule, ...]] = (UNKNOWN_LYNC_DIAL_PLAN, NAME_RULE, NAME_TWICE)

    def declared(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the dial plan; one of a site, a pool or all applies by its scope and is granted to nobody."""
        if self.grant.of(values) and (":" in key or folded(key) == "global"):
            detail = f'"grant" is true, but {key} applies by its scope and is granted to nobody.'
            return (Problem((self.grant.name,), "Invalid value", detail, "Remove grant, or give it a name alone."),)
        return super().declared(key, values)

    def inferred(self, observed: Resource, landscape: Landscape) -> Inferred:
        """Return ``grant`` where all users of the UM dial plans of this name have it, and there are some."""
        return Inferred({self.grant.name: True} if _is_granted(observed, landscape) else {})

    def declared_end(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the dial plan; the global one cannot be removed, because Lync only resets it."""
        if folded(key) != "global":
            return super().declared_end(key, values)
        detail = "The global Lync dial plan always exists. Its removal would only reset it."
        return (Problem((), "Invalid state", detail, "Remove this declaration."),)

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True for the global dial plan: every deployment has it."""
        return folded(observed.key) == "global"

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        contexts = required_names(landscape)
        return tuple(_named(plan, contexts.get(folded(plan.key))) for plan in super().derive(landscape))

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        return folded(prior.key) == "global"  # removing it only resets it

    def released(self, holder: Resource, claims: Sequence[Claim], landscape: Landscape) -> Resource:
        """Return the dial plan with a temporary name, because it must have one until it is removed or renamed."""
        taken = {folded(one.get(LyncDialPlan.simple_name) or "") for one in landscape.all(self).values()}
        names = (
            f"{str(holder.get(LyncDialPlan.simple_name))[:240]}-freed{number or ''}" for number in itertools.count()
        )
        parked = next(name for name in names if folded(name) not in taken)
        return holder.having(self.simple_name, parked)

    def successors(self, gone: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return the new Lync dial plans and the new UM dial plans, which may serve the same users."""
        return (*landscape.made(self), *landscape.made(DialPlan))

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return _shared_names(landscape)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        found = list(_shared_names(landscape))
        contexts = required_names(landscape)
        for plan in landscape.wanted(DialPlan).values():
            named = plan.get(DialPlan.lync_dial_plan)
            if named is None or not landscape.is_readable(self):
                continue
            known = landscape.one(self, named)
            context, simple_name = contexts.get(folded(named)), known.get(self.simple_name) if known else None
            if known is None:
                detail = f'{plan.address} names the Lync dial plan "{named}".'
                near = did_you_mean(named, landscape.all(self))
                remedy = near if near.endswith("?") else f"{UNKNOWN_LYNC_DIAL_PLAN.remedy} {near}"
                found.append(UNKNOWN_LYNC_DIAL_PLAN.found(plan, detail, remedy))
            elif context and folded(simple_name or "") != folded(context):
                detail = f'{known.address} has the simple name "{simple_name}"; it must be "{context}".'
                found.append(NAME_RULE.found(landscape.wanted(self).get(named, plan), detail))
        return found


def _is_granted(plan: Resource, landscape: Landscape) -> bool:
    grants = landscape.fact(_grants, landscape)
    served = (folded(one.key) for one in landscape.all(DialPlan).values() if _infers(one, plan, landscape))
    return {granted for name in served for granted in grants.get(name, ())} == {folded(plan.key)}


def _grants(landscape: Landscape) -> Mapping[str, set[str]]:
    """Return the Lync dial plans of the users of each dial plan, all in lower case; '' where a user is granted none."""
    mailboxes, users, by_policy = landscape.all(UMMailbox), landscape.all(DialPlanGrant), plans_by_policy(landscape)
    granted = dict(zip(users.folded, users.column(DialPlanGrant.dial_plan), strict=True))
    named = list(zip(mailboxes.column(UMMailbox.policy), mailboxes.column(UMMailbox.dial_plan), strict=True))
    plans = {(policy, plan): folded(plan_of(policy, by_policy) or plan or "") for policy, plan in set(named)}
    sips = (folded(sip) if sip else None for sip in mailboxes.column(UMMailbox.sip_address))
    found: dict[str, set[str]] = {}
    for plan, grant in {(plans[one], granted[sip]) for one, sip in zip(named, sips, strict=True) if sip in granted}:
        found.setdefault(plan, set()).add(folded(grant or ""))
    return found


def _infers(plan: Resource, lync: Resource, landscape: Landscape) -> bool:
    """True where an export writes this Lync dial plan as that of the UM dial plan."""
    return folded(inferred_lync_plan(plan, landscape) or "") == folded(lync.key)


def _shared_names(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return an error for each simple name of two Lync dial plans, if one of them is declared with it.

    One that is declared without a simple name keeps the name that it has on the servers.
    """
    wanted, there = landscape.wanted(LyncDialPlan), landscape.all(LyncDialPlan)
    named = {one.key: name for one in wanted.values() if (name := one.get(LyncDialPlan.simple_name))}
    keeping = [one for one in there.values() if one.key not in named]
    holders = {folded(one.get(LyncDialPlan.simple_name) or ""): one for one in keeping}
    found: list[Diagnostic] = []
    for key, name in named.items():
        plan = wanted[key]
        holder = holders.setdefault(folded(name), plan)
        if holder is not plan:
            shown = placed(wanted.get(holder.key, holder))
            found.append(NAME_TWICE.found(plan, f'"{name}" is given to {shown} and {placed(plan)}.'))
    return found


def required_names(landscape: Landscape) -> dict[str, str]:
    """Return the SimpleName that the rule requires, by Lync dial plan in lower case; empty from 2010 SP1 on."""
    hosts = um_hosts(landscape)
    required: dict[str, str] = {}
    for plan in landscape.wanted(DialPlan).values():
        named = plan.get(DialPlan.lync_dial_plan)
        serving = {*named_servers(plan, landscape), *_bound_servers(plan, landscape)}
        is_old = any(hosts[fqdn].version.needs_simple_name for fqdn in serving if fqdn in hosts)
        known = landscape.one(DialPlan, plan.key)
        context = known.get(DialPlan.phone_context) if known else None
        if named and is_old and context:
            required[folded(named)] = context
    return required


def _bound_servers(plan: Resource, landscape: Landscape) -> tuple[str, ...]:
    """Return the servers that others bound to a dial plan; what we bound ends unless it is declared."""
    return tuple(
        binding.key.rpartition("/")[0]
        for binding in landscape.all(ServerBinding).values()
        if _names(binding.get(ServerBinding.dial_plans), plan) and not _is_ours(binding.address, plan, landscape)
    )


def _is_ours(binding: Address, plan: Resource, landscape: Landscape) -> bool:
    known = landscape.prior.resources.get(binding)
    return known is not None and _names(ServerBinding.dial_plans.of(known.attributes), plan)


def _names(plans: Sequence[str], plan: Resource) -> bool:
    return any(folded(one) == folded(plan.key) for one in plans)


def _named(plan: Resource, context: str | None) -> Resource:
    if context is None or plan.has(LyncDialPlan.simple_name):
        return plan
    return plan.having(LyncDialPlan.simple_name, context)
