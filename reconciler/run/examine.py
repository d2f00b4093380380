"""Examines the servers of an environment: the entry points first, then the hosts discovered through them.

It takes no lock, saves no state and only reads: a probe of each host, the listings of the other hosts, and one read
through the replica of the directory that a plan would use. ``doctor`` judges the facts. An error is a finding and does
not end the examination.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from reconciler.doctor.clocks import clocks_finding
from reconciler.doctor.needs import NOTHING, Needs, needs_of, undeclared
from reconciler.doctor.report import HostReport, Report, host_report
from reconciler.doctor.rules import hosts_finding, replica_finding
from reconciler.model.abilities import Examining, Pinning, pinning_of
from reconciler.model.commands import Endpoint
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, SessionError, did_you_mean
from reconciler.model.events import Observed, Observing
from reconciler.model.findings import Check, Examined, Finding, skipped
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Clock, Emit, Examiner, Random, Scheduler
from reconciler.model.provider import Product
from reconciler.model.resource_types import Fact, ResourceType, providers_of
from reconciler.run.observe import Reader
from reconciler.run.retry import Policy, Retry

_ONCE: Final = Policy(attempts=1, first_attempts=1)
"""doctor reports an error at once, without retries."""


@dataclass(frozen=True, slots=True)
class Examination:
    """An examination of one environment."""

    types: Sequence[ResourceType]
    landscape: Landscape
    """Settings, declarations and the saved state."""
    connections: Sequence[str]
    examiner: Examiner
    clock: Clock
    random: Random
    emit: Emit
    scheduler: Scheduler

    def run(self, only: Collection[str] = (), known: Sequence[Finding] = ()) -> Report:
        """Return the report.

        Args:
            only: examine only these of the discovered hosts.
            known: earlier findings about the environment.

        Raises:
            ConfigurationError: a host in ``only`` does not belong to the estate.
        """
        entries = self._examined([Endpoint(connection) for connection in self.connections])
        landscape = self._discovered({seen.endpoint.connection for seen in entries if seen.is_open})
        needs = needs_of(self.types, landscape)
        behind = _behind(needs, entries)
        others = self._examined(_chosen(only, behind, entries, self._blind(entries, landscape)))
        facts = [kind for kind in self.types if isinstance(kind, Fact)]
        products = {host.casefold(): one for kind in facts for host, one in kind.products(landscape).items()}
        reports = [
            *(self._report(seen, needs, products, self._about_entry(seen, landscape, behind)) for seen in entries),
            *(self._report(seen, needs, products) for seen in others),
        ]
        findings = [*known, *undeclared(needs, self.connections)]
        if clocks := clocks_finding([*entries, *others]):
            findings.append(clocks)
        return Report(self.landscape.settings.environment, tuple(findings), tuple(reports))

    def _report(
        self,
        seen: Examined,
        needs: Mapping[Endpoint, Needs],
        products: Mapping[str, Product],
        about_entry: tuple[Finding, ...] | None = None,
    ) -> HostReport:
        return host_report(
            seen,
            _needs_at(seen, needs),
            provider=providers_of(self.types)[seen.endpoint.connection],
            is_entry=about_entry is not None,
            settings=self.landscape.settings,
            product=products.get(seen.host.casefold()),
            more=about_entry or (),
        )

    # --- examining ---------------------------------------------------------------------------------------------------

    def _examined(self, endpoints: Sequence[Endpoint]) -> list[Examined]:
        """Return the facts about each host, in their order; hosts are examined in parallel."""
        seen: dict[str, Examined] = {}
        bugs: list[Exception] = []

        def job(endpoint: Endpoint) -> None:
            try:
                seen[_key(endpoint)] = self._examined_one(endpoint)
            except Exception as error:  # problems of a host are findings; this is a bug
                bugs.append(error)

        for endpoint in endpoints:
            self.scheduler.submit(_key(endpoint), partial(job, endpoint))
        ended = 0
        while ended < len(endpoints):
            ended += len(self.scheduler.wait())
        if bugs:
            raise bugs[0]
        return [seen[_key(endpoint)] for endpoint in endpoints]

    def _examined_one(self, endpoint: Endpoint) -> Examined:
        self.emit(Observing(str(endpoint), ("session",), 1))
        began = self.clock.monotonic()
        try:
            asks = any(isinstance(kind, Examining) and kind.examined_at == endpoint for kind in self.types)
            return self.examiner.examine(endpoint, directory=asks)
        finally:
            self.emit(Observed(str(endpoint), 0, 1, self.clock.monotonic() - began))

    # --- reading -----------------------------------------------------------------------------------------------------

    def _discovered(self, connections: Collection[str]) -> Landscape:
        """Return the landscape with the facts that list the other hosts."""
        kinds = [kind for kind in self._facts() if _connection(kind) in connections]
        return self._reader.observe(self.landscape, {kind.name: None for kind in kinds})

    def _facts(self) -> list[Fact]:
        """Return the types that list the hosts for other types, and the replicas of the directory."""
        wanted = {pinning_of(self.types).name, *(name for kind in self.types for name in kind.reads_after)}
        return [kind for kind in self.types if kind.name in wanted and isinstance(kind, Fact)]

    @property
    def _reader(self) -> Reader:
        retry = Retry(self.clock, self.random, _ONCE)
        return Reader(self.types, self.examiner.sessions, retry, self.clock, self.random, self.emit, self.scheduler)

    def _unread(self, connection: str, landscape: Landscape) -> list[Diagnostic]:
        names = {kind.name for kind in self._facts() if _connection(kind) == connection}
        return [why for address, why in landscape.unreadable.items() if address.type in names]

    def _blind(self, entries: Sequence[Examined], landscape: Landscape) -> list[str]:
        """Return the connections whose other hosts could not be discovered."""
        return [
            seen.endpoint.connection
            for seen in entries
            if not seen.is_open or self._unread(seen.endpoint.connection, landscape)
        ]

    # --- findings of reads -------------------------------------------------------------------------------------------

    def _about_entry(self, seen: Examined, landscape: Landscape, behind: Sequence[Endpoint]) -> tuple[Finding, ...]:
        connection, replicas = seen.endpoint.connection, pinning_of(self.types)
        lists_replicas = _connection(replicas) == connection
        if not seen.is_open:
            checks = (Check.HOSTS, replicas.checked_as) if lists_replicas else (Check.HOSTS,)
            return tuple(skipped(check, "needs a session") for check in checks)
        names = [endpoint.host or "" for endpoint in behind if endpoint.connection == connection]
        found = hosts_finding(connection, names, self._unread(connection, landscape))
        return (found, self._replica(replicas, landscape)) if lists_replicas else (found,)

    def _replica(self, replicas: Pinning, landscape: Landscape) -> Finding:
        """Return the finding about the replica that a plan would use, after a read through it."""
        remembered = landscape.prior.decisions.get(replicas.name)
        listed = sorted(landscape.all(replicas))
        if not landscape.is_readable(replicas):
            return skipped(replicas.checked_as, f"{replicas.called}s could not be listed")
        judged = partial(replica_finding, replicas, providers_of(self.types)[_connection(replicas)], remembered, listed)
        _, pinned = judged(None)
        return judged(self._asked_at(pinned, replicas) if pinned else None)[0]

    def _asked_at(self, replica: str, replicas: Pinning) -> SessionError | None:
        """Return the error of a small read through one replica, or None."""
        small = next(kind for kind in self.types if kind.name == replicas.probe.name)
        bound = tuple(replicas.binding(replica).items())
        commands = [replace(one, parameters=(*one.parameters, *bound)) for one in small.queries(self.landscape)]
        answers = self._reader.ask(commands).values()
        return next((answer for answer in answers if isinstance(answer, SessionError)), None)


# --- endpoints -------------------------------------------------------------------------------------------------------


def _key(endpoint: Endpoint) -> str:
    return f"{endpoint.connection}/{endpoint.host or ''}"


def _connection(kind: ResourceType) -> str:
    return kind.provider.name if kind.provider is not None else ""


def _behind(needs: Mapping[Endpoint, Needs], entries: Sequence[Examined]) -> list[Endpoint]:
    """Return the hosts that a plan uses, except the entry points, in order."""
    known = {(seen.endpoint.connection, seen.host.casefold()) for seen in entries}
    hosts = {endpoint for endpoint in needs if endpoint.host}
    others = [one for one in hosts if (one.connection, (one.host or "").casefold()) not in known]
    return sorted(others, key=_key)


def _needs_at(seen: Examined, needs: Mapping[Endpoint, Needs]) -> Needs:
    """Return the needs on one host, also those under its own name where it is an entry point."""
    found = NOTHING
    for endpoint, one in needs.items():
        is_named = endpoint.host is not None and endpoint.host.casefold() == seen.host.casefold()
        if endpoint == seen.endpoint or (is_named and endpoint.connection == seen.endpoint.connection):
            found |= one
    return found


def _chosen(
    only: Collection[str], behind: Sequence[Endpoint], entries: Sequence[Examined], blind: Sequence[str]
) -> list[Endpoint]:
    """Return the hosts to examine in addition to the entry points.

    A host in ``only`` must be discovered. Where a connection discovers no hosts, it is accepted as given. Raises
    ConfigurationError for another host.
    """
    if not only:
        return list(behind)
    chosen: list[Endpoint] = []
    for name in dict.fromkeys(host.strip().rstrip(".").casefold() for host in only):
        same = [endpoint for endpoint in behind if (endpoint.host or "").casefold() == name]
        if not same and all(seen.host.casefold() != name for seen in entries):
            same = [Endpoint(connection, name) for connection in blind]
            if not same:
                raise _unknown_host(name, [seen.host for seen in entries] + [one.host or "" for one in behind])
        chosen += same
    return chosen


def _unknown_host(name: str, known: Sequence[str]) -> ConfigurationError:
    detail = f'"{name}" is neither an entry point nor a discovered host.'
    return ConfigurationError(Diagnostic("Unknown host", detail, did_you_mean(name, known)))
