"""Until when a command may begin: reckoned by the client, written down with the intent, kept by the host."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.transport.session.host_clocks import HostClocks
from reconciler.model.addresses import Address
from reconciler.model.commands import EXCHANGE, LYNC, Shell
from reconciler.model.errors import LeaseLost
from reconciler.model.events import Waiting
from reconciler.model.ports import Deadline
from reconciler.model.snapshot import Intent, StateChange
from reconciler.run.journal import Journal
from reconciler.run.recover import end_shells
from tests.support.fakes import VirtualClock

HERE, THERE = Shell(EXCHANGE, "A"), Shell(EXCHANGE, "B")

# --- by the clocks of the host ---------------------------------------------------------------------------------------


@dataclass
class Host:
    """A host with an uptime and a time of day of its own, seen over a wire that delays answers."""

    clock: VirtualClock
    booted: float = -1000.0
    speed: float = 1.0
    set_by: float = 0.0

    def tell(self, clocks: HostClocks, delay: float) -> None:
        told = self.told()
        self.clock.sleep(delay)
        clocks.note(told)

    def told(self) -> list[float]:
        uptime = (self.clock.seconds - self.booted) * self.speed
        return [uptime, 1_700_000_000 + self.clock.seconds + self.set_by]

    def lets_begin(self, window: list[float]) -> bool:
        uptime, time = self.told()
        return window[0] <= uptime < window[1] and time < window[2]


DELAYS = st.floats(0.0, 40.0)


@given(
    st.lists(st.tuples(st.floats(0, 3000), DELAYS), min_size=1, max_size=5),
    st.floats(0.9999, 1.0001),
    st.floats(0.0, 60.0),
    st.floats(0.0, 120.0),
)
def test_a_host_lets_nothing_begin_after_the_deadline_however_its_answers_were_delayed(
    answers: list[tuple[float, float]], speed: float, seconds: float, late: float
) -> None:
    host = Host(VirtualClock(), speed=speed)
    clocks = HostClocks(host.clock)
    for pause, delay in answers:
        host.clock.sleep(pause)
        host.tell(clocks, delay)
    window = clocks.window(Deadline.after(seconds, host.clock))
    host.clock.sleep(seconds + late + 0.001)
    assert not host.lets_begin(window)


@given(DELAYS, st.floats(0.0, 29.0))
def test_one_quick_answer_makes_up_for_all_slow_ones(delay: float, late: float) -> None:
    host = Host(VirtualClock())
    clocks = HostClocks(host.clock)
    for seconds in (delay, 0.0, delay):
        host.tell(clocks, seconds)
    window = clocks.window(Deadline.after(30.0, host.clock))
    host.clock.sleep(late)
    assert host.lets_begin(window)


@pytest.mark.parametrize("set_by", [-86_400.0, 86_400.0])
def test_a_time_of_day_that_is_set_meanwhile_never_gives_more_time(set_by: float) -> None:
    host = Host(VirtualClock())
    clocks = HostClocks(host.clock)
    host.tell(clocks, 0.0)
    window = clocks.window(Deadline.after(30.0, host.clock))
    host.set_by = set_by
    host.clock.sleep(31.0)
    assert not host.lets_begin(window)
    host.tell(clocks, 0.0)
    assert host.lets_begin(clocks.window(Deadline.after(30.0, host.clock))), "the next answer tells the new time"


def test_a_host_that_was_restarted_begins_nothing_of_before() -> None:
    host = Host(VirtualClock())
    clocks = HostClocks(host.clock)
    host.tell(clocks, 0.0)
    window = clocks.window(Deadline.after(30.0, host.clock))
    host.booted = host.clock.seconds
    host.clock.sleep(5.0)
    assert not host.lets_begin(window)
    host.tell(clocks, 0.0)
    assert host.lets_begin(clocks.window(Deadline.after(30.0, host.clock)))


@pytest.mark.parametrize("told", [None, 5, [1.0], [1.0, "x"], [True, False], [1e300, 1.0], [float("nan"), 1.0], {}])
def test_what_is_no_pair_of_clocks_tells_nothing(told: object) -> None:
    clocks = HostClocks(VirtualClock())
    clocks.note(told)
    assert not clocks.is_known


# --- written down ----------------------------------------------------------------------------------------------------


@dataclass
class TimedLease:
    """A lease that ends unless it is renewed, and keeps what is written."""

    clock: VirtualClock
    seconds: float = 60.0
    is_taken: bool = False
    written: list[StateChange] = field(default_factory=list)
    epoch: int = 1

    def __post_init__(self) -> None:
        self.end = self.clock.seconds + self.seconds

    def commit(self, change: StateChange) -> None:
        if self.is_taken:
            raise LeaseLost()
        self.written.append(change)

    def renew(self) -> None:
        if self.is_taken:
            raise LeaseLost()
        self.end = self.clock.seconds + self.seconds

    def remaining_seconds(self) -> float:
        return self.end - self.clock.seconds


def intent(name: str, shell: Shell | None = None) -> Intent:
    return Intent(name, "run", Address("box", name), "create", "New-Box", "ex1", "", shell=shell)


def opened(clock: VirtualClock, *names: str, shell: Shell | None = HERE) -> tuple[Journal, TimedLease]:
    lease = TimedLease(clock)
    journal = Journal(lease, clock, 30.0)  # type: ignore[arg-type]  # the part of a lease that is used
    journal.open([intent(name, shell) for name in names], ())
    return journal, lease


def shells(lease: TimedLease) -> list[Shell | None]:
    return [change.intents[0].shell for change in lease.written]


def test_an_intent_that_names_its_shell_and_has_time_is_written_once() -> None:
    journal, lease = opened(clock := VirtualClock(), "a", "b")
    clock.sleep(10.0)
    first, second = journal.grant(["a.0", "b.0"], HERE)
    assert len(lease.written) == 1
    assert (first.left_seconds(clock), second.left_seconds(clock)) == (20.0, 21.0)
    assert [told.expires for told in lease.written[0].intents] == [first.wall.isoformat(), second.wall.isoformat()]


@pytest.mark.parametrize(("shell", "seconds"), [(None, 0.0), (THERE, 0.0), (HERE, 16.0), (HERE, 3600.0)])
def test_another_shell_or_too_little_time_is_written_down_before_the_send(shell: Shell | None, seconds: float) -> None:
    journal, lease = opened(clock := VirtualClock(), "a", shell=shell)
    clock.sleep(seconds)
    (deadline,) = journal.grant(["a.1"], HERE)
    assert shells(lease) == [shell, HERE]
    assert lease.written[1].intents[0].expires == deadline.wall.isoformat()
    assert deadline.left_seconds(clock) == 30.0


def test_no_command_may_begin_after_the_lease_it_was_sent_under() -> None:
    clock = VirtualClock()
    journal, lease = opened(clock, *(f"n{number}" for number in range(100)))
    clock.sleep(20.0)
    deadlines = journal.grant([f"n{number}.0" for number in range(100)], THERE)
    ends = clock.now() + timedelta(seconds=lease.remaining_seconds())
    assert max(one.wall for one in deadlines) < ends
    assert journal.outlast_seconds(["n99"]) == lease.remaining_seconds() - 1.0


def test_a_lease_that_was_taken_lets_nothing_go() -> None:
    journal, lease = opened(clock := VirtualClock(), "a")
    lease.is_taken = True
    clock.sleep(61.0)
    with pytest.raises(LeaseLost):
        journal.grant(["a.0"], HERE)
    assert not journal.let_go(intent("a"))


def test_what_takes_long_to_start_gets_that_time_too_within_the_lease() -> None:
    journal, _ = opened(clock := VirtualClock(), "a")
    assert journal.grant(["a.0"], THERE, 15.0)[0].left_seconds(clock) == 45.0
    assert journal.grant(["a.0"], HERE, 600.0)[0].left_seconds(clock) == 59.0


# --- recovery --------------------------------------------------------------------------------------------------------


@dataclass
class Ends:
    """Sessions that can end some shells."""

    gone: frozenset[Shell]
    asked: list[Shell] = field(default_factory=list)

    def end(self, shell: Shell) -> bool:
        self.asked.append(shell)
        return shell in self.gone


def test_only_commands_in_shells_that_are_not_certainly_gone_are_outlasted() -> None:
    other = Shell(LYNC, "C")
    intents = [intent("a", HERE), intent("b", HERE), intent("c", other), intent("d")]
    ends, told = Ends(frozenset({HERE})), list[object]()
    left = end_shells(intents, ends, told.append)  # type: ignore[arg-type]  # the part of sessions that is used
    assert [one.id for one in left] == ["c", "d"]
    assert ends.asked == [HERE, other]
    assert [type(one) for one in told] == [Waiting]
    assert end_shells([dataclasses.replace(intent("e"))], ends, told.append) != ()  # type: ignore[arg-type]  # as above
    assert len(told) == 1
