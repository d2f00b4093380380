"""UM dial plans of type SIP URI: steps 1 and 2 of the procedure.

A dial plan is a set of extensions of one length that the same gateways reach. Its name, type and number of digits
cannot be changed. The server makes its PhoneContext once; exchucutil and the Lync contacts refer to it, so the state
keeps it.

Sources: New-UMDialPlan, Set-UMDialPlan, Get-UMDialPlan (Microsoft Learn); DOMAIN 3.3, 3.4, 7.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.reference import setters
from providers.cmdlets.value_types import Text, checked
from providers.estate.estate_checks import ESTATE_RULES, check_estate
from providers.estate.eum_addresses import NO_ADDRESS, check_addresses
from providers.estate.inferred import inferred_plan
from providers.estate.language_packs import check_language
from providers.estate.left_behind import LEFT_BEHIND, check_left_behind
from providers.estate.people import USERS, forest_root
from providers.estate.security import SECURITY_RULES, derived_security, security_diagnostics, several_levels
from providers.estate.servers import exchange_release
from providers.estate.version_attributes import NOT_IN_VERSION, check_attributes
from providers.resources.hunt_group import hunt_group_argument
from providers.schema.exchange import DEFAULT, DialPlan, HuntGroup, MailboxPolicy, UMMailbox
from reconciler.model.abilities import Foreseeing, Holder, Impact, Inferred, Inferring, Noticed
from reconciler.model.actions import Action, ActionKind
from reconciler.model.attributes import Attr
from reconciler.model.commands import Command, write
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule, When
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value, folded


def _is_name(value: str) -> str:
    if not value or len(value) > 49:
        raise ValueError(
            f"has {len(value)} characters; it must have 1 to 49, because Exchange appends"
            ' " Default Policy" to name the mailbox policy and accepts 64'
        )
    if any(character.isspace() for character in value):
        raise ValueError("must not contain spaces: Lync does not find such a dial plan")
    return value


_FORBIDDEN = checked(r"[^\"/\\\[\]:;|=,+*?<>]*", 'must not contain any of " / \\ [ ] : ; | = , + * ? < >')


CANNOT_BE_CREATED = Rule(
    "UM003",
    "Dial plan cannot be created",
    "Exchange refuses a new dial plan without the number of digits in an extension and, from 2010 on, a country code.",
    "Write extension_digits and country_code.",
    "New-UMDialPlan; DOMAIN 2.2, 7.1",
)
WRONG_TYPE = Rule(
    "UM004",
    "Dial plan has the wrong type",
    "Lync needs a dial plan of the URI type SipName, and the type of a dial plan cannot be changed.",
    "Declare a dial plan under another name, or remove the existing one by hand.",
    "Manage a UM dial plan; DOMAIN 3.3, 7.1",
)
LONG_RECORDING = Rule(
    "UM005",
    "Recording outlasts the call",
    "max_recording_duration must be shorter than max_call_duration: the call ends first.",
    "Write a smaller max_recording_duration or a greater max_call_duration.",
    "Set-UMDialPlan; DOMAIN 7.1",
    when=When.FILES,
)


class DialPlanType(DialPlan, CmdletResource, Holder, Foreseeing, Noticed, Inferring):
    """A UM dial plan of type SIP URI."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
    section: ClassVar[str | None] = "dial_plans"
    noun: ClassVar[str] = "UMDialPlan"
    refreshes: ClassVar[tuple[str, ...]] = (MailboxPolicy.name, HuntGroup.name)
    answers_later: ClassVar[str] = (
        "a new dial plan answers calls only once servers are bound to it, exchucutil ran and the Front Ends restarted"
    )
    key_type: ClassVar[Any] = Annotated[Text, AfterValidator(_is_name), _FORBIDDEN]
    other_cmdlets: ClassVar[tuple[str, ...]] = ("Remove-UMHuntGroup", "Remove-UMMailboxPolicy")
    impacts: ClassVar[tuple[Impact, ...]] = (USERS,)
    rules: ClassVar[tuple[Rule, ...]] = (
        *SECURITY_RULES,
        CANNOT_BE_CREATED,
        WRONG_TYPE,
        LONG_RECORDING,
        NOT_IN_VERSION,
        *ESTATE_RULES,
        NO_ADDRESS,
        *LEFT_BEHIND,
    )

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        return tuple(_with_security(plan, derived_security(landscape)) for plan in super().derive(landscape))

    def release(self, landscape: Landscape) -> str:
        return exchange_release(landscape)

    def inferred(self, observed: Resource, landscape: Landscape) -> Inferred:
        return inferred_plan(observed, landscape)

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        """Return its creation.

        A Set- command directly after it sets the parameters that New- of an older release lacks.
        """
        first, *rest = super().create(desired, landscape)
        name, *others = first.parameters
        taken = setters(self.noun, exchange_release(landscape)).create
        now = [other for other in others if other[0].casefold() in taken]
        left = {parameter: value for parameter, value in others if parameter.casefold() not in taken}
        made = replace(first, parameters=(name, ("URIType", "SipName"), *now))
        return (made, *([write(f"Set-{self.noun}", Identity=desired.key, **left)] if left else []), *rest)

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        """Return the removal of the dial plan.

        First its links and its default policy are removed, because they use it.
        """
        default = landscape.one(MailboxPolicy, f"{observed.key}{DEFAULT}")
        policies = (object_argument(default, default.name),) if default is not None and default.name else ()
        return (
            *(
                write("Remove-UMHuntGroup", Identity=hunt_group_argument(group, landscape))
                for group in _made_by_script(observed, landscape)
            ),
            *(write("Remove-UMMailboxPolicy", Identity=policy) for policy in policies),
            *super().delete(observed, landscape),
        )

    def conditions(self, action: Action, landscape: Landscape) -> Mapping[str, Value]:
        """Return the links of a dial plan to remove, because an unknown link would stop the removal half way."""
        if action.kind is not ActionKind.DELETE:
            return {}
        links = (folded(group.key) for group in _made_by_script(Resource(action.address), landscape))
        return {"hunt_groups": tuple(sorted(links))}

    def impact(self, action: Action, landscape: Landscape) -> Mapping[Impact, int]:
        """Return the number of affected users: a change of security affects every call of the dial plan."""
        is_new = action.kind is ActionKind.CREATE
        if is_new or not any(change.attribute == self.voip_security.name for change in action.changes):
            return {}
        wanted = folded(action.address.key)
        plans = Counter(landscape.all(UMMailbox).column(UMMailbox.dial_plan))
        return {USERS: sum(number for plan, number in plans.items() if folded(plan or "") == wanted)}

    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        if action.kind is ActionKind.DELETE:
            gone = Resource(action.address)
            groups = [group.key for group in _made_by_script(gone, landscape)]
            landscape = landscape.predicting(action.address, HuntGroup, drop=groups)
            landscape = landscape.predicting(action.address, MailboxPolicy, drop=[f"{gone.key}{DEFAULT}"])
        plan = landscape.one(self, action.address.key)
        if action.kind not in (ActionKind.CREATE, ActionKind.REPLACE) or plan is None:
            return landscape
        made = plan.having(self.uri_type, "SipName").having(self.phone_context, f"{plan.key}.{forest_root(landscape)}")
        policy = Resource(Address(MailboxPolicy.name, f"{plan.key}{DEFAULT}"))
        landscape = landscape.predicting(action.address, self, put=[made])
        brought = [policy.having(MailboxPolicy.dial_plan, plan.key)]
        return landscape.predicting(action.address, MailboxPolicy, put=brought)

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        mandatory = self.mandatory(exchange_release(landscape))
        return tuple(found for plan in landscape.wanted(self).values() for found in _check(plan, mandatory, landscape))

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        mandatory = self.mandatory(exchange_release(landscape))
        plans = landscape.wanted(self).values()
        found = [
            one
            for plan in plans
            for one in (
                *_check(plan, mandatory, landscape),
                *security_diagnostics(plan, landscape),
                *check_language(plan, plan.get(self.default_language), plan.key, landscape),
            )
        ]
        of_estate = (
            *(several_levels(landscape) if plans else ()),
            *check_estate(landscape),
            *check_addresses(landscape),
            *check_left_behind(landscape),
        )
        return (*found, *check_attributes(self, landscape), *of_estate)


def _with_security(plan: Resource, derived: str | None) -> Resource:
    if derived is None or plan.has(DialPlan.voip_security):
        return plan
    return plan.having(DialPlan.voip_security, derived)


def _check(plan: Resource, mandatory: Sequence[Attr[Any]], landscape: Landscape) -> Sequence[Diagnostic]:
    found: list[Diagnostic] = []
    action = landscape.actions.get(plan.address)
    if action is not None and action.kind is ActionKind.CREATE:
        for attribute in mandatory:
            if not plan.has(attribute):
                detail = f'{plan.address} does not exist, and a new dial plan needs "{attribute.name}".'
                found.append(CANNOT_BE_CREATED.found(plan, detail, f'Write "{attribute.name}" in its declaration.'))
    observed = landscape.one(DialPlan, plan.key)
    uri_type = observed.get(DialPlan.uri_type) if observed else None
    if uri_type not in (None, "SipName"):
        detail = (
            f"{plan.address} exists with the URI type {uri_type}; Lync needs SipName, and the type of a dial plan "
            "cannot be changed."
        )
        found.append(WRONG_TYPE.found(plan, detail))
    after = plan.over(observed)
    call, recording = after.get(DialPlan.max_call_duration), after.get(DialPlan.max_recording_duration)
    if call is not None and recording is not None and recording >= call:
        detail = f"{plan.address} records for {recording} minutes in calls of at most {call} minutes."
        found.append(LONG_RECORDING.found(plan, detail))
    return found


def _made_by_script(plan: Resource, landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups that exchucutil made for a dial plan: they have its name."""
    wanted = folded(plan.key)
    return tuple(
        group
        for group in landscape.all(HuntGroup).values()
        if folded(group.get(HuntGroup.dial_plan) or "") == wanted and folded(group.key.partition("/")[2]) == wanted
    )
