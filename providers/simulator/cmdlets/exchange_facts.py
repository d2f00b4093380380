"""What Exchange reports of itself: servers, organization, domain controllers, permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from providers.simulator.invocation.call import Call, moment, only
from providers.simulator.world.directory import Entry
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import MODERN, DomainController, ExchangeServer

GROUPS: Final = ("RTCUniversalServerAdmins", "RTCComponentUniversalServices")
"""The universal groups of Lync to which exchucutil grants what Lync needs to read."""

_ROLE_FLAGS: Mapping[str, str] = {
    "IsMailboxServer": "Mailbox",
    "IsClientAccessServer": "ClientAccess",
    "IsUnifiedMessagingServer": "UnifiedMessaging",
    "IsHubTransportServer": "HubTransport",
}


def get_exchange_server(call: Call) -> list[dict[str, object]]:
    """Answer Get-ExchangeServer."""
    identity = call.get("Identity")
    servers: Iterable[ExchangeServer] = call.holdings.world.exchange.servers
    if identity:
        found = call.holdings.server_named(str(identity))
        if found is None:
            raise call.not_found(identity)
        servers = [found]
    return only(call, [_server(call.holdings, server) for server in servers])


def _server(holdings: Holdings, server: ExchangeServer) -> dict[str, object]:
    world = holdings.world
    group = f"CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,{holdings.organization_dn}"
    flags = {name: role in server.roles for name, role in _ROLE_FLAGS.items()}
    if server.release in MODERN:
        flags["IsHubTransportServer"] = "Mailbox" in server.roles
        flags["IsUnifiedMessagingServer"] = server.is_um
    entry = holdings.directory.indexes.get(f"server:{server.fqdn}")
    return {
        "Name": server.name,
        "Identity": server.name,
        "Fqdn": server.fqdn,
        "Guid": entry,
        "DistinguishedName": f"CN={server.name},CN=Servers,{group}",
        "AdminDisplayVersion": server.display_version,
        "ExchangeVersion": "0.1 (8.0.535.0)",
        "ServerRole": ", ".join(server.roles),
        **flags,
        "Site": f"{world.forest}/Configuration/Sites/{server.site}",
        "Domain": world.forest,
        "Edition": "Enterprise",
        "WhenCreated": moment(world.installed.replace(microsecond=0).isoformat()),
    }


def get_organization_config(call: Call) -> list[dict[str, object]]:
    """Answer Get-OrganizationConfig."""
    holdings = call.holdings
    name = holdings.world.exchange.organization
    record = {
        "Name": name,
        "Identity": name,
        "DistinguishedName": holdings.organization_dn,
        "Guid": holdings.directory.indexes.get("organization"),
        "OrganizationId": "",
        "WhenCreated": moment(holdings.world.installed.replace(microsecond=0).isoformat()),
    }
    return only(call, [record])


def get_domain_controller(call: Call) -> list[dict[str, object]]:
    """Answer Get-DomainController: those that are up."""
    world = call.holdings.world
    wanted = str(call.get("DomainName") or call.get("Forest") or world.forest)
    if wanted.casefold() != world.forest:
        raise call.not_found(wanted)
    asked = [dc for dc in world.domain_controllers if dc.global_catalog or not call.get("GlobalCatalog")]
    return only(call, [_domain_controller(call.holdings, dc) for dc in asked if dc.available])


def _domain_controller(holdings: Holdings, dc: DomainController) -> dict[str, object]:
    name = dc.fqdn.partition(".")[0].upper()
    return {
        "Name": name,
        "Identity": name,
        "DnsHostName": dc.fqdn,
        "Domain": holdings.world.forest,
        "ADSite": f"{holdings.world.forest}/Configuration/Sites/{dc.site}",
        "IsGlobalCatalog": dc.global_catalog,
        "IsAvailable": True,
        "DistinguishedName": f"CN={name},OU=Domain Controllers,{holdings.domain_dn}",
    }


# --- permissions -----------------------------------------------------------------------------------------------------


def containers(holdings: Holdings, host: str) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Return what exchucutil grants on this host: DN, rights, inheritance. Source: DOMAIN 4.2."""
    organization = holdings.organization_dn
    read = ("ListChildren", "ReadProperty")
    granted = [
        (organization, ("ListChildren",), "None"),
        (f"CN=UM DialPlan Container,{organization}", read, "All"),
        (f"CN=UM AutoAttendant Container,{organization}", read, "All"),
    ]
    if holdings.release(host) in MODERN:
        granted.append((f"CN=Administrative Groups,{organization}", read, "All"))
    return tuple(granted)


def get_ad_permission(call: Call) -> list[dict[str, object]]:
    """Answer Get-ADPermission: of one object, of one account or all."""
    identity = _container(call, str(call.get("Identity") or ""))
    if call.get("Owner"):
        return only(call, [{"Identity": identity, "Owner": "CONTOSO\\Organization Management"}])
    user = call.get("User")
    return only(
        call,
        [
            _permission(entry)
            for entry in call.view.of("Permission")
            if entry.properties["Identity"].casefold() == identity.casefold()
            and (not user or _account(str(user)) == _account(entry.properties["User"]))
        ],
    )


def _container(call: Call, identity: str) -> str:
    """Return the DN of the object a permission is read of: a DN as it is, or the organization by name."""
    holdings = call.holdings
    folded = identity.casefold()
    if folded.endswith(holdings.organization_dn.casefold()) or folded in (
        e.dn.casefold() for e in call.view.of("UMDialPlan")
    ):
        return identity
    if folded == holdings.world.exchange.organization.casefold():
        return holdings.organization_dn
    raise call.not_found(identity)


def _account(name: str) -> str:
    return name.rpartition("\\")[2].casefold()


def _permission(entry: Entry) -> dict[str, object]:
    return {
        **{name: entry.properties[name] for name in ("Identity", "User", "AccessRights", "InheritanceType")},
        "Deny": False,
        "IsInherited": False,
        "ExtendedRights": [],
        "ChildObjectTypes": [],
    }


def add_ad_permission(call: Call) -> list[dict[str, object]]:
    """Answer Add-ADPermission: rights that are there already stay as they are."""
    identity = _container(call, str(call.get("Identity") or ""))
    rights = tuple(call.get("AccessRights") or ())
    grant(call, identity, str(call.get("User")), rights, call.get("InheritanceType") or "All")
    return get_ad_permission(call)


def grant(call: Call, dn: str, user: str, rights: tuple[str, ...], inheritance: str) -> bool:
    """Grant the permission. Return False if the account has it already."""
    account = user if "\\" in user else f"{call.holdings.world.forest.partition('.')[0].upper()}\\{user}"
    if has_permission(call, dn, account, rights):
        return False
    properties = {"Identity": dn, "User": account, "AccessRights": list(rights), "InheritanceType": inheritance}
    call.create("Permission", f"{account} on {dn}", f"CN={account},{dn}", properties)
    return True


def has_permission(call: Call, dn: str, user: str, rights: tuple[str, ...]) -> bool:
    """Return True where all of ``rights`` on ``dn`` are the account's."""
    held = {
        right
        for entry in call.view.of("Permission")
        if entry.properties["Identity"].casefold() == dn.casefold()
        and _account(entry.properties["User"]) == _account(user)
        for right in entry.properties["AccessRights"]
    }
    return held >= set(rights)
