"""Builds the settings of the transport from the declared connections, or for a simulated estate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from providers.catalogue import resource_types
from reconciler.app.simulator_process import USER as SIMULATOR_USER
from reconciler.app.simulator_process import SimulatorProcess
from reconciler.app.trusted import Secrets
from reconciler.config.connections import KEYS, ConnectionConfig
from reconciler.model.commands import Authentication
from reconciler.model.ports import Clock, Sessions
from reconciler.model.resource_types import providers_of
from reconciler.model.values import EMPTY
from reconciler.run.system import share_memory_of_threads

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings


def load() -> None:
    """Import the modules that reach servers. pywinrm, its logons and their cryptography take half a second."""
    import spnego.tls  # noqa: F401  # the logon of the simulator, which requests_ntlm loads with the first message

    import providers.transport.session.pool
    import providers.transport.wsman.reaching  # noqa: F401


def sessions(connections: Sequence[ConnectionSettings], cmdlets: frozenset[str], clock: Clock, doctor: str) -> Sessions:
    """Return the sessions of a run; they fail at once where an entry point cannot be reached.

    Args:
        doctor: the command that examines these connections, for the error message.
    """
    from providers.transport.session.pool import WinRMSessions
    from providers.transport.wsman.reaching import FirstContact

    share_memory_of_threads()
    return WinRMSessions(connections, allow=cmdlets, clock=clock, first_contact=FirstContact(clock, doctor))


def simulated(process: SimulatorProcess) -> list[ConnectionSettings]:
    """Return the entry points of a simulated estate. All are reached through the one port of its process."""
    from providers.transport.settings import ConnectionSettings, Secret

    return [
        ConnectionSettings(
            connection=name,
            host=process.entries.get(name, ""),
            auth=Authentication.NTLM,
            user=SIMULATOR_USER,
            password=Secret(process.password),
            via=("127.0.0.1", process.port),
        )
        for name in providers_of(resource_types())
    ]


def real(name: str, declared: ConnectionConfig, secrets: Secrets) -> ConnectionSettings:
    """Return the settings of the transport for one declared connection.

    Raises:
        ConfigurationError: one of its secrets is missing or may not be used.
    """
    from providers.transport.settings import Adapter, Approval, ConnectionSettings, Secret

    secrets.admit(declared)
    config = declared.with_paths(lambda name: str(secrets.start / name))

    def approvals(alone: ConnectionConfig) -> tuple[Approval, ...]:
        return tuple(
            Approval(str(reference), hosts)
            for reference in alone.secrets
            for hosts in secrets.trust.approved(reference, declared)
        )

    def given(values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings for the transport of those keys that the files have."""
        found = {key: value for key, value in values.items() if value is not None}
        if "password" in found:
            found["password"] = Secret(secrets.fetch(found["password"]))
        if "adapter" in found:
            found["adapter"] = Adapter(found["adapter"])
        return found

    return ConnectionSettings(
        connection=name,
        **given({key: getattr(config, key) for key in (*KEYS, "adapter")}),
        approvals=approvals(replace(declared, hosts=EMPTY)),
        hosts={
            host: {**given(own), "approvals": approvals(declared.for_host(host))} for host, own in config.hosts.items()
        },
    )
