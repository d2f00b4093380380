"""A command that is shown does in a shell what it says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.commands import Delta, write
from reconciler.views.shell import command_line
from tests.support.cli import little

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1)


@given(st.lists(NAMES), NAMES)
def test_a_shell_reads_the_words_that_were_meant(words: list[str], directory: str) -> None:
    path, *rest = shlex.split(command_line("plan", Path(directory), *words))[2:]
    assert (Path(path), rest) == (Path(directory), words)
    assert not path.startswith("-")


@pytest.mark.parametrize("name", ["-it's; $HOME"])
def test_a_saved_plan_is_applied_by_the_line_that_is_shown(name: str, tmp_path: Path) -> None:
    estate = little(tmp_path / "env")
    planned = estate.run("plan", f"--out={name}", "--exclude=um_mailbox", "--exclude=exchucutil").has(0)
    line = planned.out.rstrip().splitlines()[-1].strip().replace("reconciler apply", "reconciler show", 1)
    place = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    shell = ["sh", "-c", line]
    shown = subprocess.run(shell, cwd=estate.directory, env=place, capture_output=True, text=True, check=False)
    assert (shown.returncode, "Plan: " in shown.stdout) == (0, True), (line, shown.stderr)


def test_values_inside_a_hashtable_are_always_quoted() -> None:
    command = write("Set-UMService", DialPlans=Delta(("Berlin", "O'Hare"), ("Old",)))
    assert str(command) == "Set-UMService -DialPlans @{Add='Berlin','O''Hare';Remove='Old'}"
