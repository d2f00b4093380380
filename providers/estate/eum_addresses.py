"""Whether mailboxes have the EUM addresses of their extension and SIP address: Lync routes calls to voice mail by them.

Exchange writes them when it enables a mailbox. They are lost or old after a dial plan was made again, after an edit by
hand, or where another tool wrote the list of addresses.

Sources: Add, change an extension number; Lync Server 2010, ExUM Routing; DOMAIN 3.11, 7.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from providers.estate.servers import newest_version
from providers.schema.exchange import DialPlan, UMMailbox
from providers.schema.exchange_facts import Mailbox
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource
from reconciler.model.values import folded

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
    declared, enabled, mailboxes = landscape.written(UMMailbox), landscape.all(UMMailbox), landscape.all(Mailbox)
    addresses = dict(zip(mailboxes.folded, mailboxes.lists(Mailbox.addresses), strict=True))
    contexts = _contexts(landscape)
    columns = (enabled.column(one) for one in (UMMailbox.dial_plan, UMMailbox.sip_address))
    rows = zip(enabled.folded, *columns, enabled.lists(UMMailbox.extension), strict=True)
    for key, plan, sip, extensions in rows:
        context, known = contexts.get(folded(plan or "")), addresses.get(key)
        if context is None or known is None or key not in declared.folded:
            continue
        values = (*([sip] if sip else ()), *extensions)
        if (lacking := _lacking(values, context, known)) and enabled[key].address not in landscape.predicted_by:
            yield _found(declared[key], sip, lacking, known, landscape)


def _contexts(landscape: Landscape) -> Mapping[str, str]:
    plans = landscape.all(DialPlan).values()
    return {folded(plan.key): context for plan in plans if (context := plan.get(DialPlan.phone_context))}


def _lacking(values: tuple[str, ...], context: str, known: tuple[str, ...]) -> list[str]:
    """Return the addresses, without their kind, that a mailbox should have and does not."""
    wanted = [f"{value};phone-context={context}" for value in values]
    if all(f"EUM:{one}" in known or f"eum:{one}" in known for one in wanted):
        return []
    there = {folded(one) for one in known}
    return [one for one in wanted if f"eum:{folded(one)}" not in there]


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
