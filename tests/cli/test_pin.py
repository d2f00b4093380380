"""``pin reset`` over the wire: who is asked, what is shown, and what the history keeps."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.cli import little, wait_until

ALICE = "alice@contoso.com"
BEN = "ben@contoso.com"


def test_a_pin_is_replaced_after_approval_and_no_file_or_output_has_it(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.run("apply", "--auto-approve").has(0)
    here = ("--dir", str(environment.directory))
    asked = environment.run("pin", "reset", ALICE, *here).has(1)
    assert "--auto-approve" in asked.err
    assert not [line for line in environment.log() if line["cmdlet"] == "Set-UMMailboxPIN"]
    log = tmp_path / "events.log"
    ran = environment.run("pin", "reset", ALICE, "--auto-approve", "--json", "--log", str(log), *here).has(0)
    (ended,) = ran.of("action_ended")
    assert (ended["address"], ended["kind"], ended["outcome"]) == (f"um_mailbox/{ALICE}", "reset", "done")
    (line,) = [line for line in environment.log() if line["cmdlet"] == "Set-UMMailboxPIN"]
    assert not {str(name).casefold() for name in line["parameters"]} & {"pin"}
    assert "-pin " not in (ran.out + ran.err + log.read_text("ascii")).casefold()
    history = environment.run("state", "history", "--json").of("run")
    assert [run["exit_code"] for run in history] == [0, 0]


def test_an_unknown_name_resets_nobody(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.run("apply", "--auto-approve").has(0)
    ran = environment.run("pin", "reset", ALICE, "nobody", "--auto-approve", "--dir", str(environment.directory)).has(1)
    assert "nobody" in ran.err
    assert not [line for line in environment.log() if line["cmdlet"] == "Set-UMMailboxPIN"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_finishes_the_user_under_way_and_the_rest_can_be_reset_later(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.run("apply", "--auto-approve").has(0)
    world = environment.directory / "world.yaml"
    slow = "costs: {cmdlets: {Set-UMMailboxPIN: {call: 2s}}}\n"
    world.write_text(world.read_text("utf-8") + slow, "utf-8")
    with environment.started("pin", "reset", ALICE, BEN, "--auto-approve") as child:
        wait_until(lambda: " start " in child.out, child.process)
        os.killpg(child.pid, signal.SIGINT)
        ran = child.end(20).has(130)
    assert [row for row in environment.rows("intents") if row[-1]] == [], "an intent is open"
    assert f"reconciler pin reset {BEN}\n" in ran.out
    (run,) = environment.run("state", "history", "--json").of("run")[:1]
    assert (run["exit_code"], run["done"], run["blocked"]) == (130, 1, 1)
