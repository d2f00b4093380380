"""The channels to one host, and their assignment to calls. A channel serves one call at a time; others wait.

A further channel costs as much as the first: a process with its snap-in, 10 to 20 seconds, and one of the few shells of
an account. If the engine knows how much work is left (``slots``), channels are opened in the background while each has
work for twice the time that opening takes. Otherwise a call first waits as long as opening would take, and only then
opens a second channel. The wait is never more than twice the shortest possible wait (the ski rental rule).

If the host grants no further shell, other runs of the account may need one too: one channel is closed, and the limit
falls to the others.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from providers.transport.session.channel import Channel
from providers.transport.session.pending import Result
from reconciler.model.diagnostics import PermanentError, SessionError, Throttled, TransientError
from reconciler.model.ports import Clock, Request

_UNASKED: Final = 2
"""Channels that calls open because they waited."""
_WORTH_SECONDS: Final = 0.03
"""What a channel costs: the computing time of both sides. Among n channels a further one saves an n-th of the work of
each, so each must have so much work for each channel, and twice the time that opening takes."""
IDS_KEPT: Final = 5000
"""The number of writes whose channel is remembered; a runner remembers the same number of replies."""


@dataclass(slots=True, eq=False)
class _Call:
    """A call that waits for a channel; for ``wanted``, if there is one."""

    wanted: Channel | None
    given: Channel | None = None

    def accepts(self, channel: Channel) -> bool:
        return self.given is None and self.wanted in (None, channel)


class Occupancy(NamedTuple):
    """How busy the channels of a host are."""

    free: int
    opening: int
    """Channels that are opened in the background."""
    waiting: int
    """Calls that wait for a channel."""


class Channels:
    """The channels to one host, opened when needed. Thread-safe; the call that waits longest comes first."""

    def __init__(
        self,
        new: Callable[[], Channel],
        *,
        clock: Clock,
        limit: int,
        queue_seconds: float,
        ended: Callable[[], SessionError],
    ) -> None:
        """``new`` returns an unopened channel. ``ended`` returns the error for a call after the end."""
        self._new, self._clock, self._ended = new, clock, ended
        self.limit, self._queue_seconds = limit, queue_seconds
        self._all: list[Channel] = []
        self._free: list[Channel] = []
        self._calls: list[_Call] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._failure: PermanentError | None = None
        self._went_to: OrderedDict[str, Channel] = OrderedDict()
        self._opening: set[Channel] = set()
        """Channels that are opened in the background."""
        self._is_at_quota = False
        """True from a refused shell until the others are open or refused."""
        self._leaving: set[Channel] = set()
        """Channels that are being closed."""

    @property
    def all(self) -> Sequence[Channel]:
        """Every channel so far, the first one first."""
        with self._changed:
            return tuple(self._all)

    @property
    def occupancy(self) -> Occupancy:
        with self._changed:
            return Occupancy(len(self._free), len(self._opening), len(self._calls))

    def invoke(self, requests: Sequence[Request]) -> list[Result]:
        """Return the result of each request, as ``Channel.invoke`` does, over the first free channel.

        Raises:
            SessionError: nothing was sent. After a ``PermanentError`` the host is not tried again.
        """
        while True:
            with self._borrowed(requests) as channel:
                self.raise_failure()
                try:
                    return channel.invoke(requests)
                except PermanentError as error:
                    self._failure = error
                    raise
                except TransientError:
                    if not self._do_without(channel):
                        raise

    @property
    def opening_seconds(self) -> float:
        """The time that a further channel takes to open; see ``reconciler.model.ports.Session``."""
        if self.limit == 1:
            return math.inf
        return next((channel.load_seconds or 0.0 for channel in self.all), 0.0)

    def slots(self, wanted: int, seconds_left: float) -> int:
        """Return how many calls can run at the same time; see ``reconciler.model.ports.Session``."""
        with self._changed:
            cost = self._all[0].load_seconds if self._all else None
            while cost is not None and not self._is_closed and len(self._all) < min(wanted, self.limit):
                open_ = len(self._all)
                if seconds_left / open_ <= max(2 * cost, _WORTH_SECONDS * (open_ + 1)):
                    break
                channel = self._further()
                self._opening.add(channel)
                threading.Thread(target=self._open, args=(channel,), name="opening", daemon=True).start()
            return max(1, min(wanted, self.limit, len(self._all) - len(self._opening)))

    def _open(self, channel: Channel) -> None:
        try:
            channel.open()
        except SessionError as error:
            with self._changed:
                self._give_up(channel)
                self._is_at_quota |= isinstance(error, Throttled)
        finally:
            with self._changed:
                self._opening.discard(channel)
                self._spare_one()
            self._give_back(channel)
            self._close_surplus()

    def _spare_one(self) -> None:
        """Leave a shell to other runs of an account at its quota, once it is known how many it has."""
        if self._is_at_quota and not self._opening:
            self._is_at_quota = False
            self.limit = max(min(self.limit, _UNASKED), self.limit - 1)

    def _close_surplus(self) -> None:
        """Close free channels above the limit; a channel in use is closed when its call ends."""
        while True:
            with self._changed:
                if len(self._all) <= self.limit or not self._free:
                    return
                channel = self._free.pop()
            self._give_back(channel)

    def raise_failure(self) -> None:
        """Raise the permanent failure of the host, if there is one."""
        if self._failure is not None:
            raise self._failure

    # --- which call uses which channel --------------------------------------------------------------------------------

    @contextmanager
    def _borrowed(self, requests: Iterable[Request]) -> Iterator[Channel]:
        writes = [request.id for request in requests if request.command.writes]
        channel = self._take(writes)
        try:
            yield channel
        finally:
            self._give_back(channel)

    def _take(self, writes: Sequence[str]) -> Channel:
        with self._changed:
            # A repeated write goes to the channel that may remember its reply; on another one it would run again.
            wanted = next((self._went_to[name] for name in writes if name in self._went_to), None)
            call = _Call(wanted)
            self._calls.append(call)
            try:
                channel = self._wait(call)
            except BaseException:
                if call.given is not None:
                    self._give_back(call.given)
                raise
            finally:
                self._calls.remove(call)
                self._changed.notify_all()
            self._note(writes, channel)
            return channel

    def _wait(self, call: _Call) -> Channel:
        """Wait until ``call`` gets a channel, or may open one."""
        began = self._clock.monotonic()
        while True:
            self._serve()
            if call.given is not None:
                return call.given
            if self._is_closed:
                raise self._ended()
            if call.wanted not in self._all:
                call.wanted = None
            if call is self._next_to_open and self._may_open(self._clock.monotonic() - began):
                return self._further()
            may_open_later = 0 < len(self._all) < min(self.limit, _UNASKED)
            self._changed.wait(self._queue_seconds / 4 if may_open_later else None)

    @property
    def _next_to_open(self) -> _Call | None:
        """The call that waits longest for any channel."""
        return next((call for call in self._calls if call.wanted is None and call.given is None), None)

    def _further(self) -> Channel:
        channel = self._new()
        if self._all:  # the mode of the host is known by now
            channel.mode = self._all[0].mode
        self._all.append(channel)
        return channel

    def _serve(self) -> None:
        """Give free channels to the waiting calls, in the order they came."""
        if self._is_closed:
            return
        for call in self._calls:
            for channel in self._free:
                if call.accepts(channel):
                    call.given = channel
                    self._free.remove(channel)
                    self._changed.notify_all()
                    break

    def _may_open(self, waited_seconds: float) -> bool:
        if not self._all:
            return True
        cost = self._all[0].load_seconds
        return (
            len(self._all) < min(self.limit, _UNASKED)
            and cost is not None
            and waited_seconds >= max(cost, self._queue_seconds)
        )

    def _note(self, writes: Sequence[str], channel: Channel) -> None:
        for name in writes:
            self._went_to[name] = channel
            self._went_to.move_to_end(name)
        while len(self._went_to) > IDS_KEPT:
            self._went_to.popitem(last=False)

    def _give_back(self, channel: Channel) -> None:
        with self._changed:
            if channel in self._all and len(self._all) > self.limit:
                self._forget(channel)
            if channel in self._all and not self._is_closed:
                self._free.append(channel)
            else:
                self._leaving.add(channel)
            self._changed.notify_all()
        if channel in self._leaving:
            _close(channel)
            with self._changed:
                self._leaving.discard(channel)
                self._all = [other for other in self._all if other is not channel]
                self._changed.notify_all()

    def _do_without(self, channel: Channel) -> bool:
        """Give up a further channel that could not be opened, and open no more; False for the only channel."""
        with self._changed:
            if len(self._all) == 1 or channel.load_seconds is not None:
                return False
            self._give_up(channel)
            return True

    def _give_up(self, channel: Channel) -> None:
        """Do without a channel that could not be opened, and open no more."""
        self._forget(channel)
        self.limit = max(1, min(self.limit, len(self._all)))

    def _forget(self, channel: Channel) -> None:
        if channel in self._all:
            self._all.remove(channel)
        for name in [name for name, other in self._went_to.items() if other is channel]:
            del self._went_to[name]

    # --- between calls, and at the end -------------------------------------------------------------------------------

    def beat(self) -> None:
        """Keep every free channel alive; a call that comes meanwhile waits for the reply."""
        for channel in self.all:
            with self._changed:
                if channel not in self._free or self._is_closed:
                    continue
                self._free.remove(channel)
            try:
                channel.beat()
            finally:
                self._give_back(channel)

    def close(self, wait_seconds: float) -> None:
        """Close every channel. A channel that is still in use after ``wait_seconds`` is closed by its call."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            free, self._free = self._free, []
        for channel in free:
            _close(channel)
        with self._changed:
            self._all = [channel for channel in self._all if channel not in free]
            self._changed.wait_for(lambda: not (self._all or self._leaving), wait_seconds)


def _close(channel: Channel) -> None:
    with suppress(Exception):
        channel.close()
