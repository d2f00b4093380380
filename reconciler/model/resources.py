"""Resources: what is declared or observed under one address, and sets of them by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, overload

from reconciler.model.addresses import Address
from reconciler.model.attributes import Attr
from reconciler.model.diagnostics import Position
from reconciler.model.values import EMPTY, Value, folded

_T = TypeVar("_T")
_Value = TypeVar("_Value", bound=Value)
_Item = TypeVar("_Item", bound=Value)

# --- resources -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, desired or observed: the type is the same, what differs is who made it."""

    address: Address
    attributes: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """Attribute name to canonical value. A name that is missing is not managed (desired) or was not read (observed)."""
    name: str | None = None
    """What ``-Identity`` takes where it is not the key, such as ``1:1`` for a gateway; observed only."""
    guid: str | None = None
    """The object's identity in the directory; observed only. Two objects of one name differ here."""
    written: str | None = field(default=None, compare=False)
    """Desired only: how the configuration names it, where that is not the key."""
    position: Position | None = field(default=None, compare=False)
    """Where it was declared."""

    @property
    def key(self) -> str:
        return self.address.key

    @overload
    def get(self, attribute: str, default: Value = None) -> Value: ...
    @overload
    def get(self, attribute: Attr[tuple[_Item, ...]]) -> tuple[_Item, ...]: ...
    @overload
    def get(self, attribute: Attr[_Value]) -> _Value | None: ...
    def get(self, attribute: str | Attr[Any], default: Value = None) -> Any:
        """Return a value: named by text as it is, by a handle as that reads it."""
        return self.attributes.get(attribute, default) if isinstance(attribute, str) else attribute.of(self.attributes)

    def having(self, attribute: Attr[_T], value: _T | None) -> Resource:
        """Return the resource with another value of one attribute."""
        attributes: dict[str, Any] = {**self.attributes, attribute.name: value}
        return replace(self, attributes=attributes)

    def over(self, observed: Resource | None) -> Resource:
        """Return the resource with observed values for the attributes that it does not have itself."""
        return self if observed is None else replace(self, attributes={**observed.attributes, **self.attributes})

    def has(self, attribute: Attr[Any]) -> bool:
        """True if the attribute was written (desired) or read (observed), with any value."""
        return attribute.name in self.attributes


class Resources(Mapping[str, Resource]):
    """Resources of one type by key, in the order given; keys are found as the directory finds them (``folded``)."""

    __slots__ = ("_by_key",)

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_key: dict[str, Resource] = {folded(resource.key): resource for resource in resources}

    def __getitem__(self, key: str) -> Resource:
        return self._by_key[folded(key)]

    def __iter__(self) -> Iterator[str]:
        return (resource.key for resource in self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def values(self) -> ValuesView[Resource]:
        return self._by_key.values()  # without a look-up by name for each

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and folded(key) in self._by_key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self._by_key == other._by_key

    def __hash__(self) -> int:
        return hash(tuple(self._by_key))

    def __repr__(self) -> str:
        return f"Resources({list(self._by_key.values())!r})"

    def replaced(self, put: Iterable[Resource] = (), drop: Iterable[str] = ()) -> Resources:
        """Return a copy with ``put`` added or replaced and the keys of ``drop`` gone."""
        copy = Resources()
        copy._by_key = dict(self._by_key)
        for key in drop:
            copy._by_key.pop(folded(key), None)
        for resource in put:
            copy._by_key[folded(resource.key)] = resource
        return copy
