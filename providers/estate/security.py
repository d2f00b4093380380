"""The VoIPSecurity values that work with each Lync media encryption level.

With the Lync default, RequireEncryption, every call to voice mail fails if the dial plan is not Secured. So the value
is derived if it is not written and checked if it is. The narrowest scope of a media configuration wins, and every pool
that reaches the dial plan counts.

Source: Configure Unified Messaging on Microsoft Exchange for Lync Server 2013 (Gg398129); DOMAIN 3.14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from providers.estate.servers import named_servers, um_hosts
from providers.estate.topology import front_end_pools, uc_pools
from providers.schema.exchange import DialPlan
from providers.schema.lync import MediaConfiguration, Pool
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource
from reconciler.model.values import folded

INCOMPATIBLE = Rule(
    "UM001",
    "Incompatible security setting",
    "With the Lync default, RequireEncryption, every call to voice mail fails if the dial plan is not Secured. Each "
    "other encryption level works with certain values; Unsecured works with none.",
    "Give all pools the same media configuration, or write voip_security.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 3.14",
)
NO_SECURED = Rule(
    "UM002",
    "Server does not support Secured",
    "Exchange 2007 without a service pack does not support VoIPSecurity Secured. Lync pools with the default "
    "EncryptionLevel, RequireEncryption, cannot call it.",
    "Install a service pack, or remove the server from the dial plan.",
    "New-UMDialPlan of Exchange 2007 (bb676516); DOMAIN 2.2",
)
_AGREE: Final = "Give them one EncryptionLevel, with Set-CsMediaConfiguration: no voip_security suits them all."
SEVERAL_LEVELS = Rule(
    "UM007",
    "Media configurations of a pool differ",
    "Several media configurations apply to services of one pool, with different encryption levels. No document says "
    "which of them governs its calls to Unified Messaging.",
    "Give them one EncryptionLevel, with Set-CsMediaConfiguration.",
    "New-CsMediaConfiguration; DOMAIN 3.14",
    Severity.WARNING,
)
SECURITY_RULES: Final = (INCOMPATIBLE, NO_SECURED, SEVERAL_LEVELS)

_SUITS = {
    "RequireEncryption": frozenset({"Secured"}),
    "SupportEncryption": frozenset({"SIPSecured", "Secured"}),
    "DoNotSupportEncryption": frozenset({"SIPSecured"}),
}


def encryption_levels(landscape: Landscape) -> dict[str, str]:
    """Return the effective media encryption level of each pool; scope ``global`` where there is no pool.

    The narrowest scope wins; of several services of a pool the first by name.
    """
    found = levels_by_pool(landscape)
    levels = {pool: of_services[0] if of_services else general for pool, (of_services, general) in found.items()}
    known = {pool: level for pool, level in levels.items() if level}
    everywhere = _by_scope(landscape).get("global")
    return known or ({"global": everywhere} if everywhere else {})


def levels_by_pool(landscape: Landscape) -> Mapping[str, tuple[Sequence[str], str | None]]:
    """Return the levels of the services of each pool that calls UM, and the level of its site or of all sites.

    Directors, Edge, database and gateway pools have no calls to UM.
    """
    by_scope = _by_scope(landscape)
    served = {pool.fqdn for pool in front_end_pools(landscape)}
    found: dict[str, tuple[Sequence[str], str | None]] = {}
    for pool in landscape.all(Pool).values():
        if pool.key in served or not uc_pools(landscape):
            site = folded(pool.get(Pool.site) or "")
            of_services = [by_scope[scope] for scope in sorted(by_scope) if scope.endswith(f":{folded(pool.key)}")]
            found[pool.key] = (of_services, by_scope.get(f"site:{site}") or by_scope.get("global"))
    return found


def several_levels(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return a warning for each pool whose media configurations have different levels."""
    return [
        SEVERAL_LEVELS.found(None, f"{pool} has {', '.join(levels)}.")
        for pool, (of_services, general) in sorted(levels_by_pool(landscape).items())
        if of_services and len(levels := sorted({*of_services, *([general] if general else [])})) > 1
    ]


def _by_scope(landscape: Landscape) -> Mapping[str, str]:
    return {
        folded(one.key): str(one.get(MediaConfiguration.encryption_level))
        for one in landscape.all(MediaConfiguration).values()
    }


def suitable_security(landscape: Landscape) -> frozenset[str] | None:
    """Return the values that suit every pool; None where no media configuration is known."""
    levels = set(encryption_levels(landscape).values()) & set(_SUITS)
    return frozenset.intersection(*(_SUITS[level] for level in levels)) if levels else None


def derived_security(landscape: Landscape) -> str | None:
    """Return the value for a dial plan that declares none: the safest that suits all pools; None if none does."""
    suitable = suitable_security(landscape) or frozenset()
    return next((value for value in ("Secured", "SIPSecured") if value in suitable), None)


def security_diagnostics(plan: Resource, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the findings about the security of a desired dial plan for the media configuration of the pools."""
    if not landscape.is_readable(MediaConfiguration):
        return ()  # one diagnostic for the whole type says that it cannot be read
    suitable, value = suitable_security(landscape), plan.get(DialPlan.voip_security)
    shown = ", ".join(f"{pool} {level}" for pool, level in sorted(encryption_levels(landscape).items()))
    found: list[Diagnostic] = []
    if suitable is None:
        if value is None:
            detail = f"{plan.address} has no voip_security, and no media configuration decides it."
            found.append(INCOMPATIBLE.found(plan, detail, "Write voip_security: Secured."))
    elif not suitable:
        detail = f"{plan.address}: the encryption levels of the pools exclude one another ({shown})."
        found.append(INCOMPATIBLE.found(plan, detail, _AGREE))
    elif value not in suitable:
        detail = (
            f'{plan.address}: "voip_security" is {value}, but the Lync media configuration ({shown}) needs '
            f"{' or '.join(sorted(suitable))}: every call to voice mail would fail."
        )
        remedy = f"Write voip_security: {sorted(suitable)[0]}, or leave it out to derive it."
        found.append(INCOMPATIBLE.found(plan, detail, remedy))
    return (*found, *_without_secured(plan, value, landscape))


def _without_secured(plan: Resource, value: str | None, landscape: Landscape) -> Sequence[Diagnostic]:
    hosts = um_hosts(landscape)
    old = [fqdn for fqdn in named_servers(plan, landscape) if fqdn in hosts and not hosts[fqdn].version.knows_secured]
    if value != "Secured" or not old:
        return ()
    return (NO_SECURED.found(plan, f"{plan.address} is Secured, which {listed(old)} does not support."),)
