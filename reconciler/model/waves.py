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


@dataclass(frozen=True, slots=True)
class Gate:
    """One wave of a plan: the next one starts only if no more than ``max_failures`` of its users failed."""

    wave: str
    users: int
    """Number of its users in this plan. What else is done for them, such as a grant, belongs to the wave too."""
    of: int
    """Number of users that are declared in it."""
    max_failures: int
    left_out: tuple[str, ...] = ()
    """Addresses of its users that the plan leaves out: unless waived, they count as failures for the waves after it."""
