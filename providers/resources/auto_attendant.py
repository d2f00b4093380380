"""UM auto attendants: step 7 of the procedure.

Set-UMAutoAttendant cannot set the status, which has cmdlets of its own, nor the dial plan. A fallback attendant must
exist before another attendant names it, and needs speech on that attendant. The attendant of the star key is a property
of its dial plan. But it prevents the removal of that attendant, so it is declared here.

Sources: New-, Set-, Enable-, Disable-UMAutoAttendant (Microsoft Learn); DOMAIN 3.10, 7.6, 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.value_types import Text, checked
from providers.estate.attendant_order import MENUS, keys_elsewhere, order_of
from providers.estate.language_packs import NO_PACK, NOT_EVERYWHERE, check_language
from providers.estate.version_attributes import check_attributes
from providers.resources.attendant_menu import AttendantMenuType
from providers.schema.attendant_values import ALWAYS, in_a_word
from providers.schema.attendants import INHERITED, AttendantMenu, AutoAttendant
from providers.schema.exchange import DialPlan, IPGateway
from reconciler.model.abilities import Foreseeing, Holder, Inferred, Inferring
from reconciler.model.actions import Action, ActionKind, Change, Claim
from reconciler.model.attributes import Attr
from reconciler.model.commands import Argument, Command, write
from reconciler.model.diagnostics import Diagnostic, listed
from reconciler.model.landscape import Landscape, Named
from reconciler.model.resource_types import Answer, Lifecycle, Rule, When, placed
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import EMPTY, Nested, Value, folded

SHARED_NUMBER = Rule(
    "UM050",
    "Number is used twice",
    "A telephone number can reach one auto attendant, or Outlook Voice Access of one dial plan. With two, the target "
    "is random.",
    "Give each of them a different number.",
    "New-UMAutoAttendant, New-UMDialPlan; DOMAIN 7.1, 7.6",
    when=When.FILES,
)
FALLBACK_WITHOUT_SPEECH = Rule(
    "UM051",
    "Fallback without speech",
    "A DTMF fallback attendant answers when speech recognition fails. Exchange refuses a fallback if the attendant "
    "has no speech.",
    "Write speech_enabled: true, or dtmf_fallback: null.",
    "Set-UMAutoAttendant; DOMAIN 3.10",
    when=When.FILES,
)
SEVERAL_DEFAULTS = Rule(
    "UM052",
    "Several attendants for the star key",
    "The star key of a dial plan reaches only one auto attendant.",
    "Remove is_default: true from all of them but one.",
    "Set-UMDialPlan, parameter UMAutoAttendant; DOMAIN 7.1",
    when=When.FILES,
)
DEFAULT_IN_USE = Rule(
    "UM053",
    "Attendant of the star key cannot be disabled",
    "Exchange refuses to disable or remove the auto attendant that the star key of a dial plan reaches.",
    "Write is_default: false for it, or name another attendant of the dial plan.",
    "Disable-UMAutoAttendant; DOMAIN 7.6, 8",
    when=When.FILES,
)


def _is_name(value: str) -> str:
    if not 1 <= len(value) <= 64:
        raise ValueError(f"has {len(value)} characters; it must have 1 to 64")
    if any(character.isspace() for character in value):
        raise ValueError("must not contain spaces: Lync does not find such an attendant")
    return value


_FORBIDDEN = checked(r"[^\"/\\\[\]:;|=,+*?<>]*", 'must not contain any of " / \\ [ ] : ; | = , + * ? < >', shown="")


class AutoAttendantType(AutoAttendant, CmdletResource, Holder, Foreseeing, Inferring):
    """A UM auto attendant of a dial plan."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
    after: ClassVar[tuple[str, ...]] = (IPGateway.name,)
    section: ClassVar[str | None] = "auto_attendants"
    noun: ClassVar[str] = "UMAutoAttendant"
    key_type: ClassVar[Any] = Annotated[Text, AfterValidator(_is_name), _FORBIDDEN]
    reads_after: ClassVar[tuple[str, ...]] = (DialPlan.name,)
    refreshes: ClassVar[tuple[str, ...]] = (DialPlan.name, AttendantMenu.name)
    rules: ClassVar[tuple[Rule, ...]] = (
        SHARED_NUMBER,
        FALLBACK_WITHOUT_SPEECH,
        SEVERAL_DEFAULTS,
        DEFAULT_IN_USE,
        NO_PACK,
        NOT_EVERYWHERE,
    )

    def completed(
        self, found: Sequence[Resource], answers: Sequence[Answer], landscape: Landscape
    ) -> Sequence[Resource]:
        """Return the attendants with ``is_default``: whether the star key of the dial plan reaches them."""
        reached = {
            folded(plan.key): folded(attendant)
            for plan in landscape.all(DialPlan).values()
            if (attendant := plan.get(DialPlan.star_key_attendant))
        }
        plans = [folded(one.get(self.dial_plan) or "") for one in found]
        return [
            one.having(self.is_default, reached.get(plan) == folded(one.key))
            for one, plan in zip(found, plans, strict=True)
        ]

    def inferred(self, observed: Resource, landscape: Landscape) -> Inferred:
        """Return the menus of an observed attendant, as far as they have keys, and business hours that a word says.

        An attendant that is never open is no new attendant: without the word, an export would leave it out as empty.
        What nobody has to write is in ``_follows``.
        """
        menu = landscape.one(AttendantMenu, observed.key)
        values = menu.attributes if menu is not None else EMPTY
        pairs = (
            (AttendantMenu.business_hours_keys, AttendantMenu.business_hours_keys_enabled),
            (AttendantMenu.after_hours_keys, AttendantMenu.after_hours_keys_enabled),
        )
        shown = (one.name for keys, enabled in pairs if values.get(keys.name) for one in (keys, enabled))
        hours = observed.get(self.business_hours) if observed.has(self.business_hours) else None
        word = in_a_word(hours) if hours is not None else None
        said: dict[str, Value] = {self.business_hours.name: word} if word else {}
        menus = {name: values[name] for name in shown if name in values}
        return Inferred({**said, **menus}, follows=frozenset(_follows(observed, landscape)))

    # what changes it

    def claims(self, resource: Resource, landscape: Landscape) -> Sequence[Claim]:
        """Return its numbers and the star key of its dial plan, which reaches only one attendant."""
        plan, numbers = resource.get(self.dial_plan), super().claims(resource, landscape)
        if plan is None or not resource.get(self.is_default):
            return numbers
        return (*numbers, Claim(f"star key of {folded(plan)}", "", self.is_default.name, f"the star key of {plan}"))

    def released(self, holder: Resource, claims: Sequence[Claim], landscape: Landscape) -> Resource:
        numbers = [claim for claim in claims if claim.attribute != self.is_default.name]
        left = super().released(holder, numbers, landscape)
        return left if len(numbers) == len(claims) else left.having(self.is_default, False)

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        written = desired.attributes.items()
        attributes = {name: value for name, value in written if name != self.is_default.name and value is not None}
        made = super().create(replace(desired, attributes=attributes), landscape)
        return (*made, *(_star_key(desired, desired.key, landscape) if desired.get(self.is_default) else ()))

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        """Return the commands in their order.

        Enabling is last, disabling is first; the star key is removed first and set last.
        """
        by_name = {change.attribute: change for change in changes}
        star, status = by_name.pop(self.is_default.name, None), by_name.pop(self.status.name, None)
        commands: list[Command] = list(super().update(desired, observed, tuple(by_name.values()), landscape))
        if status is not None:
            verb = "Enable" if status.after == "Enabled" else "Disable"
            commands += self._cut_off(desired, landscape) if verb == "Disable" else ()
            commands.append(write(f"{verb}-{self.noun}", Identity=self.identity(desired.key, landscape)))
        if star is None:
            return commands
        reached = self.identity(desired.key, landscape) if star.after is True else None
        turned = _star_key(desired if desired.has(self.dial_plan) else observed, reached, landscape)
        return [*commands, *turned] if star.after is True else [*turned, *commands]

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        """Return the commands; the first ones cut what leads to the attendant, which Exchange would not remove."""
        turned = _star_key(observed, None, landscape) if observed.get(self.is_default) else ()
        return (*turned, *self._cut_off(observed, landscape), *super().delete(observed, landscape))

    def _cut_off(self, one: Resource, landscape: Landscape) -> Iterator[Command]:
        """Yield the commands that cut what leads to an attendant from those that go after it."""
        for name in order_of(landscape).cut.get(one.address, ()):
            yield from self._cut(name, one.key, landscape)

    def _cut(self, name: str, gone: str, landscape: Landscape) -> Iterator[Command]:
        """Yield the commands that cut what leads from an attendant to ``gone``, and all its keys to others.

        It goes as well. If one of its keys led to a disabled attendant, Exchange would refuse the command.
        """
        attendant, menu = landscape.one(self, name), landscape.one(AttendantMenu, name)
        if menu is not None:
            each = ((one.name, menu.get(one) or Nested()) for one in MENUS)
            kept = ((one, keys, keys_elsewhere(keys)) for one, keys in each)
            changes = [Change(one, keys, left) for one, keys, left in kept if left != keys]
            yield from AttendantMenuType().update(menu, menu, changes, landscape)
        if attendant is not None and folded(attendant.get(self.dtmf_fallback) or "") == folded(gone):
            yield from self.update(attendant, attendant, [Change(self.dtmf_fallback.name, gone, None)], landscape)

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        return tuple(order_of(landscape).needs.get(desired.address, ()))

    def successors(self, gone: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return also the attendants that lead to ``gone`` and go as well."""
        return (*super().successors(gone, landscape), *order_of(landscape).needs.get(gone.address, ()))

    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        """Return the landscape.

        A new attendant is disabled and has no star key, unless its declaration says otherwise.
        """
        after, made = landscape, landscape.one(self, action.address.key)
        if made is None:
            return landscape.predicting(action.address, AttendantMenu, drop=[action.address.key])
        if action.kind in (ActionKind.CREATE, ActionKind.REPLACE):
            after = after.predicting(action.address, AttendantMenu, put=[_new_menu(made.key)])
            defaults: dict[str, Value] = {self.is_default.name: False, self.status.name: "Disabled"}
            made = replace(made, attributes={**defaults, **made.attributes})
            after = after.predicting(action.address, self, put=[made])
        return after.predicting(action.address, self, put=_without_star_key(made, after))

    # what forbids or clouds it

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return self.check(landscape)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        found: list[Diagnostic] = []
        for attendant in landscape.wanted(self).values():
            found += _check(attendant, landscape)
        return (*found, *_shared_numbers(landscape), *_several_defaults(landscape), *check_attributes(self, landscape))


def _follows(observed: Resource, landscape: Landscape) -> Iterator[str]:
    """Yield the attributes that an export need not write.

    The language of the dial plan is that of a new attendant. What tells users of one name apart may be inherited from
    the dial plan, which the value itself says. Nobody is transferred after hours where the attendant is always open.
    """
    plan = landscape.one(DialPlan, observed.get(AutoAttendant.dial_plan) or "")
    spoken = plan.get(DialPlan.default_language) if plan is not None else None
    if spoken and observed.get(AutoAttendant.language) == spoken:
        yield AutoAttendant.language.name
    if observed.get(AutoAttendant.matched_name_selection) == INHERITED:
        yield AutoAttendant.matched_name_selection.name
    hours, holidays = observed.get(AutoAttendant.business_hours), observed.get(AutoAttendant.holidays)
    is_always_open = hours is not None and in_a_word(hours) == ALWAYS and holidays == Nested()
    if is_always_open and observed.get(AutoAttendant.after_hours_transfer_to_operator) is False:
        yield AutoAttendant.after_hours_transfer_to_operator.name


def _new_menu(key: str) -> Resource:
    """Return the menus of a new attendant: they have no keys."""
    keys = (AttendantMenu.business_hours_keys, AttendantMenu.after_hours_keys)
    enabled = (AttendantMenu.business_hours_keys_enabled, AttendantMenu.after_hours_keys_enabled)
    values: dict[str, Value] = {**{one.name: Nested() for one in keys}, **{one.name: False for one in enabled}}
    return Resource(Address(AttendantMenu.name, key), values)


def _star_key(attendant: Resource, reached: Argument, landscape: Landscape) -> tuple[Command, ...]:
    """Return the command that sets the star key of the dial plan to this attendant, or to none."""
    plan = attendant.get(AutoAttendant.dial_plan) or ""
    named = object_argument(landscape.one(DialPlan, plan), plan)
    return (write("Set-UMDialPlan", Identity=named, UMAutoAttendant=reached),)


def _without_star_key(attendant: Resource, landscape: Landscape) -> list[Resource]:
    """Return the attendants that lose the star key of their dial plan to this one."""
    if not attendant.get(AutoAttendant.is_default):
        return []
    plan = folded(attendant.get(AutoAttendant.dial_plan) or "")
    return [
        one.having(AutoAttendant.is_default, False)
        for one in landscape.all(AutoAttendant).values()
        if one.address != attendant.address
        and one.get(AutoAttendant.is_default)
        and folded(one.get(AutoAttendant.dial_plan) or "") == plan
    ]


def _check(attendant: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    after = landscape.one(AutoAttendant, attendant.key) or attendant
    fallback, plan = after.get(AutoAttendant.dtmf_fallback), after.get(AutoAttendant.dial_plan)
    if fallback and after.get(AutoAttendant.speech_enabled) is False:
        detail = f"{attendant.address} has the fallback {fallback}, but no speech."
        yield FALLBACK_WITHOUT_SPEECH.found(attendant, detail)
    yield from check_language(attendant, attendant.get(AutoAttendant.language), plan or "", landscape)
    if after.get(AutoAttendant.is_default) and attendant.get(AutoAttendant.status) == "Disabled":
        detail = f"{attendant.address} would be disabled, but the star key of {plan} reaches it."
        yield DEFAULT_IN_USE.found(attendant, detail)


_NUMBERS: Mapping[Named, Attr[tuple[str, ...]]] = {
    AutoAttendant: AutoAttendant.pilot_numbers,
    DialPlan: DialPlan.access_numbers,
}


def _shared_numbers(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return an error for each number of two attendants, or of an attendant and a dial plan."""
    holders: dict[str, list[Resource]] = {}
    for kind, numbers in _NUMBERS.items():
        wanted = landscape.wanted(kind)
        for resource in (*landscape.all(kind).values(), *wanted.values()):
            for number in resource.get(numbers):
                among = holders.setdefault(number, [])
                if all(one.address.folded != resource.address.folded for one in among):
                    among.append(wanted.get(resource.key, resource))
    ours = {kind.name: landscape.wanted(kind) for kind in _NUMBERS}
    return [
        SHARED_NUMBER.found(last, *_shared(number, last, several, ours))
        for number, several in sorted(holders.items())
        if len(several) > 1
        and (last := next((one for one in reversed(several) if one.key in ours[one.address.type]), None))
    ]


def _shared(number: str, last: Resource, several: Sequence[Resource], ours: Mapping[str, Resources]) -> tuple[str, str]:
    """Return the detail and the remedy for a number that several resources have."""
    detail = f"{number} is given to {' and '.join(map(placed, several))}."
    for one in several:
        if one is not last and one.key not in ours[one.address.type]:
            found = f"{detail} {one.address} is not declared, so it keeps the number."
            return found, f"Choose another number, or remove it from the holder:\n  {_without(number, one)}"
    return detail, ""


def _without(number: str, holder: Resource) -> Command:
    """Return the command that removes a number from its holder."""
    if holder.address.type == AutoAttendant.name:
        left = tuple(one for one in holder.get(AutoAttendant.pilot_numbers) if one != number)
        return write("Set-UMAutoAttendant", Identity=holder.key, PilotIdentifierList=left)
    left = tuple(one for one in holder.get(DialPlan.access_numbers) if one != number)
    return write("Set-UMDialPlan", Identity=holder.key, AccessTelephoneNumbers=left)


def _several_defaults(landscape: Landscape) -> Sequence[Diagnostic]:
    by_plan: dict[str, list[Resource]] = {}
    for attendant in landscape.wanted(AutoAttendant).values():
        if attendant.get(AutoAttendant.is_default):
            by_plan.setdefault(folded(attendant.get(AutoAttendant.dial_plan) or ""), []).append(attendant)
    return [
        SEVERAL_DEFAULTS.found(several[-1], f"{listed(map(placed, several))} ask for it.")
        for several in by_plan.values()
        if len(several) > 1
    ]
