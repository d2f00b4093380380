"""Why an action that the server reported done reads otherwise, and whether its effect may still come.

The cause follows from what was read: before the command, after it, and from the other replicas of the directory. Each
cause has its sentence; where what was read fits two of them, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.abilities import Piecemeal
from reconciler.model.actions import Action, ActionKind
from reconciler.model.addresses import Address
from reconciler.model.attributes import comparable
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, ResourceType
from reconciler.model.resources import Resource
from reconciler.model.values import Value
from reconciler.plan.effects import project

STEADY = 5
"""Looks in a row, over some four seconds, that read the same: then what is read is what there is."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the replicas of the directory know of an effect, by name."""

    knows: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    """They could not be asked."""
    pinned: str | None = None
    """The one that commands go to and are read from."""
    called: str = "replica"
    """What a replica is called."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known when an effect is not seen."""

    before: Landscape
    after: Landscape
    times: int = 1
    """How many looks in a row read the same."""
    was_seen: bool = False
    """An earlier look saw the effect."""
    elsewhere: Elsewhere | None = None
    """None: the effect is none that replicates, or nobody was asked yet."""

    @property
    def is_steady(self) -> bool:
        return self.times >= STEADY


@dataclass(frozen=True, slots=True)
class Cause:
    """The likeliest cause."""

    told: str
    is_final: bool = False
    """Nothing is to be hoped: whoever waits may stop."""


def likeliest(kind: ResourceType, action: Action, look: Look) -> Cause:
    """Return why the effect of ``action``, whose commands all succeeded, is not seen."""
    if look.was_seen:
        return Cause("its effect was seen, and then somebody else changed it back", is_final=look.is_steady)
    if look.elsewhere is not None and look.elsewhere.knows:
        return Cause(_not_replicated(look.elsewhere))
    if not isinstance(kind, Managed):
        told = kind.explain(action, look.before, look.after) if isinstance(kind, Piecemeal) else ""
        nowhere = _nowhere(look)
        return Cause(told or nowhere.told, nowhere.is_final)
    was, now = (each.one(kind.name, action.address.key) for each in (look.before, look.after))
    return _another_object(kind, action, look, was, now) or _of_attributes(kind, action, look, was, now)


def _not_replicated(elsewhere: Elsewhere) -> str:
    knows = ", ".join(elsewhere.knows)
    if elsewhere.pinned is None:
        return f"{knows} shows it, and it was read from another {elsewhere.called}"
    return f"{knows} shows it and {elsewhere.pinned}, which is read, does not yet: it has not replicated"


def _nowhere(look: Look) -> Cause:
    """Return the cause where nothing at all is seen of an effect."""
    asked = look.elsewhere
    if asked is None:
        return Cause("it has not replicated yet, or the server ignored what was sent")
    if asked.silent:
        told = f"{', '.join(asked.silent)} cannot be asked: it may know it, or the server ignored what was sent"
        return Cause(told)
    return Cause(f"no {asked.called} shows it: the server ignored what was sent", is_final=look.is_steady)


def _another_object(
    kind: Managed, action: Action, look: Look, was: Resource | None, now: Resource | None
) -> Cause | None:
    """Return the cause where the object that is read is not the one that was acted upon."""
    if now is None:
        if action.kind is ActionKind.UPDATE:
            return Cause("somebody removed or renamed it meanwhile", is_final=True)
        other = next(_made_instead(kind, action, look), None)
        return Cause(f"the server made {other} instead", is_final=True) if other else None
    if was is None or was.guid is None or now.guid is None:
        return None
    if action.kind is ActionKind.REPLACE:
        return None if was.guid != now.guid else Cause("the old object stands there still", is_final=look.is_steady)
    if was.guid != now.guid:
        return Cause("somebody put another object of that name in its place meanwhile", is_final=True)
    return None


def _made_instead(kind: Managed, action: Action, look: Look) -> Iterator[Address]:
    """Yield new objects under other names that have everything the one asked for was to have."""
    if action.kind not in (ActionKind.CREATE, ActionKind.REPLACE) or not action.expects_after:
        return
    known = look.before.all(kind.name)
    for one in look.after.all(kind.name).values():
        if one.key not in known and not _lacking(kind, project(kind, action.changes, one), action.expects_after):
            yield one.address


def _of_attributes(kind: Managed, action: Action, look: Look, was: Resource | None, now: Resource | None) -> Cause:
    wanted, found = action.expects_after, _projected(kind, action, now)
    if now is None or wanted is None or found is None:
        return _nowhere(look)
    lacking = _lacking(kind, found, wanted)
    taken = [name for name in wanted if name not in lacking]
    before = _projected(kind, action, was)
    third = [] if before is None else [name for name in _lacking(kind, found, before) if name in lacking]
    if third:
        told = f"somebody else changed {_enumerated(third)} meanwhile, or the server keeps another value than was sent"
        return Cause(told, is_final=look.is_steady)
    if taken:
        told = f"the server took {_enumerated(taken)} and ignored {_enumerated(lacking)}"
        return Cause(told, is_final=look.is_steady and len(action.commands) == 1)
    return _nowhere(look)


def _lacking(kind: Managed, found: Mapping[str, Value], wanted: Mapping[str, Value]) -> list[str]:
    """Return the attributes that are not as wanted, as the directory compares them."""
    told, asked = comparable(kind.attributes, found), comparable(kind.attributes, wanted)
    return [name for name in asked if told.get(name) != asked[name]]


def _projected(kind: Managed, action: Action, one: Resource | None) -> Mapping[str, Value] | None:
    return None if one is None else project(kind, action.changes, one)


# --- in words --------------------------------------------------------------------------------------------------------


def read_otherwise(kind: ResourceType, action: Action, landscape: Landscape) -> tuple[str, ...]:
    """Return in words what was read instead of the effect of ``action``."""
    if not isinstance(kind, Managed):
        lacks = kind.lacking(action, landscape) if isinstance(kind, Piecemeal) else ()
        return lacks or ("its effect is not seen",)
    now = landscape.one(kind.name, action.address.key)
    found, wanted = _projected(kind, action, now), action.expects_after
    if found is None:
        return ("it is not there",)
    if wanted is None:
        return ("it is still there",)
    lacking = _lacking(kind, found, wanted)
    return tuple(f"{name} is {shown(found.get(name))}, and was to be {shown(wanted[name])}" for name in lacking)


def difference(expected: Mapping[str, Value] | None, found: Mapping[str, Value] | None) -> str:
    """Return in words how the live object differs from what a plan took for granted."""
    if found is None:
        return "the plan took for granted that it exists, and it does not"
    if expected is None:
        return "the plan took for granted that it does not exist, and it does"
    differing = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    told = ", ".join(f"{name} is {shown(found.get(name))} and was {shown(expected.get(name))}" for name in differing)
    return f"it changed since the plan was made: {told}"


def why_unreadable(address: Address, landscape: Landscape) -> str:
    told = landscape.unreadable.get(address) or landscape.unreadable.get(Address(address.type, "*"))
    return f"it cannot be read: {told.detail}" if told else "it cannot be read"


def shown(value: Value) -> str:
    """Return a value for a sentence."""
    match value:
        case None:
            return "not set"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(shown(item) for item in value)}]" if value else "none"
        case _:
            return str(value) or "empty"


def _enumerated(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
