"""What Lync holds: the attributes of dial plans and contact objects, and facts of topology, media encryption and users.

Sources: New- and Set-CsDialPlan, Get-CsExUmContact, Get-CsPool, Get-CsSite, Get-CsComputer, Get-CsService,
Get-CsMediaConfiguration, Get-CsUser (Microsoft Learn); DOMAIN 3.14, 5, 6.2, 7.9.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from providers.cmdlets.cmdlet_resource import CmdletFact
from providers.cmdlets.numerous import FEW, Numerous
from providers.cmdlets.products import LYNC, LYNC_PROVIDER
from providers.cmdlets.value_types import (
    ChangedBy,
    Clearable,
    Exclusive,
    Intent,
    Normalise,
    Number,
    ObjectName,
    Output,
    Param,
    PoolFqdn,
    ReadOnly,
    References,
    SipAddress,
    SiteName,
    SmtpAddress,
    Text,
    Truth,
    Unordered,
    checked,
    lower,
    plain,
    text,
)
from providers.schema.attendants import AutoAttendant
from providers.schema.exchange import DialPlan
from reconciler.model.attributes import Attr, Declares
from reconciler.model.commands import Command, read
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Product, Provider
from reconciler.model.resource_types import Answer, Diagnosed
from reconciler.model.resources import Resource, Resources

LYNC_2010, LYNC_2013 = "Lync Server 2010", "Lync Server 2013"
SKYPE_2015, SKYPE_2019 = "Skype for Business Server 2015", "Skype for Business Server 2019"
_PRODUCTS = {5: LYNC_2010, 6: LYNC_2013, 7: SKYPE_2015, 8: SKYPE_2019}
"""By version of their services. Applies are proven for each of them, on the simulator."""


def product_of(version: object) -> str | None:
    """Return the product of a service version; a later one counts as the last, None is no version."""
    return _PRODUCTS.get(version, SKYPE_2019) if isinstance(version, int) else None


class LyncFact(CmdletFact):
    """A fact read from Lync; objects of Lync have no GUID."""

    provider: ClassVar[Provider] = LYNC_PROVIDER
    has_guid: ClassVar[bool] = False
    key_output: ClassVar[str] = "Identity"
    name_output: ClassVar[str | None] = "Identity"


class Pool(LyncFact):
    """A pool of the Lync topology; its services show whether it is a Front End pool."""

    name: ClassVar[str] = "pool"
    noun: ClassVar[str] = "CsPool"
    key_type: ClassVar[Any] = PoolFqdn
    key_output: ClassVar[str] = "Fqdn"

    site: Attr[Annotated[SiteName, Output("Site")]]
    """The Lync site that holds it."""
    services: Attr[Annotated[tuple[Text, ...], Unordered(), Output("Services")]]
    """Identities of its services, such as ``Registrar:pool1.contoso.com``."""
    computers: Attr[Annotated[tuple[PoolFqdn, ...], Output("Computers")]]
    """Its computers, in the order of the topology."""


class LyncSite(LyncFact):
    """A central or branch site."""

    name: ClassVar[str] = "lync_site"
    noun: ClassVar[str] = "CsSite"
    key_type: ClassVar[Any] = SiteName

    kind: Attr[Annotated[Text, Output("SiteType")]]
    """``CentralSite`` or ``BranchSite``."""
    parent: Attr[Annotated[SiteName, Output("ParentSite")]]
    """The central site of a branch site."""


class LyncComputer(LyncFact):
    """A computer of a pool, in the order of the topology."""

    name: ClassVar[str] = "lync_computer"
    noun: ClassVar[str] = "CsComputer"
    key_type: ClassVar[Any] = PoolFqdn
    key_output: ClassVar[str] = "Fqdn"

    pool: Attr[Annotated[PoolFqdn, Output("Pool")]]
    """The pool it belongs to."""
    order: Attr[Annotated[Number, Output("")]]
    """Its place in the pool, from 0: the quorum counts only the first ones."""

    def completed(
        self, found: Sequence[Resource], answers: Sequence[Answer], landscape: Landscape
    ) -> Sequence[Resource]:
        """Return the computers, each with its place in its pool: the listing is in the order of the topology."""
        seen: Counter[str | None] = Counter()
        ordered: list[Resource] = []
        for one in found:
            pool = one.get(self.pool)
            ordered.append(one.having(self.order, seen[pool]))
            seen[pool] += 1
        return ordered


class LyncService(LyncFact):
    """A Registrar or Director of the topology. It shows whether a pool is a Front End pool or a Director pool."""

    name: ClassVar[str] = "lync_service"
    noun: ClassVar[str] = "CsService"
    key_type: ClassVar[Any] = Annotated[Text, Normalise(lower)]

    role: Attr[Annotated[Text, Output("Role")]]
    """``Registrar`` or ``Director``."""
    pool: Attr[Annotated[PoolFqdn, Output("PoolFqdn")]]
    """The pool that offers it."""
    site: Attr[Annotated[SiteName, Output("SiteId")]]
    """The site of the pool."""
    service_id: Attr[Annotated[Text, Output("ServiceId")]]
    """Site and cluster of the pool, with the role: ``1-2-Registrar``."""
    version: Attr[Annotated[Number, Output("Version")]]
    """5 is Lync Server 2010, 6 is 2013, 7 is Skype for Business Server 2015, 8 is 2019."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        properties = ("Identity", "Role", "PoolFqdn", "SiteId", "ServiceId", "Version")
        return (
            read("Get-CsService", *properties, endpoint=LYNC, Registrar=True),
            read("Get-CsService", *properties, endpoint=LYNC, Director=True),
        )

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the services; the role is the one in the query, because its name differs between versions."""
        found: list[Resource | Diagnosed] = []
        for command, reply in answers:
            role = command.parameters[0][0] if command.parameters else "Registrar"
            for one in super().observe([(command, reply)], landscape):
                if isinstance(one, Resource):
                    one = one.having(self.role, role)
                found.append(one)
        return found

    def products(self, landscape: Landscape) -> Mapping[str, Product]:
        """Return the products on the computers of each pool."""
        found = {one.get(self.pool): one.get(self.version) for one in landscape.all(self).values()}
        return {
            host: Product(product, version in _PRODUCTS)
            for pool, version in found.items()
            if pool and (product := product_of(version))
            for host in computers_of(pool, landscape.all(LyncComputer), landscape.all(Pool))
        }


class MediaConfiguration(LyncFact):
    """The media settings of one scope: ``global``, ``site:Redmond``, ``service:MediationServer:pool1.contoso.com``."""

    name: ClassVar[str] = "media_configuration"
    noun: ClassVar[str] = "CsMediaConfiguration"
    key_type: ClassVar[Any] = Annotated[Text, Normalise(lower)]

    encryption_level: Attr[Text]
    """RequireEncryption, SupportEncryption or DoNotSupportEncryption."""


class LyncUser(Numerous, LyncFact):
    """A user of Lync, by SIP address."""

    name: ClassVar[str] = "lync_user"
    noun: ClassVar[str] = "CsUser"
    key_type: ClassVar[Any] = SipAddress
    key_output: ClassVar[str] = "SipAddress"
    name_output: ClassVar[str | None] = None

    enterprise_voice: Attr[Annotated[Truth, Output("EnterpriseVoiceEnabled")]]
    """Voice mail through UM is for Enterprise Voice users."""
    registrar_pool: Attr[Annotated[PoolFqdn, Output("RegistrarPool")]]
    """The pool the user is homed on."""
    hosted_voicemail: Attr[Annotated[Truth, Output("HostedVoiceMail")]]
    """The user's calls go to hosted voice mail, not to this UM."""
    hosted_policy: Attr[Annotated[Text, Output("HostedVoicemailPolicy")]]
    """Hosted voice mail policy granted to the user: with one, calls go to hosted voice mail too."""
    line_uri: Attr[Annotated[Text, Output("LineURI")]]
    """Phone number, ``tel:+14255550123``."""
    dial_plan: Attr[Annotated[Text, Output("DialPlan")]]
    """Lync dial plan granted to the user."""
    email: Attr[Annotated[SmtpAddress, Normalise(text), Output("WindowsEmailAddress")]]
    """SMTP address in the directory: it links the user with the mailbox if the SIP address does not."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        if keys is None or len(keys) > FEW:
            return super().queries(landscape)
        each = (f"sip:{key}" for key in sorted(keys))
        return tuple(read("Get-CsUser", *self.outputs, endpoint=self.endpoint, Identity=sip) for sip in each)


def hosted_users(users: Resources) -> frozenset[str]:
    """Return the folded SIP addresses of users whose calls go to hosted or cloud voice mail. Source: DOMAIN 3.13."""
    hosted, policies = users.column(LyncUser.hosted_voicemail), users.column(LyncUser.hosted_policy)
    every = zip(users.folded, hosted, policies, strict=True)
    return frozenset(key for key, is_hosted, policy in every if is_hosted or policy)


def users_by_email(users: Resources) -> Mapping[str, Resource]:
    """Return the users by their SMTP addresses."""
    return {email: users[key] for key, email in zip(users, users.column(LyncUser.email), strict=True) if email}


def computers_of(fqdn: str, computers: Resources, pools: Resources) -> tuple[str, ...]:
    """Return the computers of a pool in the order of the topology."""
    own = [one for one in computers.values() if one.get(LyncComputer.pool) == fqdn]
    if own:
        return tuple(one.key for one in sorted(own, key=lambda one: (one.get(LyncComputer.order) or 0, one.key)))
    pool = pools.get(fqdn)
    return pool.get(Pool.computers) if pool else ()


class LyncDialPlan(Declares):
    """A Lync dial plan; its key is Global, site:<site>, Registrar:<pool>, PstnGateway:<fqdn> or a name."""

    name: ClassVar[str] = "lync_dial_plan"

    simple_name: Attr[
        Annotated[
            Text,
            Field(max_length=256),
            checked(r"[A-Za-z0-9.+_()-]+", "must be letters, digits and - . + _ ( )"),
            Exclusive("simple name", at_birth=True),
        ]
    ]
    """Unique name of letters, digits and - . + _ ( ); with Exchange before 2010 SP1 the phone context."""
    description: Attr[Annotated[Text, Field(max_length=512), Clearable()]]
    """Text for people; null for none."""
    dialin_conferencing_region: Attr[Annotated[Text, Clearable()]]
    """Region of dial-in conferencing; null for none."""
    external_access_prefix: Attr[Annotated[Text, Clearable(), checked(r"[0-9]{1,4}", "must be 1 to 4 digits")]]
    """Digits dialled for an outside line, 1 to 4; null for none."""
    optimize_device_dialing: Attr[Truth]
    """Whether phones add the outside line prefix by themselves."""
    grant: Attr[Annotated[Truth, Intent()]]
    """Whether the users of the UM dial plans that name it are granted it; only for one with a name of its own."""


def without_tag(value: object) -> object:
    """Return an identity without the prefix ``Tag:`` of the server."""
    value = plain(value)
    return re.sub(r"^tag:", "", value.strip(), flags=re.IGNORECASE) if isinstance(value, str) else value


class DialPlanGrant(Declares):
    """The Lync dial plan that a user is granted; the key is the SIP address."""

    name: ClassVar[str] = "dial_plan_grant"

    dial_plan: Attr[
        Annotated[
            Text,
            Normalise(without_tag),
            Param("PolicyName"),
            Output("DialPlan"),
            ChangedBy("Grant-CsDialPlan"),
            References(LyncDialPlan, holds=False),
        ]
    ]
    """The Lync dial plan of the user alone; none where that of the pool, the site or all applies."""
    wave: Attr[Annotated[Text, Intent()]]
    """Batch of the user."""


class ContactObject(Declares):
    """A contact object for Unified Messaging."""

    name: ClassVar[str] = "contact_object"

    dial_plan: Attr[Annotated[ObjectName, Intent(), References(DialPlan)]]
    """The UM dial plan that the number belongs to."""
    auto_attendant: Attr[Annotated[ObjectName, Intent(), References(AutoAttendant)]]
    """The auto attendant of the number; none for subscriber access."""
    is_auto_attendant: Attr[Annotated[Truth, ReadOnly(), Output("AutoAttendant")]]
    """True for an auto attendant, false for subscriber access."""
    sip_address: Attr[Annotated[SipAddress, ReadOnly(), Output("SipAddress")]]
    """SIP address of the contact."""
    registrar_pool: Attr[Annotated[PoolFqdn, ReadOnly(), Output("RegistrarPool")]]
    """The pool it is homed on."""
    line_uri: Attr[Annotated[Text, ReadOnly(), Output("LineURI")]]
    """Its number, ``tel:+14255550100``: Lync routes by it."""
