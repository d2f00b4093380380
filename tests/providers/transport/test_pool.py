"""Several channels to one host, who may use which, and what keeps them alive while nobody does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from winrm.exceptions import WinRMOperationTimeoutError

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.faults import Rule
from providers.simulator.wire.server import Server
from providers.simulator.wire.wsman import Limits
from providers.transport.session.channel import Channel
from providers.transport.session.channels import Channels
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import Adapter, Deadlines, Secret, SessionMode
from providers.transport.wsman.fault_tables import Phase
from reconciler.model.commands import Authentication, Reply, read, write
from reconciler.model.diagnostics import AuthenticationFailed, Diagnostic, PermanentError, SessionError, Throttled
from reconciler.model.ports import Clock, Request
from reconciler.run.system import SystemClock
from tests.support.fakes import VirtualClock
from tests.support.transport_support import (
    FakeWinRS,
    Trouble,
    channel,
    connection,
    executed,
    fault,
    kinds,
    reads,
    writes,
)
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, TinyError, TinyEstate, listening, wait_until

TOLD = Diagnostic("s", "d", "r")
LOAD = 15.0


# --- who may use which -----------------------------------------------------------------------------------------------


class StubChannel:
    """A channel whose calls end when the test says so."""

    def __init__(self, number: int, clock: VirtualClock, raises: SessionError | None = None) -> None:
        self.number, self.clock, self.raises = number, clock, raises
        self.mode = SessionMode.AUTO
        self.load_seconds: float | None = None
        self.gate = threading.Event()
        self.loads = threading.Event()
        """Set where loading ends by itself."""
        self.asked: list[str] = []
        self.running = 0
        self.together = 0
        self.beats = 0
        self.is_closed = False

    def invoke(self, requests: Sequence[Request]) -> list[Reply | SessionError]:
        with self._alone():
            if self.raises is not None:
                raise self.raises
            if self.load_seconds is None:
                assert self.loads.wait(20)
                self.clock.sleep(LOAD)
                self.load_seconds = LOAD
            self.asked += [request.id for request in requests]
            assert self.gate.wait(20)
            return [Reply() for _ in requests]

    def open(self) -> None:
        with self._alone():
            assert self.gate.wait(20)
            if self.raises is not None:
                raise self.raises
            self.load_seconds = LOAD

    def beat(self) -> None:
        with self._alone():
            self.beats += 1

    def close(self) -> None:
        with self._alone():
            self.is_closed = True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.running += 1
        self.together = max(self.together, self.running)
        try:
            yield
        finally:
            self.running -= 1


class Host:
    """Channels to one host, and the calls of a test, each on a thread of its own."""

    def __init__(self, limit: int = 2, raises: Sequence[SessionError | None] = (), *, loads: bool = True) -> None:
        self.clock = VirtualClock()
        self._loads = loads
        self.opened: list[StubChannel] = []
        self._raises = list(raises)
        self.channels = Channels(
            self.new,
            clock=self.clock,
            limit=limit,
            queue_seconds=Deadlines().queue,
            ended=lambda: PermanentError(TOLD),
        )
        self.threads = ThreadPoolExecutor(max_workers=16)
        self._submitted: list[Future[list[Any]]] = []

    def new(self) -> Channel:
        number = len(self.opened)
        raises = self._raises[number] if number < len(self._raises) else None
        self.opened.append(StubChannel(number, self.clock, raises))
        if self._loads:
            self.opened[-1].loads.set()
        return self.opened[-1]  # type: ignore[return-value]  # it has what is used of one

    def call(self, name: str, *, writes: bool = False) -> Future[list[Any]]:
        """Call, and return once the call waits or runs, and so does every one before it."""
        command = write("New-Thing", Name="x") if writes else read("Get-Echo", Identity="x")
        future = self.threads.submit(self.channels.invoke, [Request(name, command)])
        self._submitted.append(future)
        wait_until(lambda: self._arrived >= len(self._submitted))
        return future

    @property
    def _arrived(self) -> int:
        """How many calls wait, are asked or were, or have failed; those on their way between are not among them."""
        failed = sum(call.done() and call.exception() is not None for call in self._submitted)
        asked = sum(len(one.asked) for one in self.opened)  # before those that wait, so that no call counts twice
        return failed + asked + self.channels.occupancy.waiting

    def end(self) -> None:
        for one in self.opened:
            one.gate.set()
        self.channels.close(5)
        self.threads.shutdown()
        assert all(one.together <= 1 for one in self.opened), "two calls at once in one conversation"


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Host]]:
    made: list[Host] = []

    def make(*arguments: Any, **options: Any) -> Host:
        made.append(Host(*arguments, **options))
        return made[-1]

    yield make
    for host in made:
        host.end()


def test_calls_share_one_channel_while_none_waits_as_long_as_another_would_take(hosts: Callable[..., Host]) -> None:
    host = hosts()
    first = host.call("a")
    second = host.call("b")
    host.clock.sleep(LOAD - 1)
    host.opened[0].gate.set()
    assert [len(first.result(10)), len(second.result(10))] == [1, 1]
    assert len(host.opened) == 1
    assert host.opened[0].asked == ["a", "b"]


def test_a_call_that_waited_as_long_opens_another_and_a_third_none(hosts: Callable[..., Host]) -> None:
    host = hosts()
    host.call("a")
    host.opened[0].mode = SessionMode.BATCH
    host.call("b")
    host.call("c")
    host.clock.sleep(LOAD + 1)
    wait_until(lambda: len(host.opened) == 2 and bool(host.opened[1].asked))
    assert host.opened[1].mode is SessionMode.BATCH, "how the host is to be served was found out before"
    host.clock.sleep(100 * LOAD)
    assert host.opened[1].asked == ["b"], "it waited longest"
    host.opened[1].gate.set()
    wait_until(lambda: host.opened[1].asked == ["b", "c"])
    assert len(host.opened) == 2


def test_nobody_opens_another_before_the_first_is_known_to_open(hosts: Callable[..., Host]) -> None:
    host = hosts(loads=False)
    request = [Request("a", read("Get-Echo", Identity="x"))]
    first = host.threads.submit(host.channels.invoke, request)
    wait_until(lambda: [one.running for one in host.opened] == [1])
    second = host.threads.submit(host.channels.invoke, request)
    wait_until(lambda: host.channels.occupancy.waiting == 1)
    host.clock.sleep(1000)
    assert not second.done()
    assert len(host.opened) == 1
    host.channels.close(0.0)
    assert isinstance(second.exception(10), PermanentError)
    host.opened[0].loads.set()
    host.opened[0].gate.set()
    first.result(10)


def test_who_waits_longest_is_served_first(hosts: Callable[..., Host]) -> None:
    host = hosts(limit=1)
    calls = [host.call("a")]
    for name in "bcdefg":
        calls.append(host.threads.submit(host.channels.invoke, [Request(name, read("Get-Echo", Identity="x"))]))
        wait_until(lambda name=name: host.channels.occupancy.waiting == "abcdefg".index(name))  # type: ignore[misc]
    host.opened[0].gate.set()
    for call in calls:
        call.result(10)
    assert host.opened[0].asked == list("abcdefg")


def test_a_quota_lowers_the_limit_to_what_is_open_and_fails_nobody(hosts: Callable[..., Host]) -> None:
    host = hosts(limit=5, raises=[None, Throttled(TOLD)])
    first = host.call("a")
    second = host.call("b")
    host.clock.sleep(LOAD + 1)
    wait_until(lambda: len(host.opened) == 2)
    wait_until(lambda: host.channels.limit == 1)
    host.clock.sleep(100 * LOAD)
    host.opened[0].gate.set()
    assert [len(first.result(10)), len(second.result(10))] == [1, 1]
    assert host.opened[0].asked == ["a", "b"]
    assert host.opened[1].is_closed


def test_the_first_channel_that_cannot_be_opened_is_reported(hosts: Callable[..., Host]) -> None:
    host = hosts(raises=[Throttled(TOLD)])
    with pytest.raises(Throttled):
        host.call("a").result(10)
    assert host.channels.limit == 2


def test_what_fails_for_good_is_reported_to_all_who_wait_and_not_tried_again(hosts: Callable[..., Host]) -> None:
    host = hosts(limit=1)
    calls = [host.call("a")]
    calls += [host.call("b"), host.call("c")]
    host.opened[0].raises = AuthenticationFailed(TOLD)
    host.opened[0].gate.set()
    calls[0].result(10)
    for call in calls[1:]:
        assert isinstance(call.exception(10), AuthenticationFailed)
    assert host.opened[0].asked == ["a"]


# --- slots for work that the engine knows ---------------------------------------------------------------------------


def working(hosts: Callable[..., Host], limit: int, raises: Sequence[SessionError | None] = ()) -> Host:
    """Return a host whose first channel is open and free."""
    host = hosts(limit=limit, raises=raises)
    host.call("first")
    host.opened[0].gate.set()
    wait_until(lambda: host.channels.occupancy.free == 1)
    return host


def opened_all(host: Host) -> None:
    for one in host.opened:
        one.gate.set()
    wait_until(lambda: host.channels.occupancy.opening == 0)


def test_channels_that_pay_are_opened_in_the_background_up_to_the_limit(hosts: Callable[..., Host]) -> None:
    host = working(hosts, limit=5)
    assert host.channels.slots(8, 1000 * LOAD) == 1, "the others are not open yet"
    assert len(host.opened) == 5
    opened_all(host)
    assert host.channels.slots(8, 1000 * LOAD) == 5
    assert host.channels.slots(3, 1000 * LOAD) == 3


@pytest.mark.parametrize(("loads", "channels"), [(0.5, 1), (1.5, 1), (2.5, 2), (4.5, 3), (100.0, 8)])
def test_no_channel_is_opened_that_would_take_longer_than_the_work(
    hosts: Callable[..., Host], loads: float, channels: int
) -> None:
    host = working(hosts, limit=8)
    host.channels.slots(8, loads * LOAD)
    assert len(host.opened) == channels
    opened_all(host)


def test_where_the_account_is_at_its_quota_one_shell_is_left_to_others(hosts: Callable[..., Host]) -> None:
    host = working(hosts, limit=8, raises=[None, None, None, None, Throttled(TOLD)])
    host.channels.slots(4, 1000 * LOAD)
    opened_all(host)
    host.channels.slots(8, 1000 * LOAD)
    opened_all(host)
    wait_until(lambda: sum(one.is_closed for one in host.opened) >= 1)
    slots = host.channels.slots(8, 1000 * LOAD)
    still_open = [one for one in host.opened if not one.is_closed]
    assert host.opened[4].is_closed, "it was refused"
    assert slots == host.channels.limit == len(still_open) < 8
    assert host.channels.slots(8, 1000 * LOAD) == slots, "nothing more is tried"


def test_another_failure_in_the_background_leaves_the_open_channels_as_they_are(hosts: Callable[..., Host]) -> None:
    host = working(hosts, limit=3, raises=[None, None, AuthenticationFailed(TOLD)])
    host.channels.slots(3, 1000 * LOAD)
    opened_all(host)
    assert host.channels.slots(3, 1000 * LOAD) == 2
    assert len(host.channels.invoke([Request("b", read("Get-Echo", Identity="x"))])) == 1


def test_channels_that_open_when_the_run_ends_are_closed(hosts: Callable[..., Host]) -> None:
    host = working(hosts, limit=4)
    host.channels.slots(4, 1000 * LOAD)
    host.channels.close(0.0)
    opened_all(host)
    wait_until(lambda: all(one.is_closed for one in host.opened))


def test_a_write_that_comes_again_goes_where_its_reply_is_remembered(hosts: Callable[..., Host]) -> None:
    host = hosts()
    host.call("a")
    host.call("w", writes=True)
    host.clock.sleep(LOAD + 1)
    wait_until(lambda: len(host.opened) == 2 and bool(host.opened[1].asked))
    for one in host.opened:
        one.gate.set()
    wait_until(lambda: host.channels.occupancy.free == 2)
    for _ in range(3):
        host.channels.invoke([Request("w", write("New-Thing", Name="x"))])
    assert host.opened[1].asked == ["w"] * 4


def test_a_channel_in_use_at_the_end_is_closed_by_whoever_uses_it(hosts: Callable[..., Host]) -> None:
    host = hosts()
    call = host.call("a")
    host.channels.close(0.0)
    assert not host.opened[0].is_closed
    host.opened[0].gate.set()
    call.result(10)
    wait_until(lambda: host.opened[0].is_closed)
    with pytest.raises(PermanentError):
        host.channels.invoke([Request("b", read("Get-Echo", Identity="x"))])


def test_a_call_that_was_given_a_channel_at_the_very_end_sends_nothing_and_leaves_nothing_open() -> None:
    stopped = threading.Event()
    host = FakeWinRS()
    opened = channel(host, is_stopped=stopped.is_set)
    opened.invoke(writes("x"))
    stopped.set()
    with pytest.raises(PermanentError):
        opened.invoke(writes("y"))
    opened.close()
    assert executed(host) == ["x"]
    assert host.shells == {}


def test_the_end_of_a_run_waits_for_one_message_and_not_for_the_command() -> None:
    stopped = threading.Event()
    host = FakeWinRS()
    opened = channel(host, is_stopped=stopped.is_set)
    opened.invoke(reads("a"))
    asked = host.messages[Phase.RECEIVE]

    def works_on() -> Exception:
        stopped.set()
        host.clock.sleep(20)
        return WinRMOperationTimeoutError()

    host.troubles = [Trouble(Phase.RECEIVE, asked + n, works_on) for n in range(1, 20)]
    assert kinds(opened.invoke(writes("x"))) == ["AmbiguousOutcome"]
    assert host.messages[Phase.RECEIVE] == asked + 1
    assert host.shells == {}


def test_a_beat_leaves_alone_what_is_in_use(hosts: Callable[..., Host]) -> None:
    host = hosts()
    call = host.call("a")
    host.channels.beat()
    assert host.opened[0].beats == 0
    host.opened[0].gate.set()
    call.result(10)
    host.channels.beat()
    assert host.opened[0].beats == 1


# --- on a server -----------------------------------------------------------------------------------------------------


@contextmanager
def sessions(server: Server, clock: Clock, **changes: Any) -> Iterator[WinRMSessions]:
    settings = connection(
        **{
            "host": "",
            "via": ("127.0.0.1", server.port),
            "auth": Authentication.NTLM,
            "user": USER,
            "password": Secret(PASSWORD),
            "adapter": Adapter.AUTO,
            "deadlines": Deadlines(operation=2, read=5),
            **changes,
        }
    )
    with WinRMSessions([settings], allow=CMDLETS, clock=clock) as pool:
        yield pool
    assert server.counts.open_shells == 0


def echo(name: str) -> Request:
    return Request(f"r{name}", read("Get-Echo", "Identity", Identity=name))


@pytest.mark.parametrize(("shells", "slots"), [(30, 8), (5, 4), (3, 2), (1, 1)])
def test_slots_are_what_the_account_may_have_and_one_is_left_to_others(shells: int, slots: int) -> None:
    with (
        listening(Scheme.NTLM, limits=Limits(max_shells_per_user=shells)) as server,
        sessions(server, SystemClock(), slots=8) as pool,
        ThreadPoolExecutor() as threads,
    ):
        session = pool.open(EXCHANGE)
        assert kinds(session.invoke([echo("first")])) == ["Reply"]
        assert session.slots(8, 0.0) == 1, "nothing is opened for no work"
        session.slots(8, 1000.0)
        wait_until(lambda: session.slots(8, 1000.0) == slots)
        wait_until(lambda: server.counts.open_shells == slots)
        found = list(threads.map(lambda name: kinds(session.invoke([echo(str(name))])), range(30)))
        assert found == [["Reply"]] * 30
        assert session.slots(8, 1000.0) == slots
        assert session.overhead_seconds == 0.0


def test_in_batch_mode_a_slot_is_a_process_for_each_call() -> None:
    with (
        listening(Scheme.NTLM) as server,
        sessions(server, SystemClock(), slots=4, mode=SessionMode.BATCH) as pool,
        ThreadPoolExecutor() as threads,
    ):
        session = pool.open(EXCHANGE)
        session.invoke([echo("first")])
        assert session.overhead_seconds > 0.0
        session.slots(4, 1000.0)
        wait_until(lambda: session.slots(4, 1000.0) == 4)
        assert server.counts.open_shells == 0, "no call is under way"
        assert list(threads.map(lambda name: kinds(session.invoke([echo(str(name))])), range(8))) == [["Reply"]] * 8


@pytest.mark.parametrize(("shells", "opened"), [(30, 2), (1, 1)])
def test_a_long_call_does_not_hold_up_the_others_where_the_host_grants_another_shell(shells: int, opened: int) -> None:
    estate = TinyEstate()
    limits = Limits(max_shells_per_user=shells)
    with (
        listening(Scheme.NTLM, estate=estate, limits=limits) as server,
        sessions(server, SystemClock(), deadlines=Deadlines(operation=2, read=5, queue=0.05)) as pool,
        ThreadPoolExecutor() as threads,
    ):
        session = pool.open(EXCHANGE)
        slow = threads.submit(session.invoke, [Request("slow", read("Wait-Gate"))])
        wait_until(lambda: any(call[2] == "Wait-Gate" for call in estate.calls))
        quick = threads.submit(session.invoke, [echo("quick")])
        wait_until(lambda: quick.done() or server.counts.messages["create"] == 2)
        if opened == 2:
            # The estate lets one process at a time have its turn, as one server does; so this one only waits for it.
            wait_until(lambda: server.counts.open_shells == 2)
        estate.gate.set()
        assert kinds(quick.result(10)) == ["Reply"]
        assert kinds(slow.result(10)) == ["Reply"]
        assert server.counts.messages["create"] == 2
        assert server.counts.open_shells == opened
        assert kinds(session.invoke([echo("again")])) == ["Reply"]


# --- the heart -------------------------------------------------------------------------------------------------------


PLAIN = Deadlines()


@contextmanager
def idling(server: Server, deadlines: Deadlines = PLAIN) -> Iterator[tuple[WinRMSessions, VirtualClock]]:
    """Sessions and a server by the same clock, on which time passes as the test says."""
    clock = VirtualClock()
    server.shells.monotonic = clock.monotonic
    with sessions(server, clock, deadlines=deadlines) as pool:
        assert kinds(pool.open(EXCHANGE).invoke([echo("a")])) == ["Reply"]
        yield pool, clock


def pass_time(pool: WinRMSessions, clock: VirtualClock, seconds: int, *, beats: bool) -> None:
    for _ in range(seconds // 10):
        clock.sleep(10)
        if beats:
            pool.beat()


@pytest.mark.parametrize("beats", [False, True])
def test_a_session_outlives_the_settling_of_a_pool_where_it_beats(beats: bool) -> None:
    with listening(Scheme.NTLM) as server, idling(server) as (pool, clock):
        before = server.counts.total
        pass_time(pool, clock, 1200, beats=beats)
        spent = server.counts.total - before
        assert kinds(pool.open(EXCHANGE).invoke([echo("b")])) == ["Reply"]
        assert server.counts.messages["create"] == (1 if beats else 2), "the shell had idled away"
        assert spent == (2 * (1200 // 50) if beats else 0), "a Send and a Receive every 50 seconds"
        assert not beats or server.counts.connections == 1, "no connection idled for a minute"


@pytest.mark.parametrize(
    "rule",
    [
        Rule("send", kill_shell=True),
        Rule("send", kill_process=1),
        Rule("send", fault=5),
        Rule("send", status=404),
        Rule("send", reset=True),
        Rule("send", reset=True, when="after"),
        Rule("receive", reset=True, when="after"),
        Rule("receive", garble=True),
        Rule("receive", fault=995),
    ],
    ids=str,
)
def test_a_beat_that_fails_is_no_error_of_the_run_and_nothing_runs_twice(rule: Rule) -> None:
    estate = TinyEstate()
    with listening(Scheme.NTLM, estate=estate) as server, idling(server) as (pool, clock):
        server.faults.add(rule)
        pass_time(pool, clock, 120, beats=True)
        assert server.faults.injected == 1
        results = pool.open(EXCHANGE).invoke([Request(f"w{n}", write("New-Thing", Name=str(n))) for n in range(3)])
        assert kinds(results) == ["Reply"] * 3
        assert [call[3]["Name"] for call in estate.calls if call[2] == "New-Thing"] == ["0", "1", "2"]
        assert server.counts.open_shells == 1


def test_a_torn_ping_does_not_spoil_the_request_after_it() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(reads("a"))
    host.troubles = [Trouble(Phase.SEND, 3, lambda: fault(4711))]
    host.clock.sleep(50)
    opened.beat()
    assert host.last is not None
    host.last.feed(b"12 0123", end=False)  # what of the ping had arrived
    assert kinds(opened.invoke(writes("x", "y"))) == ["Reply", "Reply"]
    assert executed(host) == ["x", "y"]
    assert host.messages[Phase.SEND] == 4, "greeting, a, the ping, the burst: nothing had to be asked for again"


def test_one_thread_beats_while_the_sessions_are_open() -> None:
    with listening(Scheme.NTLM) as server:
        with idling(server, Deadlines(look=0.01)) as (_, clock):
            before = server.counts.messages["send"]
            clock.sleep(50)
            wait_until(lambda: server.counts.messages["send"] > before)
            assert [thread.name for thread in threading.enumerate()].count("heartbeat") == 1
        assert "heartbeat" not in [thread.name for thread in threading.enumerate()]


# --- new processes for old -------------------------------------------------------------------------------------------


def test_an_old_process_is_replaced_between_two_calls() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(writes("x"))
    for _ in range(int(Deadlines().recycle) // 40):
        host.clock.sleep(40)
        opened.beat()
    assert host.opened == 1
    host.clock.sleep(60)
    assert kinds(opened.invoke(writes("y"))) == ["Reply"]
    assert (host.opened, len(host.shells)) == (2, 1)
    assert executed(host) == ["x", "y"]


def test_a_process_that_ran_out_of_memory_is_replaced_before_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeWinRS()

    def call(*arguments: Any, **options: Any) -> NoReturn:
        error = TinyError()
        error.type, error.category = "OutOfMemoryException", "NotSpecified"
        raise error

    opened = channel(host)
    opened.invoke(reads("a"))
    with monkeypatch.context() as patched:
        patched.setattr(host.estate, "call", call)
        assert kinds(opened.invoke(reads("b")))[0] != "Reply"
    assert host.opened == 1
    assert kinds(opened.invoke(reads("c"))) == ["Reply"]
    assert (host.opened, len(host.shells)) == (2, 1)


def test_another_channel_waits_two_seconds_at_least() -> None:
    assert Deadlines().queue == 2.0


# --- the entry point -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "entry"),
    [
        ((), ""),
        (("ex1.contoso.com", "ex2.contoso.com"), ""),
        (("ex2.contoso.com", "ex3.contoso.com"), "ex2.contoso.com"),
    ],
    ids=["any", "its own host, by another name", "another host"],
)
def test_a_host_that_can_be_the_entry_point_stands_in_for_one_that_cannot(hosts: tuple[str, ...], entry: str) -> None:
    with listening(Scheme.NTLM) as server, sessions(server, SystemClock()) as pool:
        own = pool.open(EXCHANGE)
        assert kinds(own.invoke([echo("first")])) == ["Reply"]
        assert own.about["host"] == "ex1.contoso.com"
        pool.enter(EXCHANGE.connection, hosts)
        assert pool.open(EXCHANGE).target.name == entry
