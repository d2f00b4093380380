"""How much work a call is, counted instead of timed: the same on every machine and however busy it is.

Times are measured in benchmarks; a test tells with this whether work grows as it should.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any


def effort(work: Callable[[], Any]) -> int:
    """Return how many functions ``work`` calls on this thread, of Python and of C."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def calls(work: Callable[[], Any], *functions: Callable[..., Any]) -> tuple[int, ...]:
    """Return how many times ``work`` calls each of the functions on this thread; they must be written in Python."""
    counted: Counter[object] = Counter()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            counted[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return tuple(counted[function.__code__] for function in functions)
