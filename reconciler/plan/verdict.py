"""Explains why the effect of a successful command is not observed, and whether it may still appear.

The explanation compares the reads before and after the command and those of the other replicas of the directory. Each
cause has one sentence. If the reads allow two causes, the sentence names both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.abilities import Piecemeal
from reconciler.model.actions import Action, ActionKind
from reconciler.model.attributes import comparable
from reconciler.model.diagnostics import listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, ResourceType
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value
from reconciler.plan.effects import project

STEADY = 5
"""Equal reads in a row, over about four seconds, after which the result counts as final."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The replicas of the directory that show an effect, those that do not, and those without an answer."""

    knows: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    """Domain controllers that could not be read."""
    pinned: str | None = None
    """The domain controller for all commands and reads."""
    called: str = "replica"
    """The product's word for a replica."""


@dataclass(frozen=True, slots=True)
class Look:
    """The reads at the time when an effect is not observed."""

    before: Landscape
    after: Landscape
    times: int = 1
    """How many reads in a row were equal."""
    was_seen: bool = False
    """True where an earlier read showed the effect."""
    elsewhere: Elsewhere | None = None
    """None: the effect does not replicate, or the replicas were not read yet."""

    @property
    def is_steady(self) -> bool:
        return self.times >= STEADY


@dataclass(frozen=True, slots=True)
class Cause:
    """The most likely cause."""

    text: str
    is_final: bool = False
    """True where the effect will not appear, so that waiting is useless."""


def likeliest(kind: ResourceType, action: Action, look: Look) -> Cause:
    """Return why the effect of ``action`` is not observed although all its commands succeeded."""
    if look.was_seen:
        return Cause("the effect was observed, then another administrator changed it back", is_final=look.is_steady)
    if look.elsewhere is not None and look.elsewhere.knows:
        return Cause(_not_replicated(look.elsewhere))
    if not isinstance(kind, Managed):
        text = kind.explain(action, look.before, look.after) if isinstance(kind, Piecemeal) else ""
        nowhere = _nowhere(look)
        return Cause(text or nowhere.text, nowhere.is_final)
    was, now = (each.at(action.address) for each in (look.before, look.after))
    return _another_object(kind, action, look, was, now) or _of_attributes(kind, action, look, was, now)


def _not_replicated(elsewhere: Elsewhere) -> str:
    knows = ", ".join(elsewhere.knows)
    if elsewhere.pinned is None:
        return f"{knows} shows the change, but the read used another {elsewhere.called}"
    return f"{knows} shows the change, but it has not replicated to {elsewhere.pinned}, which reconciler reads"


def _nowhere(look: Look) -> Cause:
    """Return the cause where no part of an effect is observed."""
    asked = look.elsewhere
    if asked is None:
        return Cause("the change has not replicated yet, or the server ignored the command")
    if asked.silent:
        silent = ", ".join(asked.silent)
        return Cause(f"{silent} cannot be read and may have the change, or the server ignored the command")
    return Cause(f"no {asked.called} shows the change: the server ignored the command", is_final=look.is_steady)


def _another_object(
    kind: Managed, action: Action, look: Look, was: Resource | None, now: Resource | None
) -> Cause | None:
    """Return the cause where the object that was read is not the object that was changed."""
    if now is None:
        if action.kind is ActionKind.UPDATE:
            return Cause("another administrator removed or renamed it meanwhile", is_final=True)
        other = next(_made_instead(kind, action, look), None)
        return Cause(f"the server created {other} instead", is_final=True) if other else None
    if was is None or was.guid is None or now.guid is None:
        return None
    if action.kind is ActionKind.REPLACE:
        return None if was.guid != now.guid else Cause("the old object still exists", is_final=look.is_steady)
    if was.guid != now.guid:
        return Cause("another administrator replaced it with an object of the same name", is_final=True)
    return None


def _made_instead(kind: Managed, action: Action, look: Look) -> Iterator[Address]:
    """Yield new objects under other names that have all attributes of the desired object."""
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
        text = f"another administrator changed {listed(third)}, or the server stored another value than the one sent"
        return Cause(text, is_final=look.is_steady)
    if taken:
        text = f"the server accepted {listed(taken)} and ignored {listed(lacking)}"
        return Cause(text, is_final=look.is_steady and len(action.commands) == 1)
    return _nowhere(look)


def _lacking(kind: Managed, found: Mapping[str, Value], wanted: Mapping[str, Value]) -> list[str]:
    """Return the attributes without their desired value, compared as the directory compares them."""
    there, asked = comparable(kind.attributes, found), comparable(kind.attributes, wanted)
    return [name for name in asked if there.get(name) != asked[name]]


def _projected(kind: Managed, action: Action, one: Resource | None) -> Mapping[str, Value] | None:
    return None if one is None else project(kind, action.changes, one)


# --- sentences -------------------------------------------------------------------------------------------------------


def read_otherwise(kind: ResourceType, action: Action, landscape: Landscape) -> tuple[str, ...]:
    """Return sentences about the observed values that differ from the effect of ``action``."""
    if not isinstance(kind, Managed):
        lacks = kind.lacking(action, landscape) if isinstance(kind, Piecemeal) else ()
        return lacks or ("its effect is not observed",)
    now = landscape.at(action.address)
    found, wanted = _projected(kind, action, now), action.expects_after
    if found is None:
        return ("it does not exist",)
    if wanted is None:
        return ("it still exists",)
    lacking = _lacking(kind, found, wanted)
    return tuple(f"{name} is {shown(found.get(name))}, desired {shown(wanted[name])}" for name in lacking)


def difference(expected: Mapping[str, Value] | None, found: Mapping[str, Value] | None) -> str:
    """Return a sentence about the difference between an object and the state that the plan expects."""
    if found is None:
        return "the plan expects that it exists, but it does not"
    if expected is None:
        return "the plan expects that it does not exist, but it exists"
    differing = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    changes = ", ".join(f"{name} is {shown(found.get(name))} and was {shown(expected.get(name))}" for name in differing)
    return f"it changed since the plan was made: {changes}"


def why_unreadable(address: Address, landscape: Landscape) -> str:
    why = landscape.unreadable.get(address) or landscape.unreadable.get(Address(address.type, "*"))
    return f"it cannot be read: {why.detail}" if why else "it cannot be read"


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
