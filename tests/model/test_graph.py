"""Graphs of names: levels keep every edge, a closure is all that is reached, turning twice changes nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from providers.catalogue import resource_types
from reconciler.model.graph import closure, in_order, levels, places_of, reversed_edges
from reconciler.model.resource_types import ResourceType
from tests.support.boxes import Box, Mark, Restart, Stamp

Edges = dict[str, set[str]]
NODES = "abcdefg"


@st.composite
def _acyclic(draw: st.DrawFn) -> Edges:
    """Draw nodes that wait only for nodes before them in a random order."""
    order = draw(st.permutations(NODES))
    return {node: draw(st.sets(st.sampled_from(order[:place] or [node]))) - {node} for place, node in enumerate(order)}


acyclic: SearchStrategy[Edges] = _acyclic()
any_graph: SearchStrategy[Edges] = st.dictionaries(st.sampled_from(NODES), st.sets(st.sampled_from(NODES)))


@given(acyclic)
def test_a_level_is_one_more_than_the_highest_it_waits_for(edges: Edges) -> None:
    found = levels(edges)
    assert found == {node: 1 + max((found[other] for other in edges[node]), default=0) for node in edges}


@given(acyclic)
def test_levels_come_in_order_and_sorted_within_each(edges: Edges) -> None:
    found = levels(edges)
    assert list(found.items()) == sorted(found.items(), key=lambda item: (item[1], item[0]))
    assert list(found) == list(levels(dict(reversed(edges.items()))))


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match="a -> b"):
        levels({"a": {"b"}, "b": {"a"}, "c": set()})


def test_edges_to_unknown_nodes_do_not_count() -> None:
    assert levels({"a": {"gone"}}) == {"a": 1}
    assert closure(["a", "gone"], {"a": {"gone"}}) == {"a"}
    assert reversed_edges({"a": {"gone"}}) == {"a": set()}


@given(any_graph, st.sets(st.sampled_from(NODES)))
def test_a_closure_holds_its_starts_and_leads_nowhere_else(edges: Edges, starts: set[str]) -> None:
    reached = closure(starts, edges)
    assert reached >= starts & edges.keys()
    assert all(other in reached for node in reached for other in edges[node] if other in edges)
    assert closure(reached, edges) == reached


@given(any_graph)
def test_edges_turned_twice_are_the_edges_between_known_nodes(edges: Edges) -> None:
    known = {node: others & edges.keys() for node, others in edges.items()}
    assert reversed_edges(reversed_edges(edges)) == known


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


def test_a_circle_of_types_is_named() -> None:
    with pytest.raises(ValueError, match=r"(?=.*lid)(?=.*base)"):
        in_order([following("base", name="lid"), following("lid", name="base")])
