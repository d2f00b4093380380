"""EUM addresses left on mailboxes without UM: they keep an extension or a SIP address in use.

For Exchange an extension is in use as long as any recipient has its proxy address, with UM or without. Such addresses
remain after a removed dial plan, a move between organizations, or a manual edit. They are few, so a filter reads only
these.

Sources: Get-Mailbox, Filterable properties for the Filter parameter (Microsoft Learn); DOMAIN 7.7, 9.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletFact
from providers.cmdlets.marks import Output
from providers.cmdlets.value_types import Text
from providers.schema.um_mailbox import UMMailbox
from reconciler.model.commands import Command, read
from reconciler.model.diagnostics import SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed
from reconciler.model.resources import Address, Attr, Resource
from reconciler.model.values import Record

_LEFT_OVER = "UMEnabled -eq $false -and EmailAddresses -like 'eum:*'"


class EumAddress(CmdletFact):
    """An EUM address on a mailbox without UM; the key is the address without ``eum:``.

    Read only if mailboxes are declared.
    """

    name: ClassVar[str] = "eum_address"
    noun: ClassVar[str] = "Mailbox"

    holder: Attr[Annotated[Text, Output("PrimarySmtpAddress")]]
    """Primary SMTP address of the mailbox that has it."""
    written: Attr[Annotated[Text, Output("")]]
    """The address as it is written there: ``eum:50102;phone-context=Redmond.contoso.com``."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        if not landscape.written(UMMailbox):
            return ()
        properties = ("PrimarySmtpAddress", "EmailAddresses")
        return (read("Get-Mailbox", *properties, Filter=_LEFT_OVER, ResultSize="Unlimited"),)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        found: list[Resource | Diagnosed] = []
        for _, reply in answers:
            if isinstance(reply, SessionError):
                found += [Diagnosed(Address(self.name, "*"), why) for why in reply.diagnostics]
                continue
            found += [one for record in reply.records for one in self._addresses(record)]
        return found

    def _addresses(self, record: Record) -> Iterator[Resource]:
        addresses = record.get("EmailAddresses")
        for one in addresses if isinstance(addresses, list | tuple) else [addresses]:
            prefix, _, bare = str(one).partition(":")
            if prefix.casefold() == "eum" and bare:
                holder = str(record.get("PrimarySmtpAddress") or "").lower()
                found = Resource(Address(self.name, bare.casefold())).having(self.holder, holder)
                yield found.having(self.written, str(one))
