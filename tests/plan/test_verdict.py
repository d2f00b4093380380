"""Each cause for which a command reports success and its effect is not seen has a sentence of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.commands import write
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import UNSET
from reconciler.plan.effects import is_done
from reconciler.plan.verdict import STEADY, Elsewhere, Look, difference, likeliest, read_otherwise
from tests.support.boxes import Box, box

KIND = Box()
ADDRESS = Address("box", "a")
UPDATE = Action(
    ADDRESS,
    ActionKind.UPDATE,
    changes=(Change("size", 1, 2), Change("on", "x", "y")),
    commands=(write("Set-Box", Identity="a"),),
    expects_after={"size": 2, "on": "y"},
)
CREATE = replace(
    UPDATE,
    kind=ActionKind.CREATE,
    changes=(Change("size", UNSET, 2), Change("on", UNSET, "y")),
    commands=(write("New-Box"),),
)
DELETE = Action(ADDRESS, ActionKind.DELETE, commands=(write("Remove-Box"),))
REPLACE = replace(UPDATE, kind=ActionKind.REPLACE)
BEFORE = box("a", size=1, on="x")


def seen(*boxes: Resource) -> Landscape:
    return Landscape(observed={"box": Resources(boxes)})


def with_guid(one: Resource, guid: str) -> Resource:
    return replace(one, guid=guid)


def told(action: Action, look: Look) -> tuple[str, bool]:
    cause = likeliest(KIND, action, look)
    return cause.text, cause.is_final


UNCHANGED = Look(seen(BEFORE), seen(BEFORE), STEADY)


@pytest.mark.parametrize(
    ("action", "look", "words", "is_final"),
    [
        (UPDATE, UNCHANGED, "has not replicated yet, or the server ignored", False),
        (UPDATE, replace(UNCHANGED, elsewhere=Elsewhere(lacks=("dc1",), pinned="dc1")), "no replica", True),
        (UPDATE, replace(UNCHANGED, times=2, elsewhere=Elsewhere(lacks=("dc1",))), "no replica", False),
        (
            UPDATE,
            replace(UNCHANGED, elsewhere=Elsewhere(("dc2",), ("dc1",), (), "dc1")),
            "has not replicated to dc1",
            False,
        ),
        (UPDATE, replace(UNCHANGED, elsewhere=Elsewhere(("dc2",))), "used another replica", False),
        (UPDATE, replace(UNCHANGED, elsewhere=Elsewhere((), ("dc1",), ("dc2",))), "dc2 cannot be read", False),
        (UPDATE, replace(UNCHANGED, was_seen=True), "another administrator changed it back", True),
        (UPDATE, Look(seen(BEFORE), seen()), "another administrator removed or renamed it", True),
        (UPDATE, Look(seen(with_guid(BEFORE, "1")), seen(with_guid(BEFORE, "2"))), "an object of the same name", True),
        (UPDATE, Look(seen(BEFORE), seen(box("a", size=2, on="x")), STEADY), "accepted size and ignored on", True),
        (UPDATE, Look(seen(BEFORE), seen(box("a", size=2, on="x"))), "accepted size and ignored on", False),
        (
            UPDATE,
            Look(seen(BEFORE), seen(box("a", size=9, on="x")), STEADY),
            "another administrator changed size",
            True,
        ),
        (CREATE, Look(seen(), seen(box("b", size=2, on="y"))), "the server created box/b instead", True),
        (CREATE, Look(seen(), seen(box("b", size=3, on="y"))), "has not replicated yet", False),
        (DELETE, UNCHANGED, "has not replicated yet", False),
        (DELETE, Look(seen(with_guid(BEFORE, "1")), seen(with_guid(BEFORE, "2"))), "an object of the same name", True),
        (
            REPLACE,
            Look(seen(with_guid(BEFORE, "1")), seen(with_guid(BEFORE, "1"))),
            "the old object still exists",
            False,
        ),
    ],
)
def test_every_cause_has_its_own_sentence(action: Action, look: Look, words: str, is_final: bool) -> None:
    sentence, ends = told(action, look)
    assert words in sentence
    assert ends is is_final


def test_part_of_what_several_commands_do_may_still_come() -> None:
    several = replace(UPDATE, commands=(*UPDATE.commands, write("Set-Other")))
    look = Look(seen(BEFORE), seen(box("a", size=2, on="x")), STEADY)
    assert told(several, look)[1] is False


def test_what_was_read_is_reported_in_words() -> None:
    assert read_otherwise(KIND, UPDATE, seen(BEFORE)) == ("size is 1, desired 2", "on is x, desired y")
    assert read_otherwise(KIND, UPDATE, seen()) == ("it does not exist",)
    assert read_otherwise(KIND, DELETE, seen(BEFORE)) == ("it still exists",)
    assert (
        difference({"on": ()}, {"on": ("a", None)})
        == "it changed since the plan was made: on is [a, not set] and was none"
    )


_VALUES = st.sampled_from([None, 1, 2, 3])
_BOXES = st.none() | st.builds(
    lambda size, on, guid: replace(box("a", size=size, on=on), guid=guid),
    _VALUES,
    _VALUES,
    st.sampled_from([None, "1", "2"]),
)


@given(st.sampled_from([UPDATE, CREATE, DELETE, REPLACE]), _BOXES, _BOXES, st.integers(1, 4), st.booleans())
def test_whatever_is_read_has_a_cause_and_says_how_it_differs(
    action: Action, was: Resource | None, now: Resource | None, times: int, was_seen: bool
) -> None:
    before, after = (seen(*([] if one is None else [one])) for one in (was, now))
    assert likeliest(KIND, action, Look(before, after, times, was_seen)).text
    if not is_done(KIND, action, after):
        assert read_otherwise(KIND, action, after)
