"""Arranges actions into the execution graph: steps, edges and stages.

Equal actions on many users with equal dependencies are one step, so the graph does not grow with users. Hard
edges (``needs``) come from the resources. Soft ones (``after``) come from the order of the types: the later step waits
for the earlier one to end, and starts also if that one failed. Removals come last, in reverse order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.model.actions import Action, ActionKind
from reconciler.model.graph import levels, places_of
from reconciler.model.resource_types import ResourceType
from reconciler.plan.plan import Step
from reconciler.plan.selection import hard_needs

_QUIET = (ActionKind.ADOPT, ActionKind.FORGET)
_LAST = 1000
"""Higher than every place. The place of a removal is this number minus the place of its type."""


def arrange(actions: Iterable[Action], by_type: Mapping[str, ResourceType]) -> tuple[Step, ...]:
    """Return the steps of ``actions`` that send commands, in an order that respects every edge.

    Raises:
        ValueError: the needs form a circle, which is a mistake of a resource type; the message names it.
    """
    grouped: dict[str, list[Action]] = defaultdict(list)
    for action in sorted(actions, key=lambda action: action.address):
        if action.kind not in _QUIET:
            grouped[_step_id(action)].append(action)
    step_of = {action.address.folded: step for step, members in grouped.items() for action in members}
    needs = {step: _hard_edges(step, members, step_of) for step, members in grouped.items()}
    of_types = places_of(by_type.values())
    places = {step: _place(members[0], of_types) for step, members in grouped.items()}
    after = _soft_edges(_not_before_their_needs(places, needs), needs)
    stages = levels({step: (*needs[step], *after[step]) for step in grouped})
    return tuple(
        Step(step, tuple(grouped[step]), stage=stage, needs=needs[step], after=after[step])
        for step, stage in stages.items()
    )


def _step_id(action: Action) -> str:
    if not action.group:
        return f"{action.kind.value} {action.address}"
    wave = f", wave {action.wave}" if action.wave else ""
    return f"{action.kind.value} {action.address.type} {action.group}{wave}"


def _place(action: Action, places: Mapping[str, int]) -> int:
    place = places[action.address.type]
    return _LAST - place if action.kind is ActionKind.DELETE else place


def _hard_edges(step: str, members: Iterable[Action], step_of: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    found = {step_of.get(need.folded) for action in members for need in hard_needs(action)}
    return tuple(sorted(other for other in found if other is not None and other != step))


def _not_before_their_needs(places: Mapping[str, int], needs: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the place of each step, at least the highest place of the steps that it needs.

    A dial plan that takes a number from an attendant has the place of the attendants. So no soft edge closes a circle.
    """
    raised: dict[str, int] = {}
    for step in levels(needs):
        raised[step] = max([places[step], *(raised[need] for need in needs[step])])
    return raised


def _soft_edges(places: Mapping[str, int], needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return, for each step, the steps of the previous place, without those that it already needs."""
    at_place: dict[int, list[str]] = defaultdict(list)
    for step, place in places.items():
        at_place[place].append(step)
    before = dict(zip(sorted(at_place)[1:], sorted(at_place), strict=False))
    return {
        step: tuple(sorted(set(at_place[before[place]]) - set(needs[step]))) if place in before else ()
        for step, place in places.items()
    }
