"""A resource gives its values in the form that is asked for; a set of resources finds keys as the directory does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.diagnostics import Position
from reconciler.model.resources import Address, Resource, Resources
from tests.support.boxes import box
from tests.support.strategies import addresses, names


@given(addresses)
def test_the_text_of_an_address_needs_no_quotes_and_reads_back(address: Address) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._@/+%-]*", str(address).removeprefix(address.type))
    assert Address.parse(str(address)).is_spelt_as(address)


@pytest.mark.parametrize("text", ["", "dial_plan", "dial_plan/", "/Redmond", "dial_plan/%FF"])
def test_a_text_without_type_or_key_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Address.parse(text)


def test_a_key_may_hold_slashes_and_percent_signs() -> None:
    assert Address.parse("hunt_group/pbx.contoso.com/Redmond").key == "pbx.contoso.com/Redmond"
    assert str(Address("dial_plan", "50 %")) == "dial_plan/50%20%25"


@given(addresses, addresses)
def test_equal_addresses_have_one_hash_and_one_folded_form(one: Address, other: Address) -> None:
    respelt = Address(one.type, f" {one.key}")
    assert (one == respelt, hash(one) == hash(respelt)) == (True, True)
    assert (one == other) is (one.folded == other.folded)
    assert not one.is_spelt_as(respelt)


def test_an_address_differs_from_its_text_and_from_the_same_key_of_another_type() -> None:
    assert Address("dial_plan", "Redmond") != "dial_plan/Redmond"
    assert Address("dial_plan", "Redmond") != Address("auto_attendant", "Redmond")


@pytest.mark.parametrize(("key", "is_person"), [("alice@contoso.com", True), ("Redmond", False)])
def test_a_key_with_an_at_sign_names_a_person(key: str, is_person: bool) -> None:
    assert Address("um_mailbox", key).names_a_person is is_person


def test_value_named_by_text_is_given_as_it_is() -> None:
    resource = Resource(Address("box", "a"), {"one": ""})
    assert (resource.get("one"), resource.get("size"), resource.get("size", 5)) == ("", None, 5)


def test_where_and_how_a_resource_is_written_does_not_make_it_another() -> None:
    written = Resource(Address("box", "a"), {"size": 1}, written="A.", position=Position("a.yaml", 3))
    assert written == Resource(Address("box", "A"), {"size": 1})


@given(st.lists(names, unique_by=lambda name: Address("box", name).folded, max_size=6))
def test_resources_keep_their_order_and_are_found_in_any_spelling(keys: list[str]) -> None:
    resources = Resources(map(box, keys))
    assert list(resources) == keys
    assert all(f" {key} " in resources for key in keys)
    assert [resources[key].key for key in keys] == keys
    assert len(resources) == len(keys)


def test_the_last_of_two_spellings_stays_in_the_place_of_the_first() -> None:
    assert list(Resources([box("a"), box("b"), box("A")])) == ["A", "b"]


def test_a_changed_copy_leaves_the_original_alone() -> None:
    before = Resources([box("a", size=1), box("b")])
    after = before.replaced(put=[box("A", size=2), box("c")], drop=["B", "missing"])
    assert list(after.values()) == [box("A", size=2), box("c")]
    assert list(before.values()) == [box("a", size=1), box("b")]
    assert after == Resources([box("a", size=2), box("C")])


def test_what_is_no_text_is_no_key() -> None:
    number: object = 5
    assert number not in Resources([box("5")])
