"""Laws of plan and apply over generated worlds and environments: convergence, order, fidelity, quiescence.

The counts are for every run; ``make test-long`` asks for more of the same by RECONCILER_TEST_SCALE.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.plan import Plan
from reconciler.plan.saved import digest
from tests.laws.oracles import OutcallWatch, duplicates, executed, planned, unrest, violations
from tests.support.configurations import MODERN, Situation, messes, situations
from tests.support.fakes import MemoryStore
from tests.support.trial import Trial, environment_of, law

SITUATIONS = situations(releases=MODERN)
ANY = 1000
"""A destroy budget that forbids nothing."""
A_WHILE = 60.0
"""Seconds until every domain controller knows what anybody did."""


def trial_of(situation: Situation, seed: int = 1) -> Trial:
    return Trial(situation.world, environment_of(situation.sections), seed)


def is_empty(plan: Plan) -> bool:
    return not (plan.steps or plan.adopted or plan.forgotten or plan.obligations or plan.met or plan.decisions)


def shown(plan: Plan) -> list[str]:
    return [str(action.address) for action in (*plan.actions(), *plan.adopted, *plan.forgotten)]


@law(40)
@given(SITUATIONS, st.integers(1, 1000))
def test_apply_does_what_the_plan_shows_and_leaves_nothing_to_do(situation: Situation, seed: int) -> None:
    trial = trial_of(situation, seed)
    watch = OutcallWatch(trial)
    applied = trial.apply(max_destroy=ANY)
    assert applied.exit_code == 0, applied.told()
    assert executed(applied) == planned(applied, trial)
    broken = violations(applied, trial) + duplicates(trial) + unrest(trial) + watch.broken
    assert not broken, broken
    second = trial.plan()
    assert is_empty(second), shown(second)
    for _ in range(3):
        again = trial.apply()
        assert (again.exit_code, again.doors.sent) == (0, []), again.told()


@law(16)
@given(SITUATIONS)
def test_losing_the_state_loses_nothing(situation: Situation) -> None:
    trial = trial_of(situation)
    applied = trial.apply(max_destroy=ANY)
    assert applied.exit_code == 0, applied.told()
    known = dict(trial.store.resources)
    trial.store = MemoryStore()
    again = trial.apply()
    assert (again.exit_code, again.doors.sent) == (0, []), again.told()
    assert {str(one) for one in known} == {str(one) for one in trial.store.resources}
    assert is_empty(trial.plan()), shown(trial.plan())


@law(16)
@given(SITUATIONS, st.randoms(use_true_random=False))
def test_order_of_declarations_does_not_matter(situation: Situation, random: Any) -> None:
    def turned(told: Any) -> Any:
        if isinstance(told, list):
            return random.sample(told, len(told))
        keys = random.sample(sorted(told), len(told))
        return {key: turned(told[key]) if isinstance(told[key], dict) else told[key] for key in keys}

    sections = {name: turned(told) for name, told in situation.sections.items()}
    other = Situation(situation.world, sections)
    assert digest(trial_of(situation).plan()) == digest(trial_of(other).plan())


@law(25)
@given(SITUATIONS.flatmap(lambda found: st.tuples(st.just(found), messes(found))), st.integers(1, 1000))
def test_whatever_was_there_two_applies_converge_and_then_nothing_moves(
    mess: tuple[Situation, list[str]], seed: int
) -> None:
    situation, lines = mess
    trial = trial_of(situation, seed)
    trial.administrator(*lines)
    watch = OutcallWatch(trial)
    first = trial.apply(max_destroy=ANY)
    found = violations(first, trial)
    trial.clock.sleep(A_WHILE)
    second = trial.apply(max_destroy=ANY)
    found += violations(second, trial)
    assert second.exit_code == 0, (first.told(), second.told())
    broken = found + unrest(trial) + watch.broken
    assert not broken, broken
    third = trial.apply()
    assert (third.exit_code, third.doors.sent) == (0, []), third.told()


@law(16)
@given(SITUATIONS, st.data())
def test_what_is_declared_no_more_goes_in_reverse_order(situation: Situation, data: st.DataObject) -> None:
    """The estate refuses to remove what is in use, so an apply that ends well kept the order."""
    trial = trial_of(situation)
    applied = trial.apply(max_destroy=ANY)
    assert applied.exit_code == 0, applied.told()
    left = situation.without(*data.draw(st.sampled_from(_removals(situation))))
    trial.environment = environment_of(left.sections)
    applied = trial.apply(max_destroy=ANY)
    assert applied.exit_code == 0, applied.told()
    broken = violations(applied, trial)
    assert not broken, broken
    after = trial.plan()
    assert (after.steps, after.adopted, after.obligations) == ((), (), ()), shown(after)
    last = trial.apply()
    assert (last.exit_code, last.doors.sent) == (0, [])


def _removals(situation: Situation) -> list[list[tuple[str, str]]]:
    """Return what may be taken out together: one attendant, hunt group or policy with what refers to it."""
    sections = situation.sections
    found: list[list[tuple[str, str]]] = [[]]
    for name in sections.get("auto_attendants", {}):
        others = [other for other, one in sections["auto_attendants"].items() if one.get("dtmf_fallback") == name]
        found.append([("auto_attendants", one) for one in (name, *others)])
    found += [[("hunt_groups", name)] for name in sections.get("hunt_groups", {})]
    rows = sections.get("mailboxes", ())
    for name in sections.get("mailbox_policies", {}):
        if all(row.get("policy") != name for row in rows):
            found.append([("mailbox_policies", name)])
    return found
