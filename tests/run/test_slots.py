"""How many batches a host gets at the same time, over hosts that run only so many commands at once."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.run.slots import BATCH_SECONDS, FEW, LARGEST_BATCH, Meter, Slots, Window

SET, ENABLE = "Set-UMMailbox", "Enable-UMMailbox"


@dataclass
class Host:
    """A host that runs ``concurrent`` commands at once, each in ``seconds``; the others wait."""

    seconds: float
    concurrent: int

    def takes(self, slots: int) -> float:
        """Return the seconds of a command where ``slots`` of them are sent at the same time."""
        return self.seconds * max(1.0, slots / self.concurrent)


def noted(count: int, seconds: float) -> Window:
    """Return the window of a host after so many batches."""
    window = Window(handed_out=count)
    for _ in range(count):
        window.note(SET, 5, Meter(5 * seconds))
    return window


def rounds(host: Host, window: Window, limit: int, count: int, cmdlet: str = SET) -> Iterator[int]:
    """Let ``count`` rounds of batches run on the host; yield the slots of each."""
    for _ in range(count):
        slots = min(window.wanted, limit)
        meters = [Meter(10 * host.takes(slots), age=window.losses) for _ in range(slots)]
        for meter in meters:
            window.note(cmdlet, 10, meter)
        yield slots


def test_slots_double_with_each_round_while_the_host_is_fast() -> None:
    assert list(rounds(Host(0.05, 100), Window(), 16, 4)) == [FEW, 2 * FEW, 4 * FEW, 16]


def test_slots_settle_at_what_the_host_runs_at_once() -> None:
    settled = list(rounds(Host(0.05, 10), Window(), 60, 60))[10:]
    assert min(settled) >= 9
    assert max(settled) <= 18
    assert sum(settled) / len(settled) == pytest.approx(12.5, abs=3)


def test_throttling_halves_the_slots_down_to_one_and_they_grow_again() -> None:
    window = Window()
    for expected in (2, 1, 1):
        for meter in [Meter(90.0, is_throttled=True, age=window.losses) for _ in range(4)]:
            window.note(SET, 10, meter)
        assert window.wanted == expected
    assert list(rounds(Host(0.05, 100), window, 16, 40))[-1] > FEW


def test_a_host_that_is_slow_for_its_own_reasons_keeps_the_first_slots() -> None:
    window, host = Window(), Host(0.05, 100)
    list(rounds(host, window, 16, 6))
    host.seconds = 0.5
    slow = list(rounds(host, window, 16, 60))
    assert min(slow) >= FEW
    assert slow[-1] == 16, "the slow answers are the usual ones by now"


@pytest.mark.parametrize("read_seconds", [0.0, 0.02, 0.05])
@pytest.mark.parametrize("each", [0, 1, 2])
def test_batches_of_different_sizes_are_no_crowd_whatever_their_reads_take(read_seconds: float, each: int) -> None:
    """``each``: the reads of an action where each object is read by itself; 0: one read for the whole batch."""
    window, write_seconds = Window(), 0.05
    for size in (2, 2, 2, 2, 30, 30, 2, 1, 1, 1, 1, 1, 60, 1, 1, 1, 1):
        reads = each * size or 1
        taken = size * write_seconds + reads * read_seconds
        window.note(SET, size, Meter(taken, reads, read_seconds, age=window.losses))
    assert window.losses == 0
    assert window.seconds(SET) == pytest.approx(write_seconds + each * read_seconds, rel=0.25)


def test_a_crowded_host_is_seen_although_its_reads_are_slow_too() -> None:
    window = Window()
    for _ in range(20):
        window.note(SET, 10, Meter(0.55, 1, 0.05, age=window.losses))
    before = window.wanted
    for _ in range(8):
        window.note(SET, 10, Meter(4 * 0.55, 1, 4 * 0.05, age=window.losses))
    assert window.wanted < before


def test_a_slow_cmdlet_after_a_fast_one_is_no_sign_of_a_crowd() -> None:
    window = Window()
    list(rounds(Host(0.05, 100), window, 16, 6))
    before = window.wanted
    list(rounds(Host(0.3, 100), window, 16, 3, cmdlet=ENABLE))
    assert window.wanted >= before


@pytest.mark.parametrize(("seconds", "size"), [(0.0, 100), (0.001, 100), (0.05, 30), (0.3, 5), (5.0, 1)])
def test_a_batch_lasts_a_second_or_two(seconds: float, size: int) -> None:
    window = noted(14, seconds)
    assert window.batch(SET, 10_000, 2) == size


def test_the_first_batches_are_shorter_so_that_slots_are_found_soon() -> None:
    sizes = [noted(count, 0.025).batch(SET, 10_000, 16) for count in (0, 1, 13, 14)]
    assert sizes == [1, 6, 6, 60]


def test_the_last_batches_are_small_so_that_all_slots_end_together() -> None:
    window = noted(14, 0.05)
    assert [window.batch(SET, left, 16) for left in (1000, 320, 160, 16, 3, 1)] == [30, 10, 5, 3, 3, 1]


@given(
    left=st.integers(1, 100_000),
    slots=st.integers(1, 64),
    times=st.lists(st.floats(0.0, 100.0), max_size=80),
    throttled=st.sets(st.integers(0, 80)),
)
def test_whatever_was_measured_a_batch_fits_and_a_slot_is_left(
    left: int, slots: int, times: list[float], throttled: set[int]
) -> None:
    window = Window()
    for number, seconds in enumerate(times):
        window.note(SET, 10, Meter(10 * seconds, is_throttled=number in throttled, age=window.losses))
    assert 1 <= window.batch(SET, left, slots) <= min(left, LARGEST_BATCH)
    assert 1 <= window.wanted <= FEW + len(times)
    mean = window.seconds(SET)
    if mean and times:
        assert window.batch(SET, left, slots) * mean <= max(BATCH_SECONDS * 1.01, 1.01 * mean)


def test_one_batch_that_is_fast_by_chance_takes_no_slots() -> None:
    window, host = Window(), Host(0.05, 100)
    list(rounds(host, window, 16, 3))
    window.note(SET, 10, Meter(0.05))
    assert min(rounds(host, window, 16, 20)) == 16


def test_where_each_batch_starts_a_process_the_batches_are_long() -> None:
    window = Window(overhead_seconds=15.0, handed_out=14)
    for _ in range(12):
        window.note(SET, 5, Meter(15.0 + 5 * 0.3))
    assert window.seconds(SET) == pytest.approx(0.3)
    assert 50 <= window.batch(SET, 10_000, 2) <= 55


def test_each_host_has_slots_of_its_own() -> None:
    slots = Slots()
    slots.of(EXCHANGE).note(SET, 10, Meter(1.0, is_throttled=True))
    assert slots.of(EXCHANGE).wanted == FEW // 2
    assert slots.of(LYNC).wanted == FEW


@dataclass
class Run:
    """An apply of ``left`` users by a count of events: batches on channels that take a while to open."""

    left: int
    limit: int
    write_seconds: float
    window: Window = field(default_factory=Window)
    now: float = 0.0
    opened: list[float] = field(default_factory=lambda: [0.0] * FEW)
    """When each channel is open."""
    sent: int = 0
    ending: list[tuple[float, int, int, Meter, int]] = field(default_factory=list)
    """Batches under way: when each ends, its number, its actions, its time, and how many follow on its slot."""

    OPENING_SECONDS: ClassVar[float] = 0.1

    @property
    def message_seconds(self) -> float:
        return 0.02

    @property
    def slots(self) -> int:
        while len(self.opened) < min(2 * self.window.wanted, self.limit):
            self.opened.append(self.now + self.OPENING_SECONDS)
        return min(sum(at <= self.now for at in self.opened), self.window.wanted, self.limit)

    def start(self, actions: int, look_seconds: float | None) -> None:
        """Send a batch, and choose the one that follows it."""
        meter = Meter(self.message_seconds + actions * self.write_seconds, 1, look_seconds, age=self.window.losses)
        following = self.chosen() if len(self.ending) < self.slots else 0
        self.sent += 1
        end = self.now + (look_seconds or 0.0) + meter.seconds
        heapq.heappush(self.ending, (end, self.sent, actions, meter, following))

    def chosen(self) -> int:
        size = self.window.batch(SET, self.left, self.slots) if self.left else 0
        self.left -= size
        self.window.handed_out += bool(size)
        return size

    def seconds(self) -> float:
        """Return how long it takes."""
        while True:
            while self.left and len(self.ending) < self.slots:
                self.start(self.chosen(), self.message_seconds)
            if not self.ending:
                return self.now
            opening = [at for at in self.opened if at > self.now and self.left]
            if opening and min(opening) < self.ending[0][0]:
                self.now = min(opening)
                continue
            self.now, _, actions, meter, following = heapq.heappop(self.ending)
            self.window.note(SET, actions, meter)
            if following:
                self.start(following, None)


@pytest.mark.parametrize(
    ("users", "slots", "write_seconds", "most"),
    [(1_000, 18, 0.05, 1.15), (1_000, 10, 0.05, 1.08), (1_000, 18, 0.15, 1.07), (10_000, 18, 0.05, 1.03)],
)
def test_an_apply_takes_little_more_than_its_slots_need(
    users: int, slots: int, write_seconds: float, most: float
) -> None:
    assert Run(users, slots, write_seconds).seconds() <= most * -(-users // slots) * write_seconds


@dataclass
class Busy(Run):
    """The same where client and server have little time for messages."""

    random: Random = field(default_factory=lambda: Random(1))

    @property
    def message_seconds(self) -> float:
        return self.random.uniform(0.01, 0.15)


@pytest.mark.parametrize("seed", range(8))
def test_messages_that_take_long_are_not_a_crowd(seed: int) -> None:
    run = Busy(1_000, 18, 0.05, random=Random(seed))
    assert run.seconds() <= 1.5 * -(-1_000 // 18) * 0.05
    assert run.window.wanted >= run.limit
