"""The exit code of a run follows from how its steps ended."""

from __future__ import annotations

import pytest

from reconciler.model.abilities import Duty
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, LeaseLost, StateError
from reconciler.model.resources import Address
from reconciler.model.snapshot import OutcomeKind
from reconciler.plan.plan import Step
from reconciler.run.account import Account, Fate, fate_of
from reconciler.run.sent import Ended

ACTIONS = tuple(Action(Address("box", name), ActionKind.CREATE) for name in "ab")
DONE = Ended(ACTIONS[0], OutcomeKind.DONE)
THERE = Ended(ACTIONS[0], OutcomeKind.DONE, was_there=True)
FAILED = Ended(ACTIONS[1], OutcomeKind.FAILED)
PARTLY = Ended(ACTIONS[1], OutcomeKind.FAILED, is_partial=True)
STALE = Ended(ACTIONS[1], OutcomeKind.NOT_RUN, is_stale=True)
UNKNOWN = Ended(ACTIONS[1], OutcomeKind.UNKNOWN)
FULL = StateError(Diagnostic("State cannot be written", "The disk is full."))
OWED = Duty("restart", "the {subject} has to restart").of("fe1")


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (Account({}, ()), 0),
        (Account({"a": Fate.DONE}, (DONE,)), 0),
        (Account({"a": Fate.DONE}, (DONE,), left_out=1), 3),
        (Account({"a": Fate.DONE}, (DONE,), (OWED,)), 3),
        (Account({"a": Fate.DONE, "b": Fate.FAILED}, (DONE, FAILED)), 3),
        (Account({"a": Fate.DONE, "b": Fate.STOPPED}, (DONE,), stopped_with=130), 130),
        (Account({"a": Fate.FAILED}, (DONE, UNKNOWN), stopped_with=130), 7),
        (Account({"b": Fate.FAILED}, (STALE,)), 5),
        (Account({"b": Fate.FAILED}, (THERE, STALE)), 5),
        (Account({"a": Fate.DONE, "b": Fate.FAILED}, (DONE, STALE)), 3),
        (Account({"a": Fate.FAILED}, (), fatal=FULL), 1),
        (Account({"a": Fate.FAILED}, (DONE,), fatal=FULL), 3),
        (Account({"a": Fate.FAILED}, (), fatal=LeaseLost()), 3),
    ],
)
def test_exit_code(account: Account, code: int) -> None:
    assert account.exit_code() == code


@pytest.mark.parametrize(
    ("ended", "fate"),
    [
        ((DONE, DONE), Fate.DONE),
        ((DONE, PARTLY), Fate.PARTIAL),
        ((DONE, FAILED), Fate.FAILED),
        ((PARTLY, FAILED), Fate.FAILED),
        ((DONE,), Fate.FAILED),
        ((), Fate.FAILED),
    ],
)
def test_a_step_has_the_fate_of_all_its_actions(ended: tuple[Ended, ...], fate: Fate) -> None:
    assert fate_of(Step("create box", ACTIONS, 1), ended) is fate
