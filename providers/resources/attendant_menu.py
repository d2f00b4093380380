"""The menus of UM auto attendants: what the keys of a telephone do during and outside business hours.

Nobody declares menus by themselves: they follow from ``business_hours_keys`` and its siblings of the attendants. Each
is a resource of its own, so that two attendants may lead to each other: both are made first, then both get their menus.
Exchange refuses to write a key that leads to an attendant of another dial plan. It also refuses a key of an enabled
attendant that leads to a disabled one (observed, not documented).

Source: Set-UMAutoAttendant, parameters BusinessHoursKeyMapping and AfterHoursKeyMapping (Microsoft Learn).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.value_types import Text
from providers.schema.attendants import AttendantMenu, AutoAttendant
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule, placed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, folded

OTHER_DIAL_PLAN = Rule(
    "UM096",
    "Key leads to another dial plan",
    "A key of an auto attendant can only lead to an attendant of the same dial plan. Exchange refuses another one.",
    "Name an attendant of the same dial plan, or write extension instead of attendant.",
    "Set-UMAutoAttendant, parameter BusinessHoursKeyMapping",
)
LEADS_TO_DISABLED = Rule(
    "UM097",
    "Key leads to a disabled attendant",
    "A key of an enabled auto attendant leads to an attendant that is disabled, so its callers reach nobody. Exchange "
    "refuses to write such a key, so where the plan would write it, this is an error. A new attendant is disabled "
    "unless its declaration says otherwise.",
    "Write status: enabled for the attendant that the key names.",
    "Set-UMAutoAttendant, parameter BusinessHoursKeyMapping",
    Severity.WARNING,
    also=(Severity.ERROR,),
)


class AttendantMenuType(AttendantMenu, CmdletResource):
    """The menus of one auto attendant; they follow from its declaration."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    after: ClassVar[tuple[str, ...]] = (AutoAttendant.name,)
    noun: ClassVar[str] = "UMAutoAttendant"
    key_type: ClassVar[Any] = Text
    rules: ClassVar[tuple[Rule, ...]] = (OTHER_DIAL_PLAN, LEADS_TO_DISABLED)

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the menus that attendants declare."""
        found: list[Resource] = []
        for one in landscape.wanted(AutoAttendant).values():
            written = {name: one.attributes[name] for name in self.attributes if name in one.attributes}
            if written:
                found.append(Resource(Address(self.name, one.key), written, position=one.position))
        return found

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        return (Address(AutoAttendant.name, desired.key),)

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True: every attendant has menus."""
        return True

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return [found for menu in landscape.wanted(self).values() for found in self._check(menu, landscape)]

    def _check(self, menu: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
        attendant = landscape.one(AutoAttendant, menu.key)
        for name in sorted(_leads_to(self, menu)):
            other = landscape.one(AutoAttendant, name)
            if attendant is None or other is None:
                continue
            plan, another = (one.get(AutoAttendant.dial_plan) or "" for one in (attendant, other))
            detail = f"{attendant.address} leads to {other.address}"
            if folded(plan) != folded(another):
                where = landscape.wanted(AutoAttendant).get(menu.key, menu)
                yield OTHER_DIAL_PLAN.found(where, f"{detail}, which belongs to {another}.")
            elif attendant.get(AutoAttendant.status) == "Enabled" and other.get(AutoAttendant.status) == "Disabled":
                where = landscape.wanted(AutoAttendant).get(menu.key, menu)
                yield _leads_to_disabled(where, other, landscape, is_refused=name in self._sent(menu, landscape))

    def _sent(self, menu: Resource, landscape: Landscape) -> set[str]:
        """Return the attendants that the keys name which the plan writes."""
        action = landscape.actions.get(menu.address)
        changes = {one.attribute: one.after for one in action.changes} if action is not None else {}
        keys = ((self.attributes[name], after) for name, after in changes.items() if after is not UNSET)
        return {name for attribute, after in keys for name in attribute.targets(after)}


def _leads_to_disabled(attendant: Resource, other: Resource, landscape: Landscape, *, is_refused: bool) -> Diagnostic:
    """Return the error, or the warning where the plan does not write the key."""
    declared, enabling = (
        landscape.wanted(AutoAttendant).get(other.key),
        write("Enable-UMAutoAttendant", Identity=other.name or other.key),
    )
    wrong = f"{attendant.address} leads to {placed(declared or other)}, which is disabled."
    detail = f"{wrong} Exchange refuses to write such a key." if is_refused else wrong
    remedy = "" if declared is not None else f"Enable it, or lead the key elsewhere:\n  {enabling}"
    return LEADS_TO_DISABLED.found(attendant, detail, remedy, severity=Severity.ERROR if is_refused else None)


def _leads_to(kind: AttendantMenuType, menu: Resource) -> set[str]:
    """Return the attendants that the keys of a menu name."""
    return {name for one in kind.attributes.values() for name in one.targets(menu.get(one.name))}
