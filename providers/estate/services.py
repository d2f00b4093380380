"""Reads Windows services: status, start time, and the clock of their host.

Start times prove a restart. They are compared only with times of the same clock. The runner reads them on the host
itself, because no cmdlet returns a start time.

Source: Get-CsWindowsService (Microsoft Learn); DOMAIN 5.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from providers.cmdlets.value_types import instant
from providers.schema.windows_services import UMServiceRestart, WindowsServices, of_service
from reconciler.model.abilities import Duty, Impact
from reconciler.model.actions import Action
from reconciler.model.attributes import Attr, Attribute, AttributeKind, AttributeRole
from reconciler.model.commands import Command, Endpoint, Operation, Reply
from reconciler.model.diagnostics import Diagnostic, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Diagnosed
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Value

_PROPERTIES = (
    "Name",
    "Status",
    "StartTime",
    "StartMode",
    "HostClock",
    "RunningDependents",
    "StoppedDependents",
    "ScriptRunning",
)
_STOPPING = ("Paused", "PausePending", "StopPending")
"""Statuses of a service from a graceful stop to its end."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service as it was read."""

    name: str
    status: str
    start_time: str | None
    """ISO 8601, UTC, on the host's clock; None where it does not run."""
    running_dependents: tuple[str, ...] = ()
    stopped_dependents: tuple[str, ...] = ()
    """Services with automatic start that do not run."""
    start_mode: str | None = None
    host_clock: str | None = None

    @property
    def is_running(self) -> bool:
        return self.status == "Running"

    @property
    def is_starting(self) -> bool:
        return self.status == "StartPending"

    @property
    def is_stopping(self) -> bool:
        return self.status in _STOPPING

    @property
    def is_up(self) -> bool:
        """True where it runs or is starting."""
        return self.is_running or self.is_starting

    @property
    def age(self) -> timedelta:
        """How long its process has run, by the clock of the host; zero if that was not read."""
        started, now = moment(self.start_time), moment(self.host_clock)
        return max(now - started, timedelta(0)) if started and now else timedelta(0)


def service_query(endpoint: Endpoint, *names: str) -> Command:
    """Return the read of the services ``names`` on the host of ``endpoint``."""
    return Command(
        "Get-Service",
        (("Name", tuple(names)),),
        endpoint=endpoint,
        writes=False,
        properties=_PROPERTIES,
        operation=Operation.SERVICE,
    )


def service_attributes(*names: str) -> Mapping[str, Attribute]:
    """Return the attributes of the services ``names`` of a host, as a table."""
    return {attribute.name: attribute for name in names for attribute in _attributes(name)}


def _attributes(name: str) -> Iterator[Attribute]:
    service = of_service(name)
    docs: Mapping[Attr[Any], str] = {
        service.status: f"Status of {name}: Running, Stopped, StartPending and so on.",
        service.start_time: f"When {name} started, on the host's clock.",
        service.start_mode: f"How Windows starts {name}: Auto, Manual or Disabled.",
        service.running_dependents: f"Services that run and depend on {name}.",
        service.stopped_dependents: f"Services that depend on {name}, start automatically and do not run.",
    }
    for handle, doc in docs.items():
        kind = AttributeKind.LIST if handle.types == (tuple,) else AttributeKind.SCALAR
        yield Attribute(handle.name, partial(str, doc), kind=kind, role=AttributeRole.READ_ONLY)


def observed_services(type_name: str, command: Command, reply: Reply | SessionError) -> Resource | Diagnosed:
    """Return the services of one host; the key is the host."""
    address = Address(type_name, command.endpoint.host or "")
    if isinstance(reply, SessionError):
        return Diagnosed(address, unreadable(reply, address))
    return Resource(address, _attributes_of(reply))


def _attributes_of(reply: Reply) -> Mapping[str, Value]:
    values: dict[str, Value] = {}
    script_running = any(record.get("ScriptRunning") is True for record in reply.records)
    for record in reply.records:
        service = of_service(str(record.get("Name")))
        start = instant(record.get("StartTime"))
        clock = instant(record.get("HostClock"))
        values[WindowsServices.host_clock.name] = clock if isinstance(clock, str) else None
        values[WindowsServices.script_running.name] = script_running
        values[service.status.name] = str(record.get("Status"))
        values[service.start_time.name] = start if isinstance(start, str) else None
        values[service.running_dependents.name] = _texts(record.get("RunningDependents"))
        values[service.stopped_dependents.name] = _texts(record.get("StoppedDependents"))
        values[service.start_mode.name] = str(mode) if (mode := record.get("StartMode")) else None
    return values


def running_script(reply: Reply) -> str | None:
    """Return a sentence if exchucutil runs on a host, or if the answer does not exclude it; otherwise None."""
    found = [record.get("ScriptRunning") for record in reply.records]
    if True in found:
        return "exchucutil is still running"
    if found and all(one is False for one in found):
        return None
    return (
        "it is unknown whether exchucutil still runs: "
        "the account may not read the command lines of the shells on the host"
    )


def unreadable(error: SessionError, address: Address) -> Diagnostic:
    """Return why something could not be read."""
    found = error.diagnostics or (Diagnostic("Cannot be read", f"{address} could not be read.", address=str(address)),)
    return found[0]


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    return (value,) if isinstance(value, str) and value else ()


def service_state(observed: Resource, name: str) -> ServiceState | None:
    """Return one service of the values read from a host; None if the host has no such service."""
    service = of_service(name)
    status = observed.get(service.status)
    if status is None:
        return None
    return ServiceState(
        name,
        status,
        observed.get(service.start_time),
        observed.get(service.running_dependents),
        observed.get(service.stopped_dependents),
        observed.get(service.start_mode),
        observed.get(WindowsServices.host_clock),
    )


def answered_state(reply: Reply | SessionError, name: str) -> ServiceState | None:
    """Return one service from a fresh answer to ``service_query``; None if the answer has no such service."""
    if isinstance(reply, SessionError):
        return None
    host = Resource(Address("", ""), _attributes_of(reply))
    return service_state(host, name)


def moment(value: str | None) -> datetime | None:
    """Return a time that was read from a host; None if the text is no time."""
    found = instant(value)
    return datetime.fromisoformat(found) if isinstance(found, str) and found.endswith("Z") else None


def ago(span: timedelta) -> str:
    """Return a span of time for people: ``40 s``, ``12 min``, ``2 h``."""
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


# --- what has to run -------------------------------------------------------------------------------------------------


RESTARTS: Final = Impact("restarts", "restart", is_disruptive=True)
UM_SERVICE_RESTART: Final = Duty("um-service-restart", "the UM services of {subject} have to restart")
"""The UM services of one host have to restart, because their mode or certificate changed. The subject is the host."""
SERVICE_RUNS: Final = Duty("service-runs", "{item} on {host} has to run again")
"""A service that ran before a restart has to run after it. The subject is ``host/service``."""


def owed_since_now(action: Action, landscape: Landscape) -> tuple[Obligation, ...]:
    """Return the restarts of UM services that an action causes, from now on by the clock of each host."""
    since = {owed.subject: landscape.one(UMServiceRestart, owed.subject) for owed in action.owes}
    return tuple(
        Obligation(owed.duty, owed.subject, services.get(WindowsServices.host_clock))
        for owed in action.owes
        if (services := since[owed.subject]) is not None
    )


def has_to_run(host: str, service: str) -> Obligation:
    """Return the obligation for a service that a restart stops: it has to run again."""
    return SERVICE_RUNS.of(f"{host}/{service}")


def services_owed(obligations: Iterable[Obligation], host: str) -> tuple[str, ...]:
    """Return the services of a host that have to run, in order of name."""
    found = (owed.subject.partition("/") for owed in obligations if SERVICE_RUNS.is_kind_of(owed))
    return tuple(sorted({service for where, _, service in found if where.casefold() == host.casefold()}))
