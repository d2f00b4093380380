"""What one object alone may hold at a time: a telephone number, an extension, a unique name.

A resource type says which of its attributes are exclusive; from these follow the claims that an object holds as it was
observed, and those that it makes as it is desired. What goes from one object to another is found by comparing the two.
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
    """One value within the scope where it is unique; two claims are equal where the servers refuse the second."""

    scope: str
    value: str
    """As the servers compare it."""
    attribute: str = field(compare=False)
    """The attribute that holds it."""
    shown: str = field(compare=False)
    """The value as it is written."""

    @classmethod
    def of(cls, scope: str, attribute: str, value: str) -> Claim:
        return cls(folded(scope), folded(value), attribute, value)

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class Taken:
    """An object that an action takes claims from, with what it takes for granted about it."""

    address: Address
    expects: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """The attributes that its commands change there, as they are before."""
    returns: tuple[Command, ...] = ()
    """The commands that give back what was released, should the servers refuse to give it to its new holder."""


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
