"""Resources: their addresses, and declared or observed values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from operator import itemgetter
from typing import (
    Any,
    TypeVar,
    cast,
    overload,
)

from reconciler.model.attributes import Attr
from reconciler.model.diagnostics import Position
from reconciler.model.layers import Layers
from reconciler.model.roster import Roster
from reconciler.model.text_lists import TextLists, values_at
from reconciler.model.values import EMPTY, UNSET, Unset, Value, folded

_UNSAFE = re.compile(r"[^A-Za-z0-9._@/+-]")


@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """The name of a resource, ``type/key``, such as ``um_mailbox/alice@contoso.com``.

    Two addresses are equal if the directory treats their keys as one name: ``dial_plan/redmond`` equals
    ``dial_plan/Redmond``. The text needs no quotes in any shell: special characters are written as the %XX of their
    UTF-8 bytes.
    """

    type: str
    key: str

    def __str__(self) -> str:
        def escape(match: re.Match[str]) -> str:
            return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

        return f"{self.type}/{_UNSAFE.sub(escape, self.key)}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return ``text`` as an address.

        Raises:
            ValueError: there is no type, no key, or an escape that is not UTF-8.
        """
        type_name, slash, escaped = text.partition("/")
        if not (type_name and slash and escaped):
            raise ValueError(f"{text!r} is not an address: write TYPE/NAME")
        raw = escaped.encode("utf-8", "surrogatepass")
        plain = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), raw)
        return cls(type_name, plain.decode("utf-8", "surrogatepass"))

    @property
    def folded(self) -> tuple[str, str]:
        """The form that equal addresses share."""
        return (self.type, folded(self.key))

    @property
    def names_a_person(self) -> bool:
        """True for a user. A similar name is another person, so messages never suggest one user for another."""
        return "@" in self.key

    def is_spelt_as(self, other: Address) -> bool:
        """True if the two addresses are also written in the same case."""
        return (self.type, self.key) == (other.type, other.key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Address):
            return NotImplemented
        return self.type == other.type and (self.key == other.key or folded(self.key) == folded(other.key))

    def __hash__(self) -> int:
        return hash((self.type, folded(self.key)))

    def __lt__(self, other: Address) -> bool:
        return (self.type, self.key) < (other.type, other.key)


_T = TypeVar("_T")
_Item = TypeVar("_Item", bound=Value)
_Value = TypeVar("_Value", bound=Value)

# --- resources -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, desired or observed. Both have the same class; they differ in their origin."""

    address: Address
    attributes: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """Attribute name to canonical value. A name that is missing is not managed (desired) or was not read (observed)."""
    name: str | None = None
    """The ``-Identity`` argument if it differs from the key, such as ``1:1`` for a gateway; observed only."""
    guid: str | None = None
    """The object's identity in the directory; observed only. It differs for two objects of one name."""
    written: str | None = field(default=None, compare=False)
    """Desired only: its name in the configuration, if that differs from the key."""
    position: Position | None = field(default=None, compare=False)
    """Where it was declared."""
    places: Mapping[tuple[str, ...], Position] = field(default_factory=lambda: EMPTY, compare=False)
    """Where its declaration names other resources: by the attribute, followed by the names within nested values."""

    def place(self, path: tuple[str, ...]) -> Position | None:
        """Return the place of the name at ``path``, or where the resource was declared if that is not known."""
        return self.places.get(path, self.position)

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
        """Return a value: unchanged if named by text, otherwise as the handle returns it."""
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


_numbers: tuple[int, ...] = ()


def _rows(count: int) -> Iterator[int]:
    """Return the first row numbers. They are the same objects in all rosters, which saves 32 bytes for each row."""
    global _numbers  # threads that extend it at once leave one of two equal tuples
    numbers = _numbers
    if len(numbers) < count:
        numbers = _numbers = (*numbers, *range(len(numbers), count))
    return islice(numbers, count)


class Resources(Mapping[str, Resource]):
    """Resources of one type by key, in the given order. Keys are compared as in the directory (``folded``).

    Those of a roster stand as its row numbers; a resource is made for each look-up of one of them.
    """

    __slots__ = ("_layers", "_roster")

    def __init__(self, resources: Iterable[Resource] = (), *, roster: Roster | None = None) -> None:
        self._roster = roster
        by_key: dict[str, Resource | int] = {}
        if roster is not None:
            by_key.update(zip(map(folded, roster.keys), _rows(len(roster)), strict=True))
        by_key.update((folded(resource.key), resource) for resource in resources)
        self._layers = Layers(by_key)

    @property
    def _by_key(self) -> dict[str, Resource | int]:
        """All resources and rows by folded key; never changed."""
        return self._layers.flat()

    def _with(self, layers: Layers[Resource | int], roster: Roster | None) -> Resources:
        copy = Resources.__new__(Resources)
        copy._layers, copy._roster = layers, roster
        return copy

    def __getitem__(self, key: str) -> Resource:
        found = self._layers.get(folded(key))
        if found is None:
            raise KeyError(key)
        return self._made(found)

    @overload
    def get(self, key: str, default: None = None) -> Resource | None: ...
    @overload
    def get(self, key: str, default: _T) -> Resource | _T: ...
    def get(self, key: str, default: Any = None) -> Any:
        found = self._layers.get(folded(key))
        return default if found is None else self._made(found)

    def __iter__(self) -> Iterator[str]:
        roster = self._roster
        keys = () if roster is None else roster.keys
        return (keys[found] if isinstance(found, int) else found.key for found in self._by_key.values())

    def __len__(self) -> int:
        return len(self._layers)

    def values(self) -> ValuesView[Resource]:
        found: ValuesView[Any] = self._by_key.values()
        return found if self._roster is None else _Values(self)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._layers.get(folded(key)) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(tuple(self._by_key))

    def __or__(self, other: Resources) -> Resources:
        """Return the resources of both; where both have a key, that of ``other``."""
        if not (self._by_key and other._by_key):
            return self if self._by_key else other
        return self._with(Layers({**self._all(), **other._all()}), None)

    def __repr__(self) -> str:
        return f"Resources({list(self.values())!r})"

    def replaced(self, put: Iterable[Resource] = (), drop: Iterable[str] = ()) -> Resources:
        """Return a copy without the keys of ``drop``, and with ``put`` added or replaced; see ``Layers``."""
        changed = self._layers.changed({folded(resource.key): resource for resource in put}, map(folded, drop))
        return self._with(changed, self._roster)

    def renamed(self, keys: Mapping[str, str]) -> Resources:
        """Return the resources, some under other keys; their names so far are kept as ``written``."""
        others = {folded(before): after for before, after in keys.items()}
        entries = {
            folded(others[key]) if key in others else key: self._under(found, others[key]) if key in others else found
            for key, found in self._by_key.items()
        }
        return self._with(Layers(entries), self._roster)

    def _under(self, found: Resource | int, key: str) -> Resource:
        one = self._made(found)
        return replace(one, address=Address(one.address.type, key), written=one.key)

    def in_order(self) -> Resources:
        """Return the resources in order of their keys."""
        keys = list(self)
        if all(one <= other for one, other in pairwise(keys)):
            return self
        entries = {key: found for _, (key, found) in sorted(zip(keys, self._by_key.items(), strict=True))}
        return self._with(Layers(entries), self._roster)

    def by_folded_key(self) -> Resources:
        """Return the resources in order of their folded keys."""
        return self._with(Layers(dict(sorted(self._by_key.items(), key=itemgetter(0)))), self._roster)

    # by column

    def row(self, key: str) -> int:
        """Return the row of a resource that is in the roster."""
        found = self._layers.get(folded(key))
        assert isinstance(found, int)
        return found

    @property
    def folded(self) -> KeysView[str]:
        """The folded keys."""
        return self._by_key.keys()

    def column(self, attribute: Attr[_Value]) -> Sequence[_Value | None]:
        """Return the value of one attribute of each resource, as ``Resource.get`` returns it."""
        return self._typed(attribute)

    def lists(self, attribute: Attr[tuple[_Item, ...]]) -> Sequence[tuple[_Item, ...]]:
        """Return the list that each resource has as the value of one attribute."""
        return self._typed(attribute)

    def _typed(self, attribute: Attr[Any]) -> Sequence[Any]:
        roster = self._roster
        if roster is None:
            return [one.get(attribute) for one in self.values()]
        values = roster.typed.get(attribute.name)
        if values is None:
            values = roster.typed[attribute.name] = attribute.of_all(roster.column(attribute.name))
        if isinstance(values, TextLists):
            return values.picked(self._by_key.values(), lambda one: one.get(attribute))
        return [values[one] if isinstance(one, int) else one.get(attribute) for one in self._by_key.values()]

    @property
    def attribute_names(self) -> frozenset[str]:
        """The attributes that any of them may have."""
        made = (one for one in self._by_key.values() if isinstance(one, Resource))
        columns: Iterable[str] = self._roster.columns if self._roster is not None else ()
        return frozenset(columns).union(*(one.attributes for one in made))

    @property
    def spelt(self) -> Sequence[str]:
        """The name of each resource in the configuration."""
        written = self._roster.written if self._roster is not None else None
        if self._roster is not None and written is None and len(self._roster) == len(self):
            return tuple(self)
        return [one.written or one.key for one in self.values()]

    def rows(self, names: Sequence[str], keys: Iterable[str]) -> Iterator[tuple[Value | Unset, ...] | None]:
        """Yield the values of the named attributes and then the GUID, for each folded key; None where nothing is."""
        roster = self._roster
        columns = () if roster is None else (*map(roster.column, names), roster.guids or (None,) * len(roster))
        every: list[Any] = list(map(self._by_key.get, keys))
        if set(map(type, every)) == {int}:  # without an object for each row that is not asked for yet
            yield from zip(*(values_at(column, every) for column in columns), strict=True)
            return
        for found in every:
            if isinstance(found, Resource):
                yield *(found.attributes.get(name, UNSET) for name in names), found.guid
            else:
                yield None if found is None else tuple([column[found] for column in columns])

    def with_column(self, attribute: Attr[_T], values: Iterable[_T | Unset]) -> Resources:
        """Return the resources with another value of one attribute for each, in their order; UNSET leaves it."""
        entries, roster = dict(self._by_key), self._roster
        column = list(roster.column(attribute.name)) if roster is not None else []
        for (key, found), value in zip(self._by_key.items(), values, strict=True):
            if isinstance(value, Unset):
                continue
            if isinstance(found, Resource):
                entries[key] = found.having(attribute, value)
            else:
                column[found] = cast(Value, value)
        if roster is not None:
            roster = replace(roster, columns={**roster.columns, attribute.name: column})
        return self._with(Layers(entries), roster)

    def _made(self, found: Resource | int) -> Resource:
        if isinstance(found, Resource):
            return found
        roster, row = self._roster, found
        assert roster is not None
        return Resource(
            Address(roster.type, roster.keys[row]),
            roster.attributes(row),
            roster.names[row] if roster.names else None,
            roster.guids[row] if roster.guids else None,
            roster.written[row] if roster.written else None,
            roster.position(row) if roster.position else None,
        )

    def _all(self) -> dict[str, Resource]:
        """Return the resources by folded key, all of them made."""
        return dict(zip(self._by_key, self.values(), strict=True))


class _Values(ValuesView[Resource]):
    """The resources in order, without a look-up by name for each."""

    _mapping: Resources

    def __iter__(self) -> Iterator[Resource]:
        return map(self._mapping._made, self._mapping._by_key.values())
