"""The conditions of a pool before one of its Front Ends stops, and before stopped Front Ends can start.

One Front End of a pool stops at a time, and only while enough others run. Stopped Front Ends start first and together:
a pool that lost its quorum comes up only when enough of them start at the same time. After each restart the pool has
time to settle. This time counts from the observed start time, so the next run respects it too.

From Lync Server 2013 on, a pool stops its services itself when fewer than a quorum of its Front Ends run. In larger
pools only the first Front Ends in the order of the topology count.

Sources: Topologies and components for Front End Servers (Gg412996); DOMAIN 5.2; RELIABILITY D4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from providers.estate.front_end_services import LONGEST_START, SERVICE, starting, starts, state_of, stops
from providers.estate.restart_windows import OUTSIDE, WINDOWS
from providers.estate.services import ServiceState, ago, answered_state
from providers.estate.topology import UcPool
from providers.estate.upgrade_readiness import READINESS
from providers.schema.windows_services import ServiceRestart
from reconciler.model.actions import Action
from reconciler.model.commands import Operation
from reconciler.model.diagnostics import Diagnostic, listed
from reconciler.model.landscape import Landscape
from reconciler.model.options import DURATION_SCHEMA, Key, Option, Section, parse_duration
from reconciler.model.resource_types import Answer, Rule, UnderWay
from reconciler.model.resources import Address


def _interrupt(text: str) -> bool:
    if text not in ("refuse", "allow"):
        raise ValueError("is not refuse or allow")
    return text == "allow"


def _drain(text: str) -> bool:
    if text not in ("graceful", "immediate"):
        raise ValueError("is not graceful or immediate")
    return text == "graceful"


SETTLE: Final = Option(
    "restarts.settle",
    Key(
        parse_duration,
        DURATION_SCHEMA,
        "How long a pool must be ready before its next Front End restarts: 0s, 90s, 20m, 1h. Default: 20m.",
    ),
    20 * 60,
    lambda seconds: f"{seconds}s",
)
INTERRUPT: Final = Option(
    "restarts.interrupt",
    Key(
        _interrupt,
        {"enum": ["refuse", "allow"]},
        "Whether the only running Front End of a pool may restart. Default: refuse.",
    ),
    False,
    lambda is_allowed: "allow" if is_allowed else "refuse",
)
DRAIN: Final = Option(
    "restarts.drain",
    Key(
        _drain,
        {"enum": ["graceful", "immediate"]},
        "Whether a Front End ends its calls before it stops (graceful), or drops them (immediate). Default: graceful.",
    ),
    True,
    lambda is_graceful: "graceful" if is_graceful else "immediate",
)
RESTARTS: Final = Section(
    "restarts", "When and how Front Ends may be restarted.", (SETTLE, INTERRUPT, DRAIN, WINDOWS, OUTSIDE, READINESS)
)

_TO_START = {1: 1, 2: 1, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 8: 6, 9: 7, 10: 8, 11: 9, 12: 10}
_TO_STAY_UP = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5}
_COUNTED = {8: 7, 9: 7, 10: 9, 11: 9, 12: 9}


def needed_to_stay_up(size: int) -> int:
    """Return how many Front Ends must run in a pool of ``size``; more than half for sizes not published."""
    return _TO_STAY_UP.get(size, size // 2 + 1)


def needed_to_start(size: int) -> int:
    """Return how many Front Ends must start in a pool of ``size`` that is down; 85 % for sizes not published."""
    return _TO_START.get(size, -(-size * 85 // 100))


def counted(members: Sequence[str]) -> tuple[str, ...]:
    """Return the Front Ends that count for the quorum; ``members`` has the order of the topology."""
    return tuple(members[: _COUNTED.get(len(members), len(members))])


def keeps_quorum(members: Sequence[str], running: Collection[str]) -> bool:
    """True where the pool stays up with only ``running`` of its ``members``."""
    return sum(member in running for member in counted(members)) >= needed_to_stay_up(len(members))


_SOURCE = "Topologies and components for Front End Servers (Gg412996); DOMAIN 5.2"
INTERRUPTS = Rule(
    "UM030",
    "Restart would interrupt a pool",
    "The Front End to restart is the only one of its pool that runs, so its users are cut off during the restart. "
    "Until the restart, the pool does not use the changes in UM.",
    "Restart it in a maintenance window, and allow that:\n  restarts: {interrupt: allow}",
    _SOURCE,
    leaves_out=True,
    is_guard=True,
)
LOSES_QUORUM = Rule(
    "UM031",
    "Restart would stop a pool",
    "Without this Front End, fewer run than the pool needs to stay up, and the others would stop their services. Or "
    "the pool is down, and fewer would start than it needs.",
    "Start the Front Ends that are stopped first:\n  Start-CsWindowsService",
    _SOURCE,
    leaves_out=True,
    is_guard=True,
)
RULES = (INTERRUPTS, LOSES_QUORUM)


# --- while planning --------------------------------------------------------------------------------------------------


def check_pool(action: Action, pool: UcPool, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the errors that the pool of a Front End causes, as far as planning can find them."""
    if stops(action):
        return _check_stop(action, pool, landscape)
    return _check_start(action, pool, landscape) if starts(action) else ()


def _check_stop(action: Action, pool: UcPool, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return an error if stopping one Front End would stop its pool."""
    host = action.address.key
    left = frozenset(member for member in pool.front_ends if _is_carrying(member, landscape)) - {host}
    if not left:
        if landscape.settings.option(INTERRUPT):
            return ()
        detail = f"{host} is the only Front End of {pool.fqdn} that runs."
        return (INTERRUPTS.found(action.address, detail),)
    if pool.has_quorum and not keeps_quorum(pool.front_ends, left):
        needed = needed_to_stay_up(len(pool.front_ends))
        absent = _absent(sorted(set(pool.front_ends) - left - {host}), landscape)
        detail = f"{pool.fqdn} needs {needed} Front Ends to stay up, and without {host} it has {len(left)}: {absent}."
        return (LOSES_QUORUM.found(action.address, detail, _start_remedy(pool, left | {host}, landscape)),)
    return ()


def _check_start(action: Action, pool: UcPool, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return an error if the pool is down and a Front End would wait for others that nobody starts."""
    states = [state_of(member, landscape) for member in pool.front_ends]
    is_known = all(state is not None for state in states)
    up = sum(state is not None and state.is_running for state in states)
    there = [member for member in pool.front_ends if _is_carrying(member, landscape)]
    needed = needed_to_start(len(pool.front_ends))
    is_down = not up or up < needed_to_stay_up(len(pool.front_ends))
    if not (pool.has_quorum and is_known and is_down and len(there) < needed):
        return ()
    absent = _absent([member for member in pool.front_ends if member not in there], landscape)
    detail = f"{pool.fqdn} is down and needs {needed} Front Ends to start. Only {len(there)} would start: {absent}."
    return (LOSES_QUORUM.found(action.address, detail, _start_remedy(pool, there, landscape)),)


def _is_carrying(host: str, landscape: Landscape) -> bool:
    """True for a Front End that runs, is starting, or is started by this plan before another one stops."""
    state = state_of(host, landscape)
    action = landscape.actions.get(Address(ServiceRestart.name, host))
    return (state is not None and state.is_up) or (action is not None and starts(action) and not stops(action))


def _absent(hosts: Sequence[str], landscape: Landscape) -> str:
    found = [
        f"{host} is {state.status}" if (state := state_of(host, landscape)) else f"{host} was not read"
        for host in hosts
    ]
    return listed(found) or "the other Front Ends do not count for its quorum"


def _start_remedy(pool: UcPool, there: Collection[str], landscape: Landscape) -> str:
    """Return the commands that start stopped Front Ends; those that were not read must be made reachable first."""
    absent = [host for host in pool.front_ends if host not in there]
    stopped = [host for host in absent if state_of(host, landscape) is not None]
    unread = [host for host in absent if state_of(host, landscape) is None]
    lines = [f"  {starting(SERVICE, host)}" for host in stopped]
    first = "Start the Front Ends that are stopped first:" if stopped else ""
    reach = f"Make {listed(unread)} reachable, and plan again." if unread else ""
    return "\n".join([line for line in (reach, first, *lines) if line])


def lack(pool: UcPool, landscape: Landscape) -> str | None:
    """Return the reason why a pool that is down cannot start; None if it can start."""
    states = [state for member in pool.front_ends if (state := state_of(member, landscape)) is not None]
    size, there = len(pool.front_ends), sum(state.is_up for state in states)
    is_up = sum(state.is_running for state in states) >= needed_to_stay_up(size)
    if not pool.has_quorum or is_up or len(states) < size or there >= needed_to_start(size):
        return None
    return f"{pool.fqdn} needs {needed_to_start(size)} Front Ends to start, and only {there} are running or starting"


# --- right before it is sent -----------------------------------------------------------------------------------------


def fresh_states(pool: UcPool | None, answers: Sequence[Answer]) -> Mapping[str, ServiceState | None]:
    """Return RTCSRV of each Front End of a pool from fresh answers."""
    return {
        command.endpoint.host: answered_state(reply, SERVICE)
        for command, reply in answers
        if command.operation is Operation.SERVICE and pool is not None and command.endpoint.host in pool.front_ends
    }


def is_short(
    action: Action, pool: UcPool, states: Mapping[str, ServiceState | None], landscape: Landscape
) -> str | UnderWay | None:
    """Return the reason why this Front End must not stop now: all others that should run must run."""
    host = action.address.key
    others = {member: state for member, state in states.items() if member != host and state is not None}
    for member, state in sorted(others.items()):
        if state.is_starting or state.status == "StopPending":
            doing = "starting" if state.is_starting else "stopping"
            return UnderWay(f"{SERVICE} on {member} is {doing} for {ago(state.age)}", LONGEST_START)
    left = frozenset(member for member, state in others.items() if state.is_running)
    if not left and not landscape.settings.option(INTERRUPT):
        return f"{host} is the only Front End of {pool.fqdn} that runs"
    if left and pool.has_quorum and not keeps_quorum(pool.front_ends, left):
        needed = needed_to_stay_up(len(pool.front_ends))
        return f"{pool.fqdn} needs {needed} Front Ends; without {host} it has {len(left)}"
    return _unsettled(action, {member: others[member] for member in left})


def _unsettled(action: Action, running: Mapping[str, ServiceState]) -> UnderWay | None:
    """Return the Front End that started so late that its pool has not settled."""
    young = {
        member: state
        for member, state in running.items()
        if state.start_time is not None and state.age.total_seconds() < action.settle_seconds
    }
    if not young:
        return None
    member = min(young, key=lambda one: young[one].age)
    found = f"{member} runs for {ago(young[member].age)}; its pool settles for {_span(action.settle_seconds)}"
    return UnderWay(found, action.settle_seconds + LONGEST_START)


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"
