"""Sees to it that every value which a plan leaves open is brought by somebody.

A command may name an object whose name is known only once an earlier step has made it (``NameOf``). That step is then a
hard dependency of the command's; where no step and no object brings the value, the plan is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.actions import Action, ActionKind
from reconciler.model.addresses import Address
from reconciler.model.commands import NameOf
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.plan.rules import NOBODY_BRINGS


def with_bringers(end: Landscape) -> Landscape:
    """Return the landscape in which each action that leaves a value open needs the action that brings it."""
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
    """Return the action that makes the object a value names; None where it is there already, or nobody does."""
    known = end.one(value.address.type, value.address.key)
    by = end.predicted_by.get(known.address) if known is not None else None
    while by is not None and (action := end.actions.get(by)) is not None and action.kind is ActionKind.UPDATE:
        by = action.predicted_by  # it changes what another action makes
    return by


def nobody_brings(end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Yield an error for each value that stays open: neither an object nor an action of the plan brings it."""
    for action in chosen.values():
        for value in dict.fromkeys(_open(action)):
            if end.predicted_by.get(value.address) == action.address:
                continue  # it removes that object itself, which an earlier step makes
            known, by = end.one(value.address.type, value.address.key), _bringer(value, end)
            if known is None or (by is not None and by not in chosen):
                yield _unbrought(value, action)


def _unbrought(value: NameOf, action: Action) -> Diagnostic:
    told = NOBODY_BRINGS.found(
        action,
        f"{action.address} needs {value.address}. It is not on the servers, and no step of this plan makes it.",
        f"Declare {value.address}, or name one that exists.",
    )
    return replace(told, leaves_out=bool(action.group))
