"""Resources: their addresses, the attributes that a type declares, and declared or observed values.

The engine works with any attribute and uses its name as text, as YAML does. Code for a certain type uses the handle of
the attribute, which has the type of the value. Decision: docs/decisions/0003-typed-attribute-handles.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType, UnionType
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, TypeVar, Union, get_args, get_origin, overload

from reconciler.model.diagnostics import Position
from reconciler.model.values import EMPTY, Value, folded

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


class AttributeKind(Enum):
    SCALAR = "scalar"
    SET = "set"
    """Compared without order; canonical form is a sorted tuple."""
    LIST = "list"
    """Order counts."""
    MEMBERSHIP = "membership"
    """A set. We manage only its declared elements and leave other elements unchanged."""


class AttributeRole(Enum):
    MANAGED = "managed"
    CREATE_ONLY = "create-only"
    """No Set parameter exists: a difference means replacing the object."""
    READ_ONLY = "read-only"
    INTENT = "intent"
    """Only the engine uses it to derive other resources; it is never sent and never compared."""


_COMPARED: Final = (AttributeRole.MANAGED, AttributeRole.CREATE_ONLY)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a resource type. ``name`` is the YAML key and the name everywhere but in the cmdlets."""

    name: str
    doc: str = ""
    kind: AttributeKind = AttributeKind.SCALAR
    role: AttributeRole = AttributeRole.MANAGED
    parameter: str | None = None
    """Cmdlet parameter that sets it."""
    output: str | None = None
    """Cmdlet property that holds its value."""
    references: str | None = None
    """The resource type that its value (each element) names."""
    exclusive: str = ""
    """The scope in which only one object may have its value (each element); '' if many objects may share a value."""
    is_born_with: bool = False
    """For an exclusive attribute: the command that creates an object must set it, so a later command cannot."""

    @property
    def is_compared(self) -> bool:
        return self.role in _COMPARED

    def comparable(self, value: Value) -> Value:
        """Return the value for comparison. Names of objects are folded, because the directory ignores case."""
        if self.references is None:
            return value
        if isinstance(value, tuple):
            names = (folded(item) if isinstance(item, str) else item for item in value)
            return tuple(names) if self.kind is AttributeKind.LIST else tuple(sorted(set(names), key=str))
        return folded(value) if isinstance(value, str) else value


def comparable(attributes: Mapping[str, Attribute], values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the values for comparison; values that belong to no attribute are unchanged."""
    return {
        name: attribute.comparable(value) if (attribute := attributes.get(name)) else value
        for name, value in values.items()
    }


# --- handles ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Attr(Generic[_T]):
    """The typed handle of one attribute: ``plan.get(DialPlan.site)`` is ``str | None``, and mypy knows the name."""

    name: str
    annotation: Any
    """The annotation of the declaration: the value type, with its marks."""
    types: tuple[type, ...]
    """Python types of its canonical values; a value of another type counts as missing."""

    @overload
    def of(self: Attr[tuple[_Item, ...]], values: Mapping[str, Value]) -> tuple[_Item, ...]: ...
    @overload
    def of(self, values: Mapping[str, Value]) -> _T | None: ...
    def of(self, values: Mapping[str, Value]) -> Any:
        """Return the value from ``values``.

        If it is missing or '', return an empty tuple for a list, otherwise None.
        """
        value = values.get(self.name)
        if isinstance(value, self.types) and value != "":
            return value
        return () if self.types == (tuple,) else None


class Declares:
    """The base of a class that declares attributes: each annotation ``site: Attr[Text]`` becomes a handle."""

    handles: ClassVar[Mapping[str, Attr[Any]]] = EMPTY
    """The handles of the class and its bases, by name."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {handle.name: handle for handle in _declared(cls)}
        for name, handle in own.items():
            if hasattr(cls, name):
                raise TypeError(f"{cls.__name__}.{name} is already declared by a base of the class")
            setattr(cls, name, handle)
        bases = [vars(base).get("handles", EMPTY) for base in reversed(cls.__mro__[1:])]
        cls.handles = MappingProxyType({name: handle for each in (*bases, own) for name, handle in each.items()})


def _declared(cls: type) -> Iterator[Attr[Any]]:
    """Yield a handle for each annotation of the class.

    An annotation may name the class itself, as in ``References(Box)``.
    """
    names = {**vars(sys.modules[cls.__module__]), cls.__name__: cls}
    for name, written in vars(cls).get("__annotations__", {}).items():
        annotation = eval(written, names) if str(written).startswith("Attr[") else written
        if get_origin(annotation) is Attr:
            (declared,) = get_args(annotation)
            yield Attr(name, declared, tuple(dict.fromkeys(_types(declared))))


def _types(annotation: Any) -> Iterator[type]:
    """Yield the Python types of a value type: ``str`` of ``Annotated[str, ...]``, both of a union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _types(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _types(one)
    elif origin is Literal:
        yield from (type(one) for one in get_args(annotation))
    else:
        yield origin or annotation


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


class Resources(Mapping[str, Resource]):
    """Resources of one type by key, in the given order. Keys are compared as in the directory (``folded``)."""

    __slots__ = ("_by_key",)

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_key: dict[str, Resource] = {folded(resource.key): resource for resource in resources}

    def __getitem__(self, key: str) -> Resource:
        return self._by_key[folded(key)]

    @overload
    def get(self, key: str, default: None = None) -> Resource | None: ...
    @overload
    def get(self, key: str, default: _T) -> Resource | _T: ...
    def get(self, key: str, default: Any = None) -> Any:
        return self._by_key.get(folded(key), default)

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

    def __or__(self, other: Resources) -> Resources:
        """Return the resources of both; where both have a key, that of ``other``."""
        both = Resources()
        both._by_key = self._by_key | other._by_key
        return both

    def __repr__(self) -> str:
        return f"Resources({list(self._by_key.values())!r})"

    def replaced(self, put: Iterable[Resource] = (), drop: Iterable[str] = ()) -> Resources:
        """Return a copy with ``put`` added or replaced, and without the keys of ``drop``."""
        copy = Resources()
        copy._by_key = dict(self._by_key)
        for key in drop:
            copy._by_key.pop(folded(key), None)
        for resource in put:
            copy._by_key[folded(resource.key)] = resource
        return copy
