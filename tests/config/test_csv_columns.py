"""Which attribute each column of a CSV file holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.csv_columns import IGNORE, Columns

COLUMNS = Columns(
    ("identity", "extension", "sip_address", "dial_plan", "state"),
    ("identity",),
    {"identity": ("PrimarySmtpAddress", "UserPrincipalName"), "sip_address": ("SipAddress",)},
    ("DialPlan",),
)


@pytest.mark.parametrize(
    ("headers", "meanings"),
    [
        (("extension", "identity"), ("extension", "identity")),
        (("Identity", "EXTENSION"), ("identity", "extension")),
        (("UserPrincipalName", "SipAddress", "Office"), ("identity", "sip_address", "")),
        (("UserPrincipalName", "PrimarySmtpAddress"), ("", "identity")),
        (("PrimarySmtpAddress", "Identity"), ("", "identity")),
        (("Identity", "identity"), ("", "identity")),
        (("identity", "State", "DialPlan"), ("identity", "", "")),
        (("identity", "state", "dial_plan"), ("identity", "state", "dial_plan")),
        (("identity", "identity"), ("identity", "identity")),
    ],
)
def test_the_best_name_of_an_attribute_counts(headers: tuple[str, ...], meanings: tuple[str, ...]) -> None:
    assert COLUMNS.meanings(headers) == meanings


def test_what_the_environment_says_counts_before_every_name() -> None:
    said = Columns(COLUMNS.known, named={"E-Mail": "identity", "extension": IGNORE, "Nebenstelle": "extension"})
    headers = ("identity", "e-mail", "extension", "Nebenstelle")
    assert said.meanings(headers) == ("", "identity", "", "extension")
    assert (said.is_ignored("Extension"), said.is_ignored("E-Mail")) == (True, False)


@pytest.mark.parametrize(
    ("headers", "suspected"),
    [
        (("identity", "Office", "Department", "LineURI", "City"), {}),
        (("identity", "extention"), {"extention": "extension"}),
        (("identity", "SipAdress"), {"SipAdress": "sip_address"}),
        (("identity", "dialplan"), {"dialplan": "dial_plan"}),
        (("identity", "DialPlan"), {}),
        (("identity", "State"), {"State": "state"}),
        (("identity", "extension", "extention"), {}),
        (("identity", "password"), {"password": ""}),
    ],
)
def test_a_column_that_is_nearly_an_attribute_is_suspected(headers: tuple[str, ...], suspected: dict[str, str]) -> None:
    assert COLUMNS.misspelt(headers, COLUMNS.meanings(headers)) == suspected


def test_a_column_that_the_environment_ignores_is_not_suspected() -> None:
    said = Columns(COLUMNS.known, named={"State": IGNORE, "password": IGNORE})
    assert said.misspelt(("State", "password"), said.meanings(("State", "password"))) == {}


NAMES = st.sampled_from(["identity", "PrimarySmtpAddress", "Extension", "sip_address", "State", "Office", "DialPlan"])


@given(st.lists(NAMES, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_columns_never_matters(headers: list[str], random: st.DataObject) -> None:
    by_name = dict(zip(headers, COLUMNS.meanings(headers), strict=True))
    turned = list(headers)
    random.shuffle(turned)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert dict(zip(turned, COLUMNS.meanings(turned), strict=True)) == by_name
    meant = [name for name in by_name.values() if name]
    assert len(set(meant)) == len(meant)
