"""How Windows services stop and start: dependent services, draining, quorum, and settings read at the start.

Stopping a service stops its dependents; starting it does not start them again. A service that is stopped gracefully is
Paused until its calls end. A Front End takes time to start, and one of an Enterprise pool stays in Start Pending until
enough others run; a pool that loses too many Front Ends stops (Lync 2013 and later). A world may say that a service
does not start: its process begins and ends again. Sources: Stop-CsWindowsService, Start-CsWindowsService (Microsoft
Learn); Prevent new sessions for services (Gg182553); DOMAIN 5.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from providers.simulator.cmdlets.certificates import assigned_to
from providers.simulator.invocation.call import Call, product_text
from providers.simulator.world.directory import Entry
from providers.simulator.world.holdings import Holdings, Service
from providers.simulator.world.schema import Pool

FRONT_END: Final = "RTCSRV"
UM: Final = "MSExchangeUM"
CALL_ROUTER: Final = "MSExchangeUMCR"
UP: Final = ("Running", "Paused")
"""A paused service still carries its open calls."""

_TO_START = {1: 1, 2: 1, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 8: 6, 9: 7, 10: 8, 11: 9, 12: 10}
_TO_STAY = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5}
_COUNTED = {8: 7, 9: 7, 10: 9, 11: 9, 12: 9}
"""By pool size: only this many of the first Front Ends count for staying up."""
_FAILS_AFTER: Final = 5.0
"""Seconds until a service that does not start is Stopped again, unless its world says otherwise."""


def stamp(moment: datetime) -> str:
    """Return a time in the form in which it is saved."""
    return moment.isoformat(timespec="microseconds")


# --- what is to be seen ----------------------------------------------------------------------------------------------


def status(holdings: Holdings, host: str, service: Service, now: datetime) -> str:
    """Return the status that the host shows.

    A service is StartPending during its start time and until its needs run.
    """
    if service.status != "Running":
        return service.status
    ready = _ready_at(holdings, host, service)
    is_waiting = any(status(holdings, host, one, now) == "StartPending" for one in needed_by(holdings, host, service))
    return "StartPending" if is_waiting or (ready is not None and now < ready) else "Running"


def needed_by(holdings: Holdings, host: str, service: Service) -> list[Service]:
    """Return the services that this one depends on."""
    return [other for other in holdings.services[host].values() if service.name in other.dependents]


def _ready_at(holdings: Holdings, host: str, service: Service) -> datetime | None:
    if not service.started:
        return None
    return datetime.fromisoformat(service.started) + timedelta(seconds=seconds_to_start(holdings, host, service))


def seconds_to_start(holdings: Holdings, host: str, service: Service) -> float:
    """Return how long a service stays in Start Pending: its own time, or for a Front End its pool's."""
    pool = _pool_of_front_end(holdings, host, service)
    own = holdings.manner(host, service.name).start_time
    return own if own is not None else pool.start_time if pool else 0.0


def seconds_to_drain(holdings: Holdings, host: str, service: Service) -> float:
    """Return how long a graceful stop waits for calls."""
    pool = _pool_of_front_end(holdings, host, service)
    own = holdings.manner(host, service.name).drains
    return own if own is not None else pool.calls_last if pool else 0.0


def _pool_of_front_end(holdings: Holdings, host: str, service: Service) -> Pool | None:
    return holdings.pool_of(host) if service.name == FRONT_END else None


def settle(holdings: Holdings, now: datetime) -> bool:
    """Stop the services whose drain or failed start has ended by ``now``. Return True if there were any."""
    over = [
        (datetime.fromisoformat(service.ends), host, service)
        for host, services in holdings.services.items()
        for service in services.values()
        if service.ends is not None and datetime.fromisoformat(service.ends) <= now
    ]
    for moment, host, service in sorted(over, key=lambda each: (each[0], each[1], each[2].name)):
        halt(holdings, host, service, moment)
    return bool(over)


# --- stopping --------------------------------------------------------------------------------------------------------


def running_dependents(holdings: Holdings, host: str, service: Service) -> list[Service]:
    """Return the services that stop with this one."""
    services = holdings.services[host]
    return [s for name in service.dependents if (s := services[name.casefold()]).status != "Stopped"]


def stop(call: Call, host: str, service: Service, *, graceful: bool = False) -> float:
    """Stop a service, at once or when its calls have ended; return how many seconds that takes."""
    seconds = seconds_to_drain(call.holdings, host, service) if graceful else 0.0
    if service.status == "Running" and seconds > 0:
        service.status, service.ends = "Paused", stamp(call.now + timedelta(seconds=seconds))
        return seconds
    if service.status == "Paused" and graceful and service.ends is not None:
        return (datetime.fromisoformat(service.ends) - call.now).total_seconds()
    halt(call.holdings, host, service, call.now)
    return 0.0


def halt(holdings: Holdings, host: str, service: Service, now: datetime) -> None:
    """Stop the service and its dependents; a pool that has too few Front Ends left then stops as well."""
    for dependent in running_dependents(holdings, host, service):
        _end(dependent)
    _end(service)
    if pool := _pool_of_front_end(holdings, host, service):
        keep_quorum(holdings, pool, now)


def keep_quorum(holdings: Holdings, pool: Pool, now: datetime) -> None:
    """Stop everything on the remaining Front Ends of a pool that lost too many."""
    if not _has_quorum_rule(holdings, pool):
        return
    size = len(pool.computers)
    counted = pool.computers[: _COUNTED.get(size, size)]
    up = [c for c in counted if status(holdings, c.fqdn, _front_end(holdings, c.fqdn), now) in UP]
    if len(up) < _TO_STAY.get(size, size // 2 + 1) and not _is_starting(holdings, pool, now):
        for computer in pool.computers:
            if _front_end(holdings, computer.fqdn).status != "Stopped":
                for other in holdings.services[computer.fqdn].values():
                    _end(other)


def upgrade_state(holdings: Holdings, pool: Pool, now: datetime) -> tuple[str, int]:
    """Return whether a Front End of a pool may stop for an upgrade, and how many are active.

    Busy: one starts or ends its calls, or so recently started that the pool still makes copies for it.
    """
    states = {c.fqdn: status(holdings, c.fqdn, _front_end(holdings, c.fqdn), now) for c in pool.computers}
    size, active = len(states), sum(state == "Running" for state in states.values())
    if "StartPending" in states.values() or "Paused" in states.values():
        return "Busy", active
    counted = pool.computers[: _COUNTED.get(size, size)]
    up = sum(states[computer.fqdn] == "Running" for computer in counted)
    is_enough = up > _TO_STAY.get(size, size // 2 + 1) or size < 3
    if not is_enough:
        return "InsufficientActiveFrontEnds", active
    is_copying = any(_is_copying(holdings, computer.fqdn, pool.copies, now) for computer in pool.computers)
    return ("Busy" if is_copying else "Ready"), active


def _is_copying(holdings: Holdings, host: str, seconds: float, now: datetime) -> bool:
    started = _front_end(holdings, host).started
    return started is not None and now - datetime.fromisoformat(started) < timedelta(seconds=seconds)


def _is_starting(holdings: Holdings, pool: Pool, now: datetime) -> bool:
    """True while no Front End of the pool is up and one of them starts: a pool that is down loses no quorum."""
    states = [status(holdings, c.fqdn, _front_end(holdings, c.fqdn), now) for c in pool.computers]
    return "StartPending" in states and not any(state in UP for state in states)


def _end(service: Service) -> None:
    service.status, service.started, service.ends = "Stopped", None, None


# --- starting --------------------------------------------------------------------------------------------------------


def start(call: Call, host: str, service: Service) -> float:
    """Start a stopped service and the services that it needs; return its seconds in Start Pending.

    A Front End waits for its pool without a time limit. A service that cannot start ends after its start time.
    """
    if service.status != "Stopped":
        return 0.0
    if call.holdings.start_mode(host, service) == "Disabled":
        raise call.error("InvalidOperationException", "service-disabled", service.name, name=service.name)
    seconds = max((start(call, host, needed) for needed in needed_by(call.holdings, host, service)), default=0.0)
    seconds = max(seconds, seconds_to_start(call.holdings, host, service))
    service.started = stamp(call.now)
    if not call.holdings.manner(host, service.name).starts:
        seconds = seconds or _FAILS_AFTER
        service.status, service.ends = "StartPending", stamp(call.now + timedelta(seconds=seconds))
        return seconds
    pool = _pool_of_front_end(call.holdings, host, service)
    if pool is None or not _has_quorum_rule(call.holdings, pool):
        service.status = "Running"
        learn(call, host, service)
        return seconds
    service.status = "StartPending"
    _start_pool(call, pool)
    if service.status == "StartPending":
        call.warnings.append(product_text("waiting-for-quorum", call.culture, name=service.name, host=host))
        return 0.0
    return seconds


def _start_pool(call: Call, pool: Pool) -> None:
    """Start the waiting Front Ends of a pool if enough of them are present."""
    states = {computer.fqdn: _front_end(call.holdings, computer.fqdn) for computer in pool.computers}
    size = len(states)
    coming = {host: one for host, one in states.items() if one.status == "StartPending" and one.ends is None}
    running = sum(one.status in UP for one in states.values())
    is_up = running > 0 and running >= _TO_STAY.get(size, size // 2 + 1)
    if is_up or running + len(coming) >= _TO_START.get(size, size):
        for host, service in coming.items():
            service.status = "Running"
            learn(call, host, service)


def _has_quorum_rule(holdings: Holdings, pool: Pool) -> bool:
    return pool.type == "enterprise" and holdings.world.lync_release(pool) != "l2010"


def _front_end(holdings: Holdings, host: str) -> Service:
    return holdings.services[host][FRONT_END.casefold()]


# --- what a service learns when it starts ----------------------------------------------------------------------------


def learn(call: Call, host: str, service: Service) -> None:
    """Let a starting service read the settings that it uses until its next start."""
    if service.name == FRONT_END:
        service.learned = _um_objects(replace(call, controller=call.holdings.catalog(host)))
    elif service.name in (UM, CALL_ROUTER):
        kind = "UMServer" if service.name == UM else "UMCallRouter"
        server = next((e for e in call.view.of(kind) if e.properties["Fqdn"] == host), None)
        service.learned = _um_settings(call.holdings, host, service, server) if server else None


def _um_settings(holdings: Holdings, host: str, service: Service, entry: Entry) -> list[str | None]:
    """Return the startup mode and the certificate that a UM service uses until its next start."""
    server = holdings.exchange_server(host)
    assert server is not None, "the settings of a UM service are those of an Exchange server"
    name = "UM" if service.name == UM else "UMCallRouter"
    return [str(entry.properties.get("UMStartupMode", "TCP")), assigned_to(holdings, server, name)]


def _um_objects(call: Call) -> list[list[str]]:
    """Return the pairs (gateway address, dial plan) that the global catalogue of a Front End shows."""
    pairs = set()
    for group in call.view.of("UMHuntGroup"):
        gateway = call.view.follow(group.properties.get("UMIPGateway"))
        plan = call.view.follow(group.properties.get("UMDialPlan"))
        if gateway is not None and plan is not None:
            pairs.add((str(gateway.properties.get("Address")).casefold(), plan.name))
    return [list(pair) for pair in sorted(pairs)]
