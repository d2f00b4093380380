"""State that is not what was written is reported, never used; and an unsafe or full disk stops a write."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.diagnostics import StateError
from reconciler.model.snapshot import Obligation, Run, Snapshot, StateChange
from state import codec
from state.digests import checksum
from state.machine import Machine
from tests.support.paths import ROOT
from tests.support.state_support import Place, child, holder, intent, mailbox, outcome

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither owners nor modes of this kind")


def filled(place: Place) -> Snapshot:
    store = place.open()
    lease = store.acquire(holder())
    lease.begin(Run("run1", "2026-01-01", "kim", "ops1"))
    lease.commit(
        StateChange(
            intents=tuple(intent(f"op{number}") for number in range(20)),
            uses="nonce",
            owe=(Obligation("front-end-restart", "fe1"),),
            decisions={"dial_plan/Redmond:site": "Seattle"},
        )
    )
    lease.commit(
        StateChange(
            outcomes=tuple(outcome(f"op{number}") for number in range(15)),
            remember=tuple(mailbox(number) for number in range(60)),
        )
    )
    lease.commit(StateChange(remember=(mailbox(60),)))
    lease.end(Run("run1", "2026-01-01", "kim", "ops1", exit_code=0))
    lease.release()
    snapshot = store.read()
    store.close()
    return snapshot


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    empty = Place(tmp_path / ".reconciler" / "state.db")
    yield empty
    empty.close()


def replaced(place: Place, content: bytes) -> None:
    place.path.write_bytes(content)
    place.path.chmod(0o600)


def use(place: Place) -> Snapshot:
    """Read all there is."""
    store = place.open()
    try:
        snapshot = store.read()
        store.history()
        store.verify_audit()
        return snapshot
    finally:
        store.close()


# --- nothing there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [True, False])
def test_reading_what_was_never_saved_touches_nothing(tmp_path: Path, read_only: bool) -> None:
    place = Place(tmp_path / "env" / ".reconciler" / "state.db")
    store = place.open(read_only=read_only)
    assert store.read() == Snapshot("contoso")
    assert store.history() == ()
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_state_saved_later_is_seen_by_a_reader_opened_before(place: Place) -> None:
    reader = place.open(read_only=True)
    assert reader.read().lineage is None
    expected = filled(place)
    assert reader.read() == expected


@pytest.mark.parametrize("ended", ["closed", "killed"])
def test_a_state_that_may_only_be_read_is_read(place: Place, ended: str) -> None:
    """Whether or not the last process that had it open left what it wrote in the log beside it."""
    if ended == "closed":
        expected = filled(place)
    else:
        store = place.open()
        store.acquire(holder()).commit(StateChange(remember=(mailbox(1),)))
        expected = store.read()
    copy = Place(place.path.parent / "copy.db")
    for end in ("", "-wal", "-shm"):
        if os.path.exists(f"{place.path}{end}"):
            shutil.copy(f"{place.path}{end}", f"{copy.path}{end}")
            os.chmod(f"{copy.path}{end}", 0o600)
    content = copy.path.read_bytes()
    reading = copy.open(machine=Machine(may_write=lambda _: False))
    assert reading.read() == expected
    reading.verify_audit()
    with pytest.raises(StateError, match="not accessible"):
        reading.acquire(holder())
    copy.close()
    assert copy.path.read_bytes() == content


def test_a_reader_may_not_take_the_lease(place: Place) -> None:
    filled(place)
    store = place.open(read_only=True)
    with pytest.raises(StateError, match="opened for reading only"):
        store.acquire(holder())
    with pytest.raises(StateError, match="opened for reading only"):
        store.unlock(holder())


@posix
def test_files_are_private(place: Place) -> None:
    os.umask(before := os.umask(0))
    try:
        os.umask(0)
        store = place.open()
        store.acquire(holder()).commit(StateChange(remember=(mailbox(1),)))
        modes = {path.name: path.stat().st_mode & 0o777 for path in place.path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) == {"state.db", "state.db-wal", "state.db-shm", "state.db.lock"}
    assert set(modes.values()) == {0o600}
    assert place.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_mailbox_takes_at_most_600_bytes(place: Place) -> None:
    store = place.open()
    lease = store.acquire(holder())
    lease.commit(StateChange(remember=tuple(mailbox(number) for number in range(2000))))
    lease.release()
    store.close()
    assert place.path.stat().st_size / 2000 <= 600


# --- damage ----------------------------------------------------------------------------------------------------------


def test_flipped_bits_are_found_or_harmless(place: Place) -> None:
    expected = filled(place)
    content = place.path.read_bytes()
    chance = random.Random(20101)
    found = 0
    for _ in range(150):
        position = chance.randrange(len(content))
        flipped = bytearray(content)
        flipped[position] ^= 1 << chance.randrange(8)
        replaced(place, bytes(flipped))
        found += _is_found_or_harmless(place, expected)
    assert found > 50


def _is_found_or_harmless(place: Place, expected: Snapshot) -> bool:
    try:
        snapshot = use(place)
    except StateError:
        return True
    assert snapshot == expected
    return False


def test_every_truncation_is_found(place: Place) -> None:
    filled(place)
    content = place.path.read_bytes()
    for length in [*range(0, len(content), 4096), 1, 15, 99, 100, 4095, len(content) - 1]:
        replaced(place, content[:length])
        with pytest.raises(StateError):
            use(place)


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"not a database at all, but text" * 300])
def test_what_is_no_state_is_not_used(place: Place, content: bytes) -> None:
    place.path.parent.mkdir(0o700)
    replaced(place, content)
    for read_only in (True, False):
        with pytest.raises(StateError, match="Damaged state"):
            place.open(read_only=read_only)
    assert place.path.read_bytes() == content


def test_the_file_of_another_program_is_not_used(place: Place) -> None:
    place.path.parent.mkdir(0o700)
    with sqlite3.connect(place.path) as connection:
        connection.execute("CREATE TABLE cookies (name TEXT)")
    connection.close()
    place.path.chmod(0o600)
    with pytest.raises(StateError, match="Not a saved state"):
        place.open()


def test_the_state_of_another_environment_is_not_used(place: Place) -> None:
    filled(place)
    other = Place(place.location, "fabrikam", opened=place.opened).open()
    for attempt in (other.read, lambda: other.acquire(holder())):
        with pytest.raises(StateError, match="holds environment contoso, not fabrikam"):
            attempt()


def altered(place: Place, *statements: str) -> None:
    """Change the state as somebody with an SQLite shell would."""
    connection = sqlite3.connect(place.path, isolation_level=None)
    for statement in statements:
        assert connection.execute(statement).rowcount != 0
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON resources BEGIN DELETE FROM obligations; END",
        "CREATE VIEW v AS SELECT * FROM resources",
        "CREATE TABLE more (a)",
        "CREATE INDEX i ON resources (length(body))",
        "ALTER TABLE resources ADD COLUMN more TEXT GENERATED ALWAYS AS (upper(body)) VIRTUAL",
        "DROP TABLE used_plans",
    ],
)
def test_a_schema_that_is_not_ours_is_not_used(place: Place, statement: str) -> None:
    filled(place)
    altered(place, statement)
    with pytest.raises(StateError, match="Damaged state"):
        place.open()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE resources SET body = replace(body, 'd3b0f7c6', 'ffffffff') WHERE address LIKE '%00007%'",
        "UPDATE resources SET address = 'um_mailbox/mallory' WHERE address LIKE '%00007%'",
        "UPDATE resources SET body = x'00' WHERE address LIKE '%00007%'",
        "UPDATE resources SET checksum = 'x' WHERE address LIKE '%00007%'",
        "DELETE FROM resources WHERE address LIKE '%00007%'",
        "INSERT INTO resources SELECT environment, address || 'x', body, checksum FROM resources LIMIT 1",
        "DELETE FROM obligations",
        "UPDATE obligations SET subject = 'fe2'",
        "UPDATE decisions SET body = '\"Redmond\"'",
        "UPDATE intents SET is_open = 0 WHERE id = 'op17'",
        "UPDATE intents SET is_open = 1 WHERE id = 'op3'",
        "DELETE FROM intents WHERE id = 'op17'",
        "UPDATE meta SET epoch = 0",
        "UPDATE meta SET epoch = epoch + 1",
        "UPDATE meta SET lineage = 'other'",
        "UPDATE meta SET serial = 1",
        "UPDATE meta SET content = '0000000000000000'",
        "UPDATE meta SET format = 1",
    ],
)
def test_altered_rows_are_found_by_reading(place: Place, statement: str) -> None:
    filled(place)
    altered(place, statement)
    store = place.open()
    with pytest.raises(StateError, match="Damaged state"):
        store.read()


def test_altered_obligations_are_found_where_they_alone_are_read(place: Place) -> None:
    filled(place)
    altered(place, "UPDATE obligations SET subject = 'fe2'")
    store = place.open()
    with pytest.raises(StateError, match="Damaged state"):
        store.open_obligations()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = replace(who, 'kim', 'eve') WHERE serial = 2",
        "UPDATE audit SET what = '{}' WHERE serial = 2",
        "UPDATE audit SET at = '2020-01-01' WHERE serial = 5",
        "UPDATE audit SET hash = (SELECT hash FROM audit WHERE serial = 1) WHERE serial = 2",
        "DELETE FROM audit WHERE serial = 1",
        "DELETE FROM audit WHERE serial = 3",
        "DELETE FROM audit WHERE serial = 5",
        "INSERT INTO audit SELECT environment, 6, epoch, at, who, what, journal, change, hash FROM audit LIMIT 1",
        "UPDATE outcomes SET body = replace(body, 'done', 'not-run') WHERE position = 3",
        "DELETE FROM outcomes WHERE position = 3",
        "INSERT INTO outcomes SELECT environment, serial, 99, body FROM outcomes LIMIT 1",
        "INSERT INTO outcomes SELECT environment, 99, 0, body FROM outcomes LIMIT 1",
        "UPDATE intents SET body = replace(body, 'Enable', 'Disable') WHERE id = 'op3'",
        "DELETE FROM intents WHERE id = 'op3'",
    ],
)
def test_tampering_with_audit_or_journal_breaks_the_chain(place: Place, statement: str) -> None:
    filled(place)
    altered(place, statement)
    store = place.open()
    with pytest.raises(StateError, match=r"audit|journal"):
        store.verify_audit()


@pytest.mark.parametrize("statement", ["altered", "removed", "added", "used"])
def test_a_run_or_a_used_plan_that_was_altered_with_its_checksum_is_found(place: Place, statement: str) -> None:
    filled(place)
    body = codec.encode(Run("run1", "2026-01-01", "eve", "ops1", exit_code=0))
    checked = f"'{body}', checksum = {checksum('runs', 'run1', 4, body)}"
    altered(
        place,
        {
            "altered": f"UPDATE runs SET serial = 4, body = {checked}",
            "removed": "DELETE FROM runs",
            "added": "INSERT INTO runs SELECT environment, 'run2', serial, body, checksum FROM runs",
            "used": "DELETE FROM used_plans",
        }[statement],
    )
    with pytest.raises(StateError, match="audit"):
        place.open().verify_audit()


def test_a_chain_that_was_made_again_does_not_hold_a_head_noted_earlier(place: Place) -> None:
    filled(place)
    store = place.open()
    audit = store.verify_audit()
    assert store.verify_audit(audit.head) == audit
    with pytest.raises(StateError, match="made again"):
        store.verify_audit("a" * 64)


def test_entries_that_change_places_break_the_chain(place: Place) -> None:
    filled(place)
    swap = ("2 THEN -3", "3 THEN -2")
    altered(
        place,
        f"UPDATE audit SET serial = CASE serial WHEN {swap[0]} WHEN {swap[1]} END WHERE serial IN (2, 3)",
        "UPDATE audit SET serial = -serial WHERE serial < 0",
    )
    with pytest.raises(StateError, match="audit"):
        place.open().verify_audit()


def test_an_altered_history_is_found(place: Place) -> None:
    filled(place)
    altered(place, "UPDATE runs SET body = replace(body, 'kim', 'eve')")
    with pytest.raises(StateError, match="history"):
        place.open().history()


def test_pages_are_checked_after_an_unclean_end(place: Place) -> None:
    filled(place)
    connection = sqlite3.connect(place.path, isolation_level=None)
    (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_by_serial'").fetchone()
    connection.close()
    content = bytearray(place.path.read_bytes())
    # An index that lost its entry: reading rows alone would not notice.
    content[(root - 1) * 4096 + 3 : (root - 1) * 4096 + 5] = b"\0\0"
    replaced(place, bytes(content))
    place.open().close()
    wal = place.path.with_name("state.db-wal")
    wal.write_bytes(b"\0" * 32)
    wal.chmod(0o600)
    with pytest.raises(StateError, match="Damaged state"):
        place.open()


# --- places ----------------------------------------------------------------------------------------------------------


@posix
def test_unsafe_files_and_directories_are_refused(place: Place, tmp_path: Path) -> None:
    filled(place)
    directory = place.path.parent
    for path, mode in ((place.path, 0o644), (place.path, 0o660), (directory, 0o755), (directory, 0o777)):
        before = path.stat().st_mode & 0o777
        path.chmod(mode)
        with pytest.raises(StateError, match="open to other users"):
            place.open()
        path.chmod(before)
    (tmp_path / "link").symlink_to(directory)
    with pytest.raises(StateError, match="not a directory"):
        Place(tmp_path / "link" / "state.db").open()
    (directory / "link.db").symlink_to(place.path)
    with pytest.raises(StateError, match="not a plain file"):
        Place(directory / "link.db").open()
    (directory / "state.db-wal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="not a plain file"):
        place.open()


@posix
@pytest.mark.parametrize("kind", ["directory", "pipe", "dangling link"])
def test_what_is_no_file_is_refused(place: Place, kind: str) -> None:
    place.path.parent.mkdir(0o700)
    match kind:
        case "directory":
            place.path.mkdir(0o700)
        case "pipe":
            os.mkfifo(place.path, 0o600)
        case _:
            place.path.symlink_to("nowhere")
    with pytest.raises(StateError, match="not a plain file"):
        place.open()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_another_users_state_is_refused(place: Place) -> None:
    filled(place)
    os.chown(place.path, 65534, 65534)
    with pytest.raises(StateError, match="belongs to user 65534"):
        place.open()


def test_a_network_file_system_is_refused(place: Place) -> None:
    store = place.open(machine=Machine(network_file_system=lambda _: "nfs4"))
    with pytest.raises(StateError, match="nfs4"):
        store.acquire(holder())
    assert not place.path.exists()


def test_unknown_addresses_are_refused_without_showing_them(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="Unknown state location") as caught:
        Place("mysql://kim:hunter2@db/x").open()
    assert "hunter2" not in str(caught.value)


# --- a disk that fails -----------------------------------------------------------------------------------------------


@posix
def test_a_full_disk_stops_the_write_and_loses_nothing(place: Place) -> None:
    expected = filled(place)
    with child("hold", str(place.path), "60") as holding:
        holding.answer()
        kind, summary = holding.ask("full")
        assert kind == "StateError"
        assert summary in ("Disk full", "Disk error")
        assert use(place) == expected
    assert use(place) == expected


def _strace_works() -> bool:
    command = ["strace", "-f", "-o", os.devnull, "-e", "inject=openat:error=EIO:when=65535", "true"]
    return shutil.which("strace") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(not _strace_works(), reason="needs strace, to make system calls fail")
@pytest.mark.parametrize(
    ("failing", "number"), [("fdatasync:error=EIO", 7), ("pwrite64:error=ENOSPC", 2), ("openat:error=EROFS", 3)]
)
def test_a_system_call_that_fails_is_reported_and_leaves_a_state_that_works(
    place: Place, failing: str, number: int
) -> None:
    names = [place.path.with_name(f"state.db{end}") for end in ("", "-wal", "-shm", ".lock", ".new", ".new-wal")]
    watched = [argument for name in (place.path.parent, *names) for argument in ("-P", str(name))]
    command = ["strace", "-f", "-o", os.devnull, *watched, "-e", f"inject={failing}:when={number}", sys.executable]
    command += ["-m", "tests.support.state_child", "die", str(place.path), "nowhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    told = done.stderr.strip().splitlines()
    assert done.returncode == 0 or told[-1].startswith("reconciler.model.diagnostics.StateError: "), done.stderr
    store = place.open()
    # What was acknowledged is there; what was not is there as a whole or not at all.
    assert len(store.read().open_intents) == 1 or done.returncode != 0
    store.acquire(holder()).commit(StateChange(remember=(mailbox(1),)))
    store.verify_audit()


@posix
def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Place(tmp_path / "file" / ".reconciler" / "state.db").open()
    with pytest.raises(StateError) as caught:
        store.acquire(holder())
    assert caught.value.diagnostics[0].remedy


def test_a_wal_of_another_state_is_not_used(place: Place, tmp_path: Path) -> None:
    expected = filled(place)
    other = Place(tmp_path / "other" / "state.db", opened=place.opened)
    store = other.open()
    store.acquire(holder()).commit(StateChange(remember=tuple(mailbox(number) for number in range(500))))
    shutil.copy(other.path.with_name("state.db-wal"), place.path.with_name("state.db-wal"))
    _is_found_or_harmless(place, expected)
