"""What the files prove by themselves is told before a server is asked: one cause, one error."""

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
from reconciler.config.files import Files
from reconciler.config.files_alone import missing_connection
from reconciler.model.commands import Connection
from reconciler.model.diagnostics import ConfigurationError, Diagnostic
from reconciler.views.diagnostics import render_diagnostics
from tests.support.cli import little
from tests.support.paths import ROOT
from tests.views.test_terminal import PLAIN

PLAN = {"country_code": "1", "extension_digits": 5}
PEOPLE = ["alice", "ben", "carla", "david"]


class _Plain(yaml.SafeDumper):
    """Writes no anchors: these files know none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def told(sections: Mapping[str, Any], *, is_reached: bool = False, **files: bytes) -> tuple[Diagnostic, ...]:
    """Return what is told about an environment with these sections."""
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
def test_contradictions_are_told_with_every_place(sections: Mapping[str, Any], code: str, places: int) -> None:
    (one,) = told(sections)
    assert (one.code, one.is_error, one.leaves_out) == (code, True, False)
    assert one.position is not None
    assert one.excerpt
    assert one.detail.count("(all.yaml:") == places


def test_equal_values_of_different_dial_plans_or_of_whom_voice_mail_ends_contradict_nothing() -> None:
    assert not told({"mailboxes": [row(0), row(1, extension="50100", dial_plan="Dublin")]})
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
    assert missing_connection(set(Connection), None) is None


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
