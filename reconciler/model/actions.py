"""Actions: what a plan does to one resource, and the claims that go from one resource to another.

A claim is a value that only one object may hold at a time: a telephone number, an extension, a unique name. A resource
type declares its exclusive attributes. They give the claims of an observed object and of a desired object. A comparison
of both shows which values move from one object to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command
from reconciler.model.diagnostics import Position
from reconciler.model.nested import Part, parts
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import EMPTY, UNSET, Digest, Unset, Value, fingerprint, folded, texts


@dataclass(frozen=True, slots=True)
class Claim:
    """One value in the scope in which it is unique. The servers refuse the second of two equal claims."""

    scope: str
    value: str
    """The value in the form that servers compare."""
    attribute: str = field(compare=False)
    """The attribute with the value."""
    shown: str = field(compare=False)
    """The value as written."""

    @classmethod
    def of(cls, scope: str, attribute: str, value: str) -> Claim:
        return cls(folded(scope), folded(value), attribute, value)

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class Taken:
    """An object from which an action takes claims, with the state that the action expects of it."""

    address: Address
    expects: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """The attributes that the commands change there, with their values before."""
    returns: tuple[Command, ...] = ()
    """The commands that restore the claims if the servers refuse to give them to the new holder."""


def exclusive_claims(attributes: Mapping[str, Attribute], resource: Resource) -> tuple[Claim, ...]:
    """Return the claims that the exclusive attributes of ``resource`` make."""
    return tuple(
        Claim.of(attribute.exclusive, attribute.name, item)
        for attribute in attributes.values()
        if attribute.exclusive
        for item in texts(resource.get(attribute.name))
    )


def without(holder: Resource, claims: Iterable[Claim]) -> Resource:
    """Return the holder without the values of ``claims``."""
    values = dict(holder.attributes)
    for claim in claims:
        kept = tuple(one for one in texts(values[claim.attribute]) if folded(one) != claim.value)
        values[claim.attribute] = kept if isinstance(values[claim.attribute], tuple) else None
    return replace(holder, attributes=values)


class ActionKind(Enum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    ADOPT = "adopt"
    RUN = "run"


class Proof(Enum):
    """How the outcome of an action is found out."""

    OBSERVABLE = "observable"
    """The postcondition can be read."""
    LEVEL = "level"
    """The postcondition is a comparison of observed times or of a set of objects."""
    UNOBSERVABLE = "unobservable"
    """It leaves no trace. It is sent at most once; in doubt, its outcome is unknown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute, observed against desired.

    ``before`` is UNSET if the object does not exist or its value was not read.
    """

    attribute: str
    before: Value | Unset = UNSET
    after: Value | Unset = UNSET

    @property
    def parts(self) -> tuple[Part, ...]:
        """What differs within nested values; empty for other values."""
        return parts(self.before, self.after)


def turned(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that restore the observed values. A value that was not observed cannot be restored."""
    return tuple(Change(one.attribute, one.after, one.before) for one in changes if one.before is not UNSET)


def values_after(changes: Iterable[Change]) -> dict[str, Value]:
    """Return the values of the attributes after the changes; UNSET counts as cleared."""
    return {one.attribute: None if one.after is UNSET else one.after for one in changes}


@dataclass(frozen=True, slots=True)
class Action:
    """What a plan does to one resource: the exact commands, the reasons, the expected state, and how to undo it."""

    address: Address
    kind: ActionKind
    changes: tuple[Change, ...] = ()
    commands: tuple[Command, ...] = ()
    reasons: tuple[str, ...] = ()
    expects: Mapping[str, Value] | None = None
    """The values that the object must have before the action runs; None: the object must be absent."""
    expects_after: Mapping[str, Value] | None = None
    """The values that the object has after a success; None: the object is absent."""
    inverse: tuple[Command, ...] = ()
    needs: tuple[Address, ...] = ()
    """Hard dependencies: if the action there fails, this one is blocked."""
    takes_from: tuple[Taken, ...] = ()
    """Objects from which its commands release claims, directly before this object gets them."""
    predicted_by: Address | None = None
    """The action that makes the object or the values from which this action starts; None: they were observed."""
    owes: tuple[Obligation, ...] = ()
    """Obligations that are opened together with its intent."""
    discharges: tuple[Obligation, ...] = ()
    """Obligations that its success ends."""
    proof: Proof = Proof.OBSERVABLE
    settle_seconds: int = 0
    """How long later actions in the same pool wait after it."""
    replaced_by: Address | None = None
    """Of a removal: the declared object that takes its place."""
    destroyed: tuple[Address, ...] = ()
    """The removed objects that count for ``--max-destroy``."""
    group: str = ""
    """Actions with the same label are one step of the graph; '' for a separate step."""
    wave: str = ""
    remember: Resource | None = None
    """The entry of the state after it: the managed attributes; None to forget the resource."""
    position: Position | None = field(default=None, compare=False)

    @property
    def is_of_users(self) -> bool:
        """True for one of many like it, which do not depend on each other: an action on a user."""
        return self.group != "" and self.kind is not ActionKind.RUN

    @property
    def fingerprint(self) -> Digest:
        """The SHA-256, in hex, of ``expects``."""
        return fingerprint(self.expects)
