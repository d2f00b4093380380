"""Whether mailboxes have the EUM addresses of their extension and SIP address: Lync routes calls to voice mail by them.

Exchange writes them when it enables a mailbox. They are lost or old after a dial plan was made again, after an edit by
hand, or where another tool wrote the list of addresses.

Sources: Add, change an extension number; Lync Server 2010, ExUM Routing; DOMAIN 3.11, 7.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from providers.estate.servers import newest_version
from providers.schema.exchange import DialPlan, UMMailbox
from providers.schema.exchange_facts import Mailbox
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource
from reconciler.model.values import folded, texts

NO_ADDRESS: Final = Rule(
    "UM087",
    "EUM address is missing",
    "A mailbox with voice mail has an EUM address for its SIP address and one for each extension, with the phone "
    "context of its dial plan. Lync routes calls by them, so without them callers do not reach the mailbox.",
    "Add the addresses to the mailbox, with Set-Mailbox -EmailAddresses.",
    "Add an extension number; DOMAIN 3.11, 7.7",
    Severity.WARNING,
)


def check_addresses(landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield a warning for each declared mailbox that lacks one, without those that the declarations change."""
    if not (landscape.is_readable(Mailbox) and landscape.is_readable(UMMailbox)):
        return
    declared, enabled = landscape.written(UMMailbox), landscape.all(UMMailbox)
    rows, changing = declared.folded, {folded(one.key) for one in landscape.predicted_by if one.type == UMMailbox.name}
    keys = [key for key in enabled.folded if key not in changing and key in rows]
    users = enabled.rows((UMMailbox.dial_plan.name, UMMailbox.sip_address.name, UMMailbox.extension.name), keys)
    mailboxes = landscape.all(Mailbox).rows((Mailbox.addresses.name,), keys)
    contexts: dict[object, str | None] = {}
    for key, user, mailbox in zip(keys, users, mailboxes, strict=True):
        if user is None or mailbox is None:
            continue
        plan, sips, extensions, known = user[0], texts(user[1]), texts(user[2]), texts(mailbox[0])
        end = contexts[plan] if plan in contexts else contexts.setdefault(plan, _end(plan, landscape))
        values = (*sips, *extensions)
        if end is None or _has_all(values, end, known):
            continue
        if lacking := _lacking(values, end, known):
            yield _found(declared[key], next(iter(sips), None), lacking, known, landscape)


def _end(plan: object, landscape: Landscape) -> str | None:
    """Return the end of the EUM addresses of the users of a dial plan; None where its phone context is not known."""
    known = landscape.one(DialPlan, plan) if isinstance(plan, str) else None
    context = known.get(DialPlan.phone_context) if known else None
    return f";phone-context={context}" if context else None


def _has_all(values: Sequence[str], end: str, known: Sequence[str]) -> bool:
    """True where all addresses are there as Exchange writes them, which is nearly always."""
    return all(f"EUM:{one}{end}" in known or f"eum:{one}{end}" in known for one in values)


def _lacking(values: Sequence[str], end: str, known: Sequence[str]) -> list[str]:
    """Return the addresses, without their kind, that a mailbox should have and does not."""
    there = {folded(one) for one in known}
    return [one for one in (f"{value}{end}" for value in values) if f"eum:{folded(one)}" not in there]


def _found(
    row: Resource, sip: str | None, lacking: list[str], known: tuple[str, ...], landscape: Landscape
) -> Diagnostic:
    primary = f"{folded(sip)};" if sip else None
    written = [f"{'EUM' if primary and folded(one).startswith(primary) else 'eum'}:{one}" for one in lacking]
    detail = f"{row.address} has no {listed(written)}."
    if not newest_version(landscape).takes_differences:
        command = str(write("Set-Mailbox", Identity=row.key, EmailAddresses=(*known, *written)))
    else:
        added = ",".join("'" + one.replace("'", "''") + "'" for one in written)
        command = f"{write('Set-Mailbox', Identity=row.key)} -EmailAddresses @{{Add={added}}}"
    return NO_ADDRESS.found(row, detail, f"Add what is missing:\n  {command}")
