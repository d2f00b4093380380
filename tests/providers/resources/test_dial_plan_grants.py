"""Lync dial plans are granted to the users of the UM dial plans that name them, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from providers.simulator.estate.invoke import invoke_line
from reconciler.config.ending import ending
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Resource
from reconciler.plan.drift import DriftKind
from tests.support.exporting import exported, reopened
from tests.support.trial import Trial, environment_of, types
from tests.support.worlds import world_of

USERS = 12


def _sections(users: int = USERS, **plan: Any) -> dict[str, Any]:
    dial_plan = {"country_code": "1", "extension_digits": 5, "servers": "all", "lync_dial_plan": "Redmond"}
    rows = [
        {
            "identity": f"user{n}@contoso.com",
            "sip_address": f"user{n}@contoso.com",
            "extension": f"5{n:04}",
            "dial_plan": "Redmond",
            "wave": "pilot" if n == 1 else "rest",
        }
        for n in range(1, users + 1)
    ]
    return {"dial_plans": {"Redmond": dial_plan}, "lync_dial_plans": {"Redmond": plan}, "mailboxes": rows}


def _trial(**plan: Any) -> Trial:
    return Trial(world_of(USERS + 1, [1], director=False, branch=False), environment_of(_sections(**plan)))


def _plans(trial: Trial) -> dict[str, object]:
    records = invoke_line(trial.estate, "Get-CsUser").records
    return {str(one["SipAddress"]).removeprefix("sip:"): one["DialPlan"] for one in records}


def test_users_of_the_dial_plan_are_granted_it_and_others_not() -> None:
    trial = _trial(grant=True)
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    granted = {f"user{n}@contoso.com": "Redmond" for n in range(1, USERS + 1)}
    assert _plans(trial) == {**granted, f"user{USERS + 1}@contoso.com": None}
    assert trial.plan().steps == ()
    assert not trial.drift().entries


@pytest.mark.parametrize("plan", [{}, {"grant": False}])
def test_nobody_is_granted_a_plan_that_does_not_say_so(plan: dict[str, Any]) -> None:
    trial = _trial(**plan)
    assert trial.apply().exit_code == 0
    assert set(_plans(trial).values()) == {None}


def test_a_grant_taken_away_by_hand_is_found_and_given_back() -> None:
    trial = _trial(grant=True)
    trial.apply()
    trial.administrator("Grant-CsDialPlan sip:user2@contoso.com -PolicyName $null")
    (entry,) = trial.drift().entries
    assert (str(entry.address), entry.kind) == ("dial_plan_grant/user2@contoso.com", DriftKind.DRIFTED)
    assert trial.apply().exit_code == 0
    assert _plans(trial)["user2@contoso.com"] == "Redmond"


def test_grants_that_are_no_longer_declared_stay() -> None:
    trial = _trial(grant=True)
    trial.apply()
    trial.environment = environment_of(_sections())
    assert trial.apply().exit_code == 0
    assert _plans(trial)["user1@contoso.com"] == "Redmond"
    assert trial.plan().steps == ()


def test_a_listing_of_the_users_is_read_once() -> None:
    trial = _trial(grant=True)
    trial.look()
    listings = [line for line in trial.estate.log() if line["cmdlet"] == "Get-CsUser"]
    assert len(listings) == 1


@pytest.mark.parametrize("key", ["Global", "site:Redmond", "Registrar:pool1.contoso.com"])
def test_a_plan_that_applies_by_its_scope_is_granted_to_nobody(key: str) -> None:
    kind = next(one for one in types() if one.name == "lync_dial_plan")
    assert isinstance(kind, Managed)
    found = kind.parse(key, {"grant": "true"})
    assert not isinstance(found, Resource)
    assert [one.path for one in found] == [("grant",)]
    assert isinstance(kind.parse(key, {"grant": "false"}), Resource)


@pytest.mark.parametrize("grant", [True, False])
def test_an_export_declares_a_grant_where_all_users_have_it(grant: bool) -> None:
    trial = _trial(grant=grant)
    assert trial.apply().exit_code == 0
    reopened(trial, exported(trial))
    (declared,) = (one for one in trial.environment.declared["lync_dial_plan"].values() if one.key == "Redmond")
    assert declared.get("grant") is (True if grant else None)


def _told(trial: Trial) -> list[tuple[str | None, str | None]]:
    return [(one.code, one.address) for one in trial.plan().diagnostics if one.code in ("UM102", "UM208", "UM209")]


ENDING = [("UM208", "lync_dial_plan/Redmond")]


def test_an_environment_with_grants_is_taken_down() -> None:
    """A grant does not keep the Lync dial plan in use: Lync goes on with the one of the pool, the site or all."""
    trial = _trial(grant=True)
    trial.apply()
    trial.environment = ending(trial.environment, types(), lambda _: True)
    assert _told(trial) == ENDING
    applied = trial.apply(max_destroy=USERS + 2)
    assert applied.exit_code == 0, applied.told()
    assert not trial.plan().has_effects


@pytest.mark.parametrize("named", [{"Redmond": {"state": "absent"}}, {}, {"Other": {"grant": True}}])
def test_users_who_lose_their_lync_dial_plan_are_named_unless_they_get_another(named: dict[str, Any]) -> None:
    trial = _trial(grant=True)
    trial.apply()
    sections = {**_sections(), "lync_dial_plans": named}
    sections["dial_plans"]["Redmond"]["lync_dial_plan"] = "Other" if "Other" in named else "Global"
    trial.environment = environment_of({name: told for name, told in sections.items() if told})
    assert _told(trial) == ([] if "Other" in named else ENDING)
    applied = trial.apply(max_destroy=1)
    assert applied.exit_code == 0, applied.told()
    assert trial.plan().steps == ()


def test_a_lync_dial_plan_stays_while_a_user_of_others_has_it() -> None:
    trial = _trial(grant=False)
    trial.apply()
    trial.administrator(f"Grant-CsDialPlan sip:user{USERS + 1}@contoso.com -PolicyName Redmond")
    trial.environment = ending(trial.environment, types(), lambda _: True)
    assert _told(trial) == [("UM209", "lync_dial_plan/Redmond")]
    trial.apply(max_destroy=USERS + 2)
    left = trial.look()
    assert (list(left.all("lync_dial_plan")), list(left.all("um_mailbox"))) == (["Global", "Redmond"], [])
