"""A command that is shown does in a shell what it says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.commands import main
from reconciler.cli.lines import given_options, line_for_saved, line_to_apply, line_to_go_on, line_without_budgets
from reconciler.model.commands import Delta, write
from reconciler.plan.saved import SavedPlan
from reconciler.plan.selection import Selection
from reconciler.views.shell import command_line
from tests.support.cli import little
from tests.support.plans import nothing

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


def test_the_options_of_a_command_are_repeated_as_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on after a failure does the same part with the same limits; what a variable gave, it gives again."""
    monkeypatch.setenv("RECONCILER_APPLY_WAVE", "pilot")
    told: list[list[str]] = []
    apply = main.commands["apply"]
    monkeypatch.setattr(apply, "callback", lambda **_: told.append(given_options("--json")))
    arguments = ["dir", "--target", "um_mailbox/*", "--target=a b", "--max-destroy", "2", "--strict", "--json"]
    apply.main(arguments, standalone_mode=False, auto_envvar_prefix="RECONCILER")
    (words,) = told
    assert sorted(words) == ["--max-destroy=2", "--strict", "--target=a b", "--target=um_mailbox/*"]


@pytest.mark.parametrize("before", [["--connections", "a b", "apply"], ["apply", "--connections=a b"]])
def test_pinned_connections_are_repeated(before: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(main.commands["apply"], "callback", lambda **_: told.append(line_to_go_on(Path("-d"), None)))
    main.main([*before, "--strict"], standalone_mode=False)
    assert told == ["reconciler '--connections=a b' apply ./-d --strict"]


def test_a_part_that_was_saved_goes_on_as_that_part(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = str(Selection(("um_mailbox/*", "a b"), wave="it's"))
    told: list[str] = []
    saved = SavedPlan(replace(nothing(), asked=asked), "", NOW, NOW, "", "")
    monkeypatch.setattr(main.commands["apply"], "callback", lambda **_: told.append(line_to_go_on(Path("d"), saved)))
    main.commands["apply"].main(["p.plan", "--dir=d", "--json"], standalone_mode=False)
    words = shlex.split(told[0])
    assert words[1:] == ["apply", "d", "--target", "um_mailbox/*", "--target", "a b", "--wave", "it's"]


def test_the_line_within_other_budgets_is_of_what_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def note(directory: Path, out: Path | None, **_: object) -> None:
        told.extend([line_to_apply(directory, out), line_without_budgets(directory)])

    monkeypatch.setattr(main.commands["plan"], "callback", note)
    for more in ([], ["--out=p q"]):
        main.main(["plan", "d", "--wave=w", "--max-destroy=2", "--detailed-exitcode", *more], standalone_mode=False)
    assert told == [
        "reconciler apply d --wave=w",
        "reconciler plan d --wave=w --detailed-exitcode",
        "reconciler apply 'p q'",
        "reconciler plan d --wave=w '--out=p q' --detailed-exitcode",
    ]


def test_what_a_variable_of_plan_gave_is_typed_for_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of apply are others."""
    told: list[str] = []
    for name, value in (("WAVE", "pilot"), ("MAX_DESTROY", "3")):
        monkeypatch.setenv(f"RECONCILER_PLAN_{name}", value)
    monkeypatch.setattr(
        main.commands["plan"],
        "callback",
        lambda **_: told.extend([line_to_apply(Path("d"), None), line_for_saved(Path("p"))]),
    )
    main.main(["plan", "d"], standalone_mode=False)
    assert told == ["reconciler apply d --wave=pilot", "reconciler apply p --max-destroy=3"]
