"""Sends commands again, and waits; no other module does. Only commands that certainly did nothing are repeated.

Only transient errors are retried, with full jitter. An ambiguous outcome is observed first (``perform.py``), a
permanent error is reported. The transport repeats messages, never commands. Attempts and seconds are limited for the
whole run, so that many clients do not overload a server in trouble.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.model.commands import Endpoint, Reply
from reconciler.model.diagnostics import SessionError, Throttled, TransientError, Unreachable
from reconciler.model.events import Waiting
from reconciler.model.ports import Clock, Emit, Random, Request, Session, Stop

if TYPE_CHECKING:
    from tenacity import RetryCallState

Result = Reply | SessionError
OnRetry = Callable[[TransientError, int, float], None]


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of retries."""

    attempts: int = 6
    """Attempts for one batch of commands, with the first."""
    first_attempts: int = 3
    """Attempts for a host that has not answered in this run: its name is usually wrong."""
    base_seconds: float = 0.5
    cap_seconds: float = 20.0
    run_seconds: float = 300.0
    """Total time in the whole run in which batches wait for attempts; those that wait together count once."""


class Retry:
    """Sends requests and repeats those that certainly did nothing. Thread-safe; one per run.

    After all attempts failed, a host gets one attempt per batch until it answers again. A plan reads each host in
    several rounds, and a mistyped name should not use all attempts in each round.
    """

    def __init__(self, clock: Clock, random: Random, policy: Policy | None = None) -> None:
        self._clock, self._random, self._policy = clock, random, policy or Policy()
        self._spent = 0.0
        self._waits_until = float("-inf")
        """When the last wait so far ends."""
        self._answered: set[Endpoint] = set()
        self._given_up: set[Endpoint] = set()
        self._lock = threading.Lock()

    def invoke(
        self, open_session: Callable[[], Session], requests: Sequence[Request], on_retry: OnRetry
    ) -> list[Result]:
        """Return one result per request, in order; the last transient error of a request is its result."""
        results: dict[str, Result] = {}
        endpoints = frozenset(request.command.endpoint for request in requests)
        tries = _Tries()

        def attempt() -> list[TransientError]:
            pending = [request for request in requests if isinstance(results.get(request.id, _NONE), TransientError)]
            results.update(_send(open_session, pending))
            if any(not isinstance(result, Unreachable) for result in results.values()):
                self._note_answer(endpoints)
            errors = [result for result in results.values() if isinstance(result, TransientError)]
            tries.note(len(pending), errors)
            return errors

        results.update({request.id: _NONE for request in requests})
        if errors := attempt():
            self._repeat(chain([errors], iter(attempt, None)), tries, endpoints, on_retry)
        if all(isinstance(result, Unreachable) for result in results.values()):
            with self._lock:
                self._given_up |= endpoints
        return [results[request.id] for request in requests]

    def _repeat(
        self, attempts: Iterator[list[TransientError]], tries: _Tries, endpoints: frozenset[Endpoint], on_retry: OnRetry
    ) -> None:
        """Make attempts, the first of which has failed, until one has no errors or the limits are reached."""
        from tenacity import Retrying, retry_if_result  # most plans and applies repeat nothing

        Retrying(
            retry=retry_if_result(bool),
            stop=lambda _: self._is_over(tries, endpoints),
            wait=lambda state: self._wait(tries, _errors(state)),
            sleep=self._clock.sleep,
            before_sleep=lambda state: on_retry(_first(state), state.attempt_number, state.upcoming_sleep),
            retry_error_callback=lambda _: None,
        )(partial(next, attempts))

    def _note_answer(self, endpoints: frozenset[Endpoint]) -> None:
        with self._lock:
            self._answered |= endpoints
            self._given_up -= endpoints

    def _wait(self, tries: _Tries, errors: Sequence[TransientError]) -> float:
        ceiling = min(self._policy.cap_seconds, self._policy.base_seconds * 2.0**tries.in_vain)
        asked = max(error.delay_seconds for error in errors)
        seconds = asked + self._random.uniform(0.0, ceiling)
        with self._lock:
            now = self._clock.monotonic()
            if tries.in_vain:
                self._spent += max(0.0, now + seconds - max(now, self._waits_until))
            self._waits_until = max(self._waits_until, now + seconds)
        return seconds

    def _is_over(self, tries: _Tries, endpoints: frozenset[Endpoint]) -> bool:
        with self._lock:
            allowed = self._policy.attempts if endpoints <= self._answered else self._policy.first_attempts
            if endpoints & self._given_up:
                allowed = 1
            return tries.in_vain >= allowed or (tries.in_vain > 0 and self._spent >= self._policy.run_seconds)


@dataclass(slots=True)
class _Tries:
    """The attempts of one batch."""

    in_vain: int = 0
    """Attempts since a throttled host ran a part of the batch. There, waiting helps as often as it must."""

    def note(self, sent: int, errors: Sequence[TransientError]) -> None:
        is_served = 0 < len(errors) < sent and all(isinstance(error, Throttled) for error in errors)
        self.in_vain = 0 if is_served else self.in_vain + 1


_NONE = TransientError()
"""The result of a request before it is sent."""


def _send(open_session: Callable[[], Session], pending: Sequence[Request]) -> dict[str, Result]:
    try:
        return dict(zip((request.id for request in pending), open_session().invoke(pending), strict=True))
    except SessionError as error:
        return {request.id: error for request in pending}


def _errors(state: RetryCallState) -> list[TransientError]:
    assert state.outcome is not None
    found: list[TransientError] = state.outcome.result()
    return found


def _first(state: RetryCallState) -> TransientError:
    return _errors(state)[0]


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits for waiting, in seconds."""

    ready: float = 900.0
    """For replication before exchucutil, and for a pool to be ready before a restart."""
    settle: float = 60.0
    """For an effect to appear after the server reported success."""
    expiry: float = 30.0
    """The time after the send in which the runner may still begin a command."""


_LONGEST_SLEEP = 600.0
"""Seconds. The wall clock may be set while a run waits for a time of day, so it is asked again."""
_OFTEN, _SELDOM = 10.0, 30.0
"""The longest pause between two reads in seconds: in the first minutes, and later."""
_MINUTES = 300.0


@dataclass(slots=True)
class Wait:
    """A wait of the step ``who``. The operator ends it with ``level`` requests to stop."""

    who: str
    emit: Emit
    clock: Clock
    stop: Stop
    level: int = 2
    pause: float = 0.25
    began: float = field(init=False)
    _reason: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    @property
    def is_ended(self) -> bool:
        """True after the operator asked to stop."""
        return self.stop.level() >= self.level

    @property
    def seconds(self) -> float:
        """The duration so far."""
        return self.clock.monotonic() - self.began

    def announce(self, reason: str) -> None:
        """Emit the reason of the wait, unless it is the last one."""
        if reason != self._reason:
            self._reason = reason
            self.emit(Waiting(self.who, reason))

    def rest(self) -> None:
        """Sleep until the next read."""
        self.sleep(self.pause)
        self.pause = min(self.pause * 2, _OFTEN if self.seconds < _MINUTES else _SELDOM)

    def until(self, moment: datetime) -> None:
        """Sleep until a time of day or for ten minutes. The wait for anything else begins only then."""
        left = (moment - self.clock.now()).total_seconds()
        self.sleep(min(max(left, 1.0), _LONGEST_SLEEP))
        self.began = self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep, at most until the operator ends the wait."""
        end = self.clock.monotonic() + seconds
        while not self.is_ended and (left := end - self.clock.monotonic()) > 0:
            self.clock.sleep(min(left, self.stop.look_seconds))
