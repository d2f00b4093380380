"""Sessions to the simulated estate that know how much of the process's time is the simulator's own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.model.commands import Reply
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Request
from tests.support.estate_sessions import EstateSessions


@dataclass(slots=True)
class MeasuredSessions(EstateSessions):
    """Every channel of one run to an estate."""

    answers_cpu: list[float] = field(default_factory=list)
    """CPU seconds of each answer."""

    def answer(self, host: str, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        began = time.thread_time()
        try:
            return EstateSessions.answer(self, host, requests)
        finally:
            self.answers_cpu.append(time.thread_time() - began)
