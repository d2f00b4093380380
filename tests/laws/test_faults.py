"""Laws of apply when things go wrong: at any write or read, at any commit, at any point where it may be killed.

Whatever happens once, nothing is made twice and nothing leaves without a durable intent; the next applies bring the
estate to where an apply without trouble would have brought it. The estate keeps its own account of what it executed.
"""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from tests.laws.oracles import OutcallWatch, duplicates, unrest, violations
from tests.laws.truth import Truth
from tests.support.configurations import MODERN, Situation, situations
from tests.support.trial import Applied, Fault, Trial, environment_of, law

SITUATIONS = situations(releases=MODERN)
ANY = 1000
A_WHILE = 60.0
WRITES = st.integers(1, 40)
DOCUMENTED = (0, 1, 3, 4, 5, 7)
"""Exit codes that an apply may end with when a server or the state lets it down (DESIGN 5): 4 where a check forbids to
go on without a host that does not answer."""


def trial_of(situation: Situation, seed: int) -> Trial:
    return Trial(situation.world, environment_of(situation.sections), seed)


def resumed(trial: Trial, *, most: int = 2) -> tuple[Applied, list[str]]:
    """Apply until one ends well, ``most`` times at most; return the last and every promise broken meanwhile."""
    trial.clock.sleep(A_WHILE)
    applied = trial.apply(max_destroy=ANY)
    broken = violations(applied, trial)
    if applied.exit_code == 0 or most == 1:
        return applied, broken
    last, more = resumed(trial, most=most - 1)
    return last, broken + more


def undisturbed(situation: Situation, seed: int) -> dict[str, Any]:
    """Return what an apply without trouble makes of the estate, without what differs from run to run."""
    trial = trial_of(situation, seed)
    assert trial.apply(max_destroy=ANY).exit_code == 0
    return end_state(trial)


KINDS = ("UMDialPlan", "UMMailboxPolicy", "UMIPGateway", "UMHuntGroup", "UMAutoAttendant", "UMServer", "UMCallRouter")


def end_state(trial: Trial) -> dict[str, Any]:
    """Return every object by its kind and names, its references by the names of what they refer to, and services."""
    truth = Truth(trial.estate)
    names = {entry.guid: entry.name for kind in (*KINDS, "User") for entry in truth.of(kind)}

    def plain(value: Any) -> Any:
        if isinstance(value, dict) and "$ref" in value:
            return names.get(value["$ref"], "?")
        return sorted((plain(one) for one in value), key=str) if isinstance(value, list) else value

    def name_of(properties: dict[str, Any], name: str) -> str:
        return f"{plain(properties['UMIPGateway'])}/{name}" if "UMIPGateway" in properties else name

    objects = {
        f"{kind} {name_of(entry.properties, entry.name)}": {key: plain(told) for key, told in entry.properties.items()}
        for kind in (*KINDS, "User")
        for entry in truth.of(kind)
    }
    return {**objects, "services that do not run": truth.down()}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [f"{key}: {one.get(key)} != {other.get(key)}" for key in {*one, *other} if one.get(key) != other.get(key)]


def assert_converges(trial: Trial, first: Applied, situation: Situation, watch: OutcallWatch) -> None:
    """Assert what holds after any trouble: documented end, no broken promise, and the same end as without trouble."""
    assert first.was_killed or first.exit_code in DOCUMENTED, first.told()
    broken = violations(first, trial)
    last, more = resumed(trial)
    assert last.exit_code == 0, (first.told(), last.told())
    broken += more + duplicates(trial) + unrest(trial) + watch.broken
    assert not broken, broken
    assert differences(end_state(trial), undisturbed(situation, trial.seed)) == []
    quiet = trial.apply()
    assert (quiet.exit_code, quiet.doors.sent) == (0, []), quiet.told()


@st.composite
def faults_of_writes(draw: st.DrawFn) -> Fault:
    kind = draw(st.sampled_from(["lost-reply", "lost-request", "late", "gone", "refused", "busy"]))
    takes = draw(st.booleans()) if kind in ("lost-reply", "lost-request") else False
    return Fault(kind, draw(WRITES), seconds=draw(st.sampled_from([1.0, 25.0, 45.0])), takes_the_rest=takes)


@law(25)
@given(SITUATIONS, faults_of_writes(), st.integers(1, 1000))
def test_a_write_that_goes_wrong_repeats_nothing(situation: Situation, fault: Fault, seed: int) -> None:
    trial = trial_of(situation, seed)
    watch = OutcallWatch(trial)
    first = trial.apply(fault=fault, max_destroy=ANY)
    event(f"{fault.kind if first.doors.happened else 'nothing'}: exit {first.exit_code}")
    assert fault.kind != "busy" or first.exit_code == 0, first.told()
    assert_converges(trial, first, situation, watch)


@law(12)
@given(
    SITUATIONS,
    st.sampled_from(["gone", "lost-reply", "refused", "busy"]),
    st.integers(1, 150),
    st.integers(1, 1000),
)
def test_a_read_that_goes_wrong_decides_nothing(situation: Situation, kind: str, at: int, seed: int) -> None:
    trial = trial_of(situation, seed)
    watch = OutcallWatch(trial)
    first = trial.apply(fault=Fault(kind, at, on_reads=True), max_destroy=ANY)
    event(f"{kind if first.doors.happened else 'nothing'}: exit {first.exit_code}")
    assert kind not in ("busy", "lost-reply") or first.exit_code == 0, first.told()
    assert_converges(trial, first, situation, watch)


@law(16)
@given(SITUATIONS, st.integers(1, 120), st.integers(1, 1000))
def test_killed_anywhere_the_next_applies_go_on_and_repeat_nothing(situation: Situation, at: int, seed: int) -> None:
    trial = trial_of(situation, seed)
    watch = OutcallWatch(trial)
    first = trial.apply(kill_at=at, max_destroy=ANY)
    event("killed" if first.was_killed else "done before")
    assert_converges(trial, first, situation, watch)


@law(12)
@given(SITUATIONS, faults_of_writes(), st.integers(1, 60), st.integers(1, 60), st.integers(1, 1000))
def test_killed_twice_and_with_a_write_lost_it_still_repeats_nothing(
    situation: Situation, fault: Fault, at: int, then: int, seed: int
) -> None:
    trial = trial_of(situation, seed)
    watch = OutcallWatch(trial)
    first = trial.apply(fault=fault, kill_at=at, max_destroy=ANY)
    second = trial.apply(kill_at=then, max_destroy=ANY)
    broken = violations(first, trial)
    assert not broken, broken
    assert_converges(trial, second, situation, watch)


@law(12)
@given(SITUATIONS, st.integers(1, 60), st.integers(1, 1000))
def test_nothing_is_sent_once_the_state_cannot_be_written(situation: Situation, at: int, seed: int) -> None:
    trial = trial_of(situation, seed)
    watch = OutcallWatch(trial)
    first = trial.apply(commit_fails=at, max_destroy=ANY)
    event(f"exit {first.exit_code}")
    assert_converges(trial, first, situation, watch)
