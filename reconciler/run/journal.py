"""Saves the intents of one batch of a step before their commands are sent.

An intent holds the deadline of its command and the shell that runs it. A session knows both when it is about to send;
then they are saved, and again when they change: a repeated send gets a later deadline, a new session has another shell.
So a later run knows which shell to end, and when the command can no longer begin. What was never about to be sent is
never saved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.commands import Shell
from reconciler.model.diagnostics import LeaseLost
from reconciler.model.ports import Clock, CrashPoint, Deadline, Saver
from reconciler.model.snapshot import Intent, Obligation, StateChange

LEASE_MARGIN_SECONDS = 1.0
"""No command may begin in the last second of its lease."""


def request_id(intent: Intent, turn: int) -> str:
    """Return the id of the request for the ``turn``-th command of an intent."""
    return f"{intent.id}.{turn}"


@dataclass(slots=True)
class Journal:
    """The open intents of one batch; implements ``reconciler.model.ports.Permit``."""

    lease: Saver
    clock: Clock
    point: CrashPoint
    expiry_seconds: float
    """Time for the first command; each later one waits for the others and gets one second more."""
    intents: Mapping[str, Intent]
    """By id; nothing of them is saved yet."""
    owes: tuple[Obligation, ...] = ()
    """The obligations that the commands create, saved together with the first intents."""
    uses: str = ""
    """The nonce of the saved plan whose commands the intents are."""
    _saved: dict[str, Intent] = field(default_factory=dict)
    _deadlines: dict[str, Deadline] = field(default_factory=dict)

    def grant(self, ids: Sequence[str], shell: Shell, lead_seconds: float = 0.0) -> Sequence[Deadline]:
        """Return the deadline of each request; see ``reconciler.model.ports.Permit``."""
        names = [name.rpartition(".")[0] for name in ids]
        limits = self._limits(len(names), lead_seconds)
        if any(self._is_stale(name, shell, seconds) for name, seconds in zip(names, limits, strict=True)):
            self._save([replace(self.intents[name], shell=shell) for name in names], limits)
        return [self._deadlines[name] for name in names]

    def let_go(self, intent: Intent) -> bool:
        """True if the intent was saved, so that one of its commands may have been sent."""
        return intent.id in self._saved

    def outlast_seconds(self, ids: Collection[str]) -> float:
        """Return the seconds until none of these intents can begin any more."""
        known = (self._deadlines[name] for name in ids if name in self._deadlines)
        return max([0.0, *(deadline.outlast_seconds(self.clock) for deadline in known)])

    def _is_stale(self, name: str, shell: Shell, seconds: float) -> bool:
        saved = self._saved.get(name)
        return saved is None or saved.shell != shell or self._deadlines[name].left_seconds(self.clock) < seconds / 2

    def _limits(self, count: int, lead_seconds: float) -> list[float]:
        """Return the seconds for each of ``count`` successive commands, within the lease."""
        wanted = [self.expiry_seconds + lead_seconds + number for number in range(count)]
        if self.lease.remaining_seconds() - LEASE_MARGIN_SECONDS < wanted[0]:
            self.lease.renew()
        left = self.lease.remaining_seconds() - LEASE_MARGIN_SECONDS
        if left <= 0:
            raise LeaseLost()
        return [min(seconds, left) for seconds in wanted]

    def _save(self, intents: Sequence[Intent], limits: Sequence[float]) -> None:
        """Save the intents with their deadlines; the time also runs while they are saved."""
        deadlines = [Deadline.after(seconds, self.clock) for seconds in limits]
        written = [
            replace(intent, expires=deadline.wall.isoformat())
            for intent, deadline in zip(intents, deadlines, strict=True)
        ]
        self.point("before-intent")
        self.lease.commit(StateChange(intents=tuple(written), owe=self.owes, uses=self.uses))
        self.point("after-intent")
        self.owes = ()
        self._saved.update((intent.id, intent) for intent in written)
        self._deadlines.update((intent.id, deadline) for intent, deadline in zip(written, deadlines, strict=True))
