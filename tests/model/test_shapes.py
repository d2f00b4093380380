"""A record names the fields that are written, and a leaf has a form of its own."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from reconciler.model.codec import Codec
from reconciler.model.shapes import Leaf, Record
from tests.support.boxed import Box, Colour, Point

RECORD = Codec(
    {
        Box: Record("name area left=at.x at.y labels? value?", is_tagged=True),
        Point: Record("x", "place", is_tagged=True),
    }
)


def test_a_record_is_written_as_its_table_says() -> None:
    plain = {"type": "box", "name": "b", "area": 4, "left": 3, "y": 0}
    assert RECORD.dump(Box("b", Point(3), size=2)) == plain
    assert list(RECORD.dump(Box("b", Point(3), size=2))) == list(plain)
    assert RECORD.dump(Box("b", Point(3), labels={"a": "b"}, value=None)) == {
        **plain,
        "area": 0,
        "labels": {"a": "b"},
        "value": None,
    }
    assert RECORD.dump(Point(1, 2)) == {"type": "place", "x": 1}
    assert RECORD.schemas(Point, about=lambda _: {})["place"]["properties"]["type"] == {"const": "place"}


@pytest.mark.parametrize(
    "box", [Box("b", Point(3)), Box("", Point(0, -1), size=2, labels={"a": ""}, value=("x", None))]
)
def test_what_a_record_writes_fits_its_schema(box: Box) -> None:
    schema = {"$ref": "#/$defs/box", "$defs": RECORD.schemas(Box, about=lambda _: {})}
    written = json.loads(json.dumps(RECORD.dump(box)))
    assert Draft202012Validator(schema).is_valid(written)
    assert not Draft202012Validator(schema).is_valid({**written, "x": 3})


def test_a_misspelt_field_of_a_table_is_an_error() -> None:
    with pytest.raises((KeyError, AttributeError)):
        Codec({Point: Record("x z")}).dump(Point(1))


def test_a_leaf_says_its_own_form_and_name() -> None:
    by_letter = {colour.value[0]: colour for colour in Colour}
    letter = Leaf({"type": "string"}, lambda colour: colour.value[0], by_letter.__getitem__, "letter")
    codec = Codec({Colour: letter})
    assert codec.dump(Colour.BLUE) == "b"
    assert codec.load(Colour, "b") is Colour.BLUE
    assert codec.schemas(Colour, about=lambda _: {})["letter"] == {"type": "string"}
