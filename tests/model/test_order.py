"""The order of the resource types follows from what each names in ``after``."""

from __future__ import annotations

import random

import pytest

from providers.catalogue import resource_types
from reconciler.model.order import in_order, places_of
from reconciler.model.resource_types import ResourceType
from tests.support.boxes import Box, Mark, Restart, Stamp


def following(*names: str, name: str = "lid") -> ResourceType:
    """Return a type of that name that follows the types of ``names``."""
    kind: ResourceType = type(name, (Box,), {"name": name, "after": names})()
    return kind


def test_facts_come_first_and_each_type_after_those_it_follows() -> None:
    assert [kind.name for kind in in_order([Restart(), Stamp(), Box(), Mark()])] == ["mark", "box", "stamp", "restart"]


def test_the_order_does_not_depend_on_how_the_types_were_found() -> None:
    types = list(resource_types())
    for seed in range(5):
        random.Random(seed).shuffle(types)
        assert in_order(types) == resource_types()


def test_types_of_one_place_are_ordered_by_name() -> None:
    types = (following("box", name="lid"), following("box", name="base"), Box())
    assert [kind.name for kind in in_order(types)] == ["box", "base", "lid"]
    assert places_of(types) == {"box": 1, "base": 2, "lid": 2}


def test_a_type_that_follows_two_comes_after_the_later_one() -> None:
    assert places_of((Box(), Stamp(), following("box", "stamp")))["lid"] == 3


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ValueError, match="lid follows shelf"):
        in_order([Box(), following("shelf")])


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match=r"(?=.*lid)(?=.*base)"):
        in_order([following("base", name="lid"), following("lid", name="base")])
