"""The oracles have teeth: each feature of the engine that is taken out, or turned round, is found by one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from providers.estate import restart_pool, upgrade_readiness
from providers.resources import service_restart
from providers.resources.exchucutil import ExchucutilType
from providers.resources.ip_gateway import IPGatewayType
from providers.resources.service_restart import ServiceRestartType
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Due
from reconciler.model.snapshot import StateChange
from reconciler.plan.plan import Plan, Step
from reconciler.run import apply as applying
from reconciler.run import perform
from reconciler.run.apply import Apply
from reconciler.run.journal import Journal
from tests.laws.oracles import OutcallWatch, PoolWatch, duplicates, left_down, unrest, violations
from tests.laws.truth import Truth
from tests.support.fakes import MemoryLease
from tests.support.trial import Applied, Fault, Trial, environment_of
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 4, "servers": "all"}


def trial(seed: int = 1, *, gateway: str = "auto", start_time: float = 15.0) -> Trial:
    world = world_of(2, [3, 2])
    pools = tuple(pool.model_copy(update={"start_time": start_time}) for pool in world.lync.pools)
    world = world.model_copy(update={"lync": world.lync.model_copy(update={"pools": pools})})
    return Trial(world, environment_of({"dial_plans": {"Redmond": {**PLAN, "outcall_gateway": gateway}}}), seed)


def found(applied: Applied, by: Trial) -> set[str]:
    """Return the marks of what was found, such as I1."""
    return {told.partition(":")[0] for told in violations(applied, by)}


def test_undisturbed_engine_is_found_innocent() -> None:
    one = trial()
    watch = OutcallWatch(one)
    assert violations(one.apply(), one) + duplicates(one) + watch.broken == []


def test_outgoing_calls_that_are_left_alone_are_neither_owed_nor_missed() -> None:
    one = trial(gateway="unmanaged")
    applied = one.apply()
    assert [line["cmdlet"] for line in applied.ours].count("exchucutil.ps1") == 1
    assert len(Truth(one.estate).enabled("Redmond")) > 1, "as the script leaves them"
    assert violations(applied, one) + unrest(one) == []


def test_write_without_durable_intent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = MemoryLease.commit
    monkeypatch.setattr(
        MemoryLease, "commit", lambda self, change: commit(self, StateChange(**{**_fields(change), "intents": ()}))
    )
    one = trial()
    assert "I1" in found(one.apply(), one)


def _fields(change: StateChange) -> dict[str, Any]:
    return {name: getattr(change, name) for name in StateChange.__slots__}


def test_command_sent_before_its_needs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(plan: Plan, *arguments: Any) -> Apply:
        return Apply(replace(plan, steps=tuple(replace(step, needs=(), after=()) for step in plan.steps)), *arguments)

    monkeypatch.setattr(applying, "Apply", hasty)
    marks = set[str]()
    for seed in range(5):
        one = trial(seed)
        marks |= found(one.apply(), one)
    assert "I12" in marks


def test_command_that_the_plan_does_not_show_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(step: Step) -> Step:
        return replace(step, actions=tuple(replace(one, commands=one.commands * 2) for one in step.actions))

    def twice(plan: Plan, *arguments: Any) -> Apply:
        return Apply(replace(plan, steps=tuple(map(doubled, plan.steps))), *arguments)

    monkeypatch.setattr(applying, "Apply", twice)
    one = trial()
    assert "I10" in found(one.apply(), one)


def _tasks_without(method: str, monkeypatch: pytest.MonkeyPatch, kind: type, change: Callable[[Due], Due]) -> None:
    due = getattr(kind, method)

    def changed(self: Any, landscape: Landscape) -> Sequence[Due]:
        return tuple(change(task) for task in due(self, landscape))

    monkeypatch.setattr(kind, method, changed)


def test_script_without_obligations_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _tasks_without("due", monkeypatch, ExchucutilType, lambda task: replace(task, owes=()))
    one = trial()
    assert "D1" in found(one.apply(), one)


def test_two_front_ends_of_a_pool_at_once_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _tasks_without("due", monkeypatch, ServiceRestartType, lambda task: replace(task, needs=task.needs[:1]))
    monkeypatch.setattr(restart_pool, "is_short", lambda *_: None)
    monkeypatch.setattr(upgrade_readiness, "not_ready", lambda *_: None)
    monkeypatch.setattr(service_restart, "held_back", lambda *_: None)
    monkeypatch.setattr(ServiceRestartType, "is_done", lambda *_: True)
    monkeypatch.setattr(perform, "foregone", lambda *_: None)
    one = trial()
    assert "D4" in found(one.apply(), one)


def test_dependents_left_stopped_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(task: Due) -> Due:
        return replace(task, commands=task.commands[:2], owes=(), discharges=task.discharges[:1])

    _tasks_without("due", monkeypatch, ServiceRestartType, careless)
    monkeypatch.setattr(service_restart, "not_running", lambda *_: ())
    one = trial()
    assert one.apply().exit_code == 0
    assert "fe1.contoso.com/RTCCAA" in {found.partition(" ")[0] for found in left_down(one)}


def test_front_end_stopped_while_another_starts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart_pool, "is_short", lambda *_: None)
    monkeypatch.setattr(upgrade_readiness, "not_ready", lambda *_: None)
    monkeypatch.setattr(service_restart, "held_back", lambda *_: None)
    monkeypatch.setattr(ServiceRestartType, "is_done", lambda *_: True)
    monkeypatch.setattr(perform, "foregone", lambda *_: None)
    one = trial()
    watch = PoolWatch(one)
    one.apply()
    assert any("StartPending" in told for told in watch.broken)


def test_dial_plan_left_without_outcall_gateway_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPGatewayType, "needs", lambda *_: ())
    broken: list[str] = []
    for seed in range(8):
        one = trial(seed, gateway="pool1.contoso.com")
        assert one.apply().exit_code == 0
        one.environment = trial(gateway="pool2.contoso.com").environment
        watch = OutcallWatch(one)
        one.apply()
        broken += watch.broken
    assert any(told.startswith("D6") for told in broken)


def test_command_repeated_while_the_first_may_still_run_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for the expiry a read proves nothing: exchucutil, late, comes a second time."""
    monkeypatch.setattr(Journal, "outlast_seconds", lambda *_: 0.0)
    told: list[str] = []
    for write in range(1, 20):
        one = trial(start_time=0.0)
        one.apply(fault=Fault("late", write, seconds=20.0))
        one.apply()
        one.clock.sleep(60.0)
        one.apply()
        told += duplicates(one)
    assert "exchucutil ran twice" in told


def test_command_sent_again_under_another_id_is_found() -> None:
    """A lost reply that is taken for a failure makes the next apply repeat it; here somebody forgets what he did."""
    one = trial()
    one.apply()
    one.administrator("Remove-UMHuntGroup '1:1\\Redmond'")
    one.apply()
    assert "exchucutil ran twice" in duplicates(one)
