"""The words of a table: a value without any is an object of all its fields."""

from __future__ import annotations

from reconciler.model.codec.shapes import Leaf, Record, Row


def test_what_is_not_said_is_the_plainest_form() -> None:
    assert (Record().fields, Record().name, Row().fields) == ("", "", "")
    leaf = Leaf({"type": "integer"})
    assert (leaf.write(5), leaf.read(5), leaf.name) == (5, 5, "")
