"""The end of an environment on the command line: as a whole, in part, saved, and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Environment, contoso


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = contoso(tmp_path_factory.mktemp("joined") / "contoso", lagging=False)
    environment.run("apply", "--auto-approve").has(0)
    return environment


def test_a_whole_environment_is_taken_down_and_nothing_else(joined: Environment, tmp_path: Path) -> None:
    environment = joined.copied(tmp_path / "contoso")
    refused = environment.run("destroy", "--auto-approve").has(4)
    assert "UM105" in refused.err
    number = refused.err.rpartition("--max-destroy ")[2].strip()
    before = len(environment.writes())
    environment.run("destroy", "--auto-approve", "--max-destroy", number).has(0)
    removed = [entry["cmdlet"] for entry in environment.writes()[before:]]
    assert removed.count("Disable-UMMailbox") == 60
    assert not [cmdlet for cmdlet in removed if cmdlet.startswith(("New-", "Enable-"))]
    assert "Disable-UMMailbox" not in removed[removed.index("Remove-UMDialPlan") :]
    assert "Workshop" in environment.invoke("Get-UMDialPlan | fl Name")
    assert "Redmond" not in environment.invoke("Get-UMDialPlan | fl Name")
    before = len(environment.writes())
    environment.run("destroy", "--auto-approve").has(0)
    assert len(environment.writes()) == before


def test_a_part_is_saved_and_applied(joined: Environment, tmp_path: Path) -> None:
    environment = joined.copied(tmp_path / "contoso")
    environment.run("destroy", "--target", "dial_plan/Dublin", "--out", "end.plan", "--max-destroy", "20").has(0)
    assert "Dublin" in environment.invoke("Get-UMDialPlan | fl Name")
    environment.run("apply", "end.plan", "--max-destroy", "20").has(0)
    names = environment.invoke("Get-UMDialPlan | fl Name")
    assert ("Dublin" in names, "Redmond" in names) == (False, True)
    assert "um_mailbox/alice@contoso.com" in environment.addresses()
    drift = environment.run("drift").out
    assert ("Pending:" in drift, "Drifted:" in drift) == (True, False), "the files still declare the part"


def test_what_undeclared_users_need_is_not_removed(joined: Environment, tmp_path: Path) -> None:
    environment = joined.copied(tmp_path / "contoso")
    environment.edit("redmond.csv", "frank@contoso.com,frank@contoso.com,50107,Executives,,\n", "")
    before = len(environment.writes())
    refused = environment.run("destroy", "--auto-approve", "--max-destroy", "100").has(4)
    assert "UM102" in refused.out + refused.err
    assert len(environment.writes()) == before


def test_a_part_does_not_bring_what_else_is_declared_absent(joined: Environment, tmp_path: Path) -> None:
    environment = joined.copied(tmp_path / "contoso")
    environment.edit("redmond.csv", "frank@contoso.com,frank@contoso.com,50107,Executives,,\n", "")
    leaver = "mailboxes:\n  - {identity: frank@contoso.com, state: absent}\n"
    (environment.directory / "leavers.yaml").write_text(leaver, "utf-8")
    before = len(environment.writes())
    one_of = ("destroy", "--auto-approve", "--max-destroy=1")
    environment.run(*one_of, "--target", "auto_attendant/DublinMain").has(0)
    assert [entry["cmdlet"] for entry in environment.writes()[before:]] == ["Remove-UMAutoAttendant"]
    environment.run(*one_of, "--target", "um_mailbox/frank@contoso.com").has(0)
    assert [entry["cmdlet"] for entry in environment.writes()[before + 1 :]] == ["Disable-UMMailbox"]


def test_an_unknown_target_is_an_error(joined: Environment) -> None:
    assert "dial_plan/Nope" in joined.run("destroy", "--target", "dial_plan/Nope").has(1).err
