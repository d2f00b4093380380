"""UM auto attendants: step 7 of the procedure.

The status is not set by Set-UMAutoAttendant but by cmdlets of its own, the dial plan not at all. A fallback attendant
must exist before it is named, and makes sense only with speech. The attendant that the star key reaches is a property
of its dial plan, and blocks removing or disabling that attendant; so it is declared here, where that matters. Sources:
New-, Set-, Enable-, Disable-UMAutoAttendant (Microsoft Learn); DOMAIN 3.10, 7.6, 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.value_types import Text, checked
from providers.schema.auto_attendant import AutoAttendant
from reconciler.model.abilities import Foreseeing, Holder
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.claims import Claim
from reconciler.model.commands import Argument, Command, write
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed, Lifecycle
from reconciler.model.resources import Resource
from reconciler.model.rules import Rule, placed
from reconciler.model.values import Value, folded
from reconciler.model.words import enumerated

SHARED_NUMBER = Rule(
    "UM050",
    "Number is given twice",
    "A telephone number reaches one auto attendant, or Outlook Voice Access of one dial plan; which of two is up to "
    "chance.",
    "Give each its own number.",
    "New-UMAutoAttendant, New-UMDialPlan; DOMAIN 7.1, 7.6",
)
FALLBACK_WITHOUT_SPEECH = Rule(
    "UM051",
    "Fallback without speech",
    "A DTMF fallback attendant takes over where speech is not understood; Exchange refuses one without speech.",
    "Write speech_enabled: true, or dtmf_fallback: null.",
    "Set-UMAutoAttendant; DOMAIN 3.10",
)
SEVERAL_DEFAULTS = Rule(
    "UM052",
    "Several attendants for the star key",
    "A dial plan has one auto attendant that the star key reaches.",
    "Take is_default: true away from all of them but one.",
    "Set-UMDialPlan, parameter UMAutoAttendant; DOMAIN 7.1",
)
DEFAULT_IN_USE = Rule(
    "UM053",
    "Attendant of the star key cannot be disabled",
    "Exchange refuses to disable or remove the auto attendant that the star key of a dial plan reaches.",
    "Write is_default: false for it, or name another attendant of the dial plan.",
    "Disable-UMAutoAttendant; DOMAIN 7.6, 8",
)


_IS_DEFAULT = "is_default"


def _is_name(value: str) -> str:
    if not 1 <= len(value) <= 64:
        raise ValueError(f"has {len(value)} characters; it must have 1 to 64")
    if any(character.isspace() for character in value):
        raise ValueError("must not hold spaces: Lync does not find such an attendant")
    return value


_FORBIDDEN = checked(r"[^\"/\\\[\]:;|=,+*?<>]*", 'must not hold any of " / \\ [ ] : ; | = , + * ? < >', shown="")


class AutoAttendantType(AutoAttendant, CmdletResource, Holder, Foreseeing):
    """A UM auto attendant of a dial plan."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
    after: ClassVar[tuple[str, ...]] = ("ip_gateway",)
    section: ClassVar[str | None] = "auto_attendants"
    noun: ClassVar[str] = "UMAutoAttendant"
    key_type: ClassVar[Any] = Annotated[Text, AfterValidator(_is_name), _FORBIDDEN]
    other_cmdlets: ClassVar[tuple[str, ...]] = (
        "Enable-UMAutoAttendant",
        "Disable-UMAutoAttendant",
        "Set-UMDialPlan",
    )
    reads_after: ClassVar[tuple[str, ...]] = ("dial_plan",)
    refreshes: ClassVar[tuple[str, ...]] = ("dial_plan",)
    rules: ClassVar[tuple[Rule, ...]] = (SHARED_NUMBER, FALLBACK_WITHOUT_SPEECH, SEVERAL_DEFAULTS, DEFAULT_IN_USE)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the attendants; which one the star key of its dial plan reaches is told by the dial plans."""
        reached = {
            folded(plan.key): folded(attendant)
            for plan in landscape.all("dial_plan").values()
            if (attendant := plan.text("star_key_attendant"))
        }
        return [
            replace(one, attributes={**one.attributes, _IS_DEFAULT: _is_reached(one, reached)})
            if isinstance(one, Resource)
            else one
            for one in super().observe(answers, landscape)
        ]

    # what changes it

    def claims(self, resource: Resource, landscape: Landscape) -> Sequence[Claim]:
        """Return its numbers, and the star key of its dial plan, which reaches one attendant alone."""
        plan = resource.text("dial_plan")
        if plan is None or resource.get("is_default") is not True:
            return super().claims(resource, landscape)
        star_key = Claim(f"star key of {folded(plan)}", "", _IS_DEFAULT, f"the star key of {plan}")
        return (*super().claims(resource, landscape), star_key)

    def released(self, holder: Resource, claims: Sequence[Claim], landscape: Landscape) -> Resource:
        numbers = [claim for claim in claims if claim.attribute != _IS_DEFAULT]
        left = super().released(holder, numbers, landscape)
        if len(numbers) == len(claims):
            return left
        return replace(left, attributes={**left.attributes, _IS_DEFAULT: False})

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        attributes = {name: value for name, value in desired.attributes.items() if name != "is_default"}
        attributes = {name: value for name, value in attributes.items() if value is not None}
        made = super().create(replace(desired, attributes=attributes), landscape)
        is_reached = desired.get(_IS_DEFAULT) is True
        return (*made, *(_star_key(desired, desired.key, landscape) if is_reached else ()))

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        """Return the star key first where it leaves, last where it comes; enabling last, disabling before the rest."""
        by_name = {change.attribute: change for change in changes}
        star, status = by_name.pop("is_default", None), by_name.pop("status", None)
        plan = replace(desired, attributes={"dial_plan": observed.get("dial_plan"), **desired.attributes})
        commands: list[Command] = list(super().update(desired, observed, tuple(by_name.values()), landscape))
        if status is not None:
            verb = "Enable" if status.after == "Enabled" else "Disable"
            commands.append(write(f"{verb}-{self.noun}", Identity=self.identity(desired.key, landscape)))
        if star is None:
            return commands
        reached = self.identity(desired.key, landscape) if star.after is True else None
        turned = _star_key(plan, reached, landscape)
        return [*commands, *turned] if star.after is True else [*turned, *commands]

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        is_default = observed.get("is_default") is True
        return (*(_star_key(observed, None, landscape) if is_default else ()), *super().delete(observed, landscape))

    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        """Return the landscape; an attendant is made without star key and disabled, where nothing else is written."""
        after, made = landscape, landscape.one(self.name, action.address.key)
        if made is None:
            return landscape
        if action.kind in (ActionKind.CREATE, ActionKind.REPLACE):
            defaults: dict[str, Value] = {_IS_DEFAULT: False, "status": "Disabled"}
            made = replace(made, attributes={**defaults, **made.attributes})
            after = after.predicting(action.address, self.name, put=[made])
        return after.predicting(action.address, self.name, put=_without_star_key(made, after))

    # what forbids or clouds it

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return self.check(landscape)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        told: list[Diagnostic] = []
        for attendant in landscape.wanted(self.name).values():
            told += _check(attendant, landscape)
        return (*told, *_shared_numbers(landscape), *_several_defaults(landscape))


def _is_reached(attendant: Resource, reached: Mapping[str, str]) -> bool:
    return reached.get(folded(attendant.text("dial_plan") or "")) == folded(attendant.key)


def _star_key(attendant: Resource, reached: Argument, landscape: Landscape) -> tuple[Command, ...]:
    """Return the command that makes the star key of the attendant's dial plan reach it, or nobody."""
    plan = attendant.text("dial_plan") or ""
    named = object_argument(landscape.one("dial_plan", plan), plan)
    return (write("Set-UMDialPlan", Identity=named, UMAutoAttendant=reached),)


def _without_star_key(attendant: Resource, landscape: Landscape) -> list[Resource]:
    """Return the attendants that the star key reaches no more, because it reaches this one of their dial plan."""
    if attendant.get(_IS_DEFAULT) is not True:
        return []
    plan = folded(attendant.text("dial_plan") or "")
    return [
        replace(one, attributes={**one.attributes, _IS_DEFAULT: False})
        for one in landscape.all(AutoAttendant.name).values()
        if one.address != attendant.address
        and one.get(_IS_DEFAULT) is True
        and folded(one.text("dial_plan") or "") == plan
    ]


def _check(attendant: Resource, landscape: Landscape) -> Sequence[Diagnostic]:
    told: list[Diagnostic] = []
    after = landscape.one(AutoAttendant.name, attendant.key) or attendant
    if after.text("dtmf_fallback") and after.get("speech_enabled") is False:
        detail = f"{attendant.address} falls back to {after.get('dtmf_fallback')}, but has no speech."
        told.append(FALLBACK_WITHOUT_SPEECH.told(attendant, detail))
    if after.get("is_default") is True and attendant.get("status") == "Disabled":
        detail = f"{attendant.address} is to be disabled, but the star key of {after.get('dial_plan')} reaches it."
        told.append(DEFAULT_IN_USE.told(attendant, detail))
    return told


def _shared_numbers(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the numbers that two attendants, or an attendant and a dial plan, have."""
    holders: dict[str, list[Resource]] = {}
    for type_name, attribute in ((AutoAttendant.name, "pilot_numbers"), ("dial_plan", "access_numbers")):
        wanted = landscape.wanted(type_name)
        for resource in [*landscape.all(type_name).values(), *(w for w in wanted.values())]:
            for number in resource.items(attribute):
                among = holders.setdefault(number, [])
                if all(one.address.folded != resource.address.folded for one in among):
                    among.append(wanted.get(resource.key, resource))
    ours = (landscape.wanted(AutoAttendant.name), landscape.wanted("dial_plan"))
    return [
        SHARED_NUMBER.told(last, *_shared(number, last, several, ours))
        for number, several in sorted(holders.items())
        if len(several) > 1
        and (last := next((one for one in reversed(several) if any(one.key in wanted for wanted in ours)), None))
    ]


def _shared(
    number: str, last: Resource, several: Sequence[Resource], ours: Sequence[Mapping[str, Resource]]
) -> tuple[str, str]:
    """Return what is said of a number that several have, and how the one that is not declared gives it up."""
    detail = f"{number} is given to {' and '.join(map(placed, several))}."
    for one in several:
        is_attendant = one.address.type == AutoAttendant.name
        if one is not last and one.key not in ours[0 if is_attendant else 1]:
            attribute = "pilot_numbers" if is_attendant else "access_numbers"
            left = tuple(other for other in one.items(attribute) if other != number)
            free = (
                write("Set-UMAutoAttendant", Identity=one.key, PilotIdentifierList=left)
                if is_attendant
                else write("Set-UMDialPlan", Identity=one.key, AccessTelephoneNumbers=left)
            )
            told = f"{detail} {one.address} is not declared, so it keeps the number."
            return told, f"Give another one, or take it from the holder:\n  {free}"
    return detail, ""


def _several_defaults(landscape: Landscape) -> Sequence[Diagnostic]:
    by_plan: dict[str, list[Resource]] = {}
    for attendant in landscape.wanted(AutoAttendant.name).values():
        if attendant.get("is_default") is True:
            by_plan.setdefault(folded(str(attendant.get("dial_plan"))), []).append(attendant)
    return [
        SEVERAL_DEFAULTS.told(several[-1], f"{enumerated(map(placed, several))} ask for it.")
        for several in by_plan.values()
        if len(several) > 1
    ]
