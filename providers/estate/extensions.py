"""Who uses which extension: rows, mailboxes, left-over addresses, operators, and the telephones of Lync users.

Sources: Enable-UMMailbox, Get-CsUser (Microsoft Learn); DOMAIN 7.7, 9.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from providers.estate.mailbox_claims import sharing
from providers.estate.people import plan_of, plans_by_policy, rows_by_mailbox, sip_dial_plans
from providers.schema.attendants import AutoAttendant
from providers.schema.exchange import DialPlan, MailboxPolicy, UMMailbox
from providers.schema.exchange_facts import EumAddress, Mailbox
from providers.schema.lync import LyncUser
from reconciler.model.landscape import Landscape
from reconciler.model.numbers import NumberRange, NumberUse
from reconciler.model.resources import Address, Resource
from reconciler.model.values import folded

SOURCES = tuple(
    kind.name for kind in (DialPlan, MailboxPolicy, Mailbox, UMMailbox, EumAddress, AutoAttendant, LyncUser)
)
_LINE = re.compile(r"(?:tel:)?\+?(?P<number>[0-9]*)(?:;ext=(?P<extension>[0-9]+))?", re.IGNORECASE)


def ranges_of(landscape: Landscape) -> tuple[NumberRange, ...]:
    """Return the extensions of each SIP dial plan that exists or is declared."""
    plans = {folded(plan.key): plan for plan in sip_dial_plans(landscape)}
    for plan in landscape.wanted(DialPlan).values():
        plans[folded(plan.key)] = plan.over(landscape.one(DialPlan, plan.key))
    known = ((plan, plan.get(DialPlan.extension_digits)) for plan in plans.values())
    return tuple(NumberRange(plan.key, digits, sharing(plan.key, landscape)) for plan, digits in known if digits)


def uses_of(landscape: Landscape) -> tuple[NumberUse, ...]:
    """Return every use of an extension."""
    names = {folded(one.name): one.name for one in ranges_of(landscape)}
    found: dict[tuple[str, str, str], NumberUse] = {}
    for use in (*_declared(landscape), *_enabled(landscape), *_left_over(landscape), *_operators(landscape)):
        use = replace(use, range=names.get(folded(use.range), use.range))
        known = found.get(key := (use.number, folded(use.range), folded(use.holder)))
        found[key] = replace(known, how=f"{known.how}, {use.how}") if known is not None else use
    return (*found.values(), *_telephones(landscape))


def _declared(landscape: Landscape) -> Iterator[NumberUse]:
    by_policy, meant = plans_by_policy(landscape), rows_by_mailbox(landscape)
    for row in landscape.written(UMMailbox).values():
        plan = plan_of(row.get(UMMailbox.policy), by_policy) or row.get(UMMailbox.dial_plan) or ""
        for number in row.get(UMMailbox.extension):
            holder = Address(UMMailbox.name, meant.get(row.key, row.key))
            yield NumberUse(number, plan, str(holder), "declared", position=row.position)


def _enabled(landscape: Landscape) -> Iterator[NumberUse]:
    for mailbox in landscape.all(UMMailbox).values():
        for number in mailbox.get(UMMailbox.extension):
            yield NumberUse(number, mailbox.get(UMMailbox.dial_plan) or "", str(mailbox.address), "on the servers")


def _left_over(landscape: Landscape) -> Iterator[NumberUse]:
    by_context = {folded(plan.get(DialPlan.phone_context) or ""): plan.key for plan in landscape.all(DialPlan).values()}
    for one in landscape.all(EumAddress).values():
        number, _, rest = one.key.partition(";")
        context = rest.partition("=")[2]
        if number.isdigit():
            holder = str(Address(UMMailbox.name, one.get(EumAddress.holder) or ""))
            how = "an EUM address that was left on a mailbox without UM"
            yield NumberUse(number, by_context.get(folded(context), context), holder, how)


def _operators(landscape: Landscape) -> Iterator[NumberUse]:
    attendants = landscape.all(AutoAttendant) | landscape.written(AutoAttendant)
    for one in attendants.values():
        if number := one.get(AutoAttendant.operator_extension):
            plan = one.over(landscape.one(AutoAttendant, one.key)).get(AutoAttendant.dial_plan) or ""
            yield NumberUse(number, plan, str(one.address), "extension of its operator", is_exclusive=False)


def _telephones(landscape: Landscape) -> Iterator[NumberUse]:
    """Yield the extensions in the line URIs of Lync users, and the last digits of their numbers."""
    lengths = sorted({one.digits for one in ranges_of(landscape)})
    for user in landscape.all(LyncUser).values():
        yield from _telephone(user, lengths)


def _telephone(user: Resource, lengths: list[int]) -> Iterator[NumberUse]:
    match = _LINE.match(user.get(LyncUser.line_uri) or "")
    if match is None:
        return
    extension, number = match["extension"], match["number"]
    ends = [extension] if extension else [number[-length:] for length in lengths if len(number) >= length]
    how = f"telephone {user.get(LyncUser.line_uri)}"
    yield from (NumberUse(end, "", str(user.address), how, is_exclusive=False) for end in ends)
