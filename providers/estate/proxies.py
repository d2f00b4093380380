"""The EUM addresses of a mailbox, which hold its SIP address and its extensions, and the commands that change them.

From Exchange 2013 on a command adds and removes addresses. Before, ``-EmailAddresses`` replaces the whole list, so the
other addresses of the mailbox are read directly before and written back. They are part of what the step expects: if
another administrator changes one of them meanwhile, nothing is sent.

Sources: Set-Mailbox, parameter EmailAddresses; Change a SIP address, Change an extension number; DOMAIN 3.5, 7.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from providers.schema.exchange import DialPlan, UMMailbox
from providers.schema.exchange_facts import Mailbox
from reconciler.model.actions import Change
from reconciler.model.commands import Argument, Command, Delta, read
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer
from reconciler.model.resources import Resource
from reconciler.model.values import folded, texts

_KINDS = ((UMMailbox.sip_address, "EUM"), (UMMailbox.extension, "eum"))
"""The attributes that the addresses hold. Upper case marks the primary address, which is the SIP address."""


def changed_addresses(changes: Sequence[Change], observed: Resource, landscape: Landscape) -> Argument:
    """Return the argument that makes the changes in the addresses of a mailbox; None if they change no address."""
    by_name = {change.attribute: change for change in changes}
    context = _context(observed, landscape)
    add: list[str] = []
    remove: list[str] = []
    for attribute, prefix in _KINDS:
        change = by_name.get(attribute.name)
        if change is not None:
            before, after = texts(change.before), texts(change.after)
            add += [_address(prefix, one, context) for one in after if one not in before]
            remove += [_address("eum", one, context) for one in before if one not in after]
    if not (add or remove):
        return None
    if not observed.has(UMMailbox.other_addresses):
        return Delta(tuple(add), tuple(remove))
    gone = {folded(one) for one in remove}
    own = [one for one in _own_addresses(observed, context) if folded(one) not in gone]
    return (*observed.get(UMMailbox.other_addresses), *own, *add)


def writes_whole(changes: Iterable[Change], observed: Resource) -> bool:
    """True if the changes replace the whole list of addresses."""
    of_addresses = {attribute.name for attribute, _ in _KINDS}
    return observed.has(UMMailbox.other_addresses) and any(change.attribute in of_addresses for change in changes)


def address_query(mailbox: Command) -> Command:
    """Return the read of all addresses of the mailbox that a read of its voice mail names."""
    return read("Get-Mailbox", "Guid", "EmailAddresses", Identity=mailbox.argument("Identity"))


def with_other_addresses(one: Resource, addresses: Mapping[str, tuple[str, ...]], landscape: Landscape) -> Resource:
    """Return a mailbox with its other addresses, if they were read; ``addresses`` are all addresses by GUID."""
    found = addresses.get(one.guid or "")
    if found is None:
        return one
    own = {folded(each) for each in _own_addresses(one, _context(one, landscape))}
    others = tuple(sorted({each for each in found if folded(each) not in own}))
    return one.having(UMMailbox.other_addresses, others)


def addresses_by_guid(answers: Sequence[Answer], landscape: Landscape) -> Mapping[str, tuple[str, ...]]:
    """Return all addresses of mailboxes by GUID: those just read, otherwise those of the listing of mailboxes."""
    found: dict[str, tuple[str, ...]] = {}
    if not answers:
        mailboxes = landscape.all(Mailbox)
        guids = (row[-1] for row in mailboxes.rows((), mailboxes.folded) if row is not None)
        listed = zip(guids, mailboxes.lists(Mailbox.addresses), strict=True)
        found = {guid: addresses for guid, addresses in listed if isinstance(guid, str)}
    for _, reply in answers:
        if isinstance(reply, Exception):
            continue
        for record in reply.records:
            guid, addresses = record.get("Guid"), record.get("EmailAddresses")
            if isinstance(guid, str):
                found[guid] = texts(tuple(addresses) if isinstance(addresses, list) else addresses)
    return found


def _own_addresses(mailbox: Resource, context: str) -> list[str]:
    return [
        _address(prefix, value, context)
        for attribute, prefix in _KINDS
        for value in texts(mailbox.attributes.get(attribute.name))
    ]


def _context(mailbox: Resource, landscape: Landscape) -> str:
    plan = landscape.one(DialPlan, mailbox.get(UMMailbox.dial_plan))
    return (plan.get(DialPlan.phone_context) if plan else None) or ""


def _address(prefix: str, value: str, context: str) -> str:
    return f"{prefix}:{value};phone-context={context}"
