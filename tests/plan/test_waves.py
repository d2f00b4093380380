"""In which wave each user is done, and that edges lead from later waves to earlier ones alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.actions import Action, ActionKind, Taken
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resources import Address, Resources
from reconciler.model.shares import Share
from reconciler.model.waves import Gate, Wave
from reconciler.plan.build import arrange, build_plan
from reconciler.plan.plan import Plan
from reconciler.plan.saved import FORM
from reconciler.plan.selection import Selection
from reconciler.plan.waves import Ranks
from tests.support.boxes import WAVES, WaveBox, box, declared

NAMES = ("pilot", "second")


def action(key: str, wave: str = "", *needs: str, takes: Sequence[str] = (), group: str = "all", **more: Any) -> Action:
    return Action(
        Address("box", key),
        more.get("kind", ActionKind.CREATE),
        needs=tuple(Address("box", need) for need in needs),
        takes_from=tuple(Taken(Address("box", holder)) for holder in takes),
        group=group,
        wave=wave,
    )


def waves_of(*actions: Action, names: Sequence[str] = NAMES) -> Mapping[str, str]:
    ranks = Ranks.of(actions, names)
    return {one.address.key: ranks.wave(one) for one in actions}


def test_each_user_is_in_its_own_wave() -> None:
    assert waves_of(action("a", "second"), action("b", "pilot"), action("c"), action("d", "other")) == {
        "a": "second",
        "b": "pilot",
        "c": "",
        "d": "",
    }


def test_without_a_list_there_is_no_order() -> None:
    assert waves_of(action("a", "second"), action("b", "pilot"), names=()) == {"a": "", "b": ""}
    steps = arrange([action("a", "second"), action("b", "pilot")], {kind.name: kind for kind in WAVES})
    assert [step.after for step in steps] == [(), ()]


def test_who_needs_a_user_of_a_later_wave_comes_with_it_and_says_so() -> None:
    late = action("late", "second")
    early, alone = action("early", "pilot", "late"), action("alone", "pilot")
    assert waves_of(late, early, alone) == {"late": "second", "early": "second", "alone": "pilot"}
    (reason,) = Ranks.of([late, early], NAMES).explained(early).reasons
    assert "second" in reason
    assert "box/late" in reason


def test_who_takes_from_a_user_of_a_later_wave_comes_with_it() -> None:
    assert waves_of(action("taker", "pilot", takes=["holder"]), action("holder", "second"))["taker"] == "second"


def test_a_holder_that_waits_for_its_taker_is_no_circle() -> None:
    """A removed holder needs its taker, which writes to it."""
    taker, holder = action("t", "pilot", takes=["h"]), action("h", "second", "t", kind=ActionKind.DELETE)
    assert waves_of(taker, holder) == {"t": "second", "h": "second"}
    steps = arrange([taker, holder], {kind.name: kind for kind in WAVES}, NAMES)
    assert [step.first.address.key for step in steps] == ["t", "h"]


def test_an_object_between_two_users_passes_the_wave_on() -> None:
    late = action("late", "second")
    between = action("between", "", "late", group="")
    early = action("early", "pilot", "between")
    assert waves_of(late, between, early)["early"] == "second"


def test_an_object_that_is_removed_after_its_users_does_not_tie_them_together() -> None:
    """A dial plan takes the number of the one that it replaces, which goes after the last user of both."""
    new = action("new", takes=["old"], group="")
    early, late = action("early", "pilot", "new"), action("late", "second", "new")
    old = action("old", "", "new", "early", "late", group="", kind=ActionKind.DELETE)
    assert waves_of(new, early, late, old)["early"] == "pilot"


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Action, ...]:
    """Users and objects; each needs some that come before it by name."""
    made: list[Action] = []
    turns: dict[str, int] = {}
    for number in range(draw(st.integers(1, 9))):
        before = [one.address.key for one in made]
        needs = draw(st.lists(st.sampled_from(before), max_size=2)) if before else []
        takes = draw(st.lists(st.sampled_from(before), max_size=1)) if before else []
        # As exchanges do it, an action is grouped with those of its turn.
        turn = turns[f"n{number}"] = 1 + max((turns[one] for one in {*needs, *takes}), default=0)
        group = str(turn) if draw(st.booleans()) else ""
        kind = draw(st.sampled_from([ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE]))
        wave = draw(st.sampled_from(["", *NAMES])) if group else ""
        made.append(action(f"n{number}", wave, *needs, *takes, takes=takes, group=group, kind=kind))
    return tuple(made)


@given(crowds())
def test_the_steps_keep_every_edge_and_each_wave_waits_for_the_one_before(actions: tuple[Action, ...]) -> None:
    steps = arrange(actions, {kind.name: kind for kind in WAVES}, NAMES)
    stage = {one.address.key: step.stage for step in steps for one in step.actions}
    step_of = {one.address.key: step.id for step in steps for one in step.actions}
    assert stage.keys() == {one.address.key for one in actions}
    for one in actions:
        for need in one.needs:
            assert stage[need.key] < stage[one.address.key] or step_of[need.key] == step_of[one.address.key]
    order = [*NAMES, ""]
    users = [step for step in steps if step.first.is_of_users]
    for early in users:
        for late in users:
            if order.index(early.wave) < order.index(late.wave):
                assert early.stage < late.stage
        for one in early.actions:
            assert order.index(early.wave) >= order.index(one.wave), "nobody is done before its own wave"


# --- the gates of a plan ---------------------------------------------------------------------------------------------


def planned(waves: Sequence[Wave], rows: Mapping[str, Resources], there: Mapping[str, Resources] | None = None) -> Plan:
    landscape = Landscape(Settings(waves=tuple(waves)), rows, observed=there or {})
    return build_plan(WAVES, landscape)


ROWS = declared(
    *(box(f"p{number}", colour="red", wave="pilot") for number in range(5)),
    *(box(f"s{number}", colour="red", wave="second") for number in range(41)),
    box("rest", colour="red"),
)


def test_a_plan_says_how_many_of_each_wave_may_fail() -> None:
    plan = planned([Wave("pilot"), Wave("empty"), Wave("second", Share(5, is_percent=True))], ROWS)
    assert plan.gates == (Gate("pilot", 5, 5, 0), Gate("second", 41, 41, 2))
    assert [step.wave for step in plan.steps] == ["pilot", "second", ""]
    assert [step.stage for step in plan.steps] == [1, 2, 3]
    assert FORM.load(Plan, FORM.dump(plan)) == plan


def test_a_part_is_one_of_all_declared_users_so_that_a_second_apply_has_the_same_limit() -> None:
    there = declared(*(box(f"s{number}", colour="red") for number in range(39)))
    plan = planned([Wave("second", Share(5, is_percent=True))], ROWS, there)
    assert plan.gates == (Gate("second", 2, 41, 2),)


class Refusing(WaveBox):
    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return [
            Diagnostic("No", "It is refused.", address=f"box/{key}", leaves_out=True) for key in ("p1", "s7", "rest")
        ]


def test_a_plan_names_whom_it_leaves_out_of_each_wave_and_a_selected_part_does_not() -> None:
    landscape = Landscape(Settings(waves=(Wave("pilot"), Wave("second"))), ROWS)
    plan = build_plan((Refusing(),), landscape)
    assert [(gate.users, gate.left_out) for gate in plan.gates] == [(4, ("box/p1",)), (40, ("box/s7",))]
    part = build_plan((Refusing(),), landscape, selection=Selection(wave="second"))
    assert [(gate.wave, gate.left_out) for gate in part.gates] == [("second", ())]
    assert part.left_out == ("box/s7",)


@pytest.mark.parametrize("wave", ["pilot", "second"])
def test_one_wave_can_be_selected_as_before(wave: str) -> None:
    landscape = Landscape(Settings(waves=(Wave("pilot"), Wave("second"))), ROWS)
    plan = build_plan(WAVES, landscape, selection=Selection(wave=wave))
    assert {one.wave for one in plan.actions()} == {wave}
    assert [gate.wave for gate in plan.gates] == [wave]


def test_without_a_list_a_plan_has_no_gates_and_no_order() -> None:
    plan = planned([], ROWS)
    assert plan.gates == ()
    assert {step.stage for step in plan.steps} == {1}
    assert {step.wave for step in plan.steps} == {""}
