"""One action of a run: whether it must be sent, its sent commands, their results, and how it ended.

The commands of an action are sent one after the other. An error ends the action, except for a type that reads between
its commands: there the observed state decides about the next command. An action ends before anything is sent where it
is done already, or where its object has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.actions import Action
from reconciler.model.attributes import comparable
from reconciler.model.commands import Argument, Command, NameOf, Reply
from reconciler.model.diagnostics import AmbiguousOutcome, SessionError, TransientError
from reconciler.model.events import NO_EVIDENCE, Evidence
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import Intent, OutcomeKind
from reconciler.model.values import Value, fingerprint
from reconciler.plan.effects import expectation, is_done
from reconciler.plan.verdict import Cause, difference, why_unreadable
from reconciler.run.observe import unread


@dataclass(frozen=True, slots=True)
class Ended:
    """How one action ended."""

    action: Action
    outcome: OutcomeKind
    detail: str = ""
    was_there: bool = False
    """True where the object had its desired values before anything was sent."""
    is_stale: bool = False
    """True where the object differs from the expected state, so that nothing was sent."""
    is_unsent: bool = False
    """True where the run stopped before anything was sent."""
    is_partial: bool = False
    """A part of its effect was observed. Later steps continue where they find the objects they need."""
    evidence: Evidence = NO_EVIDENCE

    @property
    def sent_nothing(self) -> bool:
        return self.was_there or self.is_stale or self.is_unsent


@dataclass(slots=True)
class Sent:
    """One running action: its intent, its sent commands and its first error."""

    action: Action
    intent: Intent
    commands: tuple[Command, ...]
    turn: int = 0
    """The number of sent commands."""
    is_on_its_way: bool = False
    """True after the first command was allowed to be sent."""
    since: float = 0.0
    """When the last command was sent, on the monotonic clock."""
    error: SessionError | None = None
    is_in_doubt: bool = False
    """True where the last command may still begin: its reply was lost and it has not expired."""
    is_over: bool = False
    """True if none of its remaining commands will be sent."""
    held_back: str = ""
    """Why the next command was never sent."""
    printed: list[str] = field(default_factory=list)
    """The output and the warnings of its commands."""
    read: tuple[str, ...] = ()
    """Sentences about the last read, where it did not show the effect."""
    times: int = 0
    """How many reads in a row were equal."""
    was_seen: bool = False
    """True where an earlier read showed the effect."""
    is_disputed: bool = False
    """True where replicas differed or did not answer, so that a missing effect proves nothing."""
    cause: Cause | None = None
    """The most likely cause."""

    @property
    def has_begun(self) -> bool:
        """True where an earlier command was sent before the failed one, so that a part of the action may be done."""
        return self.turn > 1

    @property
    def has_next(self) -> bool:
        return not self.is_over and self.turn < len(self.commands)

    def look(self, read: tuple[str, ...]) -> None:
        """Note the sentences of a read; none where it showed the effect."""
        self.times = self.times + 1 if read == self.read else 1
        self.read, self.was_seen = read, self.was_seen or not read

    def evidence(self) -> Evidence:
        sent = tuple(str(command) for command in self.commands[: self.turn])
        return Evidence(sent, "\n".join(self.printed), self.read, self.cause.text if self.cause else "")

    def note(self, result: Reply | SessionError, now: float, *, goes_on: bool) -> None:
        """Note the result of the last command; ``goes_on``: the action may continue after an error."""
        error = result if isinstance(result, SessionError) else None
        if isinstance(result, Reply):
            texts = (result.output.strip("\n"), *(f"Warning: {one}" for one in result.warnings))
            self.printed += [text for text in texts if text]
        self.is_over = error is not None and not goes_on and not self._gives_back(error)
        self.turn, self.since = self.turn + 1, now
        self.error = self.error or error
        self.is_in_doubt = isinstance(error, AmbiguousOutcome)

    def _gives_back(self, error: SessionError) -> bool:
        """Queue the commands that restore released values; True where the server certainly refused the command."""
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
    """Return the unknown end of an action whose wait was stopped; the next run observes it again."""
    if end.outcome is OutcomeKind.DONE:
        return end
    return replace(end, outcome=OutcomeKind.UNKNOWN, detail="stopped before its effect was observed")


def not_looked_at(sent: Sent) -> Ended:
    """Return the end of an action that was running when the run was stopped."""
    if not sent.is_on_its_way:
        return Ended(sent.action, OutcomeKind.NOT_RUN, "the run stopped before it was sent", is_unsent=True)
    return Ended(sent.action, OutcomeKind.UNKNOWN, "the run stopped before its effect was observed")


class CutShort(Exception):
    """An error (the cause) stopped the run after commands may have been sent; ``ended`` holds the known ends.

    The account of the run counts sent commands also where they could not be saved.
    """

    def __init__(self, ended: Iterable[Ended]) -> None:
        super().__init__()
        self.ended = list(ended)


def named(command: Command, landscape: Landscape) -> Command:
    """Return the command with every ``NameOf`` replaced by a name; a plan has no other open values."""
    if not command.references:
        return command
    filled = tuple((name, _name(value, landscape)) for name, value in command.parameters)
    return replace(command, parameters=filled)


def _name(value: Argument, landscape: Landscape) -> Argument:
    if not isinstance(value, NameOf):
        return value
    found = landscape.at(value.address)
    return (found.name or found.key) if found else value


def foregone(kind: ResourceType, action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action that must not be sent; None where it must be sent."""
    if (lacking := unread(kind, action.address, landscape)) is not None:
        return Ended(action, OutcomeKind.NOT_RUN, why_unreadable(lacking, landscape))
    if is_done(kind, action, landscape):
        return Ended(action, OutcomeKind.DONE, was_there=True)
    found = expectation(kind, action, landscape)
    if _fingerprint(kind, found) != _fingerprint(kind, action.expects):
        return Ended(action, OutcomeKind.NOT_RUN, difference(action.expects, found), is_stale=True)
    return _not_to_be_taken(action, landscape) or _not_brought(action, landscape)


def _not_to_be_taken(action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action where an object from which it takes values has changed, else None."""
    for taken in action.takes_from:
        address = taken.address
        if not landscape.is_readable(address.type, address.key):
            return Ended(action, OutcomeKind.NOT_RUN, f"{address}: {why_unreadable(address, landscape)}")
        one = landscape.at(address)
        found = None if one is None else {name: one.get(name) for name in taken.expects}
        if fingerprint(found) != fingerprint(taken.expects):
            return Ended(action, OutcomeKind.NOT_RUN, f"{address}: {difference(taken.expects, found)}", is_stale=True)
    return None


def _not_brought(action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action that names an object that does not exist yet, else None."""
    for command in action.commands:
        for value in command.references:
            if landscape.at(value.address) is None:
                return Ended(action, OutcomeKind.NOT_RUN, f"{value.address} should exist now, but it does not")
    return None


def _fingerprint(kind: ResourceType, expects: Mapping[str, Value] | None) -> str:
    """Return the fingerprint of an expected state; different spellings of a name give the same one."""
    return fingerprint(None if expects is None else comparable(kind.attributes, expects))
