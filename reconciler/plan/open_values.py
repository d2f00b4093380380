"""Checks that every open value of a plan will exist when a command needs it.

A command may name an object whose name is known only after an earlier step created it (``NameOf``). Then the command
depends on that step. Where neither a step nor an object brings the value, the plan is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import NameOf
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.plan.rules import NOBODY_BRINGS


def with_bringers(end: Landscape) -> Landscape:
    """Return the landscape in which each action with an open value needs the action that creates the object."""
    actions = {address: _needing(action, end) for address, action in end.actions.items()}
    return replace(end, actions=actions)


def _needing(action: Action, end: Landscape) -> Action:
    brought = {by for one in _open(action) if (by := _bringer(one, end)) is not None}
    lacking = sorted(by for by in brought if by.folded not in {need.folded for need in action.needs})
    lacking = [by for by in lacking if by.folded != action.address.folded]
    return replace(action, needs=(*action.needs, *lacking)) if lacking else action


def _open(action: Action) -> Iterator[NameOf]:
    for command in action.commands:
        yield from command.references


def _bringer(value: NameOf, end: Landscape) -> Address | None:
    """Return the action that creates the object of a value; None if the object exists or no action creates it."""
    known = end.at(value.address)
    by = end.predicted_by.get(known.address) if known is not None else None
    while by is not None and (action := end.actions.get(by)) is not None and action.kind is ActionKind.UPDATE:
        by = action.predicted_by  # it changes what another action makes
    return by


def nobody_brings(end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Yield an error for each value that neither an object nor an action of the plan brings."""
    for action in chosen.values():
        for value in dict.fromkeys(_open(action)):
            if end.predicted_by.get(value.address) == action.address:
                continue  # it removes that object itself, which an earlier step makes
            known, by = end.at(value.address), _bringer(value, end)
            if known is None or (by is not None and by not in chosen):
                yield _unbrought(value, action)


def _unbrought(value: NameOf, action: Action) -> Diagnostic:
    found = NOBODY_BRINGS.found(
        action,
        f"{action.address} needs {value.address}. It does not exist, and no step of the plan creates it.",
        f"Declare {value.address}, or name an existing object.",
    )
    return replace(found, leaves_out=bool(action.group))
