"""What servers cost: the keys of the world file, the time of calls, how many run at once, and budgets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE
from providers.simulator.answers import CmdletError, Result
from providers.simulator.estate.estate import Estate
from providers.simulator.estate.load import Load, Queue
from providers.simulator.wire.process import RunnerProcess
from providers.simulator.wire.shell_command import Launch
from providers.simulator.world.costs import Budget, Costs, Times
from providers.simulator.world.file import parse_world
from reconciler.model.commands import Reply, read, write
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, Throttled
from reconciler.model.ports import Request
from tests.support.estate_sessions import EstateSessions
from tests.support.fakes import VirtualClock
from tests.support.paths import ROOT
from tests.support.winrm_server import Client, TinyEstate, invoke, listening, start
from tests.support.worlds import SteppingClock, estate_of

EX1 = "ex1.contoso.com"
WORLD = """\
exchange: {servers: [{fqdn: ex1.contoso.com}]}
lync: {sites: [{name: Redmond}], pools: [{fqdn: pool1.contoso.com, site: Redmond, computers: [fe1.contoso.com]}]}
"""


def costs(**keys: Any) -> Costs:
    return Costs.model_validate(keys)


def call(estate: Estate, cmdlet: str, host: str = EX1, **parameters: object) -> float:
    """Return how long a call takes."""
    return estate.call(host, "invoke", cmdlet, parameters, ("Name",)).seconds


# --- the keys --------------------------------------------------------------------------------------------------------


def test_the_most_specific_kind_decides_key_by_key() -> None:
    found = costs(
        cmdlets={
            "*": {"call": "50ms", "per_object": "0s", "variation": "20%"},
            "Get": {"per_object": "1ms"},
            "get-ummailbox": {"call": "80ms"},
        }
    )
    assert found.of_cmdlet("Set-UMMailbox") == Times(0.05, 0.0, 0.2)
    assert found.of_cmdlet("Get-UMDialPlan") == Times(0.05, 0.001, 0.2)
    assert found.of_cmdlet("Get-UMMailbox") == Times(0.08, 0.001, 0.2)


def test_a_host_has_the_limits_of_all_hosts_where_it_has_none_of_its_own() -> None:
    found = costs(hosts={"*": {"concurrent": 10, "budget": {"cmdlets": 9, "period": "5s"}}, EX1: {"concurrent": 4}})
    assert found.of_host(EX1).concurrent == 4
    assert found.of_host(EX1).budget == Budget(cmdlets=9, period=5.0)
    assert found.of_host("fe1.contoso.com").concurrent == 10


@pytest.mark.parametrize(
    ("text", "column", "remedy"),
    [
        ("cmdlets: {Enable-UMMailbx: {call: 50ms}}", 11, 'Did you mean "Enable-UMMailbox"?'),
        ("cmdlets: {Gett: {call: 50ms}}", 11, 'Did you mean "Get"?'),
        ("cmdlets: {Get: {cal: 50ms}}", 17, 'Did you mean "call"?'),
        ("cmdlets: {Get: {call: -50ms}}", 17, ""),
        ("cmdlets: {Get: {variation: 120%}}", 17, ""),
        ("hosts: {ex2.contoso.com: {concurrent: 2}}", 9, 'Did you mean "ex1.contoso.com"?'),
        ("hosts: {ex1.contoso.com: {concurent: 2}}", 27, 'Did you mean "concurrent"?'),
        ("hosts: {'*': {budget: {cmdlets: 5}}}", 15, ""),
        ("hosts: {'*': {concurrent: 0}}", 15, ""),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, column: int, remedy: str) -> None:
    (told,) = _told(f"costs:\n  {text}\n")
    assert told.position is not None
    assert (told.position.file, told.position.line) == ("w.yaml", 4)
    assert told.position.column == column + 2
    assert remedy in told.remedy


def _told(text: str) -> Sequence[Diagnostic]:
    with pytest.raises(ConfigurationError) as caught:
        parse_world((WORLD + text).encode(), "w.yaml")
    return caught.value.diagnostics


# --- the time of a call ----------------------------------------------------------------------------------------------


def test_a_world_without_costs_takes_no_time() -> None:
    estate = estate_of(users=3)
    assert estate.load is None
    assert call(estate, "Get-UMDialPlan") == 0.0


def test_a_listing_costs_its_call_and_each_object() -> None:
    kinds = {"Get": {"call": "100ms", "per_object": "10ms"}}
    estate = estate_of(users=7, um_enabled=5, plans={"Redmond": 5}, costs={"cmdlets": kinds})
    assert call(estate, "Get-UMMailbox") == pytest.approx(0.1 + 5 * 0.01)


def test_a_call_that_the_simulator_comes_to_late_has_ended_by_then_and_costs_its_time_all_the_same() -> None:
    estate = estate_of(costs={"cmdlets": {"Get": {"call": "50ms"}}})
    seconds = estate.call(EX1, "invoke", "Get-UMDialPlan", {}, ("Name",), late_seconds=1.0).seconds
    assert seconds == pytest.approx(-0.95), "the next one begins 0.95 s ago, not 1 s ago"


def test_a_call_that_fails_costs_its_time_too() -> None:
    estate = estate_of(costs={"cmdlets": {"*": {"call": "2s"}}})
    with pytest.raises(CmdletError) as caught:
        call(estate, "Get-UMMailbox", Identity="nobody")
    assert caught.value.seconds == 2.0


@given(st.floats(0.001, 10), st.floats(0, 1), st.integers(), st.text())
def test_variation_stays_within_its_share_and_follows_from_seed_and_call(
    seconds: float, share: float, seed: int, name: str
) -> None:
    described = costs(seed=seed, cmdlets={"*": {"call": seconds, "variation": share}})
    first, second = Load(described), Load(described)
    second.seconds(EX1, "Set-UMMailbox", {"Identity": "another"}, 0)
    found = first.seconds(EX1, "Set-UMMailbox", {"Identity": name}, 0)
    assert found == second.seconds(EX1, "Set-UMMailbox", {"Identity": name}, 0)
    assert abs(found - seconds) <= seconds * share * 1.000001


def test_variation_differs_from_call_to_call_and_from_seed_to_seed() -> None:
    kinds = {"*": {"call": "1s", "variation": "50%"}}
    one, other = Load(costs(cmdlets=kinds)), Load(costs(seed=2, cmdlets=kinds))
    times = [one.seconds(EX1, "Set-UMMailbox", {"Identity": f"user{n}"}, 0) for n in range(200)]
    assert len(set(times)) == 200
    assert sum(times) / 200 == pytest.approx(1.0, abs=0.1)
    assert one.seconds(EX1, "Get-User", {}, 0) != other.seconds(EX1, "Get-User", {}, 0)


def test_in_process_the_time_passes_on_the_virtual_clock() -> None:
    clock = VirtualClock()
    estate = estate_of(clock=None, costs={"cmdlets": {"Get": {"call": "1h"}}})
    session = EstateSessions(estate, wait=clock.sleep).open(EXCHANGE)
    session.invoke([Request("a", read("Get-UMDialPlan")), Request("b", read("Get-UMIPGateway"))])
    assert clock.seconds == pytest.approx(7200, abs=60)


# --- how many run at once --------------------------------------------------------------------------------------------


ARRIVALS = st.lists(st.tuples(st.floats(0, 5), st.floats(0.001, 3)), min_size=1, max_size=40)


@given(st.integers(1, 5), ARRIVALS)
def test_no_more_run_at_once_than_the_host_can_and_no_place_stays_free_while_one_waits(
    most: int, arrivals: Sequence[tuple[float, float]]
) -> None:
    queue, now = Queue(most), 0.0
    runs: list[tuple[float, float]] = []
    for gap, seconds in arrivals:
        now += gap
        ends = queue.place(now, seconds)
        begins = ends - seconds
        assert begins >= now - 1e-9
        running = sum(start <= begins - 1e-9 < end for start, end in runs)
        assert running <= most
        if begins > now + 1e-9:
            assert running == most
        runs.append((begins, ends))
    for moment in [begins for begins, _ in runs]:
        assert sum(start <= moment < end - 1e-9 for start, end in runs) <= most
    assert queue.most_at_once <= most


@given(st.integers(1, 4), st.lists(st.tuples(st.floats(0, 20), st.floats(0.001, 3)), min_size=1, max_size=40))
def test_no_more_run_at_once_however_late_the_simulator_comes_to_a_call(
    most: int, arrivals: Sequence[tuple[float, float]]
) -> None:
    queue = Queue(most)
    ends = [queue.place(arrives, seconds) for arrives, seconds in arrivals]
    runs = [(end - seconds, end) for end, (_, seconds) in zip(ends, arrivals, strict=True)]
    for moment, _ in runs:
        assert sum(start <= moment < end - 1e-9 for start, end in runs) <= most


def test_calls_above_the_limit_of_a_host_wait_for_their_turn() -> None:
    estate = _busy(concurrent=2)
    waits = [call(estate, "Get-UMDialPlan") for _ in range(6)]
    assert waits == pytest.approx([0.05, 0.05, 0.1, 0.1, 0.15, 0.15])
    assert _most_at_once(estate) == 2
    assert call(estate, "Get-CsSite", host="fe1.contoso.com") == pytest.approx(0.05)


def test_calls_on_a_host_without_a_limit_never_wait() -> None:
    estate = _busy()
    assert [call(estate, "Get-UMDialPlan") for _ in range(40)] == pytest.approx([0.05] * 40)
    assert _most_at_once(estate) == 40


def test_a_place_is_free_again_when_its_call_has_ended() -> None:
    clock = SteppingClock()
    estate = _busy(clock, concurrent=1)
    for _ in range(3):
        assert call(estate, "Get-UMDialPlan") == pytest.approx(0.05)
        clock.pass_seconds(0.05)


def _busy(clock: SteppingClock | None = None, **limits: Any) -> Estate:
    kinds = {"*": {"call": "50ms"}}
    hosts = {EX1: limits} if limits else {}
    return estate_of(clock or SteppingClock(), users=1, costs={"cmdlets": kinds, "hosts": hosts})


def _most_at_once(estate: Estate) -> int:
    assert estate.load is not None
    return estate.load.queue(EX1).most_at_once


# --- budgets ---------------------------------------------------------------------------------------------------------


def test_above_the_budget_a_call_is_refused_until_the_next_period() -> None:
    clock = SteppingClock()
    estate = _busy(clock, budget={"cmdlets": 2, "period": "5s"})
    call(estate, "Get-UMDialPlan")
    clock.pass_seconds(1)
    call(estate, "Get-UMDialPlan")
    with pytest.raises(CmdletError, match=r"quota of 2 requests per 5 seconds.*at least 4000 milliseconds") as caught:
        call(estate, "Get-UMDialPlan")
    assert (caught.value.type, caught.value.seconds) == ("OverBudgetException", 0.0)
    other = estate.call(EX1, "invoke", "Get-UMDialPlan", {}, ("Name",), "CONTOSO\\other")
    assert other.seconds == pytest.approx(0.05)
    clock.pass_seconds(4)
    assert call(estate, "Get-UMDialPlan") == pytest.approx(0.05)


def test_a_refused_call_changes_nothing_and_the_engine_takes_it_for_throttling() -> None:
    estate = _busy(budget={"cmdlets": 1, "period": "5s"})
    session = EstateSessions(estate).open(EXCHANGE)
    made = write("New-UMIPGateway", EXCHANGE, Name="gateway", Address="10.0.0.1")
    first, second = session.invoke([Request("a", read("Get-UMDialPlan")), Request("b", made)])
    assert isinstance(first, Reply)
    assert isinstance(second, Throttled)
    assert not [entry for entry in estate.log() if entry["cmdlet"] == "New-UMIPGateway" and not entry["error"]]


def test_above_the_budget_a_call_may_be_delayed_instead() -> None:
    estate = _busy(budget={"cmdlets": 2, "period": "5s", "above": "delay"})
    assert [call(estate, "Get-UMDialPlan") for _ in range(5)] == pytest.approx([0.05, 0.05, 5.05, 5.05, 10.05])
    (warning,) = estate.call(EX1, "invoke", "Get-UMDialPlan", {}, ()).warnings
    assert warning == "Micro delay applied. Actual delayed: 10000 msecs, Enforced"


def test_lync_has_no_budget() -> None:
    estate = estate_of(SteppingClock(), costs={"hosts": {"*": {"budget": {"cmdlets": 1, "period": "5s"}}}})
    for _ in range(3):
        call(estate, "Get-CsSite", host="fe1.contoso.com")


# --- over real sockets -----------------------------------------------------------------------------------------------


class Pauses:
    """Stands for the time in which processes pause: counts those that pause at once, and lets none go on alone."""

    def __init__(self, parties: int) -> None:
        self._all = threading.Barrier(parties, timeout=20)
        self.seconds: list[float] = []

    def __call__(self, condition: threading.Condition, is_over: Callable[[], bool], seconds: float) -> None:
        self.seconds.append(seconds)
        self._all.wait()  # broken, and so an error of every process, unless all pause at the same time


@contextmanager
def _served(estate: Estate, pauses: Pauses) -> Iterator[Any]:
    def begin(launch: Launch) -> RunnerProcess:
        return RunnerProcess(estate, launch, pause=pauses, monotonic=lambda: 0.0)

    with listening(estate=estate, start=begin) as server:
        yield server


@pytest.mark.parametrize("most", [None, 6, 2])
def test_parallel_calls_pass_their_time_together_and_a_host_runs_no_more_at_once_than_it_can(most: int | None) -> None:
    calls = 6
    estate = _busy(SteppingClock(), **({} if most is None else {"concurrent": most}))
    pauses = Pauses(calls)
    with _served(estate, pauses) as server:
        clients = [Client(server).open() for _ in range(calls)]
        for client in clients:
            client.send(start(allow=["Get-UMDialPlan"]) + invoke("1", "Get-UMDialPlan"))
        for client in clients:
            client.receive_until(2)
            client.close()
    turns = -(-calls // (most or calls))
    assert sorted(pauses.seconds) == pytest.approx(sorted(0.05 * (1 + place % turns) for place in range(calls)))
    assert _most_at_once(estate) == (most or calls)


class Late(TinyEstate):
    """Calls that would have ended long ago if the simulator needed no time."""

    def call(self, *arguments: Any, late_seconds: float = 0.0, **options: Any) -> Result:
        return replace(super().call(*arguments, **options), seconds=-late_seconds)


def test_calls_that_have_ended_already_share_a_turn() -> None:
    estate = Late()
    with listening(estate=estate) as server:
        client = Client(server).open()
        client.send(start() + b"".join(invoke(str(number), "Get-Echo") for number in range(1, 101)))
        client.receive_until(101)
        client.close()
    assert estate.turns < 10


# --- the sample ------------------------------------------------------------------------------------------------------


def test_the_sample_costs_time_and_has_limits() -> None:
    estate = Estate.open(ROOT / "samples" / "costs" / "world.yaml", clock=SteppingClock())
    assert call(estate, "Get-UMDialPlan") == pytest.approx(0.05, rel=0.2)
    assert call(estate, "Get-CsUser", host="fe1.contoso.com") == pytest.approx(1.05, rel=0.2)
    assert estate.about(EX1)["endpoint_sessions"] == 18
    assert estate.load is not None
    assert estate.load.limits("fe2.contoso.com").concurrent == 10
