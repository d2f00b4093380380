"""Arranges actions into the execution graph: steps, edges and stages.

Equal actions on many users that wait for the same things are one step, so the graph does not grow with users. Hard
edges (``needs``) come from the resources; soft ones (``after``) are the rest of the chain dial plan -> server binding
-> exchucutil -> service restart -> gateways -> attendants -> mailboxes: the later step waits for the earlier to end
and goes on if it failed, so that a Front End that will not restart does not leave outcalls open. Removals come last,
in reverse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.model.actions import Action, ActionKind
from reconciler.model.resource_types import ResourceType
from reconciler.plan.graph import levels
from reconciler.plan.plan import Step
from reconciler.plan.selection import hard_needs

_QUIET = (ActionKind.ADOPT, ActionKind.FORGET)
_LAST = 1000
"""Above every rank: a removal stands at this minus the rank of its type."""


def arrange(actions: Iterable[Action], by_type: Mapping[str, ResourceType]) -> tuple[Step, ...]:
    """Return the steps of ``actions`` that send something, in an order that keeps every edge.

    Raises:
        ValueError: the needs go in a circle, which is a mistake of a resource type; the message names it.
    """
    grouped: dict[str, list[Action]] = defaultdict(list)
    for action in sorted(actions, key=lambda action: action.address):
        if action.kind not in _QUIET:
            grouped[_step_id(action)].append(action)
    step_of = {action.address.folded: step for step, members in grouped.items() for action in members}
    needs = {step: _hard_edges(step, members, step_of) for step, members in grouped.items()}
    ranks = _not_before_their_needs({step: _rank(members[0], by_type) for step, members in grouped.items()}, needs)
    after = _soft_edges(ranks, needs)
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


def _rank(action: Action, by_type: Mapping[str, ResourceType]) -> int:
    rank = by_type[action.address.type].rank
    return _LAST - rank if action.kind is ActionKind.DELETE else rank


def _hard_edges(step: str, members: Iterable[Action], step_of: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    found = {step_of.get(need.folded) for action in members for need in hard_needs(action)}
    return tuple(sorted(other for other in found if other is not None and other != step))


def _not_before_their_needs(ranks: Mapping[str, int], needs: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the rank of each step, raised to the highest that it needs.

    A dial plan that takes a number after an attendant did stands with the attendants: no soft edge closes a circle.
    """
    raised: dict[str, int] = {}
    for step in levels(needs):
        raised[step] = max([ranks[step], *(raised[need] for need in needs[step])])
    return raised


def _soft_edges(ranks: Mapping[str, int], needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return, for each step, those of the next lower rank that it does not need anyway."""
    at_rank: dict[int, list[str]] = defaultdict(list)
    for step, rank in ranks.items():
        at_rank[rank].append(step)
    below = dict(zip(sorted(at_rank)[1:], sorted(at_rank), strict=False))
    return {
        step: tuple(sorted(set(at_rank[below[rank]]) - set(needs[step]))) if rank in below else ()
        for step, rank in ranks.items()
    }
