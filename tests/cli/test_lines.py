"""The command lines that are printed to be pasted repeat what the running command was given."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from reconciler.cli.commands import main
from reconciler.cli.lines import given_options, line_for_saved, line_to_apply, line_to_resume, line_without_budgets
from reconciler.plan.saved import SavedPlan
from reconciler.plan.selection import Selection
from tests.support.plans import nothing

NOW = datetime(2026, 1, 5, tzinfo=UTC)
T = TypeVar("T")


def within(line: Callable[[], T], *arguments: str) -> T:
    """Return what ``line`` returns within a command line of these arguments; the command itself does not run."""
    told: list[T] = []
    group = copy.copy(main)
    group.commands = {}
    for name, command in main.commands.items():
        group.commands[name] = copy.copy(command)
        group.commands[name].callback = lambda **_: told.append(line())
    group.main([*arguments], standalone_mode=False, auto_envvar_prefix="RECONCILER")
    (one,) = told
    return one


def test_the_options_of_a_command_are_repeated_as_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on after a failure does the same part with the same limits; what a variable gave, it gives again."""
    monkeypatch.setenv("RECONCILER_APPLY_WAVE", "pilot")
    arguments = ["dir", "--target", "um_mailbox/*", "--target=a b", "--max-destroy", "2", "--strict", "--json"]
    words = within(lambda: given_options("--json"), "apply", *arguments)
    assert sorted(words) == ["--max-destroy=2", "--strict", "--target=a b", "--target=um_mailbox/*"]


@pytest.mark.parametrize("before", [["--connections", "a b", "apply"], ["apply", "--connections=a b"]])
def test_pinned_connections_are_repeated(before: list[str]) -> None:
    line = within(lambda: line_to_resume(Path("-d"), None), *before, "--strict")
    assert line == "reconciler '--connections=a b' apply ./-d --strict"


@pytest.mark.parametrize(
    ("selection", "rest"), [(Selection(("a b",), ends=True), ["--target", "a b"]), (Selection(ends=True), [])]
)
def test_a_saved_end_goes_on_as_an_end(selection: Selection, rest: list[str]) -> None:
    """Because apply would make again what the plan has removed."""
    saved = SavedPlan(replace(nothing(), asked=str(selection)), "", NOW, NOW, "", "")
    words = shlex.split(within(lambda: line_to_resume(Path("d"), saved), "apply", "p.plan"))
    assert words[1:] == ["destroy", "d", *rest]


def test_a_part_that_was_saved_goes_on_as_that_part() -> None:
    asked = str(Selection(("um_mailbox/*", "a b"), wave="it's"))
    saved = SavedPlan(replace(nothing(), asked=asked), "", NOW, NOW, "", "")
    words = shlex.split(within(lambda: line_to_resume(Path("d"), saved), "apply", "p.plan", "--dir=d", "--json"))
    assert words[1:] == ["apply", "d", "--target", "um_mailbox/*", "--target", "a b", "--wave", "it's"]


@pytest.mark.parametrize(
    ("more", "out", "expected"),
    [
        ([], None, ("reconciler apply d --wave=w", "reconciler plan d --wave=w --detailed-exitcode")),
        (
            ["--out=p q"],
            Path("p q"),
            ("reconciler apply 'p q'", "reconciler plan d --wave=w '--out=p q' --detailed-exitcode"),
        ),
    ],
)
def test_the_line_within_other_budgets_is_of_what_was_made(
    more: list[str], out: Path | None, expected: tuple[str, str]
) -> None:
    arguments = ["plan", "d", "--wave=w", "--max-destroy=2", "--detailed-exitcode", *more]
    assert within(lambda: (line_to_apply(Path("d"), out), line_without_budgets(Path("d"))), *arguments) == expected


def test_what_a_variable_of_plan_gave_is_typed_for_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of apply are others."""
    for name, value in (("WAVE", "pilot"), ("MAX_DESTROY", "3")):
        monkeypatch.setenv(f"RECONCILER_PLAN_{name}", value)
    lines = within(lambda: [line_to_apply(Path("d"), None), line_for_saved(Path("p"))], "plan", "d")
    assert lines == ["reconciler apply d --wave=pilot", "reconciler apply p --max-destroy=3"]
