"""Which lists of waves may be declared, and which rows name a wave that is not in the list."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.shares import Share
from reconciler.model.waves import Wave
from tests.support.trial import types

PLAN = {"Redmond": {"country_code": "1", "extension_digits": 5}}
HEADER = "identity,sip_address,extension,dial_plan,wave,state\n"


def loaded(
    waves: Any, rows: str = "", more: dict[str, bytes] | None = None
) -> tuple[Environment | None, tuple[Diagnostic, ...]]:
    sections = {"environment": "test", "dial_plans": PLAN, "mailboxes": [{"file": "users.csv"}], "waves": waves}
    files = {"all.yaml": yaml.safe_dump(sections, sort_keys=False).encode(), "users.csv": (HEADER + rows).encode()}
    return load(Files({**files, **(more or {})}), types())


def row(name: str, extension: str, wave: str, state: str = "") -> str:
    return f"{name}@contoso.com,{name}@contoso.com,{extension},Redmond,{wave},{state}\n"


def test_the_waves_are_those_of_the_list_in_its_order() -> None:
    rows = row("alice", "40001", "second") + row("ben", "40002", "") + row("carla", "40003", "first", "absent")
    environment, found = loaded([{"name": "second"}, "first", {"name": "last", "max_failures": "5%"}], rows)
    assert found == ()
    assert environment is not None
    assert environment.settings.waves == (Wave("second"), Wave("first"), Wave("last", Share(5, is_percent=True)))


def test_without_a_list_every_name_is_a_wave() -> None:
    environment, found = loaded([], row("alice", "40001", "any"))
    assert found == ()
    assert environment is not None
    assert environment.settings.waves == ()


@pytest.mark.parametrize(
    ("waves", "summary", "place"),
    [
        ({"pilot": 1}, "Invalid section", "all.yaml:8:1"),
        ([{"max_failures": 1}], "Invalid element", "all.yaml:9:3"),
        ([{"name": " "}], "Invalid element", "all.yaml:9:3"),
        ([["a"]], "Invalid element", "all.yaml:9:3"),
        (["a", {"name": "a"}], "Duplicate wave", "all.yaml:10:3"),
        ([{"name": "a", "max_failures": "101%"}], "Invalid value", "all.yaml:10:17"),
        ([{"name": "a", "max_failures": -1}], "Invalid value", "all.yaml:10:17"),
        ([{"name": "a", "max_failure": 1}], "Unknown key", "all.yaml:10:3"),
        ([{"nam": "a"}], "Unknown key", "all.yaml:9:3"),
    ],
)
def test_what_is_no_list_of_waves_is_refused_with_its_place(waves: Any, summary: str, place: str) -> None:
    environment, found = loaded(waves)
    assert environment is None
    of_waves = [(one.summary, str(one.position)) for one in found if one.position and one.position.file == "all.yaml"]
    assert of_waves == [(summary, place)]


def test_the_order_stands_in_one_file() -> None:
    _, found = loaded(["a"], row("alice", "40001", "a"), more={"more.yaml": b"waves: [b]\n"})
    assert [(one.summary, str(one.position)) for one in found] == [("Duplicate key", "more.yaml:1:1")]


@pytest.mark.parametrize("state", ["", "absent"])
def test_a_row_with_an_unlisted_wave_is_an_error_at_its_cell(state: str) -> None:
    rows = row("alice", "40001", "pilot") + row("ben", "40002", "Pilot", state)
    environment, found = loaded(["pilot"], rows)
    assert environment is None
    (one,) = found
    assert (one.summary, one.address, str(one.position)) == (
        "Unknown wave",
        "um_mailbox/ben@contoso.com",
        "users.csv:3:47",
    )
    assert '"pilot"' in one.remedy
