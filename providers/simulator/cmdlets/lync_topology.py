"""What Lync and Skype for Business report of topology, versions and media settings.

The world file gives topology, versions and media settings; administrators can change the media settings of a scope.

Sources: Get-, New-, Set- and Remove-CsMediaConfiguration (Microsoft Learn); DOMAIN 3.14, 5.2, 7.9 and the pages named
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from providers.simulator.answers import CmdletError
from providers.simulator.cmdlets.service_control import upgrade_state
from providers.simulator.invocation.call import Call, only
from providers.simulator.world.schema import Pool, Site

_SERVICE_VERSIONS: Mapping[str, int] = {"l2010": 5, "l2013": 6, "s2015": 7, "s2019": 8}


def get_cs_site(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsSite; ``-Identity`` takes the bare name, records carry ``Site:``."""
    lync = call.holdings.world.lync
    sites = chosen(call, lync.sites, lambda site: site.name)
    return only(call, [_site(call, site) for site in sites])


def _site(call: Call, site: Site) -> dict[str, object]:
    lync = call.holdings.world.lync
    record: dict[str, object] = {
        "Identity": f"Site:{site.name}",
        "SiteId": site.name,
        "DisplayName": site.name,
        "Description": None,
        "SiteType": "CentralSite" if site.type == "central" else "BranchSite",
        "Pools": [pool.fqdn for pool in lync.pools if pool.site == site.name],
        "Services": [service for pool in lync.pools if pool.site == site.name for service in _services(pool)],
    }
    if site.type == "branch":
        record["ParentSite"] = f"Site:{site.parent}" if site.parent else None
    return record


def _services(pool: Pool) -> list[str]:
    roles = {
        "enterprise": ["Registrar", "UserServer", "ApplicationServer", "ConferencingServer", "WebServer"],
        "standard": ["Registrar", "UserServer", "ApplicationServer", "ConferencingServer", "WebServer"],
        "director": ["Registrar", "Director", "WebServer"],
        "branch": ["Registrar", "MediationServer"],
    }
    return [f"{role}:{pool.fqdn}" for role in roles[pool.type]]


def get_cs_pool(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsPool; ``-Site`` takes the display name."""
    pools: Iterable[Pool] = chosen(call, call.holdings.world.lync.pools, lambda pool: pool.fqdn)
    site = call.get("Site")
    if site:
        wanted = str(site).removeprefix("Site:").removeprefix("site:").casefold()
        pools = [pool for pool in pools if pool.site.casefold() == wanted]
    return only(call, [_pool(pool) for pool in pools])


def _pool(pool: Pool) -> dict[str, object]:
    return {
        "Identity": pool.fqdn,
        "Fqdn": pool.fqdn,
        "Services": _services(pool),
        "Computers": [computer.fqdn for computer in pool.computers],
        "BackupPoolFqdn": None,
        "Site": f"Site:{pool.site}",
    }


def get_cs_computer(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsComputer, in the order of the topology."""
    rows = [(c.fqdn, pool.fqdn) for pool in call.holdings.world.lync.pools for c in pool.computers]
    pool_name = call.get("Pool")
    if pool_name:
        rows = [row for row in rows if row[1] == str(pool_name).casefold()]
        if not rows:
            raise cs_not_found(call, str(pool_name))
    if call.get("Local"):
        rows = [row for row in rows if row[0] == call.host]
    rows = list(chosen(call, rows, lambda row: row[0]))
    return only(call, [{"Identity": fqdn, "Fqdn": fqdn, "Pool": pool} for fqdn, pool in rows])


def get_cs_service(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsService: of the role its switch names, or of all."""
    roles = {name for name in call.arguments if call.arguments[name] is True}
    records = [
        _service(call, pool, *service.split(":", 1))
        for pool in call.holdings.world.lync.pools
        for service in _services(pool)
    ]
    if roles:
        records = [record for record in records if record["Role"] in roles]
    if call.get("PoolFqdn"):
        records = [record for record in records if record["PoolFqdn"] == str(call.get("PoolFqdn")).casefold()]
    identity = call.get("Identity")
    if identity:
        records = [record for record in records if str(record["Identity"]).casefold() == str(identity).casefold()]
        if not records:
            raise cs_not_found(call, str(identity))
    return only(call, records)


def _service(call: Call, pool: Pool, role: str, fqdn: str) -> dict[str, object]:
    return {
        "Identity": f"{role}:{fqdn}",
        "ServiceId": f"{call.holdings.world.pool_name(pool).replace(':', '-')}-{role}",
        "SiteId": f"Site:{pool.site}",
        "PoolFqdn": fqdn,
        "Version": _SERVICE_VERSIONS[call.holdings.world.lync_release(pool)],
        "Role": role,
        "DependentServiceList": [f"Registrar:{fqdn}"] if role in ("UserServer", "ApplicationServer") else [],
    }


def get_cs_server_version(call: Call) -> None:
    """Answer Get-CsServerVersion: one line of text."""
    call.output = product(call.release)


def product(release: str) -> str:
    """Return the name and build of a Lync version."""
    return {
        "l2010": "Microsoft Lync Server 2010 (4.0.7577.0)",
        "l2013": "Microsoft Lync Server 2013 (5.0.8308.0)",
        "s2015": "Skype for Business Server 2015 (6.0.9319.0)",
        "s2019": "Skype for Business Server 2019 (7.0.2046.0)",
    }[release]


def get_cs_pool_upgrade_readiness_state(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsPoolUpgradeReadinessState and Get-CsUpgradeDomainInfo of the pool the host belongs to.

    Each Front End is an upgrade domain of its own.
    """
    pool = call.holdings.pool_of(call.host)
    if pool is None:
        raise cs_not_found(call, call.host)
    state, active = upgrade_state(call.holdings, pool, call.now)
    record = {
        "PoolFqdn": pool.fqdn,
        "PoolUpgradeState": state,
        "UpgradeDomains": [
            {
                "Name": f"UpgradeDomain{place}",
                "IsReadyForUpgrade": state == "Ready" and computer.upgrade_ready,
                "Frontends": [computer.fqdn],
            }
            for place, computer in enumerate(pool.computers, 1)
        ],
        "TotalFrontends": len(pool.computers),
        "TotalActiveFrontends": active,
    }
    return only(call, [record])


get_cs_upgrade_domain_info = get_cs_pool_upgrade_readiness_state


def get_cs_management_store_replication_status(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsManagementStoreReplicationStatus: every replica is up to date."""
    replicas = [computer.fqdn for pool in call.holdings.world.lync.pools for computer in pool.computers]
    return only(call, [{"ReplicaFqdn": fqdn, "UpToDate": True, "ProductVersion": None} for fqdn in replicas])


def chosen(call: Call, items: Iterable[Any], name: Any) -> Iterable[Any]:
    """Return all items, or the one ``-Identity`` names; ``-Filter`` takes wildcards of the identity."""
    identity = call.get("Identity")
    text = str(identity or call.get("Filter") or "").removeprefix("Site:").removeprefix("site:")
    if not text:
        return items
    pattern = re.escape(text).replace(r"\*", ".*")
    found = [item for item in items if re.fullmatch(pattern, name(item), re.IGNORECASE)]
    if not found and identity and "*" not in text:
        raise cs_not_found(call, str(identity))
    return found


def cs_not_found(call: Call, name: str) -> CmdletError:
    """Return the error of an item of the topology or of a policy that does not exist."""
    return call.error("ManagementException", "cs-not-found", name, category="ObjectNotFound", name=name)


def cs_user_not_found(call: Call, name: str) -> CmdletError:
    """Return the error of a user, a contact or a pool of theirs that does not exist."""
    return call.error("ManagementException", "cs-user-not-found", name, category="ObjectNotFound", name=name)


def cs_exists(call: Call, name: str) -> CmdletError:
    """Return the error of a name or number that is taken."""
    return call.error("ManagementException", "cs-exists", name, category="ResourceExists", name=name)


_DEFAULT: Final = "RequireEncryption"
_GLOBAL: Final = "global"


def get_cs_media_configuration(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsMediaConfiguration: one record a scope."""
    levels = call.holdings.encryption_levels()
    return only(call, [_record(scope, levels[scope]) for scope in chosen(call, list(levels), lambda scope: scope)])


def _record(scope: str, level: str) -> dict[str, object]:
    return {
        "Identity": "Global" if scope.casefold() == _GLOBAL else scope[:1].upper() + scope[1:],
        "EncryptionLevel": level,
        "EnableSiren": False,
        "MaxVideoRateAllowed": "VGA600K",
        "EnableQoS": False,
    }


def new_cs_media_configuration(call: Call) -> list[dict[str, object]]:
    """Answer New-CsMediaConfiguration. The scope must not have a configuration yet."""
    scope = str(call.get("Identity"))
    if _known(call, scope) is not None:
        raise cs_exists(call, scope)
    level = str(call.get("EncryptionLevel") or _DEFAULT)
    if not call.get("InMemory"):
        call.holdings.media[scope] = level
    return [_record(scope, level)]


def set_cs_media_configuration(call: Call) -> None:
    """Answer Set-CsMediaConfiguration: the scope named, or the global one."""
    scope = _found(call, str(call.get("Identity") or _GLOBAL))
    if level := call.get("EncryptionLevel"):
        call.holdings.media[scope] = str(level)


def remove_cs_media_configuration(call: Call) -> None:
    """Answer Remove-CsMediaConfiguration: the global scope cannot go, it gets its defaults back."""
    scope = _found(call, str(call.get("Identity")))
    call.holdings.media[scope] = _DEFAULT if scope.casefold() == _GLOBAL else None


def _found(call: Call, asked: str) -> str:
    scope = _known(call, asked)
    if scope is None:
        raise cs_not_found(call, asked)
    return scope


def _known(call: Call, asked: str) -> str | None:
    return next((s for s in call.holdings.encryption_levels() if s.casefold() == asked.casefold()), None)
