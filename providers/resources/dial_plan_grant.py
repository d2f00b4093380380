"""The Lync dial plans that users are granted, where a Lync dial plan is declared with ``grant: true``.

A Lync dial plan of a site or a pool applies by its scope. One with a name applies to the users that it is granted. Here
these are the users of the UM dial plans that name it. While an Exchange server before 2010 SP1 serves a UM dial plan,
Lync finds that dial plan only for users whose Lync dial plan has its phone context as simple name.

Sources: Grant-CsDialPlan, Get-CsUser, property DialPlan (Microsoft Learn); DOMAIN 3.4, 7.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.numerous import Numerous
from providers.cmdlets.products import LYNC, LYNC_PROVIDER
from providers.cmdlets.value_types import SipAddress
from providers.estate.people import plan_of, plans_by_policy
from providers.estate.topology import site_of
from providers.resources.lync_dial_plan import required_names
from providers.schema.exchange import DialPlan, UMMailbox
from providers.schema.lync import DialPlanGrant, LyncDialPlan, LyncUser, hosted_users, without_tag
from reconciler.model.abilities import Grouped
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.commands import Command, read, write
from reconciler.model.diagnostics import Diagnostic, Severity, count, listed
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Lifecycle, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value, folded

OTHER_PLAN = Rule(
    "UM202",
    "Users have another Lync dial plan",
    "While a UM server of a dial plan is older than Exchange 2010 SP1, Lync finds it only for users whose Lync dial "
    "plan has the phone context as simple name. These users have another one, so their calls to voice mail fail.",
    "Write grant: true for the Lync dial plan, or use one of the scope of their site or pool.",
    "Grant-CsDialPlan; Gg425737; DOMAIN 3.4, 7.8",
    Severity.WARNING,
)
PLAN_ENDS = Rule(
    "UM208",
    "Users lose their Lync dial plan",
    "The plan removes a Lync dial plan that users are granted. Then the one of their pool or site applies to them, or "
    "the global one, and Lync may understand the numbers that they dial in another way.",
    "Keep it, or let their UM dial plan name another one with grant: true.",
    "Remove-CsDialPlan (Microsoft Learn); DOMAIN 7.8",
    Severity.WARNING,
)
OTHERS_PLAN = Rule(
    "UM209",
    "Lync dial plan of other users",
    "The plan would remove a Lync dial plan that is granted to users whom the files do not declare. Lync would "
    "take it from them without a word, so it stays.",
    "Grant them another one first, or keep the Lync dial plan.",
    "Remove-CsDialPlan (Microsoft Learn); DOMAIN 7.8",
    leaves_out=True,
)
_FEW: Final = 8
"""So many users are read one by one; more of them by one listing."""
_SHOWN: Final = 5
"""So many commands are shown; more are alike."""
_USERS: Final = LyncUser()


class DialPlanGrantType(DialPlanGrant, Numerous, CmdletResource, Grouped):
    """The Lync dial plan that one user of Lync is granted; the key is the SIP address."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    after: ClassVar[tuple[str, ...]] = (LyncDialPlan.name,)
    noun: ClassVar[str] = "CsUser"
    provider: ClassVar[Provider] = LYNC_PROVIDER
    has_guid: ClassVar[bool] = False
    key_type: ClassVar[Any] = SipAddress
    key_output: ClassVar[str] = "SipAddress"
    name_output: ClassVar[str] = "SipAddress"
    refreshes: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[tuple[Rule, ...]] = (OTHER_PLAN, PLAN_ENDS, OTHERS_PLAN)

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({"Get-CsUser", "Grant-CsDialPlan"})

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        """Return the listing of the users of Lync, which is read once for both types, or one read for each of a few.

        Where the files declare dial plans and no grant, and no Lync dial plan ends, nobody asks for them; an export
        does, to write the grants.
        """
        lync_plans = landscape.written(LyncDialPlan)
        is_ending = landscape.ending(LyncDialPlan) or landscape.prior.of_type(LyncDialPlan.name).keys() - lync_plans
        is_granted = any(one.get(LyncDialPlan.grant) for one in lync_plans.values())
        is_asked = landscape.settings.reads_all or is_granted or is_ending
        if landscape.written(DialPlan) and not is_asked:
            return ()
        if keys is None or len(keys) > _FEW:
            return _USERS.queries(landscape)
        return tuple(read("Get-CsUser", *self.outputs, endpoint=LYNC, Identity=f"sip:{key}") for key in sorted(keys))

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return what the users of UM dial plans are granted, each in the wave of the user."""
        granted = {folded(one.key) for one in landscape.wanted(LyncDialPlan).values() if one.get(LyncDialPlan.grant)}
        plans = {key: named for key, named in _named(landscape).items() if folded(named) in granted}
        found: list[Resource] = []
        for sip, plan, wave in _users(landscape) if plans else ():
            if plan in plans:
                values: dict[str, Value] = {self.dial_plan.name: plans[plan]}
                found.append(Resource(Address(self.name, sip), {**values, **({self.wave.name: wave} if wave else {})}))
        return found

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True: every user of Lync has a dial plan, granted or by scope."""
        return True

    def group(self, action: Action, landscape: Landscape) -> str:
        return next((str(one.after) for one in action.changes if one.attribute == self.dial_plan.name), "-")

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        plan = desired.get(self.dial_plan)
        return (write("Grant-CsDialPlan", LYNC, Identity=f"sip:{desired.key}", PolicyName=plan),)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return (*_with_another_plan(landscape), *_with_an_ending_plan(landscape))


def _with_another_plan(landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield each dial plan of an old server whose users have another Lync dial plan than the one that it names."""
    contexts = required_names(landscape)
    named = {key: one for key, one in _named(landscape).items() if folded(one) in contexts}
    if not named or not landscape.is_readable(DialPlanGrant) or not landscape.is_readable(LyncDialPlan):
        return
    others: dict[str, list[str]] = {}
    for sip, key, _ in _users(landscape):
        if key in named and folded(_effective(sip, landscape)) != folded(named[key]):
            others.setdefault(key, []).append(sip)
    for plan in landscape.wanted(DialPlan).values():
        if who := others.get(folded(plan.key)):
            verb = "does" if len(who) == 1 else "do"
            lacking = f"{count(len(who), 'user')} of {plan.address} {verb} not have"
            yield OTHER_PLAN.found(plan, f"{lacking} lync_dial_plan/{named[folded(plan.key)]}: {listed(who)}.")


def _with_an_ending_plan(landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield each Lync dial plan that the plan removes from users, unless it grants them another one.

    It may take it from users of the configuration, and from those to whom an earlier apply granted it.
    """
    removals = (one for one in landscape.actions.values() if one.kind is ActionKind.DELETE)
    ending = {folded(one.address.key): one for one in removals if one.address.type == LyncDialPlan.name}
    if not ending:
        return
    users, losing = landscape.all(DialPlanGrant), dict[str, list[str]]()
    for sip, plan in zip(users, users.column(DialPlanGrant.dial_plan), strict=True):
        if plan and folded(plan) in ending:
            losing.setdefault(folded(plan), []).append(sip)
    ours = {
        *map(folded, landscape.prior.of_type(DialPlanGrant.name)),
        *(folded(sip) for sip, _, _ in _users(landscape)),
    }
    for name, who in losing.items():
        others = [sip for sip in who if folded(sip) not in ours]
        shown = others or who
        verb = "is" if len(shown) == 1 else "are"
        granted = f"{count(len(shown), 'user')} {verb} granted {ending[name].address}: {listed(shown)}."
        if others:
            commands = "\n".join(
                f"    Grant-CsDialPlan -Identity sip:{sip} -PolicyName $null" for sip in others[:_SHOWN]
            )
            remedy = f"Keep it, or grant them another one first; none is the one of their pool or site:\n\n{commands}"
            yield OTHERS_PLAN.found(ending[name], granted, remedy)
        else:
            yield PLAN_ENDS.found(ending[name], granted)


def _named(landscape: Landscape) -> Mapping[str, str]:
    """Return the Lync dial plan that each UM dial plan names, by the folded key of the UM dial plan."""
    plans = landscape.wanted(DialPlan).values()
    return {folded(one.key): named for one in plans if (named := one.get(DialPlan.lync_dial_plan))}


def _users(landscape: Landscape) -> Iterator[tuple[str, str, Value]]:
    """Yield the SIP address, the folded UM dial plan and the wave of each declared user whom Lync knows."""
    rows, known, by_policy = landscape.wanted(UMMailbox), landscape.all(LyncUser), plans_by_policy(landscape)
    served = known.folded - hosted_users(known)
    columns = (UMMailbox.sip_address, UMMailbox.policy, UMMailbox.dial_plan, UMMailbox.wave)
    for sip, policy, written, wave in zip(*(rows.column(one) for one in columns), strict=True):
        plan = plan_of(policy, by_policy) or written
        if sip and plan and folded(sip) in served:
            yield folded(sip), folded(plan), wave


def _effective(sip: str, landscape: Landscape) -> str:
    """Return the Lync dial plan of a user: the granted one, or that of the pool, of the site, or the global one."""
    granted, user = landscape.one(DialPlanGrant, sip), landscape.one(LyncUser, sip)
    own = granted.get(DialPlanGrant.dial_plan) if granted else user.get(LyncUser.dial_plan) if user else None
    if own:
        return str(without_tag(own))
    pool = (user.get(LyncUser.registrar_pool) if user else None) or ""
    scopes = (f"Registrar:{pool}", f"Site:{site_of(pool, landscape)}")
    return next((one for one in scopes if landscape.one(LyncDialPlan, one) is not None), "Global")
