"""What a check forbids alone is left out with all that needs it; the rest of the plan is as it would be without it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.diagnostics import Diagnostic, Refused
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import Snapshot
from reconciler.plan.admission import admit
from reconciler.plan.budgets import Budgets
from tests.support.boxes import Box, BoxWorld, Mark, box, declared
from tests.support.cli import little
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, MemoryStore


class PickyBox(Box):
    """A box that cannot be made where its size is in ``refused``."""

    def __init__(self, refused: Collection[int]) -> None:
        self.refused = refused

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return [
            Diagnostic("Wrong size", f"{one.key} is too big", address=str(one.address), code="UM070", leaves_out=True)
            for one in landscape.wanted("box").values()
            if one.get("size") in self.refused
        ]


def engine_of(world: BoxWorld, refused: Collection[int] = (9,), *more: ResourceType) -> Engine:
    return Engine((Mark(), PickyBox(refused), *more), FunctionSessions(world.answer), MemoryStore(), seed=1)


CHAIN = declared(box("a", size=9), box("b", size=1, on="a"), box("c", size=1, on="b"), box("d", size=1))


def test_what_needs_the_one_left_out_goes_with_it_and_is_named() -> None:
    plan = engine_of(BoxWorld()).plan(CHAIN)
    assert [str(action.address) for action in plan.actions()] == ["box/d"]
    assert plan.left_out == ("box/a", "box/b", "box/c")
    assert {told.address: told.code for told in plan.diagnostics} == {
        "box/a": "UM070",
        "box/b": "UM107",
        "box/c": "UM107",
    }


def test_apply_does_the_rest_and_ends_with_3_until_all_can_be_done() -> None:
    world = BoxWorld()
    engine = engine_of(world)
    assert engine.apply(CHAIN).exit_code() == 3
    assert world.writes == ["New-Box -Name d -Size 1"]
    assert engine.apply(CHAIN).exit_code() == 3
    assert len(world.writes) == 1
    assert engine_of(world, ()).apply(CHAIN).exit_code() == 0
    assert sorted(world.boxes) == ["a", "b", "c", "d"]


def test_strict_refuses_what_leaves_something_out() -> None:
    plan = engine_of(BoxWorld()).plan(CHAIN)
    admit(plan, Budgets(), Snapshot("test"))
    with pytest.raises(Refused) as refused:
        admit(plan, Budgets(), Snapshot("test"), strict=True)
    assert {told.address for told in refused.value.diagnostics} == {"box/a", "box/b", "box/c"}


def test_a_move_that_is_left_out_keeps_what_it_would_have_left() -> None:
    """The removal waits for the move, so it is left out with it."""
    world = BoxWorld({"old": {"Size": 1}, "user": {"Size": 1, "On": "old"}}, {"old", "user"})
    engine = engine_of(world)
    engine.apply(declared(box("old", size=1), box("user", size=1, on="old")))
    moved = declared(box("new", size=1), box("user", size=9, on="new"))
    plan = engine.plan(moved)
    assert plan.left_out == ("box/old", "box/user")
    assert [str(action.address) for action in plan.actions()] == ["box/new"]
    assert not [told for told in plan.diagnostics if told.forbids]


SIZES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 4), min_size=1)


@given(SIZES, st.sets(st.integers(1, 4)), st.data())
def test_plan_is_that_of_the_files_without_what_is_left_out(
    sizes: dict[str, int], refused: set[int], data: st.DataObject
) -> None:
    below = {
        key: data.draw(st.none() | st.sampled_from(sorted(sizes)[:index]))
        for index, key in enumerate(sorted(sizes))
        if index
    }
    boxes = {key: box(key, size=size, **({"on": on} if (on := below.get(key)) else {})) for key, size in sizes.items()}
    plan = engine_of(BoxWorld(), refused).plan(declared(*boxes.values()))
    gone = {address.partition("/")[2] for address in plan.left_out}
    rest = engine_of(BoxWorld(), ()).plan(declared(*(one for key, one in boxes.items() if key not in gone)))
    assert plan.steps == rest.steps
    bad = {key for key, size in sizes.items() if size in refused}
    assert bad <= gone
    for key in gone - bad:
        assert below[key] in gone


def test_row_without_mailbox_is_left_out_of_a_saved_plan_and_its_apply_ends_with_3(tmp_path: Path) -> None:
    estate = little(tmp_path / "env")
    estate.edit("little.yaml", "mailboxes:\n", f"mailboxes:\n  - {GHOST}\n")
    estate.run("plan", "--strict").has(4)
    planned = estate.run("plan", "--out", "a.plan", "--json").has(0)
    assert [summary["left_out"] for summary in planned.of("plan_summary")] == [["um_mailbox/ghost@contoso.com"]]
    applied = estate.run("apply", "a.plan", "--json").has(3)
    assert [(ended["left_out"], ended["resume"]) for ended in applied.of("run_ended")] == [(1, None)]
    estate.run("plan", "--detailed-exitcode").has(2)


GHOST = '{identity: ghost@contoso.com, sip_address: ghost@contoso.com, extension: "50104", dial_plan: Redmond}'
