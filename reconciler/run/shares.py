"""Divides the reads of one host among its sessions.

A session answers one read after the other. Where the reads take longer than a session takes to open, several sessions
answer them side by side. How many a host grants is found out as for writes (``Session.slots``). Listings ask for
at most ``MOST``. Checks that a server runs as for a write take as long as a write: they begin with as many sessions as
writes do, and each answer adds one. Where reads are quick, or the host has one session only, they are one message.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.commands import Command, Endpoint
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Session, Sessions
from reconciler.run.slots import FEW, USUAL_SECONDS

MOST: Final = FEW
"""The most sessions of a host that listings open, as many as writes have at first. The account needs the others."""
FIRST: Final = 1
"""Reads in the first message to a host. Nobody knows before whether the host answers, and how long a read takes."""
SHARE_SECONDS: Final = 0.1
"""How long a share should take at least, because its messages cost time too."""
_SHARES: Final = 2
"""About how many shares each session gets of many reads. Later shares are smaller, so all sessions end together."""
_HALVES: Final = 2
"""In so many messages all reads wait where opening a session takes longer, unless more sessions are open already."""


class Paces:
    """How long one read of a kind takes on each host, and how many sessions may answer such reads. Thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        self.most: Final = most
        self._seconds: dict[Endpoint, float | None] = {}
        self._lock = threading.Lock()

    def of_checks(self, most: int) -> Paces:
        """Return the paces of reads that take as long as writes: it is known which hosts answer, but not how fast."""
        paces = Paces(most)
        with self._lock:
            paces._seconds = dict.fromkeys(self._seconds)
        return paces

    def knows(self, endpoint: Endpoint) -> bool:
        """Return True after the host has answered."""
        return endpoint in self._seconds

    def seconds(self, endpoint: Endpoint) -> float:
        """Return the shortest time per read that a message took so far; a usual time if none was measured."""
        seconds = self._seconds.get(endpoint)
        return USUAL_SECONDS if seconds is None else seconds

    def note(self, endpoint: Endpoint, reads: int, seconds: float) -> None:
        """Learn from a message that was answered; ``seconds``: without those in which it opened its session."""
        with self._lock:
            known = self._seconds.get(endpoint)
            self._seconds[endpoint] = min(math.inf if known is None else known, max(0.0, seconds) / reads)


@dataclass(slots=True)
class Asked:
    """The reads of one host, as far as they were handed out."""

    endpoint: Endpoint
    commands: Sequence[Command]
    paces: Paces
    began: float = 0.0
    taken: int = 0
    handed_out: int = 0
    """Shares that were handed out."""
    under_way: int = 0
    """Those of them that have not ended."""

    @property
    def left(self) -> int:
        return len(self.commands) - self.taken

    @property
    def is_over(self) -> bool:
        return not (self.left or self.under_way)

    def take(self, size: int) -> Sequence[Command]:
        """Return the next share."""
        share = self.commands[self.taken : self.taken + size]
        self.taken += len(share)
        self.handed_out += 1
        self.under_way += 1
        return share


def dealt(commands: Sequence[Command]) -> Sequence[Command]:
    """Return the reads with neighbours moved apart: those of one type stand together and often take equally long."""
    return (*commands[::2], *commands[1::2])


def next_share(asked: Asked, sessions: Sessions) -> int:
    """Return how many reads to hand out now; 0 where all sessions of the host are in use."""
    if not asked.left:
        return 0
    try:
        session = sessions.open(asked.endpoint)
    except SessionError:
        return asked.left  # the read reports why
    if not asked.paces.knows(asked.endpoint):
        is_alone = session.opening_seconds == math.inf or asked.taken
        return 0 if asked.under_way else asked.left if is_alone else min(asked.left, FIRST)
    seconds = asked.paces.seconds(asked.endpoint)
    size = _size(asked, session, seconds)
    if size >= asked.left and not asked.under_way:
        return asked.left
    ended = asked.handed_out - asked.under_way
    wanted = min(asked.paces.most, FEW + ended, asked.under_way + math.ceil(asked.left / size))
    # While one share is answered, another one waits for its session: it opens one where that takes too long.
    return size if asked.under_way <= session.slots(wanted, asked.left * seconds) else 0


def _size(asked: Asked, session: Session, seconds: float) -> int:
    """Return the reads of a share."""
    quick = SHARE_SECONDS + session.overhead_seconds
    if session.opening_seconds == math.inf or asked.left * seconds <= quick:
        return asked.left
    if asked.left * seconds <= 2 * session.opening_seconds and session.slots(_HALVES + 1, 0.0) <= _HALVES:
        return min(asked.left, math.ceil(len(asked.commands) / _HALVES))
    return min(asked.left, max(math.ceil(quick / seconds), asked.left // (_SHARES * asked.paces.most)))
