"""Orders the removal or replacement of an object and the changes of those that use it.

Users leave first: the servers refuse to remove an object in use. Example: a policy that moves to another dial plan is
removed and created again. Before that, its users move to another policy or are removed.

Links stay until the end. A setting lists objects, such as the dial plans of a server. If the update of the setting
took a removed object from the list, the object would be unlinked long before its successor works. So the update leaves
it in the list, and the removal of the object, which waits for all successors, unlinks it first. This also applies if
the rest of the setting has its desired value already, for example after an interrupted run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.actions import Action, ActionKind, Change, Taken, turned, values_after
from reconciler.model.attributes import Attribute, AttributeKind
from reconciler.model.graph import closure
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType
from reconciler.model.resources import Address, Resource
from reconciler.model.values import items
from reconciler.plan.effects import expectation, project
from reconciler.plan.selection import hard_needs


def leavers_first(types: Sequence[ResourceType], before: Landscape, end: Landscape) -> Landscape:
    """Return ``end`` with changed actions: the end of an object waits for the users that leave it.

    It does not wait if this would close a circle, for example if the users of two policies change places.
    """
    managed = (kind for kind in types if isinstance(kind, Managed))
    objects = {kind.name for kind in managed if kind.lifecycle is Lifecycle.OBJECT}
    torn = (ActionKind.REPLACE, ActionKind.DELETE)
    leaving = [a for a in end.actions.values() if a.kind in torn and a.address.type in objects]
    if not leaving:
        return end
    actions = dict(end.actions)
    edges = _edges(actions)
    for action in leaving:
        first = list(dict.fromkeys(_leavers(types, action.address, before, end)))
        nodes = {_node(actions[address]) for address in first}
        if first and _node(action) not in closure(nodes, edges):
            actions[action.address] = replace(action, needs=tuple(dict.fromkeys((*action.needs, *first))))
            edges[_node(action)] |= nodes
    return replace(end, actions=actions)


def _leavers(types: Sequence[ResourceType], address: Address, before: Landscape, end: Landscape) -> Iterator[Address]:
    """Yield the actions that end a reference to ``address``."""
    for kind in types:
        for attribute in kind.attributes.values():
            if attribute.references != address.type:
                continue
            for user in before.all(kind.name).values():
                left = end.one(kind.name, user.key)
                is_leaving = left is None or not _refers(left, attribute, address)
                if _refers(user, attribute, address) and is_leaving and user.address in end.actions:
                    yield user.address


def _refers(user: Resource, attribute: Attribute, address: Address) -> bool:
    return any(Address(address.type, name) == address for name in attribute.targets(user.get(attribute.name)))


def _edges(actions: Mapping[Address, Action]) -> dict[str, set[str]]:
    """Return the steps that each step waits for; actions of one step count as one."""
    edges: dict[str, set[str]] = {_node(action): set() for action in actions.values()}
    for action in actions.values():
        needed = (actions[need] for need in hard_needs(action) if need in actions)
        edges[_node(action)] |= {_node(other) for other in needed} - {_node(action)}
    return edges


def _node(action: Action) -> str:
    if action.group:
        return f"{action.kind.value} {action.address.type} {action.group} {action.wave}"
    return "/".join(action.address.folded)


def keep_until_removed(types: Sequence[ResourceType], before: Landscape, end: Landscape) -> Landscape:
    """Return ``end`` with changed actions: managed lists keep an object until the action that removes it."""
    work = _Unlinking(before, end, {action.address.folded: action for action in end.actions.values()})
    if any(action.kind is ActionKind.DELETE for action in end.actions.values()):
        for kind in (one for one in types if isinstance(one, Managed)):
            for attribute in kind.attributes.values():
                if attribute.references and attribute.kind is AttributeKind.MEMBERSHIP:
                    for observed in before.all(kind.name).values():
                        work.put_off(kind, observed, attribute)
    return replace(work.end, actions={action.address: action for action in work.actions.values()})


@dataclass(slots=True)
class _Unlinking:
    before: Landscape
    end: Landscape
    actions: dict[tuple[str, str], Action]
    last: dict[Address, Address] = field(default_factory=dict)
    """The last removal that changed the list of each setting; the next removal starts from there."""

    def put_off(self, kind: Managed, observed: Resource, attribute: Attribute) -> None:
        """Move the removal of list elements from the setting's action to the actions that remove their objects."""
        setting, listed = observed.address, items(observed.get(attribute.name))
        gone = [item for item in listed if self._is_removed(Address(attribute.references or "", item))]
        if not self._is_ours(setting):  # the link of another ends only with an object whose end is declared
            ending = self.before.ending(attribute.references or "")
            gone = [item for item in gone if item in ending]
        if not gone:
            return
        action = self.actions.get(setting.folded)
        own = next((one for one in action.changes if one.attribute == attribute.name), None) if action else None
        kept = tuple(sorted({*(items(own.after) if own else listed), *gone}))
        if action is not None and own is not None and action.kind is ActionKind.UPDATE:
            self.actions[setting.folded] = self._without(kind, action, observed, replace(own, after=kept))
        for item in gone:
            left = tuple(one for one in kept if one != item)
            removed = Address(attribute.references or "", item)
            self._take_out(kind, setting, removed, observed, Change(attribute.name, kept, left))
            kept = left
        predicted = _with(self.end.one(kind.name, setting.key) or observed, attribute.name, kept)
        self.end = self.end.with_observed(kind.name, self.end.all(kind.name).replaced([predicted]))

    def _is_ours(self, setting: Address) -> bool:
        """True for a setting that the plan changes or desires, or that an earlier apply made."""
        is_wanted = setting.key in self.end.wanted(setting.type)
        return is_wanted or setting.folded in self.actions or setting in self.before.prior.resources

    def _is_removed(self, address: Address) -> bool:
        action = self.actions.get(address.folded)
        return action is not None and action.kind is ActionKind.DELETE

    def _without(self, kind: Managed, action: Action, observed: Resource, change: Change) -> Action:
        """Return the action with ``change`` instead of its own; one without commands if no change is left."""
        others = tuple(one for one in action.changes if one.attribute != change.attribute)
        changes = others if change.before == change.after else (*others, change)
        if not changes:
            is_ours = action.remember is not None and any(action.remember.attributes.values())
            quiet = ActionKind.ADOPT if is_ours else ActionKind.FORGET
            return Action(
                action.address, quiet, remember=action.remember if is_ours else None, position=action.position
            )
        goal = Resource(action.address, values_after(changes), observed.name)
        return replace(
            action,
            changes=changes,
            commands=tuple(kind.update(goal, observed, changes, self.before)),
            inverse=tuple(kind.update(observed, goal, turned(changes), self.before)),
            expects=expectation(kind, replace(action, changes=changes), self.before),
            expects_after=project(kind, changes, goal),
        )

    def _take_out(self, kind: Managed, setting: Address, gone: Address, observed: Resource, change: Change) -> None:
        removal = self.actions[gone.folded]
        goal, former = (_with(observed, change.attribute, value) for value in (change.after, change.before))
        changes = (change,)
        keeper = self.actions.get(setting.folded)
        is_changed = keeper is not None and keeper.kind is ActionKind.UPDATE
        first = [need for need in (setting if is_changed else None, self.last.get(setting)) if need is not None]
        others = [need for need in removal.needs if need != setting]
        self.actions[gone.folded] = replace(
            removal,
            commands=(*kind.update(goal, former, changes, self.before), *removal.commands),
            inverse=(*removal.inverse, *kind.update(former, goal, turned(changes), self.before)),
            needs=tuple(dict.fromkeys((*others, *first))),
            takes_from=(*removal.takes_from, Taken(setting, {change.attribute: items(change.before)})),
        )
        self.last[setting] = gone
        if keeper is not None and keeper.kind in (ActionKind.ADOPT, ActionKind.FORGET):
            self.actions[setting.folded] = replace(keeper, predicted_by=gone)


def _with(resource: Resource, attribute: str, value: object) -> Resource:
    return replace(resource, attributes={**resource.attributes, attribute: items(value)})
