"""The sample from end to end over the wire: what is sent is what was planned, and a second plan is empty."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.values import canonical
from tests.support.cli import Environment, First, applied, contoso, first
from tests.support.estate_log import is_write


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> First:
    return first(tmp_path_factory)


@pytest.fixture
def after(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return applied(tmp_path, tmp_path_factory)


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_first_plan_tells_changes_and_the_apply_makes_them(sample: First) -> None:
    sample.plan.has(2)
    sample.apply.has(0)
    (ended,) = sample.apply.of("run_ended")
    (summary,) = sample.plan.of("plan_summary")
    assert ended["done"] == sum(summary["actions"].values())
    assert (ended["failed"], ended["blocked"], ended["unknown"]) == (0, 0, 0)


def test_second_plan_has_no_changes_and_sends_no_write(after: Environment) -> None:
    before = len(after.writes())
    again = after.run("plan", "--detailed-exitcode", "--json").has(0)
    (summary,) = again.of("plan_summary")
    assert (summary["has_changes"], summary["adopted"], summary["forgotten"]) == (False, 0, 0)
    assert again.of("planned_action") == []
    assert len(after.writes()) == before


def test_servers_got_exactly_the_commands_of_the_plan(sample: First) -> None:
    always = json.loads(sample.plan_file)["plan"]["always"]
    planned = Counter(_as_sent(told["text"]) for told in _commands(sample.plan))
    sent = Counter(_text(entry, always=always) for entry in sample.environment.log() if is_write(entry))
    assert sent == planned
    assert sum(planned.values()) > 80


def test_apply_prints_the_same_commands_as_the_plan_before_it(sample: First) -> None:
    assert _commands(sample.plan) == _commands(sample.apply)


def test_every_write_was_asked_of_the_host_that_the_plan_names(sample: First) -> None:
    entries = {"exchange": "ex1.contoso.com", "lync": "fe1.contoso.com"}
    planned = Counter((entries.get(told["on"], told["on"]), _cmdlet(told["text"])) for told in _commands(sample.plan))
    sent = Counter((entry["host"], entry["cmdlet"]) for entry in sample.environment.log() if is_write(entry))
    assert sent == planned


def _commands(ran: Any) -> list[dict[str, str]]:
    return [command for action in ran.of("planned_action") for command in action["commands"]]


def _cmdlet(text: str) -> str:
    return text.partition(" ")[0]


_NAME = re.compile(r"<(?:gateway|default policy) of [^>]*>")
"""The only values that a plan leaves open."""


def _as_sent(text: str) -> str:
    return _NAME.sub("<name>", text)


def _text(entry: Mapping[str, Any], *, always: Mapping[str, str]) -> str:
    """Return a logged call as a plan writes it, without the parameters that the runner always adds."""
    parts = [entry["cmdlet"]]
    for name, value in entry["parameters"].items():
        if name in always:
            assert value == always[name]
        else:
            parts.append(f"-{name}{':' if isinstance(value, bool) else ' '}{_value(value)}")
    return " ".join(parts)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "$true" if value else "$false"
        case {"$add": added}:
            return "@{Add=" + ",".join(f"'{one}'" for one in added) + "}"
        case list():
            return ",".join(_value(item) for item in value)
        case str() if re.fullmatch(r"\d:\d|\w+ Default Policy", value):
            return "<name>"
        case str() if " " in value:
            return f"'{value}'"
    return str(value)


# --- order and hashes never matter -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_files_shuffled_split_and_renamed_give_the_same_plan_byte_for_byte(
    seed: int, sample: First, tmp_path: Path
) -> None:
    environment = contoso(tmp_path / "renamed")
    _rewrite(environment.directory, random.Random(seed))
    environment.run("plan", "--out", "again.plan", PYTHONHASHSEED=str(seed)).has(0)
    once, again = json.loads(sample.plan_file), json.loads((environment.directory / "again.plan").read_bytes())
    assert canonical(again["plan"]["steps"]) == canonical(once["plan"]["steps"])
    assert again["digest"] == once["digest"]


def _rewrite(directory: Path, chance: random.Random) -> None:
    """Write every declaration into a file of its own choosing, in another order."""
    pieces: list[dict[str, Any]] = []
    for path in sorted(directory.glob("*.yaml")):
        if path.name == "world.yaml":
            continue
        for section, told in yaml.load(path.read_text("utf-8"), yaml.BaseLoader).items():
            pieces += [{section: piece} for piece in _pieces(told, chance)]
        path.unlink()
    chance.shuffle(pieces)
    files: dict[str, dict[str, Any]] = {f"{chance.choice('zyxabc')}{number}.yaml": {} for number in range(7)}
    for piece in pieces:
        name = chance.choice(sorted(files))
        ((section, told),) = piece.items()
        match files[name].get(section):
            case None:
                files[name][section] = told
            case dict() as known:
                files[name][section] = {**told, **known}
            case list() as known:
                files[name][section] = [*told, *known]
            case _:
                raise AssertionError(f"{section} is written twice")
    for name, told in files.items():
        if told:
            text = yaml.dump(
                told, default_flow_style=chance.choice([True, False]), sort_keys=chance.choice([True, False])
            )
            (directory / name).write_text(text, "utf-8")
    rows = (directory / "redmond.csv").read_text("utf-8").splitlines()
    order = chance.sample(rows[1:], len(rows) - 1)
    (directory / "redmond.csv").write_text("\n".join([rows[0], *order]) + "\n", "utf-8")


def _pieces(told: Any, chance: random.Random) -> list[Any]:
    if isinstance(told, list):
        return [[item] for item in told]
    if isinstance(told, dict):
        return [{name: _shuffled(value, chance)} for name, value in told.items()]
    return [told]


def _shuffled(value: Any, chance: random.Random) -> Any:
    return dict(chance.sample(list(value.items()), len(value))) if isinstance(value, dict) else value
