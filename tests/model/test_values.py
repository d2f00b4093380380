"""Names compare as the directory compares them; an attribute that nobody wrote is a value of its own."""

from __future__ import annotations

import pytest
from hypothesis import given

from reconciler.model.addresses import Address
from reconciler.model.resources import Resource, Resources
from reconciler.model.values import UNSET, folded
from tests.support.strategies import names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Redmond", "REDMOND"),
        ("Zürich", "zurich"),
        ("Zürich", "Zu\u0308rich"),
        ("Straße", "STRASSE"),
        ("Ｒｅｄｍｏｎｄ", "Redmond"),
        ("カタカナ", "かたかな"),
        ("ΑΘΉΝΑ", "αθηνα"),
        ("Redmond ", "Redmond"),
    ],
)
def test_names_that_the_directory_takes_for_one_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert Address("dial_plan", one) == Address("dial_plan", other)
    assert {Address("dial_plan", one)} == {Address("dial_plan", other)}
    assert other in Resources([Resource(Address("dial_plan", one))])


@pytest.mark.parametrize(
    ("one", "other"), [("Redmond", "Redmont"), ("हिंदी", "हदी"), ("ı", "i"), ("a b", "ab"), ("re\u200bd", "red")]
)
def test_names_that_the_directory_tells_apart_are_two(one: str, other: str) -> None:
    assert folded(one) != folded(other)
    assert Address("dial_plan", one) != Address("dial_plan", other)


@given(names)
def test_folding_is_done_once_and_an_address_keeps_its_spelling(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert folded(name.upper().lower()) == folded(name.lower())
    assert Address.parse(str(Address("dial_plan", name))).is_spelt_as(Address("dial_plan", name))


def test_unset_is_neither_cleared_nor_empty() -> None:
    others: tuple[object, ...] = (None, "", (), False, 0)
    assert UNSET not in others
    assert repr(UNSET) == "UNSET"
