"""Leaves invalid rows out of a plan, so that one invalid row does not stop the others.

An error says whether it only leaves its resource out (``Diagnostic.leaves_out``). The plan also leaves out resources
that need such a resource, and names them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic, in_order
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address
from reconciler.plan.checks import check_plan
from reconciler.plan.rules import NEEDS_LEFT_OUT
from reconciler.plan.selection import stands_on, with_dependents

Actions = Mapping[Address, Action]


def leave_out(types: Sequence[ResourceType], end: Landscape, chosen: Actions) -> tuple[Actions, tuple[Diagnostic, ...]]:
    """Return the actions without those left out, and all diagnostics of the plan.

    The remaining actions are checked again, because they may depend on an action that is left out.

    Args:
        end: the landscape after all actions.
        chosen: the selected actions.
    """
    found = check_plan(types, end, chosen)
    while forbidden := _forbidden(found, chosen):
        dropped = with_dependents(forbidden, chosen)
        needing = [chosen[address] for address in sorted(dropped - forbidden)]
        chosen = {address: action for address, action in chosen.items() if address not in dropped}
        found = (
            *(one for one in found if one.leaves_out),
            *_needs_left_out(needing, dropped),
            *check_plan(types, end, chosen),
        )
    return chosen, in_order(found)


def _forbidden(found: Iterable[Diagnostic], chosen: Actions) -> frozenset[Address]:
    named = {one.address for one in found if one.leaves_out}
    return frozenset(address for address in chosen if str(address) in named) if named else frozenset()


def _needs_left_out(actions: Iterable[Action], dropped: Collection[Address]) -> Iterator[Diagnostic]:
    for action in actions:
        need = next(need for need in stands_on(action) if need in dropped)
        yield NEEDS_LEFT_OUT.found(action, f"{action.address} needs {need}, which the plan leaves out.")
