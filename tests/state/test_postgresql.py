"""PostgreSQL alone: verified servers, connections that break, and holders that die."""

from __future__ import annotations

import itertools
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from reconciler.model.diagnostics import LeaseLost, Locked, StateError
from reconciler.model.ports import Lease
from reconciler.model.snapshot import Snapshot, StateChange
from state.machine import Machine
from state.postgresql import checked_address
from state.tables import VERSION_TABLE
from tests.support.state_support import (
    Child,
    Place,
    PostgreSQLServer,
    child,
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


@pytest.fixture
def place(server: PostgreSQLServer) -> Iterator[Place]:
    """An environment in a database of its own."""
    name = f"test{next(_numbers)}"
    execute(server.url, f"CREATE DATABASE {name}")
    empty = Place(server.url.replace("/postgres", f"/{name}"))
    yield empty
    empty.close()


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


# --- where it is -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kim@db.contoso.com/um",
        "postgresql+psycopg://kim@db.contoso.com/um?sslmode=verify-full",
        "postgres://kim@10.0.0.7/um",
        "postgresql:///um?host=db.contoso.com",
        "postgresql://kim@localhost/um?host=db.contoso.com",
        "postgresql://kim@localhost,db.contoso.com/um",
    ],
)
def test_a_server_elsewhere_is_always_verified(url: str) -> None:
    assert checked_address(url)[1]["sslmode"] == "verify-full"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_less_than_verification_is_refused(mode: str) -> None:
    with pytest.raises(StateError, match=mode):
        checked_address(f"postgresql://kim@db.contoso.com/um?sslmode={mode}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kim@localhost/um",
        "postgresql://kim@127.0.0.1:5433/um",
        "postgresql://kim@[::1]/um",
        "postgresql:///um?host=/run/postgresql",
        "postgresql:///um",
    ],
)
def test_a_server_on_this_machine_needs_no_certificate(url: str) -> None:
    assert checked_address(url)[1]["sslmode"] == "prefer"


@pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
def test_the_environment_does_not_lead_elsewhere_unverified(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "198.51.100.7")
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert checked_address("postgresql:///um")[1]["sslmode"] == "verify-full"


@pytest.mark.parametrize("option", ["hostaddr=198.51.100.7", "service=x", "options=-c", "passfile=/etc/passwd"])
def test_unknown_options_are_refused(option: str) -> None:
    with pytest.raises(StateError, match=option.partition("=")[0]):
        checked_address(f"postgresql://kim@localhost/um?{option}")


def test_a_server_that_does_not_answer_is_reported_without_its_password() -> None:
    with pytest.raises(StateError, match="not reachable") as caught:
        Place("postgresql://kim:hunter2@127.0.0.1:1/um").open()
    assert "hunter2" not in str(caught.value) + str(caught.value.diagnostics)


# --- schema ----------------------------------------------------------------------------------------------------------


def test_reading_what_was_never_saved_makes_no_table(place: Place) -> None:
    for read_only in (True, False):
        assert place.open(read_only=read_only).read() == Snapshot("contoso")
    assert execute(str(place.location), "SELECT * FROM pg_tables WHERE schemaname = 'public'") == []


def test_an_older_schema_is_migrated_and_a_newer_one_refused(place: Place) -> None:
    url = str(place.location)
    lease = place.open().acquire(holder())
    lease.commit(StateChange(intents=(intent("a"),)))
    lease.release()
    execute(url, "DROP INDEX intents_open")
    execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '1'")
    with pytest.raises(StateError, match="older version"):
        place.open(read_only=True)
    assert [sent.id for sent in place.open().read().open_intents] == ["a"]
    assert execute(url, "SELECT 1 FROM pg_indexes WHERE indexname = 'intents_open'")
    execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '99'")
    with pytest.raises(StateError, match="'99'"):
        place.open()


def test_altered_rows_are_found(place: Place) -> None:
    lease = place.open().acquire(holder())
    lease.commit(StateChange(remember=(mailbox(1),)))
    execute(str(place.location), "UPDATE resources SET body = replace(body, '00001', '00002')")
    with pytest.raises(StateError, match="Damaged state"):
        place.open().read()


# --- holders and connections that die --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")
def test_of_many_processes_one_gets_the_lease(place: Place) -> None:
    with child("race", str(place.location), "8") as racing:
        answers = racing.answer()
    assert len([answer for answer in answers if isinstance(answer, int)]) == 1
    assert {answer[1] for answer in answers if not isinstance(answer, int)} == {6}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_a_killed_holder_on_this_host_frees_the_lease_at_once(place: Place) -> None:
    with child("hold", str(place.location), "60") as holding:
        epoch = holding.answer()
        assert holding.ask("commit") == "ok"
        store = place.open()
        with pytest.raises(Locked):
            store.acquire(holder())
        holding.signal(signal.SIGKILL)
        holding.wait()
        assert store.acquire(holder()).epoch > epoch


def test_a_connection_cut_between_writes_is_made_again(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    for number in range(3):
        _cut_connections(place)
        lease.commit(StateChange(intents=(intent(f"op{number}"),)))
    assert (store.read().serial, len(store.read().open_intents)) == (3, 3)
    store.verify_audit()


def test_a_write_whose_connection_is_cut_is_written_once(place: Place) -> None:
    cut: list[str] = []

    def point(name: str) -> None:
        # Both sides of the commit: before it nothing is there, so it is written again.
        if name == "state-before-commit" and len(cut) < 2:
            cut.append(name)
            _cut_connections(place)

    store = place.open(point=point)
    lease = store.acquire(holder())
    lease.commit(StateChange(intents=(intent("a"), intent("b"))))
    assert len(cut) == 2
    lease.commit(StateChange(outcomes=(outcome("a"),)))
    assert (store.read().serial, [sent.id for sent in store.read().open_intents]) == (2, ["b"])
    store.verify_audit()


def test_a_commit_whose_answer_is_lost_is_not_written_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(remember=(mailbox(1),)))
    commit: Callable[..., None] = PGDialect_psycopg.do_commit
    lost: list[bool] = []

    def answer_is_lost(self: PGDialect_psycopg, connection: object) -> None:
        commit(self, connection)
        if not lost:
            lost.append(True)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(PGDialect_psycopg, "do_commit", answer_is_lost)
    lease.commit(StateChange(intents=(intent("a"),)))
    assert lost
    assert (store.read().serial, len(store.read().open_intents)) == (2, 1)
    assert store.verify_audit().entries == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")
def test_a_holder_that_slept_through_its_time_is_replaced_and_refused(place: Place) -> None:
    with _holder_of_a_short_lease(place) as (holding, epoch):
        holding.signal(signal.SIGSTOP)
        lease = _acquire_in_time(place)
        assert lease.epoch > epoch
        lease.commit(StateChange(remember=(mailbox(1),)))
        holding.signal(signal.SIGCONT)
        assert holding.ask("commit") == ["LeaseLost", "Lease lost"]
        assert holding.ask("renew") == ["LeaseLost", "Lease lost"]
    assert len(place.open().read().open_intents) == 1
    place.opened[-1].verify_audit()


@contextmanager
def _holder_of_a_short_lease(place: Place) -> Iterator[tuple[Child, int]]:
    """Yield a process that has written with its lease, and the epoch; the lease is as short as this machine allows."""
    seconds = 0.3
    while True:
        with child("hold", str(place.location), str(seconds), "still") as holding:
            epoch = holding.answer()
            if holding.ask("commit") == "ok":
                yield holding, epoch
                return
        seconds *= 3
        assert seconds < 300


def _acquire_in_time(place: Place) -> Lease:
    """Take the lease as soon as it has ended by the server's clock, which nothing can hasten."""
    store, last = place.open(), time.monotonic() + 600
    while True:
        try:
            return store.acquire(holder())
        except Locked:
            assert time.monotonic() < last


def test_a_holder_that_was_replaced_while_cut_off_is_refused(place: Place) -> None:
    store, other = place.open(), place.open(machine=Machine(lives=lambda *_: False))
    lease = store.acquire(holder("run1"))
    _cut_connections(place)
    other.unlock(holder("run2"))
    other.acquire(holder("run2"))
    with pytest.raises(LeaseLost):
        lease.commit(StateChange(intents=(intent("a"),)))
    assert other.read().open_intents == ()


def test_a_server_killed_and_started_again_loses_nothing(place: Place, server: PostgreSQLServer) -> None:
    store = place.open(lease_seconds=3600)
    lease = store.acquire(holder())
    for number in range(5):
        lease.commit(StateChange(intents=(intent(f"op{number}"),)))
        server.stop("immediate")
        server.start()
    assert len(store.read().open_intents) == 5
    store.verify_audit()


def test_a_server_that_stays_away_ends_the_write(place: Place, server: PostgreSQLServer) -> None:
    store = place.open(lease_seconds=0.5)
    lease = store.acquire(holder())
    server.stop("immediate")
    try:
        with pytest.raises(StateError, match="not reachable"):
            lease.commit(StateChange(intents=(intent("a"),)))
    finally:
        server.start()
    with pytest.raises(LeaseLost):
        lease.commit(StateChange(intents=(intent("a"),)))
    assert store.read() == Snapshot("contoso")


def _cut_connections(place: Place) -> None:
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    execute(str(place.location), f"{statement} AND pid <> pg_backend_pid()")
