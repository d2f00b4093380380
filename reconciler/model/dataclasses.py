"""``dataclass`` as in the standard library, for classes with slots, which are made in a third of the time.

The library compiles six functions for each frozen class. For the 200 classes of a plan this was a quarter of the CPU
time of a plan of a hundred resources. Here only ``__init__`` is compiled; the other functions are closures over the
names of the fields. Type checkers read the library's own declaration. A frozen class cannot inherit from another one,
which no class here does. Rejected: named tuples (equal to each other and
to plain tuples), attrs (compiles as much), and functions written out in each class.
"""

from __future__ import annotations

import dataclasses
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, slots, frozen=False, eq=True, order=False, kw_only=False):
        """Return the decorator; other parameters of the library's are not known here. ``slots`` has to be True."""
        assert slots
        return lambda kind: _made(kind, is_frozen=frozen, has_eq=eq, has_order=order, kw_only=kw_only)


def _made(kind: type, *, is_frozen: bool, has_eq: bool, has_order: bool, kw_only: bool) -> type:
    """Return the class with its slots and its functions; those that it defines itself stay."""
    own = set(vars(kind))
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=True)(kind)
    functions: dict[str, Any] = {"__init__": _initialiser(made), "__repr__": _representation(made)}
    if has_eq:
        functions |= _equality(key := _key(made), is_hashable=is_frozen)
        functions |= {name: _comparison(name, key) for name in _COMPARISONS} if has_order else {}
    if is_frozen:
        functions |= _FROZEN
    if "__eq__" in own and vars(kind)["__hash__"] is None:
        own.discard("__hash__")  # Python's, not the class's
    for name, function in functions.items():
        if name not in own:
            setattr(made, name, function)
    said = made.__dataclass_params__
    said.init, said.repr, said.eq, said.order, said.frozen = True, True, has_eq, has_order, is_frozen
    kept: type = made
    return kept


# --- __init__ --------------------------------------------------------------------------------------------------------

_MADE = object()
"""The default of a parameter whose value a factory makes."""


def _initialiser(kind: type) -> Callable[..., None]:
    """Return ``__init__``, the only function that has to be quick for any number of fields, and so is compiled."""
    known = fields(kind)
    lines = [
        "def make(_set, _made, _fields):",
        *(f" d_{place} = _fields[{place}].default" for place, one in enumerate(known) if one.default is not MISSING),
        *(f" f_{place} = _fields[{place}].default_factory" for place, one in enumerate(known) if _has_factory(one)),
        f" def __init__(self, {', '.join(_parameters(known))}):",
        *(f"  _set(self, {one.name!r}, {value})" for one, value in zip(known, _values(known), strict=True) if value),
        "  self.__post_init__()" if hasattr(kind, "__post_init__") else "  pass",
        " return __init__",
    ]
    names: dict[str, Any] = {}
    exec("\n".join(lines), vars(sys.modules[kind.__module__]), names)
    made: Callable[..., None] = names["make"](object.__setattr__, _MADE, known)
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__annotations__ = {one.name: one.type for one in known if one.init} | {"return": None}
    return made


def _has_factory(one: Field[Any]) -> bool:
    return one.default_factory is not MISSING


def _parameters(known: Sequence[Field[Any]]) -> Iterator[str]:
    defaults = {
        one.name: f"=d_{place}" if one.default is not MISSING else "=_made" if _has_factory(one) else ""
        for place, one in enumerate(known)
    }
    yield from (f"{one.name}{defaults[one.name]}" for one in known if one.init and not one.kw_only)
    if named := [f"{one.name}{defaults[one.name]}" for one in known if one.init and one.kw_only]:
        yield from ("*", *named)


def _values(known: Sequence[Field[Any]]) -> Iterator[str]:
    """Yield what each field is set to; '' for one that ``__init__`` leaves alone."""
    for place, one in enumerate(known):
        made = f"f_{place}()" if _has_factory(one) else ""
        if one.init:
            yield f"{made} if {one.name} is _made else {one.name}" if made else one.name
        else:
            yield made or (f"d_{place}" if one.default is not MISSING else "")


# --- the others ------------------------------------------------------------------------------------------------------


def _representation(kind: type) -> Callable[[Any], str]:
    names = [one.name for one in fields(kind) if one.repr]

    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _key(kind: type) -> Callable[[Any], Any]:
    """Return what takes from a value all that counts when it is compared."""
    names = [one.name for one in fields(kind) if one.compare]
    return attrgetter(*names) if names else lambda _: ()


def _equality(key: Callable[[Any], Any], *, is_hashable: bool) -> dict[str, Any]:
    def __eq__(self: Any, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(key(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if is_hashable else None}


_COMPARISONS = ("__lt__", "__le__", "__gt__", "__ge__")


def _comparison(name: str, key: Callable[[Any], Any]) -> Callable[[Any, object], bool]:
    compare = getattr(operator, name)

    def compared(self: Any, other: object) -> bool:
        return compare(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

    return compared


def _refuse_assignment(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _set_state(self: Any, state: Sequence[Any]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


_FROZEN: dict[str, Any] = {
    "__setattr__": _refuse_assignment,
    "__delattr__": _refuse_deletion,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
