"""The wire of a trial. As on a real one, a message may arrive long after it was sent, and hosts outlive clients.

A message that has left arrives in its own time, whether or not its sender still lives. The host decides then: it
refuses a message for a shell that was ended, and one that comes after its deadline. A host that counts the time from
the arrival of a message (``Expiry``) is there to show that the laws notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.commands import Shell
from reconciler.model.ports import Deadline, Request
from tests.support.fakes import VirtualClock


class Expiry(Enum):
    """From when a host counts the time within which a command may begin."""

    ABSOLUTE = "until a moment by its own clock"
    ARRIVAL = "from the arrival of the message"


@dataclass(frozen=True, slots=True)
class Late:
    """A write on its way, whose sender has given up, or died."""

    arrives: float
    host: str
    request: Request
    shell: Shell
    deadline: Deadline | None


@dataclass
class TrialWire:
    """What lies between the runs of a trial and its estate. It lasts as long as the trial."""

    clock: VirtualClock
    run: Callable[[str, Request], object]
    """Has the estate execute a request on a host."""
    expiry: Expiry = Expiry.ABSOLUTE
    can_end_shells: bool = True
    """False: what would end an orphan's shell never arrives."""
    under_way: list[Late] = field(default_factory=list)
    ended: set[Shell] = field(default_factory=set)
    executed: list[Late] = field(default_factory=list)
    """What arrived late and was executed all the same."""

    def send_late(self, late: Late) -> None:
        self.under_way.append(late)

    def end(self, shell: Shell) -> bool:
        """End a shell, with whatever still arrives for it; False where that message is lost."""
        if self.can_end_shells:
            self.ended.add(shell)
        return self.can_end_shells

    def deliver(self) -> None:
        """Let what was delayed arrive, as far as its time has come."""
        due = [late for late in self.under_way if late.arrives <= self.clock.seconds]
        for late in sorted(due, key=lambda one: one.arrives):
            self.under_way.remove(late)
            if self._begins(late):
                self.executed.append(late)
                self.run(late.host, late.request)

    def _begins(self, late: Late) -> bool:
        if late.shell in self.ended:
            return False
        is_in_time = late.deadline is None or late.arrives < late.deadline.monotonic
        return is_in_time or self.expiry is Expiry.ARRIVAL
