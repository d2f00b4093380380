"""Laws of what hangs on a Front End: pools with members that are down, drain, take their time or will not start.

Whatever happens, what ran before runs after it, or is said and owed; a pool is never stopped; and a pool that is down
is started together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from providers.simulator.world.schema import World
from reconciler.model.events import Waiting
from reconciler.model.values import EMPTY
from reconciler.plan.drift import DriftKind
from tests.laws.oracles import PoolWatch, duplicates, left_down, unrest, violations
from tests.laws.truth import Truth
from tests.support.fakes import MemoryStore
from tests.support.trial import US, Applied, Fault, Trial, environment_of, law
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 4}
HOUR = 3600.0


def trial_of(
    size: int = 1,
    *,
    lync: str = "2013",
    settle: str = "0s",
    interrupt: str = "allow",
    restarts: Mapping[str, Any] = EMPTY,
    **said: Any,
) -> Trial:
    """Return an operator over one pool.

    Args:
        restarts: further keys of that section.
        said: by the first name of a Front End, how its services behave; further keys of the ``pool`` and of ``each``
            Front End.
    """
    described = world_of(0, [size], lync=lync, director=False, branch=False, servers=["15.0.1497.2"])
    plain = described.model_dump(mode="json", exclude_unset=True)
    (pool,) = plain["lync"]["pools"]
    pool |= said.get("pool", {})
    pool["computers"] = [
        {"fqdn": fe(number), "services": said.get(f"fe{number}", {}), **said.get("each", {})}
        for number in range(1, size + 1)
    ]
    options = {"settle": settle, "interrupt": interrupt, **restarts}
    environment = environment_of({"dial_plans": {"P": PLAN}, "restarts": options})
    return Trial(World.model_validate(plain), environment)


def fe(number: int) -> str:
    return f"fe{number}.contoso.com"


def stops(trial: Trial) -> list[str]:
    """Return the Front Ends that we stopped, in order."""
    lines = [line for line in trial.estate.log() if line["user"] == US and not line["error"]]
    return [line["host"] for line in lines if line["cmdlet"] == "Stop-CsWindowsService"]


def codes(trial: Trial) -> set[str | None]:
    return {told.code for told in trial.plan().diagnostics}


def conditions(trial: Trial) -> list[str]:
    return [str(entry.address) for entry in trial.drift().entries if entry.kind is DriftKind.CONDITION]


# --- pools of all kinds ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PoolCase:
    size: int
    lync: str
    services: dict[str, Any]
    stopped: tuple[int, ...]
    """Front Ends that an administrator stopped before."""
    interrupt: str

    @property
    def fails(self) -> bool:
        return any(not said["RTCSRV"].get("starts", True) for said in self.services.values())


@st.composite
def pool_cases(draw: st.DrawFn) -> PoolCase:
    size = draw(st.integers(1, 6))
    manners = st.fixed_dictionaries(
        {},
        optional={
            "start_time": st.sampled_from(["2s", "90s", "6m"]),
            "drains": st.sampled_from(["30s", "4m"]),
            "starts": st.just(False),
        },
    )
    services = {f"fe{number}": {"RTCSRV": draw(manners)} for number in range(1, size + 1) if draw(st.booleans())}
    stopped = draw(st.lists(st.integers(1, size), unique=True, max_size=size))
    return PoolCase(
        size,
        draw(st.sampled_from(["2010", "2013"])),
        services,
        tuple(stopped),
        draw(st.sampled_from(["allow", "refuse"])),
    )


@law(10)
@given(pool_cases(), st.one_of(st.none(), st.integers(8, 60)))
def test_pool_of_any_kind_is_never_stopped_and_nothing_is_left_down_unsaid(case: PoolCase, kill_at: int | None) -> None:
    trial = trial_of(case.size, lync=case.lync, interrupt=case.interrupt, **case.services)
    trial.administrator(*(f"Stop-CsWindowsService RTCSRV -ComputerName {fe(number)}" for number in case.stopped))
    watch = PoolWatch(trial)
    broken: list[str] = []
    if kill_at is not None:
        broken += violations(trial.apply(kill_at=kill_at), trial)
    applied = [trial.apply() for _ in range(3)]
    last = applied[-1]
    broken += [told for one in applied for told in violations(one, trial)]
    event(f"exit {last.exit_code}")
    assert not broken + watch.broken, (broken, watch.broken)
    down = {name.partition("/")[0] for name in Truth(trial.estate).down() if name.endswith("/RTCSRV")}
    assert bool(down) == ("UM033" in codes(trial)), last.told()
    assert not down or trial.drift().exit_code() == 2
    if not case.fails and case.interrupt == "allow":
        assert last.exit_code == 0 or last.account is None or last.account.left_out, last.told()
    if last.exit_code == 0:
        assert not unrest(trial), unrest(trial)


# --- what hangs on it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loses_state", [False, True])
def test_killed_between_any_two_commands_of_a_restart_services_run_again_or_are_said(*, loses_state: bool) -> None:
    killed = 0
    for at in range(1, 100):
        trial = trial_of()
        first = trial.apply(kill_at=at)
        if not first.was_killed:
            break
        down = Truth(trial.estate).down()
        killed += bool(down)
        if down and not loses_state:
            assert trial.drift().exit_code() == 2, down
        if loses_state:
            trial.store = MemoryStore()
        last = trial.apply()
        if loses_state:
            assert not Truth(trial.estate).down() or {"UM033"} <= codes(trial)
        else:
            assert (last.exit_code, Truth(trial.estate).down()) == (0, []), (at, last.told())
            assert duplicates(trial) == []
    assert killed >= 3, "no crash point lay between the commands"


@pytest.mark.parametrize("service", ["RTCCAA", "RTCRGS"])
def test_refused_start_of_a_dependent_stays_an_obligation_until_it_runs(service: str) -> None:
    trial = trial_of()
    (at,) = (n for n in range(1, 12) if _nth_write(n) == f"Start-CsWindowsService -Name {service} -NoWait:$true")
    first = trial.apply(fault=Fault("refused", at))
    assert first.exit_code == 3
    assert Truth(trial.estate).down() == [f"{fe(1)}/{service}"], "the others are started all the same"
    assert [(o.duty, o.subject) for o in trial.store.read().obligations] == [("service-runs", f"{fe(1)}/{service}")]
    assert (conditions(trial), trial.drift().exit_code()) == ([f"service_restart/{fe(1)}"], 2)
    second = trial.apply()
    assert [str(sent.request.command) for sent in second.doors.sent] == [
        f"Start-CsWindowsService -Name {service} -NoWait:$true"
    ]
    assert (second.exit_code, Truth(trial.estate).down()) == (0, [])


def _nth_write(at: int) -> str:
    sent = _UNDISTURBED.doors.sent
    return str(sent[at - 1].request.command) if at <= len(sent) else ""


def _undisturbed() -> Applied:
    return trial_of().apply()


_UNDISTURBED = _undisturbed()


def test_dependent_that_somebody_starts_is_no_obligation_any_more() -> None:
    trial = trial_of()
    at = next(n for n in range(1, 12) if "RTCCAS" in _nth_write(n))
    assert trial.apply(fault=Fault("refused", at)).exit_code == 3
    trial.administrator(f"Start-CsWindowsService RTCCAS -ComputerName {fe(1)}")
    plan = trial.plan()
    assert (plan.steps, [owed.subject for owed in plan.met]) == ((), [f"{fe(1)}/RTCCAS"])
    last = trial.apply()
    assert (last.exit_code, last.doors.sent) == (0, [])


@pytest.mark.parametrize("kind", ["lost-reply", "lost-request", "late"])
def test_lost_reply_within_a_restart_leaves_no_front_end_down(kind: str) -> None:
    for at in range(3, len(_UNDISTURBED.doors.sent) + 1):
        trial = trial_of()
        first = trial.apply(fault=Fault(kind, at))
        if kind == "lost-reply":
            assert first.exit_code == 0, first.told()
        last = trial.apply()
        assert (last.exit_code, list(left_down(trial))) == (0, []), (at, first.told(), last.told())


def sent(trial: Trial) -> set[str]:
    return {str(line["cmdlet"]) for line in trial.estate.log() if line["user"] == US}


def killed_once(when: Callable[[Trial], object], size: int = 1, **said: Any) -> Trial:
    """Return a trial whose first apply was killed at the first point at which ``when`` holds."""
    for at in range(1, 100):
        trial = trial_of(size, **said)
        if trial.apply(kill_at=at).was_killed and when(trial):
            return trial
    raise AssertionError("it never held")


# --- patience --------------------------------------------------------------------------------------------------------


def told(trial: Trial) -> list[str]:
    return [event.reason for event in trial.events.events if isinstance(event, Waiting)]


def test_front_end_may_start_for_an_hour_and_the_roll_goes_on_by_itself() -> None:
    slow = {"RTCSRV": {"start_time": "55m"}}
    trial = trial_of(2, fe1=slow, fe2=slow)
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (0, [fe(1), fe(2)])
    assert f"RTCSRV on {fe(1)} is starting for 2 min" in told(trial)


def test_drain_lasts_as_long_as_the_calls() -> None:
    trial = trial_of(2, fe1={"RTCSRV": {"drains": "40m"}})
    assert trial.apply().exit_code == 0
    assert f"RTCSRV on {fe(1)} is Paused: it waits for its calls to end" in told(trial)
    assert not unrest(trial)


def test_calls_that_do_not_end_are_not_cut_off() -> None:
    trial = trial_of(2, fe1={"RTCSRV": {"drains": "3h"}})
    first = trial.apply()
    assert (first.exit_code, stops(trial)) == (3, [fe(1)])
    assert "UM033" in codes(trial)
    trial.clock.sleep(2 * HOUR)
    last = trial.apply()
    assert (last.exit_code, stops(trial)) == (0, [fe(1), fe(2)])
    assert not unrest(trial)


def test_front_end_that_starts_is_not_offered_for_another_restart_and_waited_for() -> None:
    trial = killed_once(lambda one: "Start-CsWindowsService" in sent(one), fe1={"RTCSRV": {"start_time": "50m"}})
    plan = trial.plan()
    assert not [c for action in plan.actions() for c in action.commands if "RTCSRV" in str(c)]
    last = trial.apply()
    assert (last.exit_code, len(stops(trial))) == (0, 1), last.told()
    assert not unrest(trial)


def test_service_that_will_not_start_ends_the_roll_and_the_others_carry_the_pool() -> None:
    trial = trial_of(3, fe1={"RTCSRV": {"starts": False}})
    first = trial.apply()
    assert (first.exit_code, stops(trial)) == (3, [fe(1)])
    assert trial.clock.seconds < HOUR, "it is seen to have stopped again"
    assert trial.drift().exit_code() == 2


def test_pool_settles_from_the_start_that_is_seen_also_from_one_run_to_the_next() -> None:
    trial = killed_once(lambda one: stops(one) and not Truth(one.estate).down(), 2, settle="20m")
    assert stops(trial) == [fe(1)]
    before = trial.clock.seconds
    assert trial.apply().exit_code == 0
    assert stops(trial) == [fe(1), fe(2)]
    assert trial.clock.seconds - before >= 20 * 60 - 30


# --- maintenance windows and the upgrade state -----------------------------------------------------------------------

NIGHT = {"pool1.contoso.com": "Sat 22:00-23:30 Europe/Berlin"}
"""A trial begins on Monday, 5 January 2026: the window opens on the tenth, at 21:00 UTC."""


def restarted_at(trial: Trial) -> list[datetime]:
    lines = [line for line in trial.estate.log() if line["user"] == US and line["cmdlet"] == "Stop-CsWindowsService"]
    return [datetime.fromisoformat(str(line["at"])) for line in lines]


def test_a_plan_outside_the_window_says_when_it_opens_and_an_apply_leaves_the_restart() -> None:
    trial = trial_of(3, restarts={"windows": NIGHT})
    (found,) = [one for one in trial.plan().diagnostics if one.code == "UM038"]
    assert "Sat 2026-01-10 22:00 Europe/Berlin" in found.detail
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (3, []), applied.told()
    assert {owed.duty for owed in trial.store.read().obligations} >= {"front-end-restart"}
    trial.pass_time((datetime(2026, 1, 10, 21, 0, tzinfo=UTC) - trial.clock.now()).total_seconds())
    assert "UM038" not in codes(trial)
    assert trial.apply().exit_code == 0
    assert stops(trial) == [fe(1), fe(2), fe(3)]


def test_an_apply_waits_for_the_window_where_it_is_asked_to() -> None:
    trial = trial_of(3, restarts={"windows": NIGHT, "outside": "wait"})
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (0, [fe(1), fe(2), fe(3)]), applied.told()
    opened, shut = datetime(2026, 1, 10, 21, 0, tzinfo=UTC), datetime(2026, 1, 10, 22, 30, tzinfo=UTC)
    assert all(opened <= one < shut for one in restarted_at(trial))


def test_a_window_that_closes_meanwhile_holds_back_the_front_ends_that_are_left() -> None:
    trial = trial_of(3, settle="1h", restarts={"windows": NIGHT, "outside": "wait"})
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert [one.date().isoformat() for one in restarted_at(trial)] == ["2026-01-10", "2026-01-10", "2026-01-17"]


def test_what_is_down_starts_outside_the_window() -> None:
    trial = trial_of(3, restarts={"windows": {"default": "Sat 22:00-23:00 UTC"}})
    trial.administrator(*(f"Stop-CsWindowsService RTCSRV -ComputerName {fe(n)}" for n in (1, 2, 3)))
    assert trial.apply().exit_code == 0
    assert Truth(trial.estate).statuses() == {fe(n): "Running" for n in (1, 2, 3)}


def test_a_window_of_an_unknown_pool_is_an_error() -> None:
    trial = trial_of(3, restarts={"windows": {"pool9.contoso.com": "daily 22:00-23:00 UTC"}})
    assert "UM039" in codes(trial)
    assert (trial.apply().exit_code, stops(trial)) == (4, [])


@pytest.mark.parametrize("lync", ["2013", "2015", "2019"])
def test_the_next_front_end_stops_only_when_the_pool_is_ready_again(lync: str) -> None:
    trial = trial_of(3, lync=lync, pool={"copies": "15m"})
    assert trial.apply().exit_code == 0
    times = restarted_at(trial)
    assert [b - a >= timedelta(minutes=15) for a, b in pairwise(times)] == [True, True]


def test_a_pool_that_cannot_be_asked_is_left_alone_unless_that_is_declared() -> None:
    lacking = {"missing_cmdlets": ["Get-CsPoolUpgradeReadinessState"]}
    trial = trial_of(3, each=lacking)
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (3, []), applied.told()
    assert applied.account is not None
    assert any("restarts.readiness" in end.detail for end in applied.account.ended)
    assert trial.clock.seconds < 60, "it is refused at once"
    trial.environment = trial_of(3, restarts={"readiness": "skip"}).environment
    assert trial.apply().exit_code == 0
    assert stops(trial) == [fe(1), fe(2), fe(3)]


def test_a_front_end_whose_upgrade_domain_is_not_ready_is_left() -> None:
    trial = trial_of(3, each={"upgrade_ready": False})
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (3, []), applied.told()
    assert 1800 <= trial.clock.seconds < HOUR


def test_a_pool_of_two_and_one_of_2010_are_not_asked() -> None:
    lacking = {"missing_cmdlets": ["Get-CsPoolUpgradeReadinessState"]}
    assert trial_of(2, each=lacking).apply().exit_code == 0
    assert trial_of(3, lync="2010", each=lacking).apply().exit_code == 0


@pytest.mark.parametrize("kill_at", range(1, 41, 5))
def test_a_run_that_is_killed_and_goes_on_in_the_window_restarts_each_front_end_once(kill_at: int) -> None:
    trial = trial_of(3, restarts={"windows": NIGHT, "outside": "wait"})
    assert trial.apply(kill_at=kill_at).was_killed
    trial.pass_time(120.0)
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert sorted(stops(trial)) == [fe(1), fe(2), fe(3)]
    opened = datetime(2026, 1, 10, 21, 0, tzinfo=UTC)
    assert all(opened <= one < opened + timedelta(minutes=90) for one in restarted_at(trial))


def test_a_pool_that_stays_busy_is_left_after_half_an_hour() -> None:
    trial = trial_of(3, pool={"copies": "5h"})
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (3, [fe(1)]), applied.told()
    assert trial.clock.seconds < HOUR


# --- pools without quorum --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_pool_that_is_down_is_started_together(size: int) -> None:
    trial = trial_of(size)
    trial.administrator(*(f"Stop-CsWindowsService RTCSRV -ComputerName {fe(n)}" for n in range(1, size + 1)))
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (0, []), applied.told()
    assert Truth(trial.estate).statuses() == {fe(n): "Running" for n in range(1, size + 1)}


def test_stopped_front_ends_start_before_the_one_that_runs_is_stopped() -> None:
    trial = trial_of(3, lync="2010")
    trial.administrator(*(f"Stop-CsWindowsService RTCSRV -ComputerName {fe(n)}" for n in (2, 3)))
    watch = PoolWatch(trial)
    assert trial.apply().exit_code == 0
    assert (stops(trial), watch.broken) == ([fe(1)], [])
    assert not Truth(trial.estate).down(), "what Windows starts with them was started as well"


def test_only_running_front_end_is_left_alone_and_the_rest_of_the_plan_goes_on() -> None:
    trial = trial_of(1, interrupt="refuse")
    first = trial.apply()
    assert (first.exit_code, stops(trial)) == (3, [])
    assert [one.name for one in Truth(trial.estate).of("UMHuntGroup")] == ["P"], "exchucutil ran all the same"
    assert "UM030" in codes(trial)
    trial.environment = trial_of(1).environment
    assert trial.apply().exit_code == 0


def test_front_end_that_somebody_stopped_is_said_and_left_alone() -> None:
    trial = trial_of(2)
    assert trial.apply().exit_code == 0
    trial.administrator(
        f"Stop-CsWindowsService RTCSRV -ComputerName {fe(1)}", f"Stop-CsWindowsService RTCRGS -ComputerName {fe(2)}"
    )
    found = [one for one in trial.plan().diagnostics if one.code == "UM033"]
    assert [one.address for one in found] == [f"service_restart/{fe(1)}", f"service_restart/{fe(2)}"]
    assert f"Start-CsWindowsService -Name RTCRGS -ComputerName {fe(2)}" in found[1].remedy
    assert (trial.drift().exit_code(), trial.apply().doors.sent) == (2, [])


@pytest.mark.parametrize("service", ["MSExchangeUM", "MSExchangeUMCR"])
def test_um_service_that_somebody_stopped_is_said_and_left_alone(service: str) -> None:
    trial = trial_of(1)
    assert trial.apply().exit_code == 0
    trial.administrator(f"Stop-Service {service}")
    (found,) = [one for one in trial.plan().diagnostics if one.code == "UM029"]
    assert found.detail == f"{service} on ex1.contoso.com is Stopped."
    assert (trial.drift().exit_code(), trial.apply().doors.sent) == (2, [])


def test_disabled_service_is_no_service_that_should_run() -> None:
    trial = trial_of(1, fe1={"RTCRGS": {"runs": False, "start_mode": "Disabled"}})
    assert trial.apply().exit_code == 0
    assert "UM033" not in codes(trial)


def test_front_end_that_windows_would_not_start_again_is_not_stopped() -> None:
    trial = trial_of(2, fe1={"RTCSRV": {"start_mode": "Disabled"}})
    applied = trial.apply()
    assert (applied.exit_code, stops(trial)) == (3, [])
    assert "UM035" in codes(trial)
