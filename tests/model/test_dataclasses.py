"""Dataclasses that are made quickly are those of the standard library in all that the project uses of them."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import operator
import pickle
from collections.abc import Callable, Iterator
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

from reconciler.model import dataclasses as quick
from tests.support.paths import ROOT

LIBRARYS: Final[Any] = dataclasses.dataclass
OURS: Final[Any] = quick.dataclass


def _plain(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True)
    class Box:
        """A box."""

        width: int
        name: str = "box"
        parts: list[str] = field(default_factory=list, compare=False)
        note: str = field(default="", repr=False)
        shelf: ClassVar[str] = "a"

    return Box


def _ordered(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True, order=True)
    class Box:
        """A box."""

        width: int
        name: str = field(default="", compare=False)

    return Box


def _named(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Box:
        """A box."""

        width: int
        name: str = "box"

    return Box


def _mutable(dataclass: Any) -> Any:
    @dataclass(slots=True)
    class Box:
        """A box."""

        width: int
        area: int = field(init=False)
        parts: list[str] = field(init=False, default_factory=list)
        side: int = field(init=False, default=3)

        def __post_init__(self) -> None:
            self.area = self.width**2

    return Box


def _by_identity(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True, eq=False)
    class Box:
        """A box."""

        width: int

    return Box


def _with_its_own(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True)
    class Box:
        """A box."""

        width: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self))

        def __repr__(self) -> str:
            return "a box"

    return Box


def _heir(dataclass: Any) -> Any:
    @dataclass(slots=True)
    class Thing:
        """A thing."""

        width: int
        name: str = "thing"

    @dataclass(slots=True)
    class Box(Thing):
        """A box."""

        name: str = "box"
        depth: int = 1

    return Box


def _empty(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True)
    class Box:
        """A box."""

    return Box


BESIDE: Final = {"providers/cmdlets/reference.py", "providers/simulator/world/holdings.py"}
"""The files with classes without slots, which keep what they worked out, beside those with slots."""
KINDS = [_plain, _ordered, _named, _mutable, _by_identity, _with_its_own, _heir, _empty]


def _values(box: Any) -> Iterator[Any]:
    """Yield values of a class, some of them equal."""
    if not dataclasses.fields(box):
        yield from (box(), box())
        return
    yield from (box(width=2), box(width=2), box(width=1))
    if "name" in inspect.signature(box).parameters:
        yield box(width=2, name="other")


def _outcome(act: Callable[..., object], *arguments: object) -> object:
    """Return what comes of something: the value, or the error with its text."""
    try:
        return act(*arguments)
    except (AttributeError, TypeError) as error:
        return type(error), str(error) if isinstance(error, dataclasses.FrozenInstanceError) else ""


def _told(box: Any) -> Iterator[object]:
    """Yield all that a class and its values say of themselves."""
    yield [(one.name, one.kind, one.default is one.empty) for one in inspect.signature(box).parameters.values()]
    yield from (box.__slots__, box.__match_args__, box.__doc__, box.__init__.__annotations__)
    yield [(one.name, one.default, one.kw_only, one.compare, one.repr, one.init) for one in dataclasses.fields(box)]
    yield from (box.__hash__ is None, str(box.__dataclass_params__))
    values = [*_values(box)]
    for one in values:
        yield from (repr(one).rpartition(".")[2].partition(" object")[0], dataclasses.asdict(one))
        yield repr(copy.deepcopy(one)).rpartition(" at ")[0] == repr(one).rpartition(" at ")[0]
        yield repr(_outcome(partial(dataclasses.replace, width=9), one))
        for other in [*values, 2, None]:
            yield from (one == other, _outcome(operator.lt, one, other), _outcome(operator.ge, one, other))
        yield [_outcome(hash, one) == _outcome(hash, other) for other in values]
        yield _outcome(setattr, one, "width", 3) if box.__slots__ else ""
        yield isinstance(_outcome(setattr, one, "unknown", 3), tuple)
        yield isinstance(_outcome(delattr, copy.copy(one), "width"), tuple)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_class_is_what_the_library_makes_of_it(kind: Callable[[Any], Any]) -> None:
    assert [*_told(kind(OURS))] == [*_told(kind(LIBRARYS))]


def test_what_is_missing_is_an_error() -> None:
    box = _plain(OURS)
    with pytest.raises(TypeError, match=r"Box.__init__\(\) missing 1 required positional argument: 'width'"):
        box()


def test_a_factory_makes_a_value_for_each() -> None:
    box = _plain(OURS)
    assert box(1).parts is not box(1).parts


@quick.dataclass(frozen=True, slots=True)
class Kept:
    """A value that can be found by its name."""

    width: int


def test_a_frozen_value_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(2))) == Kept(2)


def test_each_class_with_slots_is_made_quickly() -> None:
    """Else a start of the program takes longer, with nothing to show for it."""
    late = [path for name in ("reconciler", "providers", "state") for path in (ROOT / name).rglob("*.py")]
    found = {
        path.relative_to(ROOT).as_posix()
        for path in late
        if path.name != "dataclasses.py" and "slots=True" in "".join(_by_library(path))
    }
    assert found == BESIDE


def _by_library(path: Path) -> Iterator[str]:
    """Yield the decorators of a file that imports the library's."""
    tree = ast.parse(path.read_text("utf-8"))
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "dataclasses")
    if any(alias.name == "dataclass" for node in imports for alias in node.names):
        yield from (
            ast.unparse(each)
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for each in node.decorator_list
        )
