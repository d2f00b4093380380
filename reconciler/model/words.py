"""Counts, durations, lists and near misses in words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from reconciler.model.values import folded


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 mailbox``, ``10,000 mailboxes``."""
    return f"{number:,} {noun if number == 1 else plural or plural_of(noun)}"


def plural_of(noun: str) -> str:
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def duration(seconds: float) -> str:
    """Return ``0.4s``, ``45s``, ``2m 10s``, ``1h 5m``, ``3d 2h``: the two largest units that count."""
    if seconds < 9.95 and round(seconds, 1) != int(seconds):
        return f"{seconds:.1f}s"
    left = round(seconds)
    for size, unit, lower_size, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if left >= size:
            rest = left % size // lower_size
            return f"{left // size}{unit} {rest}{lower}" if rest else f"{left // size}{unit}"
    return f"{left}s"


def listed(items: Iterable[str], limit: int = 3) -> str:
    """Return ``a, b and c``; beyond ``limit`` items ``a, b, c and 4 more``."""
    every = list(items)
    if len(every) > limit + 1:
        every = [*every[:limit], f"{len(every) - limit:,} more"]
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a remedy that names what comes close to ``name``, or else what there is."""
    names = sorted(known)
    by_folded = {folded(each): each for each in names}
    close = difflib.get_close_matches(folded(name), by_folded, n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{by_folded[close[0]]}"?'
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"There are: {shown}." if names else "There are none."


def enumerated(names: Iterable[str], limit: int = 8) -> str:
    """Return names as a list for people, cut where it grows long."""
    several = list(names)
    shown = ", ".join(several[:limit])
    return f"{shown} and {len(several) - limit} more" if len(several) > limit else shown
