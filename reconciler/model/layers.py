"""A dictionary whose changed copy costs as much as the changes, however many entries it has.

An apply reads its users a few at a time, and each read makes another version of all of them. A version is a tuple of
layers that versions share: each holds changes, and the last one all that was there before. A new layer is joined with
the next one while that is at most twice as large. So there are few layers, and an entry is copied a few times at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from functools import reduce
from typing import Generic, NamedTuple, TypeVar

_Value = TypeVar("_Value")


class Layer(NamedTuple, Generic[_Value]):
    """Changes to what is below: first the keys that were dropped, then the entries that were put."""

    put: dict[str, _Value]
    dropped: Set[str] = frozenset()

    @property
    def size(self) -> int:
        return len(self.put) + len(self.dropped)

    def over(self, below: Layer[_Value]) -> Layer[_Value]:
        """Return both as one layer."""
        put = dict(below.put)
        for key in self.dropped:
            put.pop(key, None)
        put.update(self.put)
        return Layer(put, below.dropped | self.dropped)


class Layers(Generic[_Value]):
    """Entries by key, in the order in which they were put; one that is put again keeps its place. Never changed."""

    __slots__ = ("_layers", "_length")

    def __init__(self, entries: dict[str, _Value], *, layers: tuple[Layer[_Value], ...] = (), length: int = -1) -> None:
        """``entries`` must not be changed any more."""
        self._layers: tuple[Layer[_Value], ...] = layers or (Layer(entries),)
        self._length = len(entries) if length < 0 else length

    @property
    def layers(self) -> tuple[Layer[_Value], ...]:
        """The layers, the newest one first."""
        return self._layers

    def get(self, key: str) -> _Value | None:
        for put, dropped in self._layers:
            found = put.get(key)
            if found is not None:
                return found
            if key in dropped:
                return None
        return None

    def __len__(self) -> int:
        return self._length

    def flat(self) -> dict[str, _Value]:
        """Return all entries, which must not be changed. They are one layer from then on."""
        if len(self._layers) > 1:
            whole = reduce(lambda below, layer: layer.over(below), reversed(self._layers))
            self._layers = (Layer(whole.put),)
        return self._layers[0].put

    def changed(self, put: Mapping[str, _Value], drop: Iterable[str] = ()) -> Layers[_Value]:
        """Return a version without the keys of ``drop``, and then with the entries of ``put``."""
        dropped = frozenset(key for key in drop if self.get(key) is not None)
        if not (put or dropped):
            return self
        added = sum(key in dropped or self.get(key) is None for key in put)
        layer, below = Layer(dict(put), dropped), self.layers
        while below and below[0].size <= 2 * layer.size:
            layer, below = layer.over(below[0]), below[1:]
        if not below:  # nothing is left to drop from
            layer = Layer(layer.put)
        return Layers({}, layers=(layer, *below), length=len(self) - len(dropped) + added)
