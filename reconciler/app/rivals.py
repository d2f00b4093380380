"""Other runs on the same environment: an apply is refused before it loads much, and who only looks is told of one."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.app.private_files import PRIVATE
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.errors import StateError
from reconciler.ports import StateStore
from reconciler.snapshot import short_run
from reconciler.text import to_second


def refuse_while_held(directory: Path) -> None:
    """Raise Locked where a living run on this machine holds the environment; nothing else is looked at.

    Of a state on a server, or at a place that a reference tells, taking the lease says so a little later.
    """
    from state.glance import refuse_at_a_glance
    from state.location import parse_location

    told = os.environ.get("RECONCILER_STATE")
    try:
        place = parse_location(told, is_windows=os.name == "nt") if told else directory / PRIVATE / "state.db"
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
