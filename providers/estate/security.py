"""The VoIPSecurity values that work with each Lync media encryption level.

With the Lync default, RequireEncryption, every call to voice mail fails if the dial plan is not Secured. So the value
is derived if it is not written and checked if it is. The narrowest scope of a media configuration wins, and every pool
that reaches the dial plan counts.

Source: Configure Unified Messaging on Microsoft Exchange for Lync Server 2013 (Gg398129); DOMAIN 3.14.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from providers.estate.servers import named_servers, um_hosts
from providers.estate.topology import uc_pools
from providers.schema.exchange import DialPlan
from providers.schema.lync import MediaConfiguration, Pool
from reconciler.model.diagnostics import Diagnostic, listed
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
SECURITY_RULES: Final = (INCOMPATIBLE, NO_SECURED)

_SUITS = {
    "RequireEncryption": frozenset({"Secured"}),
    "SupportEncryption": frozenset({"SIPSecured", "Secured"}),
    "DoNotSupportEncryption": frozenset({"SIPSecured"}),
}


def encryption_levels(landscape: Landscape) -> dict[str, str]:
    """Return the effective media encryption level of each pool; scope ``global`` where there is no pool."""
    by_scope = {
        folded(configuration.key): str(configuration.get(MediaConfiguration.encryption_level))
        for configuration in landscape.all(MediaConfiguration).values()
    }
    everywhere = by_scope.get("global")
    levels: dict[str, str] = {}
    served = uc_pools(landscape)
    for pool in landscape.all(Pool).values():
        if served and pool.key not in served:
            continue  # Edge, database and gateway pools have no calls to UM
        site = folded(pool.get(Pool.site) or "")
        services = [level for scope, level in by_scope.items() if scope.endswith(f":{folded(pool.key)}")]
        level = next(iter(services), None) or by_scope.get(f"site:{site}") or everywhere
        if level:
            levels[pool.key] = level
    if not levels and everywhere:
        levels["global"] = everywhere
    return levels


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
