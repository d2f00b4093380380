"""The real clock, random numbers, threads and signals for the ports."""

from __future__ import annotations

import math
import random
import secrets
import signal
import sys
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
        # One call, because an apply needs three identifiers for each action.
        return secrets.token_hex(13)


_ARENAS: Final = -8
"""The setting of glibc's ``mallopt`` for the most arenas: M_ARENA_MAX in malloc.h."""


def share_memory_of_threads() -> None:
    """Let all threads take memory from one arena of the C library.

    glibc makes an arena for each thread, and what a thread frees there is not reused by others: the replies of many
    sessions took a tenth of the memory of a plan. Other C libraries have no such setting and stay as they are.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENAS, 1)


_SIGNAL_DELAY_SECONDS: Final = 0.2
"""The longest delay before a signal is handled."""


class ThreadScheduler:
    """Runs jobs on threads, ``parallelism`` at a time."""

    def __init__(self, parallelism: int) -> None:
        self.parallelism = parallelism
        self._pool = ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="step")
        self._ended: SimpleQueue[str] = SimpleQueue()

    def submit(self, key: str, job: Callable[[], None]) -> None:
        def run() -> None:
            try:
                job()
            finally:
                self._ended.put(key)

        self._pool.submit(run)

    def wait(self, seconds: float | None = None) -> Sequence[str]:
        ended = self._next(time.monotonic() + (float("inf") if seconds is None else seconds))
        while not self._ended.empty():
            ended.append(self._ended.get())
        return ended

    def _next(self, until: float) -> list[str]:
        # A signal may reach a thread of the pool, and on Windows it does not end a wait. Its handler runs when this
        # thread wakes, so the wait has a timeout.
        while (left := until - time.monotonic()) > 0:
            with suppress(Empty):
                return [self._ended.get(timeout=min(left, _SIGNAL_DELAY_SECONDS))]
        return []

    def close(self) -> None:
        """Wait for running jobs and drop waiting ones."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _hang_up() -> list[signal.Signals]:
    """Return SIGHUP, where the system has it and it is not ignored."""
    is_heard = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return [signal.SIGHUP] if is_heard else []


def _ignoring_output_errors() -> AbstractContextManager[None]:
    """Return a context that ignores errors of output: the terminal may be closed, or a write may be interrupted."""
    return suppress(OSError, RuntimeError, ValueError)


class SignalStop:
    """Counts the requests to stop: SIGINT of the operator and SIGTERM of the system.

    Before changes to servers (``begin``), the first request ends the command after the pending replies. Later, the
    first request lets running steps finish, and the second stops after the journal is written. Python runs signal
    handlers in the main thread and steps in others, so no command is interrupted.
    """

    look_seconds = 1.0

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
        """Handle signals inside the context; only the main thread can do this.

        An ignored SIGHUP stays ignored, for ``nohup``.
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
                with _ignoring_output_errors():
                    self._on_ending()
            # Not an ``Exception``, because code that reads a server catches those. Not ``KeyboardInterrupt`` either:
            # where one came through a text that ``exec`` runs, as when a dataclass is made, ``python -m`` ends by
            # SIGINT and not with 130.
            raise SystemExit(self.exit_code)
        with _ignoring_output_errors():
            self._on_signal(number, self.count)

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM and SIGHUP."""
        return 130 if self.signal == signal.SIGINT else 143


class NeverStop:
    """A stop that is never requested."""

    exit_code = 0
    look_seconds = math.inf

    def level(self) -> int:
        return 0

    def begin(self) -> None:
        return
