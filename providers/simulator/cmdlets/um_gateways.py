"""UM IP gateways and their children, the hunt groups.

Sources: New-UMIPGateway, Set-UMIPGateway, New-UMHuntGroup (Microsoft Learn); DOMAIN 7.4, 7.5, 8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from providers.simulator.cmdlets.um_objects import (
    Rules,
    back_links,
    found_object,
    made_object,
    referring,
)
from providers.simulator.invocation.call import Call
from providers.simulator.world.directory import Entry


def _check_gateway(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    properties.pop("UMDialPlan", None)
    address = properties.get("Address")
    if entry is None and not address:
        raise call.invalid("Address", address)
    for other in call.view.of("UMIPGateway"):
        same = str(other.properties.get("Address")).casefold() == str(address).casefold()
        if address and same and (entry is None or other.guid != entry.guid):
            raise call.error("GatewayAddressExistsException", "already-exists", str(address), name=address, dc=call.dc)


def _make_default_hunt_group(call: Call, gateway: Entry) -> None:
    if call.get("UMDialPlan"):
        plan = found_object(call, "UMDialPlan", call.get("UMDialPlan"))
        made_hunt_group(call, gateway, plan, "Default Hunt Group", "")


def _remove_hunt_groups(call: Call, gateway: Entry) -> None:
    for group in list(referring(call, "UMHuntGroup", "UMIPGateway", gateway)):
        call.delete(group)


def made_hunt_group(call: Call, gateway: Entry, plan: Entry, name: str, pilot: str) -> Entry:
    """Make a hunt group under ``gateway``."""
    arguments = {"Name": name, "UMDialPlan": plan.guid, "UMIPGateway": gateway.guid, "PilotIdentifier": pilot}
    return made_object(replace(call, cmdlet="New-UMHuntGroup", arguments=arguments, controller=call.dc), HUNT_GROUP)


def _hunt_group_identity(call: Call, group: Entry) -> object:
    gateway = call.view.follow(group.properties.get("UMIPGateway"))
    return f"{gateway.name}\\{group.name}" if gateway else group.name


def _is_simulator(call: Call, gateway: Entry) -> bool:
    return bool(gateway.properties.get("Simulator")) and not call.get("IncludeSimulator")


GATEWAY = Rules(
    "UMIPGateway",
    "UM IPGateway Container",
    others={
        "Address": None,
        "Status": "Enabled",
        "OutcallsAllowed": True,
        "Simulator": False,
        "DelayedSourcePartyInfoEnabled": False,
    },
    computed={"HuntGroups": back_links("UMHuntGroup", "UMIPGateway")},
    check=_check_gateway,
    created=_make_default_hunt_group,
    removing=_remove_hunt_groups,
    hidden=_is_simulator,
)

HUNT_GROUP = Rules(
    "UMHuntGroup",
    "UM IPGateway Container",
    others={"UMDialPlan": None, "UMIPGateway": None},
    computed={"Identity": _hunt_group_identity},
    parent="UMIPGateway",
)
