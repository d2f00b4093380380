"""exchucutil that makes a part: the plan shows its output, uses what it made, and runs it again only for a reason."""

from __future__ import annotations

from tempfile import gettempdir
from typing import Any

from reconciler.model.events import ActionEnded
from reconciler.model.resources import Address
from reconciler.model.snapshot import OutcomeKind
from reconciler.plan.drift import DriftKind
from reconciler.plan.plan import Plan
from reconciler.views.state import render_remembered
from reconciler.views.style import Style
from state.codec import decode_remembered, rows_of
from tests.support.trial import Applied, Trial, environment_of
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 4, "servers": "all"}
SCRIPT = Address("exchucutil", "contoso.com")
OLD = ("New-UMIPGateway 1:1 -Address old.contoso.com", "Set-UMIPGateway 1:1 -OutcallsAllowed $false")


def trial_of(pools: tuple[int, ...] = (2, 1), **described: Any) -> Trial:
    world = world_of(2, pools, branch=False, director=False, **described)
    return Trial(world, environment_of({"dial_plans": {"Redmond": PLAN}}))


def in_part(pools: tuple[int, ...] = (2, 1)) -> tuple[Trial, Applied]:
    """Apply, and take the name of the first pool's gateway away once the plan was made."""
    trial = trial_of(pools)

    def take_the_name() -> None:
        trial.administrator(*OLD)

    trial.after_write = take_the_name
    applied = trial.apply()
    trial.after_write = lambda: None
    return trial, applied


def ran(applied: Applied) -> int:
    return sum(line["cmdlet"] == "exchucutil.ps1" for line in applied.ours)


def open_gateways(trial: Trial) -> set[str]:
    gateways = trial.look().all("ip_gateway").values()
    return {one.key for one in gateways if one.get("outcalls_allowed") is True}


def codes(plan: Plan) -> set[str | None]:
    return {told.code for told in plan.diagnostics if told.is_error}


def test_plan_foresees_that_a_name_is_taken_and_each_way_out_works() -> None:
    for number in range(2):
        trial = trial_of()
        assert trial.administrator(*OLD) == list(OLD)
        plan = trial.plan()
        (told,) = (told for told in plan.diagnostics if told.code == "UM027")
        assert told.forbids
        assert "ip_gateway/old.contoso.com" in told.detail
        commands = [line.strip() for line in told.remedy.splitlines()[1:]]
        assert trial.administrator(commands[number])
        assert codes(trial.plan()) == set()
        assert trial.apply().exit_code == 0


def test_what_the_script_printed_and_why_is_reported_at_once() -> None:
    trial, applied = in_part()
    assert applied.exit_code == 3
    (event,) = (e for e in trial.events.events if isinstance(e, ActionEnded) and e.address == str(SCRIPT))
    assert event.outcome is OutcomeKind.FAILED
    assert "already exists" in event.evidence.printed
    assert event.evidence.read == ("no gateway for pool1.contoso.com",)
    assert "a gateway named 1:1 already exists, ip_gateway/old.contoso.com" in event.detail
    assert trial.clock.seconds < 30


def test_front_ends_are_restarted_and_gateways_lowered_after_a_part() -> None:
    trial, applied = in_part((1, 3, 2))
    assert applied.account is not None
    ended = {str(end.action.address): end.outcome for end in applied.account.ended}
    restarted = {name for name, outcome in ended.items() if name.startswith("service") and outcome is OutcomeKind.DONE}
    assert len(restarted) == 6
    assert open_gateways(trial) == {"pool2.contoso.com"}
    assert not trial.store.obligations


def test_the_last_gateway_is_not_closed_for_one_that_was_not_made() -> None:
    trial, applied = in_part()
    assert applied.account is not None
    (end,) = (end for end in applied.account.ended if end.action.address.type == "ip_gateway")
    assert (end.outcome, end.is_stale) == (OutcomeKind.NOT_RUN, True)
    assert open_gateways(trial) == {"pool2.contoso.com"}


def test_script_is_not_run_again_upon_the_very_same() -> None:
    trial, _ = in_part()
    for _ in range(2):
        again = trial.apply()
        assert (again.exit_code, ran(again)) == (3, 0)
    plan = trial.plan()
    assert plan.left_out == (str(SCRIPT),)
    report = trial.drift()
    (entry,) = (entry for entry in report.entries if entry.kind is DriftKind.CONDITION)
    assert (entry.address, report.exit_code()) == (SCRIPT, 2)
    assert entry.diagnostic is not None
    assert "already exists" in entry.diagnostic.detail
    assert "already exists" in str(trial.store.resources[SCRIPT].attributes["printed"])


def test_script_runs_as_soon_as_what_it_depends_on_has_changed() -> None:
    trial, _ = in_part()
    assert trial.administrator("Remove-UMIPGateway 1:1")
    again = trial.apply()
    assert (again.exit_code, ran(again)) == (0, 1), again.told()
    assert SCRIPT not in trial.store.resources
    assert trial.plan().steps == ()


def test_script_runs_again_after_state_rm() -> None:
    trial, _ = in_part()
    assert f"reconciler state rm {SCRIPT} --dir {gettempdir()}" in next(
        told.remedy for told in trial.plan().diagnostics if told.code == "UM028"
    )
    del trial.store.resources[SCRIPT]
    assert codes(trial.plan()) == {"UM027"}


def test_state_keeps_what_was_printed_and_shows_it() -> None:
    trial, _ = in_part()
    kept = trial.store.resources[SCRIPT]
    assert decode_remembered(*rows_of([kept])[0]) == kept
    assert "already exists" in render_remembered(kept, Style())


def test_what_else_the_plan_does_hides_nothing() -> None:
    trial = trial_of()
    trial.environment = environment_of({"dial_plans": {"Redmond": PLAN, "Dublin": {**PLAN}}})
    trial.after_write = lambda: [trial.administrator(*OLD)].clear()
    assert trial.apply().exit_code == 3
    trial.after_write = lambda: None
    trial.environment = environment_of({"dial_plans": {"Redmond": PLAN}})
    plan = trial.plan()
    assert plan.has_changes
    assert plan.left_out == (str(SCRIPT),)


def test_new_dial_plan_is_a_reason_to_run_it_again() -> None:
    trial, _ = in_part()
    trial.environment = environment_of({"dial_plans": {"Redmond": PLAN, "Dublin": {**PLAN}}})
    assert "UM027" in codes(trial.plan()), "it would run, and the name is still taken"


def test_links_that_only_have_not_replicated_are_no_attempt_in_vain() -> None:
    trial = trial_of(delays=(0.0, 300.0))
    applied = trial.apply()
    assert ran(applied) == 1
    assert SCRIPT not in trial.store.resources
    (event,) = (e for e in trial.events.events if isinstance(e, ActionEnded) and e.address == str(SCRIPT))
    if event.outcome is not OutcomeKind.DONE:
        assert "has not replicated" in event.detail
