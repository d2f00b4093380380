"""Sessions to the simulated estate that know how much of the process's time is the simulator's own.

What arrived is counted and not kept: three hundred thousand requests would be the largest part of the memory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.model.commands import Reply
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Request
from tests.support.estate_sessions import EstateSessions


class Counted(list[tuple[str, Request]]):
    """A list that knows only how many were appended."""

    def __init__(self) -> None:
        self._appended = 0

    def append(self, one: tuple[str, Request]) -> None:
        self._appended += 1

    def __len__(self) -> int:
        return self._appended


@dataclass(slots=True)
class MeasuredSessions(EstateSessions):
    """Every channel of one run to an estate."""

    requests: list[tuple[str, Request]] = field(default_factory=Counted)
    answers_cpu: list[float] = field(default_factory=list)
    """CPU seconds of each answer."""

    def answer(self, host: str, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        began = time.thread_time()
        try:
            return EstateSessions.answer(self, host, requests)
        finally:
            self.answers_cpu.append(time.thread_time() - began)
