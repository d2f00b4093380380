"""What every store promises, held by SQLite and PostgreSQL alike."""

from __future__ import annotations

import ast
import itertools
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from reconciler.model.diagnostics import LeaseLost, Locked, StateError
from reconciler.model.ports import Lease, StateStore
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation, OutcomeKind, Remembered, Run, Snapshot, StateChange
from state.machine import Machine
from tests.support.paths import ROOT
from tests.support.state_support import (
    HOSTILE,
    Model,
    Place,
    PostgreSQLServer,
    changes,
    holder,
    intent,
    mailbox,
    outcome,
    postgresql_binaries,
)

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    binaries = postgresql_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine")
    started = PostgreSQLServer(binaries)
    yield started
    started.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    location: Path | str = tmp_path / ".reconciler" / "state.db"
    if request.param == "postgresql":
        location = request.getfixturevalue("server").url
    empty = Place(location, f"contoso{next(_numbers)}")
    yield empty
    empty.close()


def test_an_environment_never_saved_is_empty(place: Place) -> None:
    saved = place.open()
    assert saved.verify_audit().entries == 0
    store: StateStore = saved
    assert store.read() == Snapshot(place.environment)
    assert store.history() == ()
    assert store.unlock(holder()) is None
    store.close()


def test_taking_the_lease_gives_no_lineage_yet(place: Place) -> None:
    store = place.open()
    store.acquire(holder())
    assert store.read() == Snapshot(place.environment)
    store.close()


def test_lineage_is_born_once_and_serial_rises(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    seen = []
    for number in range(3):
        lease.commit(StateChange(remember=(mailbox(number),)))
        seen.append((store.read().lineage, store.read().serial))
    assert seen == [("id1", 1), ("id1", 2), ("id1", 3)]
    lease.release()
    store.close()
    again = place.open()
    assert (again.read().lineage, again.read().serial) == ("id1", 3)
    again.close()


@pytest.fixture
def places(place: Place, tmp_path: Path) -> Iterator[Place]:
    """Any number of empty places, cheaply."""

    def endless() -> Iterator[Place]:
        if not isinstance(place.location, Path):
            while True:
                yield replace(place, environment=f"contoso{next(_numbers)}")
        store = place.open()
        store.acquire(holder()).release()
        store.close()
        for number in itertools.count():
            path = tmp_path / f"copy{number}" / "state.db"
            path.parent.mkdir(0o700)
            shutil.copy(place.location, path)
            path.chmod(0o600)
            yield replace(place, location=path)

    return endless()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_changes_are_read_back(places: Iterator[Place], data: st.DataObject) -> None:
    store, model = next(places).open(), Model()
    lease = store.acquire(holder())
    for _ in range(data.draw(st.integers(1, 3))):
        change = data.draw(changes(model))
        lease.commit(change)
        model.apply(change)
        model.check(store.read())
        assert store.open_obligations() == store.read().obligations
    store.verify_audit()
    store.close()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_kept_everywhere(place: Place, text: str) -> None:
    environment = place.environment + text
    store = replace(place, environment=environment).open()
    lease = store.acquire(holder(text, user=text, host=text, operation=text, started=text))
    kept = Remembered(Address("um_mailbox", text), {text: (text, (text,))}, text, text, (Address("dial_plan", text),))
    sent = replace(intent(text, text), command=text, host=text, expects_after={text: text})
    owed = Obligation("lower-outcalls", text, text)
    lease.commit(StateChange(intents=(sent,), uses=text, remember=(kept,), owe=(owed,), decisions={text: text}))
    lease.begin(Run(text, text, text, text, text, text, 0, text))
    assert store.is_used(text) or not text
    found = store.read()
    assert found.environment == environment
    assert dict(found.resources) == {kept.address: kept}
    assert (found.open_intents, found.obligations, dict(found.decisions)) == ((sent,), (owed,), {text: text})
    assert [run.id for run in store.history()] == [text]
    with pytest.raises(Locked):
        replace(place, environment=environment).open().acquire(holder())
    store.verify_audit()
    store.close()


def test_an_intent_is_open_until_its_outcome(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(intents=(intent("a"), intent("b"), intent("c"))))
    lease.commit(StateChange(intents=(intent("d"),), outcomes=(outcome("a"), outcome("c", OutcomeKind.UNKNOWN))))
    assert [sent.id for sent in store.read().open_intents] == ["b", "d"]
    lease.commit(StateChange(outcomes=(outcome("a"), outcome("b"), outcome("d"))))
    assert store.read().open_intents == ()
    store.close()


def test_an_intent_sent_again_is_open_once(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(intents=(intent("a"),)))
    later = replace(intent("a", "run2"), expires="2026-01-01T01:00:00+00:00")
    lease.commit(StateChange(intents=(later,)))
    assert store.read().open_intents == (later,)
    store.verify_audit()
    store.close()


def test_an_outcome_without_an_intent_is_refused_and_nothing_is_written(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    with pytest.raises(StateError, match="Outcome without an intent"):
        lease.commit(StateChange(remember=(mailbox(1),), outcomes=(outcome("never"),)))
    assert store.read() == Snapshot(place.environment)
    store.close()


def test_a_value_that_cannot_be_saved_is_a_bug_and_nothing_is_written(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    with pytest.raises(StateError, match="bug in reconciler"):
        lease.commit(StateChange(remember=(mailbox(1), mailbox(2, extension=1.5))))  # type: ignore[arg-type]  # on purpose
    assert store.read() == Snapshot(place.environment)


def test_no_sql_is_put_together_from_texts() -> None:
    words = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "PRAGMA ", "CREATE ", "SET ")
    built = []
    for path in sorted((ROOT / "state").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and any(word in ast.unparse(node) for word in words):
                built.append(f"{path.name}:{node.lineno}")
    assert built == []


def test_an_obligation_opened_again_has_the_new_time(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(owe=(Obligation("front-end-restart", "FE1.contoso.com"),)))
    lease.commit(StateChange(owe=(Obligation("front-end-restart", "fe1.contoso.com", "2026-01-01T00:00:00Z"),)))
    (owed,) = store.read().obligations
    assert owed.since == "2026-01-01T00:00:00Z"
    lease.commit(StateChange(discharge=(Obligation("um-service-restart", "fe1.contoso.com"),)))
    assert store.read().obligations == (owed,)
    lease.commit(StateChange(discharge=(Obligation("front-end-restart", "FE1.CONTOSO.COM"),)))
    assert store.read().obligations == ()
    store.close()


def test_rows_that_are_equal_are_not_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(remember=tuple(mailbox(number) for number in range(50))))
    written: list[int] = []

    def count(_: object, cursor: Any, statement: str, rows: Sequence[object], *__: object) -> None:
        if "resources" in statement:
            written.append(len(rows))
        cursor.executemany(statement, rows)

    monkeypatch.setattr(DefaultDialect, "do_executemany", count)
    changed = tuple(mailbox(number, extension="9" if number == 7 else f"{number:05}") for number in range(50))
    lease.commit(StateChange(remember=changed))
    assert written == [1]
    assert store.read().resources[mailbox(7).address].attributes["extension"] == "9"
    store.close()


def attempt(lease: Lease, run: str, nonce: str, *kinds: OutcomeKind | None) -> None:
    """Do as a run that sends a saved plan with one intent per kind of outcome, the first by itself; None: none yet."""
    ids = [f"{run}-{number}" for number in range(len(kinds))]
    for some in (ids[:1], ids[1:]):
        lease.commit(StateChange(intents=tuple(intent(id, run) for id in some), uses=nonce))
    ended = tuple(outcome(id, kind) for id, kind in zip(ids, kinds, strict=True) if kind is not None)
    lease.commit(StateChange(outcomes=ended))


NOT_RUN, DONE, FAILED = OutcomeKind.NOT_RUN, OutcomeKind.DONE, OutcomeKind.FAILED


def test_a_plan_is_used_when_something_of_it_may_have_been_run(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    cases = {
        "done": (DONE,),
        "open": (None,),
        "refused": (FAILED,),
        "done at last": (NOT_RUN, NOT_RUN, DONE),
        "open at last": (NOT_RUN, None),
        "not run": (NOT_RUN, NOT_RUN),
        "nothing": (),
    }
    for number, (name, kinds) in enumerate(cases.items()):
        attempt(lease, f"run{number}", name, *kinds)
    lease.release()
    other = place.open()
    assert [name for name in cases if not other.is_used(name)] == ["not run", "nothing"]


def test_a_plan_of_which_nothing_was_sent_is_used_by_the_attempt_that_sends(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    attempt(lease, "run1", "plan", NOT_RUN, NOT_RUN)
    attempt(lease, "run2", "another", DONE)
    attempt(lease, "run3", "plan", NOT_RUN)
    assert not store.is_used("plan")
    attempt(lease, "run4", "plan", NOT_RUN, DONE)
    assert store.is_used("plan")


def test_the_last_changing_run_is_of_a_commit_and_may_have_changed_something(place: Place) -> None:
    store = place.open()
    assert store.last_changing_run() is None
    lease = store.acquire(holder())
    told: list[str | None] = []
    runs: list[tuple[str | None, tuple[OutcomeKind | None, ...]]] = [
        (None, (DONE,)),
        ("a", ()),
        ("b", (NOT_RUN, DONE)),
        ("c", (NOT_RUN, NOT_RUN)),
        (None, (DONE,)),
        ("d", ()),
        ("e", (None,)),
        ("f", (FAILED,)),
    ]
    for number, (commit, kinds) in enumerate(runs):
        lease.begin(Run(f"run{number}", "2026-01-01", "kim", "ops1", commit, uncommitted=number % 2 == 0))
        attempt(lease, f"run{number}", "", *kinds)
        if number % 2:
            lease.end(Run(f"run{number}", "2026-01-01", "kim", "ops1", commit, ended="2026-01-02", exit_code=0))
        last = store.last_changing_run()
        told.append(last.commit if last else None)
    assert told == [None, None, "b", "b", "b", "b", "e", "f"]
    assert [run.uncommitted for run in store.history()] == [False, True] * 4


def test_history_is_newest_first(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    for number in range(5):
        lease.begin(Run(f"run{number}", "2026-01-01", "kim", "ops1"))
    lease.end(Run("run1", "2026-01-01", "kim", "ops1", ended="2026-01-02", exit_code=3, done=2, failed=1, blocked=4))
    assert [run.id for run in store.history()] == ["run4", "run3", "run2", "run1", "run0"]
    assert [run.id for run in store.history(2)] == ["run4", "run3"]
    assert store.history()[3].exit_code == 3
    assert [run.exit_code for run in store.history(1)] == [None]
    store.close()


def test_a_second_run_reads_who_has_the_lease(place: Place) -> None:
    store, other = place.open(), place.open()
    lease = store.acquire(holder("run7"))
    with pytest.raises(Locked) as caught:
        other.acquire(holder("run8"))
    (told,) = caught.value.diagnostics
    for part in ("run7", "ops1", "4711", "kim", "apply", "2026-01-01T00:00:00+00:00", "lease ends at 20"):
        assert part in told.detail
    assert "kill -INT 4711" in told.remedy
    assert caught.value.exit_code == 6
    lease.release()
    assert other.acquire(holder("run8")).epoch > lease.epoch


def test_unlocking_fences_the_holder(place: Place) -> None:
    store, other = place.open(), place.open()
    lease = store.acquire(holder("run7"))
    lease.commit(StateChange(remember=(mailbox(1),)))
    with pytest.raises(Locked, match="Lock of a living run"):
        other.unlock(holder("run8"))
    lease.commit(StateChange(remember=(mailbox(1),)))
    dead = place.open(machine=Machine(lives=lambda *_: False))
    assert dead.unlock(holder("run8")) == holder("run7")
    before = other.read()
    writes: tuple[Callable[[], None], ...] = (
        lambda: lease.commit(StateChange(remember=(mailbox(2),))),
        lambda: lease.begin(Run("run7", "", "", "")),
        lease.renew,
    )
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert lease.remaining_seconds() == 0
    lease.release()
    assert other.read() == before
    assert other.acquire(holder("run8")).epoch > lease.epoch + 1
    other.verify_audit()


def test_a_lease_that_ended_is_lost_though_nobody_took_it(place: Place) -> None:
    store = place.open(lease_seconds=0.0)
    lease = store.acquire(holder())
    with pytest.raises(LeaseLost):
        lease.commit(StateChange(remember=(mailbox(1),)))
    with pytest.raises(LeaseLost):
        lease.renew()
    assert store.read() == Snapshot(place.environment)
    store.close()


def test_a_released_lease_writes_nothing(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.release()
    with pytest.raises(LeaseLost):
        lease.commit(StateChange(remember=(mailbox(1),)))
    assert lease.remaining_seconds() == 0
    store.close()


def test_threads_commit_side_by_side(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())

    def work(thread: int) -> None:
        for number in range(5):
            id = f"{thread}-{number}"
            lease.commit(StateChange(intents=(intent(id),)))
            lease.commit(StateChange(outcomes=(outcome(id),), remember=(mailbox(thread * 100 + number),)))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.read()
    assert (found.serial, len(found.resources), found.open_intents) == (40, 20, ())
    assert store.verify_audit().entries == 40
    store.close()


def test_a_group_is_written_or_not_at_all(place: Place) -> None:
    def fail(name: str) -> None:
        if name == "state-before-commit":
            raise KeyboardInterrupt(name)

    store = place.open()
    store.acquire(holder()).release()
    failing = place.open(point=fail)
    lease = failing.acquire(holder())
    with pytest.raises(KeyboardInterrupt, match="state-before-commit"):
        lease.commit(StateChange(remember=(mailbox(1),), intents=(intent("a"),)))
    assert store.read() == Snapshot(place.environment)
    failing.close()
    store.close()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)  # a file holds one environment
def test_environments_of_one_server_keep_apart(place: Place) -> None:
    one, other = place.open(), replace(place, environment=place.environment + "b").open()
    for store, number in ((one, 1), (other, 2)):
        store.acquire(holder()).commit(StateChange(remember=(mailbox(number),)))
    assert list(one.read().resources) == [mailbox(1).address]
    assert list(other.read().resources) == [mailbox(2).address]


@pytest.fixture
def steps() -> Iterator[list[int]]:
    """Count the work of SQLite, in thousands of instructions of its machine."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    def listen(connection: Any, record: object) -> None:
        connection.set_progress_handler(count, 1000)

    event.listen(Engine, "connect", listen)
    yield counted
    event.remove(Engine, "connect", listen)


def test_a_change_takes_the_same_work_however_much_was_saved_before(tmp_path: Path, steps: list[int]) -> None:
    store = Place(tmp_path / "state.db").open()
    lease = store.acquire(holder())

    def work_of(names: Sequence[str]) -> int:
        before = steps[0]
        lease.commit(StateChange(intents=tuple(map(intent, names))))
        remembered = tuple(mailbox(int(name)) for name in names)
        lease.commit(StateChange(outcomes=tuple(map(outcome, names)), remember=remembered))
        return steps[0] - before

    few = work_of([str(number) for number in range(100)])
    work_of([str(number) for number in range(100, 5100)])
    many = work_of([str(number) for number in range(5100, 5200)])
    assert few > 5
    assert many < 2 * few
    store.close()
