"""What stays when dial plans end is named by the plan that ends them, and its commands remove it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.simulator.estate.invoke import invoke_line
from reconciler.config.ending import ending
from reconciler.model.diagnostics import Diagnostic, Severity
from tests.support.advice import lines_of
from tests.support.advice_situations import POOL, plans
from tests.support.trial import Trial, environment_of, types
from tests.support.worlds import world_of

CODES = ("UM203", "UM204", "UM205")
TWO = plans("Redmond", "Dublin")["dial_plans"]
NUMBERED = plans(access_numbers=["+14255550100"])


def settled(sections: Mapping[str, Any], **world: Any) -> Trial:
    trial = Trial(world_of(1, [1, 1], branch=False, director=True, **world), environment_of(sections))
    assert trial.apply().exit_code == 0
    return trial


def without(trial: Trial, sections: Mapping[str, Any]) -> dict[str | None, Diagnostic]:
    trial.environment = environment_of(sections)
    return told(trial)


def told(trial: Trial) -> dict[str | None, Diagnostic]:
    found = [one for one in trial.plan().diagnostics if one.code in CODES]
    assert all(one.severity is Severity.NOTE for one in found)
    assert len({one.code for one in found}) == len(found)
    return {one.code: one for one in found}


def names(trial: Trial, line: str, name: str) -> set[str]:
    return {str(record[name]) for record in invoke_line(trial.estate, line).records}


def absent(*gone: str, **others: Any) -> dict[str, Any]:
    return {"dial_plans": {**{name: {"state": "absent"} for name in gone}, **others}}


def test_what_stays_is_removed_by_the_commands_of_the_plan() -> None:
    trial = settled(plans())
    found = without(trial, absent("Redmond"))
    assert set(found) == set(CODES)
    assert {one.address for one in found.values()} == {"dial_plan/Redmond"}
    assert all(one.position is not None for one in found.values())
    assert trial.apply(max_destroy=9).exit_code == 0
    assert names(trial, "Get-UMIPGateway", "Name") == {"1:1", "1:2", "2:1"}
    for one in found.values():
        for line in lines_of(one.remedy):
            invoke_line(trial.estate, line)
    assert names(trial, "Get-UMIPGateway", "Name") == set()
    assert names(trial, "Get-UMService", "UMStartupMode") == {"TCP"}
    assert told(trial) == {}
    assert not trial.plan().steps


def test_destroy_names_it_too_and_where_the_dial_plan_is_declared() -> None:
    trial = settled(plans())
    trial.environment = ending(trial.environment, types(), lambda _: True)
    found = told(trial)
    assert set(found) == set(CODES)
    assert all(one.position is not None for one in found.values())


def test_what_another_dial_plan_uses_is_not_named_though_nobody_declares_it() -> None:
    trial = settled(plans(), plans={"Other": 4})
    assert set(without(trial, absent("Redmond"))) == {"UM204"}


def test_only_gateways_without_any_link_are_named() -> None:
    split = {
        "Redmond": {**TWO["Redmond"], "pools": ["pool1.contoso.com"]},
        "Dublin": {**TWO["Dublin"], "pools": ["pool2.contoso.com"]},
    }
    trial = settled({"dial_plans": split})
    found = without(trial, absent("Redmond", Dublin=split["Dublin"]))
    assert set(found) == {"UM203"}
    assert lines_of(found["UM203"].remedy) == ["Remove-UMIPGateway -Identity '1:1'"]


def test_a_gateway_of_no_pool_is_named_where_its_only_hunt_group_ends() -> None:
    groups = {"sbc.contoso.com/Custom": {"dial_plan": "Redmond", "pilot_identifier": "7000"}}
    gateways = [{"name": "SBC", "Address": "sbc.contoso.com"}, {"name": "PBX", "Address": "pbx.contoso.com"}]
    trial = settled({**plans(), "hunt_groups": groups}, gateways=gateways)
    gone = {**absent("Redmond"), "hunt_groups": {"sbc.contoso.com/Custom": {"state": "absent"}}}
    found = without(trial, gone)
    named = [line.rpartition(" ")[2].strip("'") for line in lines_of(found["UM203"].remedy)]
    assert named == ["1:2", "1:1", "2:1", "SBC"]


def test_another_name_of_a_dial_plan_leaves_nothing() -> None:
    trial = settled(plans())
    moved = [{"from": "dial_plan/Redmond", "to": "dial_plan/Seattle"}]
    assert without(trial, {**plans("Seattle"), "moved": moved}) == {}


def test_servers_of_2007_have_no_mode_and_servers_in_tcp_are_left_out() -> None:
    assert "UM204" not in without(settled(plans(), servers=["8.3.83.6"]), absent("Redmond"))
    trial = settled(plans(voip_security="Secured"))
    for line in (
        "Set-UMService ex1 -UMStartupMode TCP",
        "Set-UMCallRouterSettings -Server ex1.contoso.com -UMStartupMode TCP",
    ):
        assert trial.administrator(line)
    commands = lines_of(without(trial, absent("Redmond"))["UM204"].remedy)
    assert commands
    assert not [line for line in commands if "ex1" in line.casefold()]


def test_the_contact_of_the_last_dial_plan_is_named() -> None:
    trial = settled(NUMBERED)
    made = f"New-CsExUmContact -SipAddress sip:um@contoso.com -DisplayNumber +14255550100 -RegistrarPool {POOL}"
    assert trial.administrator(f"{made} -OU 'OU=UM,DC=contoso,DC=com'")
    assert "UM094" not in {one.code for one in trial.plan().diagnostics}
    trial.environment = environment_of(absent("Redmond"))
    (found,) = [one for one in trial.plan().diagnostics if one.code == "UM094"]
    assert found.address == "contact_object/+14255550100"
    assert "sip:um@contoso.com" in found.detail
