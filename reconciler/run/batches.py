"""A running step, cut into batches that end in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import EXCHANGE, Endpoint
from reconciler.plan.plan import Step
from reconciler.run.sent import Ended
from reconciler.run.slots import Meter


@dataclass(slots=True)
class Batch:
    """Actions of one step whose commands are saved, sent and read back together."""

    step: Step
    number: int
    actions: Sequence[Action]
    meter: Meter
    ended: list[Ended] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.step.id} #{self.number}"

    @property
    def sent(self) -> int:
        """Number of actions whose commands were sent; only these took the measured time."""
        return sum(not end.sent_nothing for end in self.ended)


@dataclass(slots=True)
class Batches:
    """The batches of one step, as far as they were handed out."""

    step: Step
    began: float = 0.0
    """When the first one was handed out, on the monotonic clock."""
    batches: list[Batch] = field(default_factory=list)
    under_way: int = 0
    taken: int = 0
    """Number of actions in the batches so far."""

    @property
    def is_of_users(self) -> bool:
        """True where the actions are independent of each other, so that batches may run at the same time."""
        return self.step.first.group != "" and self.step.first.kind is not ActionKind.RUN

    @property
    def left(self) -> int:
        return len(self.step.actions) - self.taken

    @property
    def cmdlet(self) -> str:
        """The first cmdlet, which stands for the time of an action."""
        return next((command.cmdlet for command in self.step.first.commands), "")

    @property
    def endpoint(self) -> Endpoint:
        return next((command.endpoint for command in self.step.first.commands), EXCHANGE)

    @property
    def ended(self) -> list[Ended]:
        """How the actions ended, in the order of the plan."""
        return [end for batch in self.batches for end in batch.ended]

    def take(self, size: int, meter: Meter) -> Batch:
        """Return the next batch."""
        actions = self.step.actions[self.taken : self.taken + size]
        batch = Batch(self.step, len(self.batches), actions, meter)
        self.batches.append(batch)
        self.taken += len(batch.actions)
        self.under_way += 1
        return batch
