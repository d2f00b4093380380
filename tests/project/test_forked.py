"""A command as a fork of a process that has loaded the modules is the command in a new Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import Ran, clean, little, run, run_anew
from tests.support.forked import can_be_forked, the_forks


@pytest.mark.parametrize(
    ("code", "arguments", "variables"),
    [
        (0, ("validate",), {}),
        (0, ("explain", "UM005"), {"COLUMNS": "60"}),
        (0, ("--help",), {"NO_COLOR": "1"}),
        (1, ("validate", "elsewhere"), {}),
        (0, ("validate",), {"RECONCILER_PARALELISM": "3"}),
        (1, ("apply",), {}),
        (0, ("plan", "--commands"), {}),
        (1, ("--nope",), {}),
    ],
)
def test_a_fork_ends_and_says_as_a_new_python_does(
    tmp_path: Path, code: int, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    directory = little(tmp_path / "little").directory
    assert can_be_forked(variables)
    forked = run(*arguments, cwd=directory, **variables).has(code)
    assert forked == run_anew(*arguments, cwd=directory, **variables)
    assert forked.out + forked.err


def test_each_fork_has_its_own_directory_and_variables(tmp_path: Path) -> None:
    one, other = little(tmp_path / "one"), little(tmp_path / "other")
    other.edit("little.yaml", "extension_digits: 5", "extension_digits: many")
    codes = [run("validate", cwd=at.directory, RECONCILER_VALIDATE_JSON="1").code for at in (one, other, one)]
    assert codes == [0, 1, 0]
    assert run("validate", cwd=one.directory).out.startswith("little: ")


@pytest.mark.parametrize(
    "name", ["PATH", "PYTHONPATH", "PYTHONHASHSEED", "LC_ALL", "SSLKEYLOGFILE", "KRB5_CONFIG", "TZ"]
)
def test_what_is_read_before_the_program_is_read_by_a_new_python(name: str) -> None:
    assert not can_be_forked({"COLUMNS": "80", name: "x"})


def test_a_command_that_does_not_end_is_killed_and_the_next_one_runs(tmp_path: Path) -> None:
    estate = little(tmp_path / "little")
    forks = the_forks()
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run(("simulate", "world.yaml", "--port", "0"), estate.directory, clean(), 0.5)
    assert forks.process.poll() is not None
    ran = the_forks().run(("validate",), estate.directory, clean(), 60)
    assert ran is not None
    assert Ran(*ran).code == 0
    assert the_forks().process.pid != os.getpid()
