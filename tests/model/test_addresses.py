"""An address is one text on every page, file and command line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from reconciler.model.addresses import Address
from tests.support.strategies import addresses


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
