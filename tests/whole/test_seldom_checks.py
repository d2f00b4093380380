"""Checks that seldom fire: for each a world where it does, and one where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from providers.catalogue import resource_types
from reconciler.model.diagnostics import Severity
from reconciler.model.resources import Resources
from reconciler.plan.build import build_plan
from tests.support.landscapes import binding, contoso, exchange_server, plan_declared
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 5, "servers": "all"}


def trial_of(sections: Mapping[str, Any], **world: Any) -> Trial:
    return Trial(world_of(1, [1], branch=False, director=False, **world), environment_of(sections))


def codes(trial: Trial) -> dict[str | None, Severity]:
    return {one.code: one.severity for one in trial.plan().diagnostics}


@pytest.mark.parametrize(
    ("declared", "on_the_server", "fires"),
    [
        ({"max_call_duration": 30, "max_recording_duration": 30}, "", True),
        ({"max_call_duration": 31, "max_recording_duration": 30}, "", False),
        ({"max_recording_duration": 30}, "-MaxCallDuration 30", True),
        ({"max_recording_duration": 30}, "-MaxCallDuration 31", False),
        ({}, "-MaxCallDuration 30 -MaxRecordingDuration 30", True),
    ],
)
def test_a_recording_may_not_outlast_the_call(declared: dict[str, int], on_the_server: str, *, fires: bool) -> None:
    trial = trial_of({"dial_plans": {"Redmond": PLAN}}, plans={"Redmond": 5})
    if on_the_server:
        assert trial.administrator(f"Set-UMDialPlan Redmond {on_the_server}")
    known = trial.look()
    plan = known.declared["dial_plan"]["Redmond"]
    written = Resources([replace(plan, attributes={**plan.attributes, **declared})])
    found = build_plan(resource_types(), replace(known, declared={**known.declared, "dial_plan": written}))
    assert ("UM005" in {one.code for one in found.diagnostics}) is fires


@pytest.mark.parametrize(("name", "fires"), [("Redmond", True), ("redmond", True), ("Custom", False)])
def test_the_name_of_its_dial_plan_belongs_to_the_script(name: str, *, fires: bool) -> None:
    group = {f"pool1.contoso.com/{name}": {"dial_plan": "Redmond", "pilot_identifier": "7000"}}
    trial = trial_of({"dial_plans": {"Redmond": PLAN}, "hunt_groups": group})
    assert codes(trial).get("UM024") is (Severity.WARNING if fires else None)


@pytest.mark.parametrize("has_binding", [True, False])
def test_a_setting_needs_its_object(*, has_binding: bool) -> None:
    server = exchange_server("ex1.contoso.com", "Mailbox")
    bindings = [binding("ex1.contoso.com/um_service")] if has_binding else []
    given = contoso(plan_declared()).with_observed("exchange_server", Resources([server]))
    plan = build_plan(resource_types(), given.with_observed("server_binding", Resources(bindings)))
    assert ("UM104" in {one.code for one in plan.diagnostics}) is not has_binding


@pytest.mark.parametrize(("allowed", "exit_code"), [(0, 4), (1, 0)])
def test_what_is_no_longer_declared_is_removed_within_the_budget(allowed: int, exit_code: int) -> None:
    group = {"pool1.contoso.com/Custom": {"dial_plan": "Redmond", "pilot_identifier": "7000"}}
    trial = trial_of({"dial_plans": {"Redmond": PLAN}, "hunt_groups": group})
    assert trial.apply().exit_code == 0
    trial.environment = environment_of({"dial_plans": {"Redmond": PLAN}})
    applied = trial.apply(max_destroy=allowed)
    assert applied.exit_code == exit_code
    refused = {one.code for one in applied.error.diagnostics} if applied.error else set()
    assert refused == (set() if exit_code == 0 else {"UM105"})
    assert (len(applied.ours) > 0) is (exit_code == 0)
