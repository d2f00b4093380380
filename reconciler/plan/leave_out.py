"""Leaves out of a plan what a check forbids alone, so that one row that cannot be done does not stop the others.

An error says itself how far it reaches (``Diagnostic.leaves_out``). What needs the resource that is left out goes with
it, and is named as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from reconciler.model.actions import Action
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic, in_order
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.plan.checks import check_plan
from reconciler.plan.rules import NEEDS_LEFT_OUT
from reconciler.plan.selection import stands_on, with_dependents

Actions = Mapping[Address, Action]


def leave_out(types: Sequence[ResourceType], end: Landscape, chosen: Actions) -> tuple[Actions, tuple[Diagnostic, ...]]:
    """Return the actions without those that are forbidden alone, and every diagnostic of the plan.

    What is left is checked again: a removal may have counted on a move that is left out.

    Args:
        end: the landscape as all actions would leave it.
        chosen: the actions that are asked for.
    """
    told = check_plan(types, end, chosen)
    while forbidden := _forbidden(told, chosen):
        dropped = with_dependents(forbidden, chosen)
        needing = [chosen[address] for address in sorted(dropped - forbidden)]
        chosen = {address: action for address, action in chosen.items() if address not in dropped}
        told = (
            *(one for one in told if one.leaves_out),
            *_needs_left_out(needing, dropped),
            *check_plan(types, end, chosen),
        )
    return chosen, in_order(told)


def _forbidden(told: Iterable[Diagnostic], chosen: Actions) -> frozenset[Address]:
    named = {one.address for one in told if one.leaves_out}
    return frozenset(address for address in chosen if str(address) in named) if named else frozenset()


def _needs_left_out(actions: Iterable[Action], dropped: Collection[Address]) -> Iterator[Diagnostic]:
    for action in actions:
        need = next(need for need in stands_on(action) if need in dropped)
        yield NEEDS_LEFT_OUT.found(action, f"{action.address} needs {need}, which this plan leaves out.")
