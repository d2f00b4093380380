"""The real clock, chance, threads and signals behind the ports."""

from __future__ import annotations

import random
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SystemRandom:
    def uniform(self, low: float, high: float) -> float:
        return random.uniform(low, high)

    def identifier(self) -> str:
        # In one draw: an apply needs three of them for every action.
        return secrets.token_hex(13)


_HEEDS_SIGNALS_SECONDS: Final = 0.2
"""How long a signal may wait, at most, until it is heeded."""


class ThreadScheduler:
    """Runs jobs on threads, ``parallelism`` at a time."""

    def __init__(self, parallelism: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="step")
        self._ended: SimpleQueue[str] = SimpleQueue()

    def submit(self, key: str, job: Callable[[], None]) -> None:
        def run() -> None:
            try:
                job()
            finally:
                self._ended.put(key)

        self._pool.submit(run)

    def wait(self) -> Sequence[str]:
        ended = [self._next()]
        while not self._ended.empty():
            ended.append(self._ended.get())
        return ended

    def _next(self) -> str:
        # A signal may reach a thread of the pool, and on Windows none ends a wait: its handler runs once this thread is
        # awake, so it wakes again and again.
        while True:
            with suppress(Empty):
                return self._ended.get(timeout=_HEEDS_SIGNALS_SECONDS)

    def close(self) -> None:
        """Wait for the jobs that run; those that wait for their turn are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _hang_up() -> list[signal.Signals]:
    """Return SIGHUP, where the system has it and nobody asked to ignore it."""
    is_heard = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return [signal.SIGHUP] if is_heard else []


def _unheard() -> AbstractContextManager[None]:
    """Return a context in which nobody may be listening: the terminal that told of a signal may be gone, or a text may
    be half written that this would write into."""
    return suppress(OSError, RuntimeError, ValueError)


class SignalStop:
    """Counts the operator's wishes to stop: SIGINT, and SIGTERM of the system.

    Before servers are changed (``begin``), while a plan is made or a person is asked, the first ends the command, once
    what was asked is answered. After that the first lets running steps finish, the second stops after journalling what
    is under way. Python runs handlers between two instructions of the main thread, and steps run on others: no command
    is ever cut in half.
    """

    def __init__(self, on_signal: Callable[[int, int], None], on_ending: Callable[[], None] = lambda: None) -> None:
        self._on_signal, self._on_ending = on_signal, on_ending
        self.count = 0
        self.signal = 0
        self._has_begun = False

    def level(self) -> int:
        return self.count

    def begin(self) -> None:
        self._has_begun = True

    @contextmanager
    def installed(self) -> Iterator[SignalStop]:
        """Handle signals while entered; in a thread other than the main one, do nothing.

        A hang-up that is ignored stays so: ``nohup`` asked for that.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        numbers = [signal.SIGINT, signal.SIGTERM, *_hang_up()]
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.signal = number
        if not self._has_begun:
            if self.count == 1:
                with _unheard():
                    self._on_ending()
            # No ``Exception``: what reads a server takes those for its own.
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(self.exit_code)
        with _unheard():
            self._on_signal(number, self.count)

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM and SIGHUP."""
        return 130 if self.signal == signal.SIGINT else 143


class NeverStop:
    """Nobody asks to stop."""

    exit_code = 0

    def level(self) -> int:
        return 0

    def begin(self) -> None:
        return
