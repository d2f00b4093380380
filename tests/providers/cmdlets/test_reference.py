"""The published reference: the table made from it, and what each release has."""

import json
from typing import Any

import pytest

from providers.cmdlets.generate_cmdlets import TABLE, table, text
from providers.cmdlets.reference import Setters, cmdlet_of, parameters_of, setters
from providers.simulator.powershell.stub_cmdlets import MODULES, SNAP_INS
from tests.support.paths import ROOT

RELEASES = (*SNAP_INS, *MODULES)
PUBLISHED = ROOT.parent / "shared" / "reference"
FILES = ("cmdlets.json", "cmdlets-exchange2007.json")


def _parameter(**told: object) -> dict[str, object]:
    return {
        "type": "String",
        "position": "Named",
        "aliases": [],
        "parameter_sets": ["(All)"],
        "accepted_values": None,
        "applicable": ["Exchange Server 2013", "Exchange Online"],
        **told,
    }


REFERENCE: dict[str, dict[str, Any]] = {
    "Get-Cloud": {
        "module": "ExchangePowerShell",
        "applicable": ["Exchange Online"],
        "parameter_set_names": ["(All)"],
        "parameter_sets": [[]],
        "mandatory": [[]],
        "parameters": {},
    },
    "New-Thing": {
        "module": "ExchangePowerShell",
        "applicable": ["Exchange Server 2013", "Exchange Server 2016", "Exchange Online"],
        "parameter_set_names": ["A", "B", "B"],
        "parameter_sets": [["Name", "Mode", "Size", "Cloud"], ["Mode", "Size"], ["Cloud"]],
        "mandatory": [["Name"], [], []],
        "parameters": {
            "Name": _parameter(
                position=1, parameter_sets=["(All)"], applicable=["Exchange Server 2013", "Exchange Server 2016"]
            ),
            "Mode": _parameter(type="Some.Space.Mode", accepted_values=["One", "Two"]),
            "Size": _parameter(type="A.Unlimited`1[System.UInt32]", aliases=["s"]),
            "Cloud": _parameter(applicable=["Exchange Online"]),
            "Hidden": _parameter(parameter_sets=["B"]),
        },
    },
}


def test_only_what_binding_needs_of_versions_that_can_be_is_kept() -> None:
    made = table(REFERENCE, {})["cmdlets"]
    assert "Get-Cloud" not in made
    assert made["New-Thing"] == {
        "product": "exchange",
        "versions": ["e2013", "e2016"],
        "sets": ["A", "B"],
        "mandatory": [["Name"], []],
        "default": "B",
        "parameters": {
            "Name": {"type": "String", "position": 1, "sets": [0]},
            "Mode": {"type": "Mode", "values": ["One", "Two"], "versions": ["e2013"]},
            "Size": {"type": "Unlimited", "aliases": ["s"], "versions": ["e2013"]},
            "Hidden": {"type": "String", "sets": [1], "versions": ["e2013"]},
        },
    }


def test_a_cmdlet_of_2007_is_spelt_as_its_successor_and_has_its_positions() -> None:
    older = {"new-thing": {**REFERENCE["New-Thing"], "applicable": ["Exchange Server 2007 SP1"]}}
    name = _parameter(position=None, applicable=["Exchange Server 2007 SP1"])
    older["new-thing"]["mandatory"] = [["NAME"], [], []]
    older["new-thing"]["parameters"] = {"NAME": name}
    made = table(REFERENCE, older)["cmdlets_2007"]
    assert {name: (told["mandatory"], told["parameters"]) for name, told in made.items()} == {
        "New-Thing": ([["Name"], []], {"Name": {"type": "String", "position": 1}})
    }


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published reference is not beside the project")
def test_the_table_in_the_tree_is_the_one_that_is_made() -> None:
    published = [json.loads((PUBLISHED / name).read_text("utf-8")) for name in FILES]
    assert TABLE.read_text(encoding="utf-8") == text(table(*published))


@pytest.mark.parametrize("release", RELEASES)
def test_every_cmdlet_of_the_table_is_found_in_its_release(release: str) -> None:
    made = json.loads(TABLE.read_text(encoding="utf-8"))
    part = made["cmdlets_2007" if release == "e2007" else "cmdlets"]
    for name, told in part.items():
        found = cmdlet_of(name, release)
        assert (found is not None) == (release in told["versions"]), name
        assert found is None or found.name == name


def test_the_text_of_a_table_reads_back_and_names_its_maker() -> None:
    content = table(REFERENCE, {})
    assert json.loads(text(content)) == content
    assert "generate_cmdlets.py" in json.loads(TABLE.read_text(encoding="utf-8"))["about"][0]


@pytest.mark.parametrize(
    ("cmdlet", "releases"),
    [
        ("Set-UMService", {"e2013", "e2016"}),
        ("Set-UMServer", {"e2007", "e2010"}),
        ("Get-CsUpgradeDomainInfo", {"s2019"}),
        ("New-UMDialPlan", {"e2007", "e2010", "e2013", "e2016"}),
        ("Stop-CsWindowsService", {"l2010", "l2013", "s2015", "s2019"}),
    ],
)
def test_a_version_has_its_own_cmdlets(cmdlet: str, releases: set[str]) -> None:
    assert {release for release in RELEASES if cmdlet_of(cmdlet, release)} == releases


def test_confirm_exists_only_where_the_cmdlet_has_it() -> None:
    assert "Confirm" in parameters_of("Remove-UMDialPlan")
    assert "Confirm" not in parameters_of("Get-UMDialPlan")
    assert "DomainController" in parameters_of("get-umdialplan")
    assert parameters_of("Get-Nothing") == frozenset()


def test_setters_tell_what_creates_and_what_changes() -> None:
    plan = setters("UMDialPlan")
    assert plan.is_only_create("numberofdigitsinextension")
    assert not plan.is_only_create("CountryOrRegionCode")
    assert plan.is_only_change("audiocodec")
    assert not plan.is_only_change("Nothing")
    codec, minutes = plan.find("AudioCodec"), plan.find("MaxRecordingDuration")
    assert codec is not None
    assert (codec.values, codec.default) == (("G711", "Wma", "Gsm", "Mp3"), "Mp3")
    assert minutes is not None
    assert minutes.limits == (1, 100)
    assert "countryorregioncode" not in setters("UMDialPlan", "e2007").create
    assert plan.find("Nothing") is None


def test_what_later_releases_dropped_is_as_its_last_release_has_it() -> None:
    assert setters("UMServer").find("UMStartupMode") == setters("UMServer", "e2010").find("UMStartupMode") is not None
    assert setters("Nothing") == Setters({}, {})
