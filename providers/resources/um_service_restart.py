"""Restarting the Unified Messaging services of a server after its startup mode or its certificate changed.

MSExchangeUM and, from 2013 on, MSExchangeUMCR use a new mode or certificate only after a restart. Nothing on the server
shows which one a running service uses. So a restart is due only while its obligation is open, one for both needs. Start
times on the clock of the server show that it is done. A service reads from a domain controller of its own choice, so
the restart waits until all of them have the new mode.

Source: Configure the startup mode on a Mailbox server (Ee423544) and on a Client Access server (JJ673533); DOMAIN 3.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from providers.cmdlets.products import EXCHANGE_PROVIDER
from providers.cmdlets.table import Tabled
from providers.estate.servers import UMHost, UMService, um_hosts
from providers.estate.services import (
    RESTARTS,
    UM_SERVICE_RESTART,
    ServiceState,
    ago,
    observed_services,
    running_script,
    service_attributes,
    service_query,
    service_state,
)
from providers.resources.server_binding import startup_mode_query
from providers.schema.certificates import UMCertificate
from providers.schema.exchange import ServerBinding
from providers.schema.exchange_facts import DomainController, ExchangeServer
from providers.schema.windows_services import UMServiceRestart, of_service
from reconciler.model.abilities import Duty, Impact, Noticed, Obliged
from reconciler.model.actions import Action
from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command, Endpoint, Operation, write
from reconciler.model.diagnostics import Diagnostic, SessionError, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Answer, Diagnosed, Due, Rule, Task, UnderWay
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Value

_SERVICES = {
    UMService.UM_SERVER: "MSExchangeUM",
    UMService.UM_SERVICE: "MSExchangeUM",
    UMService.CALL_ROUTER: "MSExchangeUMCR",
}


DOES_NOT_RUN = Rule(
    "UM029",
    "Unified Messaging service does not run",
    "A UM service with automatic start does not run, so calls to its server fail. A plan does not start a service "
    "that somebody stopped, because that may be deliberate.",
    "Start it on its server, unless somebody stopped it deliberately:\n  Start-Service",
    "Start-Service (Microsoft Learn); DOMAIN 3.6",
    Severity.WARNING,
)
_LONGEST_START = 600.0


class UMServiceRestartType(UMServiceRestart, Tabled, Task, Obliged, Noticed):
    """MSExchangeUM and MSExchangeUMCR of one server; key: its FQDN."""

    provider: ClassVar[Provider] = EXCHANGE_PROVIDER
    after: ClassVar[tuple[str, ...]] = (ServerBinding.name, UMCertificate.name)
    reads_after: ClassVar[tuple[str, ...]] = (ExchangeServer.name,)
    duties: ClassVar[tuple[Duty, ...]] = (UM_SERVICE_RESTART,)
    impacts: ClassVar[tuple[Impact, ...]] = (RESTARTS,)
    rules: ClassVar[tuple[Rule, ...]] = (DOES_NOT_RUN,)

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset(
            {"Get-Service", "Restart-Service", "Get-UMServer", "Get-UMService", "Get-UMCallRouterSettings"}
        )

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {**super().attributes, **service_attributes(*sorted(set(_SERVICES.values())))}

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return tuple(
            service_query(Endpoint(EXCHANGE_PROVIDER.name, host.fqdn), *_service_names(host))
            for host in um_hosts(landscape).values()
            if keys is None or host.fqdn in keys
        )

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        return [observed_services(self.name, command, reply) for command, reply in answers]

    # when it is due

    def due(self, landscape: Landscape) -> Sequence[Due]:
        hosts = um_hosts(landscape)
        return tuple(self._task(hosts[fqdn], landscape) for fqdn in _owing(landscape) if fqdn in hosts)

    def _task(self, host: UMHost, landscape: Landscape) -> Due:
        endpoint = Endpoint(EXCHANGE_PROVIDER.name, host.fqdn)
        return Due(
            Resource(Address(self.name, host.fqdn)),
            reasons=(_reason(host.fqdn, landscape),),
            commands=tuple(write("Restart-Service", endpoint, Name=name) for name in _service_names(host)),
            needs=(
                *(Address(ServerBinding.name, f"{host.fqdn}/{service.value}") for service in host.services),
                *_certificate_first(host.fqdn, landscape),
            ),
            discharges=(UM_SERVICE_RESTART.of(host.fqdn),),
        )

    def impact(self, action: Action, landscape: Landscape) -> Mapping[Impact, int]:
        return {RESTARTS: 1}

    # whether it is done

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        return {
            of_service(state.name).start_time.name: state.start_time for state in _states(action.address.key, landscape)
        }

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        owed = landscape.prior.owes(UM_SERVICE_RESTART.of(action.address.key))
        since = owed.since if owed else None
        before = action.expects or {}
        states = _states(action.address.key, landscape)
        return bool(states) and all(_is_newer(state, since, before) for state in states)

    def under_way(self, action: Action, landscape: Landscape) -> UnderWay | None:
        host = action.address.key
        starting = next((state for state in _states(host, landscape) if state.is_starting), None)
        if starting is None:
            return None
        return UnderWay(f"{starting.name} on {host} is starting for {ago(starting.age)}", _LONGEST_START)

    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        states = _states(owed.subject, landscape)
        return bool(states) and owed.since is not None and all(_is_newer(state, owed.since, {}) for state in states)

    def waits_for(self, action: Action, landscape: Landscape) -> Sequence[Command]:
        """Return reads of the services, and of the startup mode in each domain controller."""
        services = self.queries(landscape, frozenset({action.address.key}))
        host = um_hosts(landscape).get(action.address.key)
        if host is None or not host.version.has_startup_mode:
            return services
        controllers = (None, *sorted(one.key for one in landscape.all(DomainController).values()))
        modes = (
            startup_mode_query(host, service, landscape, controller)
            for service in host.services
            for controller in controllers
        )
        return (*services, *modes)

    def is_ready(self, action: Action, answers: Sequence[Answer], landscape: Landscape) -> str | None:
        if waiting := _unreplicated(answers, action.address.key):
            return waiting
        for command, reply in answers:
            if command.operation is not Operation.SERVICE:
                continue
            if isinstance(reply, SessionError):
                return f"{action.address.key} does not answer"
            if waiting := running_script(reply):
                return f"{action.address.key}: {waiting}"
        return None

    # what clouds it

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        """Return the stopped UM services that should run, also those that this plan restarts."""
        found: list[Diagnostic] = []
        for host in um_hosts(landscape):
            address = Address(self.name, host)
            for state in _states(host, landscape):
                if state.is_running or state.start_mode not in (None, "Auto"):
                    continue
                by_plan = "An apply starts it." if address in landscape.actions else ""
                detail = f"{state.name} on {host} is {state.status}."
                found.append(DOES_NOT_RUN.found(address, detail, by_plan or _start(host, state.name)))
        return found


def _reason(host: str, landscape: Landscape) -> str:
    """Return why the services of a host have to restart; what an earlier apply changed is not known any more."""
    owing = {action.address.type for action in landscape.actions.values() if _restarts(action, host)}
    changed = {ServerBinding.name: "startup mode", UMCertificate.name: "certificate"}
    named = [words for name, words in changed.items() if name in owing]
    return (
        f"the {' and the '.join(named) or 'startup mode or the certificate'} changed, which the services read "
        "when they start"
    )


def _restarts(action: Action, host: str) -> bool:
    return any(UM_SERVICE_RESTART.is_kind_of(owed) and owed.subject.lower() == host for owed in action.owes)


def _certificate_first(host: str, landscape: Landscape) -> tuple[Address, ...]:
    """Return the certificate where it is the only reason to restart: without it there is none.

    Otherwise the restart comes after it all the same, and takes place also where no certificate could be assigned.
    """
    asking = [action.address for action in landscape.actions.values() if _restarts(action, host)]
    is_owed = landscape.prior.owes(UM_SERVICE_RESTART.of(host)) is not None
    return tuple(asking) if not is_owed and [one.type for one in asking] == [UMCertificate.name] else ()


def _start(host: str, service: str) -> str:
    return f"Start it, unless somebody stopped it deliberately; on {host}:\n  Start-Service -Name {service}"


def _unreplicated(answers: Sequence[Answer], host: str) -> str | None:
    """Return the domain controller that does not have the new mode yet.

    A controller that does not answer is skipped, except the one that received the change.
    """
    found: dict[str, dict[str | None, str]] = {}
    for command, reply in answers:
        if command.operation is not Operation.INVOKE:
            continue
        modes = found.setdefault(command.cmdlet, {})
        if not isinstance(reply, SessionError):
            controller = command.argument("DomainController")
            mode = next((str(record.get("UMStartupMode")) for record in reply.records), "")
            modes[str(controller) if controller else None] = mode
    for modes in found.values():
        if None not in modes:
            return f"the startup mode of {host} cannot be read"
        lagging = [name for name, mode in modes.items() if mode != modes[None]]
        if lagging:
            return f"{lagging[0]} does not have the startup mode of {host} yet"
    return None


def _service_names(host: UMHost) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_SERVICES[service] for service in host.services))


def _owing(landscape: Landscape) -> tuple[str, ...]:
    """Return the hosts with an obligation to restart, open now or created by a planned action."""
    owed = [*landscape.prior.obligations, *(one for action in landscape.actions.values() for one in action.owes)]
    return tuple(sorted({one.subject.lower() for one in owed if UM_SERVICE_RESTART.is_kind_of(one)}))


def _states(fqdn: str, landscape: Landscape) -> tuple[ServiceState, ...]:
    observed = landscape.one(UMServiceRestart, fqdn)
    host = um_hosts(landscape).get(fqdn)
    names = _service_names(host) if host else ()
    states = (service_state(observed, name) for name in names) if observed else ()
    return tuple(state for state in states if state is not None)


def _is_newer(state: ServiceState, since: str | None, before: Mapping[str, Value]) -> bool:
    """True where the service runs and started after ``since`` and after the start that the plan saw."""
    planned = of_service(state.name).start_time.of(before)
    limits = [limit for limit in (since, planned) if isinstance(limit, str)]
    started = state.start_time
    return state.is_running and started is not None and all(started > limit for limit in limits)
