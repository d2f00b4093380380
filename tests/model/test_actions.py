"""An action is compared by what it does, not by where it was declared; what is not said of it is the safe choice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind, Claim, Proof
from reconciler.model.diagnostics import Position
from reconciler.model.resources import Address

CLAIM = Claim.of("dial_plan/Redmond", "extensions", "50101")


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (Claim.of("dial_plan/REDMOND", "extensions", "50101"), True),
        (Claim.of("dial_plan/Redmond", "operator_extension", "50101"), True),
        (Claim.of("dial_plan/Bellevue", "extensions", "50101"), False),
        (Claim.of("dial_plan/Redmond", "extensions", "50102"), False),
    ],
)
def test_a_claim_is_its_value_within_its_scope_whichever_attribute_holds_it(other: Claim, is_same: bool) -> None:
    assert (other == CLAIM) is is_same
    assert ({CLAIM: 1}.get(other) == 1) is is_same


def test_values_compare_as_names_and_show_as_written() -> None:
    assert Claim.of("", "name", "Zürich") == Claim.of("", "name", "ZURICH")
    assert str(Claim.of("", "name", "Zürich")) == "Zürich"


UPDATE = Action(Address("box", "a"), ActionKind.UPDATE)


def test_the_place_of_the_declaration_does_not_make_it_another_action() -> None:
    assert replace(UPDATE, position=Position("a.yaml", 3)) == UPDATE
    assert replace(UPDATE, wave="2") != UPDATE


def test_an_action_that_says_nothing_more_can_be_observed_and_expects_absence() -> None:
    assert (UPDATE.proof, UPDATE.expects, UPDATE.expects_after, UPDATE.settle_seconds) == (
        Proof.OBSERVABLE,
        None,
        None,
        0,
    )
    assert UPDATE.commands == UPDATE.inverse == UPDATE.needs == UPDATE.destroyed == ()
