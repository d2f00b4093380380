"""Contact objects: Lync routes calls to Outlook Voice Access and to auto attendants by them.

Each number has one. No cmdlet makes them for UM on premises: New-CsExUmContact is for hosted UM only, and OcsUmUtil.exe
has only a window. So for a missing contact the plan shows a card, with what a person enters in each field of that
window, and existing contacts are checked. No documented property says to which dial plan a contact belongs. So if one
contact has a number that nobody has, and one number of the same kind has no contact, the contact probably has a wrong
number.

Sources: Configure Lync Server to work with UM (Gg398193), Get-CsExUmContact (Microsoft Learn); Move Exchange UM contact
objects (JJ688022); DOMAIN 3.12.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.products import LYNC_PROVIDER
from providers.cmdlets.value_types import Normalise, Text, text
from providers.estate.left_behind import ended_dial_plans
from providers.estate.people import forest_root, users_by_pool
from providers.estate.topology import UcPool, front_end_pools, uc_pools, voice_users_by_pool
from providers.schema.attendants import AutoAttendant
from providers.schema.exchange import DialPlan, IPGateway
from providers.schema.lync import ContactObject, LyncUser
from reconciler.model.attributes import Attr
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape, Named
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Lifecycle, Rule
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import EMPTY, Record, folded

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


OTHER_POOL = Rule(
    "UM095",
    "Contact object is homed away from its users",
    "A contact object should be homed on a pool where users of its dial plan are. On another pool, it fails when that "
    "pool fails, although the pools of the users still work.",
    "Move it to a pool where the UM users are homed, with Move-CsExUmContact.",
    "Configure Lync Server to work with UM (Gg398193); DOMAIN 3.12",
    Severity.NOTE,
)
WRONG_NUMBER = Rule(
    "UM098",
    "Contact object has a wrong number",
    "Lync routes calls to Unified Messaging by the number of a contact object. This number belongs to no dial plan and "
    "no auto attendant, and a number of the same kind has no contact object.",
    "Remove it and make it again with OcsUmUtil.exe.",
    "Configure Lync Server to work with UM (Gg398193); DOMAIN 3.12",
    Severity.WARNING,
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
    rules: ClassVar[tuple[Rule, ...]] = (
        MISSING,
        WRONG_KIND,
        LOST_HOME,
        TAKEN,
        WITHOUT_TARGET,
        OTHER_POOL,
        WRONG_NUMBER,
    )

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
        desired = self.derive(landscape)
        missing = [one for one in desired if landscape.one(self, one.key) is None]
        orphans = _orphans(landscape)
        wrong = _wrong_numbers(missing, orphans)
        diagnostics = [_card(one, landscape) for one in missing]
        for one in desired:
            if found := landscape.one(self, one.key):
                diagnostics += _check(one, found, landscape)
        for one in orphans:
            meant = wrong.get(one.key)
            without = WITHOUT_TARGET.found(one, f"{one.key} (sip:{one.get(self.sip_address)}) has no target.")
            diagnostics.append(without if meant is None else _wrong_number(one, meant))
        return (*diagnostics, *_taken(desired, landscape))


def _check(desired: Resource, found: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield what is wrong with a contact that exists."""
    is_attendant = desired.get(ContactObject.auto_attendant) is not None
    if found.get(ContactObject.is_auto_attendant) is (not is_attendant):
        kind = "an auto attendant" if is_attendant else "subscriber access"
        yield WRONG_KIND.found(desired, f"{desired.key} must be for {kind}.")
    home, plan = found.get(ContactObject.registrar_pool), desired.get(ContactObject.dial_plan) or ""
    pools, users = uc_pools(landscape), users_by_pool(landscape).get(folded(plan), EMPTY)
    if home and pools and home not in pools:
        yield LOST_HOME.found(desired, f"{desired.key} is homed on {home}.", _moving(found, plan, landscape))
    elif home and users and home not in users:
        detail = f"{desired.key} is homed on {home}; the users of {plan} are homed on {listed(sorted(users))}."
        yield OTHER_POOL.found(desired, detail, _moving(found, plan, landscape))


def _wrong_numbers(missing: Sequence[Resource], orphans: Sequence[Resource]) -> Mapping[str, Resource]:
    """Return, by the key of the contact, the number that each contact without a target should have.

    It is certain enough only where one number of a kind has no contact, and one contact of that kind has no target.
    """
    found: dict[str, Resource] = {}
    for is_attendant in (True, False):
        lacking = [one for one in missing if (one.get(ContactObject.auto_attendant) is not None) is is_attendant]
        loose = [one for one in orphans if one.get(ContactObject.is_auto_attendant) is is_attendant]
        if len(lacking) == 1 and len(loose) == 1:
            found[loose[0].key] = lacking[0]
    return found


def _wrong_number(contact: Resource, meant: Resource) -> Diagnostic:
    """Return the warning about a contact that should probably have the number ``meant``."""
    whose = meant.get(ContactObject.auto_attendant) or meant.get(ContactObject.dial_plan)
    detail = f"{contact.key} belongs to nobody, and {meant.key} of {whose} has no contact object."
    remedy = (
        f"If it is meant for {whose}, remove sip:{contact.get(ContactObject.sip_address)} with OcsUmUtil.exe and make "
        f"the contact of {meant.key}. Otherwise give its number to the dial plan or the attendant that it is for."
    )
    return WRONG_NUMBER.found(contact, detail, remedy)


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


def _orphans(landscape: Landscape) -> Sequence[Resource]:
    """Return the contacts whose number nobody has; none while a holder cannot be read.

    Where no dial plan is declared, contacts are not our business, except in the plan that removes the last one.
    """
    holders: tuple[tuple[Named, Attr[tuple[str, ...]]], ...] = (
        (DialPlan, DialPlan.access_numbers),
        (AutoAttendant, AutoAttendant.pilot_numbers),
    )
    is_ours = landscape.wanted(DialPlan) or ended_dial_plans(landscape)
    if not is_ours or not all(landscape.is_readable(kind) for kind, _ in holders):
        return ()
    known = {
        number
        for kind, numbers in holders
        for one in (*landscape.all(kind).values(), *landscape.wanted(kind).values())
        for number in one.get(numbers)
    }
    return [one for one in landscape.all(ContactObject).values() if one.key not in known]


# --- what a person does ----------------------------------------------------------------------------------------------


def _card(desired: Resource, landscape: Landscape) -> Diagnostic:
    """Return the card for a person who makes a contact: a line for each field of OcsUmUtil.exe."""
    plan = desired.get(ContactObject.dial_plan) or ""
    known = landscape.one(DialPlan, plan)
    context = (known.get(DialPlan.phone_context) if known else None) or plan
    attendant = desired.get(ContactObject.auto_attendant)
    kind = f"Auto-Attendant {attendant}" if attendant else "Subscriber Access"
    home = _home(plan, landscape)
    pools = front_end_pools(landscape)
    host = next((fe for pool in pools if pool.fqdn == home for fe in pool.front_ends), "a Front End")
    remedy = [
        f"On {host} start OcsUmUtil.exe, load the Exchange forest, choose the dial plan {context}, and add a contact:",
        "- Organizational unit: one in which you may make contacts",
        f"- Name: {attendant or f'{plan} Subscriber Access'} {desired.key}",
        f"- SIP address: {_new_address(desired, landscape)}",
        f"- Server or pool: {home}",
        f"- Phone number: {desired.key}",
        f"- Contact type: {kind}",
    ]
    return MISSING.found(desired, f"No contact has the number {desired.key} ({kind}).", "\n".join(remedy))


def _new_address(desired: Resource, landscape: Landscape) -> str:
    """Return a SIP address that nobody has, in the SIP domain of most users."""
    users = landscape.all(LyncUser)
    domain = landscape.fact(_sip_domain, users) or forest_root(landscape) or "the SIP domain of the users"
    taken = {one.get(ContactObject.sip_address) for one in landscape.all(ContactObject).values()}
    names = (f"um{desired.key.lstrip('+')}{f'-{number}' if number else ''}@{domain}" for number in itertools.count())
    return f"sip:{next(name for name in names if name not in users and name not in taken)}"


def _sip_domain(users: Resources) -> str:
    counts = Counter(address.rpartition("@")[2] for address in users.folded)
    return min(counts, key=lambda domain: (-counts[domain], domain), default="")


def _moving(contact: Resource, plan: str, landscape: Landscape) -> str:
    """Return the instructions for moving a contact to another pool."""
    if not front_end_pools(landscape):
        return LOST_HOME.remedy
    command = write(
        "Move-CsExUmContact", Identity=f"sip:{contact.get(ContactObject.sip_address)}", Target=_home(plan, landscape)
    )
    return f"Move it to a pool where the UM users are homed:\n  {command}"


def _home(plan: str, landscape: Landscape) -> str:
    """Return the pool of most users of a dial plan, otherwise of most users, where contacts should be."""
    own, users = users_by_pool(landscape).get(folded(plan), EMPTY), voice_users_by_pool(landscape)

    def rank(pool: UcPool) -> tuple[int, int, int, str]:
        return (-own.get(pool.fqdn, 0), -users.get(pool.fqdn, 0), -len(pool.front_ends), pool.fqdn)

    best = min(front_end_pools(landscape), key=rank, default=None)
    return best.fqdn if best else "a pool"
