"""Keeps what leads to an object until the object itself is removed.

A setting that lists objects, such as the dial plans that a server answers for, would drop one that goes long before its
successor works. So an element that names an object which this plan removes stays in the list until then: the removal,
which waits for everything that takes its place, takes it out right before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.claims import Taken
from reconciler.resource import Action, ActionKind, AttributeKind, Change, Landscape, ResourceType
from reconciler.values import UNSET, Address, Resource


def keep_until_removed(types: Sequence[ResourceType], before: Landscape, end: Landscape) -> Landscape:
    """Return ``end`` with its actions so that the removal of an object takes it out of the lists that name it."""
    work = _Unlinking(before, {action.address.folded: action for action in end.actions.values()})
    by_name = {kind.name: kind for kind in types}
    for action in end.actions.values():
        kind = by_name[action.address.type]
        for change in action.changes if action.kind is ActionKind.UPDATE else ():
            attribute = kind.attributes.get(change.attribute)
            if attribute is not None and attribute.references and attribute.kind is AttributeKind.MEMBERSHIP:
                work.put_off(kind, action, change, attribute.references)
    return replace(end, actions={action.address: action for action in work.actions.values()})


@dataclass(slots=True)
class _Unlinking:
    before: Landscape
    actions: dict[tuple[str, str], Action]
    last: dict[Address, Address] = field(default_factory=dict)
    """Of each setting, the removal that changed its list last: the next one starts from there."""

    def put_off(self, kind: ResourceType, action: Action, change: Change, named: str) -> None:
        """Leave to the removals what a change takes out of a list because its object goes."""
        observed = self.before.one(kind.name, action.address.key)
        items, after = _items(change.before), _items(change.after)
        gone = [item for item in items if item not in after and self._is_removed(Address(named, item))]
        if observed is None or not gone:
            return
        kept = tuple(sorted({*after, *gone}))
        self.actions[action.address.folded] = self._without(kind, action, observed, replace(change, after=kept))
        for item in gone:
            left = tuple(one for one in kept if one != item)
            self._take_out(kind, action.address, Address(named, item), observed, Change(change.attribute, kept, left))
            kept = left

    def _is_removed(self, address: Address) -> bool:
        action = self.actions.get(address.folded)
        return action is not None and action.kind is ActionKind.DELETE

    def _without(self, kind: ResourceType, action: Action, observed: Resource, change: Change) -> Action:
        """Return the action with ``change`` instead of its own; one that only looks at the end where none is left."""
        others = tuple(one for one in action.changes if one.attribute != change.attribute)
        changes = others if change.before == change.after else (*others, change)
        if not changes:
            return Action(action.address, ActionKind.ADOPT, remember=action.remember, position=action.position)
        values = {one.attribute: None if one.after is UNSET else one.after for one in changes}
        goal = Resource(action.address, values, observed.name)
        return replace(
            action,
            changes=changes,
            commands=tuple(kind.update(goal, observed, changes, self.before)),
            inverse=tuple(kind.update(observed, goal, _turned(changes), self.before)),
            expects=kind.expectation(replace(action, changes=changes), self.before),
            expects_after=kind.project(changes, goal),
        )

    def _take_out(
        self, kind: ResourceType, setting: Address, gone: Address, observed: Resource, change: Change
    ) -> None:
        removal = self.actions[gone.folded]
        goal, former = (_with(observed, change.attribute, items) for items in (change.after, change.before))
        changes = (change,)
        first = [need for need in (setting, self.last.get(setting)) if need is not None]
        self.actions[gone.folded] = replace(
            removal,
            commands=(*kind.update(goal, former, changes, self.before), *removal.commands),
            inverse=(*removal.inverse, *kind.update(former, goal, _turned(changes), self.before)),
            needs=tuple(dict.fromkeys((*removal.needs, *first))),
            takes_from=(*removal.takes_from, Taken(setting, {change.attribute: _items(change.before)})),
        )
        self.last[setting] = gone
        keeper = self.actions[setting.folded]
        if keeper.kind is ActionKind.ADOPT:
            self.actions[setting.folded] = replace(keeper, predicted_by=gone)


def _with(resource: Resource, attribute: str, items: object) -> Resource:
    return replace(resource, attributes={**resource.attributes, attribute: _items(items)})


def _items(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def _turned(changes: Sequence[Change]) -> tuple[Change, ...]:
    return tuple(Change(one.attribute, one.after, one.before) for one in changes if one.before is not UNSET)
