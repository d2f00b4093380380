"""A schema that is behind is brought up to date without losing a row; one that is ahead is left alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from reconciler.model.diagnostics import StateError
from reconciler.model.snapshot import Snapshot, StateChange
from state.tables import REVISIONS, VERSION_TABLE, metadata, upgrade
from tests.support.paths import ROOT
from tests.support.state_support import Place, holder, intent, mailbox, outcome

MIGRATIONS = ROOT / "state" / "migrations"

# What each revision added, undone: the way back to the file an older version would have left.
UNDO: dict[str, list[str]] = {"2": ["DROP INDEX intents_open"], "3": []}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    empty = Place(tmp_path / ".reconciler" / "state.db")
    yield empty
    empty.close()


def filled(place: Place) -> Snapshot:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(intents=(intent("a"), intent("b")), remember=tuple(mailbox(n) for n in range(20))))
    lease.commit(StateChange(outcomes=(outcome("a"),)))
    lease.release()
    snapshot = store.read()
    store.close()
    return snapshot


def go_back(path: Path, revision: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for later in reversed(REVISIONS[REVISIONS.index(revision) + 1 :]):
        for statement in UNDO[later]:
            connection.execute(statement)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (revision,))
    connection.close()


def revision_of(place: Place) -> str:
    connection = sqlite3.connect(place.path)
    (found,) = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
    connection.close()
    return str(found)


def test_revisions_form_one_line_to_the_schema_in_use() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(REVISIONS)


def test_migrations_make_the_tables_that_are_used(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    with engine.begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_revision_that_is_behind_is_migrated_at_open(place: Place, revision: str) -> None:
    expected = filled(place)
    go_back(place.path, revision)
    store = place.open()
    assert revision_of(place) == REVISIONS[-1]
    assert store.read() == expected
    assert store.verify_audit().entries == expected.serial
    store.acquire(holder()).commit(StateChange(outcomes=(outcome("b"),)))
    assert store.read().open_intents == ()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_the_undone_file_is_what_that_revision_made(place: Place, tmp_path: Path, revision: str) -> None:
    filled(place)
    go_back(place.path, revision)
    engine = create_engine(f"sqlite:///{tmp_path / 'then.db'}")
    with engine.begin() as connection:
        upgrade(connection, revision)
        then = {tuple(row) for row in connection.execute(text("SELECT type, name, sql FROM sqlite_master"))}
    engine.dispose()
    file = sqlite3.connect(place.path)
    assert set(file.execute("SELECT type, name, sql FROM sqlite_master")) == then
    file.close()


def test_a_reader_leaves_an_older_schema_alone(place: Place) -> None:
    filled(place)
    go_back(place.path, "1")
    content = place.path.read_bytes()
    with pytest.raises(StateError, match="older version"):
        place.open(read_only=True)
    assert place.path.read_bytes() == content


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_schema_is_refused_and_not_touched(place: Place, read_only: bool) -> None:
    filled(place)
    connection = sqlite3.connect(place.path, isolation_level=None)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '99'")
    connection.close()
    content = place.path.read_bytes()
    with pytest.raises(StateError, match="'99'") as caught:
        place.open(read_only=read_only)
    assert "newer" in caught.value.diagnostics[0].remedy
    assert place.path.read_bytes() == content


def test_a_schema_of_no_known_revision_is_refused(place: Place) -> None:
    filled(place)
    connection = sqlite3.connect(place.path, isolation_level=None)
    connection.execute(f"DELETE FROM {VERSION_TABLE}")
    connection.close()
    with pytest.raises(StateError, match="no schema version"):
        place.open()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal on Windows")
def test_a_migration_killed_at_any_statement_is_done_again(place: Place) -> None:
    expected = filled(place)
    go_back(place.path, "1")
    content = place.path.read_bytes()
    deaths, directories = _killed_at_every_statement(place.path)
    assert deaths > 2
    for directory in directories:
        copy = Place(Path(directory) / "state.db", opened=place.opened)
        store = copy.open()
        assert store.read() == expected
        assert revision_of(copy) == REVISIONS[-1]
        store.verify_audit()
        store.close()
    assert place.path.read_bytes() == content


KILLER = """
import json, os, shutil, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from tests.support.state_support import Place

original, directories, deaths = Path(sys.argv[1]), [], 0
import alembic.command
while True:
    directory = original.parent.parent / f"copy{len(directories)}"
    directory.mkdir(0o700)
    shutil.copy(original, directory / "state.db")
    (directory / "state.db").chmod(0o600)
    directories.append(str(directory))
    child = os.fork()
    if child == 0:
        left = [len(directories)]
        def count(*_):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        Place(directory / "state.db").open()
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    deaths += 1
print(json.dumps({"deaths": deaths, "directories": directories}))
"""


def _killed_at_every_statement(path: Path) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", KILLER, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    result = json.loads(done.stdout)
    return result["deaths"], result["directories"]
