"""The Lync topology for Unified Messaging: the pools, their classes and their Front Ends.

The services of a pool show its class. A pool with a Director is a Director pool. Another pool with a Registrar is a
Front End pool; in a site that is not central it is a branch (survivable appliance or server). exchucutil makes a
gateway for all of them.

Source: Get-CsService, Get-CsSite (Microsoft Learn); DOMAIN 4.2, 6.2.

exchucutil names a gateway after the pool object (``1:1``), so the name is unknown until the gateway exists. The address
is the FQDN of the pool and is known from the start.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from providers.cmdlets.cmdlet_resource import object_argument
from providers.cmdlets.value_types import lower
from providers.schema.exchange import HuntGroup, IPGateway
from providers.schema.lync import LyncComputer, LyncService, LyncSite, LyncUser, Pool, computers_of, product_of
from reconciler.model.commands import NameOf, ObjectId
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import folded

_QUORUM_FROM = 6
"""Version of Lync Server 2013, the first whose pools need a quorum."""


class PoolClass(Enum):
    CENTRAL = "central"
    BRANCH = "branch"
    DIRECTOR = "director"


@dataclass(frozen=True, slots=True)
class UcPool:
    """A pool that exchucutil serves."""

    fqdn: str
    pool_class: PoolClass
    site: str | None
    front_ends: tuple[str, ...]
    """Its computers in the order of the topology; for a Director pool its Directors."""
    has_quorum: bool
    """True from Lync Server 2013 on: a pool without its quorum stops."""
    product: str | None = None
    """Its product, by the usual name; None if unknown."""


class _Topology(NamedTuple):
    """The facts about the topology."""

    services: Resources
    computers: Resources
    pools: Resources
    sites: Resources


def _topology(landscape: Landscape) -> _Topology:
    return _Topology(*(landscape.all(kind) for kind in (LyncService, LyncComputer, Pool, LyncSite)))


def uc_pools(landscape: Landscape) -> Mapping[str, UcPool]:
    """Return the Front End, branch and Director pools by FQDN, in order."""
    return landscape.fact(_uc_pools, *_topology(landscape))


def _uc_pools(services: Resources, computers: Resources, pools: Resources, sites: Resources) -> Mapping[str, UcPool]:
    found = _Topology(services, computers, pools, sites)
    roles: dict[str, set[str]] = {}
    versions: dict[str, object] = {}
    for service in services.values():
        if pool := service.get(LyncService.pool):
            roles.setdefault(pool, set()).add(service.get(LyncService.role) or "")
            versions[pool] = service.get(LyncService.version)
    by_name: dict[str, UcPool] = {}
    for fqdn in sorted(roles):
        site = _site_of(fqdn, found)
        pool_class = _class_of(roles[fqdn], sites.get(site or ""))
        version = versions[fqdn]
        front_ends = computers_of(fqdn, computers, pools)
        by_name[fqdn] = UcPool(fqdn, pool_class, site, front_ends, _has_quorum(version), product_of(version))
    return MappingProxyType(by_name)


_SERVICE_ID = re.compile(r"([0-9]+)-(?:([0-9]+)-[A-Za-z]+|[A-Za-z]+-([0-9]+))\Z")


def name_given_to(fqdn: str, landscape: Landscape) -> str | None:
    """Return the name that exchucutil gives to the gateway of a pool: the name of the pool object, ``1:2``.

    No cmdlet returns it. The ids of the services of the pool contain site and cluster, as in ``1-2-Registrar``; None if
    they do not. Source: ExchUCUtil.ps1; DOMAIN 4.2.
    """
    ids = (
        one.get(LyncService.service_id)
        for one in landscape.all(LyncService).values()
        if one.get(LyncService.pool) == fqdn
    )
    found = next((match for one in ids if one and (match := _SERVICE_ID.match(one))), None)
    return f"{found[1]}:{found[2] or found[3]}" if found else None


def _has_quorum(version: object) -> bool:
    return not isinstance(version, int) or version >= _QUORUM_FROM


def _class_of(roles: set[str], site: Resource | None) -> PoolClass:
    if "Director" in roles:
        return PoolClass.DIRECTOR
    kind = (site.get(LyncSite.kind) if site else None) or "CentralSite"
    return PoolClass.CENTRAL if kind.casefold() in ("centralsite", "central") else PoolClass.BRANCH


def site_of(fqdn: str, landscape: Landscape) -> str | None:
    """Return the site of a pool, from the pool or from its services."""
    return _site_of(fqdn, _topology(landscape))


def _site_of(fqdn: str, found: _Topology) -> str | None:
    pool = found.pools.get(fqdn)
    if pool is not None and (site := pool.get(Pool.site)):
        return site
    services = (one for one in found.services.values() if one.get(LyncService.pool) == fqdn)
    return next((site for one in services if (site := one.get(LyncService.site))), None)


def central_site(site: str | None, landscape: Landscape) -> str | None:
    """Return the central site of a site: itself, or the parent of a branch site if it is known."""
    known = landscape.one(LyncSite, site)
    return (known.get(LyncSite.parent) if known else None) or site


def front_end_pools(landscape: Landscape) -> tuple[UcPool, ...]:
    """Return the pools that must reach UM: Enterprise, Standard Edition and branch pools, not Directors."""
    return tuple(pool for pool in uc_pools(landscape).values() if pool.pool_class is not PoolClass.DIRECTOR)


def front_ends(landscape: Landscape) -> Mapping[str, UcPool]:
    """Return every Front End with its pool, pool by pool, in the order of the topology."""
    return {host: pool for pool in front_end_pools(landscape) for host in pool.front_ends}


def voice_users_by_pool(landscape: Landscape) -> Mapping[str, int]:
    """Return the number of Enterprise Voice users on each pool."""
    return landscape.fact(_voice_users_by_pool, landscape.all(LyncUser))


def _voice_users_by_pool(users: Resources) -> Mapping[str, int]:
    pools, voice = users.column(LyncUser.registrar_pool), users.column(LyncUser.enterprise_voice)
    return Counter(pool for pool, has_voice in zip(pools, voice, strict=True) if pool and has_voice)


def gateway_argument(address: str, landscape: Landscape) -> str | ObjectId | NameOf:
    """Return the argument for a gateway: its GUID, or a ``NameOf`` if it does not exist yet."""
    gateway = landscape.one(IPGateway, address)
    if gateway is not None and not gateway.name:
        return NameOf(Address(IPGateway.name, address), "gateway")
    return object_argument(gateway, address)


def address_of(gateway_name: str, landscape: Landscape) -> str:
    """Return the address of the gateway with this name; if no gateway has it, the name in lower case."""
    wanted = folded(gateway_name)
    gateways = landscape.all(IPGateway).values()
    found = next((one.key for one in gateways if one.name and folded(one.name) == wanted), None)
    return found or str(lower(gateway_name))


def gateways_of(plan: str, landscape: Landscape) -> tuple[str, ...]:
    """Return the addresses of the gateways that a hunt group links to ``plan``, in order."""
    wanted = folded(plan)
    linked = (
        group.get(HuntGroup.gateway)
        for group in landscape.all(HuntGroup).values()
        if folded(group.get(HuntGroup.dial_plan) or "") == wanted
    )
    return tuple(sorted({gateway for gateway in linked if gateway}))
