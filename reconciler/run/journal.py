"""The intents of one chunk of a step: durable before anything is sent, and good for a while only.

An intent says until when its command may begin, and in which shell it waits for its turn. Both are written down before
the send that they belong to, and again when they change: a send repeated later gets more time, a session opened anew
has another shell. So whoever finds an open intent knows when nothing of it can happen any more, and what to end before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.commands import Shell
from reconciler.model.errors import LeaseLost
from reconciler.model.ports import Clock, Deadline, Lease
from reconciler.model.snapshot import Intent, Obligation, StateChange

LEASE_MARGIN_SECONDS = 1.0
"""No command may begin in the last moments of the lease under which it was sent."""


def request_id(intent: Intent, turn: int) -> str:
    """Return the id of the request for the ``turn``-th command of an intent."""
    return f"{intent.id}.{turn}"


@dataclass(slots=True)
class Journal:
    """The intents under way in one chunk; implements ``reconciler.model.ports.Permit``."""

    lease: Lease
    clock: Clock
    expiry_seconds: float
    """For the first of several; each later one has to wait for those before it, and gets a second more."""
    uses: str = ""
    """The nonce of the saved plan whose commands the intents are."""
    _intents: dict[str, Intent] = field(default_factory=dict)
    _deadlines: dict[str, Deadline] = field(default_factory=dict)
    _let_go: set[str] = field(default_factory=set)

    def open(self, intents: Sequence[Intent], owe: tuple[Obligation, ...]) -> None:
        """Write intents down for the first time, with what their commands will leave owed.

        Raises:
            LeaseLost, StateError: nothing may be sent.
        """
        limits = self._limits(len(intents), 0.0)
        self._write(intents, limits, owe)

    def grant(self, ids: Sequence[str], shell: Shell, lead_seconds: float = 0.0) -> Sequence[Deadline]:
        """Return until when each request may begin; see ``reconciler.model.ports.Permit``."""
        intents = [self._intents[name.rpartition(".")[0]] for name in ids]
        limits = self._limits(len(intents), lead_seconds)
        if any(self._is_stale(intent, shell, seconds) for intent, seconds in zip(intents, limits, strict=True)):
            self._write([replace(intent, shell=shell) for intent in intents], limits, ())
        self._let_go.update(intent.id for intent in intents)
        return [self._deadlines[intent.id] for intent in intents]

    def let_go(self, intent: Intent) -> bool:
        """True where a command of this intent was allowed to leave."""
        return intent.id in self._let_go

    def outlast_seconds(self, ids: Collection[str]) -> float:
        """Return how long it takes until none of these intents can begin any more; 0 where none can."""
        return max([0.0, *(self._deadlines[name].outlast_seconds(self.clock) for name in ids)])

    def _is_stale(self, intent: Intent, shell: Shell, seconds: float) -> bool:
        return intent.shell != shell or self._deadlines[intent.id].left_seconds(self.clock) < seconds / 2

    def _limits(self, count: int, lead_seconds: float) -> list[float]:
        """Return the seconds that each of ``count`` commands in a row gets, none beyond the lease."""
        wanted = [self.expiry_seconds + lead_seconds + number for number in range(count)]
        if self.lease.remaining_seconds() - LEASE_MARGIN_SECONDS < wanted[0]:
            self.lease.renew()
        left = self.lease.remaining_seconds() - LEASE_MARGIN_SECONDS
        if left <= 0:
            raise LeaseLost()
        return [min(seconds, left) for seconds in wanted]

    def _write(self, intents: Sequence[Intent], limits: Sequence[float], owe: tuple[Obligation, ...]) -> None:
        """Write the intents with the time they have from now on; the time counts while they are written."""
        deadlines = [Deadline.after(seconds, self.clock) for seconds in limits]
        written = [
            replace(intent, expires=deadline.wall.isoformat())
            for intent, deadline in zip(intents, deadlines, strict=True)
        ]
        self.lease.commit(StateChange(intents=tuple(written), owe=owe, uses=self.uses))
        for intent, deadline in zip(written, deadlines, strict=True):
            self._intents[intent.id], self._deadlines[intent.id] = intent, deadline
