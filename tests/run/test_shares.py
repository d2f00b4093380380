"""Reads of one host over several sessions: which share is handed out when, and how long all of them take then.

The host is simulated: sessions that open in time, reads that take time, and a clock that nobody waits for.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.model.commands import Command, Endpoint, Reply, read
from reconciler.model.diagnostics import Diagnostic, PermanentError, SessionError, Unreachable
from reconciler.model.ports import Request
from reconciler.run.shares import FIRST, MOST, Asked, Paces, dealt, next_share
from reconciler.run.slots import FEW
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, SerialScheduler


@dataclass
class Host(FunctionSessions):
    """A host that answers reads one after the other in each session."""

    opening: float = 0.0
    sessions: int = 1
    """Sessions that are open."""
    most: int = 18
    at: float = 0.0
    wanted: list[int] = field(default_factory=list)

    @property
    def opening_seconds(self) -> float:
        return math.inf if self.most == 1 else self.opening

    def open(self, endpoint: Endpoint) -> Host:
        return self

    def slots(self, wanted: int, seconds_left: float) -> int:
        self.wanted.append(wanted)
        if seconds_left > 2 * self.opening:
            self.sessions = max(self.sessions, min(wanted, self.most))
        return min(wanted, self.sessions)


def reads(count: int) -> list[Command]:
    return [read("Get-Thing", Identity=str(number)) for number in range(count)]


def known(seconds: float) -> Paces:
    """Return the paces where one read of the host was measured."""
    paces = Paces()
    paces.note(EXCHANGE, 1, seconds)
    return paces


def shares(host: Host, paces: Paces, count: int, seconds: float) -> tuple[list[Sequence[Command]], float]:
    """Hand out all reads as they are asked for; return the shares, and when the last one ends."""
    asked, handed, free, ends = Asked(EXCHANGE, reads(count), paces), [], [0.0], list[float]()
    now = 0.0
    while not asked.is_over:
        while size := next_share(asked, host):
            handed.append(asked.take(size))
            while len(free) < host.sessions:
                heapq.heappush(free, now + host.opening)
            end = max(now, heapq.heappop(free)) + seconds * len(handed[-1])
            heapq.heappush(free, end)
            heapq.heappush(ends, end)
            assert asked.under_way <= host.sessions + 1
        now = heapq.heappop(ends)
        asked.under_way -= 1
        paces.note(EXCHANGE, 1, seconds)
    return handed, now


def host(**given: float | int) -> Host:
    return replace(Host(lambda _: Reply()), **given)  # type: ignore[arg-type]  # each field has its type


def test_reads_that_take_time_are_answered_side_by_side() -> None:
    given = host(opening=0.02)
    handed, end = shares(given, known(0.05), 9, 0.05)
    assert [len(one) for one in handed] == [2, 2, 2, 2, 1]
    assert end == pytest.approx(0.15), "and not 0.45"


def test_many_reads_are_few_messages_and_all_sessions_end_together() -> None:
    handed, end = shares(host(), known(0.1), 200, 0.1)
    sizes = [len(one) for one in handed]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) < 40
    assert end < 200 * 0.1 / MOST * 1.05


def test_checks_are_not_taken_for_quick_because_listings_were() -> None:
    """They begin with as many sessions as writes, and each answer adds one."""
    given = host(opening=0.02)
    handed, end = shares(given, known(0.0).of_checks(100), 100, 0.05)
    assert max(len(one) for one in handed) <= 3
    assert given.wanted[0] == FEW
    assert given.sessions > 2 * FEW
    assert end < 100 * 0.05 / 6, "and not five seconds"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(host(most=1), 0.05), (host(), 0.001), (host(), 0.0), (host(opening=math.inf), 5.0)],
    ids=["one session only", "quick", "no time", "one session only, slow"],
)
def test_where_sharing_does_not_pay_all_reads_are_one_message(given: Host, seconds: float) -> None:
    handed, _ = shares(given, known(seconds), 9, seconds)
    assert [len(one) for one in handed] == [9]


def test_reads_wait_in_two_messages_where_a_session_takes_long_to_open() -> None:
    """The second one opens a session by itself, where it waits longer than that takes (``Channels``)."""
    handed, _ = shares(host(opening=10.0), known(0.1), 9, 0.1)
    assert [len(one) for one in handed] == [5, 4]


def test_neighbours_are_dealt_to_different_messages() -> None:
    commands = reads(5)
    assert [commands.index(one) for one in dealt(commands)] == [0, 2, 4, 1, 3]


def test_a_few_reads_go_to_a_host_that_has_not_answered_and_nothing_beside_them() -> None:
    asked = Asked(EXCHANGE, reads(9), Paces())
    assert next_share(asked, host()) == FIRST
    asked.take(FIRST)
    assert next_share(asked, host()) == 0
    asked.under_way = 0
    assert next_share(asked, host()) == 9 - FIRST, "it did not answer: the rest is tried once"


def test_the_fastest_message_counts() -> None:
    paces = Paces()
    paces.note(EXCHANGE, 3, 30.0)
    assert (paces.knows(EXCHANGE), paces.knows(LYNC)) == (True, False)
    paces.note(EXCHANGE, 4, 1.0)
    paces.note(EXCHANGE, 1, 5.0)
    assert paces.seconds(EXCHANGE) == 0.25


def test_the_time_in_which_a_message_opened_its_session_is_not_that_of_its_reads() -> None:
    """Otherwise a quick host would seem slow, and further sessions would open to it for nothing."""
    opened: list[float] = []

    class Opening(FunctionSessions):
        @property
        def opening_seconds(self) -> float:
            return opened[0] if opened else 0.0

    def answer(request: Request) -> Reply:
        if not opened:
            engine.clock.sleep(15.0)
            opened.append(15.0)
        engine.clock.sleep(0.25)
        return Reply()

    engine = Engine((), Opening(answer))
    engine.reader.ask(reads(2))
    assert engine.reader.paces.seconds(EXCHANGE) == 0.25
    engine.reader.ask(reads(4))
    assert engine.reader.paces.seconds(EXCHANGE) == 0.25, "the second message opened nothing"


def test_the_last_reads_are_shared_out_among_the_sessions_that_are_open() -> None:
    """One of ten answered six questions in a row while nine had nothing to do."""
    paces = Paces(100)
    paces.note(EXCHANGE, 1, 0.05)
    asked = Asked(EXCHANGE, reads(6), paces, handed_out=30, under_way=9)
    assert next_share(asked, host(opening=0.2, sessions=10)) == 2


def test_a_host_that_needs_a_process_for_each_message_gets_few_messages() -> None:
    class Slow(Host):
        @property
        def overhead_seconds(self) -> float:
            return 10.0

    handed, _ = shares(Slow(lambda _: Reply(), opening=10.0), known(0.1), 20, 0.1)
    assert [len(one) for one in handed] == [20]


@given(
    st.integers(1, 60), st.floats(0.0, 2.0), st.floats(0.0, 20.0), st.integers(1, 8), st.booleans(), st.integers(1, 8)
)
def test_every_read_is_handed_out_once(
    count: int, seconds: float, opening: float, most: int, is_known: bool, sessions: int
) -> None:
    given = host(opening=opening, most=most, sessions=min(sessions, most))
    handed, end = shares(given, known(seconds) if is_known else Paces(), count, seconds)
    assert [one for share in handed for one in share] == reads(count)
    assert end <= count * seconds + 1e-6 or given.sessions > 1
    assert max(given.wanted, default=0) <= MOST


TOLD = Diagnostic("Access denied", "It may not be read.")


@given(st.integers(1, 30), st.sets(st.integers(0, 29)), st.integers(0, 9))
def test_the_reader_returns_each_result_under_its_read(count: int, denied: set[int], seed: int) -> None:
    """Whatever the order in which the messages are answered: an error belongs to one read."""

    def answer(request: Request) -> Reply | SessionError:
        name = str(dict(request.command.parameters)["Identity"])
        return PermanentError(TOLD) if int(name) in denied else Reply(({"Name": name},))

    engine = Engine((), FunctionSessions(answer))
    reader = replace(engine.reader, scheduler=SerialScheduler(seed), paces=known(0.05))
    commands = [*reads(count), *(replace(one, endpoint=LYNC) for one in reads(count))]
    results = reader.ask(commands)
    assert results.keys() == set(commands)
    for place, command in enumerate(commands):
        result = results[command]
        assert isinstance(result, SessionError) is (place % count in denied)
        assert isinstance(result, SessionError) or result.records == ({"Name": str(place % count)},)


def test_a_host_that_cannot_be_reached_is_tried_as_often_as_before() -> None:
    tried: list[int] = []

    class Away(FunctionSessions):
        def open(self, endpoint: Endpoint) -> FunctionSessions:
            tried.append(1)
            raise Unreachable(TOLD)

    engine = Engine((), Away(lambda _: Reply()))
    engine.reader.ask(reads(9))
    alone = len(tried)
    tried.clear()
    other = Engine((), Away(lambda _: Reply()))
    results = replace(other.reader, scheduler=SerialScheduler()).ask(reads(9))
    assert all(isinstance(result, Unreachable) for result in results.values())
    assert len(tried) - alone == 1, "it is asked once whether there is a session"
