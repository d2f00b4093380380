"""Replaces the secrets of objects, each at most once.

No read shows whether a secret was replaced. So an intent is durable before its command is sent, and a command without a
reply is never sent again: its intent stays open, and a later run refuses the object until a person says what to do.
Only a request that certainly did nothing is repeated (``retry``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from reconciler.model.commands import Reply
from reconciler.model.diagnostics import AmbiguousOutcome, SessionError, TransientError
from reconciler.model.events import (
    ActionEnded,
    Retrying,
    RunEnded,
    RunStarted,
    StepEnded,
    StepOutline,
    StepStarted,
)
from reconciler.model.landscape import Landscape
from reconciler.model.ports import CrashPoint, Request, Saver, Stop
from reconciler.model.resources import Address, Resource
from reconciler.model.server_abilities import Resetting
from reconciler.model.snapshot import RESET, Intent, Outcome, OutcomeKind, StateChange
from reconciler.run.journal import Journal, request_id
from reconciler.run.observe import Reader

_EXPIRY_SECONDS = 30.0
"""The time after the send in which the runner may still begin the command."""


@dataclass(frozen=True, slots=True)
class ResetEnded:
    """How the secret of one object fared."""

    address: Address
    outcome: OutcomeKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Resets:
    """The secrets that a run replaces."""

    run: str
    environment: str
    kind: Resetting
    objects: Sequence[Resource]
    reader: Reader
    lease: Saver
    point: CrashPoint
    stop: Stop
    resume: Callable[[Sequence[str]], str]
    """Returns a command, to copy, that replaces the secrets of these objects."""

    @property
    def step(self) -> str:
        return f"{RESET} {self.kind.name} {self.kind.secret}"

    def carry_out(self, landscape: Landscape) -> list[ResetEnded]:
        """Send the commands one after the other; return the ends of those that were begun."""
        self.stop.begin()
        number, emit, clock = len(self.objects), self.reader.emit, self.reader.clock
        began = clock.monotonic()
        emit(RunStarted(self.run, self.environment, 1, number, (StepOutline(self.step, 1, number),)))
        emit(StepStarted(self.step, 1, number))
        ended = list(self._ended(landscape))
        done, failed, unknown = (sum(end.outcome in kinds for end in ended) for kinds in _COUNTED)
        emit(StepEnded(self.step, 1, done, failed, unknown, seconds=clock.monotonic() - began))
        code, left = exit_code_of(ended, number, self.stop), [one.key for one in self.objects[len(ended) :]]
        resume = self.resume(left) if left else None
        emit(RunEnded(self.run, code, done, failed, len(left), unknown, clock.monotonic() - began, resume))
        return ended

    def _ended(self, landscape: Landscape) -> Iterator[ResetEnded]:
        for one in self.objects:
            if self.stop.level():
                return
            end = self._reset(one, landscape)
            self.reader.emit(ActionEnded(self.step, str(end.address), RESET, end.outcome, detail=end.detail))
            yield end

    def _reset(self, one: Resource, landscape: Landscape) -> ResetEnded:
        command = self.kind.reset(one, landscape)
        intent = Intent(
            self.reader.random.identifier(), self.run, one.address, RESET, str(command), str(command.endpoint), ""
        )
        journal = Journal(self.lease, self.reader.clock, self.point, _EXPIRY_SECONDS, {intent.id: intent})
        opened = partial(self.reader.sessions.open, command.endpoint)

        def on_retry(error: TransientError, attempt: int, seconds: float) -> None:
            self.reader.emit(Retrying(self.step, str(error), attempt, seconds))

        (result,) = self.reader.retry.invoke(opened, [Request(request_id(intent, 0), command, journal)], on_retry)
        self.point("after-send")
        end = ResetEnded(one.address, *_outcome(result))
        if journal.let_go(intent) and end.outcome is not OutcomeKind.UNKNOWN:
            self.lease.commit(StateChange(outcomes=(Outcome(intent.id, end.outcome, end.detail),)))
        self.point("after-outcome")
        return end


_COUNTED = ((OutcomeKind.DONE,), (OutcomeKind.FAILED, OutcomeKind.NOT_RUN), (OutcomeKind.UNKNOWN,))


def _outcome(result: Reply | SessionError) -> tuple[OutcomeKind, str]:
    match result:
        case Reply():
            return OutcomeKind.DONE, ""
        case AmbiguousOutcome():
            return OutcomeKind.UNKNOWN, f"{result}"
        case TransientError():
            return OutcomeKind.NOT_RUN, f"{result}"
        case _:
            return OutcomeKind.FAILED, f"{result}"


def exit_code_of(ended: Sequence[ResetEnded], asked: int, stop: Stop) -> int:
    """Return the exit code: 7 for an unknown outcome, then 3 where something was not done; 0 if all is done."""
    if any(end.outcome is OutcomeKind.UNKNOWN for end in ended):
        return 7
    if len(ended) < asked:
        return stop.exit_code
    return 0 if all(end.outcome is OutcomeKind.DONE for end in ended) else 3
