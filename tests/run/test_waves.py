"""Waves of a run: a later one starts after the earlier ones passed, whatever fails and wherever a run is killed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command, Reply, read
from reconciler.model.diagnostics import Diagnostic, PermanentError, SessionError
from reconciler.model.events import Reported, StepEnded, WaveEnded
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.ports import Request
from reconciler.model.resource_types import Answer, Diagnosed, Fact
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.shares import Share
from reconciler.model.snapshot import OutcomeKind
from reconciler.model.waves import Gate, Wave
from reconciler.plan.plan import Plan
from reconciler.run.account import Account
from tests.support.boxes import WAVES, BoxWorld, WaveBox, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, MemoryStore
from tests.support.trial import law

REFUSED = PermanentError(Diagnostic("Refused", "The server refused it."))


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the engine catches it."""


@dataclass
class Estate:
    """Boxes in waves, some of which the server refuses; each write is judged when it arrives."""

    waves: Sequence[Wave]
    wave_of: Mapping[str, str]
    refused: frozenset[str] = frozenset()
    world: BoxWorld = field(default_factory=BoxWorld)
    store: MemoryStore = field(default_factory=MemoryStore)
    early: list[str] = field(default_factory=list)
    """Writes that came before an earlier wave was through."""

    @property
    def rows(self) -> Mapping[str, Resources]:
        every = ({"wave": wave} if wave else {} for wave in self.wave_of.values())
        return declared(*(box(key, colour="red", **more) for key, more in zip(self.wave_of, every, strict=True)))

    def answer(self, request: Request) -> Reply | SessionError:
        key = str(request.command.argument("Name"))
        if request.command.writes:
            self._judge(key)
            if key in self.refused:
                return REFUSED
        return self.world.answer(request)

    def _judge(self, key: str) -> None:
        names = [wave.name for wave in self.waves]
        own = self.wave_of[key]
        for wave in self.waves[: names.index(own) if own in names else None]:
            members = [one for one, name in self.wave_of.items() if name == wave.name]
            missing = sum(one not in self.world.boxes for one in members)
            if missing > wave.max_failures.within(len(members)):
                self.early.append(f"{key} while {missing} of wave {wave.name} are missing")

    def engine(self, seed: int = 1, before: Callable[[Request], None] = lambda _: None, **more: object) -> Engine:
        settings = Settings("test", waves=tuple(self.waves))

        def answer(request: Request) -> Reply | SessionError:
            before(request)
            return self.answer(request)

        return Engine(WAVES, FunctionSessions(answer), self.store, seed=seed, settings=settings, **more)  # type: ignore[arg-type]  # fields of Engine


def apply(estate: Estate, seed: int = 1) -> tuple[Account, Engine]:
    engine = estate.engine(seed)
    return engine.apply(estate.rows), engine


def of(engine: Engine, kind: type) -> list[object]:
    return [one for one in engine.events.events if isinstance(one, kind)]


def crowd(**numbers: int) -> dict[str, str]:
    return {f"{wave}{number}": wave.rstrip("_") for wave, size in numbers.items() for number in range(size)}


# --- single cases ----------------------------------------------------------------------------------------------------

TWO = (Wave("p"), Wave("s", Share(10, is_percent=True)))


def test_waves_run_in_their_order_and_users_without_one_come_last() -> None:
    estate = Estate((Wave("z"), Wave("a")), crowd(a=3, z=2) | {"m0": ""})
    account, engine = apply(estate)
    assert account.exit_code() == 0
    written = [name.split()[2] for name in estate.world.writes]
    assert [name[0] for name in written] == ["z", "z", "a", "a", "a", "m"]
    assert of(engine, WaveEnded) == [WaveEnded("z", 2, 0, 0, passed=True), WaveEnded("a", 3, 0, 0, passed=True)]


def test_too_many_failures_stop_later_waves_and_the_next_apply_goes_on() -> None:
    estate = Estate(TWO, crowd(p=3, s=20) | {"rest": ""}, frozenset({"p1"}))
    account, engine = apply(estate)
    assert account.exit_code() == 3
    assert {fate.value for fate in account.fates.values()} == {"failed", "withheld"}
    withheld = [one for one in of(engine, StepEnded) if isinstance(one, StepEnded) and one.blocked_by == "wave p"]
    assert len(withheld) == 2
    (ended,) = of(engine, WaveEnded)
    assert isinstance(ended, WaveEnded)
    assert (ended.wave, ended.failed, ended.passed) == ("p", 1, False)
    assert ended.reason
    assert sorted(estate.world.boxes) == ["p0", "p2"]
    estate.refused = frozenset()
    account, _ = apply(estate)
    assert account.exit_code() == 0
    assert len(estate.world.boxes) == 24
    assert not estate.early


def test_the_allowed_number_of_failures_lets_the_next_wave_start_and_the_run_is_partial() -> None:
    estate = Estate(TWO, crowd(p=1, s=20) | {"rest": ""}, frozenset({"s1", "s2"}))
    account, _ = apply(estate)
    assert (account.exit_code(), account.count(OutcomeKind.FAILED)) == (3, 2)
    assert "rest" in estate.world.boxes


def test_failures_of_a_run_before_count_again_because_they_are_planned_again() -> None:
    estate = Estate(TWO, crowd(p=1, s=20) | {"rest": ""}, frozenset({"s1", "s2", "s3"}))
    for seed in range(3):
        account, engine = apply(estate, seed)
        assert account.exit_code() == 3
        assert "rest" not in estate.world.boxes
        assert any(isinstance(one, WaveEnded) and not one.passed for one in engine.events.events)


def test_the_rest_of_a_large_wave_is_not_written_after_its_limit() -> None:
    estate = Estate((Wave("p"),), crowd(p=900), frozenset(f"p{number}" for number in range(900)))
    account, _ = apply(estate)
    assert account.exit_code() == 3
    assert len(account.ended) < 450
    assert not estate.world.boxes


def with_left_out(plan: Plan, wave: str) -> Plan:
    """Return the plan as it is where a check leaves a user of a wave out."""
    left_out = Diagnostic("Left out", "No mailbox.", address="box/nobody", leaves_out=True)
    gates = tuple(replace(gate, left_out=("box/nobody",)) if gate.wave == wave else gate for gate in plan.gates)
    return replace(plan, gates=gates, diagnostics=(*plan.diagnostics, left_out))


@pytest.mark.parametrize("most", [0, 1])
def test_who_is_left_out_fails_for_later_waves_and_does_not_stop_the_own_one(most: int) -> None:
    estate = Estate((Wave("p", Share(most)), Wave("s")), crowd(p=3, s=2) | {"rest": ""})
    engine = estate.engine()
    account = engine.apply(estate.rows, with_left_out(engine.plan(estate.rows), "p"))
    assert account.exit_code() == 3, "somebody is left out"
    assert sorted(estate.world.boxes) == sorted(estate.wave_of if most else ["p0", "p1", "p2"])
    first = of(engine, WaveEnded)[0]
    assert isinstance(first, WaveEnded)
    assert (first.failed, first.left_out, first.passed) == (1, 1, bool(most))


def test_a_wave_of_which_all_are_left_out_holds_the_others_back_until_a_waiver_accepts_it() -> None:
    estate = Estate((Wave("p"),), {"rest": ""})
    engine = estate.engine()
    plan = engine.plan(estate.rows)
    left_out = replace(plan, gates=(Gate("p", 0, 1, 0, ("box/nobody",)),))
    account = engine.apply(estate.rows, with_left_out(left_out, "p"))
    assert {fate.value for fate in account.fates.values()} == {"withheld"}
    assert estate.world.boxes == {}
    assert engine.apply(estate.rows, left_out).exit_code() == 0, "its finding is waived"
    assert set(estate.world.boxes) == {"rest"}


def test_a_user_painted_black_by_somebody_else_counts_at_the_end_of_the_wave() -> None:
    estate = Estate((Wave("p"),), crowd(p=2) | {"rest": ""})
    reads = [0]

    def meddle(request: Request) -> None:
        """Paint a box after the read that proves the last creation, before the look at the end of the wave."""
        reads[0] += len(estate.world.boxes) == 2 and not request.command.writes
        if reads[0] == 2:
            estate.world.boxes["p0"]["Colour"] = "black"

    engine = estate.engine(before=meddle)
    account = engine.apply(estate.rows)
    assert account.exit_code() == 3
    assert account.changed_again == 1
    assert "rest" not in estate.world.boxes
    found = [one.diagnostic for one in engine.events.events if isinstance(one, Reported)]
    assert [(one.address, one.code) for one in found] == [("box/p0", "UM113")]


class Light(Fact):
    """What the checks of lit boxes need."""

    name: ClassVar[str] = "light"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {}

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read("Get-Light", Name="sun"),)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        errors = (reply for _, reply in answers if isinstance(reply, SessionError))
        return [Diagnosed(Address("light", "*"), why) for error in errors for why in error.diagnostics]


class LitBox(WaveBox):
    def proof(self, keys: Collection[str], landscape: Landscape) -> Mapping[str, frozenset[str] | None]:
        return {"light": None}


def test_a_wave_whose_checks_cannot_look_does_not_pass() -> None:
    estate = Estate((Wave("p", Share(100, is_percent=True)),), crowd(p=2) | {"rest": ""})

    def answer(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "Get-Light":
            return REFUSED if estate.world.boxes else Reply()
        return estate.answer(request)

    settings = Settings("test", waves=tuple(estate.waves))
    engine = Engine((Light(), LitBox()), FunctionSessions(answer), estate.store, settings=settings)
    account = engine.apply(estate.rows)
    assert account.exit_code() == 3
    assert account.fatal is not None
    assert sorted(estate.world.boxes) == ["p0", "p1"]
    assert not of(engine, WaveEnded)


# --- laws ------------------------------------------------------------------------------------------------------------

SHARES = st.sampled_from([Share(0), Share(1), Share(3), Share(20, is_percent=True), Share(100, is_percent=True)])


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    names = draw(st.lists(st.sampled_from("pqrs"), unique=True, max_size=4))
    waves = tuple(Wave(name, draw(SHARES)) for name in names)
    sizes = [draw(st.integers(0, 12)) for _ in (*names, "")]
    wave_of = {
        f"{name or 'x'}{number:02}": name
        for name, size in zip([*names, ""], sizes, strict=True)
        for number in range(size)
    }
    keys = draw(st.permutations(sorted(wave_of)))
    refused = draw(st.frozensets(st.sampled_from(sorted(wave_of)), max_size=8)) if wave_of else frozenset[str]()
    return Estate(waves, {key: wave_of[key] for key in keys}, refused)


@law(60)
@given(estates(), st.integers(1, 1000))
def test_nobody_is_written_before_the_earlier_waves_are_through(estate: Estate, seed: int) -> None:
    account, _ = apply(estate, seed)
    assert not estate.early
    assert account.exit_code() == (0 if len(estate.world.boxes) == len(estate.wave_of) else 3)
    estate.refused = frozenset()
    last, engine = apply(estate, seed)
    assert last.exit_code() == 0
    assert not estate.early
    assert len(estate.world.boxes) == len(estate.wave_of)
    assert not engine.plan(estate.rows).has_changes


@law(60)
@given(estates(), st.integers(1, 1000), st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_a_killed_run_goes_on_where_its_waves_stand(estate: Estate, seed: int, kills: list[int]) -> None:
    for at in kills:
        count = [0]

        def point(name: str, count: list[int] = count, at: int = at) -> None:
            count[0] += 1
            if count[0] == at:
                raise Killed(name)

        try:
            estate.engine(seed, point=point).apply(estate.rows)
        except Killed:
            estate.store.holder = None
        assert not estate.early
    estate.refused = frozenset()
    account, _ = apply(estate, seed)
    assert account.exit_code() == 0
    assert not estate.early
    assert len(estate.world.boxes) == len(estate.wave_of)
    assert max(estate.world.writes.count(one) for one in estate.world.writes or [""]) <= 1


@pytest.mark.parametrize("size", [0, 1])
def test_a_wave_of_nobody_or_one_is_a_wave(size: int) -> None:
    estate = Estate((Wave("p"), Wave("q")), crowd(p=size, q=size))
    account, engine = apply(estate)
    assert account.exit_code() == 0
    assert len(of(engine, WaveEnded)) == 2 * size
