"""The saved state answers what was decided and what is owed, however names in it are spelt."""

from __future__ import annotations

import pytest

from reconciler.model.snapshot import Obligation, Snapshot, short_run

RESTART = Obligation("front-end-restart", "fe1.contoso.com", "2026-01-05T08:00:00Z")
STATE = Snapshot(
    "test",
    obligations=(RESTART,),
    decisions={"dial_plan/Redmond:site": "Redmond", "dial_plan/redmond:SITE": "Bellevue", "empty": ""},
)


@pytest.mark.parametrize(
    ("name", "decided"),
    [
        ("dial_plan/Redmond:site", "Redmond"),
        ("dial_plan/redmond:SITE", "Bellevue"),
        ("DIAL_PLAN/REDMOND:SITE", "Redmond"),
        ("dial_plan/Bellevue:site", None),
        ("empty", ""),
    ],
)
def test_a_decision_is_found_in_any_spelling_its_own_first(name: str, decided: str | None) -> None:
    assert STATE.decision(name) == decided


def test_an_obligation_is_of_one_kind_and_one_subject_in_any_case() -> None:
    assert STATE.owes(Obligation("front-end-restart", "FE1.contoso.com")) is RESTART
    assert STATE.owes(Obligation("um-service-restart", "fe1.contoso.com")) is None
    assert STATE.owes(Obligation("front-end-restart", "fe2.contoso.com")) is None
    assert RESTART.identity == Obligation("front-end-restart", "FE1.CONTOSO.COM").identity


def test_a_new_state_remembers_nothing() -> None:
    new = Snapshot("test")
    assert (new.lineage, new.serial, dict(new.resources), new.obligations, new.open_intents) == (None, 0, {}, (), ())


def test_a_run_is_shown_by_its_beginning() -> None:
    assert short_run("0123456789abcdef") == "01234567"
    assert short_run("short") == "short"
