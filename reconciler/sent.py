"""One action under way: how far its commands are, what came of them, and how it ended.

The commands of an action leave one after the other. What went wrong with one ends the action, but for a type that looks
between its commands: there what is seen decides whether the next one leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.errors import AmbiguousOutcome, SessionError, TransientError
from reconciler.resource import Action
from reconciler.snapshot import Intent, OutcomeKind
from reconciler.values import Command


@dataclass(frozen=True, slots=True)
class Ended:
    """How one action ended."""

    action: Action
    outcome: OutcomeKind
    detail: str = ""
    was_there: bool = False
    """Its postcondition held before anything was sent."""
    is_stale: bool = False
    """The live object is not what the plan took for granted; nothing was sent for it."""
    is_unsent: bool = False
    """The run was stopped before anything was sent for it."""

    @property
    def sent_nothing(self) -> bool:
        return self.was_there or self.is_stale or self.is_unsent


@dataclass(slots=True)
class Sent:
    """One action under way: its intent, how many of its commands were sent, and the first that went wrong."""

    action: Action
    intent: Intent
    commands: tuple[Command, ...]
    turn: int = 0
    """How many of its commands were sent."""
    is_on_its_way: bool = False
    """The first of them was let go."""
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
        self.is_over = error is not None and not goes_on and not self._gives_back(error)
        self.turn, self.since = self.turn + 1, now
        self.error = self.error or error
        self.is_in_doubt = isinstance(error, AmbiguousOutcome)

    def _gives_back(self, error: SessionError) -> bool:
        """Return True where what was released before is given back next: the command was refused for certain."""
        returns = tuple(command for taken in self.action.takes_from for command in taken.returns)
        if (
            self.error is not None
            or not (self.turn and returns)
            or isinstance(error, AmbiguousOutcome | TransientError)
        ):
            return False
        self.commands = (*self.commands[: self.turn + 1], *returns)
        return True


def given_up(end: Ended) -> Ended:
    """Return the end of an action whose effect nobody waits for any longer: the next run looks again."""
    if end.outcome is OutcomeKind.DONE:
        return end
    return replace(end, outcome=OutcomeKind.UNKNOWN, detail="stopped before its effect was seen")


def not_looked_at(sent: Sent) -> Ended:
    """Return the end of an action in whose middle the run was stopped."""
    if not sent.is_on_its_way:
        return Ended(sent.action, OutcomeKind.NOT_RUN, "the run was stopped before it was sent", is_unsent=True)
    return Ended(sent.action, OutcomeKind.UNKNOWN, "the run was stopped before its effect was looked for")


class CutShort(Exception):
    """Something (the cause) stopped a run when commands may have been sent: ``ended`` is what is known of each action.

    What was sent counts in the account of the run, also where it could not be written down.
    """

    def __init__(self, ended: Iterable[Ended]) -> None:
        super().__init__()
        self.ended = list(ended)
