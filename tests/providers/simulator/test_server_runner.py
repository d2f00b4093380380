"""The simulated PowerShell: the line protocol, whatever way its bytes arrive."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.simulator.wire.process import PowerShell, RunnerProcess
from providers.simulator.wire.runner import Clocks, Runner, framed
from providers.simulator.wire.shell_command import Launch
from providers.transport.wire import LineReader, ReplyLine
from reconciler.model.values import EMPTY
from tests.support.winrm_server import (
    COMMAND_LINE,
    NONCE,
    USER,
    TinyEstate,
    exit_line,
    init_line,
    invoke,
    replies,
    request_line,
    start,
    wait_until,
)


def a_runner(
    estate: TinyEstate | None = None,
    clocks: Clocks = lambda: (0.0, 0.0),
    limits: Mapping[str, Any] = EMPTY,
    **init: object,
) -> Runner:
    made = Runner(estate or TinyEstate(), "ex1.contoso.com", USER, clocks, **limits)
    made.answer(init_line(**init))
    return made


def told(made: Runner, line: bytes) -> list[dict[str, Any]]:
    return replies(made.answer(line))


def test_nothing_is_answered_before_init() -> None:
    made = Runner(TinyEstate(), "ex1.contoso.com", USER, lambda: (0.0, 0.0))
    assert made.answer(invoke("1", "Get-Echo")) == b""
    assert made.answer(b"rubbish\n") == b""
    assert made.answer(init_line(nonce="short")) == b""
    assert made.answer(init_line(id="00")).startswith(f"{NONCE} LOADING\r\n{NONCE} READY ".encode())


@pytest.mark.parametrize(
    ("host", "product", "asked", "adapter"),
    [
        ("ex1.contoso.com", "Version 15.0 (Build 1497.2)", "auto", "remote"),
        ("ex1.contoso.com", "Version 15.0 (Build 1497.2)", "snapin", "snapin"),
        ("ex1.contoso.com", "Version 8.3 (Build 83.6)", "auto", "snapin"),
        ("ex1.contoso.com", "Version 8.3 (Build 83.6)", "remote", None),
        ("ex1.contoso.com", "Version 15.0 (Build 1497.2)", "lync", None),
        ("fe1.contoso.com", "Version 6.0.9319.0", "auto", "lync"),
        ("fe1.contoso.com", "Version 6.0.9319.0", "remote", None),
    ],
)
def test_the_adapter_is_one_the_host_has(host: str, product: str, asked: str, adapter: str | None) -> None:
    class Other(TinyEstate):
        def about(self, host: str) -> dict[str, object]:
            return super().about(host) | {"product": product}

    (reply,) = replies(Runner(Other(), host, USER, lambda: (0.0, 0.0)).answer(init_line(adapter=asked)))
    if adapter is None:
        assert reply["error"]["type"] == "AdapterNotAvailable"
    else:
        assert reply["ready"]["adapter"] == adapter


def test_a_torn_line_is_reported_and_an_empty_one_ends_it() -> None:
    made = a_runner()
    line = invoke("1", "Get-Echo", Identity="x")
    assert told(made, line[: len(line) // 2]) == [{"bad": True}]
    assert made.answer(b"\r\n") == b""
    assert told(made, line)[0]["ok"] is True


@pytest.mark.parametrize(
    "line",
    [
        b"5 00000000 AAAA",
        b"4 00000000 AAAA",
        framed(base64.b64encode(b"[]")),
        framed(base64.b64encode(b"{}")),
        framed(base64.b64encode(b'{"id":1,"op":"ping"}')),
        framed(base64.b64encode(b"[" * 5000)),
        framed(base64.b64encode(b"\xff\xfe")),
        b"999999999 00000000 AAAA",
        b"\x00\xff",
    ],
)
def test_what_is_no_request_is_a_bad_line(line: bytes) -> None:
    assert told(a_runner(), line) == [{"bad": True}]


def test_a_repeated_id_gets_the_stored_reply_and_runs_nothing() -> None:
    estate = TinyEstate()
    made = a_runner(estate)
    line = invoke("1", "New-Thing", Name="x")
    first = made.answer(line)
    assert made.answer(line) == first
    assert made.answer(invoke("1", "New-Thing", Name="other")) == first
    assert len(estate.calls) == 1


def test_replay_sends_stored_replies_again_and_tells_unknown_ids() -> None:
    made = a_runner()
    kept = told(made, invoke("1", "Get-Echo", Identity="x"))
    first, unknown, own = told(made, request_line(op="replay", id="r", ids=["1", "2"]))
    assert first == kept[0]
    assert (unknown["id"], unknown["ok"]) == ("2", False)
    assert unknown["error"]["type"] == "UnknownId"
    assert (own["id"], own["ok"]) == ("r", True)


def test_a_write_whose_reply_made_room_never_runs_again() -> None:
    estate = TinyEstate()
    made = a_runner(estate, limits={"replies_kept": 2})
    for number in range(1, 5):
        made.answer(invoke(str(number), "New-Thing"))
    (again,) = told(made, invoke("1", "New-Thing"))
    assert again["error"]["type"] == "ReplyForgotten"
    assert "executed" not in again["error"]
    assert len(estate.calls) == 4


def test_a_long_listing_is_not_kept_and_may_run_again() -> None:
    estate = TinyEstate()
    made = a_runner(estate)
    line = invoke("1", "Get-Many", Count=60_000)
    assert len(told(made, line)) == 60
    assert len(told(made, line)) == 60
    assert len(estate.calls) == 2


WINDOW = [100.0, 130.0, 5030.0]


@pytest.mark.parametrize(
    ("clocks", "is_late"),
    [
        ((100.0, 5000.0), False),
        ((129.9, 5029.9), False),
        ((130.0, 5010.0), True),  # the time of day was set back
        ((110.0, 5030.0), True),  # it was set ahead, or the machine was paused
        ((99.9, 5010.0), True),  # the host was restarted
        ((1e9, 0.0), True),
    ],
)
def test_a_command_begins_within_its_window_on_both_clocks_or_never(clocks: tuple[float, float], is_late: bool) -> None:
    estate = TinyEstate()
    made = a_runner(estate, lambda: clocks)
    (reply,) = told(made, request_line(op="invoke", id="1", cmdlet="New-Thing", params={}, not_after=WINDOW))
    assert len(estate.calls) == (not is_late)
    if is_late:
        assert (reply["error"]["type"], reply["error"]["executed"]) == ("CommandExpired", False)
        assert tuple(reply["clocks"]) == clocks


def test_an_expired_command_may_come_again_with_more_time() -> None:
    made = a_runner(clocks=lambda: (130.0, 5030.0))
    request = {"op": "invoke", "id": "1", "cmdlet": "New-Thing", "params": {}}
    assert told(made, request_line(**request, not_after=WINDOW))[0]["ok"] is False
    assert told(made, request_line(**request, not_after=[100.0, 160.0, 5060.0]))[0]["ok"] is True


def test_the_deadline_is_looked_at_again_for_each_command_of_a_send() -> None:
    now = [100.0]

    class Slow(TinyEstate):
        def call(self, *arguments: Any, **options: Any) -> Any:
            now[0] += 20.0
            return super().call(*arguments, **options)

    made = a_runner(Slow(), lambda: (now[0], 5000.0))
    lines = [request_line(op="invoke", id=name, cmdlet="New-Thing", params={}, not_after=WINDOW) for name in "abc"]
    assert [told(made, line)[0]["ok"] for line in lines] == [True, True, False]


@pytest.mark.parametrize("window", [[], [1.0], "soon", {"at": 1}, [None, None, None], True])
def test_a_deadline_that_cannot_be_read_is_over(window: object) -> None:
    estate = TinyEstate()
    line = request_line(op="invoke", id="1", cmdlet="New-Thing", params={}, not_after=window)
    assert told(a_runner(estate), line)[0]["error"]["executed"] is False
    assert estate.calls == []


@pytest.mark.parametrize(("op", "cmdlet"), [("invoke", "Remove-Mailbox"), ("invoke", "get-echo"), ("script", "x.ps1")])
def test_a_command_that_is_not_allowed_is_not_run(op: str, cmdlet: str) -> None:
    estate = TinyEstate()
    (reply,) = told(a_runner(estate), request_line(op=op, id="1", cmdlet=cmdlet, params={}))
    assert reply["error"]["type"] == "CommandNotAllowed"
    assert reply["error"]["executed"] is False
    assert estate.calls == []


def test_an_unknown_operation_is_refused() -> None:
    (reply,) = told(a_runner(), request_line(op="eval", id="1", cmdlet="Get-Echo", params={}))
    assert reply["error"]["type"] == "UnknownOperation"


@pytest.mark.parametrize(("op", "cmdlet"), [("script", "exchucutil.ps1"), ("service", "Get-Service")])
def test_script_and_service_reach_the_estate_as_such(op: str, cmdlet: str) -> None:
    estate = TinyEstate()
    made = a_runner(estate, allow=["exchucutil.ps1", "Get-Service"], always={"DomainController": "dc1"})
    assert told(made, request_line(op=op, id="1", cmdlet=cmdlet, params={"a": 1}))[0]["ok"] is True
    assert estate.calls == [("ex1.contoso.com", op, cmdlet, {"a": 1}, USER)]


def test_always_is_added_where_the_cmdlet_has_it_and_the_call_does_not_name_it() -> None:
    made = a_runner(always={"DomainController": "dc1", "Confirm": False})
    assert told(made, invoke("1", "Get-Echo"))[0]["records"] == [{"DomainController": "dc1"}]
    assert told(made, invoke("2", "Get-Echo", domaincontroller="dc2"))[0]["records"] == [{"domaincontroller": "dc2"}]
    assert told(made, invoke("3", "Get-Many", Count=0))[0]["records"] == []


def test_an_error_record_keeps_type_id_category_message_and_target() -> None:
    (reply,) = told(a_runner(), invoke("1", "Get-Missing"))
    assert reply == {
        "id": "1",
        "ok": False,
        "error": {
            "type": "ManagementObjectNotFoundException",
            "id": "4D8B,Microsoft.Exchange.Management",
            "category": "ObjectNotFound",
            "message": "Das Objekt wurde nicht gefunden: Ж",
            "target": "Redmond",
            "inner": [],
        },
    }


def test_an_error_before_the_cmdlet_says_so() -> None:
    (reply,) = told(a_runner(), invoke("1", "Set-Broken"))
    assert reply["error"]["executed"] is False


def test_a_bug_of_the_estate_is_an_error_record_and_a_traceback_beside() -> None:
    made = a_runner()
    assert told(made, invoke("1", "Get-Bug"))[0]["error"]["type"] == "KeyError"
    assert "Traceback" in made.complaints[0]


@pytest.mark.parametrize(("count", "parts"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_a_listing_comes_in_parts_of_a_thousand(count: int, parts: int) -> None:
    listing = told(a_runner(), invoke("1", "Get-Many", Count=count))
    assert len(listing) == parts
    assert [bool(part.get("more")) for part in listing] == [True] * (parts - 1) + [False]
    assert sum(len(part["records"]) for part in listing) == count
    assert "warnings" in listing[-1]


def test_a_part_is_limited_in_size_too() -> None:
    listing = told(a_runner(limits={"part_bytes": 100}), invoke("1", "Get-Many", Count=30))
    assert len(listing) > 3
    assert [record["Name"] for part in listing for record in part["records"]] == [f"n{index}" for index in range(30)]


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_arrives_and_returns_unchanged(text: str) -> None:
    assert told(a_runner(), invoke("1", "Get-Echo", Identity=text))[0]["records"] == [{"Identity": text}]


# --- the process -----------------------------------------------------------------------------------------------------


class Watched:
    """A process and everything it wrote."""

    def __init__(self, estate: TinyEstate, settings: PowerShell | None = None) -> None:
        self.written = {"stdout": b"", "stderr": b""}
        self.exit_code: int | None = None
        self.changed = threading.Condition()
        launch = Launch("ex1.contoso.com", USER, False, COMMAND_LINE, False, self.write, self.ended)
        self.process = RunnerProcess(estate, launch, settings)

    def write(self, stream: str, data: bytes) -> None:
        with self.changed:
            self.written[stream] += data
            self.changed.notify_all()

    def ended(self, exit_code: int) -> None:
        with self.changed:
            self.exit_code = exit_code
            self.changed.notify_all()

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(replies(self.written["stdout"])) >= count, 5)
        return replies(self.written["stdout"])

    def end(self) -> int | None:
        self.process.feed(b"", end=True)
        self.process.join()
        return self.exit_code


@settings(max_examples=25)
@given(st.lists(st.integers(1, 400), max_size=60), st.sampled_from([b"\n", b"\r\n"]))
def test_stdin_may_be_cut_anywhere(cuts: list[int], line_end: bytes) -> None:
    session = (start() + invoke("1", "Get-Echo", Identity="x") + b"\n" + exit_line()).replace(b"\n", line_end)
    watched = Watched(TinyEstate())
    at = 0
    for cut in cuts:
        watched.process.feed(session[at : at + cut], end=False)
        at += cut
    watched.process.feed(session[at:], end=True)
    watched.process.join()
    assert [reply["id"] for reply in replies(watched.written["stdout"])] == ["0", "1", "exit"]
    assert watched.exit_code == 0


def test_requests_at_hand_are_one_turn() -> None:
    estate = TinyEstate()
    watched = Watched(estate, PowerShell(requests_per_turn=100))
    watched.process.feed(start(), end=False)
    watched.wait_for(1)
    before = estate.turns
    many = b"".join(invoke(str(number), "Get-Echo", Identity="x") for number in range(1, 251))
    watched.process.feed(many, end=False)
    watched.wait_for(251)
    assert estate.turns - before == 3
    assert watched.end() == 0


def test_replies_are_written_after_the_turn_that_made_them() -> None:
    class Watching(TinyEstate):
        is_inside = False

        @contextmanager
        def turn(self) -> Iterator[None]:
            self.is_inside = True
            yield
            self.is_inside = False

    estate = Watching()
    seen: list[bool] = []
    launch = Launch(
        "ex1.contoso.com",
        USER,
        False,
        COMMAND_LINE,
        False,
        write=lambda *_: seen.append(estate.is_inside),
        ended=lambda _: None,
    )
    running = RunnerProcess(estate, launch, flush_bytes=1000)
    running.feed(start() + b"".join(invoke(f"{number}", "Get-Many", Count=9) for number in range(1, 41)), end=True)
    running.join()
    assert len(seen) > 3
    assert not any(seen)


def test_a_stopped_process_runs_nothing_more() -> None:
    estate = TinyEstate()
    watched = Watched(estate)
    watched.process.feed(start(), end=False)
    watched.wait_for(1)
    watched.process.feed(invoke("1", "Wait-Gate") + invoke("2", "New-Thing"), end=False)
    wait_until(lambda: bool(estate.calls))
    watched.process.stop()
    estate.gate.set()
    watched.process.join()
    assert [call[2] for call in estate.calls] == ["Wait-Gate"]


def test_input_that_ends_before_the_runner_is_an_error() -> None:
    watched = Watched(TinyEstate())
    assert watched.end() == 1
    assert b"before the runner" in watched.written["stderr"]


@pytest.mark.parametrize(
    ("least", "is_compressed"), [(None, False), (0, False), (True, False), (10, True), (10**6, False)]
)
def test_long_replies_are_compressed_if_the_client_asks_for_it(least: object, is_compressed: bool) -> None:
    answer = a_runner(deflate=least).answer(invoke("1", "Get-Echo"))
    plain = a_runner().answer(invoke("1", "Get-Echo"))
    assert (b" DEFLATED " in answer) is is_compressed
    (got,), (expected,) = LineReader(NONCE).feed(answer), LineReader(NONCE).feed(plain)
    assert isinstance(got, ReplyLine)
    assert isinstance(expected, ReplyLine)
    assert got.data == expected.data
