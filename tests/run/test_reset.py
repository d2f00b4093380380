"""PINs are replaced at most once, whatever is lost and wherever a run is killed, and no PIN is ever seen."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.model.diagnostics import Refused
from reconciler.model.events import ActionEnded, RunEnded
from reconciler.model.resources import Address
from reconciler.model.snapshot import RESET, OutcomeKind
from reconciler.run.reset import ResetEnded, exit_code_of
from reconciler.run.system import NeverStop
from tests.plan.test_exchanges import USERS, applied, base, row
from tests.support.trial import Fault, Trial, law


def with_users(number: int = 3) -> Trial:
    return applied(base(*(row(user, f"4100{place}") for place, user in enumerate(USERS[:number], 1))))


def mails(trial: Trial) -> int:
    """Return how many new PINs were mailed."""
    return trial.estate.holdings.counters.get("pin_mails", 0)


def sent(trial: Trial) -> list[str]:
    every = (line for line in trial.estate.log() if line["cmdlet"] == "Set-UMMailboxPIN")
    return [str(line["parameters"]["Identity"]) for line in every]


def test_each_user_gets_one_new_pin_and_the_journal_is_closed() -> None:
    trial = with_users()
    assert trial.reset(USERS[0], USERS[1].upper(), USERS[0]).exit_code == 0
    assert mails(trial) == 2
    assert trial.store.read().open_intents == ()
    intents = [one for one in trial.store.intents.values() if one.kind == RESET]
    assert [str(one.address) for one in intents] == [f"um_mailbox/{user}" for user in USERS[:2]]
    assert {trial.store.outcomes[one.id] for one in intents} == {OutcomeKind.DONE}
    assert not trial.plan().steps


def test_no_pin_is_in_a_command_that_is_sent_saved_or_shown() -> None:
    trial = with_users()
    trial.reset(USERS[0])
    (line,) = [line for line in trial.estate.log() if line["cmdlet"] == "Set-UMMailboxPIN"]
    assert "pin" not in {str(name).lower() for name in line["parameters"]}
    saved = [one.command for one in trial.store.intents.values() if one.kind == RESET]
    assert all("-pin " not in one.lower() for one in saved)


def test_without_approval_nothing_is_sent_or_saved() -> None:
    trial = with_users()
    before = len(trial.store.intents)
    assert trial.reset(USERS[0], approves=False).exit_code is None
    assert (mails(trial), len(trial.store.intents)) == (0, before)


@pytest.mark.parametrize(
    ("name", "summary"),
    [("nobody", "Unknown user"), (USERS[4], "User without PIN")],
)
def test_one_wrong_name_resets_nobody(name: str, summary: str) -> None:
    trial = with_users()
    run = trial.reset(USERS[0], name)
    assert run.error is not None
    assert [one.summary for one in run.error.diagnostics] == [summary]
    assert mails(trial) == 0


def test_a_user_is_found_by_another_name_and_a_type_in_any_case() -> None:
    trial = with_users()
    assert trial.reset(f"UM_Mailbox/{USERS[0]}", USERS[1].partition("@")[0]).exit_code == 0
    assert mails(trial) == 2


@pytest.mark.parametrize(("kind", "mailed"), [("lost-reply", 1), ("lost-request", 0)])
def test_a_reset_without_a_reply_is_not_sent_again_before_somebody_asks_for_it(kind: str, mailed: int) -> None:
    trial = with_users()
    assert trial.reset(USERS[0], USERS[1], fault=Fault(kind, 1)).exit_code == 7
    assert mails(trial) == mailed + 1, "the other user is not concerned"
    (left,) = trial.store.read().open_intents
    assert (left.kind, left.address.key) == (RESET, USERS[0])
    refused = trial.reset(USERS[0])
    assert isinstance(refused.error, Refused)
    (why,) = refused.error.diagnostics
    assert why.address == f"um_mailbox/{USERS[0]}"
    assert "--again" in why.remedy
    assert mails(trial) == mailed + 1
    assert trial.reset(USERS[2]).exit_code == 0, "other users are not refused"
    assert trial.reset(USERS[0], again=True).exit_code == 0
    assert mails(trial) == mailed + 3
    assert trial.store.read().open_intents == ()


def test_an_apply_leaves_an_open_reset_alone() -> None:
    trial = with_users()
    trial.reset(USERS[0], fault=Fault("lost-reply", 1))
    plan = trial.plan()
    assert (plan.steps, [one.code for one in plan.diagnostics if one.code == "UM106"]) == ((), [])
    since = trial.clock.seconds
    assert trial.apply().exit_code == 0
    assert trial.clock.seconds - since < 30, "nothing has to expire"
    assert len(trial.store.read().open_intents) == 1


@pytest.mark.parametrize(("kind", "code"), [("refused", 3), ("busy", 0)])
def test_what_certainly_did_nothing_is_closed_and_repeated_only_if_the_server_asks(kind: str, code: int) -> None:
    trial = with_users()
    assert trial.reset(USERS[0], fault=Fault(kind, 1)).exit_code == code
    assert mails(trial) == (1 if code == 0 else 0)
    assert trial.store.read().open_intents == ()
    assert trial.reset(USERS[0]).exit_code == 0


@law(30)
@given(st.integers(1, 14), st.sampled_from(["lost-reply", "lost-request", "late", "busy", "none"]), st.integers(1, 3))
def test_killed_anywhere_no_pin_is_replaced_twice_without_asking(kill_at: int, kind: str, at: int) -> None:
    trial = with_users()
    fault = None if kind == "none" else Fault(kind, at, seconds=5.0)
    first = trial.reset(*USERS[:3], fault=fault, kill_at=kill_at)
    event("killed" if first.was_killed else f"exit {first.exit_code}")
    trial.store.holder = None
    trial.pass_time(120)
    once = sent(trial)
    assert len(once) == len(set(once))
    open_now = {one.address.key for one in trial.store.read().open_intents}
    for user in USERS[:3]:
        before = mails(trial)
        again = trial.reset(user)
        assert (again.error is not None) == (user in open_now)
        assert mails(trial) - before == (0 if user in open_now else 1)


def test_the_run_counts_what_it_did() -> None:
    trial = with_users()
    trial.reset(*USERS[:3], fault=Fault("refused", 2))
    ended = [one for one in trial.events.events if isinstance(one, RunEnded)][-1]
    assert (ended.exit_code, ended.done, ended.failed, ended.blocked, ended.unknown) == (3, 2, 1, 0, 0)
    kinds = [one.outcome for one in trial.events.events if isinstance(one, ActionEnded) and one.kind == RESET]
    assert kinds == [OutcomeKind.DONE, OutcomeKind.FAILED, OutcomeKind.DONE]


def test_an_unknown_outcome_weighs_more_than_a_failure() -> None:
    kinds = (OutcomeKind.DONE, OutcomeKind.FAILED, OutcomeKind.UNKNOWN)
    ends = [ResetEnded(Address("box", kind.value), kind) for kind in kinds]
    assert [exit_code_of(ends[:number], number, NeverStop()) for number in (1, 2, 3)] == [0, 3, 7]
