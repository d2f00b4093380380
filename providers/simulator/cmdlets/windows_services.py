"""Windows services of every host as they are installed and read, and the cmdlets that stop and start them.

Sources: Get-, Stop- and Start-CsWindowsService, Restart-Service, Set-Service (Microsoft Learn); DOMAIN 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from providers.simulator.answers import CmdletError
from providers.simulator.cmdlets.service_control import (
    CALL_ROUTER,
    FRONT_END,
    UM,
    running_dependents,
    stamp,
    start,
    status,
    stop,
)
from providers.simulator.invocation.call import Call, only, product_text
from providers.simulator.world.holdings import Holdings, Service
from providers.simulator.world.hosts import ExchangeServer, Host
from providers.simulator.world.schema import Pool, World


def installed_services(world: World) -> dict[str, dict[str, Service]]:
    """Return the services of every host as they were started when the world was installed."""
    services: dict[str, dict[str, Service]] = {}
    for server in world.exchange.servers:
        services[server.fqdn] = _started(world, server, _exchange_services(server))
    for pool in world.lync.pools:
        for computer in pool.computers:
            services[computer.fqdn] = _started(world, computer, _lync_services(world, pool))
    return services


def _started(world: World, host: Host, services: Iterable[Service]) -> dict[str, Service]:
    own = {name.casefold(): moment for name, moment in host.started.items()}
    for service in services:
        if host.manner(service.name).runs:
            service.started = stamp(own.get(service.name.casefold(), world.installed))
        else:
            service.status = "Stopped"
    return {service.name.casefold(): service for service in services}


def _exchange_services(server: ExchangeServer) -> list[Service]:
    services = [Service("MSExchangeServiceHost", "Microsoft Exchange Service Host")]
    if server.is_um:
        services.append(Service(UM, "Microsoft Exchange Unified Messaging"))
    if server.is_call_router:
        services.append(Service(CALL_ROUTER, "Microsoft Exchange Unified Messaging Call Router"))
    return services


def _lync_services(world: World, pool: Pool) -> list[Service]:
    product = "Lync Server" if world.lync_release(pool).startswith("l") else "Skype for Business Server"
    services = [Service("REPLICA", f"{product} Replica Replicator Agent")]
    dependents: tuple[str, ...] = ()
    if pool.type in ("enterprise", "standard"):
        dependents = ("RTCCAA", "RTCCAS", "RTCRGS")
        services += [
            Service("RTCCAA", f"{product} Conferencing Attendant"),
            Service("RTCCAS", f"{product} Conferencing Announcement"),
            Service("RTCRGS", f"{product} Response Group"),
        ]
    if pool.type == "branch":
        services.append(Service("RTCMEDSRV", f"{product} Mediation"))
    return [Service(FRONT_END, f"{product} Front-End", dependents), *services]


# --- reading ---------------------------------------------------------------------------------------------------------


def service_records(holdings: Holdings, host: str, names: Sequence[str], now: datetime) -> list[dict[str, object]]:
    """Return the records of the runner's service operation: those of the services that the host has."""
    found = [holdings.services[host].get(name.casefold()) for name in names]
    return [_record(holdings, host, service, now, holdings.skew(host)) for service in found if service]


def _record(holdings: Holdings, host: str, service: Service, now: datetime, skew: timedelta) -> dict[str, object]:
    dependents = [holdings.services[host][dependent.casefold()] for dependent in service.dependents]
    seen = [(one, status(holdings, host, one, now)) for one in dependents]
    started = datetime.fromisoformat(service.started) if service.started and service.status != "Stopped" else None
    return {
        "Name": service.name,
        "Status": status(holdings, host, service, now),
        "StartTime": utc(started + skew) if started else None,
        "HostClock": utc(now + skew),
        "RunningDependents": [one.name for one, state in seen if state == "Running"],
        "StoppedDependents": [
            one.name for one, state in seen if state != "Running" and holdings.start_mode(host, one) == "Auto"
        ],
        "StartMode": holdings.start_mode(host, service),
        "ScriptRunning": False,
    }


def utc(moment: datetime) -> str:
    """Return a moment as the runner writes it."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def get_cs_windows_service(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsWindowsService: no start time, as in the product."""
    host = _computer(call)
    records = [
        {
            "Status": status(call.holdings, host, service, call.now),
            "Name": service.name,
            "DisplayName": service.display,
            "RoleName": ["Registrar"] if service.name == FRONT_END else [],
            "ActivityLevel": None,
        }
        for service in _named(call, host, call.get("Name"))
    ]
    return only(call, records)


def _computer(call: Call) -> str:
    name = str(call.get("ComputerName") or call.host).casefold()
    if name not in call.holdings.services or call.holdings.pool_of(name) is None:
        raise call.error("InvalidOperationException", "no-remote", name, host=name)
    return name


def _named(call: Call, host: str, name: object) -> list[Service]:
    services = call.holdings.services[host]
    if not name:
        return list(services.values())
    found = services.get(str(name).casefold())
    if found is None:
        raise call.error("InvalidOperationException", "no-service", str(name), category="ObjectNotFound", name=name)
    return [found]


# --- stopping and starting -------------------------------------------------------------------------------------------


def stop_cs_windows_service(call: Call) -> None:
    """Answer Stop-CsWindowsService: the services named, and what depends on them."""
    host = _computer(call)
    for service in _named(call, host, call.get("Name")):
        _wait(call, stop(call, host, service, graceful=bool(call.get("Graceful"))))


def start_cs_windows_service(call: Call) -> None:
    """Answer Start-CsWindowsService: the services named alone; one that runs is no error."""
    host = _computer(call)
    for service in _named(call, host, call.get("Name")):
        _wait(call, start(call, host, service))


def _wait(call: Call, seconds: float) -> None:
    """Answer only when the service has stopped or started, unless -NoWait is given."""
    if not call.get("NoWait"):
        call.seconds = max(call.seconds, seconds)


def restart_service(call: Call) -> None:
    """Answer Restart-Service, Stop-Service and Start-Service on the host itself."""
    for name in call.get("Name"):
        service = _own(call, str(name))
        if call.cmdlet == "Start-Service":
            _wait(call, start(call, call.host, service))
            continue
        running = running_dependents(call.holdings, call.host, service)
        if running and not call.get("Force"):
            error_id = "ServiceHasDependentServices"
            raise _service_error(call, error_id, "InvalidOperation", "dependent-services", service.name)
        stop(call, call.host, service)
        if call.cmdlet == "Restart-Service":
            for one in (service, *running):
                _wait(call, start(call, call.host, one))


start_service = stop_service = restart_service

_START_MODES = {"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}


def set_service(call: Call) -> None:
    """Answer Set-Service on the host itself: only the start mode can be set, and nothing starts or stops by it."""
    service = _own(call, str(call.get("Name")))
    if wanted := call.get("StartupType"):
        service.start_mode = _START_MODES[str(wanted).casefold()]


def _own(call: Call, name: str) -> Service:
    service = call.holdings.services[call.host].get(name.casefold())
    if service is None:
        raise _service_error(call, "NoServiceFoundForGivenName", "ObjectNotFound", "no-service", name)
    return service


def _service_error(call: Call, error_id: str, category: str, text: str, name: str) -> CmdletError:
    place = f"{error_id},Microsoft.PowerShell.Commands.{call.cmdlet.replace('-', '')}Command"
    return CmdletError("ServiceCommandException", place, category, product_text(text, call.culture, name=name), name)
