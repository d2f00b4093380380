"""Which code answers which cmdlet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from providers.simulator.cmdlets import (
    exchange_facts,
    lync_dial_plans,
    lync_media,
    lync_topology,
    lync_users,
    other_cmdlets,
    recipients,
    um_attendants,
    um_mailboxes,
    um_objects,
    um_rules,
    um_servers,
    windows_services,
)
from providers.simulator.cmdlets.um_objects import Rules
from providers.simulator.invocation.answers import CmdletError
from providers.simulator.invocation.call import Call, Handler

_HANDLERS: Mapping[str, Handler] = {
    "Get-UMServer": um_servers.get_servers,
    "Get-UMService": um_servers.get_servers,
    "Get-UMCallRouterSettings": um_servers.get_routers,
    "Set-UMServer": um_servers.set_server,
    "Set-UMService": um_servers.set_server,
    "Set-UMCallRouterSettings": um_servers.set_router,
    "Enable-UMServer": lambda call: um_servers.set_status(call, "Enabled"),
    "Disable-UMServer": lambda call: um_servers.set_status(call, "Disabled"),
    "Enable-UMIPGateway": lambda call: um_attendants.enable_object(call, "UMIPGateway"),
    "Disable-UMIPGateway": lambda call: um_attendants.disable_object(call, "UMIPGateway"),
    "Enable-UMAutoAttendant": lambda call: um_attendants.enable_object(call, "UMAutoAttendant"),
    "Disable-UMAutoAttendant": lambda call: um_attendants.disable_object(call, "UMAutoAttendant"),
    "Get-UMMailbox": recipients.get_um_mailboxes,
    "Enable-UMMailbox": um_mailboxes.enable,
    "Set-UMMailbox": um_mailboxes.change,
    "Disable-UMMailbox": um_mailboxes.disable,
    "Get-UMMailboxPin": recipients.get_pins,
    "Set-UMMailboxPIN": um_mailboxes.set_pin,
    "Get-Mailbox": recipients.get_mailboxes,
    "Set-Mailbox": um_mailboxes.set_mailbox,
    "Get-Recipient": recipients.get_recipients,
    "Get-ExchangeServer": exchange_facts.get_servers,
    "Get-OrganizationConfig": exchange_facts.get_organization,
    "Get-DomainController": exchange_facts.get_domain_controllers,
    "Get-ADPermission": exchange_facts.get_permissions,
    "Add-ADPermission": exchange_facts.add_permission,
    "Get-CsSite": lync_topology.get_sites,
    "Get-CsPool": lync_topology.get_pools,
    "Get-CsComputer": lync_topology.get_computers,
    "Get-CsService": lync_topology.get_services,
    "Get-CsServerVersion": lync_topology.get_version,
    "Get-CsMediaConfiguration": lync_media.get_media,
    "New-CsMediaConfiguration": lync_media.new_media,
    "Set-CsMediaConfiguration": lync_media.set_media,
    "Remove-CsMediaConfiguration": lync_media.remove_media,
    "Get-CsPoolUpgradeReadinessState": lync_topology.get_upgrade_readiness,
    "Get-CsUser": lync_users.get_users,
    "Set-CsUser": lync_users.set_user,
    "Enable-CsUser": lync_users.enable_user,
    "Disable-CsUser": lync_users.disable_user,
    "Get-CsDialPlan": lync_dial_plans.get_dial_plans,
    "New-CsDialPlan": lync_dial_plans.new_dial_plan,
    "Set-CsDialPlan": lync_dial_plans.set_dial_plan,
    "Remove-CsDialPlan": lync_dial_plans.remove_dial_plan,
    "Grant-CsDialPlan": lync_dial_plans.grant_dial_plan,
    "Get-CsWindowsService": windows_services.get_cs_services,
    "Stop-CsWindowsService": windows_services.stop_cs_services,
    "Start-CsWindowsService": windows_services.start_cs_services,
    "Restart-Service": windows_services.service_cmdlet,
    "Set-Service": windows_services.set_service,
    "Start-Service": windows_services.service_cmdlet,
    "Stop-Service": windows_services.service_cmdlet,
    **other_cmdlets.HANDLERS,
}

_VERBS = {
    "New": um_objects.new_object,
    "Get": um_objects.get_objects,
    "Set": um_objects.set_object,
    "Remove": um_objects.remove_object,
}


def run_cmdlet(call: Call) -> Iterable[dict[str, object]]:
    """Run the cmdlet of ``call``, which is bound, and return its records.

    Raises:
        CmdletError: the cmdlet ended with an error, or the simulator does not have it.
    """
    handler = _HANDLERS.get(call.cmdlet)
    if handler is not None:
        return handler(call)
    verb, _, noun = call.cmdlet.partition("-")
    if verb in _VERBS and noun.startswith("UM"):
        return _VERBS[verb](call, um_rules.RULES.get(noun, Rules(noun)))
    text = f"The simulator does not have {call.cmdlet}."
    raise CmdletError("NotImplementedException", "NotImplemented", "NotImplemented", text, call.cmdlet, executed=False)
