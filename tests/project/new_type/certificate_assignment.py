"""Which certificate Exchange uses for Unified Messaging. Source: Enable-ExchangeCertificate (Microsoft Learn).

A resource type as it is added to ``providers/resources``: this one file, and the samples that the tests ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.value_types import ChangedBy, Output, ReadOnly, Text
from reconciler.model.abilities import Duty, Obliged, Owing
from reconciler.model.actions import Change
from reconciler.model.attributes import Attr
from reconciler.model.commands import Command, write
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation

CERTIFICATE_VALID = Duty("certificate-valid", "the certificate {subject} has to become valid")

NOT_VALID = Rule(
    "UM099",
    "Certificate is not valid",
    "A certificate that is not valid is refused by Lync, so calls to Unified Messaging fail.",
    "Complete its request, or assign another certificate.",
    "Get-ExchangeCertificate (Microsoft Learn)",
    Severity.WARNING,
)


class CertificateAssignment(CmdletResource, Owing, Obliged):
    """A certificate and the services that use it; the key is its thumbprint."""

    name: ClassVar[str] = "certificate_assignment"
    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    after: ClassVar[tuple[str, ...]] = ("dial_plan",)
    section: ClassVar[str | None] = "certificate_assignments"
    noun: ClassVar[str] = "ExchangeCertificate"
    has_guid: ClassVar[bool] = False
    key_type: ClassVar[Any] = Text
    key_output: ClassVar[str] = "Thumbprint"
    name_output: ClassVar[str] = "Thumbprint"
    duties: ClassVar[tuple[Duty, ...]] = (CERTIFICATE_VALID,)
    rules: ClassVar[tuple[Rule, ...]] = (NOT_VALID,)

    services: Attr[Annotated[Text, ChangedBy("Enable-ExchangeCertificate")]]
    """Services that use it: UM."""
    status: Attr[Annotated[Text, ReadOnly(), Output("Status")]]
    """Valid, PendingRequest or Invalid."""

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({"Get-ExchangeCertificate", "Enable-ExchangeCertificate"})

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        return (write("Enable-ExchangeCertificate", Thumbprint=desired.key, Services=desired.get(self.services)),)

    def obligations(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[Obligation]:
        return (CERTIFICATE_VALID.of(desired.key),)

    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        return _is_valid(landscape.one(self, owed.subject))

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        there = (one for one in landscape.wanted(self).values() if landscape.one(self, one.key) is not None)
        return [
            NOT_VALID.found(one, f"{one.address} is not valid.")
            for one in there
            if not _is_valid(landscape.one(self, one.key))
        ]


def _is_valid(certificate: Resource | None) -> bool:
    return certificate is not None and certificate.get(CertificateAssignment.status) == "Valid"
