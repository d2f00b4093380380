"""The landscape that the steps of a run share: every step sees the reads of all steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.run.observe import Keys


class SharedLandscape:
    """The landscape, updated by every read of every step. Thread-safe.

    Steps read in parallel, so the listing of one step may be older than a read of another step. If other steps have
    read a key meanwhile, their result is kept.
    """

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._learned: list[Keys] = []
        """The keys of each read, in the order in which the reads ended."""
        self._lock = threading.Lock()

    @property
    def landscape(self) -> Landscape:
        with self._lock:
            return self._landscape

    def read(self, observe: Callable[[Landscape, Keys], Landscape], only: Keys) -> Landscape:
        """Add the resources that ``observe`` reads, and return the whole landscape."""
        with self._lock:
            known, begun = self._landscape, len(self._learned)
        found = observe(known, only)
        with self._lock:
            meanwhile = self._learned[begun:]
            for type_name, keys in only.items():
                theirs = [each[type_name] for each in meanwhile if type_name in each]
                newest = _newest(type_name, self._landscape, theirs, found, keys)
                self._landscape = _taken(type_name, newest, of=self._landscape)
            self._learned.append(only)
            return self._landscape


def _newest(
    type_name: str,
    known: Landscape,
    theirs: Sequence[frozenset[str] | None],
    found: Landscape,
    ours: frozenset[str] | None,
) -> Landscape:
    """Return the newest state of a type: ``found`` for our keys, ``known`` for keys that others read meanwhile.

    A failed listing of another step does not affect our keys, which were read.
    """
    if ours is not None and None in theirs and known.is_readable(type_name):
        return _with_keys(type_name, known, ours, of=found)
    others = {key for keys in theirs if keys is not None for key in keys}
    return _with_keys(type_name, found, others - (ours or frozenset()), of=known)


def _with_keys(type_name: str, landscape: Landscape, keys: Iterable[str], *, of: Landscape) -> Landscape:
    """Return ``landscape`` with the given keys of a type taken from another landscape.

    Where the type is unreadable there, each key is marked unreadable; otherwise it would look absent.
    """
    taken = frozenset(keys)
    if not taken:
        return landscape
    there = [one for key in taken if (one := of.one(type_name, key)) is not None]
    unreadable = {a: why for a, why in landscape.unreadable.items() if a.type != type_name or a.key not in taken}
    if (of_all := of.unreadable.get(Address(type_name, "*"))) is not None:
        unreadable |= {Address(type_name, key): of_all for key in taken}
    unreadable |= {a: why for a, why in of.unreadable.items() if a.type == type_name and a.key in taken}
    resources = landscape.all(type_name).replaced(there, taken - {one.key for one in there})
    return replace(landscape.with_observed(type_name, resources), unreadable=unreadable)


def _taken(type_name: str, found: Landscape, *, of: Landscape) -> Landscape:
    """Return the landscape ``of`` a run with all resources of one type replaced."""
    unreadable = {a: why for a, why in of.unreadable.items() if a.type != type_name}
    unreadable |= {a: why for a, why in found.unreadable.items() if a.type == type_name}
    return replace(of.with_observed(type_name, found.all(type_name)), unreadable=unreadable)
