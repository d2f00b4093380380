"""What the Lync topology means for Unified Messaging: which pools there are, of which class, with which Front Ends.

A pool is told by its services: a pool with a Director is a Director pool, another pool with a Registrar is a Front End
pool, and one of these in a site that is no central site is a branch (survivable appliance or server). exchucutil makes
a gateway for all of them. Source: Get-CsService, Get-CsSite (Microsoft Learn); DOMAIN 4.2, 6.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from reconciler.resource import Landscape

_QUORUM_FROM = 6
"""Version of Lync Server 2013, the first whose pools need a quorum."""

LYNC_2010, LYNC_2013, SKYPE = "Lync Server 2010", "Lync Server 2013", "Skype for Business Server"
_PRODUCTS = {5: LYNC_2010, 6: LYNC_2013}
PROVEN = LYNC_2013
"""Applies were proven for this product; the others are recognised."""


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
    """Its computers in the order of the topology; of a Director pool too, though they are no Front Ends."""
    has_quorum: bool
    """Lync Server 2013 and later stop a pool whose quorum is lost."""


def uc_pools(landscape: Landscape) -> Mapping[str, UcPool]:
    """Return the Front End, branch and Director pools by FQDN, in order."""
    services = tuple(landscape.all("lync_service").values())
    roles: dict[str, set[str]] = {}
    for service in services:
        if pool := service.text("pool"):
            roles.setdefault(pool, set()).add(service.text("role") or "")
    versions = {service.text("pool"): service.get("version") for service in services}
    return {
        fqdn: UcPool(
            fqdn,
            _class_of(fqdn, roles[fqdn], landscape),
            site_of(fqdn, landscape),
            computers_of(fqdn, landscape),
            _has_quorum(versions.get(fqdn)),
        )
        for fqdn in sorted(roles)
    }


def product_of(version: object) -> str | None:
    """Return the product that a service's version tells; None for what is no version."""
    return _PRODUCTS.get(version, SKYPE) if isinstance(version, int) else None


def _has_quorum(version: object) -> bool:
    return not isinstance(version, int) or version >= _QUORUM_FROM


def _class_of(fqdn: str, roles: set[str], landscape: Landscape) -> PoolClass:
    if "Director" in roles:
        return PoolClass.DIRECTOR
    site = landscape.one("lync_site", site_of(fqdn, landscape))
    kind = (site.text("kind") if site else None) or "CentralSite"
    return PoolClass.CENTRAL if kind.casefold() in ("centralsite", "central") else PoolClass.BRANCH


def site_of(fqdn: str, landscape: Landscape) -> str | None:
    """Return the site of a pool, by the pool or by its services."""
    pool = landscape.one("pool", fqdn)
    if pool is not None and pool.text("site"):
        return pool.text("site")
    services = landscape.all("lync_service").values()
    return next((one.text("site") for one in services if one.text("pool") == fqdn and one.text("site")), None)


def central_site(site: str | None, landscape: Landscape) -> str | None:
    """Return the central site that a site belongs to: itself, or the parent of a branch where that is told."""
    known = landscape.one("lync_site", site)
    return (known.text("parent") if known else None) or site


def computers_of(fqdn: str, landscape: Landscape) -> tuple[str, ...]:
    """Return the computers of a pool in the order of the topology."""
    computers = [one for one in landscape.all("lync_computer").values() if one.text("pool") == fqdn]
    if computers:
        return tuple(one.key for one in sorted(computers, key=lambda one: (_order(one.get("order")), one.key)))
    pool = landscape.one("pool", fqdn)
    return pool.items("computers") if pool else ()


def _order(value: object) -> int:
    return value if isinstance(value, int) else 0


def front_end_pools(landscape: Landscape) -> tuple[UcPool, ...]:
    """Return the pools that must reach UM: Enterprise, Standard Edition and branch pools, not Directors."""
    return tuple(pool for pool in uc_pools(landscape).values() if pool.pool_class is not PoolClass.DIRECTOR)


def front_ends(landscape: Landscape) -> Mapping[str, UcPool]:
    """Return every Front End with its pool, pool by pool, in the order of the topology."""
    return {host: pool for pool in front_end_pools(landscape) for host in pool.front_ends}


def voice_users_by_pool(landscape: Landscape) -> Mapping[str, int]:
    """Return how many Enterprise Voice users are homed on each pool."""
    users = landscape.all("lync_user").values()
    return Counter(
        pool for user in users if user.get("enterprise_voice") is True and (pool := user.text("registrar_pool"))
    )
