"""``reconciler export`` as a process: the files it writes, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.app import check
from tests.support.cli import Environment, applied, contoso, little


@pytest.fixture
def joined(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return applied(tmp_path, tmp_path_factory)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


def test_the_applied_sample_is_exported_as_what_it_was_made_of(joined: Environment, tmp_path: Path) -> None:
    """A plan of the export adopts everything, and each value of the sample is there, or is a default of the server."""
    log = joined.writes()
    ran = joined.run("export", "--into", "../new").has(0)
    assert ran.out.splitlines()[-1] == "    reconciler plan ../new"
    new = Environment(tmp_path / "new")
    before, after = check(joined.directory)[0].declared, check(new.directory)[0].declared
    for name, those in before.items():
        assert set(those) <= set(after[name])
        for one in those.values():
            found = after[name][one.key].attributes
            for attribute, value in one.attributes.items():
                assert found.get(attribute, value) == value, f"{one.address} {attribute}"
    assert set(after["dial_plan"]) == {"Redmond", "Dublin"}, "Workshop is no SIP dial plan"
    assert "UM004" in (new.directory / "dial_plans.yaml").read_text("utf-8")
    planned = new.run("plan", "--json", "--detailed-exitcode").has(0)
    assert planned.of("step") == []
    joined.run("export", "--into", "../again").has(0)
    assert contents(new.directory) == contents(tmp_path / "again")
    assert joined.writes() == log


def test_an_estate_that_is_not_joined_gives_what_is_there(tmp_path: Path) -> None:
    environment = contoso(tmp_path / "contoso")
    environment.run("export", "--into", "../new").has(0)
    declared = check(tmp_path / "new")[0].declared
    assert {name: list(those) for name, those in declared.items() if those} == {"lync_dial_plan": ["Global"]}


def test_connections_from_a_file_need_no_environment(tmp_path: Path) -> None:
    little(tmp_path / "estate")
    (tmp_path / "pinned.yaml").write_text("connections: {simulator: estate/world.yaml}\n", "utf-8")
    work = tmp_path / "work"
    work.mkdir()
    ran = Environment(work).run("export", "--connections", "../pinned.yaml", "--into", "new").has(0)
    assert ran.out.splitlines()[-1] == "    reconciler --connections=../pinned.yaml plan new"
    text = (work / "new" / "environment.yaml").read_text("utf-8")
    assert "connections:" not in text
    Environment(work).run("plan", "--connections", "../pinned.yaml", "new").has(0)


def _with_file(directory: Path) -> None:
    directory.mkdir()
    (directory / "mine.yaml").write_text("environment: mine\n", "utf-8")


def _as_link(directory: Path) -> None:
    (directory.parent / "elsewhere").mkdir()
    directory.symlink_to("elsewhere")


@pytest.mark.parametrize("make", [_with_file, _as_link, Path.touch])
def test_nothing_is_overwritten(make: Any, tmp_path: Path) -> None:
    environment = little(tmp_path / "estate")
    new = tmp_path / "new"
    make(new)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    ran = environment.run("export", "--into", "../new").has(1)
    assert "../new" in ran.err
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    environment = little(tmp_path / "estate")
    (tmp_path / "new").mkdir()
    environment.run("export", "--into", "../new").has(0)
    assert (tmp_path / "new" / "environment.yaml").exists()


@pytest.mark.parametrize("arguments", [[], ["--into", "missing/new"]])
def test_a_wrong_call_reads_nothing(arguments: list[str], tmp_path: Path) -> None:
    environment = little(tmp_path / "estate")
    environment.run("export", *arguments).has(1)
    assert not environment.private.exists()


def test_a_directory_without_connections_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    Environment(tmp_path / "work").run("export", "--into", "new").has(1)
    assert list((tmp_path / "work").iterdir()) == []


def test_a_type_that_cannot_be_read_is_a_comment_and_exit_code_1(tmp_path: Path) -> None:
    environment = little(tmp_path / "estate")
    environment.edit(
        "world.yaml",
        "roles: [Mailbox, ClientAccess]",
        "roles: [Mailbox, ClientAccess], missing_cmdlets: [Get-UMAutoAttendant]",
    )
    ran = environment.run("export", "--into", "../new").has(1)
    assert "Get-UMAutoAttendant" in ran.err
    told = environment.run("export", "--json", "--into", "../again").has(1)
    assert [one["severity"] for one in told.of("diagnostic")] == ["error"]
    (summary,) = told.of("export_summary")
    assert summary["files"] == [*contents(tmp_path / "again")]
    assert summary["left_out"] == len(told.of("export_left_out"))
    text = (tmp_path / "new" / "auto_attendants.yaml").read_text("utf-8")
    assert text.startswith("# auto_attendants: not all of them could be read.")
    assert "Get-UMAutoAttendant" in text


# --- into the files that are there -----------------------------------------------------------------------------------


def test_what_is_unmanaged_is_added_and_nothing_else_is_touched(joined: Environment) -> None:
    joined.run("simulate", ".", "--invoke", "New-UMMailboxPolicy -Name Staff -UMDialPlan Dublin").has(0)
    before = contents(joined.directory)
    ran = joined.run("export", "--unmanaged").has(0)
    assert "mailbox_policy" not in ran.err
    after = contents(joined.directory)
    added = after.pop("dial_plans.yaml")
    old = before.pop("dial_plans.yaml")
    assert after == before
    assert added == old.replace(
        b"    max_greeting_duration: 10\n", b"    max_greeting_duration: 10\n\n  Staff:\n    dial_plan: Dublin\n"
    )
    planned = joined.run("plan", "--json").has(0)
    assert planned.of("step") == []
    again = joined.run("export", ".", "--unmanaged").has(0)
    assert "Workshop" in again.out
    assert contents(joined.directory) == {**after, "dial_plans.yaml": added}


@pytest.mark.parametrize("arguments", [["--unmanaged", "--into", "../new"], []])
def test_either_a_new_environment_or_this_one(arguments: list[str], tmp_path: Path) -> None:
    environment = little(tmp_path / "estate")
    environment.run("export", *arguments).has(1)
    assert not (tmp_path / "new").exists()


def test_a_directory_that_cannot_be_written_is_not_left_half_written(tmp_path: Path) -> None:
    environment = little(tmp_path / "estate")
    ran = environment.run("export", "--into", f"../{'n' * 250}").has(1)
    assert "cannot be written" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["estate"]
