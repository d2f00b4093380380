"""Dataclasses as objects and as lists: their own fields, those of a value within, and those that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.codec import Codec, Record, Row
from reconciler.model.codec.shapes import Shape


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0

    @property
    def total(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, slots=True)
class Pin:
    name: str
    at: Point
    note: str = ""


points = st.builds(Point, st.integers(), st.integers())
pins = st.builds(Pin, st.text(max_size=5), points, st.text(max_size=5))
FORMS: Mapping[str, Mapping[Any, Shape]] = {
    "all fields": {},
    "two names": {Pin: Record("title=name at note?")},
    "within": {Pin: Record("name at.x across=at.y note?")},
    "a row": {Point: Row("x y")},
    "a row within": {Pin: Row("name at.x at.y note")},
    "compared": {Point: Record("x y total!")},
}


@pytest.mark.parametrize("form", FORMS)
@given(pins)
def test_whatever_the_form_the_value_comes_back(form: str, pin: Pin) -> None:
    codec = Codec(FORMS[form])
    assert codec.load(Pin, codec.dump(pin)) == pin


PIN = Pin("a", Point(1, 2))


@pytest.mark.parametrize(
    ("form", "plain"),
    [
        ("all fields", {"name": "a", "at": {"x": 1, "y": 2}, "note": ""}),
        ("two names", {"title": "a", "at": {"x": 1, "y": 2}}),
        ("within", {"name": "a", "x": 1, "across": 2}),
        ("a row", {"name": "a", "at": (1, 2), "note": ""}),
        ("a row within", ("a", 1, 2, "")),
        ("compared", {"name": "a", "at": {"x": 1, "y": 2, "total": 3}, "note": ""}),
    ],
)
def test_a_form_is_what_its_table_says(form: str, plain: Any) -> None:
    assert Codec(FORMS[form]).dump(PIN) == plain


def test_a_field_that_is_not_that_of_the_content_is_refused() -> None:
    with pytest.raises(ValueError, match="total"):
        Codec(FORMS["compared"]).load(Point, {"x": 1, "y": 2, "total": 4})
