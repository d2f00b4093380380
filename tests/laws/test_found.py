"""What the laws found, each as the smallest situation that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.laws.oracles import duplicates, unrest, violations
from tests.support.trial import Fault, Trial, environment_of
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 4}


def trial_of(*plans: str, **described: Any) -> Trial:
    world = world_of(1, [2], branch=False, director=False, **described)
    return Trial(world, environment_of({"dial_plans": dict.fromkeys(plans or ("Redmond",), PLAN)}))


@pytest.mark.parametrize("seconds", [0.0, 61.0, 3600.0])
def test_restart_is_recognised_however_long_the_approval_took(seconds: float) -> None:
    """Clocks of two hosts are compared as they were read at one moment, not as they were read at different ones."""
    trial = trial_of()
    applied = trial.apply(thinking_seconds=seconds)
    assert applied.exit_code == 0, applied.told()


def test_dial_plan_gives_way_to_another_in_one_apply() -> None:
    """exchucutil finds the dial plan that goes last, and links it once more: its removal takes those links away."""
    trial = trial_of("Redmond")
    assert trial.apply().exit_code == 0
    trial.environment = trial_of("Dublin").environment
    applied = trial.apply(max_destroy=1)
    assert applied.exit_code == 0, applied.told()
    assert not trial.plan().steps


@pytest.mark.parametrize("release", ["8.3.83.6", "14.3.123.4", "15.0.1497.2", "15.1.225.42"])
def test_every_release_is_joined_in_one_apply(release: str) -> None:
    """Exchange 2007 takes no country code with New: it is set right after."""
    trial = trial_of(servers=[release])
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    broken = violations(applied, trial) + duplicates(trial) + unrest(trial)
    assert not broken, broken
    assert not trial.plan().steps


def test_script_ends_normally_though_its_catalogue_is_behind() -> None:
    """exchucutil takes a catalogue of its own, where a hunt group still stands that somebody removed elsewhere."""
    trial = trial_of(delays=(0.0, 20.0))
    assert trial.apply().exit_code == 0
    trial.clock.sleep(60.0)
    assert trial.administrator("Remove-UMHuntGroup '1:1\\Redmond'")
    first = trial.apply()
    assert [line["error"] for line in first.ours if line["cmdlet"] == "exchucutil.ps1"] == [None]
    trial.clock.sleep(60.0)
    second = trial.apply()
    assert second.exit_code == 0, (first.told(), second.told())
    broken = unrest(trial)
    assert not broken, broken


@pytest.mark.parametrize("was_killed", [False, True])
def test_script_is_not_taken_for_done_where_its_effects_cannot_be_read(was_killed: bool) -> None:
    """Neither right after it was lost with its host, nor by the next apply: no Front End is restarted for nothing."""
    trial = trial_of()
    script = Fault("gone", at=2)
    first = trial.apply(fault=script, kill_at=8 if was_killed else None)
    assert [sent.request.command.cmdlet for sent in first.doors.sent] == ["New-UMDialPlan", "exchucutil.ps1"]
    assert first.was_killed is was_killed
    again = trial.apply(fault=Fault("gone", at=1, on_reads=True))
    assert (again.exit_code, again.doors.sent) == (1, []), again.told()
    last = trial.apply()
    assert last.exit_code == 0, (first.told(), last.told())
    assert duplicates(trial) == []


def test_gateway_that_a_removed_hunt_group_linked_is_not_planned_for_once_more() -> None:
    """What a plan forgets only because of its own removals is forgotten by the same apply."""
    trial = trial_of(gateways=[{"name": "PBX", "Address": "pbx.contoso.com"}])
    sections = {"dial_plans": {"Redmond": PLAN}}
    custom = {"pbx.contoso.com/Custom": {"dial_plan": "Redmond", "pilot_identifier": "7000"}}
    trial.environment = environment_of({**sections, "hunt_groups": custom})
    assert trial.apply().exit_code == 0
    trial.environment = environment_of(sections)
    assert trial.apply(max_destroy=1).exit_code == 0
    after = trial.plan()
    assert (after.steps, after.adopted, after.forgotten) == ((), (), ())
