"""The changes of a plan that need no command: adopted and forgotten resources, decisions, met obligations."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import StateChange
from reconciler.plan.plan import OF_THE_WHOLE, Plan, moved_on
from reconciler.run.observe import unread
from reconciler.run.outcomes import remembered, respelt


def settled_without_command(plan: Plan, landscape: Landscape, types: Mapping[str, ResourceType]) -> StateChange:
    """Return the change of the state to save before anything is sent.

    An unreadable object is not adopted. An object whose saved state has changed since the plan was made is left alone.
    """
    moved = frozenset(moved_on(plan, landscape.prior))
    adopted = [
        action
        for action in plan.adopted
        if action.predicted_by is None
        and action.address not in moved
        and unread(types[action.address.type], action.address, landscape) is None
    ]
    return StateChange(
        remember=tuple(remembered(action, landscape) for action in adopted),
        forget=(
            *(
                action.address
                for action in plan.forgotten
                if action.predicted_by is None and action.address not in moved
            ),
            *respelt((action.address for action in adopted), landscape),
        ),
        decisions={name: value for name, value in plan.decisions.items() if name not in OF_THE_WHOLE},
        discharge=plan.met,
    )
