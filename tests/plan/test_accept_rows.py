"""What drift offers to accept is pasted: then the files are valid, and nothing is to be done about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.app.declared import declared_in
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.plan.accept_rows import with_rows
from reconciler.plan.drift import DriftEntry, DriftKind, find_drift
from reconciler.views.drift import render_drift
from reconciler.views.style import Style
from tests.support.accepting import with_row, without_row
from tests.support.trial import Trial, types
from tests.support.worlds import world_of

YAML = """\
environment: test
restarts: {settle: 0s, interrupt: allow}
dial_plans:
  Redmond: {country_code: "1", extension_digits: 4, servers: all}
mailbox_policies:
  Executives: {dial_plan: Redmond, min_pin_length: 8}
"""
NAMED = "mailboxes: [{file: users.csv}]\n"
WITH_DEFAULTS = "mailboxes: [{file: users.csv, defaults: {sip_address: user9@contoso.com}}]\n"
HEADER = "identity,sip_address,extension,policy,dial_plan\n"
USER1 = "user1@contoso.com,user1@contoso.com,1001,,Redmond\n"
ROWS = f"{HEADER}{USER1}user2@contoso.com,user2@contoso.com,1002;1003,Executives,\n"
CONTEXT = "phone-context=Redmond.contoso.com"
OTHER_EXTENSION = (
    f"Set-Mailbox user1@contoso.com -EmailAddresses @{{Add='eum:1009;{CONTEXT}';Remove='eum:1001;{CONTEXT}'}}"
)
NO_SIP = f"Set-Mailbox user1@contoso.com -EmailAddresses @{{Remove='EUM:user1@contoso.com;{CONTEXT}'}}"
OTHER_POLICY = "Set-UMMailbox user1@contoso.com -UMMailboxPolicy Executives"
DISABLED = "Disable-UMMailbox user1@contoso.com"


def environment_of(yaml: str, csv: str) -> tuple[Environment, Files]:
    files = Files({"env.yaml": yaml.encode(), "users.csv": csv.encode()}, prefix="estate/")
    environment, told = load(files, types())
    assert environment is not None, told
    return environment, files


def loaded(files: Files) -> Environment | None:
    return load(files, types())[0]


def drifted(line: str, csv: str = ROWS, named: str = NAMED) -> tuple[Trial, DriftEntry, Files]:
    """Join the users of a CSV file, let somebody change one, and return what drift tells of it."""
    environment, files = environment_of(YAML + named, csv)
    trial = Trial(world_of(3, [2], branch=False, director=False), environment)
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert trial.administrator(line), line
    report = with_rows(find_drift(types(), trial.look()), files, loaded, types())
    (entry,) = (entry for entry in report.entries if entry.kind is DriftKind.DRIFTED)
    return trial, entry, files


def is_accepted(trial: Trial, entry: DriftEntry, yaml: str, csv: str) -> bool:
    """True where the files, after the paste, are valid and ask nothing of the mailbox."""
    trial.environment, _ = environment_of(yaml, csv)
    plan = trial.plan()
    assert str(entry.address) not in plan.left_out
    return not any(action.address == entry.address for action in plan.actions())


def as_item(entry: DriftEntry) -> str:
    """Return the list of mailboxes with the offered item beside the file."""
    assert entry.accept.startswith("mailboxes:\n  - ")
    return f"{YAML}{NAMED.rstrip()[:-1]}]\n".replace(NAMED, f"{entry.accept}\n  - file: users.csv\n")


@pytest.mark.parametrize("line", [OTHER_EXTENSION, NO_SIP, OTHER_POLICY], ids=["extension", "null", "policy"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_row_of_a_csv_file_is_offered_as_row_and_as_item(line: str, delimiter: str) -> None:
    csv = ROWS.replace("1002;1003", "1002|1003").replace(",", delimiter)
    trial, entry, _ = drifted(line, csv)
    assert entry.row is not None
    assert (entry.row.position.file, entry.row.position.line) == ("estate/users.csv", 2)
    assert is_accepted(trial, entry, YAML + NAMED, with_row(csv, entry))
    assert is_accepted(trial, entry, as_item(entry), without_row(csv, entry))


@pytest.mark.parametrize("line", [OTHER_EXTENSION, DISABLED], ids=["changed", "disabled"])
def test_row_that_names_a_mailbox_by_its_alias_keeps_that_name(line: str) -> None:
    csv = ROWS.replace("\nuser1@contoso.com,", "\nuser1,")
    trial, entry, _ = drifted(line, csv)
    assert "follows from" not in entry.reason
    assert entry.row is not None
    assert is_accepted(trial, entry, YAML + NAMED, with_row(csv, entry))
    if line == OTHER_EXTENSION:
        assert entry.row.text.startswith("user1,")
        assert is_accepted(trial, entry, as_item(entry), without_row(csv, entry))


def test_mailbox_that_somebody_disabled_is_accepted_without_its_row() -> None:
    trial, entry, _ = drifted(DISABLED)
    assert entry.accept == "# remove user1@contoso.com from mailboxes"
    assert entry.row is not None
    assert entry.row.text == ""
    assert is_accepted(trial, entry, YAML + NAMED, with_row(ROWS, entry))


def test_several_values_stand_in_one_cell() -> None:
    added = f"Set-Mailbox user2@contoso.com -EmailAddresses @{{Add='eum:1009;{CONTEXT}'}}"
    for csv in (ROWS, ROWS.replace("1002;1003", "1002|1003").replace(",", ";")):
        trial, entry, _ = drifted(added, csv)
        assert is_accepted(trial, entry, YAML + NAMED, with_row(csv, entry))


@pytest.mark.parametrize(
    ("line", "csv", "named"),
    [
        (NO_SIP, ROWS, WITH_DEFAULTS),
        (
            OTHER_POLICY,
            "identity,sip_address,extension,dial_plan\nuser1@contoso.com,user1@contoso.com,1001,Redmond\n",
            NAMED,
        ),
    ],
    ids=["a default would fill the empty cell", "a column is missing"],
)
def test_what_no_row_can_say_is_an_item_alone(line: str, csv: str, named: str) -> None:
    trial, entry, _ = drifted(line, csv, named)
    assert entry.row is None
    rest = without_row(csv, entry)
    yaml = as_item(entry) if "user2" in csv else f"{YAML}{entry.accept}\n"
    assert is_accepted(trial, entry, yaml, rest)


def test_row_is_found_from_wherever_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way a command goes: files of a directory, with places as they are seen from another one."""
    directory = tmp_path / "estate"
    directory.mkdir()
    (directory / "env.yaml").write_text(f"{YAML}{NAMED}connections: {{simulator: world.yaml}}\n")
    (directory / "users.csv").write_text(ROWS)
    (directory / "world.yaml").write_text("world: any\n")
    monkeypatch.chdir(tmp_path)
    declared = declared_in(Path("estate"))
    trial = Trial(world_of(3, [2], branch=False, director=False), declared.environment)
    assert trial.apply().exit_code == 0
    assert trial.administrator(OTHER_EXTENSION)
    report = with_rows(find_drift(types(), trial.look()), declared.files, declared.loaded, types())
    (entry,) = (one for one in report.entries if one.kind is DriftKind.DRIFTED)
    assert entry.row is not None
    assert (entry.row.position.file, entry.row.position.line) == ("estate/users.csv", 2)


def test_policy_that_the_files_do_not_declare_is_not_offered() -> None:
    environment, _ = environment_of(YAML + NAMED, ROWS)
    trial = Trial(world_of(3, [2], branch=False, director=False), environment)
    assert trial.apply().exit_code == 0
    trial.administrator("New-UMMailboxPolicy Theirs -UMDialPlan Redmond")
    assert trial.administrator("Set-UMMailbox user1@contoso.com -UMMailboxPolicy Theirs")
    (entry,) = (one for one in find_drift(types(), trial.look()).entries if one.kind is DriftKind.DRIFTED)
    assert (entry.accept, entry.row) == ("", None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            OTHER_EXTENSION,
            ["line 2 of estate/users.csv. As a CSV row", "user1@contoso.com,user1@contoso.com,1009,,Redmond"],
        ),
        (NO_SIP, ["user1@contoso.com,,1001,,Redmond", "empty cells are not compared: sip_address"]),
        (DISABLED, ["# delete line 2 of estate/users.csv"]),
    ],
)
def test_text_shows_the_row_and_where_it_stands(line: str, words: list[Any]) -> None:
    trial, _, files = drifted(line)
    report = with_rows(find_drift(types(), trial.look()), files, loaded, types())
    shown = render_drift(report, Style(width=120))
    assert all(word in shown for word in words), shown


EXPORTED = (
    "Office,PrimarySmtpAddress,SipAddress,Extensions,UMDialPlan\n"
    '"Redmond, 40",user1@contoso.com,sip:user1@contoso.com,1001,Redmond\n'
)
IGNORING = "mailboxes: [{file: users.csv, columns: {Office: ignore}}]\n"


def test_a_row_of_an_exported_file_keeps_its_other_columns() -> None:
    trial, entry, _ = drifted(OTHER_EXTENSION, EXPORTED, IGNORING)
    assert entry.row is not None
    assert entry.row.text == '"Redmond, 40",user1@contoso.com,sip:user1@contoso.com,1009,Redmond'
    assert entry.row.columns[0] == "Office"
    assert is_accepted(trial, entry, YAML + IGNORING, with_row(EXPORTED, entry))


def test_a_row_beside_secrets_is_not_shown() -> None:
    csv = EXPORTED.replace("Office", "password")
    _, entry, _ = drifted(OTHER_EXTENSION, csv, IGNORING.replace("Office", "password"))
    assert entry.accept
    assert entry.row is None


OWN = "Durchwahl,E-Mail,Anschluss,Richtlinie,Plan\n" + "".join(
    f"100{n},user{n}@contoso.com,user{n}@contoso.com,,Redmond\n" for n in (1, 2)
)
OWN_COLUMNS = (
    "mailboxes: [{file: users.csv, columns: "
    "{Durchwahl: extension, E-Mail: identity, Anschluss: sip_address, Richtlinie: policy, Plan: dial_plan}}]\n"
)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (OTHER_EXTENSION, "1009,user1@contoso.com,user1@contoso.com,,Redmond"),
        (OTHER_POLICY, "1001,user1@contoso.com,user1@contoso.com,Executives,Redmond"),
        (DISABLED, ""),
    ],
    ids=["extension", "policy", "disabled"],
)
def test_a_row_has_the_columns_as_the_operator_names_them(line: str, text: str) -> None:
    trial, entry, _ = drifted(line, OWN, OWN_COLUMNS)
    assert entry.row is not None
    assert (entry.row.text, entry.row.columns) == (text, tuple(OWN.splitlines()[0].split(",")))
    assert is_accepted(trial, entry, YAML + OWN_COLUMNS, with_row(OWN, entry))
