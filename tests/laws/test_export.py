"""Laws of export over generated estates: a plan of the files changes nothing, and adopts everything."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.export.export import Export
from reconciler.model.resource_types import Managed
from reconciler.plan.plan import Plan
from tests.laws.test_plan_and_apply import A_WHILE, ANY, trial_of
from tests.support.configurations import MODERN, Situation, messes, situations
from tests.support.exporting import exported, extended, reopened
from tests.support.trial import Trial, environment_of, law, types
from tests.support.worlds import world_of

CONVERGED = situations(releases=MODERN)
ANY_RELEASE = situations()
KINDS = frozenset(kind.name for kind in types() if isinstance(kind, Managed))


def changes_of(plan: Plan) -> set[str]:
    return {f"{action.kind.value} {action.address}" for step in plan.steps for action in step.actions}


@law(30)
@given(ANY_RELEASE, st.booleans())
def test_plan_of_the_files_adopts_everything_and_changes_nothing(situation: Situation, in_full: bool) -> None:
    trial = trial_of(situation)
    assume(trial.apply(max_destroy=ANY).exit_code == 0)  # other laws say where it has to be
    assume(not trial.plan().steps)
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


@law(20)
@given(ANY_RELEASE, st.data())
def test_a_host_that_does_not_answer_takes_nothing_away(situation: Situation, data: st.DataObject) -> None:
    """Export says what it could not read. When all hosts answer again, a plan of the files changes nothing."""
    trial = trial_of(situation)
    assume(trial.apply(max_destroy=ANY).exit_code == 0)
    assume(not trial.plan().steps)
    trial.clock.sleep(A_WHILE)
    hosts = [server.fqdn for server in situation.world.exchange.servers]
    hosts += [computer.fqdn for pool in situation.world.lync.pools for computer in pool.computers]
    trial.away = frozenset(data.draw(st.lists(st.sampled_from(hosts), min_size=1, max_size=3)))
    made = exported(trial)
    trial.away = frozenset()
    assert made.exit_code() == (1 if made.diagnostics else 0)
    reopened(trial, made)
    plan = trial.plan()
    assert not any(action.address.type in KINDS for step in plan.steps for action in step.actions), changes_of(plan)


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


def test_names_in_any_language_with_quotes_and_zeros_read_back() -> None:
    """The suffix of a default policy is that of the server; names have quotes, colons, hashes and other scripts."""
    world = world_of(4, [2], plans={"München": 5}, language="de-DE", branch=False, director=False)
    trial = Trial(world, environment_of({"dial_plans": {"München": {"servers": "all", "outcall_gateway": "auto"}}}))
    assert trial.apply(max_destroy=ANY).exit_code == 0
    done = trial.administrator(
        'New-UMMailboxPolicy -Name "Führung ""A"": #1" -UMDialPlan München',
        "New-UMMailboxPolicy -Name '日本語' -UMDialPlan München",
        "New-UMMailboxPolicy -Name 'true' -UMDialPlan München",
        "New-UMAutoAttendant -Name Zentrale -UMDialPlan München",
        "Set-UMAutoAttendant Zentrale -BusinessName 'O''Brien: \"Ünal\" & Söhne # 1'",
        "New-CsDialPlan -Identity 'Größe 1' -SimpleName Groesse -Description '- ja: nein'",
        "Enable-UMMailbox user3@contoso.com -UMMailboxPolicy '日本語' -Extensions 00042"
        " -SIPResourceIdentifier user3@contoso.com",
    )
    assert len(done) == 7
    made = exported(trial)
    keys = {str(one.resource.key) for one in made.description.written}
    assert {'Führung "A": #1', "日本語", "true", "Zentrale", "Größe 1"} <= keys
    assert made.description.left_out == ()
    reopened(trial, made)
    plan = trial.plan()
    assert not plan.steps, changes_of(plan)
    assert {one.address for one in made.description.written} <= {action.address for action in plan.adopted}
    rows = made.contents["mailboxes.csv"].decode().splitlines()
    assert "user3@contoso.com,user3@contoso.com,00042,日本語,München" in rows
