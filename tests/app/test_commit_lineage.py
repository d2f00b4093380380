"""No plan follows a commit whose changes its files lack, unless that is wanted: directories and saved plans alike."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.app.commit_lineage import objection_to
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, Run, StateChange
from reconciler.plan.plan import Gap, Plan, Source, Step, Trouble
from reconciler.views.messages import message_of
from reconciler.views.state import render_history
from reconciler.views.style import Style
from tests.support.advice import lines_of
from tests.support.fakes import MemoryLease, MemoryStore
from tests.support.rehearsal import Rehearsal, rehearsal

OURS, THEIRS = "0" * 40, "1" * 40
POLICY = Address("mailbox_policy", "Executives")
UPDATE = Action(POLICY, ActionKind.UPDATE, changes=(Change("min_pin_length", 10, 8),))
DO = Plan("test", steps=(Step("update", (UPDATE,), 1),), source=Source(OURS, has_git=True))
OLDER = Gap(("1111111 raise the length", "222222 and more"), remedy="Bring them up to date.")


def applied(*runs: tuple[str | None, OutcomeKind | None]) -> MemoryStore:
    """Return a store after runs of commits, each with one command that ended so; None: none was sent."""
    store = MemoryStore()
    lease = MemoryLease(store, 0)
    for number, (commit, kind) in enumerate(runs):
        lease.begin(Run(f"run{number}", "2026-01-01", "kim", "ops1", commit))
        if kind is not None:
            intent = Intent(f"op{number}", f"run{number}", POLICY, "update", "", "", "")
            lease.commit(StateChange(intents=(intent,)))
            lease.commit(StateChange(outcomes=(Outcome(intent.id, kind),)))
    return store


def objection(plan: Plan, store: MemoryStore, gap: Gap | None = None) -> Diagnostic | None:
    """Return the objection where Git answers ``gap`` about the commit of the others; None: Git must not be asked."""

    def answer(_: str | None, applied: str) -> Gap:
        assert gap is not None
        assert applied == THEIRS
        return gap

    return objection_to(plan, answer, store)


DONE, NOT_RUN = OutcomeKind.DONE, OutcomeKind.NOT_RUN


def test_older_files_are_refused_with_the_changes_they_lack_and_take_back() -> None:
    told = objection(DO, applied((THEIRS, DONE)), OLDER)
    assert told is not None
    for part in ("raise the length", "and more", "update mailbox_policy/Executives (min_pin_length)", "run0"):
        assert part in told.detail
    assert "--allow-older" in told.remedy
    assert "new plan" not in told.remedy, "a new plan of the same files meets the same objection"


def test_files_beside_the_applied_are_refused_as_such() -> None:
    older = objection(DO, applied((THEIRS, DONE)), OLDER)
    assert older is not None
    told = objection(DO, applied((THEIRS, DONE)), replace(OLDER, is_parallel=True))
    assert told is not None
    assert told.summary != older.summary


def test_files_that_lack_nothing_and_the_same_commit_pass() -> None:
    assert objection(DO, applied((THEIRS, DONE)), Gap()) is None
    assert objection(DO, applied((OURS, DONE))) is None
    assert objection(DO, applied()) is None


@pytest.mark.parametrize(
    "plan",
    [
        replace(DO, steps=()),
        replace(DO, source=Source()),
    ],
    ids=["does nothing", "no Git"],
)
def test_what_the_guard_is_not_about_passes(plan: Plan) -> None:
    assert objection(plan, applied((THEIRS, DONE))) is None


@pytest.mark.parametrize("store", [applied((THEIRS, DONE)), applied()], ids=["after a run", "before any"])
def test_a_commit_that_git_does_not_tell_is_refused_with_its_reason(
    store: MemoryStore,
) -> None:
    told = objection(replace(DO, source=Source(trouble=Trouble("It is another's.", "Trust it."), has_git=True)), store)
    assert told is not None
    assert "It is another's." in told.detail
    assert "Trust it." in told.remedy
    assert "--allow-older" in told.remedy


def test_commits_that_git_cannot_compare_are_refused_with_its_reason() -> None:
    told = objection(DO, applied((THEIRS, DONE)), Gap(trouble=Trouble("This clone is shallow.", "Deepen it.")))
    assert told is not None
    assert "This clone is shallow." in told.detail
    assert "Deepen it." in told.remedy


def test_files_of_no_commit_lack_what_was_applied() -> None:
    unborn = replace(DO, source=Source(has_git=True))
    assert objection(unborn, applied()) is None
    told = objection(unborn, applied((THEIRS, DONE)), OLDER)
    assert told is not None
    assert OURS[:12] not in told.detail


def test_uncommitted_files_are_of_the_commit_under_them_and_shown_as_edited() -> None:
    told = objection(replace(DO, source=Source(OURS, ("env.yaml",), has_git=True)), applied((THEIRS, DONE)), OLDER)
    assert told is not None
    assert OURS[:12] in told.detail
    assert "env.yaml" in told.detail


def test_runs_that_changed_nothing_count_for_nothing() -> None:
    """Neither do they make a reviewed plan old, nor do they hide what was applied before them."""
    nothing = [("2" * 40, None), ("3" * 40, NOT_RUN), (None, DONE)]
    assert objection(DO, applied(*nothing)) is None
    assert objection(DO, applied((THEIRS, DONE), *nothing), OLDER) is not None


# --- whole ---------------------------------------------------------------------------------------------------------


def git(directory: Path, *arguments: str) -> str:
    own = ["git", "-C", str(directory), "-c", "user.name=a", "-c", "user.email=a@contoso.com"]
    return subprocess.run([*own, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Rehearsal:
    """An environment in Git, whose second commit was applied; the first is checked out."""
    one = rehearsal(tmp_path / "little")
    git(one.directory, "init", "--quiet", "--initial-branch", "main")
    for subject in ("one", "two"):
        git(one.directory, "add", "--all")
        git(one.directory, "commit", "--quiet", "--message", subject)
        one.edit("little.yaml", '["+14255550190"', '["+14255550190", "+14255550192"')
    git(one.directory, "reset", "--quiet", "--hard")
    assert one.apply() == 0
    git(one.directory, "checkout", "--quiet", "HEAD~1")
    return one


def test_older_files_are_refused_as_directory_and_as_saved_plan_and_go_on_where_wanted(repository: Rehearsal) -> None:
    written = repository.writes()
    shown: list[Plan] = []
    saved = repository.save()
    for code, said in (repository.tried(show=shown.append), repository.tried(saved)):
        assert code == 5
        assert "two" in said
        assert "update auto_attendant/Main (pilot_numbers)" in said
    assert repository.writes() == written
    assert len(shown) == 1, "the plan of a directory is shown before it is refused"
    assert [told.summary for told in repository.plan().diagnostics if told.summary.startswith("Older")]
    assert repository.apply(saved, allow_older=True) == 0
    assert repository.plan().steps == ()


def test_files_brought_up_to_date_as_advised_are_applied(
    repository: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def follows(summary: str) -> None:
        code, said = repository.tried()
        assert (code, said.partition("\n")[0]) == (5, summary)
        (line,) = [one for one in lines_of(said) if one.startswith("git ")]
        subprocess.run(shlex.split(line), check=True, capture_output=True)

    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "a")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@contoso.com")
    follows("Older commit than the last applied")
    plan = repository.plan()
    assert (plan.steps, [one for one in plan.diagnostics if one.summary.startswith("Older")]) == ((), [])
    git(repository.directory, "checkout", "--quiet", "HEAD~1")
    (repository.directory / "more.yaml").write_text("auto_attendants: {Second: {dial_plan: Redmond}}\n")
    git(repository.directory, "add", "--all")
    git(repository.directory, "commit", "--quiet", "--message", "beside")
    follows("Commit parallel to the last applied")
    assert repository.apply() == 0
    assert repository.plan().steps == ()


def test_what_was_applied_from_git_is_kept_with_its_commit(repository: Rehearsal) -> None:
    with repository.opened() as workspace:
        (run,) = workspace.store.history()
    assert (run.commit, run.uncommitted) == (git(repository.directory, "rev-parse", "main"), False)


def test_an_apply_that_did_nothing_makes_no_older_plan_refused(repository: Rehearsal) -> None:
    """A pipeline that applies each commit does nothing for most; plans under review stay good."""
    git(repository.directory, "checkout", "--quiet", "main")
    repository.edit("little.yaml", "status: enabled", "status: disabled")
    git(repository.directory, "commit", "--quiet", "--all", "--message", "three")
    saved = repository.save()
    (repository.directory / "more.yaml").write_text("# a comment\n")
    repository.edit("little.yaml", "status: disabled", "status: enabled")
    git(repository.directory, "add", "--all")
    git(repository.directory, "commit", "--quiet", "--message", "four")
    assert repository.apply() == 0
    assert repository.apply(saved) == 0


def test_a_plan_of_edited_files_says_so_in_its_file_and_in_history(repository: Rehearsal) -> None:
    git(repository.directory, "checkout", "--quiet", "main")
    repository.edit("little.yaml", "status: enabled", "status: disabled")
    saved = repository.save()
    git(repository.directory, "reset", "--quiet", "--hard")
    with repository.opened() as workspace:
        source = workspace.saved_plans.read(saved).plan.source
    assert source == Source(git(repository.directory, "rev-parse", "main"), ("little.yaml",), has_git=True)
    assert repository.apply(saved) == 0
    with repository.opened() as workspace:
        runs = workspace.store.history()
    assert runs[0].uncommitted
    assert f"{source.commit[:12] if source.commit else ''} edited" in render_history(runs, Style())


def test_history_says_which_run_was_let_pass_though_its_files_were_older(repository: Rehearsal) -> None:
    with repository.opened() as workspace:
        (warning,) = workspace.older_files()
    assert warning.severity is Severity.WARNING
    assert repository.apply() == 5
    assert repository.apply(allow_older=True) == 0
    with repository.opened() as workspace:
        latest, first = workspace.store.history()
        workspace.store.verify_audit()
        assert workspace.older_files() == ()
    assert (latest.allowed_older, first.allowed_older) == (True, False)
    assert "--allow-older" in render_history([latest], Style())
    assert "--allow-older" not in render_history([first], Style())
    assert [message_of(run)["allowed_older"] for run in (latest, first)] == [True, False]
