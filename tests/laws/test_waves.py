"""Waves on a whole estate: users who come, go and exchange their extensions, with failures and kills at random.

After each write the estate is asked who changed. Nobody of a wave may change before all of the earlier waves are as the
files say. Users who exchange an extension, directly or through others, belong together: they wait for the latest of
them, and so they are not asked for earlier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from providers.simulator.estate.invoke import invoke_line
from reconciler.model.events import Reported
from tests.laws.oracles import violations
from tests.laws.truth import Truth
from tests.plan.test_exchanges import USERS, applied, base, rewritten, row
from tests.support.trial import Fault, Trial, law

NAMES = ("pilot", "second", "")


@dataclass(frozen=True, slots=True)
class Row:
    user: str
    wave: str
    extension: str | None
    """None: the row ends the voice mail."""

    def written(self) -> dict[str, Any]:
        wave = {"wave": self.wave} if self.wave else {}
        if self.extension is None:
            return {"identity": self.user, "state": "absent", **wave}
        return row(self.user, self.extension, **wave)


def sections(rows: Sequence[Row], most: object = 0) -> dict[str, Any]:
    waves = [{"name": "pilot", "max_failures": most}, {"name": "second", "max_failures": most}]
    return {**base(*(one.written() for one in rows)), "waves": waves}


def held(trial: Trial) -> dict[str, str | None]:
    """Return the extension of each user; None without voice mail."""
    users = {entry.properties["PrimarySmtpAddress"]: entry.properties for entry in Truth(trial.estate).of("User")}
    return {user: next(iter(users[user].get("Extensions") or ()), None) for user in USERS}


def ranks(before: Mapping[str, str | None], rows: Sequence[Row]) -> dict[str, int]:
    """Return the latest wave of all users with whom each one exchanges extensions, as its place."""
    ties: dict[str, set[str]] = defaultdict(set)
    for one in rows:
        for other in rows:
            if one.extension and one.extension == before[other.user]:
                ties[one.user].add(other.user)
                ties[other.user].add(one.user)
    found = {one.user: NAMES.index(one.wave) for one in rows}
    for _ in rows:
        found = {user: max([rank, *(found[other] for other in ties[user])]) for user, rank in found.items()}
    return found


@dataclass
class Watch:
    trial: Trial
    rows: Sequence[Row]
    rank: Mapping[str, int]
    last: dict[str, str | None]
    broken: list[str] = field(default_factory=list)

    def __call__(self) -> None:
        now = held(self.trial)
        changed = [one for one in self.rows if now[one.user] != self.last[one.user]]
        self.last = now
        for one in changed:
            own = NAMES.index(one.wave)
            waiting = [
                early.user for early in self.rows if self.rank[early.user] < own and now[early.user] != early.extension
            ]
            if waiting:
                self.broken.append(f"{one.user} of wave {one.wave!r} changed before {waiting}")


EXTENSIONS = [f"4100{digit}" for digit in range(7)]


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Draw the rows before and after: a user may come, stay, take an extension of another, or go."""
    first, then = draw(st.permutations(EXTENSIONS)), draw(st.permutations(EXTENSIONS))
    waves = [draw(st.sampled_from(NAMES)) for _ in USERS]
    there = [draw(st.booleans()) for _ in USERS]
    ends = [draw(st.sampled_from([False, False, True])) for _ in USERS]
    before = [Row(user, "", one) for user, one, is_there in zip(USERS, first, there, strict=False) if is_there]
    after = [
        Row(user, wave, None if is_end else one)
        for user, wave, one, is_end in zip(USERS, waves, then, ends, strict=False)
    ]
    return before, after


def changing(before: Sequence[Row], after: Sequence[Row]) -> tuple[Trial, Watch]:
    trial = applied(sections(before))
    there = held(trial)
    watch = Watch(rewritten(trial, sections(after)), after, ranks(there, after), there)
    trial.after_write = watch
    return trial, watch


def assert_ends_well(trial: Trial, watch: Watch) -> None:
    trial.clock.sleep(60)
    last = trial.apply(max_destroy=9)
    assert last.exit_code == 0, last.told()
    assert not watch.broken
    assert not violations(last, trial)
    assert held(trial) == {one.user: one.extension for one in watch.rows}
    assert not trial.plan().steps


@law(25)
@given(changes(), st.integers(1, 12), st.sampled_from(["refused", "lost-reply", "lost-request", "none"]))
def test_no_user_changes_before_the_earlier_waves_are_as_written(
    rows: tuple[list[Row], list[Row]], at: int, kind: str
) -> None:
    trial, watch = changing(*rows)
    fault = None if kind == "none" else Fault(kind, at)
    run = trial.apply(max_destroy=9, fault=fault)
    event(f"{kind}: exit {run.exit_code}")
    assert not watch.broken
    assert run.exit_code == 0 or (fault is not None and run.doors.happened), run.told()
    assert not violations(run, trial)
    assert_ends_well(trial, watch)


@law(15)
@given(changes(), st.integers(1, 40))
def test_a_run_killed_in_a_wave_goes_on_in_that_wave(rows: tuple[list[Row], list[Row]], at: int) -> None:
    trial, watch = changing(*rows)
    run = trial.apply(max_destroy=9, kill_at=at)
    event("killed" if run.was_killed else "not killed")
    assert not watch.broken
    assert_ends_well(trial, watch)


@pytest.mark.parametrize("waves", [("pilot", "second", ""), ("second", "", "pilot"), ("", "pilot", "second")])
def test_a_ring_over_all_waves_turns_in_the_last_one(waves: tuple[str, str, str]) -> None:
    first, then = ("41001", "41002", "41003"), ("41002", "41003", "41001")
    others = [Row(USERS[3], "pilot", "41004"), Row(USERS[4], "second", "41005")]
    before = [Row(user, "", one) for user, one in zip(USERS, first, strict=False)]
    after = [*(Row(user, wave, one) for user, wave, one in zip(USERS, waves, then, strict=False)), *others]
    trial, watch = changing(before, after)
    plan = trial.plan()
    assert [gate.wave for gate in plan.gates] == ["pilot", "second"]
    late = {one.address.key for step in plan.steps if not step.wave and step.first.is_of_users for one in step.actions}
    assert late <= set(USERS[:3])
    assert late
    assert trial.apply().exit_code == 0
    assert not watch.broken
    assert_ends_well(trial, watch)


def calls(trial: Trial, cmdlet: str, since: int) -> list[bool]:
    """Return of each call of a cmdlet whether it reads a single object."""
    every = (line for line in trial.estate.log()[since:] if line["cmdlet"] == cmdlet)
    return ["Identity" in line["parameters"] for line in every]


def test_at_the_end_of_a_small_wave_its_users_are_read_and_no_list() -> None:
    rows = [Row(USERS[0], "pilot", "41001"), Row(USERS[1], "pilot", "41002"), Row(USERS[2], "", "41003")]
    trial = applied(sections([]))
    rewritten(trial, sections(rows))
    start = len(trial.estate.log())
    trial.plan()
    since = len(trial.estate.log())
    assert trial.apply().exit_code == 0
    for cmdlet in ("Get-CsUser", "Get-Mailbox"):
        of_both, of_apply = calls(trial, cmdlet, start), calls(trial, cmdlet, since)
        assert of_apply.count(True) == 2
        assert of_both.count(False) == 2 * of_apply.count(False), "only the plan lists them"


def test_a_user_who_loses_enterprise_voice_during_the_wave_holds_the_next_one_back() -> None:
    rows = [Row(USERS[0], "pilot", "41001"), Row(USERS[1], "pilot", "41002"), Row(USERS[2], "", "41003")]
    trial = applied(sections([]))
    rewritten(trial, sections(rows))
    changed: list[object] = []

    def meddle() -> None:
        if held(trial)[USERS[1]] is not None and not changed:
            changed.append(invoke_line(trial.estate, f"Set-CsUser {USERS[0]} -EnterpriseVoiceEnabled $false"))

    trial.after_write = meddle
    run = trial.apply()
    assert changed
    assert run.exit_code == 3, run.told()
    assert held(trial)[USERS[2]] is None
    found = [one.diagnostic for one in trial.events.events if isinstance(one, Reported)]
    assert [(one.code, one.address) for one in found] == [("UM071", f"um_mailbox/{USERS[0]}")]
