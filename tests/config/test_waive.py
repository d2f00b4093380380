"""Which waivers may be written, and where each mistake in one is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from providers.catalogue import rules
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.waivers import Waiver
from reconciler.plan.rules import RULES
from tests.support.trial import types

KNOWN = (*rules(), *RULES)
WAIVER = {"code": "UM012", "on": "dial_plan/Redmond", "reason": "The old servers leave in March", "until": "2027-03-31"}


def loaded(waive: Any) -> tuple[tuple[Waiver, ...] | None, tuple[Diagnostic, ...]]:
    text = yaml.safe_dump({"environment": "test", "waive": waive}, sort_keys=False)
    environment, found = load(Files({"all.yaml": text.encode()}), types(), rules=KNOWN)
    return None if environment is None else environment.waivers, found


def without(*keys: str) -> dict[str, str]:
    return {key: value for key, value in WAIVER.items() if key not in keys}


def test_a_waiver_is_read_with_its_place() -> None:
    waivers, found = loaded([WAIVER])
    assert not found
    assert waivers == (Waiver("UM012", "dial_plan/Redmond", date(2027, 3, 31), WAIVER["reason"]),)
    assert str(waivers[0].position) == "all.yaml:3:3"


def test_a_date_without_quotes_is_a_date_and_a_reason_is_one_line() -> None:
    text = b"environment: x\nwaive:\n- code: um012\n  on: '*'\n  until: 2027-03-31\n  reason: |\n    two\n    lines\n"
    environment, found = load(Files({"all.yaml": text}), types(), rules=KNOWN)
    assert environment is not None, found
    assert environment.waivers == (Waiver("UM012", "*", date(2027, 3, 31), "two lines"),)


@pytest.mark.parametrize(
    ("waive", "summaries"),
    [
        ({"UM012": "x"}, ["Invalid section"]),
        (["UM012"], ["Invalid element"]),
        ([without("reason")], ["Incomplete waiver"]),
        ([without("until", "on")], ["Incomplete waiver", "Incomplete waiver"]),
        ([{**WAIVER, "reason": " \n"}], ["Incomplete waiver"]),
        ([{**WAIVER, "reason": ["x"]}], ["Incomplete waiver"]),
        ([{**WAIVER, "reason": None}], ["Incomplete waiver"]),
        ([{**WAIVER, "untill": "2027-01-01"}], ["Unknown key"]),
        ([{**without("until"), "untill": "2027-01-01"}], ["Unknown key"]),
        ([{**WAIVER, "until": "2027-02-30"}], ["Invalid date"]),
        ([{**WAIVER, "until": "31.3.2027"}], ["Invalid date"]),
        ([{**WAIVER, "until": "2027-W13-3"}], ["Invalid date"]),
        ([{**WAIVER, "until": "2027-03-31T10:00:00Z"}], ["Invalid date"]),
        ([{**WAIVER, "code": "UM012x"}], ["Unknown check"]),
        ([{**WAIVER, "code": "UM001"}], ["Check cannot be waived"]),
        ([{**WAIVER, "code": "um105"}], ["Check cannot be waived"]),
        ([{**WAIVER, "code": "UM031"}], ["Check cannot be waived"]),
        ([{**WAIVER, "on": "dialplan/Redmond"}], ["Unknown type"]),
        ([{**WAIVER, "on": "Redmond"}], ["Unknown type"]),
        ([WAIVER, {**WAIVER, "on": "dial_plan/REDMOND", "until": "2027-05-01"}], ["Duplicate waiver"]),
    ],
)
def test_a_wrong_waiver_is_an_error_with_its_place(waive: Any, summaries: list[str]) -> None:
    waivers, found = loaded(waive)
    assert waivers is None
    assert [one.summary for one in found] == summaries
    assert all(one.position is not None and one.excerpt and one.remedy for one in found)


@pytest.mark.parametrize(("code", "is_always_made"), [("UM012", True), ("UM088", False)])
def test_a_waiver_knows_whether_every_report_makes_its_check(code: str, *, is_always_made: bool) -> None:
    waivers, found = loaded([{**WAIVER, "code": code, "on": "*"}])
    assert waivers is not None, found
    assert waivers[0].is_always_made is is_always_made


@pytest.mark.parametrize("on", ["*", "dial_plan", "dial_plan/*", "um_mailbox/*@contoso.com", "Dial_Plan/Redmond"])
def test_a_waiver_may_name_a_type_or_a_pattern(on: str) -> None:
    waivers, found = loaded([{**WAIVER, "on": on}])
    assert not found
    assert waivers is not None
    assert waivers[0].on == on


def test_waivers_of_several_files_are_one_list() -> None:
    parts = {
        f"{name}.yaml": yaml.safe_dump({"waive": [{**WAIVER, "on": f"dial_plan/{name}"}]}).encode()
        for name in ("b", "a")
    }
    environment, found = load(Files({"main.yaml": b"environment: x\n", **parts}), types(), rules=KNOWN)
    assert environment is not None, found
    assert [one.on for one in environment.waivers] == ["dial_plan/a", "dial_plan/b"]


def test_what_guards_or_forbids_a_plan_cannot_be_waived() -> None:
    """An error of the whole plan, a loss, a running service, and whatever is unknown."""
    refused = {rule.code for rule in KNOWN if not rule.can_be_waived}
    guards = {"UM021", "UM028", "UM030", "UM031", "UM032", "UM034", "UM035", "UM106", "UM107"}
    assert guards <= refused
    assert {"UM001", "UM101", "UM102", "UM103", "UM105", "UM109", "UM110", "UM111"} <= refused
    assert {"UM012", "UM040", "UM071", "UM090"}.isdisjoint(refused)
    for rule in KNOWN:
        assert rule.can_be_waived or rule.why_not_waived
