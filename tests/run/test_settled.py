"""What a plan settles without a command is written down before anything is sent, as far as it still holds."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.plan import DECLARED, Plan, fingerprints_of
from reconciler.run.settled import settled_without_command
from tests.support.boxes import TYPES, box

A, B = Address("box", "a"), Address("box", "b")
BY_NAME = {kind.name: kind for kind in TYPES}
ADOPT = Action(A, ActionKind.ADOPT, remember=box("a", size=1))
FORGET = Action(B, ActionKind.FORGET)
SEEN = Landscape(observed={"box": Resources([Resource(Address("box", "A"), {"size": 1}, name="A", guid="1")])})


def test_an_adopted_object_is_remembered_as_it_is_and_a_forgotten_one_no_more() -> None:
    change = settled_without_command(Plan("test", adopted=(ADOPT,), forgotten=(FORGET,)), SEEN, BY_NAME)
    (known,) = change.remember
    assert (known.address, known.attributes, known.guid) == (A, {"size": 1}, "1")
    assert B in change.forget
    assert (change.intents, change.outcomes) == ((), ())


def test_what_cannot_be_read_or_is_only_predicted_is_not_adopted() -> None:
    unread = replace(SEEN, unreadable={A: Diagnostic("No answer")})
    assert settled_without_command(Plan("test", adopted=(ADOPT,)), unread, BY_NAME).remember == ()
    predicted = replace(ADOPT, predicted_by=Address("stamp", "all"))
    assert settled_without_command(Plan("test", adopted=(predicted,)), SEEN, BY_NAME).remember == ()


def test_what_the_state_learned_since_the_plan_was_made_stands() -> None:
    plan = Plan("test", "lineage", adopted=(ADOPT,), forgotten=(FORGET,))
    plan = replace(plan, prior=fingerprints_of(Snapshot("test"), dict.fromkeys((A, B), FORGET)))
    now = Snapshot("test", "lineage", 2, {one: Remembered(one, {"size": 9}) for one in (A, B)})
    change = settled_without_command(plan, replace(SEEN, prior=now), BY_NAME)
    assert (change.remember, change.forget) == ((), ())


def test_decisions_are_kept_but_for_the_digest_of_files_that_are_not_applied_yet() -> None:
    plan = Plan("test", decisions={"dial_plan/Redmond:site": "Redmond", DECLARED: "0" * 64})
    assert settled_without_command(plan, SEEN, BY_NAME).decisions == {"dial_plan/Redmond:site": "Redmond"}
