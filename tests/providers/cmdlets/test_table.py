"""The table of a type is made from its annotations, marks and docstrings; the declaration reads YAML by it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.declaration import Declaration
from providers.cmdlets.table import Tabled, declaring
from providers.cmdlets.value_types import (
    Clearable,
    Number,
    Output,
    Param,
    ReadOnly,
    References,
    Required,
    Text,
    Unordered,
)
from reconciler.model.attributes import Attr, AttributeKind, AttributeRole
from reconciler.model.resource_types import Fact, Lifecycle


class Shelf(CmdletResource):
    """A shelf."""

    name: ClassVar[str] = "shelf"
    noun: ClassVar[str] = "Shelf"
    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT

    height: Attr[Annotated[Number, Field(ge=1), Required()]]
    """Centimetres."""
    room_name: Attr[Text]
    """The room that it stands in."""
    next_to: Attr[Annotated[Text, Param("Neighbour"), References(Shelf), Clearable()]]
    labels: Attr[Annotated[tuple[Text, ...], Unordered()]]
    serial: Attr[Annotated[Text, ReadOnly(), Output("SerialNumber")]]


SHELF = Shelf()
DECLARATION = Declaration.of(declaring(Shelf)[0], SHELF.columns, Text)


def test_parameter_and_property_are_the_name_in_pascal_case_unless_marked() -> None:
    told = {name: (one.parameter, one.output) for name, one in SHELF.attributes.items()}
    assert told == {
        "height": ("Height", "Height"),
        "room_name": ("RoomName", "RoomName"),
        "next_to": ("Neighbour", "Neighbour"),
        "labels": ("Labels", "Labels"),
        "serial": (None, "SerialNumber"),
    }


def test_docstring_under_an_attribute_is_its_documentation() -> None:
    assert SHELF.attributes["height"].doc == "Centimetres."
    assert SHELF.attributes["labels"].doc == ""


def test_type_may_reference_itself() -> None:
    assert SHELF.attributes["next_to"].references == "shelf"


def test_marks_decide_kind_and_role() -> None:
    assert SHELF.attributes["labels"].kind is AttributeKind.SET
    assert SHELF.attributes["serial"].role is AttributeRole.READ_ONLY
    assert SHELF.columns["height"].is_required


def test_a_type_that_nothing_changes_is_only_read() -> None:
    class Room(Tabled, Fact):
        name: ClassVar[str] = "room"
        floor: Attr[Number]

    assert Room().attributes["floor"].role is AttributeRole.READ_ONLY


def test_only_what_is_written_is_read() -> None:
    assert DECLARATION.read("a", {"height": "3"}) == ("a", {"height": 3})


def test_null_clears_what_may_be_cleared() -> None:
    assert DECLARATION.read("a", {"height": "3", "next_to": None, "labels": None}) == (
        "a",
        {"height": 3, "next_to": None, "labels": ()},
    )


def test_everything_wrong_is_found_at_once() -> None:
    found = DECLARATION.read("a", {"height": "0", "serial": "x", "colour": "red", "room_name": None})
    assert isinstance(found, list)
    assert {problem.path for problem in found} == {("height",), ("serial",), ("colour",), ("room_name",)}


def test_schema_shows_no_read_only_attribute_and_no_default() -> None:
    schema = DECLARATION.json_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {"height", "room_name", "next_to", "labels"}
    assert schema["required"] == ["height"]
    assert "default" not in properties["room_name"]
    assert properties["height"]["minimum"] == 1
