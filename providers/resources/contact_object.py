"""Contact objects: Lync routes calls to Outlook Voice Access and to auto attendants by them.

Each number has one. No cmdlet makes them for UM on premises: New-CsExUmContact is for hosted UM only, and OcsUmUtil.exe
has only a window. So for a missing contact the plan shows instructions for a person, and existing contacts are checked.

Sources: Configure Lync Server to work with UM (Gg398193), Get-CsExUmContact (Microsoft Learn); Move Exchange UM contact
objects (JJ688022); DOMAIN 3.12.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.products import LYNC_PROVIDER
from providers.cmdlets.value_types import Normalise, Text, text
from providers.estate.topology import UcPool, front_end_pools, uc_pools, voice_users_by_pool
from providers.schema.attendants import AutoAttendant
from providers.schema.exchange import DialPlan, IPGateway
from providers.schema.lync import ContactObject, LyncUser
from reconciler.model.attributes import Attr
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape, Named
from reconciler.model.resource_types import Lifecycle, Provider, Rule
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import Record

MISSING = Rule(
    "UM090",
    "Contact object must be made by hand",
    "Lync routes a call to Outlook Voice Access or to an auto attendant by the contact object of the number. Without "
    "one, nobody reaches the number. No cmdlet makes it.",
    "Make it with OcsUmUtil.exe on a Front End.",
    "Configure Lync Server to work with UM (Gg398193); DOMAIN 3.12",
    Severity.NOTE,
)
WRONG_KIND = Rule(
    "UM091",
    "Contact object is of the wrong kind",
    "A contact object is either for subscriber access or for an auto attendant. With the wrong kind, callers reach "
    "the other one.",
    "Remove it and make it again with OcsUmUtil.exe.",
    "Configure Lync Server to work with UM (Gg398193); DOMAIN 3.12",
    Severity.WARNING,
)
LOST_HOME = Rule(
    "UM092",
    "Contact object is homed on a pool that is gone",
    "Nobody reaches a contact object on a removed pool. After it is moved, exchucutil and restarts are needed again.",
    "Move it to a pool where the UM users are homed, with Move-CsExUmContact.",
    "Move Exchange UM contact objects (JJ688022); DOMAIN 3.12",
    Severity.WARNING,
)


TAKEN = Rule(
    "UM093",
    "Number belongs to a user",
    "The line of a Lync user has the number of an auto attendant or of Outlook Voice Access. Lync cannot route it to "
    "both.",
    "Give the user or the attendant another number.",
    "Set-CsUser, parameter LineURI; DOMAIN 3.12, 7.9",
    Severity.WARNING,
)
WITHOUT_TARGET = Rule(
    "UM094",
    "Contact object without a target",
    "No dial plan and no auto attendant has the number of a contact object, so nobody answers its calls.",
    "Remove it with OcsUmUtil.exe when nothing uses it any more. A contact of hosted Unified Messaging may stay.",
    "Get-CsExUmContact; DOMAIN 3.12",
    Severity.NOTE,
)


def _number(value: object) -> object:
    """Return the number of a contact, from ``+1425...`` or ``tel:+1425...;ext=1``."""
    found = text(value)
    return re.sub(r"^tel:|;.*$", "", found.strip(), flags=re.IGNORECASE) if isinstance(found, str) else found


class ContactObjectType(ContactObject, CmdletResource):
    """The contact of one number; the key is the number. A person makes it, and reconciler checks it."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.MANUAL
    after: ClassVar[tuple[str, ...]] = (IPGateway.name,)
    noun: ClassVar[str] = "CsExUmContact"
    provider: ClassVar[Provider] = LYNC_PROVIDER
    has_guid: ClassVar[bool] = False
    key_type: ClassVar[Any] = Annotated[Text, Normalise(_number)]
    key_output: ClassVar[str] = "DisplayNumber"
    name_output: ClassVar[str] = "SipAddress"
    rules: ClassVar[tuple[Rule, ...]] = (MISSING, WRONG_KIND, LOST_HOME, TAKEN, WITHOUT_TARGET)

    def from_record(self, record: Record, landscape: Landscape) -> Resource | None:
        number = _number(record.get("LineURI")) or _number(record.get("DisplayNumber"))
        return super().from_record({**record, self.key_output: number}, landscape)

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return one contact for each access number of a dial plan and each number of an auto attendant."""
        desired: dict[str, Resource] = {}
        for plan in landscape.wanted(DialPlan).values():
            for number in plan.get(DialPlan.access_numbers):
                address = Address(self.name, number)
                desired.setdefault(number, Resource(address, {self.dial_plan.name: plan.key}, position=plan.position))
        for attendant in landscape.wanted(AutoAttendant).values():
            for number in attendant.get(AutoAttendant.pilot_numbers):
                found = {
                    self.dial_plan.name: attendant.get(AutoAttendant.dial_plan),
                    self.auto_attendant.name: attendant.key,
                }
                desired.setdefault(number, Resource(Address(self.name, number), found, position=attendant.position))
        return tuple(desired.values())

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        return True

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        if not landscape.is_readable(self):
            return ()
        pools = uc_pools(landscape)
        diagnostics: list[Diagnostic] = []
        for desired in self.derive(landscape):
            found = landscape.one(self, desired.key)
            if found is None:
                diagnostics.append(_card(desired, landscape))
                continue
            is_attendant = desired.get(self.auto_attendant) is not None
            if found.get(ContactObject.is_auto_attendant) is (not is_attendant):
                kind = "an auto attendant" if is_attendant else "subscriber access"
                diagnostics.append(WRONG_KIND.found(desired, f"{desired.key} must be for {kind}."))
            home = found.get(ContactObject.registrar_pool)
            if home and pools and home not in pools:
                diagnostics.append(
                    LOST_HOME.found(desired, f"{desired.key} is homed on {home}.", _moving(found, landscape))
                )
        return (*diagnostics, *_taken(self.derive(landscape), landscape), *_without_target(landscape))


def _taken(contacts: Sequence[Resource], landscape: Landscape) -> Sequence[Diagnostic]:
    """Return a warning for each number that is also the line of a user."""
    lines = landscape.fact(_lines, landscape.all(LyncUser)) if contacts else {}
    return [
        TAKEN.found(one, f"{one.key} is also the line of {lines[one.key]}.") for one in contacts if one.key in lines
    ]


def _lines(users: Resources) -> Mapping[str, str]:
    """Return the users by the number of their line."""
    lines = zip(users.folded, users.column(LyncUser.line_uri), strict=True)
    return {str(_number(line)): user for user, line in lines if line}


def _without_target(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return a note for each contact whose number nobody has; nothing while a holder cannot be read."""
    holders: tuple[tuple[Named, Attr[tuple[str, ...]]], ...] = (
        (DialPlan, DialPlan.access_numbers),
        (AutoAttendant, AutoAttendant.pilot_numbers),
    )
    if not landscape.wanted(DialPlan) or not all(landscape.is_readable(kind) for kind, _ in holders):
        return ()
    known = {
        number
        for kind, numbers in holders
        for one in (*landscape.all(kind).values(), *landscape.wanted(kind).values())
        for number in one.get(numbers)
    }
    contacts = landscape.all(ContactObject).values()
    return [WITHOUT_TARGET.found(one, f"{one.key} has no target.") for one in contacts if one.key not in known]


def _card(desired: Resource, landscape: Landscape) -> Diagnostic:
    """Return the instructions for a person who makes a contact."""
    plan = landscape.one(DialPlan, desired.get(ContactObject.dial_plan))
    context = (plan.get(DialPlan.phone_context) if plan else None) or desired.get(ContactObject.dial_plan)
    attendant = desired.get(ContactObject.auto_attendant)
    kind = f"Auto-Attendant {attendant}" if attendant else "Subscriber Access"
    pools = front_end_pools(landscape)
    host = next((fe for pool in pools if pool.fqdn == _home(landscape) for fe in pool.front_ends), "a Front End")
    remedy = (
        f"On {host} start OcsUmUtil.exe, choose the dial plan {context}, and add a contact: type {kind}, "
        f"number {desired.key}, pool {_home(landscape)}."
    )
    return MISSING.found(desired, f"No contact has the number {desired.key} ({kind}).", remedy)


def _moving(contact: Resource, landscape: Landscape) -> str:
    """Return the instructions for moving a contact to another pool."""
    if not front_end_pools(landscape):
        return LOST_HOME.remedy
    command = write(
        "Move-CsExUmContact", Identity=f"sip:{contact.get(ContactObject.sip_address)}", Target=_home(landscape)
    )
    return f"Move it to a pool where the UM users are homed:\n  {command}"


def _home(landscape: Landscape) -> str:
    """Return the pool of most users, where contacts should be."""
    users = voice_users_by_pool(landscape)

    def rank(pool: UcPool) -> tuple[int, int, str]:
        return (-users.get(pool.fqdn, 0), -len(pool.front_ends), pool.fqdn)

    best = min(front_end_pools(landscape), key=rank, default=None)
    return best.fqdn if best else "a pool"
