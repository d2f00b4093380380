"""The transport's settings: of the connections that an environment declares, or of its simulated estate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.connections import ConnectionConfig, SecretReference
from reconciler.simulator_process import USER as SIMULATOR_USER
from reconciler.simulator_process import SimulatorProcess
from reconciler.values import Authentication, Connection

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings


def simulated(process: SimulatorProcess) -> list[ConnectionSettings]:
    """Return both entry points of a simulated estate behind its one listener."""
    from providers.transport.settings import ConnectionSettings, Secret

    return [
        ConnectionSettings(
            connection=kind,
            host=process.entries.get(kind.value, ""),
            auth=Authentication.NTLM,
            user=SIMULATOR_USER,
            password=Secret(process.password),
            via=("127.0.0.1", process.port),
        )
        for kind in Connection
    ]


def real(kind: Connection, told: ConnectionConfig, fetched: Callable[[SecretReference], str]) -> ConnectionSettings:
    """Return the transport's settings for one declared connection; ``fetched`` gives the secrets it refers to."""
    from providers.transport.settings import ConnectionSettings, HostSettings, Secret

    def secret(reference: SecretReference | None) -> Secret | None:
        return Secret(fetched(reference)) if reference else None

    def override(host: str) -> HostSettings:
        own = told.hosts[host]
        return HostSettings(
            port=own.get("port"),
            tls=own.get("tls"),
            ca=own.get("ca"),
            auth=own.get("auth"),
            user=own.get("user"),
            password=secret(own.get("password")),
            delegate=own.get("delegate"),
            certificate=own.get("certificate"),
            certificate_key=own.get("certificate_key"),
            adapter=own.get("adapter"),
        )

    return ConnectionSettings(
        connection=kind,
        host=told.host,
        port=told.port,
        tls=told.tls,
        ca=told.ca,
        auth=told.auth,
        user=told.user or "",
        password=secret(told.password),
        certificate=told.certificate,
        certificate_key=told.certificate_key,
        adapter=told.adapter,
        delegate=told.delegate,
        hosts={host: override(host) for host in told.hosts},
    )
