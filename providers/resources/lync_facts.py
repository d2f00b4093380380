"""What is read from Lync for checks and derivation, and never changed: topology, media encryption, users.

Sources: Get-CsPool, Get-CsSite, Get-CsComputer, Get-CsService, Get-CsMediaConfiguration, Get-CsUser (Microsoft Learn);
DOMAIN 3.14, 5, 6.2, 7.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from providers.cmdlets.cmdlet_resource import Declared, Fact, Output, ReadOnly, unset
from providers.cmdlets.value_types import (
    Normalise,
    Number,
    PoolFqdn,
    SipAddress,
    SiteName,
    SmtpAddress,
    Text,
    Truth,
    Unordered,
    lower,
    text,
)
from providers.estate.topology import PROVEN, computers_of, product_of
from reconciler.model.commands import LYNC, Command, Endpoint, read
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed, Product
from reconciler.model.resources import Resource
from reconciler.model.values import Record


class LyncFact(Fact):
    """A fact that the Lync Server Management Shell tells; such objects have no GUID."""

    endpoint: ClassVar[Endpoint] = LYNC
    has_guid: ClassVar[bool] = False
    key_output: ClassVar[str] = "Identity"
    name_output: ClassVar[str] = "Identity"


class PoolRecord(Declared):
    """A pool of the Lync topology, of whatever kind."""

    site: Annotated[SiteName, ReadOnly(), Output("Site")] = unset()
    """The Lync site that holds it."""
    services: Annotated[tuple[Text, ...], Unordered(), ReadOnly(), Output("Services")] = unset()
    """Identities of its services, such as ``Registrar:pool1.contoso.com``."""
    computers: Annotated[tuple[PoolFqdn, ...], ReadOnly(), Output("Computers")] = unset()
    """Its computers, in the order of the topology."""


class Pool(LyncFact):
    """A pool of the Lync topology; which are Front End pools is told by their services."""

    name: ClassVar[str] = "pool"
    model: ClassVar[type[Declared]] = PoolRecord
    noun: ClassVar[str] = "CsPool"
    key_type: ClassVar[Any] = PoolFqdn
    key_output: ClassVar[str] = "Fqdn"


class SiteRecord(Declared):
    """A site of the Lync topology."""

    kind: Annotated[Text, ReadOnly(), Output("SiteType")] = unset()
    """``CentralSite`` or ``BranchSite``."""
    parent: Annotated[SiteName, ReadOnly(), Output("ParentSite")] = unset()
    """Of a branch site: its central site."""


class LyncSite(LyncFact):
    """A central or branch site."""

    name: ClassVar[str] = "lync_site"
    model: ClassVar[type[Declared]] = SiteRecord
    noun: ClassVar[str] = "CsSite"
    key_type: ClassVar[Any] = SiteName


class ComputerRecord(Declared):
    """A computer of the Lync topology."""

    pool: Annotated[PoolFqdn, ReadOnly(), Output("Pool")] = unset()
    """The pool it belongs to."""
    order: Annotated[Number, ReadOnly(), Output("")] = unset()
    """Its place in the pool, from 0: quorum counts the first so many."""


class LyncComputer(LyncFact):
    """A computer of a pool, in the order of the topology."""

    name: ClassVar[str] = "lync_computer"
    model: ClassVar[type[Declared]] = ComputerRecord
    noun: ClassVar[str] = "CsComputer"
    key_type: ClassVar[Any] = PoolFqdn
    key_output: ClassVar[str] = "Fqdn"

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        seen: dict[str | None, int] = {}
        found: list[Resource | Diagnosed] = []
        for one in super().observe(answers, landscape):
            if isinstance(one, Resource):
                pool = one.text("pool")
                order = seen.get(pool, 0)
                seen[pool] = order + 1
                one = replace(one, attributes={**one.attributes, "order": order})
            found.append(one)
        return found


class ServiceRecord(Declared):
    """A service of the Lync topology."""

    role: Annotated[Text, ReadOnly(), Output("Role")] = unset()
    """``Registrar`` or ``Director``."""
    pool: Annotated[PoolFqdn, ReadOnly(), Output("PoolFqdn")] = unset()
    """The pool that offers it."""
    site: Annotated[SiteName, ReadOnly(), Output("SiteId")] = unset()
    """The site of the pool."""
    service_id: Annotated[Text, ReadOnly(), Output("ServiceId")] = unset()
    """Site and cluster of the pool, with the role: ``1-2-Registrar``."""
    version: Annotated[Number, ReadOnly(), Output("Version")] = unset()
    """5 is Lync Server 2010, 6 is 2013, 7 and higher are Skype for Business Server."""


class LyncService(LyncFact):
    """A Registrar or Director of the topology: what makes a pool a Front End pool or a Director pool."""

    name: ClassVar[str] = "lync_service"
    model: ClassVar[type[Declared]] = ServiceRecord
    noun: ClassVar[str] = "CsService"
    key_type: ClassVar[Any] = Annotated[Text, Normalise(lower)]

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        properties = ("Identity", "Role", "PoolFqdn", "SiteId", "ServiceId", "Version")
        return (
            read("Get-CsService", *properties, endpoint=LYNC, Registrar=True),
            read("Get-CsService", *properties, endpoint=LYNC, Director=True),
        )

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the services; the role is what was asked for, whatever the server calls it."""
        found: list[Resource | Diagnosed] = []
        for command, reply in answers:
            role = command.parameters[0][0] if command.parameters else "Registrar"
            for one in super().observe([(command, reply)], landscape):
                if isinstance(one, Resource):
                    one = replace(one, attributes={**one.attributes, "role": role})
                found.append(one)
        return found

    def products(self, landscape: Landscape) -> Mapping[str, Product]:
        """Return what runs on the computers of each pool."""
        told = {one.text("pool"): product_of(one.get("version")) for one in landscape.all(self.name).values()}
        return {
            host: Product(product, product == PROVEN)
            for pool, product in told.items()
            if pool and product
            for host in computers_of(pool, landscape)
        }


class MediaRecord(Declared):
    """A collection of media settings."""

    encryption_level: Annotated[Text, ReadOnly()] = unset()
    """RequireEncryption, SupportEncryption or DoNotSupportEncryption."""


class MediaConfiguration(LyncFact):
    """The media settings of one scope: ``global``, ``site:Redmond``, ``service:MediationServer:pool1.contoso.com``."""

    name: ClassVar[str] = "media_configuration"
    model: ClassVar[type[Declared]] = MediaRecord
    noun: ClassVar[str] = "CsMediaConfiguration"
    key_type: ClassVar[Any] = Annotated[Text, Normalise(lower)]


class UserRecord(Declared):
    """A user of Lync."""

    enterprise_voice: Annotated[Truth, ReadOnly(), Output("EnterpriseVoiceEnabled")] = unset()
    """Voice mail through UM is for Enterprise Voice users."""
    registrar_pool: Annotated[PoolFqdn, ReadOnly(), Output("RegistrarPool")] = unset()
    """The pool the user is homed on."""
    hosted_voicemail: Annotated[Truth, ReadOnly(), Output("HostedVoiceMail")] = unset()
    """The user's calls go to hosted voice mail, not to this UM."""
    line_uri: Annotated[Text, ReadOnly(), Output("LineURI")] = unset()
    """Phone number, ``tel:+14255550123``."""
    dial_plan: Annotated[Text, ReadOnly(), Output("DialPlan")] = unset()
    """Lync dial plan granted to the user."""
    email: Annotated[SmtpAddress, Normalise(text), ReadOnly(), Output("WindowsEmailAddress")] = unset()
    """SMTP address in the directory: links the user with the mailbox where the SIP address does not."""


class LyncUser(LyncFact):
    """A user of Lync, by SIP address."""

    name: ClassVar[str] = "lync_user"
    model: ClassVar[type[Declared]] = UserRecord
    noun: ClassVar[str] = "CsUser"
    key_type: ClassVar[Any] = SipAddress
    key_output: ClassVar[str] = "SipAddress"
    name_output: ClassVar[str] = "SipAddress"

    def from_record(self, record: Record, landscape: Landscape) -> Resource | None:
        found = super().from_record(record, landscape)
        return replace(found, name=None) if found else None
