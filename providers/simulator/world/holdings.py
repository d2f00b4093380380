"""Everything in the simulated estate, by host: the world, the directory under it, and Windows services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from providers.simulator.world.directory import Directory
from providers.simulator.world.hosts import ExchangeServer, Host, Manner
from providers.simulator.world.schema import Pool, World


@dataclass(slots=True)
class Service:
    """One Windows service. Its times are true times; a host converts them to its own clock when it reports them."""

    name: str
    display: str
    dependents: tuple[str, ...] = ()
    """Names of the services that stop with it."""
    status: str = "Running"
    """Running, Stopped, Paused until its calls end, or StartPending: its pool lacks quorum, or its start will fail."""
    started: str | None = None
    """When its process began: ISO 8601, UTC, microseconds."""
    learned: Any = None
    """The settings that it read when it started, and uses until its next start."""
    ends: str | None = None
    """When it will become Stopped, because its calls end or its start fails."""
    start_mode: str | None = None
    """The mode that Set-Service set; None: the mode of the world file."""


@dataclass
class Holdings:
    """Everything in the estate, by host. Not thread-safe."""

    world: World
    directory: Directory
    services: dict[str, dict[str, Service]]
    """By host, then by folded name."""
    counters: dict[str, int] = field(default_factory=dict)
    media: dict[str, str | None] = field(default_factory=dict)
    """Encryption levels by scope that differ from the world file; None: the scope was removed."""
    assigned: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By Exchange server whose assignments changed: the services of each certificate, by thumbprint."""

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
        """Return the Exchange server with this FQDN, name or distinguished name, ignoring case."""
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

    def encryption_levels(self) -> dict[str, str]:
        """Return the level of media encryption of each scope that has one."""
        levels = {**self.world.lync.media, **self.media}
        return {scope: level for scope, level in levels.items() if level is not None}

    def manner(self, host: str, service: str) -> Manner:
        """Return how a service of a host behaves."""
        return self._hosts[host.lower()].manner(service)

    def start_mode(self, host: str, service: Service) -> str:
        """Return whether Windows starts a service of a host: Auto, Manual or Disabled."""
        return service.start_mode or self.manner(host, service.name).start_mode

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
