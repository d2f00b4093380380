"""Retrying: only what certainly did nothing, within one budget, with the server's own delay honoured."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from providers.cmdlets.products import LYNC
from reconciler.model.commands import Endpoint, Reply, write
from reconciler.model.diagnostics import (
    AmbiguousOutcome,
    Diagnostic,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
)
from reconciler.model.events import Waiting
from reconciler.model.ports import Request, Session
from reconciler.run.retry import Policy, Retry, Wait
from reconciler.run.system import NeverStop
from tests.support.fakes import FunctionSessions, Recorder, SeededRandom, VirtualClock

TOLD = Diagnostic("Busy", "The server is busy.")


def requests(count: int) -> list[Request]:
    return [Request(f"r{number}", write("Set-Box", Identity=str(number))) for number in range(count)]


def test_only_the_request_that_failed_is_sent_again() -> None:
    failing = {"r1": 2}

    def answer(request: Request) -> Reply | SessionError:
        if failing.get(request.id, 0):
            failing[request.id] -= 1
            return Throttled(TOLD)
        return Reply(({"id": request.id},))

    sessions, clock = FunctionSessions(answer), VirtualClock()
    retried: list[int] = []
    retry = Retry(clock, SeededRandom())
    results = retry.invoke(lambda: sessions, requests(3), lambda _, attempt, __: retried.append(attempt))
    assert [result.records[0]["id"] for result in results if isinstance(result, Reply)] == ["r0", "r1", "r2"]
    assert [request.id for request in sessions.sent] == ["r0", "r1", "r2", "r1", "r1"]
    assert retried == [1, 2]


@pytest.mark.parametrize("error", [AmbiguousOutcome(TOLD), PermanentError(TOLD)])
def test_anything_else_is_returned_at_once(error: SessionError) -> None:
    sessions, clock = FunctionSessions(lambda _: error), VirtualClock()
    results = Retry(clock, SeededRandom()).invoke(lambda: sessions, requests(1), lambda *_: None)
    assert (results, len(sessions.sent), clock.seconds) == ([error], 1, 0)


def test_attempts_and_seconds_are_limited_over_the_whole_run() -> None:
    sessions, clock = FunctionSessions(lambda _: TransientError(TOLD)), VirtualClock()
    retry = Retry(clock, SeededRandom(), Policy(attempts=4, run_seconds=10.0))
    retry.invoke(lambda: sessions, requests(1), lambda *_: None)
    assert len(sessions.sent) == 4
    for _ in range(20):
        retry.invoke(lambda: sessions, requests(1), lambda *_: None)
    assert clock.seconds < 10.0 + 20.0


def test_a_throttled_host_that_goes_on_is_waited_for_as_often_as_it_must() -> None:
    clock, served = VirtualClock(), Counter[int]()

    def answer(request: Request) -> Reply | SessionError:
        period = int(clock.seconds // 5)
        served[period] += 1
        return Reply() if served[period] <= 4 else Throttled(TOLD, delay_seconds=5.0)

    sessions = FunctionSessions(answer)
    results = Retry(clock, SeededRandom(), Policy(attempts=3, run_seconds=20.0)).invoke(
        lambda: sessions, requests(60), lambda *_: None
    )
    assert all(isinstance(result, Reply) for result in results)
    assert clock.seconds > 20.0, "more than the budget for attempts in vain"


def test_a_throttled_host_that_runs_nothing_is_given_up() -> None:
    sessions, clock = FunctionSessions(lambda _: Throttled(TOLD, delay_seconds=5.0)), VirtualClock()
    results = Retry(clock, SeededRandom()).invoke(lambda: sessions, requests(3), lambda *_: None)
    assert [type(result) for result in results] == [Throttled] * 3
    assert len(sessions.sent) == 3 * Policy().attempts


def test_batches_that_wait_at_the_same_time_spend_the_time_once() -> None:
    busy = Throttled(TOLD, delay_seconds=5.0)
    answers: dict[str, list[Reply | SessionError]] = {name: [busy, Reply()] for name in "abcdef"}
    asleep = threading.Barrier(len(answers))

    def answer(request: Request) -> Reply | SessionError:
        asleep.wait(10)
        return answers[request.id].pop(0)

    def invoke(name: str) -> list[Reply | SessionError]:
        (request,) = [Request(name, write("Set-Box", Identity=name))]
        return retry.invoke(lambda: FunctionSessions(answer), [request], lambda *_: None)

    class Together(VirtualClock):
        """A clock on which all sleep before the time passes."""

        def sleep(self, seconds: float) -> None:
            asleep.wait(10)

    retry = Retry(Together(), SeededRandom(), Policy(run_seconds=8.0))
    with ThreadPoolExecutor(len(answers)) as pool:
        results = list(pool.map(invoke, answers))
    assert [type(result) for (result,) in results] == [Reply] * len(answers)


def test_delay_the_server_asks_for_is_waited() -> None:
    answers: list[Reply | SessionError] = [TransientError(TOLD, delay_seconds=30.0), Reply()]
    sessions, clock = FunctionSessions(lambda _: answers.pop(0)), VirtualClock()
    Retry(clock, SeededRandom()).invoke(lambda: sessions, requests(1), lambda *_: None)
    assert clock.seconds >= 30.0


def test_channel_that_cannot_be_opened_is_an_answer_for_every_request() -> None:
    refused = PermanentError(TOLD)

    def closed() -> Session:
        raise refused

    assert Retry(VirtualClock(), SeededRandom()).invoke(closed, requests(2), lambda *_: None) == [refused, refused]


def test_host_that_never_answered_is_given_up_sooner_than_one_that_did() -> None:
    down: list[SessionError] = []

    def answer(request: Request) -> Reply | SessionError:
        return down[0] if down else Reply()

    def attempts(retry: Retry, sessions: FunctionSessions) -> int:
        before = len(sessions.sent)
        request = Request(f"r{before}", write("Set-Box"))
        retry.invoke(lambda: sessions, [request], lambda *_: None)
        return len(sessions.sent) - before

    retry, sessions = Retry(VirtualClock(), SeededRandom()), FunctionSessions(answer)
    assert attempts(retry, sessions) == 1
    down.append(Unreachable(TOLD))
    policy = Policy()
    assert attempts(retry, sessions) == policy.attempts
    assert attempts(Retry(VirtualClock(), SeededRandom()), sessions) == policy.first_attempts < policy.attempts


def test_host_that_was_given_up_is_asked_once_a_time_until_it_answers() -> None:
    down: list[SessionError] = [Unreachable(TOLD)]
    sessions, clock = FunctionSessions(lambda _: down[0] if down else Reply()), VirtualClock()
    retry = Retry(clock, SeededRandom())
    counts = []
    for step in range(5):
        if step == 3:
            down.clear()
        before = len(sessions.sent)
        retry.invoke(lambda: sessions, [Request(f"r{step}", write("Set-Box"))], lambda *_: None)
        counts.append(len(sessions.sent) - before)
        if step == 3:
            down.append(Unreachable(TOLD))
    policy = Policy()
    assert counts == [policy.first_attempts, 1, 1, 1, policy.attempts]


def test_hosts_are_given_up_each_for_itself() -> None:
    def answer(request: Request) -> Reply | SessionError:
        return Unreachable(TOLD) if request.command.endpoint.host == "fe1" else Throttled(TOLD)

    sessions = FunctionSessions(answer)
    policy = Policy(run_seconds=1e9)
    retry = Retry(VirtualClock(), SeededRandom(), policy)
    for host in ("fe1", "fe2", "fe1", "fe2"):
        on_host = [Request(f"{host}-{len(sessions.sent)}", write("Set-Box", Endpoint(LYNC.connection, host)))]
        retry.invoke(lambda: sessions, on_host, lambda *_: None)
    sent = [request.command.endpoint.host for request in sessions.sent]
    assert (sent.count("fe1"), sent.count("fe2")) == (policy.first_attempts + 1, 2 * policy.attempts)


@dataclass
class StoppedAt(NeverStop):
    """An operator who asks to stop at a moment of the clock."""

    clock: VirtualClock
    seconds: float
    levels: int = field(default=2)
    look_seconds: float = 1.0

    def level(self) -> int:
        return self.levels if self.clock.seconds >= self.seconds else 0


def wait(seconds: float = 10**9, levels: int = 2) -> tuple[Wait, VirtualClock, Recorder]:
    clock, told = VirtualClock(), Recorder()
    return Wait("restart press", told, clock, StoppedAt(clock, seconds, levels)), clock, told


def test_a_reason_is_reported_once_until_another_one_comes() -> None:
    one, _, told = wait()
    for reason in ("replication", "replication", "settling", "replication"):
        one.announce(reason)
    assert told.events == [Waiting("restart press", reason) for reason in ("replication", "settling", "replication")]


def test_looks_become_rarer_up_to_half_a_minute() -> None:
    one, clock, _ = wait()
    pauses = []
    while clock.seconds < 600:
        before = clock.seconds
        one.rest()
        pauses.append(clock.seconds - before)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[1], max(pauses)) == (0.25, 0.5, 30.0)
    assert 10.0 in pauses, "in the first minutes somebody looks every ten seconds"
    assert one.seconds == clock.seconds


@pytest.mark.parametrize(("levels", "ends"), [(1, False), (2, True)])
def test_a_second_stop_ends_the_wait_within_a_second(levels: int, ends: bool) -> None:
    one, clock, _ = wait(3.0, levels)
    one.sleep(60.0)
    assert (one.is_ended, clock.seconds) == ((True, 3.0) if ends else (False, 60.0))


def test_a_wait_counts_from_its_beginning() -> None:
    clock = VirtualClock()
    clock.sleep(100.0)
    one = Wait("restart press", Recorder(), clock, NeverStop())
    assert one.seconds == 0.0
