"""Facts about this machine: its id, the living holders of leases on it, and its file systems.

On one machine the lock file decides: a byte of it is taken while the holder is alive. Stores that are not files
identify a process by boot, process namespace, id and start time, which a recycled id does not match. For a holder on
another machine only the time of the lease decides.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.model.ports import Holder
from state import codec
from state.files import network_file_system
from state.host_lock import HostLock


@dataclass(frozen=True, slots=True)
class Leased:
    """The row of a lease, valid or ended."""

    epoch: int
    holder: Holder
    machine: str
    process: str | None
    expires: float
    """By the store's clock, in seconds since 1970."""

    def values(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "holder": codec.encode(self.holder),
            "machine": codec.escape(self.machine),
            "process": None if self.process is None else codec.escape(self.process),
            "expires": self.expires,
        }


def this_machine() -> str:
    """Return an id of this boot of this machine, or the machine's name if there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


def this_process() -> str | None:
    """Return a unique id of this process on this machine; None if the system has none."""
    return _process(os.getpid())


def is_process_alive(process: str) -> bool | None:
    """Return whether a process with an id of ``this_process`` on this machine is alive; None if unknown."""
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
    # Count fields after the name, which is in parentheses and may contain anything: state is 3rd, start 22nd.
    fields = status.rpartition(")")[2].split()
    if namespace is None or len(fields) < 20 or fields[0] in "ZX":
        return None
    return f"{namespace} {pid} {fields[19]}"


def lives_here(lock: HostLock | None, held: Leased, machine: str) -> bool | None:
    """Return True if a holder is alive; None if only its own machine can find out."""
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
