"""The types of fields and of properties, as a form is derived from them."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.codec.forms import AnyValue, hint_of, hints_of
from reconciler.model.commands import Command, Delta, NameOf, ObjectId
from reconciler.model.resources import Resource


@dataclass(frozen=True)
class Bin:
    size: int

    @property
    def label(self) -> str:
        return f"{self.size} l"


def test_a_field_has_the_type_that_it_is_declared_with() -> None:
    assert hints_of(Bin) == {"size": int}
    assert hint_of(Bin, "size") is int


def test_a_property_has_the_type_that_it_returns() -> None:
    assert hint_of(Bin, "label") is str


def test_values_and_arguments_are_known_though_they_are_only_texts_in_the_types() -> None:
    assert AnyValue in hint_of(Resource, "attributes").__args__
    ((name, argument),) = [pair.__args__ for pair in hint_of(Command, "parameters").__args__[:1]]
    assert name is str
    assert set(argument.__args__) == {AnyValue, Delta, NameOf, ObjectId}
