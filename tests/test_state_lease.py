"""One run at a time: between processes, over time, and when a holder dies, sleeps or is put aside."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import LeaseLost, Locked, StateError
from reconciler.ports import Lease
from reconciler.snapshot import StateChange
from state.host_lock import HostLock, is_process_alive, this_process
from tests.state_support import Place, VirtualClock, child, holder, intent, mailbox

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    empty = Place(tmp_path / ".reconciler" / "state.db")
    yield empty
    empty.close()


# --- processes -------------------------------------------------------------------------------------------------------


@needs_signals
@pytest.mark.parametrize("is_new", [True, False])
def test_of_many_processes_one_gets_the_lease(place: Place, is_new: bool) -> None:
    if not is_new:
        store = place.open()
        store.acquire(holder()).release()
        store.close()
    with child("race", str(place.path), "24") as racing:
        answers = racing.answer()
    won = [answer for answer in answers if isinstance(answer, int)]
    lost = [answer for answer in answers if not isinstance(answer, int)]
    assert len(won) == 1
    assert {(kind, code) for kind, code, _ in lost} == {("Locked", 6)}
    assert len({detail for _, _, detail in lost}) == 1


@needs_signals
def test_a_killed_holder_frees_the_lease_at_once(place: Place) -> None:
    with child("hold", str(place.path), "60") as holding:
        epoch = holding.answer()
        assert holding.ask("commit") == "ok"
        store = place.open()
        with pytest.raises(Locked, match=str(holding.pid)):
            store.acquire(holder())
        holding.signal(signal.SIGKILL)
        holding.wait()
        began = time.monotonic()
        lease = store.acquire(holder())
        assert lease.epoch > epoch
        assert time.monotonic() - began < 2
    # What the dead one had said it would send is still there to be looked after.
    assert [sent.run for sent in store.read().open_intents] == ["run1"]


@needs_signals
def test_a_holder_that_slept_through_its_time_is_refused(place: Place) -> None:
    with child("hold", str(place.path), "1", "still") as holding:
        epoch = holding.answer()
        assert holding.ask("commit") == "ok"
        holding.signal(signal.SIGSTOP)
        store = place.open()
        lease = _acquire_in_time(place)
        lease.commit(StateChange(remember=(mailbox(1),)))
        holding.signal(signal.SIGCONT)
        assert holding.ask("commit") == ["LeaseLost", "Lease lost"]
        assert holding.ask("renew") == ["LeaseLost", "Lease lost"]
        assert lease.epoch > epoch
        assert len(store.read().open_intents) == 1
        # The sleeper still has its byte of the lock file; who came after it counts for itself.
        with pytest.raises(Locked):
            store.acquire(holder("run9"))
        lease.release()
        store.acquire(holder("run9"))
        store.verify_audit()


def _acquire_in_time(place: Place) -> Lease:
    store, last = place.open(), time.monotonic() + 30
    while True:
        try:
            return store.acquire(holder())
        except Locked:
            assert time.monotonic() < last


@needs_signals
def test_a_living_holder_keeps_its_lease_by_itself(place: Place) -> None:
    with child("hold", str(place.path), "1.5") as holding:
        holding.answer()
        store, nobody = place.open(), threading.Event()
        # Twice the time of a lease has to pass; nothing tells when it has.
        for _ in range(6):
            nobody.wait(0.5)
            with pytest.raises(Locked):
                store.acquire(holder())
        assert holding.ask("commit") == "ok"


def test_processes_are_told_apart_from_later_ones_of_their_number() -> None:
    mine = this_process()
    if mine is None:
        pytest.skip("the system does not tell")
    assert is_process_alive(mine)
    namespace, pid, started = mine.rsplit(" ", 2)
    assert not is_process_alive(f"{namespace} {pid} {int(started) + 1}")
    assert not is_process_alive(f"{namespace} 4194305 {started}")
    assert is_process_alive(f"pid:[1] {pid} {started}")


# --- one process, virtual time ---------------------------------------------------------------------------------------


def test_a_lease_ends_unless_it_is_renewed(tmp_path: Path) -> None:
    clock = VirtualClock()
    place = Place(tmp_path / "s" / "state.db", clock=clock)
    store = place.open(lease_seconds=60)
    lease = store.acquire(holder())
    for _ in range(5):
        clock.sleep(50)
        assert lease.remaining_seconds() == pytest.approx(10)
        lease.renew()
        assert lease.remaining_seconds() == pytest.approx(60)
    clock.sleep(59.9)
    lease.commit(StateChange(remember=(mailbox(1),)))
    clock.sleep(0.1)
    assert lease.remaining_seconds() == 0
    with pytest.raises(LeaseLost):
        lease.commit(StateChange(remember=(mailbox(2),)))
    place.close()


def test_a_lease_that_ended_is_taken_over_though_the_holder_lives(tmp_path: Path) -> None:
    clock = VirtualClock()
    place = Place(tmp_path / "s" / "state.db", clock=clock)
    first = place.open().acquire(holder("run1"))
    clock.sleep(61)
    second = place.open().acquire(holder("run2"))
    with pytest.raises(LeaseLost):
        first.renew()
    second.commit(StateChange(remember=(mailbox(1),)))
    first.release()
    second.commit(StateChange(remember=(mailbox(2),)))
    place.close()


@pytest.mark.parametrize("jump", [timedelta(minutes=10), timedelta(days=365), timedelta(days=-365)])
def test_a_jump_of_the_clock_never_makes_a_lease_longer(tmp_path: Path, jump: timedelta) -> None:
    clock = VirtualClock()
    place = Place(tmp_path / "s" / "state.db", clock=clock)
    lease = place.open().acquire(holder())
    clock.time += jump
    clock.ticks += 20
    assert lease.remaining_seconds() <= 40
    place.close()


def test_a_store_closed_without_release_is_free_at_once(place: Place) -> None:
    store = place.open()
    store.acquire(holder("run1"))
    store.close()
    assert place.open().acquire(holder("run2")).epoch == 2


def test_the_lease_of_another_machine_holds_until_its_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open()
    with monkeypatch.context() as patch:
        patch.setattr("state.lease.this_machine", lambda: "another")
        store.acquire(holder("run1"))
    store.close()
    with pytest.raises(Locked):
        place.open().acquire(holder("run2"))


def test_the_lock_file_belongs_to_the_file_that_was_opened(tmp_path: Path) -> None:
    one, other = HostLock(tmp_path / "lock"), HostLock(tmp_path / "lock")
    assert one.take(3)
    assert other.is_taken(3)
    assert not other.take(3)
    assert other.take(4)
    other.close()
    assert not one.is_taken(4)
    one.drop(3)
    again = HostLock(tmp_path / "lock")
    assert again.take(3)
    again.close()
    one.close()


def test_a_state_deleted_under_a_holder_is_told(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder("run1"))
    for path in list(place.path.parent.glob("state.db*")):
        if not path.name.endswith(".lock"):
            path.unlink()
    with pytest.raises(StateError, match="deleted or replaced"):
        lease.commit(StateChange(intents=(intent("a"),)))
    # A new state begins; the epoch of the run that still lives is not given out again.
    fresh = place.open().acquire(holder("run2"))
    assert fresh.epoch > lease.epoch
    with pytest.raises(StateError, match="deleted or replaced"):
        lease.commit(StateChange(intents=(intent("a"),)))


def test_nothing_is_left_running(place: Place) -> None:
    before = set(threading.enumerate())
    store = place.open(renews_itself=True)
    lease = store.acquire(holder())
    (renewal,) = set(threading.enumerate()) - before
    lease.release()
    renewal.join(timeout=10)
    assert not renewal.is_alive()


@needs_signals
@pytest.mark.parametrize(
    "point",
    [
        "state-before-creation",
        "state-after-creation",
        "state-before-acquire",
        "state-after-acquire",
        "state-before-commit",
    ],
)
def test_a_process_killed_before_its_commit_leaves_a_state_that_works(place: Place, point: str) -> None:
    _die_at(place, point)
    store = place.open()
    assert store.read().serial == 0
    assert store.acquire(holder()).epoch >= 1
    store.verify_audit()


@needs_signals
def test_what_was_committed_before_a_kill_is_kept(place: Place) -> None:
    _die_at(place, "state-after-commit")
    reading = place.open(read_only=True)
    assert [sent.id for sent in reading.read().open_intents] == ["op1"]
    store = place.open()
    store.acquire(holder()).commit(StateChange(remember=(mailbox(1),)))
    assert [sent.id for sent in reading.read().open_intents] == ["op1"]
    store.verify_audit()


def _die_at(place: Place, point: str) -> None:
    with child("die", str(place.path), point) as dying:
        assert dying.wait() == -signal.SIGKILL
    assert not os.path.lexists(place.path) or place.path.stat().st_size > 0
