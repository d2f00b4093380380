"""Names compare as the directory compares them; an attribute that nobody wrote is a value of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import (
    UNSET,
    Nested,
    Value,
    canonical,
    fingerprint,
    folded,
    parse,
    plain_attributes,
    plain_value,
    sha256,
    shown,
)
from tests.support.strategies import HOSTILE, attributes, names, texts, values


@given(values)
def test_a_value_comes_back_through_its_text(value: Value) -> None:
    def lists(one: Value) -> object:
        if isinstance(one, Nested):
            return {name: lists(item) for name, item in one.items()}
        return [lists(item) for item in one] if isinstance(one, tuple) else one

    text = canonical(plain_value(value))
    assert parse(text) == lists(value)
    assert text.isascii()
    assert "\n" not in text


@given(attributes)
def test_the_order_of_attributes_makes_no_difference(known: dict[str, Value]) -> None:
    turned = dict(reversed(known.items()))
    assert fingerprint(known) == fingerprint(turned)
    assert list(plain_attributes(turned)) == sorted(known)


def test_an_absent_object_has_a_fingerprint_of_its_own() -> None:
    assert len({fingerprint(None), fingerprint({}), fingerprint({"one": None}), fingerprint({"one": 1})}) == 4
    assert fingerprint({"one": True}) != fingerprint({"one": 1})
    assert sha256({"one": 1}) == fingerprint({"one": 1})


@pytest.mark.parametrize("value", [1.5, float("nan"), b"bytes", {"a": 1}, ("a", 1.5), object()])
def test_only_canonical_values_are_written(value: object) -> None:
    with pytest.raises(ValueError, match="is no attribute value"):
        plain_value(value)


@pytest.mark.parametrize("text", ["", "{", "1.0", "1e3", "NaN", "[Infinity]", "[" * 100_000])
def test_what_is_no_json_or_holds_a_fraction_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


@given(texts | st.sampled_from(HOSTILE))
def test_text_of_a_file_is_shown_without_what_a_terminal_obeys(text: str) -> None:
    assert shown(text).isascii()
    assert shown(text).isprintable()
    assert shown(None) == "nothing"


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
