"""What the rules of several objects of Unified Messaging share: limits of numbers, and who refers to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from providers.simulator.invocation.call import Call
from providers.simulator.invocation.shapes import Computed, object_id
from providers.simulator.world.directory import Entry


def check_ranges(call: Call, ranges: Mapping[str, tuple[int, int]], properties: Mapping[str, object]) -> None:
    """Refuse whole numbers among ``properties`` that lie outside their range, ends included."""
    for name, (low, high) in ranges.items():
        value = properties.get(name)
        if isinstance(value, int) and not low <= value <= high:
            raise call.error(
                "DataValidationException", "out-of-range", name, name=name, value=value, low=low, high=high
            )


def referring(call: Call, noun: str, property: str, entry: Entry) -> Iterator[Entry]:
    """Yield the objects of a noun whose ``property`` names ``entry``."""
    return (other for other in call.view.of(noun) if other.refers_to(property, entry.guid))


def back_links(noun: str, property: str) -> Computed:
    """Return the read-only property that lists who refers to an object."""
    return lambda call, entry: [object_id(other) for other in referring(call, noun, property, entry)]
