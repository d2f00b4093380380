"""The difference within nested values: business hours by day, keys of a menu, holidays by name.

deepdiff finds it. It is imported with the first nested values that differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from reconciler.model.values import UNSET, Nested, Unset, Value


@dataclass(frozen=True, slots=True)
class Part:
    """One nested value that differs; UNSET where a side does not have it."""

    path: tuple[str, ...]
    """The names that lead to it: ``("1", "extension")``."""
    before: Value | Unset = UNSET
    after: Value | Unset = UNSET


def parts(before: Value | Unset, after: Value | Unset) -> tuple[Part, ...]:
    """Return the nested values that differ, empty if a side has no nested values.

    They stand in the order of the side with more names, which is that of a week or of a menu, and the others follow.
    """
    if not isinstance(before, Nested) or not isinstance(after, Nested) or before == after:
        return ()
    from deepdiff import DeepDiff

    found = DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0)
    places = {_place(level.path(output_format="list")) for levels in found.values() for level in levels}
    return tuple(
        Part(place, _at(before, place), _at(after, place)) for place in _in_order(before, after) if place in places
    )


def _in_order(before: Value | Unset, after: Value | Unset, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the place of each value of two sides, with those of all nested values."""
    sides = [side for side in (before, after) if isinstance(side, Nested)]
    sides.sort(key=len, reverse=True)
    for name in dict.fromkeys(chain.from_iterable(sides)):
        yield (*above, name)
        yield from _in_order(_at(before, (name,)), _at(after, (name,)), (*above, name))


def _place(path: list[str | int]) -> tuple[str, ...]:
    """Return the names of a path; a list within nested values is one value."""
    names: list[str] = []
    for part in path:
        if not isinstance(part, str):
            break
        names.append(part)
    return tuple(names)


def _at(value: Value | Unset, place: tuple[str, ...]) -> Value | Unset:
    found: Value | Unset = value
    for name in place:
        if not isinstance(found, Nested) or name not in found:
            return UNSET
        found = found[name]
    return found
