"""Laws of export over generated estates: a plan of the files changes nothing, and adopts everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.export.export import Export
from reconciler.plan.plan import Plan
from tests.laws.test_plan_and_apply import A_WHILE, ANY, trial_of
from tests.support.configurations import MODERN, Situation, messes, situations
from tests.support.exporting import exported, extended, reopened
from tests.support.trial import law

CONVERGED = situations(releases=MODERN)
ANY_RELEASE = situations()


def changes_of(plan: Plan) -> set[str]:
    return {f"{action.kind.value} {action.address}" for step in plan.steps for action in step.actions}


@law(30)
@given(CONVERGED, st.booleans())
def test_plan_of_the_files_adopts_everything_and_changes_nothing(situation: Situation, in_full: bool) -> None:
    trial = trial_of(situation)
    applied = trial.apply(max_destroy=ANY)
    assert applied.exit_code == 0, applied.told()
    trial.clock.sleep(A_WHILE)
    made = exported(trial, in_full=in_full)
    assert made.exit_code() == 0
    assert not made.description.pending, made.description.pending
    declared = {one.address for one in made.description.written}
    managed = {one.address for kind in trial.environment.declared.values() for one in kind.values()}
    brought = {address for address in managed if address.key.endswith("/default") or address.key == "Global"}
    assert managed - brought <= declared, made.description.left_out
    again = exported(trial, in_full=in_full)
    assert again.contents == made.contents
    reopened(trial, made)
    plan = trial.plan()
    assert not plan.steps, changes_of(plan)
    assert declared <= {action.address for action in plan.adopted}
    assert not any(one.is_error for one in plan.diagnostics), plan.diagnostics


@law(12)
@given(CONVERGED, st.data())
def test_what_is_unmanaged_is_added_to_the_files(situation: Situation, data: st.DataObject) -> None:
    """Some declarations are taken away, with the state. The files get back all of them, and keep their own text."""
    trial = trial_of(situation)
    assert trial.apply(max_destroy=ANY).exit_code == 0
    trial.clock.sleep(A_WHILE)
    whole = exported(trial)
    rows = whole.contents.get("mailboxes.csv", b"").splitlines(keepends=True)
    kept = {name: text for name, text in whole.contents.items() if name != "auto_attendants.yaml"}
    if rows:
        kept["mailboxes.csv"] = b"".join(rows[: data.draw(st.integers(2, len(rows)))])
    reopened(trial, Export(kept, whole.description))
    made = extended(trial, kept)
    for name, text in made.contents.items():
        assert set(kept.get(name, b"").splitlines()) <= set(text.splitlines())
    files = {**kept, **made.contents}
    reopened(trial, Export(files, made.description))
    plan = trial.plan()
    assert not plan.steps, changes_of(plan)
    assert {one.address for one in whole.description.written} <= {action.address for action in plan.adopted}
    assert extended(trial, files).contents == {}


@law(30)
@given(st.data())
def test_files_of_an_estate_made_by_hand_announce_what_a_plan_would_do(data: st.DataObject) -> None:
    situation = data.draw(ANY_RELEASE)
    trial = trial_of(situation)
    trial.administrator(*data.draw(messes(situation)))
    trial.clock.sleep(A_WHILE)
    made = exported(trial)
    reopened(trial, made)
    plan = trial.plan()
    announced = {one.about for one in made.description.pending}
    assert changes_of(plan) <= announced, (changes_of(plan), announced)
    declared = {one.address for one in made.description.written}
    assert not declared.intersection(action.address for step in plan.steps for action in step.actions)
    assert declared <= {action.address for action in plan.adopted}
    said = {one.reason for one in made.description.pending if not one.about}
    assert all(not one.is_error or said for one in plan.diagnostics), plan.diagnostics
