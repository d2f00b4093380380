"""What is written, what is read and the published schema follow from the types alone, and never differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.model.codec import Codec
from reconciler.model.commands import Command, Delta, NameOf, ObjectId
from reconciler.model.forms import AnyValue, hint_of, hints_of
from reconciler.model.resources import Resource
from reconciler.model.values import UNSET, Unset


@dataclass(frozen=True)
class Bin:
    size: int

    @property
    def label(self) -> str:
        return f"{self.size} l"


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Lid:
    colour: Colour


@dataclass(frozen=True, slots=True)
class Crate:
    name: str
    size: int | None
    is_open: bool
    lid: Lid | None
    tags: tuple[str, ...]
    corner: tuple[int, int]
    weights: Mapping[str, int]
    state: Literal["new", "old"]
    extra: str | Unset = UNSET


crates = st.builds(
    Crate,
    st.text(max_size=5),
    st.none() | st.integers(-(2**60), 2**60),
    st.booleans(),
    st.none() | st.builds(Lid, st.sampled_from(Colour)),
    st.lists(st.text(max_size=3), max_size=3).map(tuple),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=3),
    st.sampled_from(["new", "old"]),
    st.just(UNSET) | st.text(max_size=3),
)
CODEC = Codec({})
SCHEMAS = CODEC.schemas(Crate, about=lambda _: {})
VALIDATOR = Draft202012Validator({"$ref": "#/$defs/crate", "$defs": SCHEMAS})
GOOD = CODEC.dump(Crate("a", 1, True, Lid(Colour.RED), ("x",), (1, 2), {"b": 1, "a": 2}, "new"))


def as_json(plain: Any) -> Any:
    return orjson.loads(orjson.dumps(plain))


@given(crates)
def test_a_value_comes_back_from_its_json_and_fits_the_schema(crate: Crate) -> None:
    plain = as_json(CODEC.dump(crate))
    assert CODEC.load(Crate, plain) == crate
    assert [*VALIDATOR.iter_errors(plain)] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"name": 5},
        {"size": "5"},
        {"size": True},
        {"size": 1.0},
        {"is_open": 1},
        {"lid": {"colour": "green"}},
        {"lid": {}},
        {"lid": "red"},
        {"tags": "x"},
        {"tags": [1]},
        {"corner": [1]},
        {"corner": [1, 2, 3]},
        {"weights": {"a": "1"}},
        {"weights": []},
        {"state": "lost"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_what_is_of_another_form_is_neither_read_nor_in_the_schema(changes: dict[str, Any]) -> None:
    plain = as_json({**GOOD, **changes})
    with pytest.raises(ValueError, match=next(iter(changes))):
        CODEC.load(Crate, plain)
    is_float = changes == {"size": 1.0}  # JSON Schema takes 1.0 for a whole number
    assert is_float or not VALIDATOR.is_valid(plain)


@pytest.mark.parametrize("name", GOOD)
def test_a_field_that_is_missing_is_reported_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        CODEC.load(Crate, as_json({key: value for key, value in GOOD.items() if key != name}))


def test_what_was_never_written_is_left_out() -> None:
    assert "extra" not in GOOD
    assert list(GOOD["weights"]) == ["a", "b"], "the keys of a mapping come in order"


def test_a_value_within_many_levels_is_refused_and_ends_nothing() -> None:
    nested: Any = "x"
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValueError, match=r"\w"):
        CODEC.load(Crate, {**GOOD, "tags": nested})


def test_descriptions_come_from_the_classes() -> None:
    schemas = Codec({}).schemas(Lid, about=lambda kind: {"": f"A {kind.__name__}.", "colour": "Its colour."})
    assert schemas["lid"]["description"] == "A Lid."
    assert schemas["lid"]["properties"]["colour"]["description"] == "Its colour."


def test_a_field_has_its_declared_type_and_a_property_the_one_that_it_returns() -> None:
    assert hints_of(Bin) == {"size": int}
    assert (hint_of(Bin, "size"), hint_of(Bin, "label")) == (int, str)


def test_values_and_arguments_are_known_though_they_are_only_texts_in_the_types() -> None:
    assert AnyValue in hint_of(Resource, "attributes").__args__
    ((name, argument),) = [pair.__args__ for pair in hint_of(Command, "parameters").__args__[:1]]
    assert name is str
    assert set(argument.__args__) == {AnyValue, Delta, NameOf, ObjectId}
