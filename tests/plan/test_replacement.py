"""A dial plan under another name: its users move with consent, and the old one goes last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.model.abilities import Vocabulary
from reconciler.plan.budgets import Budgets
from reconciler.plan.saved import decode, encode
from tests.plan.test_exchanges import NUMBERS, PLAN, USERS, applied, held, rewritten, row
from tests.support.fakes import MemoryStore
from tests.support.trial import Trial, types

MOVE = {"from": "dial_plan/Base", "to": "dial_plan/New"}


def sections(plan: str, *users: str) -> dict[str, Any]:
    return {
        "dial_plans": {plan: {**PLAN, "access_numbers": [NUMBERS[0]]}},
        "mailboxes": [row(user, f"4100{place}", dial_plan=plan) for place, user in enumerate(users)],
    }


def renamed(*users: str) -> Trial:
    return rewritten(applied(sections("Base", *USERS[:3])), {**sections("New", *users), "moved": [MOVE]})


def test_it_needs_consent_and_the_users_are_counted() -> None:
    trial = renamed(*USERS[:3])
    plan = trial.plan()
    (found,) = Budgets(max_destroy=9, nouns=Vocabulary.of(types()).nouns).exceeded(plan, trial.store.read())
    assert (found.code, found.address) == ("UM111", "dial_plan/Base")
    assert "moves with it: 3 UM mailboxes; 3 of them" in found.detail
    assert found.remedy.endswith("--max-destroy 4 --allow-replace")
    refused = trial.apply(max_destroy=9)
    assert (refused.exit_code, refused.ours) == (4, [])


def test_users_and_numbers_move_and_the_old_one_goes_last() -> None:
    trial = renamed(*USERS[:3])
    (removal,) = [one for one in trial.plan().actions() if str(one.address) == "dial_plan/Base"]
    assert removal.reasons[0] == "replaced by dial_plan/New"
    run = trial.apply(max_destroy=9, allow_replace=True)
    assert run.exit_code == 0, run.told()
    assert run.ours[-1]["cmdlet"] == "Remove-UMDialPlan"
    assert held(trial) == {
        "41000": "User User 1",
        "41001": "User User 2",
        "41002": "User User 3",
        NUMBERS[0]: "UMDialPlan New",
    }
    again = trial.plan()
    assert not again.has_changes
    assert [one.code for one in again.diagnostics if one.code == "UM112"] == ["UM112"]


def test_a_user_who_is_not_declared_any_more_keeps_the_old_one() -> None:
    trial = renamed(*USERS[:2])
    assert [one.code for one in trial.plan().diagnostics if one.forbids] == ["UM102"]
    assert trial.apply(max_destroy=9, allow_replace=True).exit_code == 4


@pytest.mark.parametrize("kill_at", [3, 9, 15, 25, 40])
def test_an_interrupted_replacement_ends_at_the_next_apply(kill_at: int) -> None:
    trial = renamed(*USERS[:3])
    trial.apply(max_destroy=9, allow_replace=True, kill_at=kill_at)
    run = trial.apply(max_destroy=9, allow_replace=True)
    assert run.exit_code == 0, run.told()
    assert not trial.plan().has_changes


def test_a_lost_state_changes_nothing_about_it() -> None:
    trial = renamed(*USERS[:3])
    trial.store = MemoryStore()
    assert trial.apply(max_destroy=9, allow_replace=True).exit_code == 0
    assert not trial.plan().has_changes


def test_a_saved_plan_keeps_what_takes_the_place() -> None:
    plan = renamed(*USERS[:3]).plan()
    key, now = b"k" * 32, datetime(2026, 1, 1, tzinfo=UTC)
    data = encode(plan, key=key, created=now, expires=now + timedelta(1), nonce="n")
    again = decode(data, key=key, now=now).plan
    assert [one.replaced_by for one in again.actions()] == [one.replaced_by for one in plan.actions()]
    assert any(one.replaced_by for one in again.actions())
