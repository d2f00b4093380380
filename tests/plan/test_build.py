"""The plan of a small world, from what is declared, observed and remembered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Diagnostic, PermanentError, Refused, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address, Resources
from reconciler.model.snapshot import Intent, Snapshot
from reconciler.model.values import UNSET
from reconciler.plan.admission import admit
from reconciler.plan.budgets import Budgets
from reconciler.plan.build import arrange
from reconciler.plan.plan import Step
from reconciler.plan.selection import Selection
from tests.support.boxes import TYPES, Box, BoxWorld, Mark, box, box_worlds, configurations, declared
from tests.support.cli import little
from tests.support.engine import Engine, engine_of
from tests.support.fakes import FunctionSessions, MemoryStore

TWO = declared(box("a", size=1, colour="red"), box("b", size=2, on="a"))


def test_plan_of_an_empty_world_creates_in_order() -> None:
    plan = engine_of(BoxWorld()).plan(TWO)
    assert [(step.id, step.stage) for step in plan.steps] == [
        ("create box/a", 1),
        ("create box/b", 2),
        ("run stamp/all", 3),
        ("run restart/press", 4),
    ]
    assert plan.steps[1].needs == ("create box/a",)


def test_change_shows_before_and_after_and_how_to_undo_it() -> None:
    world = BoxWorld({"a": {"Size": 1, "Colour": "red"}}, {"a"})
    (action,) = engine_of(world).plan(declared(box("a", size=3))).actions()
    assert action.kind is ActionKind.UPDATE
    assert [(change.attribute, change.before, change.after) for change in action.changes] == [("size", 1, 3)]
    assert [str(command) for command in action.commands] == ["Set-Box -Identity a -Size 3"]
    assert [str(command) for command in action.inverse] == ["Set-Box -Identity a -Size 1"]


def test_attribute_left_out_is_not_compared() -> None:
    world = BoxWorld({"a": {"Size": 7, "Colour": "red"}}, {"a"})
    assert not engine_of(world).plan(declared(box("a"))).has_changes


def test_fixed_attribute_forces_replacement_which_others_forbid() -> None:
    world = BoxWorld({"a": {"Colour": "red"}, "b": {"On": "a"}}, {"a", "b"})
    plan = engine_of(world).plan(declared(box("a", colour="blue"), box("b", on="a")))
    (action,) = plan.actions()
    assert (action.kind, action.destroyed) == (ActionKind.REPLACE, (action.address,))
    (told,) = plan.diagnostics
    assert (told.code, told.is_error) == ("UM103", True)
    assert "box/b" in told.detail


def test_object_that_is_not_ours_is_never_deleted() -> None:
    world = BoxWorld({"theirs": {}}, {"theirs"})
    assert not engine_of(world).plan(declared()).has_changes


def test_deleting_what_a_stranger_uses_is_refused() -> None:
    world = BoxWorld()
    engine = engine_of(world)
    engine.apply(declared(box("a")))
    world.boxes["theirs"] = {"On": "a"}
    world.marks.add("theirs")
    assert [told.code for told in engine.plan(declared()).diagnostics] == ["UM102"]


def test_unreadable_is_not_absent() -> None:
    def answer(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "Get-Box":
            return PermanentError(Diagnostic("Access denied", "The account may not read boxes."))
        return Reply()

    plan = Engine(TYPES, FunctionSessions(answer)).plan(TWO)
    assert not plan.has_changes
    assert [(told.code, told.is_error) for told in plan.diagnostics] == [("UM101", True)]


def test_change_of_a_value_the_server_did_not_tell_starts_from_unset() -> None:
    world = BoxWorld({"a": {}}, {"a"})
    (action,) = engine_of(world).plan(declared(box("a", size=1))).actions()
    assert action.changes[0].before is UNSET


def test_plan_warns_of_what_an_interrupted_run_left_open() -> None:
    intent = Intent("op1", "run1", Address("box", "a"), "create", "New-Box -Name a", "ex1", "2026-01-05T08:10:00Z")
    plan = engine_of(BoxWorld(), MemoryStore(intents={intent.id: intent})).plan(TWO)
    (told,) = plan.diagnostics
    assert (told.code, told.is_error) == ("UM106", False)
    assert str(intent.address) in told.detail


@given(box_worlds(), configurations())
def test_plan_does_not_depend_on_the_order_of_declarations(world: BoxWorld, wanted: Mapping[str, Resources]) -> None:
    boxes = list(wanted["box"].values())
    turned = declared(*reversed(boxes))
    engine = engine_of(world)
    assert engine.plan(wanted) == engine.plan(turned)


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


def picky_engine(world: BoxWorld, refused: Collection[int] = (9,), *more: ResourceType) -> Engine:
    return Engine((Mark(), PickyBox(refused), *more), FunctionSessions(world.answer), MemoryStore(), seed=1)


CHAIN = declared(box("a", size=9), box("b", size=1, on="a"), box("c", size=1, on="b"), box("d", size=1))


def test_what_needs_the_one_left_out_goes_with_it_and_is_named() -> None:
    plan = picky_engine(BoxWorld()).plan(CHAIN)
    assert [str(action.address) for action in plan.actions()] == ["box/d"]
    assert plan.left_out == ("box/a", "box/b", "box/c")
    assert {told.address: told.code for told in plan.diagnostics} == {
        "box/a": "UM070",
        "box/b": "UM107",
        "box/c": "UM107",
    }


def test_apply_does_the_rest_and_ends_with_3_until_all_can_be_done() -> None:
    world = BoxWorld()
    engine = picky_engine(world)
    assert engine.apply(CHAIN).exit_code() == 3
    assert world.writes == ["New-Box -Name d -Size 1"]
    assert engine.apply(CHAIN).exit_code() == 3
    assert len(world.writes) == 1
    assert picky_engine(world, ()).apply(CHAIN).exit_code() == 0
    assert sorted(world.boxes) == ["a", "b", "c", "d"]


def test_strict_refuses_what_leaves_something_out() -> None:
    plan = picky_engine(BoxWorld()).plan(CHAIN)
    admit(plan, Budgets(), Snapshot("test"))
    with pytest.raises(Refused) as refused:
        admit(plan, Budgets(), Snapshot("test"), strict=True)
    assert {told.address for told in refused.value.diagnostics} == {"box/a", "box/b", "box/c"}


@pytest.mark.parametrize(
    ("selection", "left_out"),
    [
        (Selection(targets=("box/d",)), ()),
        (Selection(targets=("box/c",)), ("box/a", "box/b", "box/c")),
        (Selection(targets=("box/a",)), ("box/a",)),
        (Selection(excludes=("box/a",)), ()),
        (Selection(wave="pilot"), ("box/a", "box/b", "box/c")),
    ],
    ids=str,
)
def test_a_selected_part_leaves_out_only_what_belongs_to_it(selection: Selection, left_out: tuple[str, ...]) -> None:
    assert picky_engine(BoxWorld()).plan(CHAIN, selection=selection).left_out == left_out


def test_a_move_that_is_left_out_keeps_what_it_would_have_left() -> None:
    """The removal waits for the move, so it is left out with it."""
    world = BoxWorld({"old": {"Size": 1}, "user": {"Size": 1, "On": "old"}}, {"old", "user"})
    engine = picky_engine(world)
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
    plan = picky_engine(BoxWorld(), refused).plan(declared(*boxes.values()))
    gone = {address.partition("/")[2] for address in plan.left_out}
    rest = picky_engine(BoxWorld(), ()).plan(declared(*(one for key, one in boxes.items() if key not in gone)))
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
    ended = [replace(one, destroyed=(one.address,)) for one in (deleted("mark/a"), deleted("box/a"))]
    stages = {step.id: step.stage for step in arranged(*ended, action("restart/press", ActionKind.RUN)).values()}
    assert stages["run restart/press"] < min(stages["delete box/a"], stages["delete mark/a"])


def test_a_removal_that_destroys_nothing_has_the_place_of_its_type() -> None:
    steps = arranged(deleted("box/a"), action("restart/press", ActionKind.RUN), action("stamp/all", ActionKind.RUN))
    assert [step.id for step in steps.values()] == ["delete box/a", "run stamp/all", "run restart/press"]


def deleted(address: str) -> Action:
    return action(address, ActionKind.DELETE)


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
