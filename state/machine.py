"""What this machine tells about itself: its name, which holders of a lease live on it, and what its files are on.

On one machine the system tells who lives: a byte of the lock file is taken while its holder lives. A process is also
told by boot, process namespace, id and start time, which a recycled id does not match; that serves stores that are not
files. Of a holder on another machine nothing is told here: there the lease's time decides.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from state.files import network_file_system
from state.host_lock import HostLock
from state.leased import Leased


def this_machine() -> str:
    """Return what names this boot of this machine; its name alone where the system tells no more."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


def this_process() -> str | None:
    """Return what names this process on this machine for ever; None where the system does not tell."""
    return _process(os.getpid())


def is_process_alive(process: str) -> bool | None:
    """Return whether a process named by ``this_process`` on this machine lives; None where that is not to be seen."""
    namespace, _, rest = process.partition(" ")
    if namespace != _namespace():
        return None  # a process of another container
    return _process(int(rest.partition(" ")[0])) == process


def _namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _process(pid: int) -> str | None:
    namespace = _namespace()
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # Fields are counted after the name, which is in parentheses and may hold anything: state is 3rd, start 22nd.
    fields = status.rpartition(")")[2].split()
    if namespace is None or len(fields) < 20 or fields[0] in "ZX":
        return None
    return f"{namespace} {pid} {fields[19]}"


def lives_here(lock: HostLock | None, held: Leased, machine: str) -> bool | None:
    """Return whether a holder lives; None where only its own machine could tell."""
    if lock is not None and lock.is_taken(held.epoch):
        return True
    if held.machine != machine:
        return None
    if lock is not None:
        return False
    return None if held.process is None else is_process_alive(held.process)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK)


@dataclass(frozen=True, slots=True)
class Machine:
    """The port of a store to its machine."""

    name: str = field(default_factory=this_machine)
    lives: Callable[[HostLock | None, Leased, str], bool | None] = lives_here
    may_write: Callable[[Path], bool] = _may_write
    network_file_system: Callable[[Path], str | None] = network_file_system
