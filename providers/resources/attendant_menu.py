"""The menus of UM auto attendants: what the keys of a telephone do during and outside business hours.

Nobody declares menus by themselves: they follow from ``business_hours_keys`` and its siblings of the attendants. Each
is a resource of its own, so that two attendants may lead to each other: both are made first, then both get their menus.
Exchange refuses to write a key that leads to an attendant of another dial plan. What it refuses because of a disabled
attendant, and the order that follows, is in ``providers/estate/attendant_order.py``.

Source: Set-UMAutoAttendant, parameters BusinessHoursKeyMapping and AfterHoursKeyMapping (Microsoft Learn).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.value_types import Text
from providers.estate.attendant_order import Link, Order, Standing, order_of, standing
from providers.schema.attendants import AttendantMenu, AutoAttendant
from reconciler.model.actions import ActionKind
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule, placed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import folded

NOT_DOCUMENTED = "as the assemblies of Exchange 2013 are known to do it, not documented"
OTHER_DIAL_PLAN = Rule(
    "UM096",
    "Key leads to another dial plan",
    "A key of an auto attendant can only lead to an attendant of the same dial plan. Exchange refuses another one.",
    "Name an attendant of the same dial plan, or write extension instead of attendant.",
    "Set-UMAutoAttendant, parameter BusinessHoursKeyMapping",
)
LEADS_TO_DISABLED = Rule(
    "UM097",
    "Leads to a disabled attendant",
    "A key or the fallback of an auto attendant leads to an attendant that is disabled, so its callers reach nobody. "
    "Exchange refuses to enable such an attendant, and to write the keys or other settings of one that is enabled. "
    "Where the plan would do this, it is an error. A new attendant is disabled unless its declaration says otherwise.",
    "Write status: enabled for the attendant at the end.",
    f"Enable-UMAutoAttendant, Set-UMAutoAttendant; {NOT_DOCUMENTED}",
    Severity.WARNING,
    also=(Severity.ERROR,),
)
DISABLED_AT_END = Rule(
    "UM206",
    "Attendant that others lead to cannot be disabled",
    "Exchange refuses to disable an auto attendant while a key or the fallback of another one leads to it, even if "
    "that one is disabled.",
    "Lead the key or the fallback elsewhere, or leave the attendant enabled.",
    f"Disable-UMAutoAttendant; {NOT_DOCUMENTED}",
)
RING = Rule(
    "UM207",
    "Attendants wait for each other",
    "Exchange enables an auto attendant only after those to which its fallback and its menu during business hours "
    "lead. If disabled attendants lead to each other, none of them can be the first.",
    "Turn the menu of one of them off, apply, and turn it on again.",
    f"Enable-UMAutoAttendant; {NOT_DOCUMENTED}",
)


class AttendantMenuType(AttendantMenu, CmdletResource):
    """The menus of one auto attendant; they follow from its declaration."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    after: ClassVar[tuple[str, ...]] = (AutoAttendant.name,)
    noun: ClassVar[str] = "UMAutoAttendant"
    key_type: ClassVar[Any] = Text
    rules: ClassVar[tuple[Rule, ...]] = (OTHER_DIAL_PLAN, LEADS_TO_DISABLED, DISABLED_AT_END, RING)

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the menus that attendants declare."""
        found: list[Resource] = []
        for one in landscape.wanted(AutoAttendant).values():
            written = {name: one.attributes[name] for name in self.attributes if name in one.attributes}
            if written:
                found.append(Resource(Address(self.name, one.key), written, position=one.position))
        return found

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        order, own = order_of(landscape), Address(AutoAttendant.name, desired.key)
        first = () if folded(desired.key) in order.menus_first else (own,)
        return (*first, *order.needs.get(desired.address, ()))

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True: every attendant has menus."""
        return True

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        order = order_of(landscape)
        return [
            *(found for menu in landscape.wanted(self).values() for found in _other_plans(self, menu, landscape)),
            *(found for one in order.later.values() for found in _bad_links(one, order, landscape)),
            *(found for one, other in order.rings for found in _ring(one, other, landscape)),
        ]


def _other_plans(kind: AttendantMenuType, menu: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    attendant = landscape.one(AutoAttendant, menu.key)
    targets = {name for one in kind.attributes.values() for name in one.targets(menu.get(one.name))}
    for name in sorted(targets):
        other = landscape.one(AutoAttendant, name)
        if attendant is not None and other is not None and _plan(attendant) != _plan(other):
            where = landscape.wanted(AutoAttendant).get(menu.key, menu)
            another = other.get(AutoAttendant.dial_plan)
            detail = f"{attendant.address} leads to {other.address}, which belongs to {another}."
            path = next(one.path for one in standing(where, where).leading_to(name) if one.is_key)
            yield OTHER_DIAL_PLAN.found(where, detail, path=path)


def _plan(attendant: Resource) -> str:
    return folded(attendant.get(AutoAttendant.dial_plan) or "")


def _bad_links(one: Standing, order: Order, landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield an error or a warning for each disabled attendant of the same dial plan to which one leads."""
    every = (*one.links, *order.checked(folded(one.resource.key)))
    links = {folded(link.target): link for link in reversed(every)}  # the first of several keys stays
    for name, link in links.items():
        other = order.later.get(name)
        if other is None or not other.is_disabled or _plan(one.resource) != _plan(other.resource):
            continue
        is_disabling = other.resource.address in landscape.actions and order.becomes_disabled(name)
        was = order.earlier.get(folded(one.resource.key))
        if is_disabling and link in one.links and was is not None and was.has(link):
            yield _disabled_at_end(one, other, link, landscape)
        elif _is_refused(one, name, order, landscape):
            yield _leads_to_disabled(one, other, link, landscape, Severity.ERROR)
        elif one.is_enabled and link in one.links and one.resource.key in landscape.wanted(AutoAttendant):
            yield _leads_to_disabled(one, other, link, landscape, Severity.WARNING)


def _is_refused(one: Standing, target: str, order: Order, landscape: Landscape) -> bool:
    """True if the plan sends a command that Exchange refuses, because an attendant leads to a disabled one."""
    key = one.resource.key
    name, was = folded(key), order.earlier.get(folded(key))
    setting, menu = (landscape.actions.get(Address(kind.name, key)) for kind in (AutoAttendant, AttendantMenu))
    is_set = setting is not None and setting.kind is ActionKind.UPDATE
    if is_set and any(folded(link.target) == target for link in order.checked(name)):
        return True
    is_enabled = was.is_enabled if was is not None and name in order.menus_first else one.is_enabled
    is_key = any(link.is_key for link in one.leading_to(target))
    return is_key and is_enabled and menu is not None and bool(menu.commands)


def _leads_to_disabled(
    one: Standing, other: Standing, link: Link, landscape: Landscape, severity: Severity
) -> Diagnostic:
    """Return the error, or the warning where the plan sends nothing that Exchange refuses."""
    declared = landscape.wanted(AutoAttendant).get(other.resource.key)
    wrong = f"{one.resource.address} leads to {placed(declared or other.resource)}, which is disabled."
    enabling = write("Enable-UMAutoAttendant", Identity=other.resource.name or other.resource.key)
    why = "Exchange refuses to enable or change an attendant that leads to a disabled one."
    detail = f"{wrong} {why}" if severity is Severity.ERROR else wrong
    remedy = "" if declared is not None else f"Enable it, or lead the {_word(link)} elsewhere:\n  {enabling}"
    path = link.path if link in one.links else ()
    return LEADS_TO_DISABLED.found(one.resource, detail, remedy, severity=severity, path=path)


def _disabled_at_end(one: Standing, other: Standing, link: Link, landscape: Landscape) -> Diagnostic:
    leading = landscape.wanted(AutoAttendant).get(one.resource.key, one.resource)
    place = placed(leading, link.path)
    detail = f"{other.resource.address} would be disabled, but the {_word(link)} of {place} leads to it."
    return DISABLED_AT_END.found(other.resource, detail)


def _word(link: Link) -> str:
    return f"key {link.place[0]}" if link.is_key else "fallback"


def _ring(one: Address, other: Address, landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield the error about attendants that lead to each other, where the plan enables them."""
    attendant, end = landscape.one(AutoAttendant, one.key), landscape.one(AutoAttendant, other.key)
    if attendant is None or end is None or not {one, other} <= landscape.actions.keys():
        return
    where = landscape.wanted(AutoAttendant).get(one.key, attendant)
    path = next((link.path for link in standing(where, where).leading_to(other.key)), ())
    off = write("Set-UMAutoAttendant", Identity=attendant.name or attendant.key, BusinessHoursKeyMappingEnabled=False)
    back = "leads back to it, directly or through others. All of them are disabled."
    remedy = f"Turn its menu off, plan again, and turn the menu on when all are enabled:\n  {off}"
    yield RING.found(where, f"{attendant.address} leads to {end.address}, which {back}", remedy, path=path)
