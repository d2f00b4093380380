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


def listed(items: Iterable[str], limit: int = 8) -> str:
    """Return ``a, b and c``; beyond ``limit`` items ``a, b, c and 4 more``."""
    every = list(items)
    if len(every) > limit + 1:
        every = [*every[:limit], f"{len(every) - limit:,} more"]
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def nearest(word: str, choices: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return the choices that are most similar to ``word``, the most similar first."""
    by_folded = {folded(choice): choice for choice in choices}
    name = folded(word)
    found = difflib.get_close_matches(name, by_folded, n=most, cutoff=0.6)
    parts = sorted(one for one in by_folded if min(len(name), len(one)) > 3 and (name in one or one in name))
    return tuple(by_folded[one] for one in dict.fromkeys([*found, *parts]))[:most]


def did_you_mean(word: str, choices: Iterable[str], *, otherwise: str = "") -> str:
    """Return a remedy for an unknown word: the most similar choice, or all of them."""
    known = sorted(choices)
    if near := nearest(word, known, most=1):
        return f'Did you mean "{near[0]}"? {otherwise}'.strip()
    return f"Use one of: {listed(known, 20)}." if known else otherwise or "There are none."
