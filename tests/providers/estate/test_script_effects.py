"""What a plan says that exchucutil renews, resets and links beside what it is for, and what it says of the forests."""

from __future__ import annotations

from providers.estate.script_effects import effects
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.plan.build import build_plan
from tests.support.landscapes import (
    POOLS,
    across,
    contoso,
    gateway,
    hunt_group,
    joined,
    plan_declared,
    plan_observed,
    resource,
    with_observed,
    without_observed,
)
from tests.support.trial import types

REDMOND_ON_2 = "hunt_group/pool2.contoso.com/Redmond"


def told(given: Landscape, code: str) -> list[Diagnostic]:
    return [one for one in build_plan(types(), given).diagnostics if one.code == code]


def test_first_run_renews_nothing() -> None:
    assert effects(contoso(plan_declared())) == ()


def test_another_run_says_what_it_renews_and_resets() -> None:
    custom = resource("hunt_group/pool1.contoso.com/Custom", gateway="pool1.contoso.com", dial_plan="Redmond")
    given = without_observed(joined(plan_declared(), custom), REDMOND_ON_2)
    given = with_observed(given, hunt_group("pool1.contoso.com", "Redmond", "Custom"))
    (line,) = effects(given)
    assert "removes 5 hunt groups" in line
    assert "pool1.contoso.com/Custom, which this plan makes again" in line
    assert "allows outgoing calls again on dir1.contoso.com, pool2.contoso.com and se1.contoso.com" in line
    (script,) = [one for one in build_plan(types(), given).actions() if one.address.type == "exchucutil"]
    assert line in script.reasons[:4]


def test_dial_plan_that_nobody_declares_is_named_and_new_links_of_it_are_a_warning() -> None:
    given = without_observed(joined(plan_declared()), REDMOND_ON_2)
    everywhere = with_observed(given, plan_observed("Other"), *(hunt_group(pool, "Other") for pool in POOLS))
    (note,) = told(everywhere, "UM019")
    assert (note.severity, "pool" in note.detail) == (Severity.NOTE, False)
    split = with_observed(given, plan_observed("Other"), hunt_group("pool2.contoso.com", "Other"))
    (warning,) = told(split, "UM019")
    assert warning.severity is Severity.WARNING
    assert "pool1.contoso.com/Other" in warning.detail
    assert "pool2.contoso.com/Other" not in warning.detail
    assert told(given, "UM019") == []


def test_split_of_a_dial_plan_that_nobody_declares_is_no_reason_to_run() -> None:
    """A dial plan without any link is one: the script has not joined it yet."""
    given = joined(plan_declared())
    split = with_observed(given, plan_observed("Other"), hunt_group("pool2.contoso.com", "Other"))
    unjoined = with_observed(given, plan_observed("Other"))
    elsewhere = with_observed(unjoined, gateway("sbc.contoso.com", "sbc"), hunt_group("sbc.contoso.com", "Other"))
    runs = [
        any(action.address.type == "exchucutil" for action in build_plan(types(), one).actions())
        for one in (split, unjoined, elsewhere)
    ]
    assert runs == [False, True, True]


def test_another_forest_is_named_in_the_command_and_in_the_warnings() -> None:
    plan = build_plan(types(), across())
    (script,) = [one for one in plan.actions() if one.address.type == "exchucutil"]
    assert [str(command) for command in script.commands] == ["exchucutil.ps1 -Forest uc.voice.example"]
    (guessed,) = [one for one in plan.diagnostics if one.code == "UM211"]
    assert guessed.remedy.endswith("exchucutil: {lync_forest: uc.voice.example}")
    assert [one.severity for one in plan.diagnostics if one.code == "UM212"] == [Severity.WARNING]
