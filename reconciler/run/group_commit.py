"""Saves the changes of many threads together, so that a durable write of the disk serves all that wait for it.

The first thread that comes saves what has been queued since the last write; threads that come meanwhile wait for the
next one. A change without intents, on which no command waits, is saved with the next intents if these come soon. Each
change keeps its order. A change that drops what another one in the group puts waits for the next group,
because within one change what is put stays. Where the write of a group fails, none of its changes was saved.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.model.ports import Clock, Saver
from reconciler.model.snapshot import StateChange

PAUSE_SECONDS: Final = 0.01
"""The time from one write to the next while several threads save."""
_PATIENCE_SECONDS: Final = 0.05
"""For so long a change without intents waits for the next write."""
_SHARED_SECONDS: Final = 1.0
"""For so long after two threads took turns, more turns are expected."""


@dataclass(slots=True, eq=False)
class _Waiting:
    change: StateChange
    is_over: bool = False
    error: Exception | None = None


@dataclass(slots=True)
class GroupCommit:
    """Saves changes under one lease; implements ``reconciler.model.ports.Saver``. Thread-safe."""

    lease: Saver
    clock: Clock
    _queue: list[_Waiting] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _is_writing: bool = False
    _caller: int | None = None
    """The thread that came last."""
    _shared_until: float = float("-inf")
    """Until then threads take turns, as far as is known."""
    _began: float = float("-inf")
    """When the last write began."""

    @property
    def waiting(self) -> int:
        """Number of changes that wait for the next write."""
        with self._changed:
            return len(self._queue)

    def remaining_seconds(self) -> float:
        return self.lease.remaining_seconds()

    def renew(self) -> None:
        self.lease.renew()

    def commit(self, change: StateChange) -> None:
        """Save a change durably, alone or with others; see ``Saver``."""
        mine = _Waiting(change)
        with self._changed:
            self._note_caller()
            self._queue.append(mine)
            if not change.intents and self.clock.monotonic() < self._shared_until:
                self._changed.wait_for(lambda: mine.is_over, _PATIENCE_SECONDS)
            self._changed.wait_for(lambda: mine.is_over or not self._is_writing)
            if not mine.is_over:
                self._is_writing = True
        if not mine.is_over:
            self._write(until=mine)
        if mine.error is not None:
            raise mine.error

    def _write(self, until: _Waiting) -> None:
        try:
            while not until.is_over:
                self._pause()
                with self._changed:
                    group = self._next_group()
                self._write_group(group)
        finally:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()

    def _pause(self) -> None:
        """Let other threads join, where several save and the last write began a moment ago."""
        now = self.clock.monotonic()
        left = self._began + PAUSE_SECONDS - now
        if left > 0 and now < self._shared_until:
            self.clock.sleep(left)
        self._began = self.clock.monotonic()

    def _note_caller(self) -> None:
        if self._caller not in (None, threading.get_ident()):
            self._shared_until = self.clock.monotonic() + _SHARED_SECONDS
        self._caller = threading.get_ident()

    def _next_group(self) -> list[_Waiting]:
        group = [self._queue.pop(0)]
        put = _put(group[0].change)
        while self._queue and not put.intersection(_dropped(self._queue[0].change)):
            group.append(self._queue.pop(0))
            put |= _put(group[-1].change)
        return group

    def _write_group(self, group: Sequence[_Waiting]) -> None:
        error: Exception | None = None
        try:
            self.lease.commit(_joined([one.change for one in group]))
        except Exception as raised:
            error = raised
        with self._changed:
            for one in group:
                one.is_over, one.error = True, error
            self._changed.notify_all()


def _put(change: StateChange) -> set[object]:
    return {*(one.address.folded for one in change.remember), *(one.identity for one in change.owe)}


def _dropped(change: StateChange) -> set[object]:
    return {*(address.folded for address in change.forget), *(one.identity for one in change.discharge)}


def _joined(changes: Sequence[StateChange]) -> StateChange:
    if len(changes) == 1:
        return changes[0]
    return StateChange(
        intents=tuple(one for change in changes for one in change.intents),
        outcomes=tuple(one for change in changes for one in change.outcomes),
        remember=tuple(one for change in changes for one in change.remember),
        forget=tuple(one for change in changes for one in change.forget),
        owe=tuple(one for change in changes for one in change.owe),
        discharge=tuple(one for change in changes for one in change.discharge),
        decisions={name: value for change in changes for name, value in change.decisions.items()},
        uses=next((change.uses for change in changes if change.uses), ""),
    )
