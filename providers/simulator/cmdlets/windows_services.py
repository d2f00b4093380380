"""Windows services of every host: status, start times by the host's own clock, dependents, and pool quorum.

Stopping a service stops what depends on it; starting it does not start those again. A Front End of an Enterprise pool
stays in Start Pending until enough others run, and a pool that loses too many stops altogether (Lync 2013 and later).
Sources: Stop-CsWindowsService, Start-CsWindowsService, Restart-Service (Microsoft Learn); DOMAIN 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from providers.simulator.invocation.answers import CmdletError
from providers.simulator.invocation.call import Call
from providers.simulator.invocation.shapes import only
from providers.simulator.invocation.texts import told
from providers.simulator.world.holdings import Holdings, Service
from providers.simulator.world.schema import ExchangeServer, Pool, World

FRONT_END: Final = "RTCSRV"
UM: Final = "MSExchangeUM"
CALL_ROUTER: Final = "MSExchangeUMCR"

_TO_START = {1: 1, 2: 1, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 8: 6, 9: 7, 10: 8, 11: 9, 12: 10}
_TO_STAY = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5}
_COUNTED = {8: 7, 9: 7, 10: 9, 11: 9, 12: 9}
"""Of larger pools, only so many of the first Front Ends count for staying up."""


def installed_services(world: World) -> dict[str, dict[str, Service]]:
    """Return the services of every host as they were started when the world was installed."""
    services: dict[str, dict[str, Service]] = {}
    for server in world.exchange.servers:
        services[server.fqdn] = _started(world, server.started, _exchange_services(server))
    for pool in world.lync.pools:
        for computer in pool.computers:
            services[computer.fqdn] = _started(world, computer.started, _lync_services(world, pool))
    return services


def _started(world: World, started: Mapping[str, datetime], services: Iterable[Service]) -> dict[str, Service]:
    own = {name.casefold(): moment for name, moment in started.items()}
    for service in services:
        service.started = _stamp(own.get(service.name.casefold(), world.installed))
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


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


# --- reading ---------------------------------------------------------------------------------------------------------


def status(holdings: Holdings, host: str, service: Service, now: datetime) -> str:
    """Return what a reader of the service control manager sees: a Front End takes its time to start."""
    pool = holdings.pool_of(host)
    if service.status == "Running" and service.name == FRONT_END and pool and pool.start_time and service.started:
        ready = datetime.fromisoformat(service.started) + timedelta(seconds=pool.start_time)
        return "StartPending" if now < ready else "Running"
    return service.status


def service_records(holdings: Holdings, host: str, names: Sequence[str], now: datetime) -> list[dict[str, object]]:
    """Return what the runner's service operation tells of the services of a host that exist."""
    skew = holdings.skew(host)
    services = holdings.services[host]
    records: list[dict[str, object]] = []
    for name in names:
        service = services.get(name.casefold())
        if service is None:
            continue
        running = service.started is not None and service.status != "Stopped"
        started = datetime.fromisoformat(service.started) + skew if running and service.started else None
        records.append(
            {
                "Name": service.name,
                "Status": status(holdings, host, service, now),
                "StartTime": utc(started) if started else None,
                "HostClock": utc(now + skew),
                "RunningDependents": [
                    dependent
                    for dependent in service.dependents
                    if services[dependent.casefold()].status in ("Running", "StartPending")
                ],
                "ScriptRunning": holdings.scripts_running.get(host, False),
            }
        )
    return records


def utc(moment: datetime) -> str:
    """Return a moment as the runner writes it."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def get_cs_services(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsWindowsService: no start time, as in the product."""
    host = _computer(call)
    services = _named(call, host, call.get("Name"))
    return only(
        call,
        [
            {
                "Status": status(call.holdings, host, service, call.now),
                "Name": service.name,
                "DisplayName": service.display,
                "RoleName": ["Registrar"] if service.name == FRONT_END else [],
                "ActivityLevel": None,
            }
            for service in services
        ],
    )


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


def stop_cs_services(call: Call) -> list[dict[str, object]]:
    """Answer Stop-CsWindowsService: the services named, and what depends on them."""
    host = _computer(call)
    for service in _named(call, host, call.get("Name")):
        stop(call, host, service)
    return []


def start_cs_services(call: Call) -> list[dict[str, object]]:
    """Answer Start-CsWindowsService: the services named alone; one that runs is no error."""
    host = _computer(call)
    for service in _named(call, host, call.get("Name")):
        start(call, host, service)
    return []


def service_cmdlet(call: Call) -> list[dict[str, object]]:
    """Answer Restart-Service, Stop-Service and Start-Service on the host itself."""
    for name in call.get("Name"):
        service = call.holdings.services[call.host].get(str(name).casefold())
        if service is None:
            text = told("no-service", call.culture, name=name)
            error_id = f"NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.{call.cmdlet.replace('-', '')}Command"
            raise CmdletError("ServiceCommandException", error_id, "ObjectNotFound", text, str(name))
        if call.cmdlet == "Start-Service":
            start(call, call.host, service)
            continue
        running = _running_dependents(call, call.host, service)
        if running and not call.get("Force"):
            text = told("dependent-services", call.culture, name=service.name)
            error_id = (
                f"ServiceHasDependentServices,Microsoft.PowerShell.Commands.{call.cmdlet.replace('-', '')}Command"
            )
            raise CmdletError("ServiceCommandException", error_id, "InvalidOperation", text, service.name)
        stop(call, call.host, service)
        if call.cmdlet == "Restart-Service":
            start(call, call.host, service)
            for dependent in running:
                start(call, call.host, dependent)
    return []


def _running_dependents(call: Call, host: str, service: Service) -> list[Service]:
    services = call.holdings.services[host]
    return [s for name in service.dependents if (s := services[name.casefold()]).status != "Stopped"]


def stop(call: Call, host: str, service: Service) -> None:
    """Stop the service and its dependents; a pool that has too few Front Ends left then stops as well."""
    for dependent in _running_dependents(call, host, service):
        _halt(dependent)
    _halt(service)
    pool = call.holdings.pool_of(host)
    if service.name != FRONT_END or pool is None or not _has_quorum_rule(call.holdings, pool):
        return
    size = len(pool.computers)
    counted = pool.computers[: _COUNTED.get(size, size)]
    running = [c for c in counted if _front_end(call.holdings, c.fqdn).status == "Running"]
    if len(running) < _TO_STAY.get(size, size // 2):
        for computer in pool.computers:
            for other in call.holdings.services[computer.fqdn].values():
                _halt(other)


def _halt(service: Service) -> None:
    service.status, service.started = "Stopped", None


def start(call: Call, host: str, service: Service) -> None:
    """Start the service unless it runs; a Front End waits in Start Pending for its pool."""
    if service.status != "Stopped":
        return
    service.started = _stamp(call.now)
    pool = call.holdings.pool_of(host)
    if service.name == FRONT_END and pool is not None and _has_quorum_rule(call.holdings, pool):
        service.status = "StartPending"
        _start_pool(call, pool)
        if service.status == "StartPending":
            call.warnings.append(told("waiting-for-quorum", call.culture, name=service.name, host=host))
    else:
        service.status = "Running"
        learn(call, host, service)


def _start_pool(call: Call, pool: Pool) -> None:
    states = {computer.fqdn: _front_end(call.holdings, computer.fqdn) for computer in pool.computers}
    size = len(states)
    running = sum(service.status == "Running" for service in states.values())
    coming = sum(service.status == "StartPending" for service in states.values())
    is_up = running > 0 and running >= _TO_STAY.get(size, size // 2)
    if is_up or running + coming >= _TO_START.get(size, size):
        for host, service in states.items():
            if service.status == "StartPending":
                service.status = "Running"
                learn(call, host, service)


def _has_quorum_rule(holdings: Holdings, pool: Pool) -> bool:
    return pool.type == "enterprise" and holdings.world.lync_release(pool) != "l2010"


def _front_end(holdings: Holdings, host: str) -> Service:
    return holdings.services[host][FRONT_END.casefold()]


# --- what a service learns when it starts ----------------------------------------------------------------------------


def learn(call: Call, host: str, service: Service) -> None:
    """Let a service that starts read what it goes by until it starts again."""
    if service.name == FRONT_END:
        service.learned = _um_objects(replace(call, controller=call.holdings.catalog(host)))
    elif service.name in (UM, CALL_ROUTER):
        kind = "UMServer" if service.name == UM else "UMCallRouter"
        server = next((e for e in call.view.of(kind) if e.properties["Fqdn"] == host), None)
        service.learned = server.properties.get("UMStartupMode", "TCP") if server else None


def _um_objects(call: Call) -> list[list[str]]:
    """Return the pairs (gateway address, dial plan) that the global catalogue of a Front End shows."""
    pairs = set()
    for group in call.view.of("UMHuntGroup"):
        gateway = call.view.follow(group.properties.get("UMIPGateway"))
        plan = call.view.follow(group.properties.get("UMDialPlan"))
        if gateway is not None and plan is not None:
            pairs.add((str(gateway.properties.get("Address")).casefold(), plan.name))
    return [list(pair) for pair in sorted(pairs)]
