"""Follows what the tool advises, as its reader would: pastes commands and YAML, replaces a name by the one suggested.

A remedy is taken as it is printed. Its indented lines are commands of ours, cmdlets for another administrator, or YAML
for the files; ``Write key: value`` and ``Did you mean`` in its sentences are edits. What only a person can do (choose
another number, free a mailbox) is the edit that the situation brings along.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import click
import yaml

from providers.simulator.estate.invoke import invoke_line
from reconciler.cli.commands import main
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.resources import Address
from tests.support.accepting import SECTIONS
from tests.support.trial import Applied, Trial, types

Sections = Mapping[str, Any]
_WRITE = re.compile(r"\bWrite ([a-z_]+): ((?:[^\s,.;]|[.](?=\S))+)")
_CMDLET = re.compile(r"[A-Z][A-Za-z]+-[A-Z][A-Za-z]+\b")


def lines_of(remedy: str) -> list[str]:
    """Return the lines of a remedy that are there to be copied."""
    return [line.strip() for line in remedy.splitlines() if line.startswith(" ") and line.strip()]


def follow(trial: Trial, sections: Sections, told: Diagnostic, choice: int | None = None) -> Sections:
    """Do what a remedy says; return the sections of the files afterwards.

    Args:
        choice: of several lines that are alternatives, the one to take; all of them otherwise.
    """
    lines = lines_of(told.remedy)
    done = [_line(trial, sections, told, line) for line in (lines if choice is None else [lines[choice]])]
    for changed in [one for one in done if one is not None]:
        sections = merged(sections, changed)
    return sections if lines else _sentence(sections, told)


def complaints(trial: Trial, sections: Sections) -> tuple[Diagnostic, ...]:
    """Return what the tool says of files with these sections: of the files by themselves, else of a plan."""
    told = {"environment": "test", "restarts": {"settle": "0s", "interrupt": "allow"}, **sections}
    environment, found = load(Files({"all.yaml": yaml.safe_dump(told, sort_keys=False).encode()}), types())
    if environment is None:
        return found
    trial.environment = environment
    return (*found, *trial.plan().diagnostics)


def _line(trial: Trial, sections: Sections, told: Diagnostic, line: str) -> Sections | None:
    """Follow one line; return what it adds to the files, if it is YAML."""
    if line.startswith("reconciler "):
        run_ours(trial, line)
    elif _CMDLET.match(line):
        where = re.search(r" on ([^\s:]+):$", told.remedy, re.MULTILINE)
        invoke_line(trial.estate, line, host=where[1] if where else None)
    else:
        return _placed(sections, told, yaml.safe_load(line))
    return None


def run_ours(trial: Trial, line: str) -> Applied | None:
    """Run a command of ours by the options that the command line itself reads from it."""
    name, options = parsed(line)
    match name:
        case "apply":
            budgets = {key: options[key] for key in ("max_destroy", "max_forget") if options[key] is not None}
            applied = trial.apply(**budgets)
            assert applied.exit_code == 0, applied.told()
            return applied
        case "state rm":
            for address in options["addresses"]:
                del trial.store.resources[Address.parse(address)]
        case "plan" | "doctor" | "drift" | "state show" | "state list" | "state history":
            pass  # they change nothing
        case _:
            raise AssertionError(f"nobody here runs {line}")
    return None


def parsed(line: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name of one of our commands and what it would be called with. Raises where the line is no command."""
    program, *words = shlex.split(line)
    assert program == "reconciler"
    assert not [word for word in words if word in ("DIR", "FILE", "PLANFILE", "RUN", "...")], line
    context = click.Context(main)
    named: list[str] = []
    command: click.Command = main
    while isinstance(command, click.Group):
        with command.make_context("reconciler", words, parent=context) as context:
            place = next(place for place, word in enumerate(words) if word in command.commands)
        named.append(words[place])
        command, words = command.commands[words[place]], words[place + 1 :]
    with command.make_context(named[-1], words, parent=context) as inner:
        return " ".join(named), inner.params


def _placed(sections: Sections, told: Diagnostic, snippet: Sections) -> Sections:
    """Return a snippet as it stands in the files: whole sections, or attributes of what the diagnostic is about."""
    if set(snippet) <= {*SECTIONS.values(), "restarts", "connections"}:
        return snippet
    assert told.address is not None
    kind, _, key = told.address.partition("/")
    return {SECTIONS[kind]: {key: snippet}}


def _sentence(sections: Sections, told: Diagnostic) -> Sections:
    if meant := re.search(r'Did you mean "([^"]+)"', told.remedy):
        wrong = re.findall(r'"([^"]+)"', told.detail)[0]
        text = yaml.safe_dump(deepcopy(dict(sections)))
        assert wrong in text
        found: Sections = yaml.safe_load(text.replace(wrong, meant[1]))
        return found
    written = _WRITE.search(told.remedy)
    assert written is not None, f"{told.code} brings nothing to follow: {told.remedy}"
    return merged(sections, _placed(sections, told, {written[1]: yaml.safe_load(written[2])}))


def merged(sections: Sections, more: Sections) -> dict[str, Any]:
    """Return sections with others written into them; a row is found by its identity."""
    after = deepcopy(dict(sections))
    for name, told in more.items():
        before = after.get(name)
        if isinstance(before, list) and isinstance(told, Mapping):
            after[name] = [{**row, **told.get(row["identity"], {})} for row in before]
        elif isinstance(before, dict) and isinstance(told, Mapping):
            after[name] = merged(before, told)
        else:
            after[name] = deepcopy(told)
    return after


Edit = Callable[[dict[str, Any]], object]


def edited(sections: Sections, edit: Edit) -> Sections:
    """Return sections after ``edit`` changed a copy of them."""
    after = deepcopy(dict(sections))
    edit(after)
    return after


def codes(told: Sequence[Diagnostic]) -> set[tuple[str | None, str | None]]:
    return {(one.code, one.address) for one in told}
