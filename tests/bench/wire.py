"""Sessions over the wire to a simulator whose start does not count: real servers are running already."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings
    from reconciler.app.simulator_process import SimulatorProcess
    from reconciler.config.environment import Environment
    from reconciler.model.ports import Sessions

CHANGES = Path(".reconciler") / "world.json"
"""Within an environment: what became of its simulated estate, where it is kept."""


def as_it_is(settings: Any) -> Any:
    return settings


@dataclass(slots=True)
class Wire:
    """The simulator of an environment, started when a command asks for its sessions."""

    directory: Path
    adapt: Callable[[ConnectionSettings], ConnectionSettings] = as_it_is
    """Adapts the settings of each connection."""
    seconds: float = 0.0
    """How long the command waited until the simulator listened, and until it had ended."""
    process: SimulatorProcess | None = None

    def sessions(self, environment: Environment) -> Sessions:
        """Start the simulator as the program does; return the sessions of a run to it."""
        from providers.catalogue import resource_types
        from reconciler.app import server_connections
        from reconciler.app.private_files import make_private
        from reconciler.app.simulator_process import start_simulator
        from reconciler.run.system import SystemClock

        began = time.perf_counter()
        make_private(self.directory / CHANGES.parent)
        self.process = start_simulator(self.directory / "world.yaml", self.directory / CHANGES, self.directory)
        connections = [self.adapt(one) for one in server_connections.simulated(self.process)]
        self.seconds += time.perf_counter() - began
        cmdlets = frozenset(cmdlet for kind in resource_types() for cmdlet in kind.cmdlets)
        return server_connections.sessions(connections, cmdlets, SystemClock(), "reconciler doctor")

    def close(self) -> None:
        """End the simulator."""
        began = time.perf_counter()
        if self.process is not None:
            self.process.close()
        self.seconds += time.perf_counter() - began
