"""Orders the moves of exclusive values (numbers, extensions, unique names) from one object to another.

    free -> give -> prove -> remove

The taker first sends the command that releases the value from its holder, then its own command. So the value has no
holder only between two commands, and the holder keeps it if the taker cannot be created. A holder is removed after all
its values were observed at their takers. A holder that stays and itself takes a value acts first, and keeps the values
for its takers. So a chain, a swap or a ring needs no temporary value. In a circle it acts second. A holder that can
keep only one value frees it by its own change; the plan names the two steps between which the value has no holder. The
types know the rules (``Holder``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from reconciler.model.abilities import Holder
from reconciler.model.actions import Action, ActionKind, Change, Claim, Taken, turned, values_after
from reconciler.model.attributes import AttributeKind
from reconciler.model.commands import Command
from reconciler.model.diagnostics import listed
from reconciler.model.graph import closure, levels, places_of
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Resource
from reconciler.model.values import items
from reconciler.plan.effects import compare, expectation, project
from reconciler.plan.moves import Move, key_of, moves_of
from reconciler.plan.selection import hard_needs


def settle_exchanges(types: Sequence[ResourceType], before: Landscape, end: Landscape) -> Landscape:
    """Return ``end`` with ordered actions: each claim is freed, given and observed before its holder is removed.

    Args:
        before: as it was read; nothing in it is predicted.
        end: as the plan will leave it, with all actions.
    """
    by_name = {kind.name: kind for kind in types if isinstance(kind, Holder)}
    actions = {key_of(action.address): action for action in end.actions.values()}
    moves = moves_of(by_name, actions, before, end)
    if moves or any(_is_replaced(action, by_name) for action in actions.values()):
        actions = _Exchange(by_name, before, end, moves, actions, places_of(types)).settled()
        return replace(end, actions={action.address: action for action in actions.values()})
    return end


def _is_replaced(action: Action, by_name: Mapping[str, Holder]) -> bool:
    return action.kind is ActionKind.REPLACE and action.address.type in by_name


# --- in which order --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Exchange:
    """All moves of one plan while they are ordered."""

    by_name: Mapping[str, Holder]
    before: Landscape
    end: Landscape
    moves: Sequence[Move]
    actions: dict[str, Action]
    places: Mapping[str, int]
    edges: dict[str, set[str]] = field(default_factory=dict)
    current: dict[str, Resource] = field(default_factory=dict)
    """The state of the objects after the actions so far."""

    def settled(self) -> dict[str, Action]:
        """Return the actions in the order of the moves, with notes about values that have no holder for a time."""
        if self.moves:
            self._settle_moves()
        for key, action in self.actions.items():
            if _is_replaced(action, self.by_name):
                self.actions[key] = replace(action, reasons=(*action.reasons, *self._gap(action)))
        return self.actions

    def _settle_moves(self) -> None:
        self.edges = {
            key: {key_of(need) for need in hard_needs(action)} & self.actions.keys()
            for key, action in self.actions.items()
        }
        own = {key: set(edges) for key, edges in self.edges.items()}
        for move in self.moves:
            self._put_in_order(move)
        self._one_taker_after_the_other()
        taking_part = {key for move in self.moves for key in (move.holder, move.taker)}
        order = [key for key in levels(self.edges) if key in taking_part]
        turns = levels({key: self.edges[key] for key in order})
        for place, key in enumerate(order):
            done = self._changed_action(key, order[place:])
            first = self.edges[key] - own[key]
            needs = (*done.needs, *(self.actions[other].address for other in sorted(first)))
            group = f"{done.group}, turn {turns[key]}" if done.group else ""
            self.actions[key] = replace(done, needs=tuple(dict.fromkeys(needs)), group=group)

    def _put_in_order(self, move: Move) -> None:
        """Decide which of the two acts first.

        A removed holder acts last. Otherwise the type that is planned first acts first. Within one place of the order,
        a holder that receives a value itself acts first, unless this would close a circle.
        """
        holder, taker = self.actions[move.holder], self.actions[move.taker]
        places = self._place(holder), self._place(taker)
        is_holder_first = places[0] < places[1] if places[0] != places[1] else self._gets_something(holder)
        if holder.kind is ActionKind.DELETE:
            is_holder_first = False
        first, second = (move.holder, move.taker) if is_holder_first else (move.taker, move.holder)
        if second in closure([first], self.edges):
            first, second = second, first
        self.edges[second].add(first)

    def _one_taker_after_the_other(self) -> None:
        """Order the actions that take from one holder: each starts from the state after the previous one."""
        order = levels(self.edges)
        takers: dict[str, set[str]] = defaultdict(set)
        for move in self.moves:
            takers[move.holder].add(move.taker)
        for several in takers.values():
            in_order = sorted(several, key=lambda key: (order[key], self._place(self.actions[key]), key))
            for first, second in pairwise(in_order):
                self.edges[second].add(first)

    def _place(self, action: Action) -> int:
        return self.places[action.address.type]

    def _kind(self, action: Action) -> Holder:
        return self.by_name[action.address.type]

    def _gets_something(self, holder: Action) -> bool:
        leaving = {move.claim for move in self.moves if move.holder == key_of(holder.address)}
        return holder.kind is ActionKind.UPDATE and any(not _only_loses(change, leaving) for change in holder.changes)

    def _gap(self, action: Action) -> Iterator[str]:
        """Yield a sentence if values of a replaced object have no holder between its removal and its creation."""
        observed, made = (each.at(action.address) for each in (self.before, self.end))
        if observed is None or made is None:
            return
        kind = self._kind(action)
        stays = set(kind.claims(made, self.end))
        both = [claim.shown for claim in kind.claims(observed, self.before) if claim in stays]
        if both:
            yield f"no object has {listed(both)} between its removal and its creation, a few commands later"

    # --- single actions ----------------------------------------------------------------------------------------------

    def _changed_action(self, key: str, not_before: Sequence[str]) -> Action:
        """Return the action at ``key``, starting from the state after earlier actions; note the state after it."""
        action = self.actions[key]
        taken = [move for move in self.moves if move.taker == key]
        if action.kind is ActionKind.DELETE:
            return action
        observed = self._holder(key)
        fetched = [m for m in self.moves if m.holder == key and m.taker in not_before and self._may_wait(action, m)]
        goal = self._goal(action, fetched)
        releases = [self._release(*one) for one in self._holders(taken)]
        later = [other for other in not_before if any(m.holder == key and m.taker == other for m in self.moves)]
        changed = self._changed(action, goal, observed, taken, releases) or self._nothing_left(action, later)
        changed = replace(
            changed,
            takes_from=tuple(one.taken for one in releases),
            inverse=(*changed.inverse, *(command for one in releases for command in one.taken.returns)),
            reasons=(*changed.reasons, *self._reasons(taken, releases), *self._delay(action, taken)),
        )
        self.current[key] = _after(goal, observed if action.kind is ActionKind.UPDATE else None)
        self.current.update((one.key, one.left) for one in releases)
        return changed

    def _may_wait(self, action: Action, move: Move) -> bool:
        """True where the holder can keep a claim in addition to its new value, until the taker takes it."""
        attribute = self._kind(action).attributes[move.claim.attribute]
        return action.kind is ActionKind.UPDATE and attribute.kind is not AttributeKind.SCALAR

    def _goal(self, action: Action, fetched: Sequence[Move]) -> Resource:
        wanted = self.end.wanted(action.address.type)[action.address.key]
        values = dict(wanted.attributes)
        for move in fetched:
            name = move.claim.attribute
            values[name] = tuple(sorted({*items(wanted.get(name)), *items(values.get(name)), move.claim.shown}))
        return replace(wanted, attributes=values)

    def _holders(self, taken: Sequence[Move]) -> Iterator[tuple[str, list[Claim]]]:
        """Yield the holders that still have a claim to release, with these claims."""
        by_holder: dict[str, list[Claim]] = defaultdict(list)
        for move in taken:
            by_holder[move.holder].append(move.claim)
        for key, claims in by_holder.items():
            holder = self._holder(key)
            still = set(self._kind(self.actions[key]).claims(holder, self.before)) if holder else set()
            if left := [claim for claim in claims if claim in still]:
                yield key, left

    def _holder(self, key: str) -> Resource | None:
        return self.current.get(key, self.before.at(self.actions[key].address))

    def _release(self, key: str, claims: Sequence[Claim]) -> _Release:
        kind, holder = self._kind(self.actions[key]), self._holder(key)
        assert holder is not None
        left = kind.released(holder, claims, self.before)
        names = dict.fromkeys(claim.attribute for claim in claims)
        changes = [Change(name, holder.get(name), left.get(name)) for name in names]
        returns = tuple(kind.update(holder, left, turned(changes), self.before))
        draft = Action(holder.address, ActionKind.UPDATE, changes=tuple(changes))
        others = kind.conditions(draft, self._seen(kind, holder))
        taken = Taken(holder.address, {**{name: holder.get(name) for name in names}, **others}, returns)
        return _Release(key, taken, tuple(claims), tuple(kind.update(left, holder, changes, self.before)), left)

    def _changed(
        self,
        action: Action,
        goal: Resource,
        observed: Resource | None,
        taken: Sequence[Move],
        releases: Sequence[_Release],
    ) -> Action | None:
        """Return the action, starting from the state after earlier actions; None if it has nothing to do any more."""
        kind = self._kind(action)
        given = {move.given.attribute for move in taken}
        freeing = tuple(command for one in releases for command in one.commands)
        if action.kind is ActionKind.UPDATE:
            assert observed is not None
            return self._updated(kind, action, goal, observed, given, freeing)
        born = {name for name in given if kind.attributes[name].is_born_with}
        if observed is not None:
            again = (*kind.delete(observed, self.before), *kind.create(goal, self.end))
            action = replace(self._expecting(kind, action, observed, action.changes), commands=again)
        if born or not releases:
            return replace(action, commands=(*freeing, *action.commands))
        base = kind.released(goal, [move.given for move in taken], self.end)
        base = replace(base, attributes={n: v for n, v in base.attributes.items() if n not in given or v})
        gone = kind.delete(observed, self.before) if observed is not None else ()
        changes = [Change(name, base.get(name, ()), goal.get(name)) for name in sorted(given)]
        give = kind.update(goal, base, changes, self.end)
        return replace(action, commands=(*gone, *kind.create(base, self.end), *freeing, *give))

    def _updated(
        self,
        kind: Holder,
        action: Action,
        goal: Resource,
        observed: Resource,
        given: set[str],
        freeing: tuple[Command, ...],
    ) -> Action | None:
        changes = compare(kind.attributes, goal, observed, self.before.prior.resources.get(action.address))
        if not changes:
            return None
        others = [change for change in changes if change.attribute not in given]
        late = [change for change in changes if change.attribute in given]
        between = replace(observed, attributes={**observed.attributes, **values_after(others)})
        commands = (
            *(kind.update(goal, observed, others, self.end) if others else ()),
            *freeing,
            *(kind.update(goal, between, late, self.end) if late else ()),
        )
        return replace(self._expecting(kind, action, observed, changes), changes=changes, commands=commands)

    def _expecting(self, kind: Holder, action: Action, observed: Resource, changes: tuple[Change, ...]) -> Action:
        """Return the action with its expected state: the state after earlier actions."""
        seen = self._seen(kind, observed)
        draft = replace(action, changes=changes)
        after = Resource(action.address, values_after(changes))
        return replace(action, expects=expectation(kind, draft, seen), expects_after=project(kind, changes, after))

    def _seen(self, kind: Holder, observed: Resource) -> Landscape:
        """Return the landscape at the beginning with an object as earlier actions leave it."""
        return self.before.with_observed(kind.name, self.before.all(kind.name).replaced([observed]))

    def _nothing_left(self, action: Action, later: Sequence[str]) -> Action:
        """Return an action that only reads, because other actions take all values that its object gives up.

        If some of them act ``later``, the object is saved as the last one leaves it. Otherwise the read must show the
        desired values.
        """
        if later:
            by = self.actions[later[-1]].address
            looks = Action(action.address, ActionKind.ADOPT, remember=action.remember, position=action.position)
            return replace(looks, predicted_by=by)
        takers = {str(self.actions[move.taker].address) for move in self.moves if move.holder == key_of(action.address)}
        reason = f"goes to {listed(sorted(takers))}"
        return replace(action, commands=(), inverse=(), expects=action.expects_after, reasons=(reason,))

    def _reasons(self, taken: Sequence[Move], releases: Sequence[_Release]) -> Iterator[str]:
        released = {(one.key, claim) for one in releases for claim in one.claims}
        for one in releases:
            values = listed([claim.shown for claim in one.claims])
            comes, it = ("comes", "it") if len(one.claims) == 1 else ("come", "them")
            yield f"{values} {comes} from {one.taken.address}; no object has {it} between the two commands"
        for move in taken:
            holder = self.actions[move.holder]
            if (move.holder, move.claim) not in released and holder.kind is not ActionKind.DELETE:
                yield f"{move.claim} comes from {holder.address}; no object has it between that step and this one"

    def _delay(self, action: Action, taken: Sequence[Move]) -> Iterator[str]:
        """Yield the note that names the condition under which a new object uses its values."""
        note = self._kind(action).answers_later
        if note and taken and action.kind is not ActionKind.UPDATE:
            yield note


@dataclass(frozen=True, slots=True)
class _Release:
    """The release of claims by one holder, and its state afterwards."""

    key: str
    taken: Taken
    claims: tuple[Claim, ...]
    commands: tuple[Command, ...]
    left: Resource


def _after(goal: Resource, observed: Resource | None) -> Resource:
    return goal if observed is None else replace(observed, attributes={**observed.attributes, **goal.attributes})


def _only_loses(change: Change, leaving: Iterable[Claim]) -> bool:
    """True where a change only removes ``leaving``."""
    gone = {claim.shown for claim in leaving if claim.attribute == change.attribute}
    if isinstance(change.before, bool):
        return bool(gone)
    before, after = set(items(change.before)), set(items(change.after))
    return bool(before) and after <= before and before - after <= gone
