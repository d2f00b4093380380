"""An action is compared by what it does, not by where it was declared; what is not said of it is the safe choice."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.actions import Action, ActionKind, Proof
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Position

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
