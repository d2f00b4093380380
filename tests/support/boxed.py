"""Small dataclasses with a field of each kind that a codec writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.values import EMPTY, UNSET, Unset, Value


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    at: Point
    colour: Colour = Colour.RED
    size: int = 0
    is_open: bool = False
    lid: str | None = None
    corners: tuple[Point, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    attributes: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    value: Value | Unset = UNSET
    hidden: int = field(default=7, compare=False)

    @property
    def area(self) -> int:
        return self.size * self.size
