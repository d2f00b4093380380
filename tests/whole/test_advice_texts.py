"""What the texts of the program advise: commands that exist, with nothing left to fill in, and names that are right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click
import pytest

from reconciler.app.declared import read_files
from reconciler.cli.commands import main
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import Diagnostic
from tests.config.test_bad_input import CASES, NAMES
from tests.support.example_types import EXAMPLE_TYPES
from tests.support.paths import ROOT

_COMMAND = re.compile(r"(?:^|\n)[ ]+reconciler ([a-z]+(?: [a-z]+)?)")
_OPTION = re.compile(r"\b(apply|plan|drift|validate|doctor|simulate) (--[a-z-]+)")
_FILLED_IN = r"\breconciler\b[^.]*\b(DIR|FILE|PLANFILE|RUN|WORLD|ADDR)\b|\breconciler [a-z ]*\.\.\.|--resume"
_PLACEHOLDER = re.compile(_FILLED_IN)


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text that the program may print, with its place; docstrings are left out."""
    for folder in ("reconciler", "providers", "state"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_no_text_names_a_command_or_an_option_that_does_not_exist() -> None:
    for place, text in texts():
        assert all(_command(found[1]) is not None for found in _COMMAND.finditer(text)), (place, text)
        for found in _OPTION.finditer(text):
            known = {option for one in main.commands[found[1]].params for option in one.opts}
            assert found[2] in known, (place, text)


def test_no_command_leaves_something_to_be_filled_in() -> None:
    found = [(place, text) for place, text in texts() if _PLACEHOLDER.search(text)]
    assert found == []


def _command(named: str) -> click.Command | None:
    first, _, second = named.partition(" ")
    command = main.commands.get(first)
    if isinstance(command, click.Group) and second:
        return command.commands.get(second)
    return command


# --- the mistakes of files -------------------------------------------------------------------------------------------

_MEANT = re.compile(r'Did you mean "([^"]+)"')


def _mistakes() -> Iterator[tuple[str, Diagnostic]]:
    for case in NAMES:
        place = CASES / case / "input"
        if place.is_dir():
            _, told = load(read_files(place), EXAMPLE_TYPES)
            yield from ((case, one) for one in told if _MEANT.search(one.remedy))


MISTAKES = tuple(_mistakes())


@pytest.mark.parametrize(
    ("case", "told"), MISTAKES, ids=[f"{case}-{place}" for place, (case, _) in enumerate(MISTAKES)]
)
def test_name_that_is_suggested_ends_the_complaint(case: str, told: Diagnostic) -> None:
    meant = _MEANT.search(told.remedy)
    assert meant is not None
    assert told.position is not None
    files = read_files(CASES / case / "input")
    wrong = next(one for one in re.findall(r'"([^"]+)"', told.detail) if one != meant[1])
    lines = files.contents[told.position.file].decode().splitlines(keepends=True)
    line = lines[told.position.line - 1]
    assert wrong in line
    lines[told.position.line - 1] = line.replace(wrong, meant[1], 1)
    _, after = load(Files({**files.contents, told.position.file: "".join(lines).encode()}), EXAMPLE_TYPES)
    assert (told.summary, told.detail) not in {(one.summary, one.detail) for one in after}


def test_there_are_mistakes_whose_name_is_suggested() -> None:
    assert len(MISTAKES) >= 5
