"""The simulated estate: every host of a world, their common directory, and saved changes.

All calls go through ``Estate.call``, one at a time. Calls are grouped in turns. A turn first reads the changes of other
processes and finally saves its own. With the same clock and world an estate is deterministic: ids are derived from the
name of the world.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from providers.cmdlets.reference import Cmdlet, cmdlet_of, parameters_of
from providers.simulator.answers import CmdletError as CmdletError
from providers.simulator.answers import Result as Result
from providers.simulator.cmdlets import exchucutil, windows_services
from providers.simulator.cmdlets.dispatch import run_cmdlet
from providers.simulator.cmdlets.lync_topology import product
from providers.simulator.cmdlets.service_control import settle
from providers.simulator.estate import founding
from providers.simulator.estate.instance import given_back
from providers.simulator.estate.keeping import Changes
from providers.simulator.estate.load import Load, OverBudget
from providers.simulator.estate.probe import is_missing, limits_of, probe_record
from providers.simulator.invocation.binding import bind, command_not_found, find
from providers.simulator.invocation.call import Call, deserialised, product_text
from providers.simulator.world.file import read_world
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import MODERN
from providers.simulator.world.schema import Fault, World

_SCRIPT: Final = "exchucutil.ps1"
_THROTTLING: Final = ("e2010", *MODERN)
"""The releases with throttling policies."""
_READING: Final = ("get-", "test-")
_POWERSHELL: Final[Mapping[str, str]] = {
    "e2007": "2.0",
    "e2010": "2.0",
    "e2013": "4.0",
    "e2016": "5.1",
    "e2019": "5.1",
    "l2010": "2.0",
    "l2013": "4.0",
    "s2015": "4.0",
    "s2019": "5.1",
}
_SYSTEMS: Final[Mapping[str, str]] = {
    "1.0": "Windows Server 2003 R2",
    "2.0": "Windows Server 2008 R2",
    "3.0": "Windows Server 2012",
    "4.0": "Windows Server 2012 R2",
    "5.1": "Windows Server 2016",
}


def _now() -> datetime:
    return datetime.now(UTC)


class Estate:
    """A world with the changes since its beginning. Thread-safe."""

    def __init__(
        self,
        world: World,
        changes: Path | None = None,
        clock: Callable[[], datetime] | None = None,
        digest: str = "",
    ) -> None:
        """Build the estate of ``world``; ``digest`` identifies the version of the world file."""
        self.world = world
        self.clock = clock or _now
        self.load = Load(world.costs) if world.costs is not None else None
        """How busy the hosts are; None where calls cost nothing."""
        self._changes = Changes(changes, world, digest) if changes is not None else None
        self._lock = threading.RLock()
        self._is_inside = False
        self._is_dirty = False
        self._log: list[dict[str, Any]] = []
        """If changes are saved: only the lines of this turn."""
        self._holdings: Holdings | None = None

    @classmethod
    def open(cls, world: Path, changes: Path | None = None, clock: Callable[[], datetime] | None = None) -> Estate:
        """Return the estate of the world file ``world`` with the changes saved in ``changes``.

        Raises:
            ConfigurationError: the world file is wrong.
        """
        described = read_world(world)
        digest = hashlib.sha256(world.read_bytes()).hexdigest()[:16]
        estate = cls(described, changes, clock, digest)
        with estate.turn():
            pass
        return estate

    # who is there

    def hosts(self) -> tuple[str, ...]:
        """Return the FQDN of every Windows host, Exchange servers first, in lower case."""
        return self.world.servers()

    @property
    def enforces_second_hop(self) -> bool:
        """True where exchucutil fails unless the connection delegates its credential."""
        return self.world.enforce_second_hop

    def entry_host(self) -> str:
        return self.world.exchange.servers[0].fqdn

    def about(self, host: str) -> dict[str, object]:
        """Return the facts that a host reports when a runner starts there."""
        holdings, host = self.holdings, host.lower()
        server = holdings.exchange_server(host)
        release = holdings.release(host)
        shell = holdings.hosts[host].powershell or _POWERSHELL[release]
        return {
            "host": host,
            "product": server.display_version if server else product(release),
            "culture": holdings.culture(host),
            "ps": shell,
            "os": _SYSTEMS.get(shell, "Windows Server 2016"),
            "is_exchange": server is not None,
            "is_lync": server is None,
            "language_mode": holdings.hosts[host].language_mode,
            "shells": holdings.hosts[host].shells,
            "quotas": limits_of(holdings.hosts[host], shell),
            "endpoint_sessions": self.load.limits(host).shells if self.load else None,
        }

    def release(self, host: str) -> str:
        """Return which version's cmdlets a host has: ``e2013``, ``l2013``, ..."""
        return self.holdings.release(host)

    def services(self, host: str) -> tuple[str, ...]:
        """Return the names of the Windows services of a host."""
        return tuple(service.name for service in self.holdings.services[host].values())

    @property
    def faults(self) -> tuple[Mapping[str, Any], ...]:
        """The faults of the world that are not about cmdlets: those of the server that stands before the estate."""
        return tuple(fault for fault in self.world.faults if not isinstance(fault, Fault))

    def parameters_of(self, cmdlet: str) -> frozenset[str]:
        """Return the parameters a cmdlet has, for those that are added to every call that has them."""
        return parameters_of(cmdlet)

    def host_for(self, cmdlet: str) -> str:
        """Return the first host that has ``cmdlet``, or the entry host."""
        holdings = self.holdings
        return next((h for h in self.hosts() if cmdlet_of(cmdlet, holdings.release(h))), self.entry_host())

    def with_positions(
        self, host: str, cmdlet: str, named: Mapping[str, Any], positional: Sequence[Any]
    ) -> dict[str, Any]:
        """Return arguments all by name: those given by position are named as PowerShell would on ``host``."""
        found = cmdlet_of(cmdlet, self.holdings.release(host)) if positional else None
        if found is None:
            return dict(named)
        bound = bind(found, named, culture=self.holdings.culture(host), positional=positional)
        known = {p.name for name in named if (p := find(found, name, "en-US")) is not None}
        return {**named, **{name: value for name, value in bound.items() if name not in known}}

    # calling

    def call(
        self,
        host: str,
        operation: str,
        cmdlet: str,
        parameters: Mapping[str, object],
        properties: Sequence[str],
        user: str = "CONTOSO\\reconciler",
        *,
        delegated: bool = True,
        live: bool = False,
        late_seconds: float = 0.0,
    ) -> Result:
        """Run one operation (``invoke``, ``script``, ``service`` or ``probe``) on a host.

        ``delegated`` is False where the caller's credential does not reach beyond the host; it matters to exchucutil
        and to the probe, in a world that enforces the second hop. ``live`` leaves the records as they are on the host
        itself, also in a world that answers as if they had come out of Exchange's endpoint. The call takes effect at
        once; the caller waits until its ``seconds`` have passed, outside of any turn. ``late_seconds``: how long ago
        the call would have begun if the simulator itself needed no time.

        Raises:
            CmdletError: what the cmdlet, or the binding of its parameters, ended with.
            KeyError: there is no such host.
        """
        host = host.lower()
        with self.turn():
            holdings, now = self.holdings, self.clock()
            self._is_dirty |= settle(holdings, now)
            entry = {
                "host": host,
                "operation": operation,
                "cmdlet": cmdlet,
                "parameters": {name: _shown(name, value) for name, value in parameters.items()},
                "user": user,
                "at": now.isoformat(),
                "error": None,
            }
            if operation == "probe":
                self._log.append(entry)
                shell = str(self.about(host)["ps"])
                record = probe_record(holdings, host, parameters, now, powershell=shell, user=user, delegated=delegated)
                return Result((record,))
            if operation == "service":
                self._log.append(entry)
                call = Call(holdings, host, cmdlet, dict(parameters), now, late_seconds=late_seconds)
                found = tuple(windows_services.service_records(holdings, host, _service_names(parameters), now))
                return Result(found, seconds=self._works(call, len(found)))
            call = self._bound(holdings, host, operation, cmdlet, parameters, now)
            call.user, call.delegated, call.properties = user, delegated, tuple(properties)
            call.late_seconds = late_seconds
            return self._executed(call, operation, {**entry, "cmdlet": call.cmdlet}, live)

    def _bound(
        self, holdings: Holdings, host: str, operation: str, name: str, parameters: Mapping[str, object], now: datetime
    ) -> Call:
        culture = holdings.culture(host)
        if operation == "script":
            server = holdings.exchange_server(host)
            if name.lower() != _SCRIPT or server is None or not (server.has_script and server.release != "e2019"):
                raise command_not_found(name, culture)
            arguments = {str(key).capitalize(): value for key, value in parameters.items()}
            return Call(holdings, host, _SCRIPT, arguments, now)
        release = holdings.release(host)
        cmdlet: Cmdlet | None = cmdlet_of(name, release)
        if cmdlet is None or is_missing(holdings.hosts[host], cmdlet.name):
            raise command_not_found(name, culture)
        given = given_back(cmdlet, parameters, Call(holdings, host, cmdlet.name, {}, now))
        arguments = bind(cmdlet, given, culture=culture, differences=cmdlet.product != "exchange" or release in MODERN)
        return Call(holdings, host, cmdlet.name, arguments, now)

    def _executed(self, call: Call, operation: str, entry: dict[str, Any], live: bool) -> Result:
        self._is_dirty |= not call.cmdlet.lower().startswith(_READING)
        try:
            self._spend(call, operation)
            result = self._run(call, operation, live)
        except CmdletError as error:
            if error.executed:
                self._log.append({**entry, "error": error.type})
            raise
        self._log.append(entry)
        return result

    def _spend(self, call: Call, operation: str) -> None:
        """Count the call on the budget of its account. Raises CmdletError where Exchange refuses it."""
        if self.load is None or operation != "invoke" or call.release not in _THROTTLING:
            return
        try:
            call.delayed_seconds = self.load.delay(call.host, call.user, call.now.timestamp())
        except OverBudget as over:
            raise _over_budget(call, over.budget.cmdlets, over.budget.period, over.seconds) from None
        if call.delayed_seconds:
            text = product_text("micro-delay", call.culture, wait=_milliseconds(call.delayed_seconds))
            call.warnings.append(text)

    def _works(self, call: Call, objects: int) -> float:
        """Return how long the caller waits for the end of a call that returns so many objects.

        Less than 0 where the call has already ended: the simulator came to it late.
        """
        if self.load is None:
            return call.seconds
        seconds = call.seconds + self.load.seconds(call.host, call.cmdlet, call.arguments, objects)
        now = call.now.timestamp()
        ends = self.load.queue(call.host).place(now - call.late_seconds + call.delayed_seconds, seconds)
        return ends - now

    def _run(self, call: Call, operation: str, live: bool) -> Result:
        try:
            records = self._records(call, operation, live)
        except CmdletError as error:
            error.seconds = self._works(call, 0)
            raise
        return Result(records, tuple(call.warnings), call.output, self._works(call, len(records)))

    def _records(self, call: Call, operation: str, live: bool) -> tuple[dict[str, object], ...]:
        fault = self._fault(call)
        if fault is not None and fault.when == "before":
            raise _fault_error(call, fault)
        records: tuple[dict[str, object], ...] = ()
        if operation == "script":
            exchucutil.run(call)
        elif call.get("WhatIf"):
            call.output = product_text(
                "what-if", call.culture, name=call.cmdlet, target=call.get("Identity") or call.get("Name")
            )
        else:
            records = tuple(run_cmdlet(call))
            if self.world.deserialised and not live and call.release.startswith("e"):
                records = tuple(deserialised(record, call.cmdlet, call.release) for record in records)
        if fault is not None:
            raise _fault_error(call, fault)
        return records

    def _fault(self, call: Call) -> Fault | None:
        for place, fault in enumerate(self.world.faults):
            if not isinstance(fault, Fault) or fault.cmdlet.casefold() != call.cmdlet.casefold():
                continue
            if fault.host is not None and fault.host != call.host:
                continue
            call.holdings.count(f"fault:{place}")
            self._is_dirty = True
            if fault.nth <= call.holdings.counters[f"fault:{place}"] < fault.nth + fault.times:
                return fault
        return None

    # what became of it

    def count(self, what: str) -> int:
        """Return how often something happened that leaves no object: ``welcome_mails``, ``pin_mails``."""
        with self._lock:
            return self.holdings.counters.get(what, 0)

    def log(self) -> Sequence[dict[str, Any]]:
        """Return every executed call, oldest first."""
        with self._lock:
            return (*self._changes.log(), *self._log) if self._changes is not None else tuple(self._log)

    # turns

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold this estate alone: changes of other processes are read first, ours are kept last."""
        with self._lock:
            if self._is_inside:
                yield
                return
            with self._changes.locked() if self._changes is not None else contextlib.nullcontext():
                self._holdings = self._read()
                self._is_inside = True
                try:
                    yield
                finally:
                    self._is_inside = False
                    self._write(self._holdings)

    def _read(self) -> Holdings:
        if self._changes is not None:
            return self._changes.read(self._holdings)
        return self._holdings or founding.found(self.world, self.world.world)

    def _write(self, holdings: Holdings) -> None:
        if self._changes is not None:
            self._changes.write(holdings, self._log, changed=self._is_dirty)
            self._log = []
        self._is_dirty = False

    @property
    def holdings(self) -> Holdings:
        """What there is by now; changed only within a turn."""
        if self._holdings is None:
            with self.turn():
                pass
        assert self._holdings is not None, "a turn begins by reading what there is"
        return self._holdings


def _service_names(parameters: Mapping[str, object]) -> list[str]:
    name = next((value for key, value in parameters.items() if key.casefold() == "name"), ())
    return [str(item) for item in name] if isinstance(name, list | tuple) else [str(name)]


def _over_budget(call: Call, requests: int, period: float, wait: float) -> CmdletError:
    return call.error(
        "OverBudgetException", "throttled", requests=requests, period=f"{period:g}", wait=_milliseconds(wait)
    )


def _milliseconds(seconds: float) -> int:
    return math.ceil(1000 * seconds)


def _shown(name: str, value: object) -> object:
    """Return an argument as the log keeps it: no PIN, nothing that came as a SecureString."""
    if name.casefold() == "pin" or (isinstance(value, Mapping) and "$secure" in value):
        return "***"
    return list(value) if isinstance(value, tuple) else value


def _fault_error(call: Call, fault: Fault) -> CmdletError:
    match fault.error:
        case "throttled":
            return _over_budget(call, 1000, 2.0, 2.0)
        case "access-denied":
            return call.error("ADOperationException", "access-denied", dc=call.dc)
        case "not-found":
            return call.not_found(call.get("Identity") or call.get("Name") or "")
        case "transient":
            return call.error("ADTransientException", "dc-unavailable", dc=call.dc)
