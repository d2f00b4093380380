"""The channel against a host whose messages fail: nothing runs twice, nothing that may have run is called untouched."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE
from providers.transport import wire
from providers.transport.session.greeting import Greeting, Runner
from providers.transport.session.host_clocks import HostClocks
from providers.transport.session.pending import Pending, ask_permission, bursts, lines
from providers.transport.settings import Adapter, Deadlines, SessionMode, target_of
from providers.transport.wsman.fault_tables import Phase
from reconciler.model.commands import Authentication, Command, Delta, NameOf, Operation, Reply, Shell, read, write
from reconciler.model.diagnostics import (
    AmbiguousOutcome,
    AuthenticationFailed,
    NotFound,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
)
from reconciler.model.ports import Request
from reconciler.model.resources import Address
from tests.support.fakes import Allowed, VirtualClock
from tests.support.transport_support import (
    BEFORE_ONLY,
    FAILURES,
    PASSWORD,
    FakeWinRS,
    Trouble,
    channel,
    connection,
    executed,
    fault,
    kinds,
    reads,
    refused,
    reset,
    writes,
)
from tests.support.winrm_server import TinyError


def records(result: Reply | SessionError) -> tuple[object, ...]:
    assert isinstance(result, Reply), result
    return tuple(dict(record) for record in result.records)


def test_results_come_in_the_order_of_requests() -> None:
    host = FakeWinRS()
    results = channel(host).invoke([*reads("a"), *writes("x"), *reads("b")])
    assert records(results[0]) == ({"Identity": "a"},)
    assert records(results[1]) == ()
    assert records(results[2]) == ({"Identity": "b"},)
    assert host.estate.calls[1][3] == {"Name": "x"}


def test_nothing_asked_opens_nothing() -> None:
    host = FakeWinRS()
    assert channel(host).invoke([]) == []
    assert not host.messages


def test_the_always_parameters_are_given_to_the_runner() -> None:
    host = FakeWinRS()
    results = channel(host, always={"DomainController": "dc1.contoso.com"}).invoke(reads("a"))
    assert records(results[0]) == ({"Identity": "a", "DomainController": "dc1.contoso.com"},)


def test_an_error_is_a_result_and_the_rest_goes_on() -> None:
    host = FakeWinRS()
    results = channel(host).invoke([Request("m", read("Get-Missing")), *reads("a")])
    assert kinds(results) == ["NotFound", "Reply"]
    assert isinstance(results[0], NotFound)
    assert results[0].record is not None
    assert results[0].record.type == "ManagementObjectNotFoundException"


def test_500_operations_cost_at_most_12_requests_with_opening_and_closing() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(writes(*(f"user{index}@contoso.com" for index in range(500))))
    opened.close()
    assert sum(host.messages.values()) <= 12
    assert len(executed(host)) == 500


def test_closing_is_in_order_and_leaves_nothing_open() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(reads("a"))
    opened.close()
    assert host.shells == {}
    assert host.last is not None
    assert host.last.exit_code == 0
    assert (host.messages[Phase.SIGNAL], host.messages[Phase.DELETE]) == (0, 1), "it ended by itself"


@pytest.mark.parametrize("phase", [Phase.SEND, Phase.RECEIVE, Phase.SIGNAL, Phase.DELETE])
def test_closing_never_raises(phase: Phase) -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(reads("a"))
    host.troubles = [Trouble(phase, n, lambda: fault(2150858843)) for n in range(1, 9)]
    opened.close()


def test_a_listing_in_parts_is_one_reply_however_it_is_cut() -> None:
    host = FakeWinRS(cut=997)
    results = channel(host).invoke([Request("m", read("Get-Many", "Name", Count=2500))])
    assert len(records(results[0])) == 2500


# --- lost messages ---------------------------------------------------------------------------------------------------


def test_a_lost_reply_is_asked_for_again_and_nothing_runs_twice() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.RECEIVE, 2, reset, after=True)])
    results = channel(host).invoke(writes("x", "y"))
    assert kinds(results) == ["Reply", "Reply"]
    assert executed(host) == ["x", "y"]
    assert host.transport.closed == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("failure", ["reset", "read time-out", "operation time-out", "unknown fault"])
def test_an_unconfirmed_send_is_settled_by_id(failure: str, after: bool) -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.SEND, 2, FAILURES[failure], after=after)])
    results = channel(host).invoke(writes("x", "y"))
    assert kinds(results) == ["Reply", "Reply"]
    assert executed(host) == ["x", "y"]


def test_what_is_sent_anew_is_allowed_what_is_left_of_its_time() -> None:
    host = FakeWinRS()

    def late() -> Exception:
        host.clock.sleep(20)
        return reset()

    host.troubles = [Trouble(Phase.SEND, 2, late)]
    assert kinds(channel(host).invoke([*writes("x", expires=10.0, clock=host.clock), *writes("y")])) == [
        "TransientError",
        "Reply",
    ]
    assert executed(host) == ["y"]


def test_a_send_that_arrived_in_part_does_not_spoil_what_asks_for_its_replies() -> None:
    host = FakeWinRS()

    def torn() -> Exception:
        assert host.last is not None
        host.last.feed(b"12 0123", end=False)
        return reset()

    host.troubles = [Trouble(Phase.SEND, 2, torn)]
    assert kinds(channel(host).invoke(writes("x", "y"))) == ["Reply", "Reply"]
    assert executed(host) == ["x", "y"]


def test_a_busy_service_is_offered_the_same_chunk_again_after_a_pause() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.SEND, n, lambda: fault(170)) for n in (2, 3, 4)])
    before = host.clock.monotonic()
    results = channel(host).invoke(writes("x"))
    assert kinds(results) == ["Reply"]
    assert executed(host) == ["x"]
    assert host.clock.monotonic() - before >= 15


def test_a_service_that_stays_busy_is_given_up_without_having_been_sent_anything() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.SEND, n, lambda: fault(170)) for n in range(2, 99) if n != 6])
    results = channel(host).invoke(writes("x"))
    assert isinstance(results[0], TransientError)
    assert executed(host) == []


@pytest.mark.parametrize("failure", ["seal lost", "service restarting", "ticket expired"])
@pytest.mark.parametrize("phase", [Phase.SEND, Phase.RECEIVE])
def test_a_message_that_was_not_processed_is_sent_again_over_a_new_connection(failure: str, phase: Phase) -> None:
    host = FakeWinRS(troubles=[Trouble(phase, 2, FAILURES[failure])])
    results = channel(host).invoke(writes("x"))
    assert kinds(results) == ["Reply"]
    assert executed(host) == ["x"]
    assert host.transport.closed == 1


def test_an_idle_connection_is_made_anew_before_it_is_used() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(reads("a"))
    assert host.transport.closed == 0
    host.clock.sleep(100)
    opened.invoke(reads("b"))
    assert host.transport.closed == 1
    assert host.opened == 1


def test_a_shell_that_idled_away_is_replaced_before_anything_was_read() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(writes("x"))
    host.lose_shells()
    assert kinds(opened.invoke(writes("y"))) == ["Reply"]
    assert executed(host) == ["x", "y"]
    assert host.opened == 2


def test_a_shell_lost_after_the_send_makes_writes_ambiguous_and_reads_transient() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.RECEIVE, 2, lambda: fault(2150858843))])
    opened = channel(host)
    results = opened.invoke([*writes("x"), *reads("a")])
    assert kinds(results) == ["AmbiguousOutcome", "TransientError"]
    assert isinstance(results[0], AmbiguousOutcome)
    assert kinds(opened.invoke(reads("b"))) == ["Reply"]
    assert host.opened == 2


def test_a_shell_lost_while_a_reply_is_asked_for_again_leaves_the_write_ambiguous() -> None:
    host = FakeWinRS(
        troubles=[
            Trouble(Phase.SEND, 2, reset, after=True),
            Trouble(Phase.SEND, 3, lambda: fault(2150858843)),
        ]
    )
    results = channel(host).invoke(writes("x"))
    assert kinds(results) == ["AmbiguousOutcome"]
    assert executed(host) == ["x"]


def test_what_was_not_sent_any_more_is_transient() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.RECEIVE, 2, lambda: fault(995))])
    long = "x" * 60_000
    results = channel(host).invoke(writes(f"1{long}", f"2{long}"))
    assert kinds(results) == ["AmbiguousOutcome", "TransientError"]
    assert len(executed(host)) == 1


def test_a_write_that_was_throttled_may_run_when_its_id_comes_again() -> None:
    host = FakeWinRS()
    opened = channel(host)
    assert kinds(opened.invoke(writes("x", expires=0.0))) == ["TransientError"]
    again = writes("x")
    assert kinds(opened.invoke(again)) == ["Reply"]
    assert kinds(opened.invoke(again)) == ["Reply"]
    assert executed(host) == ["x"]


def test_a_write_that_a_busy_server_turned_down_runs_when_its_id_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner remembers the reply that turned it down, and would give that again."""
    host = FakeWinRS()
    opened = channel(host)

    def busy(*arguments: object, **options: object) -> object:
        error = TinyError()
        error.type, error.category = "OverBudgetException", "NotSpecified"
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(host.estate, "call", busy)
        assert kinds(opened.invoke(writes("x"))) == ["Throttled"]
    assert kinds(opened.invoke(writes("x"))) == ["Reply"]
    assert kinds(opened.invoke(writes("x"))) == ["Reply"]
    assert executed(host) == ["x"]


def test_an_id_given_twice_in_one_call_runs_once() -> None:
    host = FakeWinRS()
    assert kinds(channel(host).invoke([*writes("x"), *writes("x"), *reads("a", "a")])) == ["Reply"] * 4
    assert executed(host) == ["x"]
    assert len(host.estate.calls) == 3


def test_a_read_is_never_answered_from_memory() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(reads("a"))
    opened.invoke(reads("a"))
    assert len(host.estate.calls) == 2


def test_silence_ends_the_session_after_its_deadline() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.SEND, 2, lambda: fault(995), after=True)])
    opened = channel(host)
    assert kinds(opened.invoke(writes("x"))) == ["AmbiguousOutcome"]
    quiet = FakeWinRS()

    def poll() -> Exception:
        quiet.clock.sleep(20)
        return FAILURES["operation time-out"]()

    quiet.troubles = [Trouble(Phase.RECEIVE, n, poll) for n in range(2, 99)]
    assert kinds(channel(quiet).invoke(writes("x"))) == ["AmbiguousOutcome"]
    assert quiet.shells == {}


def test_a_host_that_stays_away_is_given_up_after_a_while() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.RECEIVE, n, refused) for n in range(2, 999)])
    results = channel(host).invoke(writes("x"))
    assert kinds(results) == ["AmbiguousOutcome"]
    assert host.messages[Phase.RECEIVE] < 40


def test_a_reply_line_that_breaks_the_protocol_ends_the_session() -> None:
    host = FakeWinRS()
    opened = channel(host)
    opened.invoke(reads("a"))
    assert host.last is not None
    payload = b"bm90IGpzb24="
    line = b"0123456789abcdef %d %s %s\n" % (len(payload), wire.check(payload), payload)
    host.last.output.append(line)
    assert kinds(opened.invoke(writes("x"))) == ["AmbiguousOutcome"]


PHASES = st.sampled_from([Phase.SEND, Phase.RECEIVE])


@st.composite
def troubles(draw: st.DrawFn) -> list[Trouble]:
    found = []
    for _ in range(draw(st.integers(0, 5))):
        name = draw(st.sampled_from(sorted(FAILURES)))
        after = name not in BEFORE_ONLY and draw(st.booleans())
        found.append(Trouble(draw(PHASES), draw(st.integers(2, 9)), FAILURES[name], after))
    return found


@settings(max_examples=300)
@given(troubles(), st.lists(st.booleans(), min_size=1, max_size=6), st.integers(0, 40), st.integers(1, 4))
def test_whatever_is_lost_no_write_runs_twice_and_no_result_lies(
    lost: list[Trouble], is_write: list[bool], cut: int, rounds: int
) -> None:
    host = FakeWinRS(troubles=lost, cut=cut * 50 or None)
    opened = channel(host)
    for turn in range(rounds):
        names = [f"{turn}.{index}" for index in range(len(is_write))]
        requests = [(writes(name) if wanted else reads(name))[0] for name, wanted in zip(names, is_write, strict=True)]
        try:
            results = opened.invoke(requests)
        except SessionError:
            assert not set(names) & set(executed(host))
            continue
        made = executed(host)
        for name, wanted, result in zip(names, is_write, results, strict=True):
            assert made.count(name) <= 1
            if isinstance(result, Reply):
                assert made.count(name) == int(wanted)
            elif wanted and not isinstance(result, AmbiguousOutcome):
                assert name not in made
    opened.close()
    order = executed(host)
    assert order == sorted(order, key=lambda name: tuple(map(int, str(name).split("."))))


# --- opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (lambda: fault(5), PermanentError),
        (lambda: fault(2150859173), Throttled),
        (refused, Unreachable),
        (FAILURES["ticket expired"], AuthenticationFailed),
    ],
)
def test_a_shell_that_cannot_be_opened_is_reported_and_nothing_was_sent(
    error: object, raised: type[SessionError]
) -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.CREATE, 1, error)])  # type: ignore[arg-type]  # a table of makers
    with pytest.raises(raised):
        channel(host).invoke(writes("x"))
    assert executed(host) == []


def test_a_code_page_that_is_not_there_is_replaced() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.CREATE, 1, lambda: fault(2150859072))])
    assert kinds(channel(host).invoke(reads("a"))) == ["Reply"]


def test_an_idle_timeout_out_of_bounds_is_left_out() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.CREATE, 1, lambda: fault(2150859250))])
    assert kinds(channel(host).invoke(reads("a"))) == ["Reply"]


def test_a_shell_whose_command_does_not_start_is_deleted() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.COMMAND, 1, lambda: fault(2147943418))])
    with pytest.raises(TransientError):
        channel(host).invoke(reads("a"))
    assert host.shells == {}


def test_an_adapter_that_is_not_there_is_reported_for_good() -> None:
    host = FakeWinRS()
    with pytest.raises(PermanentError) as raised:
        channel(host, adapter=Adapter.LYNC).invoke(writes("x"))
    assert raised.value.diagnostics[0].summary == "Management shell did not load"
    assert host.shells == {}


def test_powershell_that_ends_at_once_is_reported_with_what_it_said() -> None:
    host = FakeWinRS()

    def vanish() -> Exception:
        assert host.last is not None
        host.last.exit_code = 1
        host.last.stderr = f"Die Datei {PASSWORD} wurde nicht gefunden.".encode() * 50
        host.last.output.clear()
        return reset()

    host.troubles = [Trouble(Phase.RECEIVE, 1, vanish)]
    with pytest.raises(SessionError) as raised:
        channel(host).invoke(writes("x"))
    assert PASSWORD not in str(raised.value)
    assert len(str(raised.value)) < 600


def test_a_process_is_replaced_after_many_requests() -> None:
    host = FakeWinRS()
    opened = channel(host, deadlines=Deadlines(served=5))
    opened.invoke(reads("a"))
    for _ in range(3):
        opened.invoke(reads("b", "c"))
    assert host.opened == 2
    assert len(host.shells) == 1
    assert host.messages[Phase.DELETE] == 1


def test_the_credential_goes_along_only_where_the_endpoint_needs_another_logon() -> None:
    for auth, adapter, expected in [
        (Authentication.NTLM, Adapter.REMOTE, True),
        (Authentication.NTLM, Adapter.SNAPIN, False),
        (Authentication.KERBEROS, Adapter.REMOTE, False),
        (Authentication.CREDSSP, Adapter.REMOTE, False),
    ]:
        target = target_of(connection(auth=auth, adapter=adapter), None)
        line = Greeting(target, Runner.shipped(), (), {}).lines("0" * 16).splitlines()[-1]
        told = wire.decode_payload(line.split(b" ")[2])
        assert ("credential" in told) is expected


# --- batch mode ------------------------------------------------------------------------------------------------------


def test_a_host_that_reads_to_the_end_is_served_in_batches() -> None:
    host = FakeWinRS(until_end=True)
    opened = channel(host)
    assert kinds(opened.invoke([*writes("x"), *reads("a")])) == ["Reply", "Reply"]
    assert opened.mode is SessionMode.BATCH
    assert kinds(opened.invoke(writes("y"))) == ["Reply"]
    assert executed(host) == ["x", "y"]
    assert host.shells == {}
    assert [end for _, end in host.sent][-1] is True


def test_a_host_that_loads_for_long_is_no_host_that_reads_to_the_end() -> None:
    host = FakeWinRS(load_seconds=200)
    opened = channel(host)
    assert kinds(opened.invoke(reads("a"))) == ["Reply"]
    assert (opened.mode, host.opened) == (SessionMode.AUTO, 1)
    assert host.clock.monotonic() > 200
    opened.close()


def test_batch_mode_can_be_asked_for() -> None:
    host = FakeWinRS()
    asked = channel(host, mode=SessionMode.BATCH)
    assert kinds(asked.invoke(reads("a"))) == ["Reply"]
    assert kinds(asked.invoke(writes("x", "y"))) == ["Reply", "Reply"]
    assert host.opened == 2


def test_a_batch_that_writes_first_learns_the_clocks_of_its_host_from_a_process_that_does_nothing() -> None:
    host = FakeWinRS(load_seconds=25.0)
    asked = channel(host, mode=SessionMode.BATCH)
    permit = Allowed(10.0, host.clock)
    request = Request("w", write("New-Thing", Name="x"), permit)
    assert kinds(asked.invoke([request])) == ["Reply"]
    assert (host.opened, len(permit.asked)) == (2, 1)


def test_a_batch_of_which_a_part_was_read_may_have_run() -> None:
    """A process that reads while its input is open runs what came with the first Send before the next one fails."""
    host = FakeWinRS(troubles=[Trouble(Phase.SEND, 3, lambda: fault(2150858843))])
    names = [f"{number}{'x' * 20_000}" for number in range(10)]
    results = channel(host, mode=SessionMode.BATCH).invoke(writes(*names))
    assert executed(host)
    assert set(kinds(results)) == {"AmbiguousOutcome"}


def test_stream_mode_that_was_asked_for_is_not_left() -> None:
    host = FakeWinRS(until_end=True)
    with pytest.raises(TransientError):
        channel(host, mode=SessionMode.STREAM).invoke(writes("x"))
    assert executed(host) == []


def test_a_lost_reply_in_batch_mode_is_ambiguous() -> None:
    host = FakeWinRS(troubles=[Trouble(Phase.RECEIVE, 2, reset, after=True)])
    results = channel(host, mode=SessionMode.BATCH).invoke([*writes("x"), *reads("a")])
    assert kinds(results) == ["AmbiguousOutcome", "TransientError"]
    assert executed(host) == ["x"]


def test_an_adapter_that_is_not_there_is_reported_in_batch_mode_too() -> None:
    host = FakeWinRS()
    with pytest.raises(PermanentError):
        channel(host, mode=SessionMode.BATCH, adapter=Adapter.LYNC).invoke(writes("x"))


# --- bursts ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 20_000), max_size=30))
def test_bursts_keep_order_and_size(sizes: list[int]) -> None:
    pending = [Pending(request, request.id) for request in writes(*("x" * size for size in sizes))]
    clocks = HostClocks(VirtualClock())
    clocks.note([1e7, 2e9])
    ask_permission(pending, Shell(EXCHANGE, "s"))
    cut = list(bursts(pending))
    assert [one for burst in cut for one in burst] == pending
    assert all(len(burst) == 1 or len(lines(burst, clocks)) <= wire.SEND_LIMIT for burst in cut)


def test_a_script_goes_alone() -> None:
    script = Request("s", Command("exchucutil.ps1", operation=Operation.SCRIPT))
    requests = [*writes("a", "b"), script, *writes("c")]
    cut = list(bursts([Pending(request, request.id) for request in requests]))
    assert [len(burst) for burst in cut] == [2, 1, 1]


def test_a_name_to_be_filled_in_is_a_mistake_of_the_program() -> None:
    name = NameOf(Address("ip_gateway", "pool1.contoso.com"), "gateway")
    with pytest.raises(TypeError):
        channel(FakeWinRS()).invoke([Request("w", write("New-Thing", Identity=name))])


def test_arguments_arrive_as_they_are() -> None:
    host = FakeWinRS()
    hostile = "x'; Remove-Item C:\\ -Recurse #\u2019$(1)`\r\n\0\ud800"
    given_arguments = {"Name": hostile, "List": (hostile, "b"), "None": None, "Number": 5, "Yes": True}
    channel(host).invoke([Request("w", write("New-Thing", **given_arguments, Change=Delta(("a",), ("b",))))])
    assert host.estate.calls[0][3] == {
        **given_arguments,
        "List": [hostile, "b"],
        "Change": {"$add": ["a"], "$remove": ["b"]},
    }


def test_a_stopped_run_ends_the_wait() -> None:
    host = FakeWinRS()
    stopped = threading.Event()
    opened = channel(host, is_stopped=stopped.is_set)
    opened.invoke(reads("a"))

    def times_out() -> Exception:
        stopped.set()
        return FAILURES["operation time-out"]()

    host.troubles = [Trouble(Phase.RECEIVE, n, times_out) for n in range(1, 999)]
    assert kinds(opened.invoke(writes("x"))) == ["AmbiguousOutcome"]
