"""Every reference names something that is declared or brought, and nothing refers to itself in the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
import yaml

from providers.catalogue import resource_types
from reconciler.app.declared import check
from reconciler.config.environment import load
from reconciler.config.resolve import missing_connection
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import ConfigurationError, Diagnostic
from reconciler.views.diagnostics import render_diagnostics
from tests.support.cli import little
from tests.support.example_environments import SECTIONS, files, loaded, refused
from tests.support.example_types import EXAMPLE_TYPES, PROVIDERS
from tests.support.paths import ROOT
from tests.views.test_terminal import PLAIN


def test_policy_that_a_declared_dial_plan_brings_may_be_named() -> None:
    declared = loaded({"a.yaml": "environment: x\n" + SECTIONS["berlin"] + SECTIONS["rows"]}).declared
    assert declared["um_mailbox"]["dora@contoso.com"].attributes["policy"] == "Berlin/default"


def test_caller_may_tell_what_else_is_implied() -> None:
    contents = files({"a.yaml": "environment: x\nmailboxes: [{identity: a, policy: Legacy}]\n"})
    environment, found = load(contents, EXAMPLE_TYPES, implied=lambda *_: {"mailbox_policy": frozenset(["legacy"])})
    assert environment is not None
    assert found == ()


def test_missing_target_proves_nothing_where_a_file_could_not_be_read() -> None:
    contents = {"a.yaml": "environment: x\n" + SECTIONS["attendants"], "b.yaml": SECTIONS["redmond"] + "x: [\n"}
    assert refused(contents) == [("Invalid YAML", "b.yaml:4:1")]


def test_only_the_fact_that_is_referred_to_is_left_to_the_world() -> None:
    assert (
        loaded({"a.yaml": "environment: x\n" + SECTIONS["berlin"]}).declared["dial_plan"]["Berlin"].attributes["pool"]
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("auto_attendants:\n  Main: {dial_plan: Redmond}\n", 3),
        ("dial_plans:\n  Redmont: {extension_digits: 5}\nauto_attendants: {Main: {dial_plan: Redmond}}\n", 4),
        ("mailboxes: [{identity: a, policy: Redmond/default}]\n", 2),
    ],
)
def test_a_reference_to_nothing_is_refused_where_it_stands(text: str, line: int) -> None:
    ((_, place),) = refused({"a.yaml": f"environment: x\n{text}"})
    assert place.startswith(f"a.yaml:{line}:")


def test_the_remedy_of_a_misspelt_reference_names_what_is_near() -> None:
    text = (
        "environment: x\ndial_plans: {Redmont: {extension_digits: 5}}\nauto_attendants: {Main: {dial_plan: Redmond}}\n"
    )
    _, found = load(files({"a.yaml": text}), EXAMPLE_TYPES)
    assert "Redmont" in found[0].remedy


def test_a_reference_takes_the_spelling_of_what_it_names() -> None:
    text = (
        "environment: x\ndial_plans: {Redmond: {extension_digits: 5}}\nauto_attendants: {Main: {dial_plan: REDMOND}}\n"
    )
    assert loaded({"a.yaml": text}).declared["auto_attendant"]["Main"].get("dial_plan") == "Redmond"


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_ring_of_references_is_one_mistake_that_names_all_of_it(names: list[str]) -> None:
    ring = "".join(
        f"  {one}: {{fallback: {other}}}\n" for one, other in zip(names, [*names[1:], names[0]], strict=True)
    )
    _, found = load(files({"a.yaml": f"environment: x\nauto_attendants:\n{ring}"}), EXAMPLE_TYPES)
    (told,) = found
    assert all(f"auto_attendant/{name}" in told.detail for name in names)


PLAN = {"country_code": "1", "extension_digits": 5}
PEOPLE = ["alice", "ben", "carla", "david"]


class _Plain(yaml.SafeDumper):
    """Writes no anchors: these files know none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def told(sections: Mapping[str, Any], *, is_reached: bool = False, **files: bytes) -> tuple[Diagnostic, ...]:
    """Return the messages about an environment with these sections."""
    whole = {"environment": "test", "dial_plans": {"Redmond": dict(PLAN), "Dublin": dict(PLAN)}, **sections}
    main = yaml.dump(whole, Dumper=_Plain, sort_keys=False).encode()
    contents = {"all.yaml": main, **{name.replace("_", "."): content for name, content in files.items()}}
    return load(Files(contents), resource_types(), is_reached=is_reached)[1]


def row(number: int, **values: object) -> dict[str, object]:
    who = f"{PEOPLE[number]}@contoso.com"
    return {"identity": who, "sip_address": who, "extension": f"5010{number}", "dial_plan": "Redmond", **values}


NUMBER = "+14255550190"


def attendant(**values: object) -> dict[str, object]:
    return {"dial_plan": "Redmond", **values}


@pytest.mark.parametrize(
    ("sections", "code", "places"),
    [
        ({"mailboxes": [row(0), row(1, extension="50100")]}, "UM075", 2),
        (
            {
                "dial_plans": {"Redmond": {**PLAN, "equivalent_contexts": ["dublin.contoso.com"]}, "Dublin": PLAN},
                "mailboxes": [row(0), row(1, extension="50100", dial_plan="Dublin")],
            },
            "UM075",
            2,
        ),
        (
            {
                "dial_plans": {"Redmond": PLAN, "Dublin.new": {**PLAN, "equivalent_contexts": ["Redmond.contoso.com"]}},
                "mailboxes": [row(0), row(1, extension="50100", dial_plan="Dublin.new")],
            },
            "UM075",
            2,
        ),
        ({"mailboxes": [row(0), row(1, sip_address="ALICE@contoso.com")]}, "UM076", 2),
        ({"mailboxes": [row(0), row(1, extension="5010")]}, "UM074", 0),
        ({"mailboxes": [row(0, policy="dublin/DEFAULT")]}, "UM077", 0),
        ({"auto_attendants": {one: attendant(pilot_numbers=[NUMBER]) for one in ("A", "B")}}, "UM050", 2),
        (
            {
                "dial_plans": {"Redmond": {**PLAN, "access_numbers": [NUMBER]}},
                "auto_attendants": {"A": attendant(pilot_numbers=[NUMBER])},
            },
            "UM050",
            2,
        ),
        ({"dial_plans": {one: {**PLAN, "access_numbers": [NUMBER]} for one in ("A", "B")}}, "UM050", 2),
        ({"auto_attendants": {one: attendant(is_default=True) for one in ("A", "B")}}, "UM052", 2),
        ({"auto_attendants": {"A": attendant(is_default=True, status="disabled")}}, "UM053", 0),
        ({"lync_dial_plans": {one: {"simple_name": name} for one, name in (("A", "Red"), ("B", "RED"))}}, "UM085", 2),
        ({"dial_plans": {"A": {**PLAN, "max_call_duration": 10, "max_recording_duration": 10}}}, "UM005", 0),
        (
            {
                "mailbox_policies": {
                    "Redmond/default": {"logon_failures_before_pin_reset": 15, "max_logon_attempts": 10}
                }
            },
            "UM060",
            0,
        ),
    ],
)
def test_contradictions_are_reported_with_every_place(sections: Mapping[str, Any], code: str, places: int) -> None:
    (one,) = told(sections)
    assert (one.code, one.is_error, one.leaves_out) == (code, True, False)
    assert one.position is not None
    assert one.excerpt
    assert one.detail.count("(all.yaml:") == places


def test_equal_values_of_different_dial_plans_or_of_whom_voice_mail_ends_contradict_nothing() -> None:
    both = [row(0), row(1, extension="50100", dial_plan="Dublin")]
    assert not told({"mailboxes": both})
    elsewhere = {**PLAN, "equivalent_contexts": ["Tokyo.contoso.com", "Dublin2.contoso.com", "Redmond.contoso.com"]}
    assert not told({"dial_plans": {"Redmond": elsewhere, "Dublin": dict(PLAN)}, "mailboxes": both})
    assert not told({"mailboxes": [row(0), {"identity": "ben@contoso.com", "state": "absent"}]})


def test_a_dial_plan_with_the_wrong_count_is_one_error_and_not_one_for_each_user() -> None:
    many = b"identity,extension,dial_plan\n" + b"".join(
        b"u%d@contoso.com,%d,Redmond\n" % (n, 4000 + n) for n in range(300)
    )
    (one,) = told({"mailboxes": [{"file": "users.csv"}]}, users_csv=many)
    assert one.address == "dial_plan/Redmond"
    assert one.remedy.startswith("Write extension_digits: 4")


def test_a_missing_connection_is_an_error_with_what_to_write() -> None:
    host = {"host": "ex1.contoso.com", "auth": "kerberos"}
    (none,) = told({}, is_reached=True)
    assert none.summary == "Missing connection"
    assert "Exchange and Lync" in none.detail
    (one,) = told({"connections": {"exchange": host}}, is_reached=True)
    assert "no connection to Lync." in one.detail
    assert not told({"connections": {"exchange": host, "lync": host}}, is_reached=True)
    (misspelt,) = told({"connections": {"exchange": host, "linc": host}}, is_reached=True)
    assert misspelt.summary == "Unknown key"
    assert yaml.safe_load(one.remedy.partition("\n\n")[2])["connections"].keys() == {"exchange", "lync"}
    assert missing_connection(PROVIDERS, {"exchange", "lync"}, None) is None


def test_plan_tells_it_before_a_server_is_asked(tmp_path: Path) -> None:
    estate = little(tmp_path / "env")
    estate.edit("little.yaml", '"50103"', '"50101"')
    estate.edit("little.yaml", "connections: {simulator: world.yaml}\n", "")
    (tmp_path / "env" / "world.yaml").unlink()
    ran = estate.run("plan").has(1)
    assert ran.out.splitlines()[-1] == "Cannot be applied: 2 errors."
    assert "Missing connection" in ran.err
    assert "50101 is given to" in ran.err


SAMPLE = ROOT / "samples" / "contoso"
DP, MAIN, CSV = "dial_plans.yaml", "contoso.yaml", "redmond.csv"


@pytest.mark.parametrize(
    ("file", "before", "after", "summary"),
    [
        (CSV, ",Redmond,", ",Redmnd,", "Unknown reference"),
        (DP, "  Redmond:\n    country", "  Redmnd:\n    country", "Unknown reference"),
        (DP, "  Executives:", "  Executive:", "Unknown reference"),
        (DP, "  Dublin:\n    country", "Dublin:\n    country", "Unknown key"),
        (DP, "\ndial_plans:", "\ndial_plan:", "Unknown key"),
        (DP, "mailbox_policies:", "mailbox_policie:", "Unknown key"),
        (DP, '["+14255550100"]', '["+14255550100]', "Invalid YAML"),
        (DP, '["+14255550100"]', '["+14255550100"', "Invalid YAML"),
        (DP, "    servers: all", "\tservers: all", "Tab in indentation"),
        (DP, "    servers: all", "   servers: all", "Invalid YAML"),
        (DP, "dial_plan: Redmond\n    pilot", "dial_pln: Redmond\n    pilot", "Unknown attribute"),
        (
            DP,
            'Redmond:\n    country_code: "1"\n    extension_digits: 5',
            'Redmond:\n    country_code: "1"\n    extension_digits: 6',
            "Extension has the wrong number of digits",
        ),
        (MAIN, "connections:", "conections:", "Unknown key"),
        (MAIN, "  simulator:", "  simulater:", "Unknown key"),
        (MAIN, "  simulator: world.yaml          # a trial without any server\n", "", "Empty section"),
        (MAIN, "world.yaml", "wrld.yaml", "Missing file"),
        (
            MAIN,
            "connections:\n  simulator: world.yaml          # a trial without any server\n",
            "",
            "Unused world file",
        ),
        (MAIN, "environment:", "enviroment:", "Unknown key"),
        (CSV, "identity,", "identy,", "Missing column"),
        (CSV, "dial_plan,", "dialplan,", "Unknown column"),
        (CSV, "policy,", "polcy,", "Unknown column"),
        (CSV, "identity,sip_address,extension,policy,dial_plan,wave\n", "", "Missing column"),
        (CSV, "50102,,Redmond,pilot", '50102,,"Redmond,pilot', "Unclosed quote"),
    ],
)
def test_a_slip_is_one_error_and_nothing_that_only_follows(
    tmp_path: Path, file: str, before: str, after: str, summary: str
) -> None:
    copy = tmp_path / "contoso"
    copytree(SAMPLE, copy, ignore=ignore_patterns(".reconciler"))
    text = (copy / file).read_text("utf-8")
    assert before in text
    (copy / file).write_text(text.replace(before, after), "utf-8")
    with pytest.raises(ConfigurationError) as raised:
        check(copy)
    assert {one.summary for one in raised.value.diagnostics} == {summary}
    assert render_diagnostics(raised.value.diagnostics, PLAIN).count("Error:") == 1
