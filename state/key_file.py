"""A file that is made once and never again, such as the key that signs plans: of many who begin at once, one makes it.

It appears whole or not at all, since it is renamed into place. The lock beside it is the system's, and free as soon as
whoever made the file has ended in whatever way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from reconciler.model.ports import Clock
from state.failures import state_error
from state.files import write_private
from state.host_lock import HostLock

_PATIENCE_SECONDS: Final = 5.0


def create_once(path: Path, content: Callable[[], bytes], clock: Clock) -> None:
    """Make the private file ``path`` with ``content``, unless it is there; wait while another process makes it.

    Raises:
        StateError: it cannot be made here, or who makes it does not come to an end.
    """
    with closing(HostLock(path.with_name(path.name + ".lock"))) as lock:
        if not path.exists() and not lock.begin_creation(clock, _PATIENCE_SECONDS):
            raise state_error("File in use", f"{path} is being made by another process.", "Try again.")
        if not path.exists():
            write_private(path, content())
