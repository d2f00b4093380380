"""What stays on the servers when a dial plan ends: what exchucutil or an apply made, and what others may use.

Nobody declares these objects, and no state says whose they are, so nothing of it is removed. The plan that removes the
dial plan is the last one that knows of them: it names them, with the commands to remove them.

Sources: ExchUCUtil.ps1; Remove-UMIPGateway, Set-UMService (Microsoft Learn); DOMAIN 3.6, 4.2, 4.3, 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from providers.estate.people import sip_dial_plans
from providers.estate.servers import UMService, setting_command, um_hosts
from providers.estate.topology import uc_pools
from providers.schema.exchange import DialPlan, HuntGroup, IPGateway, ServerBinding
from providers.schema.exchange_facts import Permission
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Command, write
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Address, Resource

GATEWAYS_STAY: Final = Rule(
    "UM203",
    "Gateways stay without a dial plan",
    "The plan removes a dial plan, and then no hunt group links some gateways with any dial plan. exchucutil made a "
    "gateway for each Lync pool, and other gateways are made by hand. The files declare none, so none is removed.",
    "Remove them with Remove-UMIPGateway when nothing uses them any more. exchucutil makes those of pools again.",
    "ExchUCUtil.ps1; Remove-UMIPGateway; DOMAIN 4.3, 8",
    Severity.NOTE,
)
MODE_STAYS: Final = Rule(
    "UM204",
    "Startup mode stays",
    "The plan removes the last dial plan of a server. Its Unified Messaging services stay in the startup mode that a "
    "secured dial plan needs. Nobody knows which mode they had before.",
    "If nothing needs TLS any more, set UMStartupMode to TCP, the default, and restart MSExchangeUM and, from Exchange "
    "2013 on, MSExchangeUMCR.",
    "Configure the startup mode on a Mailbox server (Ee423544); DOMAIN 3.6",
    Severity.NOTE,
)
PERMISSIONS_STAY: Final = Rule(
    "UM205",
    "Permissions of exchucutil stay",
    "The plan removes the last dial plan that Lync uses. The groups of Lync keep the rights that exchucutil granted "
    "them to read dial plans and auto attendants. No state says who granted them, so none is taken away.",
    "They may stay: exchucutil needs them again for the next dial plan. Otherwise remove them in Active Directory.",
    "ExchUCUtil.ps1; DOMAIN 4.2, 4.3",
    Severity.NOTE,
)
LEFT_BEHIND: Final = (GATEWAYS_STAY, MODE_STAYS, PERMISSIONS_STAY)


def ended_dial_plans(landscape: Landscape) -> Sequence[Action]:
    """Return the removals of dial plans."""
    removals = (one for one in landscape.actions.values() if one.kind is ActionKind.DELETE)
    return tuple(one for one in removals if one.address.type == DialPlan.name)


def check_left_behind(landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield what stays when the plan has removed its dial plans."""
    if ended := ended_dial_plans(landscape):
        yield from _gateways(ended, landscape)
        yield from _modes(ended, landscape)
        yield from _permissions(ended, landscape)


def _gateways(ended: Sequence[Action], landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield a note about the gateways that lose their last link; with the last dial plan, about those of all pools."""
    if not all(landscape.is_readable(kind) for kind in (HuntGroup, IPGateway)):
        return
    groups = (*landscape.all(HuntGroup).values(), *landscape.wanted(HuntGroup).values())
    linked = {group.get(HuntGroup.gateway) for group in groups}
    named = _unlinked(landscape) | (frozenset() if sip_dial_plans(landscape) else uc_pools(landscape).keys())
    gateways = sorted(landscape.all(IPGateway).values(), key=lambda one: one.key)
    left = [one for one in gateways if one.key in named and one.key not in linked and one.name]
    if left:
        detail = f"{_removed(ended)} Then no hunt group uses {_every(left)}."
        commands = [write("Remove-UMIPGateway", Identity=one.name) for one in left]
        yield GATEWAYS_STAY.found(ended[0], detail, _remedy(GATEWAYS_STAY, commands))


def _unlinked(landscape: Landscape) -> frozenset[str]:
    """Return the gateways from which the plan removes a hunt group."""
    touched = (one for one, by in landscape.predicted_by.items() if by in landscape.actions)
    return frozenset(one.key.partition("/")[0] for one in touched if one.type == HuntGroup.name)


def _modes(ended: Sequence[Action], landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield a note about the services that lose their last dial plan and are not in the mode TCP."""
    unbound = _unbound(ended, landscape)
    left = [
        one
        for one in sorted(landscape.all(ServerBinding).values(), key=lambda one: one.key)
        if one.address in unbound and not one.get(ServerBinding.dial_plans) and _is_secure(one)
    ]
    commands = [command for one in left if (command := _to_tcp(one, landscape)) is not None]
    if commands:
        modes = listed((f"{one.key} ({one.get(ServerBinding.startup_mode)})" for one in left), len(left))
        detail = f"{_removed(ended)} Then no dial plan is left on {modes}."
        yield MODE_STAYS.found(ended[0], detail, _remedy(MODE_STAYS, commands))


def _unbound(ended: Sequence[Action], landscape: Landscape) -> frozenset[Address]:
    """Return the bindings from which the plan takes dial plans."""
    taken = {one.address for action in ended for one in action.takes_from}
    return frozenset(taken | set(landscape.planned(ServerBinding)))


def _is_secure(binding: Resource) -> bool:
    return binding.get(ServerBinding.startup_mode) not in (None, "TCP")


def _to_tcp(binding: Resource, landscape: Landscape) -> Command | None:
    fqdn, _, service = binding.key.rpartition("/")
    host = um_hosts(landscape).get(fqdn)
    return setting_command(host, UMService(service), landscape, UMStartupMode="TCP") if host is not None else None


def _permissions(ended: Sequence[Action], landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield a note about the rights of Lync's groups, once no dial plan needs them."""
    granted = [one.key for one in landscape.all(Permission).values() if one.get(Permission.is_granted)]
    if granted and not sip_dial_plans(landscape):
        detail = (
            f"{_removed(ended)} No dial plan of Lync is left, and these rights stay: {listed(granted, len(granted))}."
        )
        yield PERMISSIONS_STAY.found(ended[0], detail)


# --- in words --------------------------------------------------------------------------------------------------------


def _removed(ended: Sequence[Action]) -> str:
    return f"The plan removes {listed(str(one.address) for one in ended)}."


def _every(several: Sequence[Resource]) -> str:
    return listed((f"{one.key} ({one.name})" for one in several), len(several))


def _remedy(rule: Rule, commands: Sequence[Command]) -> str:
    return "\n".join([f"{rule.remedy.rstrip('.')}. After this plan was applied:", *(f"  {one}" for one in commands)])
