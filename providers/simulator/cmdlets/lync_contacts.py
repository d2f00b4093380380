"""Contacts for auto attendants and subscriber access in Lync, and whether a user's calls reach Exchange.

Sources: Get-, New-, Move- and Remove-CsExUmContact, Test-CsExUMConnectivity (Microsoft Learn).
"""

from __future__ import annotations

from collections.abc import Mapping

from providers.simulator.cmdlets.lync_topology import cs_exists, cs_user_not_found
from providers.simulator.cmdlets.lync_users import cs_user
from providers.simulator.cmdlets.phone_calls import why_unreachable
from providers.simulator.invocation.call import Call
from providers.simulator.invocation.shapes import Computed, only, shaped
from providers.simulator.world.directory import Entry

_CONTACT_DEFAULTS: Mapping[str, object] = {
    "SipAddress": None,
    "RegistrarPool": None,
    "DisplayNumber": None,
    "LineURI": None,
    "AutoAttendant": False,
    "Enabled": True,
    "EnterpriseVoiceEnabled": True,
    "OtherIpPhone": [],
    "Description": None,
    "OU": None,
}


_CONTACT: Mapping[str, Computed] = {"Identity": lambda _, entry: entry.dn}


def get_cs_ex_um_contact(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsExUmContact."""
    entries = [_contact(call)] if call.get("Identity") else call.view.of("CsExUmContact")
    return shaped(call, entries, _CONTACT, _CONTACT_DEFAULTS)


def new_cs_ex_um_contact(call: Call) -> list[dict[str, object]]:
    """Answer New-CsExUmContact. Here it also stands for OcsUmUtil, which is not a cmdlet."""
    sip = str(call.get("SipAddress"))
    if any(entry.name.casefold() == sip.casefold() for entry in call.view.of("CsExUmContact")):
        raise cs_exists(call, sip)
    properties = {name: call.arguments[name] for name in _CONTACT_DEFAULTS if name in call.arguments}
    if properties.get("DisplayNumber"):
        properties["LineURI"] = f"tel:{properties['DisplayNumber']}"
    entry = call.create("CsExUmContact", sip, f"CN={call.holdings.directory.new_guid()},{call.get('OU')}", properties)
    return shaped(call, [entry], _CONTACT, _CONTACT_DEFAULTS)


def _contact(call: Call) -> Entry:
    """Return the contact that a cmdlet names by SIP address, distinguished name or GUID."""
    wanted = str(call.get("Identity")).casefold()
    for entry in call.view.of("CsExUmContact"):
        if wanted in (entry.name.casefold(), entry.dn.casefold(), entry.guid):
            return entry
    raise cs_user_not_found(call, wanted)


def remove_cs_ex_um_contact(call: Call) -> list[dict[str, object]]:
    """Answer Remove-CsExUmContact."""
    call.delete(_contact(call))
    return []


def move_cs_ex_um_contact(call: Call) -> list[dict[str, object]]:
    """Answer Move-CsExUmContact: the contact is homed on the pool named by -Target."""
    pool = str(call.get("Target"))
    if pool.casefold() not in {one.fqdn.casefold() for one in call.holdings.world.lync.pools}:
        raise cs_user_not_found(call, pool)
    call.change(_contact(call), {"RegistrarPool": pool})
    return []


def test_cs_ex_um_connectivity(call: Call) -> list[dict[str, object]]:
    """Answer Test-CsExUMConnectivity for a user's pool."""
    identity = call.get("UserSipAddress")
    user = cs_user(call, identity) if identity else None
    reason = why_unreachable(call.holdings, user, call.now) if user else None
    return only(
        call,
        [
            {
                "TargetFqdn": call.get("TargetFqdn"),
                "Result": "Failure" if reason else "Success",
                "Latency": "00:00:00",
                "Error": reason or "",
                "Diagnosis": "ErrorCode=15030,Source=pool,Reason=Failed to route to Exchange Server" if reason else "",
            }
        ],
    )
