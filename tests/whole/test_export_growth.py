"""An export of many users takes the work of a plan of them, and as much more work as there are more users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.export.export import Export, export
from reconciler.export.render import Head
from reconciler.model.landscape import Landscape
from reconciler.plan.build import build_plan
from tests.support.effort import effort
from tests.support.exporting import exported, reopened
from tests.support.trial import Trial, environment_of, types
from tests.support.worlds import world_of

FEW, MANY = 100, 1_000


@dataclass(frozen=True)
class Estate:
    """An estate whose users were enabled by hand, and its export."""

    landscape: Landscape
    requests: int
    made: Export

    def export(self) -> Export:
        return export(types(), self.landscape, Head("test"))

    def plan(self) -> object:
        loaded, _ = load(Files(self.made.contents), types())
        assert loaded is not None
        return build_plan(types(), replace(self.landscape, declared=loaded.declared))


@cache
def estate(users: int) -> Estate:
    trial = Trial(world_of(users, [2], plans={"Redmond": 6}, um_enabled=users), environment_of({}))
    before = len(trial.estate.log())
    landscape = trial.survey()
    made = export(types(), landscape, Head("test"))
    assert made.declared["um_mailbox"] == users
    return Estate(landscape, len(trial.estate.log()) - before, made)


def test_requests_do_not_grow_with_users() -> None:
    assert estate(FEW).requests == estate(MANY).requests


def test_an_export_asks_the_servers_for_nothing_that_a_plan_of_its_files_does_not_ask_for() -> None:
    trial = Trial(world_of(FEW, [2], plans={"Redmond": 6}, um_enabled=FEW), environment_of({}))
    made = exported(trial)
    asked = Counter(map(_question, trial.estate.log()))
    reopened(trial, made)
    before = len(trial.estate.log())
    trial.plan()
    assert asked
    assert asked <= Counter(map(_question, trial.estate.log()[before:]))


def _question(line: Mapping[str, Any]) -> str:
    return f"{line['host']} {line['cmdlet']} {sorted(line['parameters'].items())}"


def test_a_whole_export_takes_the_work_of_a_plan_of_its_files() -> None:
    """From the first question to the last file, beside a plan that has nothing to do.

    An export reads no state, which takes few calls and much time: the benchmark compares the CPU time (target P16).
    """
    trial = Trial(world_of(MANY, [2], plans={"Redmond": 6}, um_enabled=MANY), environment_of({}))
    made = exported(trial)  # what is imported once does not count

    reopened(trial, made)
    assert trial.apply().exit_code == 0

    def plan() -> None:
        reopened(trial, made, trial.store)
        assert not trial.plan().adopted

    assert effort(lambda: exported(trial)) < 1.2 * effort(plan)


def test_work_grows_as_users_do() -> None:
    few, many = effort(estate(FEW).export), effort(estate(MANY).export)
    assert many < few * MANY / FEW * 1.1


def test_describing_takes_less_work_than_a_plan_that_adopts_what_is_described() -> None:
    given = estate(MANY)
    assert effort(given.export) < 0.75 * effort(given.plan)
