"""Attendants that lead to each other are enabled, disabled and removed in the order that Exchange allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.model.diagnostics import Severity
from tests.support.trial import Trial, environment_of, law
from tests.support.worlds import world_of

Attendants = Mapping[str, Mapping[str, Any]]

PLAN = {"country_code": "1", "extension_digits": 5, "servers": "all"}
DUBLIN = {**PLAN, "country_code": "353"}
NAMES = ("A", "B", "C")
WORDS = {"name": "Words", "extension": "50101"}
ON, OFF, GONE = {"status": "enabled"}, {"status": "disabled"}, {"state": "absent"}


def sections(attendants: Attendants) -> dict[str, Any]:
    each = {name: dict(one) if one == GONE else {"dial_plan": "Redmond", **one} for name, one in attendants.items()}
    return {"dial_plans": {"Redmond": PLAN}, "auto_attendants": each}


def keys(*targets: str, menu: str = "business_hours_keys") -> dict[str, Any]:
    """Return the menu whose keys lead to attendants, and one that leads to none."""
    return {menu: {**{str(NAMES.index(one) + 1): {"name": one, "attendant": one} for one in targets}, "9": dict(WORDS)}}


def links(source: str, *targets: str, menu: str = "BusinessHours", is_on: bool = True) -> str:
    """Return the line with which an administrator writes such a menu."""
    each = ",".join(f"'{NAMES.index(one) + 1},{one},,{one},'" for one in targets)
    return f"Set-UMAutoAttendant {source} -{menu}KeyMapping {each} -{menu}KeyMappingEnabled ${is_on}"


def enables(*names: str) -> list[str]:
    return [f"Enable-UMAutoAttendant {name}" for name in names]


def built(*lines: str) -> Trial:
    """Return an estate with three disabled attendants, after an administrator wrote these lines."""
    trial = Trial(
        world_of(0, [1], director=False, branch=False), environment_of(sections({name: {} for name in NAMES}))
    )
    assert trial.apply().exit_code == 0
    assert trial.administrator(*lines) == list(lines)
    return trial


def sent(trial: Trial, attendants: Attendants) -> list[str]:
    """Apply; return the cmdlets that were sent, each with the first letter of its attendant."""
    trial.environment = environment_of(sections(attendants))
    names = {one.guid: one.key for one in trial.look().all("auto_attendant").values()}
    done = trial.apply(max_destroy=9)
    assert done.exit_code == 0, done.told()
    assert trial.plan().steps == ()
    lines = [line for line in done.ours if line["cmdlet"].endswith("-UMAutoAttendant")]
    return [f"{line['cmdlet'].partition('-')[0]} {names[line['parameters']['Identity']]}" for line in lines]


def errors(trial: Trial, attendants: Attendants) -> list[str | None]:
    trial.environment = environment_of(sections(attendants))
    return [one.code for one in trial.plan().diagnostics if one.severity is Severity.ERROR]


CHAIN = (links("A", "B"), links("B", "C"))
RING = (links("A", "B"), links("B", "A"))


@pytest.mark.parametrize(
    ("lines", "attendants", "chains"),
    [
        (CHAIN, {"A": ON, "B": ON, "C": ON}, ["Enable C, Enable B, Enable A"]),
        (
            ("Set-UMAutoAttendant A -SpeechEnabled $true", "Set-UMAutoAttendant A -DTMFFallbackAutoAttendant B"),
            {"A": ON, "B": ON, "C": {}},
            ["Enable B, Enable A"],
        ),
        ((links("A", "B"),), {"A": {**ON, **keys("C")}, "B": {}, "C": ON}, ["Enable C, Set A, Enable A"]),
        (RING, {"A": {**ON, **keys()}, "B": ON, "C": {}}, ["Set A, Enable A, Enable B"]),
        (
            (links("A", "B", menu="AfterHours"), links("B", "A", menu="AfterHours")),
            {"A": ON, "B": ON, "C": {}},
            ["Enable A", "Enable B"],
        ),
        (
            (*CHAIN, *enables("C", "B", "A")),
            {"A": {**OFF, **keys()}, "B": {**OFF, **keys()}, "C": OFF},
            ["Set A, Disable B", "Set B, Disable C", "Disable A"],
        ),
        ((*RING, links("C", "B")), {"A": GONE, "B": GONE, "C": GONE}, ["Remove C, Set A, Remove B, Remove A"]),
        (
            (links("C", "A", menu="AfterHours"), *enables("A", "C"), links("A", "C", menu="AfterHours")),
            {"A": {**OFF, **keys(menu="after_hours_keys")}, "B": {}, "C": GONE},
            ["Set A, Remove C, Disable A"],
        ),
    ],
    ids=[
        "the end of a link is enabled first",
        "so is a fallback",
        "an old key does not stop it",
        "a ring that the files cut",
        "keys outside business hours do not count",
        "a link is cut before its end is disabled",
        "a ring is cut before it is removed",
        "an attendant is disabled after the one that led to it is removed",
    ],
)
def test_attendants_come_to_what_the_files_say(
    lines: tuple[str, ...], attendants: Attendants, chains: list[str]
) -> None:
    done, each = sent(built(*lines), attendants), [chain.split(", ") for chain in chains]
    assert sorted(done) == sorted(one for chain in each for one in chain)
    assert [sorted(chain, key=done.index) for chain in each] == each


def test_attendants_that_lead_to_each_other_move_to_another_dial_plan() -> None:
    """The first one cuts the links; the second goes then, and the last one is removed after both are made."""
    trial = built(*RING, links("C", "A"))
    moved = {name: {**keys(), "dial_plan": "Dublin"} for name in ("A", "B")}
    trial.environment = environment_of(
        {**sections({**moved, "C": GONE}), "dial_plans": {"Redmond": PLAN, "Dublin": DUBLIN}}
    )
    done = trial.apply(max_destroy=9, allow_replace=True)
    assert done.exit_code == 0, done.told()
    assert trial.plan().steps == ()


def test_what_was_needed_at_the_last_apply_closes_no_circle() -> None:
    trial = built(links("A", "B"))
    sent(trial, {"A": ON, "B": ON, "C": {}})
    sent(trial, {"A": {**ON, **keys()}, "B": {**ON, **keys("A")}, "C": {}})
    assert sent(trial, {"A": OFF, "B": GONE, "C": {}}) == ["Set B", "Disable A", "Remove B"]


@pytest.mark.parametrize(
    ("lines", "attendants", "code"),
    [
        (RING, {"A": ON, "B": ON, "C": {}}, "UM207"),
        ((links("A", "B"),), {"A": ON, "B": {}, "C": {}}, "UM097"),
        (
            ("Set-UMAutoAttendant A -SpeechEnabled $true", *enables("A")),
            {"A": {"speech_enabled": True, "dtmf_fallback": "B"}, "B": {}, "C": {}},
            "UM097",
        ),
        (
            (links("A", "B", menu="AfterHours"), *enables("A")),
            {"A": {"name_lookup_enabled": False}, "B": {}, "C": {}},
            "UM097",
        ),
        ((links("A", "B"), *enables("B")), {"A": {}, "B": OFF, "C": {}}, "UM206"),
    ],
    ids=[
        "disabled ones lead to each other",
        "the end of the link stays disabled",
        "a fallback is written to an enabled one",
        "anything is written to an enabled one",
        "a disabled one leads to it",
    ],
)
def test_what_exchange_would_refuse_is_an_error_of_the_plan(
    lines: tuple[str, ...], attendants: Attendants, code: str
) -> None:
    trial = built(*lines)
    assert errors(trial, attendants) == [code]
    applied = trial.apply()
    assert (applied.exit_code, applied.log) == (4, ())


@st.composite
def _declared(draw: st.DrawFn, name: str) -> Mapping[str, Any]:
    others = [one for one in NAMES if one != name]
    found = dict(draw(st.sampled_from((ON, ON, OFF, {}))))
    for menu in ("business_hours_keys", "after_hours_keys"):
        if draw(st.booleans()):
            found |= keys(*sorted(draw(st.sets(st.sampled_from(others)))), menu=menu)
    return found | draw(st.sampled_from(({}, {"name_lookup_enabled": False}, {"business_hours_keys_enabled": False})))


@st.composite
def _line(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        return f"Enable-UMAutoAttendant {name}"
    others = sorted(draw(st.sets(st.sampled_from([one for one in NAMES if one != name]), min_size=1)))
    return links(name, *others, menu=draw(st.sampled_from(("BusinessHours", "AfterHours"))), is_on=draw(st.booleans()))


@law(8)
@given(st.lists(_line(), max_size=9), st.fixed_dictionaries({name: _declared(name) for name in NAMES}))
def test_a_plan_without_errors_can_be_applied(lines: list[str], attendants: Attendants) -> None:
    trial = built()
    trial.administrator(*lines)  # Exchange refuses some of them
    if refused := errors(trial, attendants):
        event(f"refused: {', '.join(sorted({str(code) for code in refused}))}")
    else:
        sent(trial, attendants)
