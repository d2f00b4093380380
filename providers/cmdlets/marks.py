"""Marks: what the declaration of an attribute says beside its value type, ``Annotated[Truth, Clearable()]``.

Without a mark the attribute is managed and optional, and its cmdlet parameter and property are its own name in Pascal
case. The published reference knows the rest: which cmdlet takes the parameter, its accepted values and its limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from reconciler.model.landscape import Named

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Param:
    """The cmdlet parameter, where it is not the attribute's name in Pascal case."""

    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """The cmdlet property, where it is not the parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateOnly:
    """Another value means another object, although the reference does not say so."""


class ChangedBy:
    """Other cmdlets than Set-<noun> change it."""

    def __init__(self, *cmdlets: str) -> None:
        self.cmdlets = cmdlets


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Observed and recorded, never declared; so is every attribute of a type that nothing changes."""


@dataclass(frozen=True, slots=True)
class Intent:
    """For the engine alone: other resources follow from it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Of a set, only the elements declared are ours."""


@dataclass(frozen=True, slots=True)
class Clearable:
    """``null`` clears it: the cmdlet is sent ``$null``."""


@dataclass(frozen=True, slots=True)
class References:
    """The resource type that the value (each element) names."""

    kind: Named


@dataclass(frozen=True, slots=True)
class Exclusive:
    """One object alone may hold the value (each element) within ``scope``."""

    scope: str
    at_birth: bool = False
    """The object is made with it: it cannot be given by a later command."""


@dataclass(frozen=True, slots=True)
class Required:
    """A declaration without it is an error."""


def find(marks: Sequence[object], kind: type[_T]) -> _T | None:
    """Return the mark of a kind; None where the attribute has none."""
    return next((mark for mark in marks if isinstance(mark, kind)), None)
