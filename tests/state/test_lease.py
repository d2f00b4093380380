"""One run at a time: between processes, over time, and when a holder dies, sleeps or is put aside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.diagnostics import LeaseLost, Locked, StateError
from reconciler.model.snapshot import StateChange
from state.host_lock import HostLock
from state.location import refuse_at_a_glance
from state.machine import Machine, is_process_alive, this_process
from tests.support.paths import ROOT
from tests.support.state_support import Place, RealClock, VirtualClock, child, holder, intent, mailbox

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
def test_a_suspended_holder_keeps_its_lease_while_it_lives(place: Place) -> None:
    with child("hold", str(place.path), "0.2", "still") as holding:
        epoch = holding.answer()
        holding.signal(signal.SIGSTOP)
        store = Place(place.path, clock=_Ahead()).open()
        with pytest.raises(Locked, match="suspended") as caught:
            store.acquire(holder())
        assert f"kill -CONT {holding.pid}" in caught.value.diagnostics[0].remedy
        with pytest.raises(Locked, match="Lock of a living run"):
            store.unlock(holder())
        held = store.held_by()
        assert held is not None
        assert held.pid == holding.pid
        holding.signal(signal.SIGKILL)
        holding.wait()
        assert store.held_by() is None
        assert store.acquire(holder()).epoch > epoch
        store.close()


class _Ahead(RealClock):
    """The clock of a rival that was set a day ahead: by it every lease has ended."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=1)


@needs_signals
@pytest.mark.parametrize("point", ["state-before-creation", "state-before-acquire", "state-before-commit"])
def test_a_holder_suspended_in_a_transaction_locks_its_rivals_out_at_once(place: Place, point: str) -> None:
    with child("stop", str(place.path), point) as stopping:
        assert stopping.answer() == "stops"
        store = place.open()
        assert store.read().serial == 0
        with pytest.raises(Locked) as caught:
            store.acquire(holder())
        assert caught.value.exit_code == 6
        stopping.signal(signal.SIGCONT)
        assert stopping.answer() == "went on"
        assert [sent.id for sent in store.read().open_intents] == ["op1"]


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


@needs_signals
def test_a_glance_says_who_holds_the_lock(place: Place) -> None:
    refuse_at_a_glance(place.path)  # nothing is there
    with child("hold", str(place.path), "60") as holding:
        holding.answer()
        before = set(place.path.parent.iterdir())
        with pytest.raises(Locked, match=rf"process {holding.pid},"):
            refuse_at_a_glance(place.path)
        assert set(place.path.parent.iterdir()) == before
        holding.signal(signal.SIGKILL)
        holding.wait()
        refuse_at_a_glance(place.path)
    place.path.write_bytes(b"no state")
    lock = HostLock(place.path.with_name("state.db.lock"))
    assert lock.take(7)
    refuse_at_a_glance(place.path)  # what is wrong with it is said by the store
    lock.close()


def test_a_glance_loads_little(tmp_path: Path) -> None:
    """Eight that begin at once have two processors: each is to know within two seconds that another has the lock."""
    (tmp_path / ".reconciler").mkdir(mode=0o700)
    program = (
        "import sys\nfrom pathlib import Path\nimport reconciler.cli.commands\nfrom reconciler.app import alone\n"
        f"with alone(Path({str(tmp_path)!r})): pass\nimport state.location, state.location\n"
        "print(sorted({'sqlalchemy', 'pydantic', 'yaml', 'alembic', 'providers', 'deepdiff'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_processes_are_distinguished_from_later_ones_of_their_number() -> None:
    mine = this_process()
    if mine is None:
        pytest.skip("the system does not tell")
    assert is_process_alive(mine)
    namespace, pid, started = mine.rsplit(" ", 2)
    assert not is_process_alive(f"{namespace} {pid} {int(started) + 1}")
    assert not is_process_alive(f"{namespace} 4194305 {started}")
    assert is_process_alive(f"pid:[1] {pid} {started}") is None


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


def test_a_lease_that_ended_is_not_taken_over_while_the_holder_lives_on_this_machine(tmp_path: Path) -> None:
    clock = VirtualClock()
    place = Place(tmp_path / "s" / "state.db", clock=clock)
    first = place.open().acquire(holder("run1"))
    clock.sleep(61)
    with pytest.raises(Locked):
        place.open().acquire(holder("run2"))
    with pytest.raises(LeaseLost):
        first.renew()
    first.release()
    place.open().acquire(holder("run2")).commit(StateChange(remember=(mailbox(2),)))
    place.close()


BLIND = Machine(lives=lambda _lock, _held, _machine: None)
"""A machine that sees no holder live: neither by a byte of the lock file nor by its process."""


def test_a_lease_of_another_machine_that_ended_is_taken_over_and_its_holder_is_fenced(tmp_path: Path) -> None:
    clock = VirtualClock()
    place = Place(tmp_path / "s" / "state.db", clock=clock)
    first = place.open().acquire(holder("run1"))
    with pytest.raises(Locked):
        place.open(machine=BLIND).unlock(holder("run2"))
    clock.sleep(61)
    second = place.open(machine=BLIND).acquire(holder("run2"))
    with pytest.raises(LeaseLost):
        first.renew()
    second.commit(StateChange(remember=(mailbox(1),)))
    first.release()
    second.commit(StateChange(remember=(mailbox(2),)))
    place.close()


def test_a_lease_that_ends_later_than_any_can_is_no_sign_of_life(tmp_path: Path) -> None:
    clock = VirtualClock()
    place = Place(tmp_path / "s" / "state.db", clock=clock)
    place.open().acquire(holder("run1"))
    clock.time -= timedelta(days=1)
    assert place.open(machine=BLIND).unlock(holder("run2")) == holder("run1")
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


def test_the_lease_of_another_machine_holds_until_its_time(place: Place) -> None:
    store = place.open(machine=Machine("another"))
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


def test_a_state_deleted_under_a_holder_is_reported(place: Place) -> None:
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
