"""Values that only one object may hold at a time: a telephone number, an extension, a unique name.

A resource type declares its exclusive attributes. They give the claims of an observed object and of a desired object.
A comparison of both shows which values move from one object to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.addresses import Address
from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command
from reconciler.model.resources import Resource
from reconciler.model.values import EMPTY, Value, folded, texts


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
