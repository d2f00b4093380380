"""Rows of a file are resolved by column as they are resolved one by one, and so are their mistakes."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.catalogue import resource_types
from reconciler.config.declarations import Declarations
from reconciler.config.enrolment import settle
from reconciler.config.environment import Environment, load
from reconciler.config.resolve import implied_by_default
from reconciler.config.row_tables import Declaration, Enrolled
from reconciler.config.source_text import Files
from reconciler.config.yaml_reader import read_yaml
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.resources import Address, Resource
from reconciler.model.roster import Column, Roster

TYPES = resource_types()
YAML = """
environment: contoso
connections: {simulator: world.yaml}
dial_plans:
  Redmond: {country_code: "1", extension_digits: 5}
mailbox_policies:
  Execs: {dial_plan: Redmond}
mailboxes:
"""
COLUMNS = ("identity", "sip_address", "extension", "policy", "dial_plan", "wave", "state")
CELLS = {
    "identity": ["a@b.c", "A@b.c ", "d@b.c", "dave", "", "x;y"],
    "sip_address": ["a@b.c", "sip:D@b.c", "", "nobody"],
    "extension": ["50101", "50102; 50103", "50103|50102", "", "4,2E+10", "x"],
    "policy": ["Execs", "execs", "Redmond/default", "Redmond Default Policy", "", "Nobody"],
    "dial_plan": ["Redmond", "REDMOND", "", "Nowhere"],
    "wave": ["1", "", "two"],
    "state": ["", "", "", "present", "absent"],
}
ROWS = st.lists(st.tuples(*(st.sampled_from(CELLS[name]) for name in COLUMNS)), min_size=1, max_size=5)
WHOLE = st.lists(st.tuples(*(st.sampled_from(CELLS[name][:3]) for name in COLUMNS)), min_size=1, max_size=3)


def read(yaml: str, **files: str) -> tuple[Environment | None, tuple[Diagnostic, ...]]:
    contents = {"contoso.yaml": (YAML + yaml).encode(), "world.yaml": b"world: x\nexchange: {}\nlync: {}\n"}
    return load(Files(contents | {f"{name}.csv": text.encode() for name, text in files.items()}), TYPES)


def text_of(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    return text.getvalue()


def one_by_one(rows: list[tuple[str, ...]]) -> str:
    """The same rows in YAML, which are never read by column."""
    named = [{name: cell.replace("|", ";") for name, cell in zip(COLUMNS, row, strict=True) if cell} for row in rows]
    split = [{**one, "identity": one.get("identity", "").strip()} for one in named]
    lines = ["{" + ", ".join(f'{name}: "{cell}"' for name, cell in one.items()) + "}" for one in split]
    return "".join(f"  - {line}\n" for line in lines)


@given(WHOLE | ROWS)
def test_a_file_declares_what_its_rows_declare_one_by_one(rows: list[tuple[str, ...]]) -> None:
    by_column, found = read("  - file: users.csv\n", users=text_of(rows))
    one, single = read(one_by_one(rows))
    is_damaged = any("E+10" in row[2] for row in rows)
    assert (by_column is None) is (one is None or is_damaged)
    if by_column is not None and one is not None:
        assert (by_column.declared, by_column.ended) == (one.declared, one.ended)
        assert [each.summary for each in found] == [each.summary for each in single]
        assert list(by_column.declared["um_mailbox"]) == list(one.declared["um_mailbox"])


@pytest.mark.parametrize("defaults", ["dial_plan: Redmond", "policy: Execs, wave: '2'", "extension: []"])
def test_defaults_stand_where_a_row_has_no_value(defaults: str) -> None:
    rows = "identity,policy\na@b.c,\nd@b.c,Execs\n"
    element = f"  - file: users.csv\n    defaults: {{{defaults}, dial_plan: Redmond}}\n"
    element = element.replace("dial_plan: Redmond, dial_plan: Redmond", "dial_plan: Redmond")
    declared, found = read(element, users=rows)
    assert not found
    assert declared is not None
    first, second = declared.declared["um_mailbox"].values()
    assert first.get("policy") == ("Execs" if "policy" in defaults else "Redmond/default")
    assert second.get("policy") == "Execs"
    assert first.get("wave") == ("2" if "wave" in defaults else None)


def test_each_row_has_its_place_and_two_files_are_one_roster() -> None:
    first = "identity,dial_plan\nb@b.c,Redmond\n\na@b.c,Redmond\n"
    second = "identity,policy,wave\nc@b.c,execs,3\n"
    environment, _ = read("  - file: first.csv\n  - file: second.csv\n", first=first, second=second)
    assert environment is not None
    rows = environment.declared["um_mailbox"].values()
    places = [(one.key, one.position.file, one.position.line) for one in rows if one.position is not None]
    assert places == [("a@b.c", "first.csv", 4), ("b@b.c", "first.csv", 2), ("c@b.c", "second.csv", 2)]
    assert [one.get("policy") for one in rows] == ["Redmond/default", "Redmond/default", "Execs"]


def test_a_key_of_two_files_is_an_error_at_the_second() -> None:
    rows = "identity,dial_plan\na@b.c,Redmond\n"
    _, found = read("  - file: first.csv\n  - file: second.csv\n", first=rows, second=rows)
    assert [(one.summary, one.position and one.position.file) for one in found] == [
        ("Duplicate declaration", "second.csv")
    ]


def test_rows_stay_columns_where_the_files_do_not_declare_what_a_dial_plan_brings() -> None:
    """Files with dial plans and users alone declare no policy, and their users have the one of the dial plan."""
    place, _ = read_yaml("contoso.yaml", b"dial_plans: {Redmond: {}}")
    assert place is not None
    columns: dict[str, Column] = {"dial_plan": ["redmond"], "policy": ["redmond/Default"]}
    rows = Enrolled(Roster("um_mailbox", ["a@b.c"], columns), lambda _: pytest.fail("no row is read by itself"))
    plan = Declaration(Resource(Address("dial_plan", "Redmond")), place)
    (roster,), others = settle(Declarations(valid=[plan], enrolled=[rows]), TYPES, implied_by_default)
    assert list(others) == [plan]
    assert (roster.column("dial_plan"), roster.column("policy")) == (["Redmond"], ["Redmond/default"])
