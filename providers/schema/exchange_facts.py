"""Facts that checks and derivation read from Exchange.

``AdminDisplayVersion`` is the version of a server; ``ExchangeVersion`` is something else.

For Exchange an extension is in use as long as any recipient has its proxy address, with UM or without. Such addresses
remain after a removed dial plan, a move between organizations, or a manual edit. They are few, so a filter reads only
these.

Sources: Get-ExchangeServer, Get-OrganizationConfig, Get-DomainController, Get-ADPermission, Get-Mailbox, Filterable
properties for the Filter parameter (Microsoft Learn); DOMAIN 2.2, 4.2, 7.7, 9.1, 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from providers.cmdlets.cmdlet_resource import CmdletFact, object_argument
from providers.cmdlets.numerous import FEW, Numerous
from providers.cmdlets.products import EXCHANGE, EXCHANGE_PROVIDER
from providers.cmdlets.reference import cmdlet_of
from providers.cmdlets.table import Tabled
from providers.cmdlets.value_types import Fqdn, Normalise, ObjectName, Output, SmtpAddress, Text, Truth, Unordered, text
from providers.cmdlets.versions import ExchangeVersion
from providers.schema.exchange import UMMailbox
from reconciler.model.abilities import Entering, Pinning
from reconciler.model.attributes import Attr
from reconciler.model.commands import Argument, Command, Operation, read
from reconciler.model.diagnostics import NotFound, SessionError
from reconciler.model.landscape import Landscape, Named
from reconciler.model.provider import Product, Provider
from reconciler.model.resource_types import Answer, Diagnosed, Fact
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Record, Value


class ExchangeServer(CmdletFact, Entering):
    """A server of the organization, with its version and roles."""

    name: ClassVar[str] = "exchange_server"
    enters: ClassVar[str] = EXCHANGE.connection
    noun: ClassVar[str] = "ExchangeServer"
    key_type: ClassVar[Any] = Fqdn
    key_output: ClassVar[str] = "Fqdn"

    version: Attr[Annotated[Text, Output("AdminDisplayVersion")]]
    """As the server returns it: ``Version 15.0 (Build 1497.2)``."""
    roles: Attr[Annotated[tuple[Text, ...], Unordered(), Output("ServerRole")]]
    """Mailbox, ClientAccess, UnifiedMessaging, HubTransport, Edge."""
    site: Attr[Annotated[ObjectName, Output("Site")]]
    """Active Directory site."""

    def canonical(self, record: Record) -> Mapping[str, Value]:
        """Return the attributes; the server sends the roles as one text, ``Mailbox, ClientAccess``."""
        roles = record.get("ServerRole")
        return super().canonical({**record, "ServerRole": _flags(roles)} if isinstance(roles, str) else record)

    def products(self, landscape: Landscape) -> Mapping[str, Product]:
        return {
            server.key: _product(found)
            for server in landscape.all(self).values()
            if (found := server.get(self.version))
        }

    def entries(self, landscape: Landscape) -> Sequence[str]:
        """Return the servers of the newest version with Unified Messaging, if there are others.

        The shell of an older server cannot manage objects of a newer one; Exchange 2019 has no cmdlets of Unified
        Messaging.
        """
        versions, newest = _versions(landscape), managing_version(landscape)
        found = sorted(server for server, version in versions.items() if version == newest)
        return () if len(found) == len(versions) else found

    def offers(self, command: Command, landscape: Landscape) -> bool:
        """Return False for a cmdlet that the published reference has for none of the versions: 2019 has no UM."""
        versions = set(_versions(landscape).values())
        if command.endpoint.connection != self.enters or command.operation is not Operation.INVOKE or not versions:
            return True
        return any(version.takes(command.cmdlet) for version in versions) or cmdlet_of(command.cmdlet) is None


def managing_version(landscape: Landscape) -> ExchangeVersion | None:
    """Return the version whose shell manages the objects: the newest one with Unified Messaging."""
    return max((version for version in _versions(landscape).values() if version.has_um), default=None)


def _versions(landscape: Landscape) -> Mapping[str, ExchangeVersion]:
    """Return the versions of the servers, without Edge servers, which do not belong to the domain."""
    servers = landscape.all(ExchangeServer).values()
    found = {one.key: (ExchangeVersion.parse(one.get(ExchangeServer.version)), one) for one in servers}
    return {
        fqdn: version
        for fqdn, (version, server) in found.items()
        if version is not None and [role.casefold() for role in server.get(ExchangeServer.roles)] != ["edge"]
    }


def _product(found: str) -> Product:
    version = ExchangeVersion.parse(found)
    return Product(
        f"Exchange {version.product}, {found}" if version else found, version is not None and version.is_proven
    )


def _flags(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


class Organization(CmdletFact):
    """The Exchange organization; its place in the directory names the forest."""

    name: ClassVar[str] = "organization"
    noun: ClassVar[str] = "OrganizationConfig"

    distinguished_name: Attr[Text]
    """Its container in the configuration partition; the DC parts are the forest's root."""


class DomainController(CmdletFact, Pinning):
    """A domain controller; a second query shows whether it is a global catalogue."""

    name: ClassVar[str] = "domain_controller"
    checked_as: ClassVar[str] = "controller"
    parameter: ClassVar[str] = "DomainController"
    called: ClassVar[str] = "domain controller"
    probe: ClassVar[Named] = Organization
    noun: ClassVar[str] = "DomainController"
    key_type: ClassVar[Any] = Fqdn
    key_output: ClassVar[str] = "DnsHostName"

    is_global_catalog: Attr[Annotated[Truth, Output("")]]
    """exchucutil reads from a global catalogue of its own choice."""
    site: Attr[Annotated[ObjectName, Output("ADSite")]]
    """Active Directory site."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        properties = ("DnsHostName", "Name", "ADSite")
        return (
            read("Get-DomainController", *properties),
            read("Get-DomainController", *properties, GlobalCatalog=True),
        )

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        found: dict[Address, Resource | Diagnosed] = {}
        for command, reply in answers:
            is_catalog = bool(command.argument("GlobalCatalog"))
            for one in super().observe([(command, reply)], landscape):
                if isinstance(one, Resource):
                    one = one.having(self.is_global_catalog, is_catalog)
                found[one.address] = one
        return tuple(found.values())


def global_catalogs(landscape: Landscape) -> tuple[str, ...]:
    """Return the FQDNs of the global catalogues, in order."""
    controllers = landscape.all(DomainController).values()
    return tuple(sorted(one.key for one in controllers if one.get(DomainController.is_global_catalog)))


# --- permissions -----------------------------------------------------------------------------------------------------

RTC_GROUPS = ("RTCUniversalServerAdmins", "RTCComponentUniversalServices")
_CONTAINERS = {
    "organization": ("", frozenset({"ListChildren"})),
    "um_dial_plans": ("CN=UM DialPlan Container,", frozenset({"ListChildren", "ReadProperty"})),
    "um_auto_attendants": ("CN=UM AutoAttendant Container,", frozenset({"ListChildren", "ReadProperty"})),
}


class Permission(Tabled, Fact):
    """A right that exchucutil grants to a group of Lync on a container of Exchange; key ``container/group``."""

    name: ClassVar[str] = "permission"
    provider: ClassVar[Provider] = EXCHANGE_PROVIDER
    reads_after: ClassVar[tuple[str, ...]] = (Organization.name,)

    is_granted: Attr[Annotated[Truth, Output("")]]
    """True if the group has every right that the script grants there."""

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({"Get-ADPermission"})

    @property
    def is_replicated(self) -> bool:
        return True

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return tuple(
            read("Get-ADPermission", "User", "AccessRights", "Deny", "IsInherited", Identity=name)
            for name in _container_names(landscape)
        )

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        containers = _container_names(landscape)
        found: list[Resource | Diagnosed] = []
        for command, reply in answers:
            container = containers.get(command.argument("Identity"), "")
            if isinstance(reply, SessionError) and not isinstance(reply, NotFound):
                # One container that cannot be read clouds the plan; it is no reason to refuse it.
                found += [Diagnosed(Address(self.name, container), why) for why in reply.diagnostics]
                continue
            records = () if isinstance(reply, SessionError) else reply.records
            for group in RTC_GROUPS:
                is_granted = _rights(records, group) >= _CONTAINERS[container][1]
                found.append(Resource(Address(self.name, f"{container}/{group}")).having(self.is_granted, is_granted))
        return found


def _container_names(landscape: Landscape) -> Mapping[Argument, str]:
    """Return the distinguished names of the containers, with our name of each."""
    organization = next(iter(landscape.all(Organization).values()), None)
    root = organization.get(Organization.distinguished_name) if organization else None
    return {f"{prefix}{root}": container for container, (prefix, _) in _CONTAINERS.items()} if root else {}


def _rights(records: Sequence[Record], group: str) -> frozenset[str]:
    """Return the rights that allowing entries give to ``group``; GenericAll contains all others."""
    rights: set[str] = set()
    for record in records:
        user = text(record.get("User"))
        is_group = isinstance(user, str) and user.split("\\")[-1].casefold() == group.casefold()
        if is_group and record.get("Deny") not in (True, "True"):
            found = record.get("AccessRights")
            rights |= {right for one in (found if isinstance(found, list) else [found]) for right in _flags(str(one))}
    if rights & {"GenericAll", "GenericRead"}:
        rights |= {"ListChildren", "ReadProperty"}
    return frozenset(rights)


# --- mailboxes -------------------------------------------------------------------------------------------------------


def _domain_label(place: object) -> Any:
    """Return the first label of the domain of a distinguished name; '' where it has none.

    Users share it. The whole name is a long text for each of them, and no check needs it.
    """
    found = _FIRST_LABEL.search(str(place))
    return found[1].rstrip() if found else ""


_FIRST_LABEL = re.compile(r"(?:^|,)\s*DC=([^,]*)", re.IGNORECASE)


class Mailbox(Numerous, CmdletFact):
    """A mailbox, with UM or without. Read only if mailboxes are declared."""

    name: ClassVar[str] = "mailbox"
    noun: ClassVar[str] = "Mailbox"
    key_type: ClassVar[Any] = Annotated[SmtpAddress, Normalise(text)]
    key_output: ClassVar[str] = "PrimarySmtpAddress"
    name_output: ClassVar[str] = "PrimarySmtpAddress"

    type: Attr[Annotated[Text, Output("RecipientTypeDetails")]]
    """UserMailbox, SharedMailbox, RoomMailbox and so on."""
    alias: Attr[Text]
    """Alias."""
    logon_name: Attr[Annotated[Text, Output("UserPrincipalName")]]
    """User principal name: often the primary address, and sometimes the address of another user."""
    account: Attr[Annotated[Text, Output("SamAccountName")]]
    """Account name within the domain."""
    addresses: Attr[Annotated[tuple[Text, ...], Unordered(), Output("EmailAddresses")]]
    """All addresses with their kinds: ``SMTP:`` for the primary one, ``smtp:``, ``sip:``, ``EUM:`` and so on."""
    domain: Attr[Annotated[Text, Normalise(_domain_label), Output("DistinguishedName")]]
    """First label of its domain, by default the NetBIOS name."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        if not landscape.written(UMMailbox) and not landscape.ending(UMMailbox):
            return ()
        if keys is not None and len(keys) <= FEW:
            whom = ((key, landscape.one(self, key)) for key in sorted(keys))
            return tuple(read("Get-Mailbox", *self.outputs, Identity=object_argument(one, key)) for key, one in whom)
        return (read("Get-Mailbox", *self.outputs, ResultSize="Unlimited"),)


class UnservedMailbox(CmdletFact):
    """A mailbox on a server without Unified Messaging, such as one of Exchange 2019.

    Read only if mailboxes are declared and the organization has such servers beside others.
    """

    name: ClassVar[str] = "unserved_mailbox"
    noun: ClassVar[str] = "Mailbox"
    key_type: ClassVar[Any] = Annotated[SmtpAddress, Normalise(text)]
    key_output: ClassVar[str] = "PrimarySmtpAddress"
    name_output: ClassVar[str] = "PrimarySmtpAddress"
    reads_after: ClassVar[tuple[str, ...]] = (ExchangeServer.name,)

    server: Attr[Annotated[Fqdn, Output("")]]
    """The server that holds it."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        if not landscape.written(UMMailbox) or managing_version(landscape) is None:
            return ()
        servers = sorted(server for server, version in _versions(landscape).items() if not version.has_um)
        return tuple(read("Get-Mailbox", *self.outputs, Server=server, ResultSize="Unlimited") for server in servers)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        return [
            one.having(self.server, str(command.argument("Server"))) if isinstance(one, Resource) else one
            for command, reply in answers
            for one in super(UnservedMailbox, self).observe([(command, reply)], landscape)
        ]


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
