"""Defaults of servers: from the published reference, or stated beside it."""

from __future__ import annotations

import pytest

from providers.catalogue import resource_types
from providers.cmdlets.defaults import NOT_DOCUMENTED, REQUIRED, Default, default_of


@pytest.mark.parametrize(
    ("kind", "attribute", "default"),
    [
        ("dial_plan", "extension_digits", Default(REQUIRED, "New-UMDialPlan")),
        ("dial_plan", "access_numbers", Default("none", "New-UMDialPlan")),
        ("mailbox_policy", "min_pin_length", Default("6", "Set-UMMailboxPolicy")),
    ],
)
def test_a_default_has_its_source(kind: str, attribute: str, default: Default) -> None:
    found = next(one for one in resource_types() if one.name == kind)
    assert default_of(found, found.attributes[attribute]) == default


@pytest.mark.parametrize(
    ("text", "release", "value"),
    [
        ("6", "", "6"),
        ("none", "e2013", "none"),
        ("Mp3; Wma in 2007", "e2013", "Mp3"),
        ("Mp3; Wma in 2007", "e2007", "Wma"),
        ("9; the topic says none", "", None),
        ("that of the dial plan", "", None),
        (NOT_DOCUMENTED, "", None),
        (REQUIRED, "", None),
        ("", "", None),
    ],
)
def test_a_default_is_one_value_in_a_release_or_none_is_known(text: str, release: str, value: str | None) -> None:
    assert Default(text, "").value(release) == value


def test_a_default_without_any_source_is_said_to_be_undocumented() -> None:
    every = [default_of(kind, one) for kind in resource_types() for one in kind.attributes.values()]
    assert any(one.text == NOT_DOCUMENTED for one in every)
    assert all(one.source for one in every if one.text not in ("", NOT_DOCUMENTED))
