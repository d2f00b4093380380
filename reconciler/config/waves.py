"""Reads ``waves``: the batches of users in the order in which they are applied, each with the failures that it allows.

The order is that of the list, so the list stands in one file. A row that names a wave outside the list is an error: a
misspelt wave would be applied at another time than its author thinks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from reconciler.config.connections import unknown_key
from reconciler.config.declarations import Declarations
from reconciler.config.source_text import MAX_ERRORS
from reconciler.config.yaml_reader import Node
from reconciler.model.diagnostics import Diagnostic, did_you_mean
from reconciler.model.shares import Share
from reconciler.model.values import UNSET
from reconciler.model.waves import NONE, WAVE, Wave

KEYS = ("name", "max_failures")
_EXAMPLE = "waves:\n      - {name: pilot, max_failures: 0}\n      - {name: rest, max_failures: 5%}"


def read_waves(parts: Sequence[Node], found: list[Diagnostic]) -> tuple[Wave, ...]:
    """Return the declared waves in their order; add the errors of the section to ``found``."""
    if not parts:
        return ()
    first, *others = sorted(parts, key=lambda part: part.position(on_key=True))
    for part in others:
        detail = f'"waves" stands here and at {first.position(on_key=True)}. The order is that of one list.'
        found.append(part.diagnostic("Duplicate key", detail, "Write all waves in one list.", on_key=True))
    if not isinstance(first.value, list):
        detail = '"waves" must be a list: its order is the order of work.'
        found.append(first.diagnostic("Invalid section", detail, f"Write:\n\n    {_EXAMPLE}", on_key=True))
        return ()
    waves: dict[str, Wave] = {}
    for element in first.elements():
        wave = _wave(element, found)
        if wave is not None and wave.name in waves:
            detail = f'"waves" holds the wave "{wave.name}" twice.'
            found.append(element.diagnostic("Duplicate wave", detail, "Remove one of the two."))
        elif wave is not None:
            waves[wave.name] = wave
    return tuple(waves.values())


def _wave(element: Node, found: list[Diagnostic]) -> Wave | None:
    """Return one wave, written as a mapping or as its name alone."""
    if isinstance(element.value, str) and element.value.strip():
        return Wave(element.value.strip())
    keys = dict(element.items())
    unknown = [unknown_key(node, key, "A wave", KEYS) for key, node in keys.items() if key not in KEYS]
    found += unknown
    if unknown and "name" not in keys:
        return None  # a misspelt key may be the name
    name = keys["name"].value if "name" in keys else None
    if not isinstance(name, str) or not name.strip():
        detail = "A wave needs a name, as the rows of its users have it."
        found.append(element.diagnostic("Invalid element", detail, f"Write:\n\n    {_EXAMPLE}"))
        return None
    failures = _failures(keys["max_failures"], found) if "max_failures" in keys else NONE
    return None if failures is None else Wave(name.strip(), failures)


def _failures(node: Node, found: list[Diagnostic]) -> Share | None:
    try:
        return Share.parse(node.value if isinstance(node.value, str) else "")
    except ValueError as error:
        detail = f'"max_failures" is {node.value!r}. This {error}.'
        remedy = "Write how many users of the wave may fail, or which part of them. Default: 0."
        found.append(node.diagnostic("Invalid value", detail, remedy))
        return None


def unknown_waves(waves: Sequence[Wave], into: Declarations) -> Iterator[Diagnostic]:
    """Yield an error for each row whose wave is not in the list; without a list, waves are names without an order."""
    names = {wave.name for wave in waves}
    if not names:
        return
    tables = (one for one in into.enrolled if not names.issuperset(filter(_is_set, one.roster.column(WAVE))))
    rows = chain(into.valid, chain.from_iterable(one.declarations() for one in tables))
    wrong = (one for one in rows if _is_set(name := one.resource.get(WAVE)) and name not in names)
    for number, one in enumerate(wrong):
        if number == MAX_ERRORS:
            return
        name = str(one.resource.get(WAVE))
        detail = f'The row names the wave "{name}", which "waves" does not hold.'
        address = str(one.resource.address)
        remedy = did_you_mean(name, names, otherwise='Otherwise add it to "waves".')
        yield one.place.diagnostic("Unknown wave", detail, remedy, path=(WAVE,), address=address)


def _is_set(name: object) -> bool:
    return name is not UNSET and name is not None and name != ""
