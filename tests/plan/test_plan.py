"""A plan answers what it does and leaves out, and to what."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.app import vocabulary
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Diagnostic, SessionError, Unreachable
from reconciler.model.ports import Request
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation, Remembered, Snapshot
from reconciler.plan.admission import STALE, USED
from reconciler.plan.plan import Plan, Source, Step, Trouble, is_made_over, moved_on
from reconciler.plan.saved import EXPIRED
from reconciler.plan.selection import Selection
from reconciler.views.plan import render_plan
from reconciler.views.style import Style
from tests.support.advice import lines_of
from tests.support.estate_sessions import EstateSessions
from tests.support.fakes import FunctionSessions
from tests.support.rehearsal import Rehearsal, rehearsal

UPDATES = tuple(Action(Address("box", key), ActionKind.UPDATE) for key in "ab")
STEP = Step("update box red", UPDATES, 1)
ADOPTED = Action(Address("box", "c"), ActionKind.ADOPT)
FORGOTTEN = Action(Address("box", "d"), ActionKind.FORGET)
PLAN = Plan("test", steps=(STEP,), adopted=(ADOPTED,), forgotten=(FORGOTTEN,), source=Source("0" * 40))


@pytest.mark.parametrize(
    ("plan", "has_changes", "has_effects"),
    [
        (Plan("test"), False, False),
        (Plan("test", adopted=(ADOPTED,)), False, True),
        (Plan("test", forgotten=(FORGOTTEN,)), False, True),
        (Plan("test", steps=(STEP,)), True, True),
    ],
)
def test_a_plan_changes_servers_or_only_the_state_or_nothing(plan: Plan, has_changes: bool, has_effects: bool) -> None:
    assert (plan.has_changes, plan.has_effects) == (has_changes, has_effects)


def test_a_plan_acts_upon_what_its_steps_adoptions_and_forgettings_are_about() -> None:
    assert tuple(PLAN.actions()) == UPDATES
    assert [address.key for address in PLAN.acted_upon()] == ["a", "b", "c", "d"]
    assert PLAN.commit == "0" * 40


def test_a_step_is_found_by_any_of_its_addresses_in_any_spelling() -> None:
    assert PLAN.step_of(Address("box", "B")) is STEP
    assert PLAN.step_of(Address("box", "c")) is None, "an adoption is no step"
    assert STEP.first is UPDATES[0]


def test_what_is_left_out_is_listed_once_in_order() -> None:
    def about(address: str | None) -> Diagnostic:
        return Diagnostic("Wrong", address=address, leaves_out=True)

    found = [about("box/b"), about("box/a"), about("box/b"), about(None), Diagnostic("Wrong", address="box/c")]
    assert replace(PLAN, diagnostics=tuple(found)).left_out == ("box/a", "box/b")


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        (Source(), "none"),
        (Source(has_git=True), "answers"),
        (Source(COMMIT, has_git=True), "answers"),
        (Source(trouble=Trouble("It is another's."), has_git=True), "fails"),
    ],
)
def test_git_is_not_there_answers_or_fails(source: Source, answer: str) -> None:
    assert source.answer == answer


def test_a_commit_is_shown_by_its_beginning_with_the_files_that_differ() -> None:
    edited = Source(COMMIT, ("a.yaml", "b.csv"), has_git=True)
    assert COMMIT[:12] in str(edited)
    assert COMMIT not in str(edited)
    assert all(name in str(edited) for name in edited.uncommitted)
    assert "a.yaml" not in str(Source(COMMIT, has_git=True))


def test_each_state_has_words_of_its_own() -> None:
    states = (Source(), Source(has_git=True), Source(COMMIT, has_git=True), Source(trouble=Trouble("?"), has_git=True))
    assert len({str(state) for state in states}) == len(states)


MAIN = Address("auto_attendant", "Main")
DISABLED = ("status: enabled", "status: disabled")


@pytest.fixture
def applied(tmp_path: Path) -> Rehearsal:
    one = rehearsal(tmp_path / "little")
    assert one.apply() == 0
    return one


def disabling(one: Rehearsal, name: str = "saved.plan") -> Path:
    """Return a saved plan that disables the attendant; the files are as before again."""
    one.edit("little.yaml", *DISABLED)
    saved = one.save(name)
    one.edit("little.yaml", *reversed(DISABLED))
    return saved


def away(one: Rehearsal, *, reads: bool) -> FunctionSessions:
    """Return sessions to servers that give no answer, unless they are only read."""
    through = EstateSessions(one.estate)

    def answer(request: Request) -> Reply | SessionError:
        if not reads or request.command.writes:
            return Unreachable(Diagnostic("No answer", "The host is away."))
        session = through.open(request.command.endpoint)
        return through.answer(session.host, [request])[0]

    return FunctionSessions(answer)


# --- what did nothing counts as nothing ------------------------------------------------------------------------------


def test_an_apply_of_nothing_and_a_refused_one_leave_plans_good(applied: Rehearsal) -> None:
    """A reconciling cron job must not make every plan under review stale."""
    saved, again = disabling(applied), disabling(applied, "again.plan")
    assert applied.apply() == 0
    assert applied.apply(approves=False) == 1
    assert applied.apply(saved) == 0
    serial = applied.serial
    code, said = applied.tried(again)
    assert (code, str(MAIN) in said, applied.serial) == (5, True, serial)
    assert applied.tried(saved)[1].startswith(USED)
    assert applied.serial == serial


def test_a_plan_tried_while_servers_were_away_is_good_when_they_are_back(applied: Rehearsal) -> None:
    saved, serial = disabling(applied), applied.serial
    applied.sessions = away(applied, reads=False)
    code, said = applied.tried(saved)
    assert (code, "The host is away." in said, applied.serial) == (1, True, serial)
    applied.sessions = away(applied, reads=True)
    assert applied.apply(saved) == 3, "they vanished after they were read"
    applied.sessions = None
    assert applied.apply(saved) == 0
    assert applied.apply(saved) == 5


def test_a_first_plan_stays_good_while_nothing_of_it_was_sent(tmp_path: Path) -> None:
    one = rehearsal(tmp_path / "little")
    saved = one.save()
    for reads in (False, True):
        one.sessions = away(one, reads=reads)
        assert one.apply(saved) in (1, 3)
    one.sessions = None
    assert one.apply(saved) == 0
    assert one.plan().steps == ()


# --- what a plan was made over ---------------------------------------------------------------------------------------


def test_a_plan_holds_when_the_state_learns_of_other_objects(applied: Rehearsal) -> None:
    saved = disabling(applied)
    with applied.opened() as workspace:
        workspace.forget(["um_mailbox/alice@contoso.com"])
    assert applied.apply(saved) == 0


def test_a_plan_is_stale_when_the_state_learned_of_what_it_acts_upon(applied: Rehearsal) -> None:
    saved = disabling(applied)
    with applied.opened() as workspace:
        workspace.forget([str(MAIN)])
    written, serial = applied.writes(), applied.serial
    code, said = applied.tried(saved)
    assert (code, applied.writes(), applied.serial) == (5, written, serial)
    assert said.startswith(STALE)
    assert str(MAIN) in said


def test_a_saved_plan_that_is_refused_is_applied_when_made_again_as_advised(applied: Rehearsal) -> None:
    def refuses(saved: Path, summary: str) -> None:
        code, said = applied.tried(saved)
        assert (code, said.partition("\n")[0]) == (5, summary)
        assert "plan --out" in said.rpartition("\n")[2]

    saved = disabling(applied)
    with applied.opened() as workspace:
        workspace.forget([str(MAIN)])
    refuses(saved, STALE)
    applied.clock.sleep(400 * 24 * 3600)
    refuses(saved, EXPIRED)
    again = disabling(applied, "again.plan")
    assert applied.apply(again) == 0
    refuses(again, USED)
    assert applied.apply(applied.save("third.plan")) == 0
    assert applied.plan().steps == ()


def test_what_is_locked_is_applied_when_the_other_run_has_ended_as_advised(tmp_path: Path) -> None:
    one = rehearsal(tmp_path / "little")
    with one.opened() as other, other.state.leased("apply"):
        code, said = one.tried()
        assert (code, one.writes()) == (6, [])
        assert lines_of(said) == [f"kill -INT {os.getpid()}; kill -CONT {os.getpid()}"]
    assert one.apply() == 0
    assert one.plan().steps == ()


def test_a_plan_over_nothing_fits_a_state_that_holds_its_own_adoptions_alone() -> None:
    box = Remembered(Address("box", "a"), {"size": 1})
    adopts = Plan("test", adopted=(Action(box.address, ActionKind.ADOPT),))
    held = Snapshot("test", "lineage", 3, resources={box.address: box})
    assert is_made_over(adopts, Snapshot("test", "lineage", 3))
    assert is_made_over(adopts, held)
    assert not is_made_over(Plan("test"), held)
    owing = Snapshot("test", "lineage", 3, obligations=(Obligation("lower-outcalls", "a"),))
    assert not is_made_over(adopts, owing)
    assert not is_made_over(Plan("test", lineage="other"), held)
    assert moved_on(adopts, held) == (box.address,)


# --- what was looked at ----------------------------------------------------------------------------------------------


def test_no_changes_of_a_part_is_not_said_of_the_whole(applied: Rehearsal) -> None:
    applied.edit("little.yaml", *DISABLED)
    plans = {
        "--exclude auto_attendant": applied.plan(selection=Selection(excludes=("auto_attendant",))),
        "--target dial_plan": applied.plan(selection=Selection(targets=("dial_plan",))),
        "--refresh-only": applied.plan(refresh_only=True),
    }
    for options, plan in plans.items():
        assert (plan.asked, plan.passed_over, plan.steps) == (options, 1, ())
        shown = render_plan(plan, Style(width=200), vocabulary())
        assert f"No changes with {options}: 1 change is not selected." in shown
        assert "match the configuration" not in shown
    applied.edit("little.yaml", *reversed(DISABLED))
    assert "match the configuration" in render_plan(applied.plan(), Style(width=200), vocabulary())
