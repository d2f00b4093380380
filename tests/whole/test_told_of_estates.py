"""Findings on grown estates: each with a world where it fires, and one where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from providers.simulator.estate.invoke import invoke_line
from reconciler.model.diagnostics import Severity
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 5, "servers": "all", "access_numbers": ["+14255550100"]}
ONE = {"dial_plans": {"Redmond": PLAN}}
ROW = {
    "identity": "user1@contoso.com",
    "sip_address": "user1@contoso.com",
    "extension": "50101",
    "dial_plan": "Redmond",
}


def trial_of(sections: Mapping[str, Any], **world: Any) -> Trial:
    return Trial(world_of(1, [1], branch=False, director=False, **world), environment_of(sections))


def found(trial: Trial, code: str) -> list[str | None]:
    return [str(one.address) for one in trial.plan().diagnostics if one.code == code]


@pytest.mark.parametrize(("line", "told"), [("tel:+14255550100;ext=1", True), ("tel:+14255550101", False)])
def test_the_line_of_a_user_that_has_the_number_of_a_dial_plan(line: str, *, told: bool) -> None:
    trial = trial_of(ONE, people=[{"alias": "desk", "line": line}])
    invoke_line(trial.estate, _contact("+14255550100"))
    assert found(trial, "UM093") == (["contact_object/+14255550100"] if told else [])


@pytest.mark.parametrize(("number", "told"), [("+14255550999", True), ("+14255550100", False)])
def test_a_contact_without_a_target(number: str, *, told: bool) -> None:
    trial = trial_of(ONE)
    invoke_line(trial.estate, f"{_contact(number)} -AutoAttendant $true")
    assert found(trial, "UM094") == ([f"contact_object/{number}"] if told else [])


@pytest.mark.parametrize(
    ("number", "kind", "others", "told"),
    [
        ("+14255550999", "$false", [], True),
        ("+14255550999", "$true", [], False),
        ("+14255550999", "$false", ["+14255550998"], False),
        ("+14255550100", "$false", ["+14255550998"], False),
    ],
    ids=["the only one of its kind", "of another kind", "one of two", "beside the right one"],
)
def test_a_contact_with_a_wrong_number(number: str, kind: str, others: list[str], *, told: bool) -> None:
    trial = trial_of(ONE)
    for place, one in enumerate([number, *others]):
        invoke_line(trial.estate, f"{_contact(one, sip=f'um{place}')} -AutoAttendant {kind}")
    assert found(trial, "UM098") == ([f"contact_object/{number}"] if told else [])


@pytest.mark.parametrize(("pool", "told"), [("pool2.contoso.com", True), ("pool1.contoso.com", False)])
def test_a_contact_on_a_pool_without_users_of_its_dial_plan(pool: str, *, told: bool) -> None:
    world = world_of(1, [1, 1], branch=False, director=False)
    trial = Trial(world, environment_of({**ONE, "mailboxes": [ROW]}))
    invoke_line(trial.estate, _contact("+14255550100", pool=pool))
    assert found(trial, "UM095") == (["contact_object/+14255550100"] if told else [])
    if told:
        invoke_line(trial.estate, "Move-CsExUmContact -Identity sip:um@contoso.com -Target pool1.contoso.com")
        assert found(trial, "UM095") == []


def test_a_card_names_what_a_person_enters_and_ends_when_it_is_done() -> None:
    trial = trial_of(ONE)
    (card,) = [one for one in trial.plan().diagnostics if one.code == "UM090"]
    fields = dict(line.removeprefix("- ").split(": ", 1) for line in card.remedy.splitlines()[1:])
    assert fields == {
        "Organizational unit": "one in which you may make contacts",
        "Name": "Redmond Subscriber Access +14255550100",
        "SIP address": "sip:um14255550100@contoso.com",
        "Server or pool": "pool1.contoso.com",
        "Phone number": "+14255550100",
        "Contact type": "Subscriber Access",
    }
    made = _contact(fields["Phone number"], sip="um14255550100", pool=fields["Server or pool"])
    invoke_line(trial.estate, made)
    assert not [one for one in trial.plan().diagnostics if one.address == "contact_object/+14255550100"]


def _contact(number: str, *, sip: str = "um", pool: str = "pool1.contoso.com") -> str:
    target = f"-RegistrarPool {pool} -OU 'OU=UM,DC=contoso,DC=com'"
    return f"New-CsExUmContact -SipAddress sip:{sip}@contoso.com -DisplayNumber {number} {target}"


@pytest.mark.parametrize(("kind", "told"), [("SipName", True), ("TelExtn", False)])
def test_the_script_links_what_nobody_declared(kind: str, *, told: bool) -> None:
    other = {"name": "Other", "NumberOfDigitsInExtension": 4, "URIType": kind, "CountryOrRegionCode": "1"}
    trial = trial_of(ONE, dial_plans=[other])
    assert found(trial, "UM019") == (["exchucutil/contoso.com"] if told else [])
    assert trial.apply().exit_code == 0
    assert found(trial, "UM019") == []


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_default_policy_that_was_renamed_beside_others_is_not_made_again(*, is_declared: bool) -> None:
    policies = {"mailbox_policies": {"Redmond/default": {"min_pin_length": 7}}} if is_declared else {}
    trial = trial_of({**ONE, **policies, "mailboxes": [ROW]})
    assert trial.apply().exit_code == 0
    invoke_line(trial.estate, "New-UMMailboxPolicy -Name Executives -UMDialPlan Redmond")
    invoke_line(trial.estate, "Set-UMMailboxPolicy 'Redmond Default Policy' -Name Staff")
    if is_declared:
        assert not trial.plan().steps  # the state knows its GUID
        return
    trial.store.resources.clear()
    assert trial.apply().exit_code == 4
    errors = [one for one in trial.plan().diagnostics if one.severity is Severity.ERROR]
    assert [one.code for one in errors] == ["UM062"]
    names = {record["Name"] for record in invoke_line(trial.estate, "Get-UMMailboxPolicy").records}
    assert names == {"Executives", "Staff"}


def test_the_files_name_the_forest_of_lync_where_its_servers_are_in_a_child_domain() -> None:
    """Also after a run of the script with the guessed forest, which finds no Lync."""
    pools = [{"fqdn": "pool1.uc.voice.example", "site": "site1", "computers": ["fe1.uc.voice.example"]}]
    described = world_of(0, [1], branch=False, director=False).model_dump(mode="json", exclude_defaults=True)
    described["lync"] |= {"forest": "voice.example", "pools": pools}
    trial = Trial(type(world_of(0)).model_validate(described), environment_of(ONE))
    assert trial.apply().exit_code == 3
    trial.environment = environment_of({**ONE, "exchucutil": {"lync_forest": "voice.example"}})
    assert trial.apply().exit_code == 0
    assert not trial.plan().has_changes
