"""The Exchange servers that answer for dial plans, and those that a dial plan names.

Until 2010 the Unified Messaging role answers; from 2013 on the UM service of every Mailbox server, reached through the
call router of every Client Access server (of every Mailbox server from 2016 on, which has no other role). Source: UM
voice architecture changes (JJ150516); DOMAIN 2.2, 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from providers.cmdlets.products import EXCHANGE
from providers.cmdlets.versions import ExchangeVersion
from providers.schema.exchange import DialPlan
from providers.schema.exchange_facts import ExchangeServer, managing_version
from reconciler.model.commands import Argument, Command, Endpoint, write
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource, Resources


class UMService(Enum):
    """A Unified Messaging service of a server; the value is the second half of the key of a binding."""

    UM_SERVER = "um_server"
    UM_SERVICE = "um_service"
    CALL_ROUTER = "call_router"


@dataclass(frozen=True, slots=True)
class UMHost:
    """An Exchange server with at least one Unified Messaging service."""

    fqdn: str
    name: str
    version: ExchangeVersion
    services: tuple[UMService, ...]


def um_hosts(landscape: Landscape) -> Mapping[str, UMHost]:
    """Return the servers that can answer for dial plans, by FQDN, in order."""
    return landscape.fact(_um_hosts, landscape.all(ExchangeServer))


def _um_hosts(servers: Resources) -> Mapping[str, UMHost]:
    hosts = (_um_host(server) for server in servers.values())
    return {host.fqdn: host for host in sorted((h for h in hosts if h), key=lambda host: host.fqdn)}


def _um_host(server: Resource) -> UMHost | None:
    version = ExchangeVersion.parse(server.get(ExchangeServer.version))
    if version is None or not version.has_um:
        return None
    services = _services(version, frozenset(role.casefold() for role in server.get(ExchangeServer.roles)))
    return UMHost(server.key, server.name or server.key.split(".")[0], version, services) if services else None


def _services(version: ExchangeVersion, roles: frozenset[str]) -> tuple[UMService, ...]:
    if not version.has_um_service:
        return (UMService.UM_SERVER,) if "unifiedmessaging" in roles else ()
    is_one_role = (version.major, version.minor) >= (15, 1)
    found: list[UMService] = []
    if "mailbox" in roles:
        found.append(UMService.UM_SERVICE)
    if "clientaccess" in roles or (is_one_role and "mailbox" in roles):
        found.append(UMService.CALL_ROUTER)
    return tuple(found)


def named_servers(plan: Resource, landscape: Landscape) -> tuple[str, ...]:
    """Return the FQDNs that ``servers`` of a dial plan names; other code checks whether they exist."""
    servers = plan.get(DialPlan.servers)
    return tuple(um_hosts(landscape)) if servers == "all" else servers or ()


def newest_version(landscape: Landscape) -> ExchangeVersion:
    """Return the version that manages objects: the newest one with Unified Messaging, or the last with it."""
    return managing_version(landscape) or ExchangeVersion(15, 1)


def exchange_release(landscape: Landscape) -> str:
    """Return the release of ``newest_version``."""
    return newest_version(landscape).release


def endpoint_for(host: UMHost, landscape: Landscape) -> Endpoint:
    """Return the endpoint for the cmdlets of a server: the entry point, or with mixed versions a server of its kind.

    Set-UMServer exists on 2007 and 2010 alone, Set-UMService on 2013 and later. Of the servers of a kind it is the
    newest, because Set-UMServer of 2007 cannot set the startup mode of 2010.
    """
    kinds = {each.version.has_um_service for each in um_hosts(landscape).values()}
    if len(kinds) < 2:
        return EXCHANGE
    alike = (h for h in um_hosts(landscape).values() if h.version.has_um_service == host.version.has_um_service)
    return Endpoint(EXCHANGE.connection, max(alike, key=lambda each: each.version).fqdn)


_SETTERS: Final = {UMService.UM_SERVER: "Set-UMServer", UMService.UM_SERVICE: "Set-UMService"}


def setting_command(
    host: UMHost, service: UMService, landscape: Landscape, *, name: str | None = None, **arguments: Argument
) -> Command:
    """Return the command that sets parameters of a Unified Messaging service.

    Args:
        name: the name by which the service was read, where it may differ from that of the server.
    """
    endpoint = endpoint_for(host, landscape)
    if service is UMService.CALL_ROUTER:
        return write("Set-UMCallRouterSettings", endpoint, Server=host.fqdn, **arguments)
    return write(_SETTERS[service], endpoint, Identity=name or host.name, **arguments)
