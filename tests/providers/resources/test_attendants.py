"""Auto attendants over a whole life: circles of menus, damage within them, export, removal, strange answers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.app import vocabulary
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.commands import Reply, read
from reconciler.model.diagnostics import Position, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Diagnosed
from reconciler.model.resources import Address, Resource
from reconciler.plan.drift import DriftKind
from reconciler.views.drift import render_drift
from reconciler.views.messages import messages_of
from reconciler.views.plan import render_plan
from reconciler.views.style import Style
from tests.support.exporting import exported, reopened
from tests.support.trial import Trial, environment_of, types
from tests.support.worlds import world_of

PLAIN = Style(color=False, width=100)
HOURS = {"monday": "09:00-17:00", "friday": ["09:00-12:00", "13:00-17:00"]}
ATTENDANTS: Mapping[str, Any] = {
    "Main": {
        "dial_plan": "Redmond",
        "status": "enabled",
        "business_hours": HOURS,
        "holidays": {"New Year": {"date": "2027-01-01", "greeting": "newyear.wav"}},
        "business_hours_keys": {
            "1": {"name": "Sales", "attendant": "sales"},
            "2": {"name": "Help", "extension": "50102"},
        },
        "business_hours_keys_enabled": True,
    },
    "Sales": {
        "dial_plan": "Redmond",
        "status": "enabled",
        "business_hours_keys": {"9": {"name": "Back", "attendant": "Main"}},
    },
}


def _sections(attendants: Mapping[str, Any]) -> dict[str, Any]:
    plan = {"country_code": "1", "extension_digits": 5, "servers": "all"}
    return {"dial_plans": {"Redmond": plan}, "auto_attendants": attendants}


def _applied(attendants: Mapping[str, Any] = ATTENDANTS) -> Trial:
    trial = Trial(world_of(0, [1], director=False, branch=False), environment_of(_sections(attendants)))
    assert trial.apply().exit_code == 0, trial.plan()
    return trial


def _declare(trial: Trial, attendants: Mapping[str, Any]) -> None:
    trial.environment = environment_of(_sections(attendants))


def _errors(trial: Trial) -> set[str | None]:
    return {found.code for found in trial.plan().diagnostics if found.severity is Severity.ERROR}


def test_attendants_that_lead_to_each_other_come_to_rest_in_one_apply() -> None:
    trial = _applied()
    assert trial.plan().steps == ()
    assert not trial.drift().entries


def test_one_key_changed_by_hand_is_shown_by_itself() -> None:
    trial = _applied()
    trial.administrator("Set-UMAutoAttendant Main -BusinessHoursKeyMapping '1,Sales,,Sales,','2,Help,50103,,'")
    (entry,) = trial.drift().entries
    (change,) = entry.changes
    assert (entry.address, entry.kind) == (Address("attendant_menu", "Main"), DriftKind.DRIFTED)
    assert [(part.path, part.before, part.after) for part in change.parts] == [(("2", "extension"), "50103", "50102")]
    plan = trial.plan()
    shown = render_plan(plan, PLAIN, vocabulary=vocabulary())
    assert "2, extension: 50103 -> 50102" in shown
    assert "2, extension: observed 50103, desired 50102" in render_drift(trial.drift(), PLAIN)
    (message,) = [one for one in messages_of(plan) if one.get("address") == "attendant_menu/Main"]
    (told,) = message["changes"]
    assert [dict(one) for one in told["parts"]] == [{"path": ("2", "extension"), "before": "50103", "after": "50102"}]
    assert trial.apply().exit_code == 0
    assert not trial.drift().entries


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("BusinessHoursSchedule 1.09:00-1.18:00,5.09:00-5.12:00,5.13:00-5.17:00", ("monday",)),
        ("BusinessHoursSchedule 1.09:00-1.17:00", ("friday",)),
        ("BusinessHoursSchedule 1.09:00-1.17:00,5.09:00-5.12:00,5.13:00-5.17:00,6.09:00-6.10:00", ("saturday",)),
        ("HolidaySchedule 'New Year,other.wav,1/1/2027'", ("New Year", "greeting")),
        ("HolidaySchedule $null", ("New Year",)),
        ("HolidaySchedule 'New Year,newyear.wav,1/1/2027,1/2/2027'", ("New Year", "date")),
    ],
)
def test_damage_within_nested_values_has_its_place(line: str, place: tuple[str, ...]) -> None:
    trial = _applied()
    trial.administrator(f"Set-UMAutoAttendant Main -{line}")
    (entry,) = trial.drift().entries
    assert place in [part.path for part in entry.changes[0].parts]
    assert trial.apply().exit_code == 0
    assert not trial.drift().entries


@pytest.mark.parametrize(
    "line",
    [
        "1.09:00-1.13:00,1.13:00-1.17:00,5.13:00-5.17:00,5.09:00-5.12:00",
        "fri.1:00 PM-fri.5:00 PM,5.09:00-5.12:00,mon.9:00 AM-mon.5:00 PM",
    ],
)
def test_the_same_hours_in_other_words_are_no_drift(line: str) -> None:
    trial = _applied()
    quoted = ",".join(f"'{one}'" for one in line.split(","))
    trial.administrator(f"Set-UMAutoAttendant Main -BusinessHoursSchedule {quoted}")
    assert not trial.drift().entries


def test_an_export_names_the_attendants_of_keys_and_changes_nothing() -> None:
    trial = _applied()
    made = exported(trial)
    text = made.contents["auto_attendants.yaml"].decode()
    assert '"1": {name: Sales, attendant: Sales}' in text
    reopened(trial, made)
    assert trial.plan().steps == ()
    declared = trial.environment.declared["auto_attendant"]
    assert declared["Main"].get("business_hours_keys") == environment_of(_sections(ATTENDANTS)).declared[
        "auto_attendant"
    ]["Main"].get("business_hours_keys")


@pytest.mark.parametrize("word", ["never", "always"])
def test_hours_that_a_word_says_are_exported_in_that_word(word: str) -> None:
    trial = _applied({"Main": {"dial_plan": "Redmond", "business_hours": word}})
    made = exported(trial)
    assert f"business_hours: {word}" in made.contents["auto_attendants.yaml"].decode()
    declared = trial.environment.declared["auto_attendant"]["Main"].get("business_hours")
    reopened(trial, made)
    assert trial.environment.declared["auto_attendant"]["Main"].get("business_hours") == declared
    assert trial.plan().steps == ()


def test_an_attendant_that_falls_back_to_itself_is_refused() -> None:
    text = b"auto_attendants:\n  Main: {dial_plan: Redmond, dtmf_fallback: main}\ndial_plans: {Redmond: {}}\n"
    _, found = load(Files({"a.yaml": b"environment: test\n" + text}), types())
    assert [one for one in found if one.summary == "Circular reference" and "itself" in one.detail]


def test_an_attendant_that_a_key_names_is_not_removed_alone() -> None:
    trial = _applied()
    attendants = copy.deepcopy(dict(ATTENDANTS))
    del attendants["Main"]["business_hours_keys"]  # no longer managed, so the key stays
    _declare(trial, {"Main": attendants["Main"], "Sales": {"state": "absent"}})
    assert _errors(trial) == {"UM102"} or trial.apply(max_destroy=1).exit_code == 4
    attendants["Main"]["business_hours_keys"] = {"2": {"name": "Help", "extension": "50102"}}
    _declare(trial, {"Main": attendants["Main"], "Sales": {"state": "absent"}})
    ended = trial.apply(max_destroy=1)
    assert ended.exit_code == 0, ended.told()
    cmdlets = [
        line["cmdlet"] for line in ended.ours if line["cmdlet"] in ("Set-UMAutoAttendant", "Remove-UMAutoAttendant")
    ]
    assert cmdlets == ["Set-UMAutoAttendant", "Remove-UMAutoAttendant"]


def test_attendants_that_lead_to_each_other_end_together() -> None:
    trial = _applied()
    _declare(trial, {"Main": {"state": "absent"}, "Sales": {"state": "absent"}})
    ended = trial.apply(max_destroy=2)
    assert ended.exit_code == 0, ended.told()
    assert not trial.look().all("auto_attendant")
    assert trial.plan().steps == ()


@pytest.mark.parametrize(
    ("kind", "property"),
    [
        ("auto_attendant", "BusinessHoursSchedule"),
        ("auto_attendant", "HolidaySchedule"),
        ("attendant_menu", "AfterHoursKeyMapping"),
    ],
)
def test_an_answer_in_an_unknown_form_makes_the_attendant_unreadable(kind: str, property: str) -> None:
    resource_type = next(one for one in types() if one.name == kind)
    records = ({"Name": "Main", property: ["Mo.09.00-17.00"]}, {"Name": "Sales", property: []})
    known, unreadable = resource_type.observe([(read("Get-UMAutoAttendant"), Reply(records))], Landscape())
    assert isinstance(known, Resource)
    assert isinstance(unreadable, Diagnosed)
    assert (known.key, unreadable.address) == ("Sales", Address(kind, "Main"))


@pytest.mark.parametrize(
    ("line", "severity", "exit_code"),
    [
        ("Set-UMAutoAttendant Main -AfterHoursKeyMapping '1,Other,50101,,'", Severity.ERROR, 4),
        ("Set-UMAutoAttendant Main -AfterHoursKeyMapping '1,S,,S,'", Severity.WARNING, 0),
    ],
)
def test_a_key_to_a_disabled_attendant_is_an_error_where_it_is_written(
    line: str, severity: Severity, exit_code: int
) -> None:
    """Exchange refuses to write it, whether the files declare that attendant or not, and lets it stand."""
    main = {"dial_plan": "Redmond", "after_hours_keys": {"1": {"name": "S", "attendant": "S"}}}
    trial = _applied({"Main": {"dial_plan": "Redmond"}, "S": {"dial_plan": "Redmond"}})
    assert len(trial.administrator(line, "Enable-UMAutoAttendant Main")) == 2
    trial.environment = environment_of(_sections({"Main": main, "S": {"dial_plan": "Redmond"}}))
    (told,) = [one for one in trial.plan().diagnostics if one.code == "UM097"]
    assert (told.severity, told.address) == (severity, "auto_attendant/Main")
    assert told.position is not None
    applied = trial.apply()
    assert (applied.exit_code, applied.log) == (exit_code, ())


def test_a_language_without_its_pack_is_refused_before_anything_is_sent() -> None:
    attendants = {**ATTENDANTS, "Main": {**ATTENDANTS["Main"], "language": "fr-FR"}}
    trial = Trial(world_of(0, [1], director=False, branch=False), environment_of(_sections(attendants)))
    assert _errors(trial) == {"UM058"}
    applied = trial.apply()
    assert (applied.exit_code, applied.log) == (4, ())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("business_hours: {monday: 17:00-09:00}", "17:00"),
        ("business_hours: {funday: always}", "funday"),
        ("business_hours: {monday: [09:00-10:00, x]}", "x]"),
        ("holidays: {A: {date: 2027-02-30}}", "2027"),
        ("holidays: {A: [{date: 2027-02-28}, {date: y}]}", "y}"),
        ("business_hours_keys: {0: {name: x, extension: 1}}", "0:"),
        ("business_hours_keys: {1: {name: x, attendant: Nobody}}", "Nobody"),
        ("after_hours_keys: {1: {name: x, extension: 1, prompt: a.mp3}}", "a.mp3"),
    ],
)
def test_a_mistake_within_nested_values_has_its_line_and_column(text: str, wrong: str) -> None:
    line = f"  A: {{dial_plan: R, {text}}}"
    content = f"environment: t\ndial_plans:\n  R: {{}}\nauto_attendants:\n{line}\n"
    _, found = load(Files({"a.yaml": content.encode()}), types())
    places = [str(one.position) for one in found if one.address == "auto_attendant/A"]
    assert places == [f"a.yaml:5:{line.index(wrong) + 1}"]


_LINKED = """\
environment: t
dial_plans:
  R: {country_code: "1", extension_digits: 5, servers: all}
  D: {country_code: "353", extension_digits: 5, servers: all}
auto_attendants:
  A: {dial_plan: R, status: enabled, LINK}
  B: {dial_plan: R, status: disabled}
  C: {dial_plan: D}
"""


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("business_hours_keys: {1: {name: x, extension: 1}, 2: {name: y, attendant: @B}}", "UM097"),
        ("after_hours_keys: {2: {name: y, attendant: @b}, 3: {name: z, attendant: B}}", "UM097"),
        ("speech_enabled: true, dtmf_fallback: @B", "UM097"),
        ("business_hours_keys: {timeout: {name: y, attendant: @C}}", "UM096"),
    ],
)
def test_a_wrong_link_has_the_place_of_the_name_in_it(link: str, code: str) -> None:
    marked = _LINKED.replace("LINK", link)
    environment, found = load(Files({"a.yaml": marked.replace("@", "").encode()}), types())
    assert environment is not None, found
    plan = Trial(world_of(0, [1], director=False, branch=False), environment).plan()
    (told,) = [one for one in plan.diagnostics if one.code == code]
    before = marked.partition("@")[0].splitlines()
    assert told.position == Position("a.yaml", len(before), len(before[-1]) + 1)


def test_only_attendants_are_offered_for_an_unknown_one() -> None:
    text = b"""environment: test
dial_plans: {Redmond: {country_code: "1", extension_digits: 5}}
auto_attendants:
  Main: {dial_plan: Redmond, business_hours_keys: {1: {name: x, attendant: Nobody}}}
"""
    _, found = load(Files({"a.yaml": text}), types())
    (unknown,) = [one for one in found if one.summary == "Unknown reference"]
    assert "Main" in unknown.remedy
    assert "/default" not in unknown.remedy
