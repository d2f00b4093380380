"""The account of a run: how each step and each action ended, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.model.diagnostics import LeaseLost, ReconcilerError
from reconciler.model.snapshot import Obligation, OutcomeKind
from reconciler.plan.plan import Step
from reconciler.run.sent import Ended


class Fate(Enum):
    DONE = "done"
    PARTIAL = "partial"
    """A part of its effect was observed. Later steps continue where they find the objects they need."""
    FAILED = "failed"
    BLOCKED = "blocked"
    WITHHELD = "withheld"
    """Not started, because a wave of users has more failures than it allows."""
    STOPPED = "stopped"
    """Not started, because the operator asked to stop or nothing more may be sent."""


@dataclass(frozen=True, slots=True)
class Account:
    """The result of a run, step by step."""

    fates: dict[str, Fate]
    ended: tuple[Ended, ...]
    open_obligations: tuple[Obligation, ...] = ()
    fatal: ReconcilerError | None = None
    stopped_with: int = 0
    """130 or 143 where the operator stopped the run before its end."""
    left_out: int = 0
    """Number of declared resources that the plan left out because of errors that no waiver accepts."""
    changed_again: int = 0
    """Number of users that were done and differed at the end of their wave."""

    def count(self, *kinds: OutcomeKind) -> int:
        return sum(end.outcome in kinds for end in self.ended)

    @property
    def sent_anything(self) -> bool:
        return any(not end.sent_nothing for end in self.ended)

    @property
    def is_stale_at_once(self) -> bool:
        return any(end.is_stale for end in self.ended) and not self.sent_anything

    def exit_code(self) -> int:
        """Return the exit code: 7 for unknown outcomes, then 3 for a partial apply, then the others."""
        if self.count(OutcomeKind.UNKNOWN):
            return 7
        if self.is_stale_at_once:
            return 5
        if self.fatal is not None and not self.sent_anything and not isinstance(self.fatal, LeaseLost):
            return self.fatal.exit_code
        if self.is_whole:
            return 3 if self.left_out else 0
        return self.stopped_with or 3

    @property
    def is_whole(self) -> bool:
        """True where the whole plan is done and no obligation is open."""
        is_done = all(fate is Fate.DONE for fate in self.fates.values())
        return is_done and not (self.open_obligations or self.changed_again) and self.fatal is None


def fate_of(step: Step, ended: Sequence[Ended]) -> Fate:
    """Return the fate of a step of which nothing more is sent."""
    if len(ended) < len(step.actions) or any(
        end.outcome is not OutcomeKind.DONE and not end.is_partial for end in ended
    ):
        return Fate.FAILED
    return Fate.PARTIAL if any(end.is_partial for end in ended) else Fate.DONE
