"""Names of objects compare as the directory compares them; every other value compares as it is."""

from __future__ import annotations

import pytest

from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole
from reconciler.model.values import Value

PLAIN, SET, LIST = (
    Attribute("on", kind=kind, references="box")
    for kind in (AttributeKind.SCALAR, AttributeKind.SET, AttributeKind.LIST)
)


@pytest.mark.parametrize(
    ("attribute", "value", "compared"),
    [
        (Attribute("name"), "Redmond", "Redmond"),
        (PLAIN, "Redmond ", "redmond"),
        (PLAIN, None, None),
        (SET, ("B", "a", "b"), ("a", "b")),
        (LIST, ("B", "a", "b"), ("b", "a", "b")),
        (SET, (), ()),
    ],
)
def test_only_names_are_folded_and_only_sets_are_sorted(attribute: Attribute, value: Value, compared: Value) -> None:
    assert attribute.comparable(value) == compared


@pytest.mark.parametrize("role", AttributeRole)
def test_only_what_a_command_can_give_is_compared(role: AttributeRole) -> None:
    is_given = role in (AttributeRole.MANAGED, AttributeRole.CREATE_ONLY)
    assert Attribute("one", role=role).is_compared is is_given
