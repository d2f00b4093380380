"""Graphs of names: levels keep every edge, a closure is all that is reached, turning twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from reconciler.model.graph import closure, levels, reversed_edges

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
