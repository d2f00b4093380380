"""Waves: batches of users that are applied one after the other.

The files declare them in their order. Users of a wave are written only after the earlier waves passed. Users without a
wave come last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.model.shares import Share

NONE: Final = Share(0)
WAVE: Final = "wave"
"""The attribute that names the wave of a user."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One declared wave."""

    name: str
    max_failures: Share = NONE
    """The most users that may fail, or their share of all users that are declared in the wave. With more failures the
    wave stops, and later waves do not start."""
