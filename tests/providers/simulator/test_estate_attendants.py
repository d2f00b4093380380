"""Auto attendants as Exchange keeps and answers them: hours, holidays, menus, languages."""

from __future__ import annotations

import pytest

from providers.simulator.estate.estate import Estate
from tests.providers.simulator.test_estate_um import one, refused, run
from tests.support.worlds import estate_of


def _estate() -> Estate:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 4})
    for name, plan in {"Main": "Redmond", "Sales": "Redmond", "Far": "Dublin"}.items():
        run(estate, "New-UMAutoAttendant", Name=name, UMDialPlan=plan)
    return estate


def _kept(estate: Estate, parameter: str, *values: str) -> object:
    run(estate, "Set-UMAutoAttendant", Identity="Main", **{parameter: list(values)})
    return one(estate, "Get-UMAutoAttendant", parameter, Identity="Main")[parameter]


def test_business_hours_are_answered_in_words() -> None:
    kept = _kept(_estate(), "BusinessHoursSchedule", "1.09:00-1.17:00", "fri.10:45 PM-sat.00:30")
    assert kept == ["Mon.9:00 AM-Mon.5:00 PM", "Fri.10:45 PM-Sat.12:30 AM"]


def test_holidays_are_answered_with_both_days() -> None:
    kept = _kept(_estate(), "HolidaySchedule", "New Year,n.wav,1/2/2027", "Works,,4/24/2027,4/28/2027")
    assert kept == ["New Year,n.wav,1/2/2027,1/2/2027", "Works,,4/24/2027,4/28/2027"]


def test_keys_are_answered_with_all_fields() -> None:
    kept = _kept(_estate(), "BusinessHoursKeyMapping", "1,Sales,,Sales,", "-,Nobody,,,bye.wav")
    assert kept == ["1,Sales,,Sales,,,,,,", "-,Nobody,,,bye.wav,,,,,"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("BusinessHoursSchedule", "always"),
        ("BusinessHoursSchedule", "9.09:00-9.10:00"),
        ("BusinessHoursSchedule", "1.25:00-1.26:00"),
        ("HolidaySchedule", "New Year"),
        ("HolidaySchedule", "New Year,n.mp3,1/1/2027"),
        ("HolidaySchedule", "Works,,4/28/2027,4/24/2027"),
        ("HolidaySchedule", "Works,,2027-04-24"),
        ("BusinessHoursKeyMapping", "0,Operator,50100,,"),
        ("BusinessHoursKeyMapping", "1,Sales,,Sales,,,"),
        ("BusinessHoursKeyMapping", "1,Sales,50100,Sales,"),
        ("BusinessHoursKeyMapping", "1,Sales,,,"),
        ("AfterHoursKeyMapping", "1,Sales,5x,,"),
    ],
)
def test_a_value_in_another_form_is_refused(parameter: str, value: str) -> None:
    change = {"Identity": "Main", parameter: [value]}
    assert refused(_estate(), "Set-UMAutoAttendant", **change).type == "DataValidationException"


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        (["1,A,50100,,", "1,B,50101,,"], "InvalidCustomMenuException"),
        (["1,Far,,Far,"], "InvalidAutoAttendantException"),
        (["1,Nobody,,Nobody,"], "InvalidAutoAttendantException"),
        (["1,Sales,,Sales,"], "InvalidAutoAttendantException"),
    ],
    ids=["a key twice", "another dial plan", "nobody", "a disabled one"],
)
def test_a_menu_leads_to_enabled_attendants_of_its_dial_plan(keys: list[str], error: str) -> None:
    estate = _estate()
    run(estate, "Enable-UMAutoAttendant", Identity="Main")
    assert refused(estate, "Set-UMAutoAttendant", Identity="Main", BusinessHoursKeyMapping=keys).type == error


_LEADS = {"BusinessHoursKeyMapping": ["1,Sales,,Sales,"], "BusinessHoursKeyMappingEnabled": True}
_LEADS_LATER = {"AfterHoursKeyMapping": ["1,Sales,,Sales,"], "AfterHoursKeyMappingEnabled": True}
_FALLS_BACK = {"SpeechEnabled": True, "DTMFFallbackAutoAttendant": "Sales"}


@pytest.mark.parametrize("link", [_LEADS, _FALLS_BACK], ids=["a key", "the fallback"])
def test_an_attendant_is_enabled_after_the_one_that_it_leads_to(link: dict[str, object]) -> None:
    estate = _estate()
    run(estate, "Set-UMAutoAttendant", Identity="Main", **link)
    assert refused(estate, "Enable-UMAutoAttendant", Identity="Main").type == "InvalidAutoAttendantException"
    run(estate, "Enable-UMAutoAttendant", Identity="Sales")
    run(estate, "Enable-UMAutoAttendant", Identity="Main")


@pytest.mark.parametrize(
    "link", [_LEADS_LATER, {**_LEADS, "BusinessHoursKeyMappingEnabled": False}], ids=["later", "switched off"]
)
def test_other_keys_are_checked_only_when_something_is_set(link: dict[str, object]) -> None:
    estate = _estate()
    run(estate, "Set-UMAutoAttendant", Identity="Main", **link)
    run(estate, "Enable-UMAutoAttendant", Identity="Main")
    error = refused(estate, "Set-UMAutoAttendant", Identity="Main", NameLookupEnabled=False)
    assert error.type == "InvalidAutoAttendantException"


def test_a_disabled_fallback_is_refused_where_it_is_set() -> None:
    estate = _estate()
    run(estate, "Enable-UMAutoAttendant", Identity="Main")
    error = refused(estate, "Set-UMAutoAttendant", Identity="Main", **_FALLS_BACK)
    assert error.type == "InvalidDtmfFallbackAutoAttendantException"


@pytest.mark.parametrize("link", [_LEADS, _LEADS_LATER, _FALLS_BACK], ids=["a key", "a later key", "the fallback"])
@pytest.mark.parametrize("verb", ["Disable", "Remove"])
def test_an_attendant_that_even_a_disabled_one_leads_to_stays(link: dict[str, object], verb: str) -> None:
    estate = _estate()
    run(estate, "Set-UMAutoAttendant", Identity="Main", **link)
    run(estate, "Enable-UMAutoAttendant", Identity="Sales")
    error = refused(estate, f"{verb}-UMAutoAttendant", Identity="Sales")
    assert error.type == "InvalidDtmfFallbackAutoAttendantException"
    assert "'Main' leads to it" in str(error)


def test_a_language_needs_its_pack_on_a_server() -> None:
    estate = _estate()
    for change in ({"Identity": "Main", "Language": "fr-FR"}, {"Identity": "Redmond", "DefaultLanguage": "fr-FR"}):
        cmdlet = "Set-UMAutoAttendant" if "Language" in change else "Set-UMDialPlan"
        assert refused(estate, cmdlet, **change).type == "InvalidLanguageIdException"
    run(estate, "Set-UMAutoAttendant", Identity="Main", Language="de-de")
    assert one(estate, "Get-UMAutoAttendant", "Language", Identity="Main") == {"Language": "de-DE"}


def test_a_server_says_its_language_packs() -> None:
    assert one(_estate(), "Get-UMService", "Languages", Identity="EX1") == {"Languages": ["en-US", "de-DE"]}
