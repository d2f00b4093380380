"""Everything that one run of the benchmark measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from tests.bench.headline import Headline
from tests.bench.listing import Listing
from tests.bench.measure import Figures, middle
from tests.bench.parts import Parts
from tests.bench.rounds import INSIDE, Measured
from tests.bench.slots import Applied, Load
from tests.bench.transport import Row


@dataclass(slots=True)
class Results:
    """What is None or empty was not measured."""

    machine: Mapping[str, str | int]
    seed: int
    start_up: Mapping[str, Sequence[Figures]] = field(default_factory=dict)
    transport: Sequence[Row] = ()
    listing: Listing | None = None
    slots: Mapping[Load, Sequence[Applied]] = field(default_factory=dict)
    headline: Headline | None = None
    parts: Parts | None = None
    sizes: dict[int, Measured] = field(default_factory=dict)
    """By the number of mailboxes, each in the estate that such a number has."""
    in_estate: dict[int, Measured] = field(default_factory=dict)
    """By the number of mailboxes, in an estate made for fewer."""

    def add(self, measured: Measured) -> None:
        """Take the rounds of one size."""
        (self.in_estate if measured.size.estate else self.sizes)[measured.size.mailboxes] = measured

    def figures(self, mailboxes: int, who: str, phase: str) -> Figures | None:
        """Return the medians of a phase."""
        size = self.sizes.get(mailboxes)
        return size.middle(who, phase) if size else None

    def started(self, name: str) -> Figures | None:
        return middle(self.start_up[name]) if self.start_up.get(name) else None

    def ratio(self, mailboxes: int, phase: str, over: str, under: str, value: str = "wall") -> float | None:
        """Return by how much a value of ``over`` is more than that of ``under``: the median over the pairs."""
        size = self.sizes.get(mailboxes)
        pairs = size.pairs((over, phase), (under, phase)) if size else []
        return median(getattr(one, value) / getattr(other, value) for one, other in pairs) if pairs else None

    def slower(self, mailboxes: int, phase: str, than: str) -> float | None:
        """Return how many times longer a phase in the process takes than another one."""
        return self.more(mailboxes, phase, than, "wall")

    def more(self, mailboxes: int, phase: str, than: str, value: str) -> float | None:
        """Return how many times more a phase in the process takes of something than another one."""
        size = self.sizes.get(mailboxes)
        pairs = size.pairs((INSIDE, phase), (INSIDE, than)) if size else []
        return median(getattr(one, value) / getattr(other, value) for one, other in pairs) if pairs else None

    def as_json(self) -> dict[str, Any]:
        """Return every figure of every round."""
        return {
            "machine": dict(self.machine),
            "seed": self.seed,
            "start_up": {name: [asdict(one) for one in taken] for name, taken in self.start_up.items()},
            "transport": [asdict(row) for row in self.transport],
            "listing": asdict(self.listing) if self.listing else None,
            "slots": [
                asdict(load) | {"rounds": [asdict(one) for one in rounds]} for load, rounds in self.slots.items()
            ],
            "headline": _rounds(self.headline.figures) if self.headline else [],
            "parts": asdict(self.parts) if self.parts else None,
            "sizes": [_size(measured) for measured in (*self.sizes.values(), *self.in_estate.values())],
        }


def _size(measured: Measured) -> dict[str, Any]:
    return {
        "mailboxes": measured.size.mailboxes,
        "estate": measured.size.estate or measured.size.mailboxes,
        "resources": measured.resources,
        "state": asdict(measured.state) if measured.state else None,
        "traffic": asdict(measured.traffic) if measured.traffic else None,
        "figures": _rounds(measured.figures),
    }


def _rounds(figures: Mapping[tuple[str, str], Sequence[Figures]]) -> list[dict[str, Any]]:
    return [
        {"who": who, "phase": phase, "rounds": [asdict(one) for one in taken]}
        for (who, phase), taken in figures.items()
    ]
