"""What is read of Windows services: status, start time, and the clock of the host they run on.

Both kinds of restart prove themselves by start times, compared with times of the same host's clock only. The runner
reads this on the host itself; no cmdlet tells start times. Source: Get-CsWindowsService has none (Microsoft Learn);
DOMAIN 5.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from providers.types import instant
from reconciler.diagnostics import Diagnostic
from reconciler.errors import SessionError
from reconciler.resource import Attribute, AttributeKind, AttributeRole, Diagnosed
from reconciler.values import Address, Command, Endpoint, Operation, Reply, Resource, Value

_PROPERTIES = ("Name", "Status", "StartTime", "HostClock", "RunningDependents", "ScriptRunning")


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service as it was read."""

    name: str
    status: str
    start_time: str | None
    """ISO 8601, UTC, on the host's clock; None where it does not run."""
    running_dependents: tuple[str, ...]

    @property
    def is_running(self) -> bool:
        return self.status == "Running"


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
    """Return the table of attributes that the services ``names`` of a host are observed as."""

    def told(name: str, doc: str, kind: AttributeKind = AttributeKind.SCALAR) -> Attribute:
        return Attribute(name, doc, kind=kind, role=AttributeRole.READ_ONLY)

    table = [
        told("host_clock", "The host's own clock when this was read, ISO 8601 in UTC."),
        told("script_running", "An exchucutil process runs on the host."),
    ]
    for name in names:
        table += [
            told(f"{name}:status", f"Status of {name}: Running, Stopped, StartPending and so on."),
            told(f"{name}:start_time", f"When {name} started, on the host's clock."),
            told(f"{name}:running_dependents", f"Services that run and depend on {name}.", AttributeKind.LIST),
        ]
    return {attribute.name: attribute for attribute in table}


def observed_services(type_name: str, command: Command, reply: Reply | SessionError) -> Resource | Diagnosed:
    """Return what one host told about its services; the key is the host."""
    address = Address(type_name, command.endpoint.host or "")
    if isinstance(reply, SessionError):
        return Diagnosed(address, unreadable(reply, address))
    values: dict[str, Value] = {}
    for record in reply.records:
        name = str(record.get("Name"))
        start = instant(record.get("StartTime"))
        clock = instant(record.get("HostClock"))
        dependents = record.get("RunningDependents")
        values["host_clock"] = clock if isinstance(clock, str) else None
        values["script_running"] = values.get("script_running") is True or record.get("ScriptRunning") is True
        values[f"{name}:status"] = str(record.get("Status"))
        values[f"{name}:start_time"] = start if isinstance(start, str) else None
        values[f"{name}:running_dependents"] = _texts(dependents)
    return Resource(address, values)


def unreadable(error: SessionError, address: Address) -> Diagnostic:
    """Return why something could not be read."""
    told = error.diagnostics or (Diagnostic("Cannot be read", f"{address} could not be read.", address=str(address)),)
    return told[0]


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    return (value,) if isinstance(value, str) and value else ()


def service_state(observed: Resource, name: str) -> ServiceState | None:
    """Return one service of what was read of a host; None where the host has no such service."""
    status = observed.text(f"{name}:status")
    if status is None:
        return None
    start = observed.text(f"{name}:start_time")
    return ServiceState(name, status, start, observed.items(f"{name}:running_dependents"))
