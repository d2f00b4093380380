"""Other runs on the same environment: refuses a second apply early, and warns commands that only read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from reconciler.app.private_files import PRIVATE, make_private
from reconciler.config.source_text import YAML
from reconciler.model.diagnostics import Diagnostic, Locked, Severity, StateError
from reconciler.model.ports import StateStore
from reconciler.model.snapshot import short_run
from reconciler.views.text import to_second


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Allow one apply at a time in this directory on this machine, before the environment is loaded.

    Several applies that start together would each load the environment before one of them gets the lock. So a file lock
    in the private directory decides first. Where that directory cannot be created, the lock of the state decides.

    Raises:
        Locked: another apply has started, or holds the lock.
    """
    from state.host_lock import HostLock

    refuse_while_held(directory)
    place = directory / PRIVATE / "apply.lock"
    if not os.path.lexists(place.parent) and any(directory.glob(f"*{YAML}")):
        with suppress(StateError):  # reported when the lock is taken
            make_private(place.parent)
    if not (place.parent.is_dir() and os.access(place.parent, os.W_OK)):
        yield
        return
    with closing(HostLock(place)) as gate:
        if not gate.take(_APPLY):
            refuse_while_held(directory)
            raise _begun(place)
        with suppress(OSError):
            place.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield


_APPLY = 1
"""The locked byte; the file holds the process number."""


def _begun(place: Path) -> Locked:
    pid = "another process"
    with suppress(OSError, ValueError):
        pid = f"process {int(place.read_text(encoding='ascii'))}"
    detail = f"Another apply on this machine ({pid}) is taking the lock of the environment."
    return Locked(Diagnostic("Locked by another run", detail, "Wait until it has ended. Then run the command again."))


def refuse_while_held(directory: Path) -> None:
    """Raise Locked where a living run on this machine holds the environment.

    A state on a server, or behind a reference, is checked later, when the lease is taken.
    """
    from state.location import parse_location, refuse_at_a_glance

    setting = os.environ.get("RECONCILER_STATE")
    try:
        own = directory / PRIVATE / "state.db"
        place = own if setting is None else parse_location(setting, is_windows=os.name == "nt")
    except StateError:
        return  # a reference, or an error that is reported when the state is opened
    if isinstance(place, Path):
        refuse_at_a_glance(place)


def under_way(store: StateStore) -> tuple[Diagnostic, ...]:
    """Return a warning where another run is changing the servers now."""
    held = store.held_by()
    if held is None:
        return ()
    detail = (
        f"Run {short_run(held.run)} ({held.operation}) of {held.user} on {held.host}, process {held.pid}, has been "
    )
    detail += f"changing this environment since {to_second(held.started)}. Its remaining changes still appear here."
    return (
        Diagnostic(
            "Another run is active", detail, "Run the command again after it has ended.", severity=Severity.WARNING
        ),
    )
