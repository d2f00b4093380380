"""A file that is made only once, such as the key that signs plans, even if many processes start at once.

It appears complete, because it is renamed into place. The system frees the lock next to it when its process ends.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from reconciler.model.ports import Clock
from state.errors import state_error
from state.files import write_private
from state.host_lock import HostLock

_PATIENCE_SECONDS: Final = 5.0


def create_once(path: Path, content: Callable[[], bytes], clock: Clock) -> None:
    """Make the private file ``path`` with ``content``, unless it is there; wait while another process makes it.

    Raises:
        StateError: it cannot be made here, or another process does not finish making it.
    """
    with closing(HostLock(path.with_name(path.name + ".lock"))) as lock:
        if not path.exists() and not lock.begin_creation(clock, _PATIENCE_SECONDS):
            raise state_error("File in use", f"{path} is being made by another process.", "Try again.")
        if not path.exists():
            write_private(path, content())
