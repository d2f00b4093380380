"""What counts as absent where an environment, or a part of it, is taken down."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.config.ending import ending
from reconciler.model.resources import Address, Resources
from tests.support.trial import environment_of, types

PLAN = {"extension_digits": 5, "country_code": "1"}
SECTIONS = {
    "dial_plans": {"Redmond": {**PLAN}, "Dublin": {**PLAN}},
    "mailbox_policies": {
        "Executives": {"dial_plan": "Redmond"},
        "Redmond/default": {"min_pin_length": 7},
        "Dublin/default": {"min_pin_length": 8},
    },
    "mailboxes": [
        {"identity": "alice@contoso.com", "extension": "50101", "policy": "Executives", "wave": "pilot"},
        {"identity": "bob@contoso.com", "extension": "50102", "dial_plan": "Redmond"},
        {"identity": "ciara@contoso.com", "extension": "50103", "dial_plan": "Dublin"},
    ],
}
ALICE, BOB, CIARA = (f"um_mailbox/{name}@contoso.com" for name in ("alice", "bob", "ciara"))
REDMOND, EXECUTIVES = "dial_plan/Redmond", "mailbox_policy/Executives"


def addresses(resources: Mapping[str, Resources]) -> set[str]:
    return {str(one.address) for each in resources.values() for one in each.values()}


@pytest.mark.parametrize(
    ("meant", "ended"),
    [
        (set(), set()),
        ({BOB}, {BOB}),
        ({EXECUTIVES}, {EXECUTIVES, ALICE}),
        ({REDMOND}, {REDMOND, EXECUTIVES, ALICE, BOB}),
        ({REDMOND, CIARA}, {REDMOND, EXECUTIVES, ALICE, BOB, CIARA}),
    ],
)
def test_what_references_a_meant_resource_ends_with_it(meant: set[str], ended: set[str]) -> None:
    before = environment_of(SECTIONS)
    after = ending(before, types(), lambda address: str(address) in meant)
    assert addresses(after.ended) == ended
    brought = {"mailbox_policy/Redmond/default"} if REDMOND in meant else set()
    assert addresses(after.declared) == addresses(before.declared) - ended - brought


def test_a_default_policy_ends_with_its_dial_plan_alone() -> None:
    meant = Address("mailbox_policy", "Redmond/default")
    after = ending(environment_of(SECTIONS), types(), lambda address: address == meant)
    assert after.ended == {}
    assert str(meant) in addresses(after.declared)


@pytest.mark.parametrize("is_meant", [True, False])
def test_a_setting_that_is_meant_is_no_longer_declared(is_meant: bool) -> None:
    before = environment_of({**SECTIONS, "um_certificates": {"ex1.contoso.com": {"um": "best"}}})
    certificate = Address("um_certificate", "ex1.contoso.com")
    after = ending(before, types(), lambda address: is_meant or address != certificate)
    assert certificate not in {one.address for each in after.ended.values() for one in each.values()}
    assert (str(certificate) in addresses(after.declared)) is not is_meant


def test_an_end_keeps_its_place_and_the_wave_of_a_user() -> None:
    before = environment_of(SECTIONS)
    after = ending(before, types(), lambda _: True)
    declared, ended = before.declared["um_mailbox"]["alice@contoso.com"], after.ended["um_mailbox"]["alice@contoso.com"]
    assert (ended.position, ended.get("wave")) == (declared.position, "pilot")
    assert after.declared["um_mailbox"] == Resources()
