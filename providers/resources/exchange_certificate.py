"""The certificates of Exchange servers, as facts for the assignment to Unified Messaging.

Source: Get-ExchangeCertificate (Microsoft Learn); DOMAIN 3.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from providers.cmdlets.cmdlet_resource import CmdletFact
from providers.estate.certificates import certificate_queries
from providers.schema.certificates import ExchangeCertificate, thumbprint
from providers.schema.exchange_facts import ExchangeServer
from reconciler.model.commands import Command
from reconciler.model.diagnostics import SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed
from reconciler.model.resources import Address, Resource


class ExchangeCertificateType(ExchangeCertificate, CmdletFact):
    """A certificate of one server; key ``fqdn/thumbprint``."""

    noun: ClassVar[str] = "ExchangeCertificate"
    reads_after: ClassVar[tuple[str, ...]] = (ExchangeServer.name,)

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return certificate_queries(landscape)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the certificates. ``um_certificate`` says of a server that it could not be read."""
        found: list[Resource] = []
        for command, reply in answers:
            for record in () if isinstance(reply, SessionError) else reply.records:
                name = thumbprint(record.get("Thumbprint"))
                if isinstance(name, str):
                    known = {each: value for each, value in self.canonical(record).items() if value is not None}
                    found.append(Resource(Address(self.name, f"{command.argument('Server')}/{name}"), known))
        return found
