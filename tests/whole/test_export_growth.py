"""An export of many users takes about the work of a plan of them, and as much more work as there are more users."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.export.export import Export, export
from reconciler.export.render import Head
from reconciler.model.landscape import Landscape
from reconciler.plan.build import build_plan
from tests.support.effort import effort
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
    assert len(made.description.of("um_mailbox")) == users
    return Estate(landscape, len(trial.estate.log()) - before, made)


def test_requests_do_not_grow_with_users() -> None:
    assert estate(FEW).requests == estate(MANY).requests


def test_work_grows_as_users_do() -> None:
    few, many = effort(estate(FEW).export), effort(estate(MANY).export)
    assert many < few * MANY / FEW * 1.1


def test_an_export_takes_less_than_twice_the_work_of_a_plan() -> None:
    given = estate(MANY)
    assert effort(given.export) < 2 * effort(given.plan)
