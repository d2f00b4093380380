"""The landscape of a run, which its steps share: each reads what it acts upon, and all see what any of them read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.model.addresses import Address
from reconciler.model.landscape import Landscape
from reconciler.run.observe import Keys


class World:
    """The landscape, brought up to date by every read of every step. Thread-safe.

    Steps read side by side, and one's listing may be older than what another has read since: of the keys that others
    asked for meanwhile, theirs stand.
    """

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._learned: list[Keys] = []
        """What each read was about, in the order in which they ended."""
        self._lock = threading.Lock()

    @property
    def landscape(self) -> Landscape:
        with self._lock:
            return self._landscape

    def read(self, observe: Callable[[Landscape, Keys], Landscape], only: Keys) -> Landscape:
        """Take over what ``observe`` reads of some types, and return the whole."""
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
    """Return what holds of a type: ``found`` of our own keys, and ``known`` of those that others read meanwhile.

    A listing that another step could not read says nothing about our keys, which were read.
    """
    if ours is not None and None in theirs and known.is_readable(type_name):
        return _with_keys(type_name, known, ours, of=found)
    others = {key for keys in theirs if keys is not None for key in keys}
    return _with_keys(type_name, found, others - (ours or frozenset()), of=known)


def _with_keys(type_name: str, landscape: Landscape, keys: Iterable[str], *, of: Landscape) -> Landscape:
    """Return ``landscape`` with some resources of a type as they are in another one, there or not, readable or not.

    Where the type could not be read there, each of them could not: without that mark it would seem to be absent.
    """
    taken = frozenset(keys)
    if not taken:
        return landscape
    there = [one for key in taken if (one := of.one(type_name, key)) is not None]
    unreadable = {a: told for a, told in landscape.unreadable.items() if a.type != type_name or a.key not in taken}
    if (told_of_all := of.unreadable.get(Address(type_name, "*"))) is not None:
        unreadable |= {Address(type_name, key): told_of_all for key in taken}
    unreadable |= {a: told for a, told in of.unreadable.items() if a.type == type_name and a.key in taken}
    resources = landscape.all(type_name).replaced(there, taken - {one.key for one in there})
    return replace(landscape.with_observed(type_name, resources), unreadable=unreadable)


def _taken(type_name: str, found: Landscape, *, of: Landscape) -> Landscape:
    """Return the landscape ``of`` a run with everything of one type as it was found."""
    unreadable = {a: told for a, told in of.unreadable.items() if a.type != type_name}
    unreadable |= {a: told for a, told in found.unreadable.items() if a.type == type_name}
    return replace(of.with_observed(type_name, found.all(type_name)), unreadable=unreadable)
