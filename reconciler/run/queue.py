"""Cuts the steps of a plan into batches, and gives them to the slots of their hosts.

A step on one object is one batch. Users go out in batches, at most as many at the same time as their host has slots. A
batch that sends its last commands may choose the batch that follows it on its slot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from reconciler.model.commands import Endpoint
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Sessions
from reconciler.plan.plan import Step
from reconciler.run.batches import Batch, Batches
from reconciler.run.slots import Meter, Slots, Window

_BATCHES_A_SPARE: Final = 6
"""For so many slots of a host, one batch more than there are slots is under way."""


class Queue:
    """The batches of all steps. Not thread-safe."""

    def __init__(self, steps: Sequence[Step], sessions: Sessions, parallelism: int) -> None:
        self._sessions, self._parallelism = sessions, parallelism
        self._slots = Slots()
        self._of = {step.id: Batches(step) for step in steps}
        self._users: Counter[Endpoint] = Counter()
        """How many users of each host were not handed out yet, in all steps that may still run."""
        for batches in self._of.values():
            if batches.is_of_users:
                self._users[batches.endpoint] += batches.left

    def of(self, step: Step) -> Batches:
        return self._of[step.id]

    def drop(self, step: Step) -> None:
        """Hand out no more batches of a step."""
        batches = self.of(step)
        if batches.is_of_users:
            self._users[batches.endpoint] -= batches.left
        batches.is_dropped = True

    @property
    def may_get_slots(self) -> bool:
        """True while users wait for slots, which may be opened at any time."""
        return any(window.under_way and self._users[host] for host, window in self._slots.windows.items())

    def next_of(self, step: Step) -> Batch | None:
        """Return the next batch of a step; None where none is left, or where all slots of its host are in use."""
        batches = self.of(step)
        if not batches.left:
            return None
        if not batches.is_of_users:
            return batches.take(batches.left, Meter())
        window, slots = self._slots.of(batches.endpoint), self._slots_of(batches)
        if window.under_way >= self._at_once(slots):
            return None
        window.under_way += 1
        return self._taken(batches, window, slots)

    def following(self, batch: Batch, may_start: Callable[[Step], bool]) -> Batch | None:
        """Return the batch that follows ``batch`` on its slot; None where the slot must be left or nothing is left.

        ``may_start`` returns whether the batches of a step may be handed out now.
        """
        own = self.of(batch.step)
        if not own.is_of_users:
            return None
        window, slots = self._slots.of(own.endpoint), self._slots_of(own)
        if window.under_way > self._at_once(slots):
            return None
        here = (one for one in self._of.values() if one.is_of_users and one.endpoint == own.endpoint)
        for batches in chain((own,), here) if self._users[own.endpoint] else ():
            if batches.left and may_start(batches.step):
                batch.is_followed = True
                return self._taken(batches, window, slots)
        return None

    def end(self, batch: Batch) -> None:
        """Note that a batch ended. What it took teaches how many slots its host has."""
        batches = self.of(batch.step)
        batches.under_way -= 1
        if batches.is_of_users:
            window = self._slots.of(batches.endpoint)
            window.under_way -= not batch.is_followed
            if batch.sent:
                window.note(batches.cmdlet, batch.sent, batch.meter)

    def _taken(self, batches: Batches, window: Window, slots: int) -> Batch:
        size = min(batches.left, window.batch(batches.cmdlet, self._users[batches.endpoint], slots))
        self._users[batches.endpoint] -= size
        window.handed_out += 1
        return batches.take(size, Meter(age=window.losses))

    def _slots_of(self, batches: Batches) -> int:
        """Return the slots of the host of a step of users."""
        window, left = self._slots.of(batches.endpoint), self._users[batches.endpoint]
        try:
            session = self._sessions.open(batches.endpoint)
            # Opening takes long: the sessions of the next round, of twice as many batches, are opened during this one.
            slots = session.slots(2 * window.wanted, left * window.seconds(batches.cmdlet))
            window.overhead_seconds = session.overhead_seconds
        except SessionError:
            return 1  # the batch reports why
        return min(slots, window.wanted)

    def _at_once(self, slots: int) -> int:
        """Return how many batches may be under way: while one is saved, another one uses its slot."""
        return min(slots + slots // _BATCHES_A_SPARE, self._parallelism)
