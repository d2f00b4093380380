"""What a saved state tells whoever opens it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from state.store import open_store
from tests.golden.neutral import neutral
from tests.support.fakes import SeededRandom, VirtualClock


def told_of(path: Path, environment: str, expires: float | None, forms: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that is read of a state, in the second before the last lease in it ends."""
    clock = VirtualClock()
    if expires is not None:
        clock.seconds = expires - 1.0 - clock.now().timestamp()
    with closing(open_store(path, environment, clock=clock, random=SeededRandom())) as store:
        told = {
            "snapshot": store.read(),
            "history": tuple(store.history(None)),
            "last_changing_run": store.last_changing_run(),
            "held_by": store.held_by(),
            "audit": store.verify_audit(),
        }
    return {name: neutral(value, forms) for name, value in told.items()}
