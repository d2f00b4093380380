"""Steps come in an order that keeps every edge; equal actions on many users are one step; removals come last."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.actions import Action, ActionKind
from reconciler.model.resources import Address, Resources
from reconciler.plan.plan import Step
from reconciler.plan.stages import arrange
from tests.support.boxes import TYPES, BoxWorld, configurations
from tests.support.engine import engine_of

BY_TYPE = {kind.name: kind for kind in TYPES}
KINDS = (ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE)


def action(name: str, kind: ActionKind = ActionKind.CREATE, *needs: str, group: str = "", wave: str = "") -> Action:
    return Action(Address.parse(name), kind, needs=tuple(map(Address.parse, needs)), group=group, wave=wave)


def arranged(*actions: Action) -> dict[str, Step]:
    return {step.id: step for step in arrange(actions, BY_TYPE)}


def test_actions_of_one_group_and_wave_are_one_step() -> None:
    users = [action(f"box/{name}", group="red", wave=wave) for name, wave in ("a1", "b2", "c1")]
    steps = arranged(*users, action("box/d", group="red"), action("box/e"))
    assert {step: [str(one.address) for one in steps[step].actions] for step in steps} == {
        "create box red, wave 1": ["box/a", "box/c"],
        "create box red, wave 2": ["box/b"],
        "create box red": ["box/d"],
        "create box/e": ["box/e"],
    }


def test_a_step_needs_what_any_of_its_actions_needs_but_never_itself() -> None:
    one = action("box/a", ActionKind.CREATE, "box/c", "box/B", "box/gone", group="red")
    steps = arranged(one, action("box/b", group="red"), action("box/c"))
    assert steps["create box red"].needs == ("create box/c",)


def test_a_later_type_waits_for_an_earlier_one_without_needing_it() -> None:
    steps = arranged(action("stamp/all", ActionKind.RUN), action("box/a"), action("restart/press", ActionKind.RUN))
    assert [(step.id, step.needs, step.after) for step in steps.values()] == [
        ("create box/a", (), ()),
        ("run stamp/all", (), ("create box/a",)),
        ("run restart/press", (), ("run stamp/all",)),
    ]


def test_removals_come_after_everything_else_in_reverse() -> None:
    ended = [action("mark/a", ActionKind.DELETE), action("box/a", ActionKind.DELETE)]
    stages = {step.id: step.stage for step in arranged(*ended, action("restart/press", ActionKind.RUN)).values()}
    assert stages["run restart/press"] < min(stages["delete box/a"], stages["delete mark/a"])


def test_what_needs_a_later_type_stands_with_it() -> None:
    steps = arranged(action("box/a", ActionKind.UPDATE, "restart/press"), action("restart/press", ActionKind.RUN))
    assert [step.id for step in steps.values()] == ["run restart/press", "update box/a"]


@pytest.mark.parametrize("kind", [ActionKind.ADOPT, ActionKind.FORGET])
def test_what_sends_nothing_is_no_step(kind: ActionKind) -> None:
    assert arranged(action("box/a", kind)) == {}


def test_needs_in_a_circle_are_a_mistake_that_is_named() -> None:
    with pytest.raises(ValueError, match="create box/a -> create box/b"):
        arranged(action("box/a", ActionKind.CREATE, "box/b"), action("box/b", ActionKind.CREATE, "box/a"))


@given(st.permutations([action(f"box/{name}", kind) for name, kind in zip("abc", KINDS, strict=True)]))
def test_the_order_of_the_actions_does_not_matter(actions: list[Action]) -> None:
    assert list(arranged(*actions).values()) == list(arranged(*sorted(actions, key=lambda one: one.address)).values())


@given(configurations(), configurations(), st.integers(1, 50))
def test_order_keeps_every_edge(first: Mapping[str, Resources], second: Mapping[str, Resources], seed: int) -> None:
    engine = engine_of(BoxWorld(), seed=seed)
    engine.apply(first)
    plan = engine.plan(second)
    place = {step.id: number for number, step in enumerate(plan.steps)}
    stages = {step.id: step.stage for step in plan.steps}
    for step in plan.steps:
        for other in (*step.needs, *step.after):
            assert place[other] < place[step.id]
            assert stages[other] < stages[step.id]
