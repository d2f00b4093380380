"""Cmdlets that only look: certificates, Lync contacts, replication of the Central Management store, connectivity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from providers.simulator.cmdlets.lync_users import cs_user
from providers.simulator.cmdlets.phone_calls import why_unreachable
from providers.simulator.invocation.call import Call, Handler, hash_of
from providers.simulator.invocation.shapes import moment, only, shaped
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


def _get_certificates(call: Call) -> list[dict[str, object]]:
    """Answer Get-ExchangeCertificate: of each server, one that a common authority issued."""
    name = str(call.get("Server") or call.host)
    server = call.holdings.server_named(name)
    if server is None:
        raise call.not_found(name)
    installed = call.holdings.world.installed.replace(microsecond=0)
    return only(
        call,
        [
            {
                "Thumbprint": "".join(format(hash_of(f"{server.fqdn}{part}"), "08X") for part in range(5)),
                "Subject": f"CN={server.fqdn}",
                "CertificateDomains": [server.fqdn],
                "Services": "IIS, SMTP, UM, UMCallRouter" if server.release in ("e2013", "e2016") else "IIS, SMTP, UM",
                "Status": "Valid",
                "IsSelfSigned": False,
                "NotAfter": moment((installed + timedelta(days=3650)).isoformat()),
                "Issuer": f"CN={call.holdings.world.exchange.organization} CA",
            }
        ],
    )


def _get_contacts(call: Call) -> list[dict[str, object]]:
    entries = list(call.view.of("CsExUmContact"))
    identity = call.get("Identity")
    if identity:
        wanted = str(identity).casefold()
        entries = [e for e in entries if wanted in (e.name.casefold(), e.dn.casefold(), e.guid)]
        if not entries:
            raise call.error("ManagementException", "cs-user-not-found", wanted, category="ObjectNotFound", name=wanted)
    return shaped(call, entries, {"Identity": lambda _, entry: entry.dn}, _CONTACT_DEFAULTS)


def _new_contact(call: Call) -> list[dict[str, object]]:
    """Answer New-CsExUmContact: in this estate it stands for what OcsUmUtil makes, which has no cmdlet."""
    sip = str(call.get("SipAddress"))
    if any(entry.name.casefold() == sip.casefold() for entry in call.view.of("CsExUmContact")):
        raise call.error("ManagementException", "cs-exists", sip, category="ResourceExists", name=sip)
    properties = {name: call.arguments[name] for name in _CONTACT_DEFAULTS if name in call.arguments}
    if properties.get("DisplayNumber"):
        properties["LineURI"] = f"tel:{properties['DisplayNumber']}"
    entry = call.create("CsExUmContact", sip, f"CN={call.holdings.directory.new_guid()},{call.get('OU')}", properties)
    return shaped(call, [entry], {"Identity": lambda _, entry: entry.dn}, _CONTACT_DEFAULTS)


def _contact(call: Call) -> Entry:
    """Return the contact object that a cmdlet names by its SIP address or its distinguished name."""
    wanted = str(call.get("Identity")).casefold()
    entry = next((e for e in call.view.of("CsExUmContact") if wanted in (e.name.casefold(), e.dn.casefold())), None)
    if entry is None:
        raise call.error("ManagementException", "cs-user-not-found", wanted, category="ObjectNotFound", name=wanted)
    return entry


def _remove_contact(call: Call) -> list[dict[str, object]]:
    call.delete(_contact(call))
    return []


def _move_contact(call: Call) -> list[dict[str, object]]:
    """Answer Move-CsExUmContact: the contact is homed on the pool named by -Target."""
    pool = str(call.get("Target"))
    if pool.casefold() not in {one.fqdn.casefold() for one in call.holdings.world.lync.pools}:
        raise call.error("ManagementException", "cs-user-not-found", pool, category="ObjectNotFound", name=pool)
    call.change(_contact(call), {"RegistrarPool": pool})
    return []


def _get_replication(call: Call) -> list[dict[str, object]]:
    world = call.holdings.world
    return only(
        call,
        [
            {"ReplicaFqdn": c.fqdn, "UpToDate": True, "ProductVersion": None}
            for pool in world.lync.pools
            for c in pool.computers
        ],
    )


def _test_connectivity(call: Call) -> list[dict[str, object]]:
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


def _none(_: Call) -> list[dict[str, object]]:
    """Answer for what there never is here, such as calls going on."""
    return []


HANDLERS: Mapping[str, Handler] = {
    "Get-ExchangeCertificate": _get_certificates,
    "Get-CsExUmContact": _get_contacts,
    "New-CsExUmContact": _new_contact,
    "Move-CsExUmContact": _move_contact,
    "Remove-CsExUmContact": _remove_contact,
    "Get-CsManagementStoreReplicationStatus": _get_replication,
    "Test-CsExUMConnectivity": _test_connectivity,
    "Get-UMActiveCalls": _none,
    "Get-CsHostedVoicemailPolicy": _none,
    "Get-CsVoicePolicy": _none,
}
