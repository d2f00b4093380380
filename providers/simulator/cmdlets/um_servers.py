"""UM servers (2007, 2010), UM services and call routers (2013 and later): their dial plans and startup modes.

``-DialPlans`` replaces the list unless it adds and removes. A running service uses the settings that it read when it
started, such as its startup mode. Sources: Set-UMServer, Set-UMService, Set-UMCallRouterSettings (Microsoft Learn);
DOMAIN 3.5, 3.6, 7.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from providers.simulator.cmdlets.um_objects import found_object, stored
from providers.simulator.invocation.binding import Difference
from providers.simulator.invocation.call import Call, Computed, shaped
from providers.simulator.world.directory import Entry
from providers.simulator.world.hosts import ExchangeServer

SERVER_DEFAULTS: Final[Mapping[str, Any]] = {
    "DialPlans": [],
    "UMStartupMode": "TCP",
    "Status": "Enabled",
    "MaxCallsAllowed": 100,
    "SIPAccessService": None,
    "IPAddressFamily": "Any",
    "IPAddressFamilyConfigurable": True,
    "IrmLogEnabled": True,
    "GrammarGenerationSchedule": [],
}
ROUTER_DEFAULTS: Final[Mapping[str, Any]] = {
    "DialPlans": [],
    "UMStartupMode": "TCP",
    "SipTcpListeningPort": 5060,
    "SipTlsListeningPort": 5061,
    "MaxCallsAllowed": None,
    "IPAddressFamily": "Any",
    "IPAddressFamilyConfigurable": True,
}
_MODERN: Final = ("e2013", "e2016")


def _server(call: Call, entry: Entry) -> ExchangeServer:
    server = call.holdings.server_named(entry.properties["Fqdn"])
    assert server is not None, "every UM server entry was made for a server of the world"
    return server


_COMPUTED: Mapping[str, Computed] = {
    "AdminDisplayVersion": lambda call, entry: _server(call, entry).display_version,
    "Server": lambda _, entry: entry.name,
    "ServerRole": lambda call, entry: ", ".join(_server(call, entry).roles),
}
_WITH_LANGUAGES: Mapping[str, Computed] = {
    **_COMPUTED,
    "Languages": lambda call, entry: list(_server(call, entry).um_languages),
}


def _entries(call: Call, kind: str) -> Iterable[Entry]:
    """Yield the servers this host's cmdlets see: Get-UMServer those before 2013, the others those since."""
    modern = call.cmdlet.endswith(("UMService", "UMCallRouterSettings"))
    for entry in call.view.of(kind):
        if (_server(call, entry).release in _MODERN) is modern:
            yield entry


def _found(call: Call, kind: str, identity: object) -> Entry:
    server = call.holdings.server_named(str(identity))
    for entry in _entries(call, kind):
        if str(identity).casefold() == entry.guid or (server and entry.properties["Fqdn"] == server.fqdn):
            return entry
    raise call.not_found(identity)


def get_um_server(call: Call) -> list[dict[str, object]]:
    """Answer Get-UMServer and Get-UMService."""
    identity = call.get("Identity")
    entries = [_found(call, "UMServer", identity)] if identity else _entries(call, "UMServer")
    return shaped(call, entries, _WITH_LANGUAGES, SERVER_DEFAULTS)


def get_um_call_router_settings(call: Call) -> list[dict[str, object]]:
    """Answer Get-UMCallRouterSettings: of one server, or of all."""
    server = call.get("Server")
    entries = [_found(call, "UMCallRouter", server)] if server else _entries(call, "UMCallRouter")
    return shaped(call, entries, _COMPUTED, ROUTER_DEFAULTS)


def set_um_server(call: Call) -> None:
    """Answer Set-UMServer and Set-UMService."""
    _set(call, _found(call, "UMServer", call.get("Identity")))


def set_um_call_router_settings(call: Call) -> None:
    """Answer Set-UMCallRouterSettings; without ``-Server``, of the host itself."""
    _set(call, _found(call, "UMCallRouter", call.get("Server") or call.host))


def enable_um_server(call: Call) -> None:
    """Answer Enable-UMServer and Disable-UMServer."""
    call.change(_found(call, "UMServer", call.get("Identity")), {"Status": call.cmdlet.partition("-")[0] + "d"})


get_um_service, set_um_service, disable_um_server = get_um_server, set_um_server, enable_um_server


def _set(call: Call, entry: Entry) -> None:
    wanted = call.arguments.pop("DialPlans", None) if "DialPlans" in call.arguments else ...
    properties = stored(call, entry.kind, entry.properties)
    properties.pop("Server", None)
    if wanted is not ...:
        properties["DialPlans"] = _dial_plans(call, entry, wanted)
    if properties:
        call.change(entry, properties)


def _dial_plans(call: Call, entry: Entry, wanted: object) -> list[dict[str, str]]:
    before: list[dict[str, str]] = list(entry.properties.get("DialPlans", []))
    if isinstance(wanted, Difference):
        gone = [_plan(call, entry, name) for name in wanted.remove]
        added = [_plan(call, entry, name) for name in wanted.add]
        return [plan for plan in before if plan not in gone] + [plan for plan in added if plan not in before]
    names = wanted if isinstance(wanted, list) else []
    return list({plan["$ref"]: plan for plan in (_plan(call, entry, name) for name in names)}.values())


def _plan(call: Call, entry: Entry, name: object) -> dict[str, str]:
    plan = found_object(call, "UMDialPlan", name)
    if plan.properties.get("URIType") != "SipName" and _server(call, entry).release in _MODERN:
        raise call.error("DialPlanNotSipUriException", "not-sip-plan", plan.name, name=plan.name, server=entry.name)
    return plan.reference()
