"""Laws of ``pools``: a regional split holds, no write leaves a dial plan without outgoing calls, and drift finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.config.environment import Environment
from reconciler.plan.drift import DriftKind
from tests.laws.joined import wrong_links
from tests.laws.oracles import OutcallWatch, unrest, violations
from tests.laws.test_plan_and_apply import A_WHILE, ANY, is_empty, shown, trial_of
from tests.laws.truth import Truth
from tests.support.configurations import MODERN, Sections, Situation, messes, situations
from tests.support.estate_log import is_write
from tests.support.exporting import exported, reopened
from tests.support.trial import US, Trial, environment_of, law
from tests.support.worlds import world_of

UNSOLVABLE = {"UM041", "UM042", "UM043"}
"""No choice gives each dial plan one gateway, so its gateways stay as they are; other laws say when."""


@dataclass
class OverlapWatch(OutcallWatch):
    """D6 and D8: besides, a dial plan has at most one gateway for outgoing calls more than it had at rest."""

    most: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.most = {plan: count + 1 for plan, count in self._before.items()}

    def __call__(self) -> None:
        super().__call__()
        last = next((line for line in reversed(self.trial.estate.log()) if is_write(line)), None)
        for plan, count in self._before.items():
            if last is None or last["cmdlet"] != "Set-UMIPGateway" or last["user"] != US:
                self.most[plan] = max(self.most[plan], count)
            elif count > self.most[plan]:
                self.broken.append(f"D8: {plan} has {count} outcall gateways after {last}")


@st.composite
def splits(draw: st.DrawFn, situation: Situation) -> Sections:
    """Generate the sections with ``pools`` for some dial plans: the pools of their users, and others by chance."""
    world = situation.world
    pools = [pool.fqdn for pool in world.lync.pools]
    front_ends = [pool.fqdn for pool in world.lync.pools if pool.type != "director"]
    homes = {user.address or f"{user.alias}@{world.forest}": user.pool or front_ends[0] for user in world.all_users()}
    plans: dict[str, Any] = {}
    for name, told in situation.sections["dial_plans"].items():
        users = [row["identity"] for row in situation.sections.get("mailboxes", ()) if _plan_of(row, situation) == name]
        named = {*(homes[user] for user in users), *draw(st.sets(st.sampled_from(pools), max_size=3))}
        named = named if named.intersection(front_ends) else {*named, draw(st.sampled_from(front_ends))}
        kept = {key: value for key, value in told.items() if key not in ("pools", "outcall_gateway")}
        spelt = [pool.upper() if draw(st.booleans()) else pool for pool in sorted(named)]
        plans[name] = {**kept, **({"pools": spelt} if draw(st.integers(0, 3)) else {})}
    return {**situation.sections, "dial_plans": plans}


def _plan_of(row: Mapping[str, Any], situation: Situation) -> str:
    policies = situation.sections.get("mailbox_policies", {})
    return str(row.get("dial_plan") or policies.get(row.get("policy"), {}).get("dial_plan"))


SITUATIONS = situations(releases=MODERN)
SPLIT = SITUATIONS.flatmap(lambda one: splits(one).map(lambda sections: Situation(one.world, sections)))
TWICE = SITUATIONS.flatmap(lambda one: st.tuples(st.just(one), splits(one), splits(one)))


def _custom(trial: Trial) -> Mapping[str, Any]:
    return trial.environment.declared.get("hunt_group", {})


@law(6)
@given(TWICE, st.integers(1, 1000))
def test_a_split_holds_and_another_one_takes_its_place(told: tuple[Situation, Sections, Sections], seed: int) -> None:
    """From joined with every pool to one split, then to another one; each apply leaves nothing to do."""
    situation, first, second = told
    trial = trial_of(situation, seed)
    for sections in (situation.sections, first, second):
        trial.environment = environment_of(sections)
        assume(not UNSOLVABLE.intersection(str(one.code) for one in trial.plan().diagnostics))
        watch = OverlapWatch(trial)
        applied = trial.apply(max_destroy=ANY)
        assert applied.exit_code == 0, applied.told()
        broken = violations(applied, trial) + unrest(trial) + watch.broken + wrong_links(trial)
        assert not broken, broken
        again = trial.plan()
        assert is_empty(again), shown(again)
        trial.clock.sleep(A_WHILE)


@law(6)
@given(SPLIT.flatmap(lambda one: st.tuples(st.just(one), messes(one))), st.integers(1, 1000))
def test_whatever_was_there_the_split_comes_about(told: tuple[Situation, list[str]], seed: int) -> None:
    situation, lines = told
    trial = trial_of(situation, seed)
    trial.administrator(*lines)
    assume(not UNSOLVABLE.intersection(str(one.code) for one in trial.plan().diagnostics))
    watch = OutcallWatch(trial)
    first = trial.apply(max_destroy=ANY)
    trial.clock.sleep(A_WHILE)
    second = trial.apply(max_destroy=ANY)
    assert second.exit_code == 0, (first.told(), second.told())
    assert not watch.broken, watch.broken
    third = trial.apply()
    assert (third.exit_code, third.doors.sent) == (0, []), third.told()


@law(6)
@given(SPLIT, st.integers(1, 12), st.integers(1, 1000))
def test_a_kill_between_any_two_writes_leaves_a_split_that_the_next_apply_completes(
    situation: Situation, at: int, seed: int
) -> None:
    trial = trial_of(situation, seed)
    assume(not UNSOLVABLE.intersection(str(one.code) for one in trial.plan().diagnostics))
    watch = OutcallWatch(trial)
    trial.apply(max_destroy=ANY, kill_at=at * 7)
    trial.pass_time(120)
    applied = trial.apply(max_destroy=ANY)
    assert applied.exit_code == 0, applied.told()
    broken = watch.broken + wrong_links(trial) + unrest(trial)
    assert not broken, broken
    assert is_empty(trial.plan()), shown(trial.plan())


@law(6)
@given(SPLIT, st.data())
def test_drift_finds_a_link_too_many_and_a_link_too_few(situation: Situation, data: st.DataObject) -> None:
    trial = trial_of(situation)
    assume(not UNSOLVABLE.intersection(str(one.code) for one in trial.plan().diagnostics))
    assert trial.apply(max_destroy=ANY).exit_code == 0
    trial.clock.sleep(A_WHILE)
    assert {one.kind for one in trial.drift().entries} <= {DriftKind.CONDITION, DriftKind.UNMANAGED}
    truth = Truth(trial.estate)
    pools = {pool.fqdn: trial.world.pool_name(pool) for pool in trial.world.lync.pools}
    named = {
        name: {str(pool) for pool in told}
        for name, plan in trial.environment.declared["dial_plan"].items()
        if isinstance(told := plan.get("pools"), tuple)
    }
    outside = [(name, pool) for name, told in named.items() for pool in sorted(pools.keys() - told)]
    choices = [one for one in outside if one[1] not in truth.linked(one[0])]
    assume(choices)
    name, pool = data.draw(st.sampled_from(choices))
    line = f"New-UMHuntGroup -Name {name} -UMDialPlan {name} -UMIPGateway '{pools[pool]}' -PilotIdentifier {name}"
    assert trial.administrator(line) == [line]
    trial.clock.sleep(A_WHILE)
    (entry,) = [one for one in trial.drift().entries if one.kind is DriftKind.DRIFTED]
    assert (entry.kind, entry.address.key) == (DriftKind.DRIFTED, f"{pool}/{name}")
    assert pool in entry.accept
    removed = trial.apply()
    assert removed.exit_code == 0, removed.told()
    assert [line["cmdlet"] for line in removed.ours if is_write(line)] == ["Remove-UMHuntGroup"]
    assert is_empty(trial.plan()), shown(trial.plan())
    kept = data.draw(st.sampled_from(sorted(named[name])))
    assume(all(key.partition("/")[0] != kept for key in _custom(trial)))
    assert trial.administrator(f"Remove-UMHuntGroup '{pools[kept]}\\{name}'")
    trial.clock.sleep(A_WHILE)
    assert "exchucutil" in {one.address.type for one in trial.drift().entries if one.kind is DriftKind.DRIFTED}


@law(6)
@given(SPLIT)
def test_export_writes_the_split(situation: Situation) -> None:
    trial = trial_of(situation)
    assume(not UNSOLVABLE.intersection(str(one.code) for one in trial.plan().diagnostics))
    assert trial.apply(max_destroy=ANY).exit_code == 0
    trial.clock.sleep(A_WHILE)
    front_ends = {pool.fqdn for pool in trial.world.lync.pools if pool.type != "director"}
    linked = {name: set(Truth(trial.estate).linked(name)) for name in trial.environment.declared["dial_plan"]}
    reopened(trial, exported(trial))
    plan = trial.plan()
    assert not plan.steps, shown(plan)
    for name, gateways in linked.items():
        told = trial.environment.declared["dial_plan"][name].get("pools")
        assert (told is None) == (front_ends <= gateways)


def test_the_front_ends_of_a_pool_that_loses_its_last_link_owe_no_restart() -> None:
    """The script for a new link owed it while the old one was the last, and the removal of that left it open."""
    trial = Trial(world_of(2, (1, 1), branch=False, director=False), _dublin_on("pool2.contoso.com"))
    assert trial.apply().exit_code == 0
    trial.environment = _dublin_on("pool1.contoso.com")
    moved = trial.apply()
    assert (moved.exit_code, "exchucutil.ps1" in [line["cmdlet"] for line in moved.ours]) == (0, True), moved.told()
    assert is_empty(trial.plan()), shown(trial.plan())


def _dublin_on(pool: str) -> Environment:
    plan = {"country_code": "1", "extension_digits": 4, "servers": "all"}
    plans = {"Redmond": {**plan, "pools": ["pool1.contoso.com"]}, "Dublin": {**plan, "pools": [pool]}}
    return environment_of({"dial_plans": plans})
