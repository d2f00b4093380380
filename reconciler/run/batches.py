"""A running step, cut into batches that end in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reconciler.model.actions import Action
from reconciler.model.commands import USUAL, Endpoint
from reconciler.model.landscape import Landscape
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
    before: Landscape | None = None
    """The landscape with its objects, if they were read together with the commands of another batch."""
    is_followed: bool = False
    """True where another batch follows it on its slot."""
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
    is_begun: bool = False
    """True after the first one was handed out."""
    began: float = 0.0
    """When the first one was handed out, on the monotonic clock."""
    batches: list[Batch] = field(default_factory=list)
    under_way: int = 0
    taken: int = 0
    """Number of actions in the batches so far."""
    is_dropped: bool = False
    """True where no more batches may be handed out."""
    is_of_users: bool = field(init=False)
    """True where the actions are independent of each other, so that batches may run at the same time."""
    cmdlet: str = field(init=False)
    """The first cmdlet, which stands for the time of an action."""
    endpoint: Endpoint = field(init=False)

    def __post_init__(self) -> None:
        first = self.step.first
        self.is_of_users = first.is_of_users
        self.cmdlet = first.commands[0].cmdlet if first.commands else ""
        self.endpoint = first.commands[0].endpoint if first.commands else USUAL

    @property
    def left(self) -> int:
        """Number of actions that may still be handed out."""
        return 0 if self.is_dropped else len(self.step.actions) - self.taken

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


@dataclass(slots=True)
class Following:
    """The batch that follows another one on its slot; implements ``reconciler.run.attached.Ahead``."""

    choose: Callable[[], Batch | None]
    start: Callable[[Batch], None]
    _batch: Batch | None = None
    """The chosen batch, until it is started."""
    _is_chosen: bool = False

    def actions(self) -> Sequence[Action]:
        """Choose the batch, once, and return its actions."""
        if self._is_chosen:
            return ()
        self._is_chosen, self._batch = True, self.choose()
        return () if self._batch is None else self._batch.actions

    def begin(self, before: Landscape) -> None:
        if self._batch is not None:
            self._batch.before = before
            self.end()

    def end(self) -> None:
        """Start the batch, if one was chosen that was not started."""
        if self._batch is not None:
            batch, self._batch = self._batch, None
            self.start(batch)
