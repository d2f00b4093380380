"""Faults between a client and the service: each strikes the message it is for, before or after the effect."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from providers.simulator.wire import fault_codes, soap
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.fault_codes import Fault
from providers.simulator.wire.faults import FaultPlan, Rule
from providers.simulator.wire.shell_command import Launch, Process
from providers.simulator.wire.soap import Create, Request
from providers.simulator.wire.wsman import Limits, Shells
from tests.support.winrm_server import Client, TinyEstate, invoke, listening, start


def opened(client: Client) -> Client:
    client.open()
    client.send(start())
    client.receive_until(1)
    return client


@pytest.mark.parametrize(
    "code",
    [170, 995, 5, 2147943418, 2150859173, 2150859174, 2150858790, 2150859180, 2150859072, 2150858811, 2147942414],
)
def test_any_fault_code_reaches_the_client(code: int) -> None:
    with listening(faults=FaultPlan([Rule("create", fault=code)])) as server:
        with pytest.raises(WSManFaultError) as raised:
            Client(server).open()
        assert raised.value.wsman_fault_code == code
        assert server.counts.open_shells == 0
        assert server.counts.faults == 1
        Client(server).open()


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500, 502, 503])
def test_any_http_status_reaches_the_client(status: int) -> None:
    with listening(faults=FaultPlan([Rule("command", status=status)])) as server:
        with pytest.raises(WinRMTransportError) as raised:
            Client(server).open()
        assert raised.value.code == status


def test_a_401_in_mid_session_reaches_the_client() -> None:
    with listening(faults=FaultPlan([Rule("send", status=401)])) as server:
        client = Client(server).open()
        with pytest.raises(InvalidCredentialsError):
            client.send(start())


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize("harm", [{"reset": True}, {"lose_reply": True}, {"truncate": 40}])
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_send_was_carried_out_only_if_the_fault_came_after(
    transport: str, harm: dict[str, Any], after: bool
) -> None:
    estate = TinyEstate()
    with listening(Scheme(transport), estate=estate, limits=Limits(max_timeout_seconds=0.1)) as server:
        client = opened(Client(server, transport))
        server.faults.add(Rule("send", when="after" if after else "before", **harm))
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            client.send(invoke("1", "New-Thing"))
        client.protocol.transport.close_session()
        if after or "truncate" in harm:
            client.receive_until(2)
        else:
            with pytest.raises(WinRMOperationTimeoutError):
                client.receive()
        assert len(estate.calls) == int(after or "truncate" in harm)


def test_a_lost_receive_takes_its_output_with_it_and_replay_brings_it_back() -> None:
    with listening(limits=Limits(max_timeout_seconds=0.1)) as server:
        client = opened(Client(server))
        server.faults.add(Rule("receive", when="after", lose_reply=True))
        client.send(invoke("1", "Get-Echo", Identity="x"))
        with pytest.raises(requests.ConnectionError):
            client.receive()
        with pytest.raises(WinRMOperationTimeoutError):
            client.receive()
        client.send(invoke("1", "Get-Echo", Identity="x"))
        assert client.receive_until(2)[1]["records"] == [{"Identity": "x"}]


def test_a_closed_connection_breaks_the_seal_once() -> None:
    with listening(Scheme.NTLM, faults=FaultPlan([Rule("send", close=True)])) as server:
        client = Client(server, "ntlm").open()
        client.send(start())
        with pytest.raises(WinRMTransportError) as raised:
            client.receive()
        assert raised.value.code == 400
        client.protocol.transport.close_session()
        assert client.receive_until(1)[0]["id"] == "0"


def test_a_page_that_is_no_soap_reaches_the_client() -> None:
    with listening(faults=FaultPlan([Rule("create", garble=True)])) as server:
        client = Client(server)
        with pytest.raises((StopIteration, SyntaxError)):
            client.open()


def test_a_killed_shell_is_gone_and_a_killed_process_ends() -> None:
    with listening() as server:
        client = opened(Client(server))
        server.faults.add(Rule("send", kill_process=-1073741510, when="after"))
        client.send(b"\n")
        client.receive_all()
        assert client.exit_code == -1073741510
        other = opened(Client(server))
        server.faults.add(Rule("receive", kill_shell=True))
        with pytest.raises(WSManFaultError) as raised:
            other.receive()
        assert raised.value.wsman_fault_code == 2150858843


def test_a_delay_after_the_effect_is_a_read_timeout_of_a_message_that_was_carried_out() -> None:
    estate = TinyEstate()
    with listening(estate=estate) as server:
        client = opened(Client(server))
        client.protocol.transport.read_timeout_sec = 0.2  # type: ignore[assignment]  # seconds, passed to requests
        server.faults.add(Rule("send", delay_seconds=0.5, when="after"))
        with pytest.raises(requests.ReadTimeout):
            client.send(invoke("1", "New-Thing"))
        client.protocol.transport.read_timeout_sec = 5
        client.receive_until(2)
        assert len(estate.calls) == 1


def test_a_failed_authentication_can_be_injected() -> None:
    plan = FaultPlan([Rule("authenticate", nth=3, status=401)])
    with listening(Scheme.NTLM, faults=plan) as server, pytest.raises(InvalidCredentialsError):
        Client(server, "ntlm").open()


def test_rules_count_the_messages_of_their_kind_and_host() -> None:
    plan = FaultPlan([Rule("send", nth=2, times=2, host="fe1.contoso.com", fault=1), Rule(nth=4, times=0, fault=2)])
    struck = [
        [rule.fault for rule in plan.at(kind, host)]
        for kind, host in [
            ("send", "fe1.contoso.com"),
            ("send", "ex1.contoso.com"),
            ("send", "fe1.contoso.com"),
            ("receive", "fe1.contoso.com"),
            ("send", "fe1.contoso.com"),
            ("send", "fe1.contoso.com"),
        ]
    ]
    assert struck == [[], [], [1], [2], [1, 2], [2]]
    assert plan.injected == 5


def test_a_plan_is_read_from_mappings() -> None:
    plan = FaultPlan.parse(
        [
            {"kind": "send", "host": "FE1.Contoso.com", "fault": 170},
            {"delay_seconds": "0.5", "nth": "1", "reset": "true"},
        ]
    )
    assert [rule.fault for rule in plan.at("send", "fe1.contoso.com")] == [170, None]


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "sned"},
        {"kind": 1},
        {"nth": 0},
        {"nth": True},
        {"nth": "two"},
        {"when": "later"},
        {"when": True},
        {"times": -1},
        {"reset": 1},
        {"delay_seconds": -1},
        {"delay_seconds": "soon"},
        {"code": 5},
    ],
)
def test_a_fault_that_is_none_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fault|value"):
        FaultPlan.parse([entry])


@given(st.dictionaries(st.sampled_from([*Rule.__dataclass_fields__, "x"]), st.none() | st.booleans() | st.text()))
def test_any_mapping_is_a_plan_or_refused(entry: dict[str, object]) -> None:
    with contextlib.suppress(ValueError):
        FaultPlan.parse([entry])


# --- shells that idle ------------------------------------------------------------------------------------------------


class Still:
    """A process that does nothing."""

    def feed(self, data: bytes, *, end: bool) -> None: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


def _still(launch: Launch) -> Process:
    return Still()


def test_a_shell_nobody_uses_vanishes() -> None:
    now = [0.0]

    shells = Shells(_still, Limits(idle_timeout_seconds=60), monotonic=lambda: now[0])

    def create(idle: float | None, shell_id: str) -> Callable[[], bytes]:
        made = Request("m", None, 20, None, Create(idle, None, shell_id))
        shells.answer(made, host="h", user="u")
        run = Request("m", shell_id, 20, None, soap.Run("x", None, False))
        return lambda: shells.answer(run, host="h", user="u")

    short, usual = create(10, "A"), create(None, "B")
    now[0] = 10.5
    usual()
    with pytest.raises(Fault) as gone:
        short()
    assert gone.value.code == fault_codes.SHELL_NOT_FOUND
    now[0] = 70
    usual()
    now[0] = 131
    assert shells.count == 1
    shells.close_idle()
    assert shells.count == 0


def test_another_user_may_not_use_a_shell() -> None:
    shells = Shells(_still)
    shells.answer(Request("m", None, 20, None, Create(None, None, "A")), host="h", user="u")
    with pytest.raises(Fault) as refused:
        shells.answer(Request("m", "A", 20, None, soap.Delete()), host="h", user="v")
    assert refused.value.code == fault_codes.ACCESS_DENIED


def test_an_operation_timeout_of_nothing_is_invalid() -> None:
    shells = Shells(_still)
    shells.answer(Request("m", None, 20, None, Create(None, None, "A")), host="h", user="u")
    with pytest.raises(Fault) as refused:
        shells.answer(Request("m", "A", 0, None, soap.Delete()), host="h", user="u")
    assert refused.value.code == fault_codes.INVALID_TIMEOUT_HEADER
