"""Numbers of a fixed length, of which each belongs to one person: the extensions of a dial plan."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reconciler.model.diagnostics import Position
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True)
class NumberRange:
    """All numbers of one object: the extensions of a dial plan."""

    name: str
    """The key of the object."""
    digits: int
    shared: str
    """Equal for ranges in which a number may be used only once: the dial plan and its equivalents."""


@dataclass(frozen=True, slots=True)
class NumberUse:
    """One use of a number."""

    number: str
    range: str
    """The name of the range; '' if it is used outside all of them, such as a telephone number."""
    holder: str
    """The address of the resource, or of the person, that uses it."""
    how: str
    """In words, how it is known: ``declared``, ``on the servers``."""
    is_exclusive: bool = True
    """False where the use does not forbid another one."""
    position: Position | None = None


class Numbering(ResourceType):
    """It knows the numbers that its resources use."""

    numbers_follow_from: ClassVar[tuple[str, ...]]
    """The types that have to be read to know every use."""

    @abstractmethod
    def ranges(self, landscape: Landscape) -> Sequence[NumberRange]:
        """Return the ranges by name."""

    @abstractmethod
    def uses(self, landscape: Landscape) -> Sequence[NumberUse]:
        """Return all uses; one that is declared and observed is one use."""
