"""Contacts for auto attendants and subscriber access in Lync, and whether a user's calls reach Exchange.

A call to voice mail passes the user's pool, Lync's routing as of the last start of its Front Ends, the gateway's hunt
group, and an Exchange server that serves the dial plan with the encryption Lync asks for.

Sources: Get-, New-, Move- and Remove-CsExUmContact, Test-CsExUMConnectivity (Microsoft Learn); DOMAIN 2.3, 3.5, 3.6,
3.8, 3.14, 6.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from providers.simulator.cmdlets.certificates import assigned_to, is_accepted
from providers.simulator.cmdlets.lync_topology import cs_exists, cs_user_not_found
from providers.simulator.cmdlets.lync_users import cs_user
from providers.simulator.cmdlets.service_control import CALL_ROUTER, FRONT_END, UM, status
from providers.simulator.invocation.call import Call, Computed, only, shaped
from providers.simulator.world.directory import Entry, View, newest
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import ExchangeServer
from providers.simulator.world.schema import Pool

_REREAD: Final = timedelta(minutes=10)
"""How long UM uses the settings of a dial plan before it reads them again."""

_SUITS: Final = {
    "RequireEncryption": ("Secured",),
    "SupportEncryption": ("SIPSecured", "Secured"),
    "DoNotSupportEncryption": ("SIPSecured",),
}


def lync_sees(holdings: Holdings, host: str) -> frozenset[tuple[str, str]]:
    """Return the pairs (pool FQDN, dial plan) that the Front End ``host`` learned of when it last started."""
    service = holdings.services[host.lower()][FRONT_END.casefold()]
    return frozenset((address, plan) for address, plan in service.learned or ())


def why_unreachable(holdings: Holdings, user: Entry, now: datetime) -> str | None:
    """Return why a call to this user's voice mail fails; None if it is answered."""
    view = newest(holdings.directory)
    pool = next((p for p in holdings.world.lync.pools if p.fqdn == user.properties.get("RegistrarPool")), None)
    plan = view.follow(user.properties.get("UMDialPlan"))
    if pool is None or not user.properties.get("EnterpriseVoiceEnabled"):
        return "The user is not enabled for Enterprise Voice"
    if plan is None or not user.properties.get("UMEnabled"):
        return "The user is not enabled for Unified Messaging"
    running = [
        computer.fqdn
        for computer in pool.computers
        if status(holdings, computer.fqdn, holdings.services[computer.fqdn][FRONT_END.casefold()], now) == "Running"
    ]
    if not running:
        return "No Front End of the pool runs"
    if not any((pool.fqdn, plan.name) in lync_sees(holdings, host) for host in running):
        return "Lync has not learned of the dial plan: its Front Ends did not start since"
    if not _has_gateway(view, pool, plan):
        return "No gateway of the pool links the dial plan"
    if _security(plan, now) not in _SUITS[encryption(holdings, pool)]:
        return "Incompatible security setting"
    if not any(True for _ in _answering(holdings, view, plan, now)):
        return "Failed to route to Exchange Server"
    return None


def encryption(holdings: Holdings, pool: Pool) -> str:
    """Return the media encryption level that holds for a pool: the narrowest scope wins."""
    media = {scope.casefold(): level for scope, level in holdings.encryption_levels().items()}
    service = next((level for scope, level in media.items() if scope.endswith(f":{pool.fqdn}")), None)
    return service or media.get(f"site:{pool.site.casefold()}") or media.get("global", "RequireEncryption")


def linked_gateways(view: View, plan: Entry) -> Iterator[Entry]:
    """Yield the gateways that hunt groups link to a dial plan."""
    seen = set()
    for group in view.of("UMHuntGroup"):
        gateway = view.follow(group.properties.get("UMIPGateway"))
        if group.refers_to("UMDialPlan", plan.guid) and gateway is not None and gateway.guid not in seen:
            seen.add(gateway.guid)
            yield gateway


def _has_gateway(view: View, pool: Pool, plan: Entry) -> bool:
    return any(
        str(gateway.properties.get("Address")).casefold() == pool.fqdn
        and gateway.properties.get("Status") != "Disabled"
        for gateway in linked_gateways(view, plan)
    )


def _security(plan: Entry, now: datetime) -> str:
    """Return the VoIPSecurity that UM uses now. UM reads a new value up to ten minutes after it was set."""
    changed = plan.properties.get("$before")
    if changed and now - datetime.fromisoformat(changed[0]) < _REREAD:
        return str(changed[1])
    return str(plan.properties.get("VoIPSecurity"))


def _answering(holdings: Holdings, view: View, plan: Entry, now: datetime) -> Iterator[ExchangeServer]:
    """Yield the servers that answer: those bound, of the highest major version alone, running, with TLS.

    Exchange 2007 has no startup mode: it uses TLS for a secured dial plan.
    """
    bound = [(server, entry) for entry in view.of("UMServer") if (server := _bound(holdings, entry, plan))]
    highest = max((server.major for server, _ in bound), default=0)
    for server, entry in bound:
        services = holdings.services[server.fqdn]
        names = (UM, CALL_ROUTER) if server.is_call_router else (UM,)
        running = all(services[name.casefold()].status == "Running" for name in names)
        has_tls = all(_has_tls(holdings, server, services[name.casefold()].learned, now) for name in names)
        if server.major == highest and running and entry.properties.get("Status") == "Enabled" and has_tls:
            yield server


def _has_tls(holdings: Holdings, server: ExchangeServer, learned: object, now: datetime) -> bool:
    """True where a UM service listens by TLS with a certificate that Lync accepts."""
    mode, certificate = learned if isinstance(learned, list) else (learned, assigned_to(holdings, server, "UM"))
    return (server.release == "e2007" or mode != "TCP") and is_accepted(holdings, server, certificate, now)


def _bound(holdings: Holdings, entry: Entry, plan: Entry) -> ExchangeServer | None:
    if not entry.refers_to("DialPlans", plan.guid):
        return None
    return holdings.server_named(entry.properties["Fqdn"])


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


def remove_cs_ex_um_contact(call: Call) -> None:
    """Answer Remove-CsExUmContact."""
    call.delete(_contact(call))


def move_cs_ex_um_contact(call: Call) -> None:
    """Answer Move-CsExUmContact: the contact is homed on the pool named by -Target."""
    pool = str(call.get("Target"))
    if pool.casefold() not in {one.fqdn.casefold() for one in call.holdings.world.lync.pools}:
        raise cs_user_not_found(call, pool)
    call.change(_contact(call), {"RegistrarPool": pool})


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
