"""Every advice that a check prints is tried in the situation that prints it, and the complaint is gone afterwards."""

from __future__ import annotations

import pytest

from providers.catalogue import rules
from providers.simulator.world.schema import World
from reconciler.model.events import RunEnded
from reconciler.model.shares import TENTH
from reconciler.plan.rules import RULES
from tests.providers.resources.test_outcalls import GATEWAYS, linked
from tests.support.advice import Sections, codes, complaints, edited, follow, lines_of, merged, run_ours
from tests.support.advice_situations import (
    SITUATIONS,
    TWO_POOLS,
    UNPLAYED,
    Situation,
    attendants,
    plans,
    row,
    users,
    world,
)
from tests.support.landscapes import contoso, plan_declared
from tests.support.trial import Fault, Trial, environment_of, types


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_complaint_is_gone_when_its_advice_was_followed(situation: Situation) -> None:
    trial = Trial(situation.world, environment_of(situation.applied or {}))
    if situation.applied is not None:
        assert trial.apply().exit_code == 0
    situation.befalls(trial)
    before = complaints(trial, situation.sections)
    told = next((one for one in before if one.code == situation.code), None)
    assert told is not None, f"not told, only {codes(before)}"
    sections = situation.sections
    if situation.by_hand is not None:
        situation.by_hand(trial)
    elif situation.edit is not None:
        sections = edited(sections, situation.edit)
    else:
        sections = follow(trial, sections, told, situation.choice)
    after = complaints(trial, sections)
    assert told.code not in {one.code for one in after}, told.remedy
    new = {one.code for one in after} - {one.code for one in before} - set(situation.others)
    assert not new, (told.remedy, [one for one in after if one.code in new])


def test_every_check_has_a_situation_or_a_reason_why_it_cannot_be_played() -> None:
    played = {situation.code for situation in SITUATIONS}
    assert not played & UNPLAYED.keys()
    assert played | UNPLAYED.keys() == {rule.code for rule in (*rules(), *RULES)}


# --- what apply says -------------------------------------------------------------------------------------------------


def settled(sections: Sections, described: World) -> Trial:
    trial = Trial(described, environment_of(sections))
    assert trial.apply().exit_code == 0
    return trial


FOUR: Sections = users(*(row(one, f"4100{one}") for one in range(1, 5)))


@pytest.mark.parametrize(
    ("before", "codes"),
    [
        (attendants(One={}, Two={}), ["UM105"]),
        (FOUR, ["UM109"]),
        (merged(attendants(One={}), FOUR), ["UM105", "UM109"]),
    ],
)
def test_what_is_over_a_budget_is_applied_by_the_command_that_is_shown(before: Sections, codes: list[str]) -> None:
    """Where two are exceeded, either refusal shows the command that passes both."""
    trial = settled(before, world(users=4))
    trial.environment = environment_of(plans())
    refused = trial.apply(max_forget=TENTH).error
    assert refused is not None
    assert [one.code for one in refused.diagnostics] == codes
    (line,) = {line for one in refused.diagnostics for line in lines_of(one.remedy)}
    run_ours(trial, line)


@pytest.mark.parametrize("kind", ["refused", "lost-reply", "lost-request"])
def test_command_to_go_on_brings_an_apply_that_failed_to_its_end(kind: str) -> None:
    trial = Trial(TWO_POOLS, environment_of(plans()))
    applied = trial.apply(fault=Fault(kind, 3), resume="reconciler apply . --strict")
    (ended,) = [event for event in trial.events.events if isinstance(event, RunEnded)]
    assert (ended.resume is None) is (applied.exit_code == 0)
    if ended.resume:
        run_ours(trial, ended.resume)
    assert trial.plan().steps == ()


def test_what_a_killed_run_left_open_is_closed_by_the_next_apply() -> None:
    trial, at = Trial(TWO_POOLS, environment_of(plans())), 1
    while not trial.store.read().open_intents:
        assert trial.apply(kill_at=at).was_killed
        at += 1
    trial.pass_time(120)
    (told,) = [one for one in trial.plan().diagnostics if one.code == "UM106"]
    assert "next apply" in told.remedy
    assert trial.apply().exit_code == 0
    assert "UM106" not in {one.code for one in trial.plan().diagnostics}


# --- servers that the account does not see ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "checks", "unseen", "right"),
    [
        ("UM014", "server_binding", "exchange_server", "View-Only Organization Management"),
        ("UM020", "exchucutil", "lync_service", "CsViewOnlyAdministrator"),
    ],
)
def test_account_that_sees_nothing_is_advised_of_the_right_and_not_once_it_has_it(
    code: str, checks: str, unseen: str, right: str
) -> None:
    (kind,) = [one for one in types() if one.name == checks]
    seen = contoso(plan_declared())
    (told,) = kind.check(seen.with_observed(unseen, type(seen.all(unseen))()))
    assert (told.code, right in told.remedy) == (code, True)
    assert code not in {one.code for one in kind.check(seen)}


# --- gateways that no script made ------------------------------------------------------------------------------------

FOREIGN = ["sbc1.contoso.com", "sbc2.contoso.com"]
SHARED = ["pool1.contoso.com", "sbc1.contoso.com"]


@pytest.mark.parametrize(
    ("code", "links", "before", "after"),
    [
        ("UM042", {"A": FOREIGN}, {}, {"A": FOREIGN[0]}),
        ("UM043", {"A": SHARED, "B": SHARED}, {"A": SHARED[0], "B": SHARED[1]}, {"A": SHARED[0], "B": SHARED[0]}),
    ],
)
def test_gateway_named_as_advised_is_taken(
    code: str, links: dict[str, list[str]], before: dict[str, str], after: dict[str, str]
) -> None:
    def told(chosen: dict[str, str]) -> set[str | None]:
        declared = [plan_declared(name, outcall_gateway=chosen.get(name, "auto")) for name in links]
        return {one.code for one in GATEWAYS.check(linked(links, *declared))}

    assert (told(before), told(after)) == ({code}, set())
