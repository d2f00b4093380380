"""Private files are written whole, for their owner alone, and through no link."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from reconciler.model.diagnostics import StateError
from state.files import (
    check_private_directory,
    ensure_private_directory,
    network_file_system,
    read_private,
    write_private,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither owners nor modes of this kind")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277])
def _umask(request: pytest.FixtureRequest) -> object:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    directory = tmp_path / "private"
    ensure_private_directory(directory)
    write_private(directory / "key", b"secret")
    assert (mode_of(directory), mode_of(directory / "key")) == (0o700, 0o600)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for content in (b"", b"one", b"two\0" * 1000):
        write_private(path, content)
        assert read_private(path) == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_failed_write_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    write_private(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left"):
        write_private(path, b"new")
    monkeypatch.undo()
    assert read_private(path) == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_links_pipes_and_directories_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    write_private(target, b"theirs")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "directory").mkdir(0o700)
    for name in ("link", "dangling", "pipe", "directory"):
        for attempt in (lambda path: write_private(path, b"ours"), read_private):
            with pytest.raises(StateError, match="is not a plain file"):
                attempt(tmp_path / name)
    assert read_private(target) == b"theirs"
    assert not (tmp_path / "nowhere").exists()


def test_a_second_name_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "one", b"x")
    os.link(tmp_path / "one", tmp_path / "other")
    with pytest.raises(StateError, match="second name"):
        read_private(tmp_path / "one")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_what_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    write_private(path, b"x")
    path.chmod(mode)
    with pytest.raises(StateError, match="open to other users"):
        read_private(path)


def test_what_others_may_read_is_read_where_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    write_private(path, b"x")
    path.chmod(0o644)
    assert read_private(path, others_may_read=True) == b"x"
    path.chmod(0o664)
    with pytest.raises(StateError, match="open to other users"):
        read_private(path, others_may_read=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, b"x")
    os.chown(path, 65534, 65534)
    with pytest.raises(StateError, match="belongs to user 65534"):
        read_private(path)


def test_a_directory_everybody_writes_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(StateError, match="writable by everybody"):
        write_private(tmp_path / "key", b"x")


def test_directories_that_are_links_or_open_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    (tmp_path / "file").touch()
    for name, message in (("link", "not a directory"), ("open", "open to other users"), ("file", "not a directory")):
        with pytest.raises(StateError, match=message):
            ensure_private_directory(tmp_path / name)
    ensure_private_directory(tmp_path / "real")


def test_a_missing_file_is_reported_as_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "none")


def test_a_long_file_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "long", b"x" * 11)
    assert read_private(tmp_path / "long", limit_bytes=11)
    with pytest.raises(StateError, match="longer than 10"):
        read_private(tmp_path / "long", limit_bytes=10)


@pytest.mark.parametrize(
    ("kind", "found"),
    [("nfs4", "nfs4"), ("cifs", "cifs"), ("fuse.sshfs", "fuse.sshfs"), ("ext4", None), ("tmpfs", None), ("9p", None)],
)
def test_network_file_systems_are_known_by_their_mount(tmp_path: Path, kind: str, found: str | None) -> None:
    (tmp_path / "a b").mkdir()
    inside = str(tmp_path / "a b").replace(" ", "\\040")
    mounts = f"root / ext4 rw 0 0\nserver:/x {inside} {kind} rw 0 0\nother {tmp_path}/a nfs rw 0 0\n"
    assert network_file_system(tmp_path / "a b" / "state.db", mounts=mounts) == found
    assert network_file_system(tmp_path, mounts=mounts) is None


def test_a_later_mount_covers_an_earlier_one(tmp_path: Path) -> None:
    mounts = f"a / ext4 rw 0 0\nb {tmp_path} ext4 rw 0 0\nc {tmp_path} nfs rw 0 0\n"
    assert network_file_system(tmp_path / "x", mounts=mounts) == "nfs"


def test_a_directory_that_others_use_is_never_to_be_closed(tmp_path: Path) -> None:
    """One such as /tmp: the command would be run as it stands."""
    shared, ours = tmp_path / "for all", tmp_path / ".reconciler"
    for path, remedy in ((shared, f"mkdir -m 700 '{shared}/reconciler'"), (ours, f"chmod 700 {ours}")):
        path.mkdir(mode=0o755)
        with pytest.raises(StateError) as caught:
            check_private_directory(path)
        (told,) = caught.value.diagnostics
        assert told.remedy.endswith(f"\n\n    {remedy}")
