"""A healthy SQLite file is read by the driver alone, with the same result; every other file is left to the store."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.snapshot import Obligation, Snapshot, StateChange
from state import quick
from state.machine import Machine
from state.tables import REVISIONS
from tests.support.state_support import Place, holder, intent, mailbox

MACHINE = Machine()


def read(path: Path, name: str = "contoso") -> Snapshot | None:
    return quick.read_quickly(path, name, MACHINE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state with every kind of row, properly closed."""
    place = Place(tmp_path / ".reconciler" / "state.db")
    lease = place.open().acquire(holder())
    remember = tuple(mailbox(number) for number in range(5))
    owe = (Obligation("front-end-restart", "fe1.contoso.com"),)
    lease.commit(StateChange((intent("op1"),), remember=remember, owe=owe, decisions={"dial_plan/Redmond:site": "A"}))
    lease.release()
    place.close()
    return place.path


def test_a_closed_file_is_read_quickly_and_whole(path: Path) -> None:
    found = read(path)
    assert found is not None
    assert (len(found.resources) > 1, len(found.obligations) > 0, len(found.open_intents) > 0) == (True, True, True)
    place = Place(path)
    store = place.open()
    store.acquire(holder()).release()  # which opens the store itself
    assert replace(store.read(), serial=found.serial) == found
    place.close()


def test_a_closed_file_is_free_and_a_lease_is_looked_at_by_the_store(path: Path) -> None:
    assert quick.is_free(path, MACHINE)
    place = Place(path)
    place.open().acquire(holder())
    assert not quick.is_free(path, MACHINE)
    place.close()
    assert not quick.is_free(path, MACHINE), "left by a run that died"
    path.write_bytes(b"")
    assert not quick.is_free(path, MACHINE)


def test_no_file_is_an_environment_without_state(tmp_path: Path) -> None:
    assert read(tmp_path / "none" / "state.db") == Snapshot("contoso")
    assert quick.can_read_quickly(tmp_path / "none" / "state.db", MACHINE)
    assert quick.is_free(tmp_path / "none" / "state.db", MACHINE)
    assert not (tmp_path / "none").exists()


DAMAGES: dict[str, Callable[[sqlite3.Connection], object]] = {
    "a row was altered": lambda file: file.execute("UPDATE resources SET body = '{}'"),
    "a row is missing": lambda file: file.execute("DELETE FROM decisions"),
    "the head was altered": lambda file: file.execute("UPDATE meta SET serial = serial + 1"),
    "a trigger": lambda file: file.execute("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM lease; END"),
    "a view": lambda file: file.execute("CREATE VIEW v AS SELECT 1"),
    "a column": lambda file: file.execute("ALTER TABLE meta ADD COLUMN more TEXT"),
    "another revision": lambda file: file.execute("UPDATE schema_revision SET version_num = '2'"),
    "another program": lambda file: file.execute("PRAGMA application_id = 1"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_healthy_is_left_to_the_store(path: Path, damage: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        DAMAGES[damage](file)
    assert read(path) is None


def test_another_environment_and_an_open_log_are_left_to_the_store(path: Path) -> None:
    assert read(path, "fabrikam") is None
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE lease SET epoch = epoch")
        file.execute("CREATE TABLE other (one TEXT)")
        assert read(path) is None
        file.execute("DROP TABLE other")
        assert not quick.can_read_quickly(path, MACHINE)
    path.write_bytes(b"")
    assert read(path) is None


def test_a_file_that_others_may_read_is_left_to_the_store(path: Path) -> None:
    path.chmod(0o644)
    assert (read(path) is None) is (sys.platform != "win32")


def test_the_tables_are_those_of_the_latest_revision(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT version_num FROM schema_revision").fetchone() == (REVISIONS[-1],)
    assert quick.can_read_quickly(path, MACHINE)


def test_a_read_loads_no_sqlalchemy(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from state.store import open_store\n"
        "from reconciler.run.system import SystemClock, SystemRandom\n"
        f"store = open_store(Path({str(path)!r}), 'contoso', clock=SystemClock(), random=SystemRandom())\n"
        "assert store.held_by() is None and store.read().resources; store.close(); print('sqlalchemy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
