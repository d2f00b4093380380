"""Saves the intents of one chunk of a step before their commands are sent.

An intent holds the deadline of its command and the shell that runs it. Both are saved before the send, and again when
they change: a repeated send gets a later deadline, a new session has another shell. So a later run knows which shell to
end, and when the command can no longer begin.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.commands import Shell
from reconciler.model.diagnostics import LeaseLost
from reconciler.model.ports import Clock, Deadline, Lease
from reconciler.model.snapshot import Intent, Obligation, StateChange

LEASE_MARGIN_SECONDS = 1.0
"""No command may begin in the last second of its lease."""


def request_id(intent: Intent, turn: int) -> str:
    """Return the id of the request for the ``turn``-th command of an intent."""
    return f"{intent.id}.{turn}"


@dataclass(slots=True)
class Journal:
    """The open intents of one chunk; implements ``reconciler.model.ports.Permit``."""

    lease: Lease
    clock: Clock
    expiry_seconds: float
    """Time for the first command; each later one waits for the others and gets one second more."""
    uses: str = ""
    """The nonce of the saved plan whose commands the intents are."""
    _intents: dict[str, Intent] = field(default_factory=dict)
    _deadlines: dict[str, Deadline] = field(default_factory=dict)
    _let_go: set[str] = field(default_factory=set)

    def open(self, intents: Sequence[Intent], owe: tuple[Obligation, ...]) -> None:
        """Save intents for the first time, with the obligations that their commands create.

        Raises:
            LeaseLost, StateError: nothing may be sent.
        """
        limits = self._limits(len(intents), 0.0)
        self._write(intents, limits, owe)

    def grant(self, ids: Sequence[str], shell: Shell, lead_seconds: float = 0.0) -> Sequence[Deadline]:
        """Return the deadline of each request; see ``reconciler.model.ports.Permit``."""
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
        """Return the seconds until none of these intents can begin any more."""
        return max([0.0, *(self._deadlines[name].outlast_seconds(self.clock) for name in ids)])

    def _is_stale(self, intent: Intent, shell: Shell, seconds: float) -> bool:
        return intent.shell != shell or self._deadlines[intent.id].left_seconds(self.clock) < seconds / 2

    def _limits(self, count: int, lead_seconds: float) -> list[float]:
        """Return the seconds for each of ``count`` successive commands, within the lease."""
        wanted = [self.expiry_seconds + lead_seconds + number for number in range(count)]
        if self.lease.remaining_seconds() - LEASE_MARGIN_SECONDS < wanted[0]:
            self.lease.renew()
        left = self.lease.remaining_seconds() - LEASE_MARGIN_SECONDS
        if left <= 0:
            raise LeaseLost()
        return [min(seconds, left) for seconds in wanted]

    def _write(self, intents: Sequence[Intent], limits: Sequence[float], owe: tuple[Obligation, ...]) -> None:
        """Save the intents with their deadlines; the time also runs while they are saved."""
        deadlines = [Deadline.after(seconds, self.clock) for seconds in limits]
        written = [
            replace(intent, expires=deadline.wall.isoformat())
            for intent, deadline in zip(intents, deadlines, strict=True)
        ]
        self.lease.commit(StateChange(intents=tuple(written), owe=owe, uses=self.uses))
        for intent, deadline in zip(written, deadlines, strict=True):
            self._intents[intent.id], self._deadlines[intent.id] = intent, deadline
