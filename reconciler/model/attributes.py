"""Attributes: what a resource type declares about each of its values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.model.values import Value, folded


class AttributeKind(Enum):
    SCALAR = "scalar"
    SET = "set"
    """Compared without order; canonical form is a sorted tuple."""
    LIST = "list"
    """Order counts."""
    MEMBERSHIP = "membership"
    """A set of which only the elements we declare are ours: others are left alone."""


class AttributeRole(Enum):
    MANAGED = "managed"
    CREATE_ONLY = "create-only"
    """No Set parameter exists: a difference means replacing the object."""
    READ_ONLY = "read-only"
    INTENT = "intent"
    """For the engine alone: other resources follow from it; never sent, never compared."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a resource type. ``name`` is the YAML key and the name everywhere but in the cmdlets."""

    name: str
    doc: str = ""
    kind: AttributeKind = AttributeKind.SCALAR
    role: AttributeRole = AttributeRole.MANAGED
    parameter: str | None = None
    """Cmdlet parameter that sets it."""
    output: str | None = None
    """Cmdlet property that tells it."""
    references: str | None = None
    """The resource type that its value (each element) names."""
    exclusive: str = ""
    """The scope within which one object alone may hold its value (each element); '' where any number may."""
    is_born_with: bool = False
    """Of an exclusive one: a new object needs it from its first command, so it cannot be given later."""

    @property
    def is_compared(self) -> bool:
        return self.role in (AttributeRole.MANAGED, AttributeRole.CREATE_ONLY)

    def comparable(self, value: Value) -> Value:
        """Return the value as it is compared: names of objects in the form in which the directory compares them."""
        if self.references is None:
            return value
        if isinstance(value, tuple):
            names = (folded(item) if isinstance(item, str) else item for item in value)
            return tuple(names) if self.kind is AttributeKind.LIST else tuple(sorted(set(names), key=str))
        return folded(value) if isinstance(value, str) else value
