"""The attributes that a type declares, and their handles.

The engine works with any attribute and uses its name as text, as YAML does. Code for a certain type uses the handle of
the attribute, which has the type of the value. Decision: docs/decisions/0003-typed-attribute-handles.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType, UnionType
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, TypeVar, Union, get_args, get_origin, overload

from reconciler.model.roster import Column
from reconciler.model.text_lists import TextLists
from reconciler.model.values import EMPTY, Nested, Value, folded, texts

_T = TypeVar("_T", covariant=True)
_Item = TypeVar("_Item", bound=Value)


class AttributeKind(Enum):
    SCALAR = "scalar"
    SET = "set"
    """Compared without order; canonical form is a sorted tuple."""
    LIST = "list"
    """Order counts."""
    NESTED = "nested"
    """Values by name, which may hold others; compared without order."""
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
    doc_of: Callable[[], str] = field(default=str, compare=False)
    """Returns its documentation. To read it takes longer than the rest of a plan's tables, and a plan shows none."""
    kind: AttributeKind = AttributeKind.SCALAR
    role: AttributeRole = AttributeRole.MANAGED
    parameter: str | None = None
    """Cmdlet parameter that sets it."""
    output: str | None = None
    """Cmdlet property that holds its value."""
    references: str | None = None
    """The resource type that its value (each element) names."""
    refers_by: str = ""
    """Of nested values: the name under which they name a resource; '' if the value itself is that name."""
    holds: bool = True
    """Whether a resource that it names is in use, so that it cannot be removed."""
    exclusive: str = ""
    """The scope in which only one object may have its value (each element); '' if many objects may share a value."""
    is_born_with: bool = False
    """For an exclusive attribute: the command that creates an object must set it, so a later command cannot."""
    called: tuple[str, ...] = ()
    """Its names in CSV files that the products export, the best one first."""

    @property
    def doc(self) -> str:
        return self.doc_of()

    @property
    def is_compared(self) -> bool:
        return self.role in _COMPARED

    def comparable(self, value: Value) -> Value:
        """Return the value for comparison. Names of objects are folded, because the directory ignores case."""
        if self.references is None:
            return value
        if isinstance(value, tuple) and self.kind is not AttributeKind.LIST:
            names = (folded(item) if isinstance(item, str) else item for item in value)
            return tuple(sorted(set(names), key=str))
        return self.respelt(value, folded)

    def targets(self, value: Value) -> Mapping[str, tuple[str, ...]]:
        """Return the names of resources in a value, each with its place in nested values."""
        return dict(self.named(value))

    def named(self, value: Value) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the names of resources in a value as often as they are there, each with its place in nested values."""
        if self.references is not None:
            yield from _named(value, self.refers_by) if self.refers_by else ((one, ()) for one in texts(value))

    def respelt(self, value: Value, spell: Callable[[str], str]) -> Value:
        """Return the value with each name of a resource as ``spell`` returns it."""
        if not self.refers_by:
            return _respelt(value, spell)
        return _respelt_within(value, self.refers_by, spell)


def _named(value: Value, by: str, place: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(value, Nested):
        for name, inner in value.items():
            if name == by and isinstance(inner, str):
                yield inner, (*place, name)
            else:
                yield from _named(inner, by, (*place, name))


def _respelt(value: Value, spell: Callable[[str], str]) -> Value:
    if isinstance(value, tuple):
        return tuple(_respelt(item, spell) for item in value)
    return spell(value) if isinstance(value, str) else value


def _respelt_within(value: Value, by: str, spell: Callable[[str], str]) -> Value:
    if not isinstance(value, Nested):
        return value
    return Nested(
        (name, _respelt(inner, spell) if name == by else _respelt_within(inner, by, spell))
        for name, inner in value.items()
    )


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
        return self._missing

    def of_all(self, column: Column) -> Sequence[Any]:
        """Return ``of`` each value of a column."""
        if isinstance(column, TextLists):
            if tuple in self.types and column.are_lists:
                return column
            return TextLists.of(value if isinstance(value, self.types) else self._missing for value in column)
        if set(map(type, column)) <= set(self.types) and "" not in column:
            return column
        return [value if isinstance(value, self.types) and value != "" else self._missing for value in column]

    @property
    def _missing(self) -> Any:
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
