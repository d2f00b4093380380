"""Declarations added to files: every byte of the files stays, and together they declare both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.export.export import Export
from reconciler.export.extend import extend
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource
from tests.export.test_describe import estate, user
from tests.support.landscapes import resource
from tests.support.trial import types

HEAD = "environment: test\n"
PLAN = "dial_plans:\n  Redmond: {extension_digits: 5, country_code: '1'}\n"
POLICY = resource("mailbox_policy/Staff", name="Staff", dial_plan="Redmond", min_pin_length=8)
ALICE, BEN = user("alice", "50101"), user("ben", "00102")


def opened(contents: Mapping[str, bytes]) -> Environment:
    environment, found = load(Files(contents), types())
    assert environment is not None, found
    return environment


def extended(files: Mapping[str, str], *more: Resource) -> Export:
    """Return the export of everything that is observed and not declared in the files."""
    contents = {name: text.encode() for name, text in files.items()}
    declared = opened(contents).declared
    given: Landscape = replace(estate(*more), declared=declared)
    only = {
        one.address
        for name in ("mailbox_policy", "auto_attendant", "um_mailbox")
        for one in given.all(name).values()
        if not one.key.endswith("/default") and one.key not in given.written(name)
    }
    made = extend(types(), given, Files(contents), only)
    after = opened({**contents, **made.contents}).declared
    assert {one.address for name in after for one in after[name].values()} == {
        *only,
        *(one.address for name in declared for one in declared[name].values()),
    }
    return made


STYLES = {
    "blocks": HEAD
    + PLAN
    + "\n# about policies\nmailbox_policies:\n  Night:   # late\n    dial_plan: Redmond\n\n# the end\n",
    "wider": HEAD + PLAN + "mailbox_policies:\n    Night:\n        dial_plan: Redmond\nrestarts: {settle: 0s}\n",
    "in braces": HEAD + PLAN + "mailbox_policies: {Night: {dial_plan: Redmond}}\n",
    "over lines": HEAD + PLAN + "mailbox_policies: {\n  Night: {dial_plan: Redmond}\n}\n",
    "no last line end": HEAD + PLAN + "mailbox_policies:\n  Night: {dial_plan: Redmond}",
    "comment as last line": HEAD + PLAN + "mailbox_policies:\n  Night: {dial_plan: Redmond}\n  # more to come\n",
    "none yet": HEAD + PLAN,
    "all in braces": "{environment: test, dial_plans: {Redmond: {extension_digits: 5, country_code: '1'}}}\n",
    "windows": (HEAD + PLAN + "mailbox_policies:\n  Night: {dial_plan: Redmond}\n# end\n").replace("\n", "\r\n"),
    "marked": "\ufeff" + HEAD + PLAN + "mailbox_policies:\n  Night: {dial_plan: Redmond}\n",
    "first of all": "mailbox_policies:\n  Night: {dial_plan: Redmond}\n" + HEAD + PLAN,
    "folded": HEAD
    + PLAN
    + "lync_dial_plans:\n  A:\n    description: >-\n      one\n      # two\n"
    + "mailbox_policies:\n  N:\n    dial_plan: >-\n      Redmond\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_text_of_every_style_stays(style: str) -> None:
    text = STYLES[style]
    made = extended({"all.yaml": text}, POLICY)
    added = made.contents.get("all.yaml", text.encode()).decode()
    kept = iter(added.splitlines(keepends=True))
    assert all(any(line.rstrip("\r\n") == other.rstrip("\r\n") for other in kept) for line in text.splitlines())
    assert added.count("\r\n") == ("\r\n" in text) * added.count("\n")
    assert len(made.contents) == 1


def test_a_block_goes_on_as_it_is() -> None:
    made = extended({"all.yaml": STYLES["blocks"]}, POLICY)
    assert made.contents["all.yaml"].decode() == STYLES["blocks"].replace(
        "    dial_plan: Redmond\n\n#",
        "    dial_plan: Redmond\n  Staff:\n    dial_plan: Redmond\n    min_pin_length: 8\n\n#",
    )


def test_indentation_follows_the_file() -> None:
    made = extended({"all.yaml": STYLES["wider"]}, POLICY)
    assert "\n    Staff:\n      dial_plan: Redmond\n" in made.contents["all.yaml"].decode()


def test_a_new_section_stands_in_the_file_of_its_name() -> None:
    made = extended({"a.yaml": HEAD, "dial_plans.yaml": PLAN}, POLICY)
    assert made.contents["dial_plans.yaml"].decode().startswith(PLAN)
    assert extended({"a.yaml": HEAD + PLAN}, POLICY).contents.keys() == {"dial_plans.yaml"}


def test_nothing_unmanaged_changes_no_file() -> None:
    assert extended({"a.yaml": HEAD + PLAN}).contents == {}


# --- rows ------------------------------------------------------------------------------------------------------------

ROWS = "mailboxes:\n  - file: people.csv\n"
CSV = "identity;note;extension;sip_address;dial_plan\r\nalice@contoso.com;;50101;alice@contoso.com;Redmond\r\n"


def test_a_row_follows_the_columns_of_the_file() -> None:
    files = {"a.yaml": HEAD + PLAN + ROWS, "people.csv": CSV.replace(";note", ";wave")}
    made = extended(files, *ALICE, *BEN)
    added = "ben@contoso.com;;00102;ben@contoso.com;Redmond\r\n"
    assert made.contents == {"people.csv": (files["people.csv"] + added).encode()}


@pytest.mark.parametrize(
    ("rows", "csv"),
    [
        (ROWS, "identity,sip_address,extension,policy\nalice@contoso.com,alice@contoso.com,50101,Redmond/default\n"),
        (
            "mailboxes:\n  - {file: people.csv, defaults: {wave: pilot}}\n",
            "identity,sip_address,extension,dial_plan\nalice@contoso.com,alice@contoso.com,50101,Redmond\n",
        ),
    ],
    ids=["columns are missing", "defaults would apply"],
)
def test_a_file_that_does_not_fit_gets_another_beside_it(rows: str, csv: str) -> None:
    made = extended({"a.yaml": HEAD + PLAN + rows, "people.csv": csv}, *ALICE, *BEN)
    assert "people.csv" not in made.contents
    assert b"ben@contoso.com" in made.contents["mailboxes.csv"]


def test_rows_in_yaml_are_continued_by_a_file() -> None:
    text = (
        HEAD
        + PLAN
        + "mailboxes:\n- {identity: alice@contoso.com, sip_address: alice@contoso.com, dial_plan: Redmond}\n"
    )
    made = extended({"a.yaml": text}, *ALICE, *BEN)
    assert made.contents["a.yaml"].decode() == text + "- file: mailboxes.csv\n"


def test_a_declared_object_is_not_described_again() -> None:
    made = extended({"a.yaml": HEAD + PLAN + ROWS, "people.csv": CSV.replace(";note", ";wave")}, *ALICE)
    assert made.contents == {}
    assert Address("um_mailbox", "alice@contoso.com") not in {one.address for one in made.description.written}


def test_a_file_with_the_columns_of_another_program_is_continued() -> None:
    csv = "UserPrincipalName,Department,Extension,SipAddress,dial_plan\n"
    csv += "alice@contoso.com,Sales,50101,alice@contoso.com,Redmond\n"
    files = {"a.yaml": HEAD + PLAN + ROWS, "people.csv": csv}
    made = extended(files, *ALICE, *BEN)
    assert made.contents == {"people.csv": (csv + "ben@contoso.com,,00102,ben@contoso.com,Redmond\n").encode()}


OWN = "durchwahl;Abteilung;E-Mail;Adresse;Plan\r\n50101;Vertrieb;alice@contoso.com;alice@contoso.com;Redmond\r\n"
OWN_COLUMNS = (
    "mailboxes:\n  - file: people.csv\n"
    "    columns: {Durchwahl: extension, E-Mail: identity, Adresse: sip_address, Plan: dial_plan, Abteilung: ignore}\n"
)


def test_a_file_whose_columns_the_environment_names_is_continued() -> None:
    made = extended({"a.yaml": HEAD + PLAN + OWN_COLUMNS, "people.csv": OWN}, *ALICE, *BEN)
    added = "00102;;ben@contoso.com;ben@contoso.com;Redmond\r\n"
    assert made.contents == {"people.csv": (OWN + added).encode()}


def test_a_column_that_the_environment_ignores_is_not_written() -> None:
    csv = "identity,sip_address,Extension,dial_plan\nalice@contoso.com,alice@contoso.com,x,Redmond\n"
    rows = "mailboxes:\n  - {file: people.csv, columns: {Extension: ignore}}\n"
    made = extended({"a.yaml": HEAD + PLAN + rows, "people.csv": csv}, *ALICE, *BEN)
    assert "people.csv" not in made.contents
    assert b"00102" in made.contents["mailboxes.csv"]


def test_a_file_that_no_section_names_is_left_alone() -> None:
    files = {"a.yaml": HEAD + PLAN, "people.csv": "identity,sip_address,extension,dial_plan\n,,,\n"}
    made = extended(files, *ALICE, *BEN)
    assert "people.csv" not in made.contents
    assert b"ben@contoso.com" in made.contents["mailboxes.csv"]
