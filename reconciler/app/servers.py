"""The servers of an environment: sessions that open at first use, and what is read over them.

All reads and writes of a command use one replica of the directory. Here it is chosen, and the sessions learn of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app import server_connections
from reconciler.app.ports import Ports
from reconciler.app.private_files import PRIVATE, writable
from reconciler.app.simulator_process import SimulatorProcess, start_simulator
from reconciler.app.trusted import Secrets, trust_of
from reconciler.config.environment import Environment
from reconciler.model.abilities import pinning_of
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.ports import Scheduler, Sessions
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import Snapshot
from reconciler.plan.build import Origin
from reconciler.plan.plan import Source
from reconciler.run.observe import Keys, Reader
from reconciler.run.retry import Retry
from reconciler.run.system import ThreadScheduler
from reconciler.views.text import command_line, joined

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings
    from reconciler.run.second_look import Replicas


class Servers:
    """What ``environment`` in ``directory`` is connected to; ``stack`` closes it."""

    def __init__(
        self,
        directory: Path,
        environment: Environment,
        types: Sequence[ResourceType],
        ports: Ports,
        parallelism: int,
        stack: ExitStack,
    ) -> None:
        self._directory, self._environment = directory, environment
        self._types, self._ports, self._stack = types, ports, stack
        self.scheduler: Scheduler = ports.scheduler or stack.enter_context(closing(ThreadScheduler(parallelism)))
        self._pinning = pinning_of(types)
        self.pinned: str | None = None
        """The replica of the directory that the sessions use."""

    # --- connections -------------------------------------------------------------------------------------------------

    @cached_property
    def sessions(self) -> Sessions:
        if self._ports.sessions is not None:
            sessions = self._ports.sessions(self._environment)
        else:
            doctor = self._line("doctor", self._directory)
            sessions = server_connections.sessions(self.connections(), self.cmdlets, self._ports.clock, doctor)
        self._stack.callback(sessions.close)
        return sessions

    @property
    def cmdlets(self) -> frozenset[str]:
        """Every cmdlet that the resource types may send."""
        return frozenset(cmdlet for kind in self._types for cmdlet in kind.cmdlets)

    def connections(self) -> Sequence[ConnectionSettings]:
        """Return how each entry point is reached.

        Raises:
            ConfigurationError: a secret is missing or may not be used.
        """
        adapt = self._ports.settings
        if self._environment.simulator is not None:
            return [adapt(one) for one in server_connections.simulated(self._simulator)]
        secrets = Secrets(trust_of(self._environment, os.environ), self._directory, self._ports.mask)
        declared = self._environment.connections.items()
        return [adapt(server_connections.real(name, one, secrets)) for name, one in declared]

    @cached_property
    def _simulator(self) -> SimulatorProcess:
        assert self._environment.simulator is not None
        private = self._stack.enter_context(writable(self._directory / PRIVATE))
        world = self._directory / self._environment.simulator
        changes, launch = private / "world.json", self._ports.launch
        process = start_simulator(world, changes, self._directory, server_connections.load, launch)
        self._stack.callback(process.close)
        self._ports.mask(process.password)
        return process

    def _line(self, *words: str | Path) -> str:
        """Return a reconciler command to copy, with the same connections file."""
        return command_line(*words, connections=self._ports.connections)

    # --- reading -----------------------------------------------------------------------------------------------------

    @cached_property
    def reader(self) -> Reader:
        ports = self._ports
        retry = Retry(ports.clock, ports.random)
        return Reader(self._types, self.sessions, retry, ports.clock, ports.random, ports.emit, self.scheduler)

    def look(
        self, environment: Environment, prior: Snapshot, *, pinned: str | None = None, only: Keys | None = None
    ) -> Landscape:
        """Return the landscape: what ``environment`` declares, what is observed now, and ``prior``.

        Args:
            pinned: the replica to use; None: the one in use, the one of ``prior``, or the first listed.
            only: observe these types and keys alone.
        """
        replicas = self._pinning
        self._pin(wanted := pinned or self.pinned or prior.decisions.get(replicas.name))
        landscape = environment.landscape(self._settings, prior)
        early = self.reader.early(landscape) if wanted is not None and only is None else ()
        landscape, known = self.reader.arrive(landscape, replicas, early)
        there = sorted(landscape.all(replicas))
        if there and wanted not in there:
            self._pin(there[0])
            known -= {kind.name for kind in early}  # their reads were bound to the other one
        left = {kind.name: None for kind in self._types if kind.name not in known} if only is None else only
        return self.reader.observe(landscape, left)

    @property
    def _settings(self) -> Settings:
        """The settings of the environment, with the commands that messages of checks show."""
        settings = replace(self._environment.settings, program=self._line(), place=joined(self._directory))
        if self._environment.simulator is None or self._ports.sessions is not None:
            return settings
        return replace(settings, without_second_hop=self._simulator.without_second_hop)

    # --- the replica -------------------------------------------------------------------------------------------------

    def _pin(self, replica: str | None) -> None:
        if replica != self.pinned:
            self.pinned = replica
            self.sessions.pin(self._pinning.binding(replica))

    def origin(self, source: Source) -> Origin:
        """Return where a plan comes from: the files, and the replica that was read."""
        return Origin(source, self.pinned, self._pinning.binding(self.pinned))

    def newly_decided(self, prior: Snapshot) -> dict[str, str]:
        """Return the replica by the name under which the state remembers it, where ``prior`` has another one."""
        name = self._pinning.name
        return {name: self.pinned} if self.pinned and prior.decisions.get(name) != self.pinned else {}

    def replicas(self, landscape: Landscape) -> Replicas:
        """Return the replicas that a second look can read."""
        from reconciler.run.second_look import Replicas

        kind = self._pinning
        return Replicas(tuple(landscape.all(kind)), self.pinned, kind.parameter, kind.called)
