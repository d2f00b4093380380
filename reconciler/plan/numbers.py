"""Answers questions about numbers: which are free, who has one, which are used twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from reconciler.model.landscape import Landscape
from reconciler.model.numbers import Numbering, NumberRange, NumberUse
from reconciler.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True)
class FreeNumber:
    """A number that nobody uses."""

    number: str
    range: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """The ranges of an environment and all uses of their numbers."""

    ranges: Mapping[str, NumberRange]
    uses: Sequence[NumberUse]

    @classmethod
    def of(cls, types: Iterable[ResourceType], landscape: Landscape) -> Numbers:
        """Return the numbers that the types with such numbers know."""
        kinds = [kind for kind in types if isinstance(kind, Numbering)]
        ranges = sorted((one for kind in kinds for one in kind.ranges(landscape)), key=lambda one: one.name)
        uses = sorted((one for kind in kinds for one in kind.uses(landscape)), key=_order)
        return cls({one.name: one for one in ranges}, tuple(uses))

    def who(self, number: str) -> tuple[NumberUse, ...]:
        """Return every use of a number."""
        return tuple(use for use in self.uses if use.number == number)

    def duplicates(self) -> tuple[NumberUse, ...]:
        """Return the uses of numbers that several people have in ranges that share their numbers."""
        by_number: dict[tuple[str, str], list[NumberUse]] = defaultdict(list)
        for use in self.uses:
            if use.is_exclusive and use.range in self.ranges:
                by_number[use.number, self.ranges[use.range].shared].append(use)
        several = (uses for uses in by_number.values() if len({use.holder for use in uses}) > 1)
        return tuple(sorted(chain.from_iterable(several), key=_order))

    def free(self, name: str, count: int, start: str = "") -> tuple[FreeNumber, ...]:
        """Return at most ``count`` numbers of a range that nobody uses, upwards from ``start``.

        Args:
            start: default the smallest used number of the range, so that numbers of the same block come first.
        """
        known = self.ranges[name]
        used = {use.number for use in self.uses if self._is_near(use, known)}
        found = (number for number in _upwards(known, start or self._first(known)) if number not in used)
        return tuple(FreeNumber(number, name) for number in islice(found, count))

    def _is_near(self, use: NumberUse, known: NumberRange) -> bool:
        """True for a use in a range that shares its numbers, or outside all ranges."""
        other = self.ranges.get(use.range)
        return other is None or other.shared == known.shared

    def _first(self, known: NumberRange) -> str:
        own = [use.number for use in self.uses if use.range == known.name and len(use.number) == known.digits]
        return min(own, default="1".ljust(known.digits, "0"))


def _upwards(known: NumberRange, start: str) -> Iterator[str]:
    """Yield all numbers of a range: from ``start``, then those below it; last those that begin with zero."""
    lowest, end = 10 ** (known.digits - 1), 10**known.digits
    first = min(int(start), end)
    order = chain(range(first, end), range(lowest, first), range(min(lowest, first)))
    return (str(number).rjust(known.digits, "0") for number in order)


def _order(use: NumberUse) -> tuple[str, str, str, str]:
    return use.number, use.range, use.holder, use.how
