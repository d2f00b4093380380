"""What forbids a plan, and which error it ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.abilities import Counts
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, PlanError, ReconcilerError, Refused, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.model.snapshot import Remembered, Run, Snapshot
from reconciler.plan.admission import (
    admit,
    admit_readable,
    admit_saved,
    commit_objection,
    commit_warning,
    unknown_commit,
)
from reconciler.plan.budgets import Budgets
from reconciler.plan.plan import Gap, Plan, Source, Step, Trouble, fingerprints_of
from reconciler.plan.saved import SavedPlan

A, B = Address("box", "a"), Address("box", "b")
DELETE = Action(A, ActionKind.DELETE, destroyed=(A,))
NOW = datetime(2026, 1, 5, tzinfo=UTC)
CHECK = Diagnostic("Wrong", code="UM021")


def plan_of(*diagnostics: Diagnostic, action: Action = DELETE) -> Plan:
    step = Step("one", (action,), 1)
    return Plan("test", "lineage", 7, steps=(step,), impact=Counts({"destroys": 1}), diagnostics=diagnostics)


# --- any plan --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "raised"),
    [
        (CHECK, Refused),
        (replace(CHECK, code=None), ReconcilerError),
        (replace(CHECK, code="UM101"), ReconcilerError),
        (replace(CHECK, severity=Severity.WARNING), None),
        (replace(CHECK, leaves_out=True), None),
    ],
    ids=["check", "no such target", "unreadable", "warning", "left out"],
)
def test_an_error_forbids_a_plan_unless_it_only_leaves_something_out(
    told: Diagnostic, raised: type[ReconcilerError] | None
) -> None:
    stopped: ReconcilerError | None = None
    try:
        admit(plan_of(told), Budgets(max_destroy=1), Snapshot("test"))
    except ReconcilerError as error:
        stopped = error
    assert (stopped and type(stopped)) == raised
    assert stopped is None or stopped.diagnostics == (told,)


def test_strict_forbids_also_what_leaves_something_out() -> None:
    with pytest.raises(Refused):
        admit(plan_of(replace(CHECK, leaves_out=True)), Budgets(max_destroy=1), Snapshot("test"), strict=True)


def test_a_budget_is_exceeded_together_with_what_the_checks_forbid() -> None:
    with pytest.raises(Refused) as caught:
        admit(plan_of(CHECK), Budgets(), Snapshot("test"))
    assert {one.code for one in caught.value.diagnostics} == {"UM021", "UM105"}


# --- saved plans -----------------------------------------------------------------------------------------------------

STATE = Snapshot("test", "lineage", 7, {A: Remembered(A, {"size": 1})})
PLAN = replace(plan_of(), prior=fingerprints_of(STATE, [A]))


def admit_saved_plan(plan: Plan, state: Snapshot, environment: str = "test", *, is_used: bool = False) -> None:
    saved = SavedPlan(plan, "0" * 64, NOW, NOW + timedelta(hours=1), "nonce", ".")
    admit_saved(saved, state, environment, is_used=is_used)


@pytest.mark.parametrize(
    "resources",
    [STATE.resources, {**STATE.resources, B: Remembered(B)}],
    ids=["the same", "more of others"],
)
def test_a_saved_plan_holds_as_long_as_the_state_says_the_same_of_its_objects(
    resources: Mapping[Address, Remembered],
) -> None:
    admit_saved_plan(PLAN, replace(STATE, resources=resources, serial=9))


@pytest.mark.parametrize(
    ("state", "environment", "is_used"),
    [
        (STATE, "test", True),
        (STATE, "other", False),
        (replace(STATE, lineage="another"), "test", False),
        (replace(STATE, resources={A: Remembered(A, {"size": 2})}), "test", False),
        (replace(STATE, resources={}), "test", False),
    ],
    ids=["used", "another environment", "another lineage", "changed", "forgotten"],
)
def test_a_saved_plan_that_belongs_elsewhere_or_is_old_is_refused(
    state: Snapshot, environment: str, is_used: bool
) -> None:
    with pytest.raises(PlanError) as caught:
        admit_saved_plan(PLAN, state, environment, is_used=is_used)
    assert caught.value.exit_code == 5
    assert caught.value.diagnostics[0].remedy


@pytest.mark.parametrize(
    ("address", "is_refused"),
    [(Address("box", "*"), True), (A, False), (Address("lid", "*"), False)],
    ids=["its type", "one object", "another type"],
)
def test_a_saved_plan_needs_to_read_the_types_that_it_acts_upon(address: Address, is_refused: bool) -> None:
    landscape = Landscape(unreadable={address: Diagnostic("No answer", "The host is away.")})
    codes: list[str | None] = []
    try:
        admit_readable(PLAN, landscape)
    except ReconcilerError as error:
        codes = [one.code for one in error.diagnostics]
    assert codes == (["UM101"] if is_refused else [])


# --- commits ---------------------------------------------------------------------------------------------------------

APPLIED = Run("run1", "2026-01-05T08:00:00", "kim", "ops1", "1" * 40)
OURS = Source("0" * 40, has_git=True)
OLDER = Gap(("1111111 raise the length",), remedy="Bring them up to date.")


def test_a_commit_that_git_does_not_tell_is_an_objection_with_what_git_said() -> None:
    told = unknown_commit(replace(OURS, trouble=Trouble("It is another's.", "Trust it.")))
    assert told is not None
    assert "It is another's." in told.detail
    assert "Trust it." in told.remedy
    assert unknown_commit(OURS) is None


@pytest.mark.parametrize("gap", [OLDER, replace(OLDER, is_parallel=True), Gap(trouble=Trouble("Shallow.", "Deepen."))])
def test_files_that_lack_changes_forbid_an_apply_and_cloud_a_report(gap: Gap) -> None:
    objection, warning = commit_objection(PLAN, APPLIED, gap), commit_warning(OURS, APPLIED, gap)
    assert objection is not None
    assert warning is not None
    assert (objection.severity, warning.severity) == (Severity.ERROR, Severity.WARNING)
    assert objection.summary == warning.summary
    assert "--allow-older" in objection.remedy
    assert "--allow-older" not in warning.remedy
    assert all(commit in objection.detail for commit in gap.commits)


def test_files_that_lack_nothing_are_no_objection() -> None:
    assert commit_objection(PLAN, APPLIED, Gap()) is None
    assert commit_warning(OURS, APPLIED, Gap()) is None


def test_each_gap_has_a_summary_of_its_own() -> None:
    gaps = (OLDER, replace(OLDER, is_parallel=True), Gap(trouble=Trouble("Shallow.")))
    assert len({told.summary for gap in gaps if (told := commit_objection(PLAN, APPLIED, gap))}) == len(gaps)
