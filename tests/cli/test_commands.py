"""Commands, options, exit codes and what stands on which stream."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from reconciler.cli.commands import main
from tests.support.cli import SAMPLE, Environment, First, Ran, applied, clean, contoso, first, little, run
from tests.support.paths import ROOT

SCHEMAS = ROOT / "reconciler" / "schemas"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> First:
    return first(tmp_path_factory)


@pytest.fixture
def after(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return applied(tmp_path, tmp_path_factory)


@pytest.fixture
def small(tmp_path: Path) -> Environment:
    return little(tmp_path / "little")


# --- what starts fast ------------------------------------------------------------------------------------------------

HEAVY = ("pydantic", "deepdiff", "structlog", "rich", "winrm", "sqlalchemy", "cryptography", "yaml")


def test_the_help_of_a_group_says_what_each_command_does_in_whole_sentences() -> None:
    groups = [main, *(one for one in main.commands.values() if isinstance(one, click.Group))]
    assert len(groups) == 3
    for group in groups:
        text = " ".join(group.get_help(click.Context(group, terminal_width=80)).split())
        assert "..." not in text.partition("Commands:")[2]
        assert all(f" {name} " in text for name in group.commands)


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--help"], ["apply", "--help"]])
def test_version_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom reconciler.__main__ import main\n"
        f"sys.argv = ['reconciler', *{arguments!r}]\n"
        "try:\n    code = main()\nexcept SystemExit as end:\n    code = end.code\n"
        f"sys.stderr.write(repr((code, sorted(set({HEAVY!r}) & set(sys.modules)))))"
    )
    ended = subprocess.run([sys.executable, "-c", program], env=clean(), capture_output=True, text=True, check=True)
    assert ended.stderr in ("(0, [])", "(None, [])")
    assert ended.stdout


def test_control_of_the_test_above_something_heavy_is_seen() -> None:
    program = f"import sys, yaml, pydantic\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", program], env=clean(), capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "['pydantic', 'yaml']"


OF_OTHER_COMMANDS = (
    "reconciler.doctor.report",
    "reconciler.export.export",
    "reconciler.plan.drift",
    "reconciler.run.apply",
    "reconciler.run.perform",
    "reconciler.run.second_look",
    "reconciler.views.messages",
    "sqlalchemy",
    "tenacity",
)


@pytest.mark.parametrize(("command", "needed"), [("plan", []), ("drift", ["reconciler.plan.drift"])])
def test_a_command_imports_nothing_that_only_others_use(small: Environment, command: str, needed: list[str]) -> None:
    program = (
        "import gc, sys\nfrom reconciler.__main__ import main\n"
        f"sys.argv = ['reconciler', {command!r}, {str(small.directory)!r}]\n"
        "main()\nassert not gc.get_objects(), 'the end of the process searches for garbage'\n"
        "import linecache\nassert not linecache.cache, 'the source is read for its docstrings'\n"
        f"sys.stderr.write(repr(sorted(set({OF_OTHER_COMMANDS!r}) & set(sys.modules))))"
    )
    ended = subprocess.run([sys.executable, "-c", program], env=clean(), capture_output=True, text=True, check=True)
    assert ended.stderr.endswith(repr(needed))


def test_wrong_usage_ends_with_1_and_says_what_is_wrong(tmp_path: Path) -> None:
    ran = run("plan", "--no-such-option", cwd=tmp_path).has(1)
    assert "--no-such-option" in ran.err
    assert ran.out == ""


def test_every_option_can_be_given_by_a_variable_of_its_name() -> None:
    def named(group: click.Group, *path: str) -> Iterator[tuple[str, str]]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from named(command, *path, name)
            for option in command.params:
                if isinstance(option, click.Option) and not option.hidden:
                    long = next(word for word in option.opts if word.startswith("--"))
                    words = ["RECONCILER", *path, name, *long.removeprefix("--").split("-")]
                    yield "_".join(words).upper(), str(option.envvar)

    told = dict(named(main))
    assert len(told) > 40
    assert {name: variable for name, variable in told.items() if name != variable} == {
        "RECONCILER_SIMULATE_ENGINE": "RECONCILER_SIMULATOR_ENGINE"
    }


def test_a_variable_chooses_what_is_planned_and_how_it_is_shown(small: Environment) -> None:
    ran = small.run("plan", RECONCILER_PLAN_TARGET="dial_plan/Redmond", RECONCILER_PLAN_JSON="1").has(0)
    planned = {str(action["address"]).partition("/")[0] for action in ran.of("planned_action")}
    assert "dial_plan" in planned
    assert "um_mailbox" not in planned


# --- machine output --------------------------------------------------------------------------------------------------


def validated(ran: Ran) -> list[dict[str, Any]]:
    """Return the messages, after every one was held to the published schema."""
    schema = json.loads((SCHEMAS / "messages.schema.json").read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert ran.out.isascii()
    assert ran.out.endswith("\n")
    for message in ran.messages:
        validator.validate(message)
    assert ran.messages[-1] == {"format": "reconciler/1", "type": "end", "exit_code": ran.code}
    assert [message["type"] for message in ran.messages].count("end") == 1
    return ran.messages


def test_json_of_plan_and_apply_is_alone_on_standard_output_and_fits_the_schema(sample: First) -> None:
    assert {"planned_action", "plan_summary"} <= {message["type"] for message in validated(sample.plan)}
    assert {"run_started", "step_ended", "run_ended"} <= {message["type"] for message in validated(sample.apply)}


def test_json_of_a_command_that_fails_fits_the_schema(small: Environment) -> None:
    small.edit("little.yaml", "extension_digits: 5", "extension_digit: 5")
    ran = small.run("plan", "--json").has(1)
    told = [message for message in validated(ran) if message["type"] == "diagnostic"]
    assert {message["position"]["file"] for message in told} == {"little.yaml"}
    assert "extension_digits" in ran.err


def test_log_file_is_private_and_holds_every_action(sample: First) -> None:
    lines = [json.loads(line) for line in sample.log.splitlines()]
    ended = {line["address"] for line in lines if line["event"] == "action_ended"}
    assert ended == {action["address"] for action in sample.apply.of("planned_action") if action["step"]}


def test_closed_standard_output_ends_quietly(small: Environment) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "reconciler", "schema"]
    ended = subprocess.run(command, cwd=small.directory, env=clean(), stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    assert b"bug" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("arguments", [["validate"], ["validate", "--json"]])
def test_a_full_disk_under_standard_output_is_reported_as_what_it_is(small: Environment, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "reconciler", *arguments]
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            command, cwd=small.directory, env=clean(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 1
    assert b"No space left on device" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert b"bug" not in ended.stderr


# --- what is chosen --------------------------------------------------------------------------------------------------


def actions(ran: Ran) -> set[str]:
    return {action["address"] for action in ran.of("planned_action")}


def test_target_brings_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    environment = contoso(tmp_path / "contoso")
    policy = actions(environment.run("plan", "--json", "--target", "mailbox_policy/Executives"))
    assert policy == {"dial_plan/Redmond", "mailbox_policy/Executives"}


def test_exclude_drops_what_needs_it(sample: First, tmp_path: Path) -> None:
    rest = actions(contoso(tmp_path / "contoso").run("plan", "--json", "--exclude", "mailbox_policy/Executives"))
    gone = actions(sample.plan) - rest
    users = {"um_mailbox/alice@contoso.com", "um_mailbox/frank@contoso.com", "um_mailbox/grace@contoso.com"}
    assert gone == {"mailbox_policy/Executives", *users}


def test_wave_plans_only_the_users_of_that_wave(sample: First, tmp_path: Path) -> None:
    wave = contoso(tmp_path / "contoso").run("plan", "--json", "--wave", "pilot")
    waves = {action["wave"] for action in wave.of("planned_action") if action["address"].startswith("um_mailbox/")}
    assert waves == {"pilot"}
    structure = {one for one in actions(sample.plan) if not one.startswith("um_mailbox/")}
    assert structure <= actions(wave)


def test_pattern_that_names_nothing_is_an_error_with_a_suggestion(small: Environment) -> None:
    ran = small.run("plan", "--target", "dial_plan/Redmund")
    assert ran.code in (1, 4)
    assert "dial_plan/redmond" in (ran.out + ran.err).casefold()


def test_refresh_only_remembers_and_changes_nothing_on_servers(after: Environment) -> None:
    known, before = after.addresses(), after.writes()
    after.lose_state()
    after.run("apply", "--refresh-only", "--auto-approve").has(0)
    assert after.writes() == before
    assert after.addresses() == known


# --- destroying ------------------------------------------------------------------------------------------------------


def test_removal_is_refused_at_a_budget_of_none_and_done_at_one(after: Environment) -> None:
    text = (after.directory / "dial_plans.yaml").read_text("utf-8")
    told = yaml.safe_load(text)
    del told["auto_attendants"]["DublinMain"]
    (after.directory / "dial_plans.yaml").write_text(yaml.safe_dump(told), "utf-8")
    before = len(after.writes())
    refused = after.run("apply", "--auto-approve").has(4)
    assert "auto_attendant/DublinMain" in refused.err
    assert "--max-destroy 1" in refused.err
    assert len(after.writes()) == before
    after.run("apply", "--auto-approve", "--max-destroy", "1").has(0)
    assert [entry["cmdlet"] for entry in after.writes()[before:]] == ["Remove-UMAutoAttendant"]
    assert "auto_attendant/DublinMain" not in after.addresses()


# --- saved plans -----------------------------------------------------------------------------------------------------


def test_saved_plan_is_shown_applied_once_and_then_refused(small: Environment) -> None:
    small.run("plan", "--out", "saved.plan").has(0)
    shown = small.run("show", "saved.plan").has(0).out
    assert "dial_plan/Redmond" in shown
    assert "New-UMDialPlan" not in shown
    assert "New-UMDialPlan -Name Redmond" in small.run("show", "saved.plan", "--commands").has(0).out
    small.run("apply", "saved.plan").has(0)
    before = small.writes()
    again = small.run("apply", "saved.plan").has(5)
    assert "Error: " in again.err
    assert small.writes() == before


def test_saved_plan_that_was_altered_is_refused(small: Environment) -> None:
    small.run("plan", "--out", "saved.plan").has(0)
    small.edit("saved.plan", "+14255550190", "+14255550191")
    assert "altered" in small.run("apply", "saved.plan").has(5).err
    assert small.writes() == []


def test_saved_plan_is_found_from_anywhere_and_moves_with_its_environment(after: Environment, tmp_path: Path) -> None:
    after.invoke("Set-UMMailboxPolicy -Identity Executives -MinPINLength 4")
    after.run("plan", "--out", "saved.plan").has(0)
    moved = after.copied(tmp_path / "elsewhere" / "moved")
    assert "mailbox_policy/Executives" in moved.run("show", "moved/saved.plan", cwd=tmp_path / "elsewhere").has(0).out
    (moved.directory / "saved.plan").rename(tmp_path / "apart.plan")
    assert moved.run("apply", "../../apart.plan").has(1).err
    moved.run("apply", "../../apart.plan", "--dir", ".").has(0)


def test_wave_that_nobody_belongs_to_is_an_error(after: Environment) -> None:
    for command, end in (("plan", "Cannot be applied: 1 error."), ("apply", "Not applied: 1 error.")):
        ran = after.run(command, "--wave", "pilott").has(1)
        assert ran.err.startswith("Error: Unknown wave\n")
        assert 'Did you mean "pilot"?' in ran.err
        assert ran.out.strip() == end


def test_log_is_taken_after_the_command_too(after: Environment) -> None:
    after.run("plan", "--log", "plan.log").has(0)
    assert '"event": "observed"' in (after.directory / "plan.log").read_text("ascii")


def test_saved_plan_is_refused_when_what_it_changes_was_changed_since(after: Environment) -> None:
    after.invoke("Set-UMMailboxPolicy -Identity Executives -MinPINLength 4")
    after.run("plan", "--out", "saved.plan").has(0)
    after.invoke("Set-UMMailboxPolicy -Identity Executives -MinPINLength 5")
    before = after.writes()
    ran = after.run("apply", "saved.plan").has(5)
    assert "mailbox_policy/Executives" in ran.out + ran.err
    assert after.writes() == before


def test_saved_plan_goes_on_when_something_else_was_changed_since(after: Environment) -> None:
    after.invoke("Set-UMMailboxPolicy -Identity Executives -MinPINLength 4")
    after.run("plan", "--out", "saved.plan").has(0)
    after.invoke("Disable-UMAutoAttendant -Identity RedmondMain")
    before = len(after.writes())
    after.run("apply", "saved.plan").has(0)
    assert [entry["cmdlet"] for entry in after.writes()[before:]] == ["Set-UMMailboxPolicy"]


# --- losing the state, drift -----------------------------------------------------------------------------------------


def test_without_its_state_nothing_is_planned_and_everything_adopted_unasked(after: Environment) -> None:
    known, before = after.addresses(), after.writes()
    after.lose_state()
    lost = after.run("plan", "--detailed-exitcode", "--json").has(0)
    (summary,) = lost.of("plan_summary")
    assert (summary["has_changes"], summary["adopted"]) == (False, len(known))
    after.run("apply").has(0)
    assert after.writes() == before
    assert after.addresses() == known


def test_three_changes_by_hand_are_reported_as_drift_and_repaired_by_one_apply(after: Environment) -> None:
    after.run("simulate", ".", "--invoke", "Set-UMIPGateway -Identity '1:2' -OutcallsAllowed $true").has(0)
    after.invoke("Disable-UMAutoAttendant -Identity RedmondMain")
    after.invoke("Set-UMMailboxPolicy -Identity Executives -MinPINLength 4")
    found = after.run("drift", "--json").has(2)
    entries = [message for message in validated(found) if message["type"] == "drift_entry"]
    drifted = {entry["address"] for entry in entries if entry["kind"] == "drifted"}
    assert drifted == {"ip_gateway/std1.contoso.com", "auto_attendant/RedmondMain", "mailbox_policy/Executives"}
    before = len(after.writes())
    after.run("apply", "--auto-approve").has(0)
    assert len(after.writes()) == before + 3
    after.run("drift").has(0)


# --- the other commands ----------------------------------------------------------------------------------------------


def test_validate_needs_no_server_and_touches_nothing(small: Environment) -> None:
    assert "no errors" in small.run("validate").has(0).out
    assert not small.private.exists()


def test_waivers_are_checked_and_shown_without_a_server(small: Environment) -> None:
    waiver = small.directory / "waivers.yaml"
    line = "waive:\n- {{code: UM090, on: contact_object, reason: made in spring, until: {}}}\n"
    waiver.write_text(line.format("2999-12-31"), "utf-8")
    assert "Waived: UM090 on contact_object until 2999-12-31: made in spring" in small.run("validate").has(0).out
    (told,) = small.run("validate", "--json").has(0).of("waived")
    assert (told["code"], told["findings"]) == ("UM090", [])
    waiver.write_text(line.format("2020-02-29"), "utf-8")
    (ended,) = small.run("validate", "--json").has(1).of("diagnostic")
    assert (ended["summary"], ended["position"]["line"]) == ("Waiver has ended", 2)


def test_plan_saves_no_state(small: Environment) -> None:
    small.run("plan").has(0)
    assert not small.database.exists()


def test_state_is_listed_shown_and_mended(after: Environment) -> None:
    known = after.addresses()
    assert after.run("state", "list").has(0).out.splitlines() == sorted(known)
    assert "extension_digits" in after.run("state", "show", "dial_plan/Redmond").has(0).out
    missing = after.run("state", "show", "dial_plan/Redmont").has(1)
    assert "Did you mean dial_plan/Redmond" in missing.err
    after.run("state", "mv", "auto_attendant/DublinMain", "auto_attendant/Other").has(0)
    assert after.addresses() ^ known == {"auto_attendant/DublinMain", "auto_attendant/Other"}
    after.run("state", "rm", "auto_attendant/Other", "auto_attendant/RedmondMain").has(0)
    assert known - after.addresses() == {"auto_attendant/DublinMain", "auto_attendant/RedmondMain"}


def test_state_tells_its_history_and_whether_it_is_locked(after: Environment, sample: First) -> None:
    (ended,) = sample.apply.of("run_ended")
    told = after.run("state", "history").has(0).out
    assert ended["run"][:8] in told
    (audit,) = after.run("state", "history", "--run", ended["run"][:6], "--json").has(0).of("audit")
    assert f"head {audit['head']}" in told
    assert "not locked" in after.run("state", "unlock").has(0).out


@pytest.mark.parametrize("table", ["resources", "decisions"])
def test_history_ends_with_1_where_only_the_memory_is_damaged(table: str, after: Environment) -> None:
    with closing(sqlite3.connect(after.database)) as connection, connection:
        assert connection.execute(f"UPDATE {table} SET checksum = checksum + 1").rowcount
    told = after.run("state", "history").has(1)
    assert "Audit verified" in told.out
    assert "Damaged state" in told.err


@pytest.mark.parametrize(("form", "mark"), [("dot", "digraph"), ("mermaid", "flowchart"), ("json", "{")])
def test_graph_of_a_saved_plan(form: str, mark: str, sample: First, tmp_path: Path) -> None:
    saved = tmp_path / "saved.plan"
    saved.write_bytes(sample.plan_file)
    graph = sample.environment.run("graph", str(saved), "--dir", ".", "--format", form).has(0).out
    assert graph.startswith(mark)
    assert "dial_plan/Redmond" in graph


def test_sample_fits_the_schema_that_is_printed(tmp_path: Path) -> None:
    schema = json.loads(run("schema", cwd=tmp_path).has(0).out)
    validator = jsonschema.validators.validator_for(schema)(schema)
    validator.check_schema(schema)
    for path in SAMPLE.glob("*.yaml"):
        if path.name != "world.yaml":
            validator.validate(yaml.safe_load(path.read_text("utf-8")))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"dial_plans": {"Redmond": {"extension_digit": 5}}})


def test_other_schemas_are_those_of_the_package(sample: First, tmp_path: Path) -> None:
    plan = json.loads(run("schema", "plan", cwd=tmp_path).has(0).out)
    jsonschema.validators.validator_for(plan)(plan).validate(json.loads(sample.plan_file))
    assert json.loads(run("schema", "messages", cwd=tmp_path).has(0).out)["$schema"]


def test_apply_without_a_terminal_never_asks_and_says_which_flag_to_give(small: Environment) -> None:
    ran = small.run("apply").has(1)
    assert "--auto-approve" in ran.err
    assert small.writes() == []
