"""Laws of what comes late: a message that outlives its sender, and a sender that sleeps through its lease.

Whatever was under way when a run ended, or was stopped, changes nothing once a later run is over. The host's clock
decides that, or the end of the shell; each is enough by itself. With a host that counts the time from the arrival of a
message the same laws fail, which is shown too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.ports import Holder
from tests.laws.oracles import OutcallWatch, duplicates, unrest, violations
from tests.laws.test_faults import ANY, end_state, trial_of
from tests.support.configurations import MODERN, Situation, situations
from tests.support.estate_log import is_write
from tests.support.trial import Fault, Trial, environment_of, law
from tests.support.trial_wire import Expiry
from tests.support.worlds import world_of

SITUATIONS = situations(releases=MODERN)
WRITES = st.integers(1, 30)
SEEDS = st.integers(1, 99)
LONG = 1000.0
RIVAL = Holder("rival", "host", 2, "somebody", "apply", "")


def writes(trial: Trial) -> list[str]:
    """Return the cmdlets of every write that the estate executed."""
    return [str(line["cmdlet"]) for line in trial.estate.log() if is_write(line)]


def late_effects(trial: Trial, at: int, seconds: float) -> list[str]:
    """Kill a run while its ``at``-th write is under way, apply at once, and return what still happened after that."""
    watch = OutcallWatch(trial)
    first = trial.apply(fault=Fault("late", at, seconds=seconds, kills=True), max_destroy=ANY)
    second = trial.apply(max_destroy=ANY)
    assert second.exit_code == 0, second.told()
    found = violations(first, trial)
    state, before = end_state(trial), writes(trial)
    trial.pass_time(LONG)
    if writes(trial) != before or end_state(trial) != state:
        found.append("something of the first run was executed after the second had ended")
    return found + duplicates(trial) + unrest(trial) + watch.broken


@law(8)
@given(SITUATIONS, WRITES, st.sampled_from([0.5, 10.0, 29.0, 45.0, 400.0]), st.booleans(), SEEDS)
def test_what_was_under_way_when_its_sender_died_changes_nothing_after_the_next_run(
    situation: Situation, at: int, seconds: float, can_end_shells: bool, seed: int
) -> None:
    trial = trial_of(situation, seed)
    trial.wire.can_end_shells = can_end_shells
    assert late_effects(trial, at, seconds) == []


@law(5)
@given(SITUATIONS, WRITES, st.booleans(), SEEDS)
def test_a_run_that_wakes_after_its_rival_had_finished_changes_nothing(
    situation: Situation, at: int, can_end_shells: bool, seed: int
) -> None:
    trial = trial_of(situation, seed)
    trial.wire.can_end_shells = can_end_shells
    assert effects_of_waking(trial, at) == []


def effects_of_waking(trial: Trial, at: int) -> list[str]:
    """Stop a run at its ``at``-th write until another has ended; return what it did when it woke."""
    then: list[list[str]] = []

    def rival() -> None:
        trial.clock.sleep(61.0)
        trial.store.unlock(RIVAL)
        assert trial.apply(max_destroy=ANY).exit_code == 0
        then.append(writes(trial))

    trial.asleep = rival
    woken = trial.apply(fault=Fault("stopped", at), max_destroy=ANY)
    assert not then or woken.exit_code in (3, 7), woken.told()
    trial.pass_time(LONG)
    return writes(trial)[len(then[0]) :] if then else []


@pytest.mark.parametrize("effects", [partial(late_effects, seconds=400.0), effects_of_waking])
def test_with_a_time_that_counts_from_the_arrival_the_laws_fail(effects: Callable[..., list[str]]) -> None:
    plan = {"country_code": "1", "extension_digits": 4, "servers": "all"}

    def broken(at: int) -> list[str]:
        trial = Trial(world_of(2, [3, 2]), environment_of({"dial_plans": {"Redmond": plan}}))
        trial.wire.expiry, trial.wire.can_end_shells = Expiry.ARRIVAL, False
        return effects(trial, at=at)

    assert any(broken(at) for at in range(1, 9))
