"""One action under way: how far its commands are, and what came of them.

The commands of an action leave one after the other. What went wrong with one ends the action, but for a type that looks
between its commands: there what is seen decides whether the next one leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import AmbiguousOutcome, SessionError
from reconciler.resource import Action
from reconciler.snapshot import Intent
from reconciler.values import Command


@dataclass(slots=True)
class Sent:
    """One action under way: its intent, how many of its commands were sent, and the first that went wrong."""

    action: Action
    intent: Intent
    commands: tuple[Command, ...]
    turn: int = 0
    """How many of its commands were sent."""
    since: float = 0.0
    """When the last of them was, on the monotonic clock."""
    error: SessionError | None = None
    is_in_doubt: bool = False
    """The last command may still begin: its reply was lost and its expiry is not over."""
    is_over: bool = False
    """No more of its commands are sent."""
    held_back: str = ""
    """What the next command waited for in vain."""

    @property
    def has_next(self) -> bool:
        return not self.is_over and self.turn < len(self.commands)

    def note(self, error: SessionError | None, now: float, *, goes_on: bool) -> None:
        """Take down what came of the last command; after an error only one that looks between goes on."""
        self.turn, self.since = self.turn + 1, now
        self.error = self.error or error
        self.is_in_doubt = isinstance(error, AmbiguousOutcome)
        self.is_over = error is not None and not goes_on
