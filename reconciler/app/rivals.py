"""Other runs on the same environment: an apply is refused before it loads much, and who only looks is told of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from reconciler.app.private_files import PRIVATE, make_private
from reconciler.config.files import YAML
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import Locked, StateError
from reconciler.model.ports import StateStore
from reconciler.model.snapshot import short_run
from reconciler.views.text import to_second


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Enter an apply that nobody else on this machine has begun in this directory, before anything is loaded for it.

    Of several that begin in the same moment none finds the lock taken yet, and each would load the environment and its
    store to learn which of them got it. What is private is made for that, where files of an environment lie; where it
    cannot be made, the lock alone decides.

    Raises:
        Locked: another has begun, or holds the lock.
    """
    from state.host_lock import HostLock

    refuse_while_held(directory)
    place = directory / PRIVATE / "apply.lock"
    if not os.path.lexists(place.parent) and any(directory.glob(f"*{YAML}")):
        with suppress(StateError):  # told where the lock is taken
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
"""The byte that is locked; the content of the file says by which process."""


def _begun(place: Path) -> Locked:
    pid = "another process"
    with suppress(OSError, ValueError):
        pid = f"process {int(place.read_text(encoding='ascii'))}"
    detail = f"An apply has begun here on this machine, {pid}, and takes the lock of the environment just now."
    return Locked(Diagnostic("Locked by another run", detail, "Wait until it has ended. Then repeat the command."))


def refuse_while_held(directory: Path) -> None:
    """Raise Locked where a living run on this machine holds the environment; nothing else is looked at.

    Of a state on a server, or at a place that a reference tells, taking the lease says so a little later.
    """
    from state.glance import refuse_at_a_glance
    from state.location import parse_location

    told = os.environ.get("RECONCILER_STATE")
    try:
        own = directory / PRIVATE / "state.db"
        place = own if told is None else parse_location(told, is_windows=os.name == "nt")
    except StateError:
        return  # a reference, or a mistake that is told where the state is opened
    if isinstance(place, Path):
        refuse_at_a_glance(place)


def under_way(store: StateStore) -> tuple[Diagnostic, ...]:
    """Return the warning that another run changes the servers while they are looked at; nothing where none does."""
    held = store.held_by()
    if held is None:
        return ()
    detail = f"Run {short_run(held.run)} ({held.operation}) of {held.user} on {held.host}, process {held.pid}, changes "
    detail += f"this environment since {to_second(held.started)}. What it has not done yet is shown here as open."
    return (Diagnostic("Another run is under way", detail, "Look again when it has ended.", severity=Severity.WARNING),)
