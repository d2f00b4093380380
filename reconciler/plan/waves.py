"""Puts the steps on users into waves, which are applied one after the other.

    waves of the files -> rank of each action -> steps of one wave -> gates of the plan

A step belongs to one wave, and waits for the steps of the wave before it to end (a soft edge). The plan also holds how
many users of a wave may fail; apply starts no step of a later wave before the earlier ones passed (``run.waves``).

An exchange of values ties users of several waves together: who takes an extension writes to its holder. Such users are
all done in the latest of their waves, and so is each user who waits for a user of a later wave. So nobody of a later
wave is written early, and no edge leads from a wave to a later one, which would close a circle. Removals of users
belong to their waves too; removals of other objects stay last. Who takes a value from such an object writes to it
before, and does not wait for its removal, which waits for all users of the object.

Rejected: hard edges between waves, which would block users who merely give a value away, and one graph for each wave,
in which a value could not move between them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.abilities import Rows
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.graph import closure, reversed_edges
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address, Resources
from reconciler.model.waves import WAVE, Gate
from reconciler.plan.moves import key_of
from reconciler.plan.plan import Step
from reconciler.plan.selection import hard_needs, stands_on


@dataclass(frozen=True, slots=True)
class Ranks:
    """In which wave each action on a user is done."""

    names: tuple[str, ...] = ()
    """The waves in order; empty: there is no order."""
    by_key: Mapping[str, int] | None = None
    """The place of the wave of each action, by its key; users without a wave have the place after the last one."""

    @classmethod
    def of(cls, actions: Iterable[Action], names: Sequence[str]) -> Ranks:
        """Return the ranks of ``actions``: of each the latest of its own wave and of those that it stands on."""
        if not names:
            return cls()
        by_key = {key_of(action.address): action for action in actions}
        place = {name: number for number, name in enumerate(names)}
        own = {key: place.get(action.wave, len(names)) for key, action in by_key.items() if action.is_of_users}
        last = {one.address for one in by_key.values() if one.kind is ActionKind.DELETE and not one.is_of_users}
        standing = reversed_edges({key: [*map(key_of, _waits_for(one, last))] for key, one in by_key.items()})
        found: dict[str, int] = {}
        for rank in sorted(set(own.values()), reverse=True):
            for key in closure([key for key, number in own.items() if number == rank], standing):
                found.setdefault(key, rank)
        return cls(tuple(names), found)

    def rank(self, action: Action) -> int:
        """Return the place of the wave in which an action is done; 0 where there is no order."""
        return 0 if self.by_key is None else self.by_key.get(key_of(action.address), 0)

    def wave(self, action: Action) -> str:
        """Return the wave in which an action on a user is done; '' after the last one, and where there is no order."""
        place = self.rank(action)
        return self.names[place] if action.is_of_users and place < len(self.names) else ""

    def explained(self, action: Action) -> Action:
        """Return an action with the reason why it is done in a later wave than its own."""
        if self.by_key is None or not action.is_of_users or (wave := self.wave(action)) == action.wave:
            return action
        late = self.rank(action)
        keys = ((one, self.by_key.get(key_of(one), -1)) for one in stands_on(action))
        because = next((f", because of {one}" for one, rank in keys if rank == late), "")
        when = f"done in wave {wave}" if wave else "done after all waves"
        return replace(action, reasons=(*action.reasons, f"{when}{because}"))


def _waits_for(action: Action, last: Collection[Address]) -> Iterator[Address]:
    """Yield what ``action`` depends on, without a holder among ``last`` that only gives it a value before it goes."""
    needs = hard_needs(action)
    return (one for one in stands_on(action) if one in needs or one not in last)


def gates_of(
    steps: Iterable[Step], left_out: Iterable[Diagnostic], types: Sequence[ResourceType], end: Landscape
) -> tuple[Gate, ...]:
    """Return the waves that have work in a plan, or users whom it leaves out, in order.

    A percentage is one of all users that are declared in the wave, and not of those in this plan: so the limit is equal
    in a plan that goes on after a failure. There the users who failed are planned again, and those who did not are not.

    Args:
        steps: all steps of the plan.
        left_out: the findings that leave users out.
        end: the landscape after the plan.
    """
    waves = end.settings.waves
    rows = {kind.name for kind in types if isinstance(kind, Rows)}
    users, acting = Counter[str](), set[str]()
    for step in steps:
        acting.add(step.wave)
        users[step.wave] += len(step.actions) if step.first.address.type in rows else 0
    if not waves or not acting:
        return ()
    sizes, without = Counter[str](), defaultdict[str, set[str]](set)
    for type_name in sorted(rows):
        declared = (end.written(type_name), end.ending(type_name))
        sizes.update(name for each in declared for name in _named(each))
        for name, address in _waves_of(left_out, type_name, declared):
            without[name].add(address)
    return tuple(
        Gate(
            one.name,
            users[one.name],
            sizes[one.name],
            one.max_failures.within(sizes[one.name]),
            tuple(sorted(without[one.name])),
        )
        for one in waves
        if one.name in acting or without[one.name]
    )


def _named(users: Resources) -> Iterator[str]:
    return (str(row[0]) for row in users.rows((WAVE,), users.folded) if row is not None)


def _waves_of(found: Iterable[Diagnostic], type_name: str, rows: Sequence[Resources]) -> Iterator[tuple[str, str]]:
    """Yield the wave and the address of each user of a type who is left out."""
    for address in (one.address for one in found if one.address and one.leaves_out):
        named = Address.parse(address)
        user = next((each[named.key] for each in rows if named.key in each), None) if named.type == type_name else None
        if user is not None:
            yield str(user.get(WAVE) or ""), address
