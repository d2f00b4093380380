"""One action under way: how far its commands are, what came of them, and how it ended.

The commands of an action leave one after the other. What went wrong with one ends the action, but for a type that looks
between its commands: there what is seen decides whether the next one leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from reconciler.model.actions import Action
from reconciler.model.commands import Argument, Command, NameOf, Reply
from reconciler.model.errors import AmbiguousOutcome, SessionError, TransientError
from reconciler.model.events import NO_EVIDENCE, Evidence
from reconciler.model.landscape import Landscape
from reconciler.model.snapshot import Intent, OutcomeKind
from reconciler.plan.verdict import Cause


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
    is_partial: bool = False
    """A part of its effect is there: what needs it goes on as far as it finds its own."""
    evidence: Evidence = NO_EVIDENCE

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
    printed: list[str] = field(default_factory=list)
    """What its commands printed and warned of."""
    read: tuple[str, ...] = ()
    """What the last look read instead of its effect."""
    times: int = 0
    """How many looks in a row read that."""
    was_seen: bool = False
    """An earlier look saw its effect."""
    is_disputed: bool = False
    """Replicas differed about it, or did not answer: nothing can be concluded from what it did not make."""
    cause: Cause | None = None
    """The likeliest cause of what was read."""

    @property
    def has_begun(self) -> bool:
        """True where a command was sent before the one that went wrong: something of the action was done."""
        return self.turn > 1

    @property
    def has_next(self) -> bool:
        return not self.is_over and self.turn < len(self.commands)

    def look(self, read: tuple[str, ...]) -> None:
        """Take down what a look read instead of its effect; nothing where that was seen."""
        self.times = self.times + 1 if read == self.read else 1
        self.read, self.was_seen = read, self.was_seen or not read

    def evidence(self) -> Evidence:
        sent = tuple(str(command) for command in self.commands[: self.turn])
        return Evidence(sent, "\n".join(self.printed), self.read, self.cause.told if self.cause else "")

    def note(self, result: Reply | SessionError, now: float, *, goes_on: bool) -> None:
        """Take down what came of the last command; after an error only one that looks between goes on."""
        error = result if isinstance(result, SessionError) else None
        if isinstance(result, Reply):
            told = (result.output.strip("\n"), *(f"Warning: {one}" for one in result.warnings))
            self.printed += [text for text in told if text]
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


def named(command: Command, landscape: Landscape) -> Command:
    """Return the command with every ``NameOf`` filled in: the only values that a plan leaves open."""
    if not command.references:
        return command
    filled = tuple((name, _name(value, landscape)) for name, value in command.parameters)
    return replace(command, parameters=filled)


def _name(value: Argument, landscape: Landscape) -> Argument:
    if not isinstance(value, NameOf):
        return value
    found = landscape.one(value.address.type, value.address.key)
    return (found.name or found.key) if found else value
