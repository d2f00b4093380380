"""What a simulated cmdlet stands on: the estate's holdings, and the one call it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from providers.simulator.answers import CmdletError
from providers.simulator.directory import Directory, Entry, View
from providers.simulator.texts import told
from providers.simulator.world import ExchangeServer, Host, Pool, World


@dataclass(slots=True)
class Service:
    """One Windows service. Times are true times; only what a host tells of them is by its own clock."""

    name: str
    display: str
    dependents: tuple[str, ...] = ()
    """Names of the services that stop with it."""
    status: str = "Running"
    """Running, Stopped, or StartPending while its pool lacks quorum."""
    started: str | None = None
    """When its process began: ISO 8601, UTC, microseconds."""
    learned: Any = None
    """What it read when it started and goes by until it starts again."""


@dataclass
class Holdings:
    """Everything the estate holds, found by host. Not thread-safe."""

    world: World
    directory: Directory
    services: dict[str, dict[str, Service]]
    """By host, then by folded name."""
    counters: dict[str, int] = field(default_factory=dict)
    scripts_running: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._exchange = {server.fqdn: server for server in self.world.exchange.servers}
        self._pools = {computer.fqdn: pool for pool in self.world.lync.pools for computer in pool.computers}
        self._hosts: dict[str, Host] = dict(self._exchange)
        self._hosts |= {c.fqdn: c for pool in self.world.lync.pools for c in pool.computers}

    @property
    def hosts(self) -> Mapping[str, Host]:
        return self._hosts

    def exchange_server(self, host: str) -> ExchangeServer | None:
        return self._exchange.get(host.lower())

    def server_named(self, name: str) -> ExchangeServer | None:
        """Return the Exchange server of that FQDN, name or distinguished name, whatever its case."""
        folded = name.casefold().partition("\\")[0]
        if folded.startswith("cn="):
            folded = folded[3:].partition(",")[0]
        return next((s for s in self._exchange.values() if folded in (s.fqdn, s.name.casefold())), None)

    def pool_of(self, host: str) -> Pool | None:
        return self._pools.get(host.lower())

    def culture(self, host: str) -> str:
        return self._hosts[host].language or self.world.language

    def release(self, host: str) -> str:
        """Return which version's cmdlets a host has: ``e2013``, ``l2013``, ..."""
        server = self.exchange_server(host)
        if server is not None:
            return server.release
        pool = self.pool_of(host)
        return self.world.lync_release(pool) if pool else "e2013"

    def skew(self, host: str) -> timedelta:
        return timedelta(seconds=self._hosts[host].clock_skew)

    def default_controller(self, host: str) -> str:
        """Return the domain controller a host asks when none is named: of its site if there is one, else the first."""
        server, pool = self.exchange_server(host), self.pool_of(host)
        site = server.site if server else pool.site if pool else ""
        usable = [dc for dc in self.world.domain_controllers if dc.available] or list(self.world.domain_controllers)
        return next((dc.fqdn for dc in usable if dc.site == site), usable[0].fqdn)

    def catalog(self, host: str) -> str:
        """Return the global catalogue a Front End reads: of its site if there is one, else the first."""
        pool = self.pool_of(host)
        catalogs = [dc for dc in self.world.domain_controllers if dc.global_catalog]
        return next((dc.fqdn for dc in catalogs if pool and dc.site == pool.site), catalogs[0].fqdn)

    def count(self, what: str) -> None:
        self.counters[what] = self.counters.get(what, 0) + 1

    # names in the directory

    @property
    def domain_dn(self) -> str:
        return ",".join(f"DC={part}" for part in self.world.forest.split("."))

    @property
    def organization_dn(self) -> str:
        name = self.world.exchange.organization
        return f"CN={name},CN=Microsoft Exchange,CN=Services,CN=Configuration,{self.domain_dn}"


@dataclass
class Call:
    """One call of one cmdlet on one host, bound, with the domain controller it reads and writes."""

    holdings: Holdings
    host: str
    cmdlet: str
    """In its proper spelling."""
    arguments: dict[str, Any]
    now: datetime
    user: str = "CONTOSO\\reconciler"
    properties: Sequence[str] = ()
    """Asked for; see ``shapes.shaped`` for none and ``*``."""
    delegated: bool = True
    """Whether the caller's credential reaches beyond the host."""
    warnings: list[str] = field(default_factory=list)
    output: str = ""
    controller: str | None = None
    """Pinned by the estate instead of by ``-DomainController``."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, in whatever case its parameter is written: releases spell some (PIN, Pin) in two ways."""
        if name in self.arguments:
            return self.arguments[name]
        folded = name.casefold()
        return next((value for key, value in self.arguments.items() if key.casefold() == folded), default)

    @cached_property
    def culture(self) -> str:
        return self.holdings.culture(self.host)

    @cached_property
    def release(self) -> str:
        return self.holdings.release(self.host)

    @cached_property
    def dc(self) -> str:
        name = self.controller or self.arguments.get("DomainController")
        if not name:
            return self.holdings.default_controller(self.host)
        folded = str(name).casefold()
        for controller in self.holdings.world.domain_controllers:
            if folded in (controller.fqdn, controller.fqdn.partition(".")[0]):
                if not controller.available:
                    raise self.error("ADTransientException", "dc-unavailable", str(name), dc=controller.fqdn)
                return controller.fqdn
        raise self.error("ADTransientException", "dc-unavailable", str(name), dc=name)

    @cached_property
    def view(self) -> View:
        return self.holdings.directory.view(self.dc, self.now)

    # changing

    def create(self, kind: str, name: str, dn: str, properties: dict[str, Any]) -> Entry:
        entry = self.holdings.directory.create(kind, name, dn, properties, dc=self.dc, now=self.now)
        self._forget_view()
        return entry

    def change(self, entry: Entry, properties: Mapping[str, Any]) -> None:
        try:
            self.holdings.directory.change(entry, properties, dc=self.dc, now=self.now)
        except KeyError:
            raise self.not_found(entry.name) from None
        if not self.view.is_newest:
            self._forget_view()

    def delete(self, entry: Entry) -> None:
        try:
            self.holdings.directory.delete(entry, dc=self.dc, now=self.now)
        except KeyError:
            raise self.not_found(entry.name) from None
        self._forget_view()

    def _forget_view(self) -> None:
        self.__dict__.pop("view", None)

    # errors

    def error(self, type: str, text: str, target: str = "", /, *, category: str = "", **values: object) -> CmdletError:
        """Return the error record as this host's product and version words it (DOMAIN 9)."""
        message = told(text, self.culture, **values)
        if self.release.startswith("e"):
            return CmdletError(type, self._exchange_error_id(type), category or self._category(), message, target)
        verb, _, noun = self.cmdlet.partition("-")
        error_id = f"{type},Microsoft.Rtc.Management.Xds.{verb}{noun}Cmdlet"
        return CmdletError(type, error_id, category or "InvalidOperation", message, target)

    def _category(self) -> str:
        return "NotSpecified" if self.release in ("e2013", "e2016") else "InvalidData"

    def _exchange_error_id(self, type: str) -> str:
        verb, _, noun = self.cmdlet.partition("-")
        number = format(hash_of(f"{self.cmdlet}{type}"), "08X")
        place = f"{number},Microsoft.Exchange.Management.Tasks.UM.{verb}{noun}"
        if self.release not in ("e2013", "e2016"):
            return place
        server = self.host.partition(".")[0].upper()
        stamp = self.now.strftime("%m/%d/%Y %H:%M:%S")
        request = self.holdings.directory.new_guid()
        return f"[Server={server},RequestId={request},TimeStamp={stamp}] [FailureCategory=Cmdlet-{type}] {place}"

    def not_found(self, name: object) -> CmdletError:
        return self.error("ManagementObjectNotFoundException", "not-found", str(name), name=name, dc=self.dc)


Handler = Callable[[Call], Iterable[dict[str, object]]]
"""A cmdlet: the records it returns; warnings and output go to the call."""


def hash_of(text: str) -> int:
    """Return a 32-bit number that is the same in every process."""
    number = 2166136261
    for byte in text.encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return number
