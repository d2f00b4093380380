"""Marks in the declaration of an attribute, in addition to its value type: ``Annotated[Truth, Clearable()]``.

An attribute without marks is managed and optional, and its cmdlet parameter and property have its name in Pascal case.
The published reference has the rest: the cmdlets with the parameter, its accepted values and its limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from reconciler.model.landscape import Named

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Param:
    """The cmdlet parameter, if it differs from the attribute's name in Pascal case."""

    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """The cmdlet property, if it differs from the parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateOnly:
    """A different value needs a new object, although the reference does not say so."""


class ChangedBy:
    """Cmdlets that change it instead of Set-<noun>."""

    def __init__(self, *cmdlets: str) -> None:
        self.cmdlets = cmdlets


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Observed and saved, never declared. All attributes of a fact are read-only."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Only the engine uses it to derive other resources."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A set of which we manage only the declared elements."""


@dataclass(frozen=True, slots=True)
class Clearable:
    """``null`` clears it: the cmdlet receives ``$null``."""


@dataclass(frozen=True, slots=True)
class References:
    """The resource type that the value (each element) names."""

    kind: Named


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Only one object may have the value (each element) within ``scope``."""

    scope: str
    at_birth: bool = False
    """True if the command that creates the object must set it; a later command cannot."""


@dataclass(frozen=True, slots=True)
class Required:
    """A declaration without it is an error."""


def find(marks: Sequence[object], kind: type[_T]) -> _T | None:
    """Return the mark of a kind; None if the attribute has none."""
    return next((mark for mark in marks if isinstance(mark, kind)), None)
