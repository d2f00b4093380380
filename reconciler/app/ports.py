"""The ports of an open environment: everything outside the process that a command reads, writes or waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.git import gap_between, source_of
from reconciler.app.simulator_process import Launch, launched
from reconciler.config.environment import Environment
from reconciler.model.ports import Clock, CrashPoint, Emit, Random, Scheduler, Sessions, StateStore, Stop
from reconciler.plan.plan import Gap, Source
from reconciler.run.retry import Patience
from reconciler.run.system import NeverStop, SystemClock, SystemRandom

if TYPE_CHECKING:
    from providers.transport.settings import ConnectionSettings


def silent(_: object) -> None:
    """Listen to nothing."""


def _as_declared(settings: ConnectionSettings) -> ConnectionSettings:
    return settings


@dataclass(frozen=True, slots=True)
class Ports:
    """What an environment is connected to. The defaults are the real ones; tests and simulations give their own."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    emit: Emit = silent
    point: CrashPoint = silent
    stop: Stop = field(default_factory=NeverStop)
    sessions: Callable[[Environment], Sessions] | None = None
    """Makes the sessions. None: the connections of the environment say how."""
    settings: Callable[[ConnectionSettings], ConnectionSettings] = _as_declared
    """Adapts the settings of each connection, such as its deadlines."""
    launch: Launch = launched
    """Starts the simulator that stands for the servers."""
    store: StateStore | None = None
    """Holds the state. None: the environment's own state file, or the one that ``RECONCILER_STATE`` names."""
    scheduler: Scheduler | None = None
    """Runs the steps. None: threads do."""
    source: Callable[[Path, Mapping[str, bytes]], Source] = source_of
    """Returns the commit that the files belong to."""
    gap: Callable[[Path, str | None, str], Gap] = gap_between
    """Returns the changes of another commit that the files lack."""
    connections: Path | None = None
    """The file of connections that replaces the environment's own."""
    patience: Patience = field(default_factory=Patience)
    mask: Callable[[str], None] = silent
    """Receives every secret in use, so that the log can hide it."""
