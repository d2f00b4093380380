"""Which addresses a pattern fits, and what that costs where there are many of both."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.resources import Address
from reconciler.model.values import folded
from reconciler.plan.selection import Selection
from tests.support.boxes import BoxWorld, box, declared
from tests.support.effort import effort
from tests.support.engine import engine_of
from tests.support.plans import contoso

TWO = declared(box("a", size=1, colour="red"), box("b", size=2, on="a"))
PARTS = st.sampled_from(
    ["um_mailbox", "UM_Mailbox", "dial_plan", "/", "*", "?", "user1", "user2@contoso.com", "redmond"]
)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map("".join), min_size=1, max_size=4))
def test_a_pattern_names_a_type_an_address_or_all_that_fit(patterns: list[str]) -> None:
    actions = {action.address: action for action in contoso(5).actions()}
    chosen = Selection(excludes=tuple(patterns)).choose(actions)
    for address in chosen:
        name = "/".join(address.folded)
        for pattern in map(folded, patterns):
            assert pattern not in (name, name.partition("/")[0])
            assert not fnmatchcase(name, pattern)


def test_addresses_of_many_users_cost_as_many_looks_as_there_are_users() -> None:
    def choosing(users: int) -> int:
        actions = {action.address: action for action in contoso(users).actions()}
        targets = tuple(str(address) for address in actions if address.type == "um_mailbox")
        return effort(lambda: Selection(targets=targets).choose(actions))

    assert choosing(2000) < 5 * choosing(500)


def test_target_brings_what_it_needs_and_what_has_to_follow() -> None:
    engine = engine_of(BoxWorld())
    assert {str(a.address) for a in engine.plan(TWO, Selection(targets=("box/b",))).actions()} == {"box/a", "box/b"}
    with_stamp = {str(a.address) for a in engine.plan(TWO, Selection(targets=("stamp",))).actions()}
    assert with_stamp == {"box/a", "box/b", "stamp/all", "restart/press"}


def test_exclusion_drops_what_needs_it() -> None:
    plan = engine_of(BoxWorld()).plan(TWO, Selection(excludes=("box/a",)))
    assert list(plan.actions()) == []


@pytest.mark.parametrize(
    ("target", "meant"),
    [("Redmond", "dial_plan/Redmond"), ("dial_plan/Redmont", "dial_plan/Redmond"), ("um_mailbox/bob@contoso.com", "")],
)
def test_a_suggestion_has_the_name_or_the_type_of_the_target(target: str, meant: str) -> None:
    known = {
        Address("attendant_menu", "RedmondMain"),
        Address("dial_plan", "Redmond"),
        Address("exchucutil", "contoso.com"),
        Address("um_mailbox", "rob@contoso.com"),
    }
    (found,) = Selection(targets=(target,)).unknown(known, {one.type for one in known}, ())
    assert [one for one in map(str, known) if f'"{one}"' in found.remedy] == ([meant] if meant else [])
    assert found.remedy


def test_unknown_target_is_an_error_with_a_suggestion() -> None:
    plan = engine_of(BoxWorld()).plan(TWO, Selection(targets=("box/aa",)))
    (told,) = plan.diagnostics
    assert told.is_error
    assert '"box/a"' in told.remedy
