"""Files that only their owner may touch: saved state, signing keys, plans.

A file is never changed in place. It is written under another name in the same directory, made durable, and renamed
over the old one, so that a crash leaves either the old content or the new. Links are never followed at the last step
of a path: a planted link must not choose the file that is overwritten. Windows has no owners and modes of this kind.
There a directory inherits the rights of its profile, and these checks do not apply.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
from pathlib import Path

from reconciler.model.diagnostics import Diagnostic, StateError

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_OURS = ".reconciler"
"""The directory of an environment that only reconciler uses."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "ocfs2", "gfs2", "beegfs"}
    | {f"fuse.{name}" for name in ("sshfs", "s3fs", "glusterfs", "davfs", "davfs2", "rclone", "gcsfuse", "ceph")}
)


def write_private(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` durably and in one step, readable only by its owner.

    Raises:
        StateError: ``path`` is not a plain file of this user, its directory is open to everybody, or the disk failed.
    """
    try:
        _refuse_open_directory(path.parent)
        if os.path.lexists(path):
            _check_plain_file(path, os.lstat(path))
        temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
        temporary.unlink(missing_ok=True)
        try:
            _write_new(temporary, content)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)
    except OSError as error:
        raise _failed("written", path, error) from error


def read_private(path: Path, *, limit_bytes: int = 64 * 1024 * 1024, others_may_read: bool = False) -> bytes:
    """Return the content of a plain file of this user that no other user may open.

    With ``others_may_read``, others may read it but not write it, because a plan in a pipeline contains no secret.

    Raises:
        FileNotFoundError: there is none. StateError: it is a link, a device, another user's, open to others,
        longer than ``limit_bytes`` or unreadable.
    """
    try:
        others = 0o022 if others_may_read else 0o077
        # Checked before opening, which may have an effect on a device, and after it, because the file may have changed.
        _check_plain_file(path, os.lstat(path), others)
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | _NON_BLOCKING | _BINARY)
        with open(descriptor, "rb") as file:
            _check_plain_file(path, os.fstat(descriptor), others)
            content = file.read(limit_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _failed("read", path, error) from error
    if len(content) > limit_bytes:
        raise _refused(path, f"is longer than {limit_bytes} bytes", "Find out what it is, and move it away.")
    return content


def ensure_private_directory(path: Path) -> None:
    """Make the directory and its parents for the owner only; check the directory if it exists.

    Raises:
        StateError: it is a link or a file, another user's, or open to others; or it could not be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            check_private_directory(path)
        else:
            _set_mode(path, 0o700)
            sync_directory(path.parent)
    except OSError as error:
        raise _failed("made", path, error) from error


def check_private_directory(path: Path) -> None:
    """Raise StateError unless ``path`` is a real directory of this user that nobody else may enter."""
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        raise _refused(path, "is not a directory", "Move it away; reconciler makes the directory when it saves state.")
    _check_owner_and_mode(path, status, "700")


def check_private_file(path: Path) -> None:
    """Raise StateError unless ``path`` is a plain file of this user, with one name, that nobody else may open."""
    _check_plain_file(path, os.lstat(path))


def create_private(path: Path) -> int:
    """Create an empty file for its owner only and return its descriptor. Raises FileExistsError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, 0o600)
    _set_mode(path, 0o600)
    return descriptor


def open_private(path: Path) -> int:
    """Return a descriptor of ``path``; create the file for its owner only if it does not exist."""
    try:
        return create_private(path)
    except FileExistsError:
        check_private_file(path)
        return os.open(path, os.O_RDWR | _NO_FOLLOW | _NON_BLOCKING | _BINARY)


def open_to_look(path: Path) -> int:
    """Return a read-only descriptor of ``path``. Raises FileNotFoundError."""
    check_private_file(path)
    return os.open(path, os.O_RDONLY | _NO_FOLLOW | _NON_BLOCKING | _BINARY)


def sync_directory(path: Path) -> None:
    """Make the names in the directory durable; Windows does this by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def network_file_system(path: Path, *, mounts: str | None = None) -> str | None:
    """Return the type of the network file system that ``path`` is on; None if it is local or unknown.

    ``mounts`` is text in the form of /proc/mounts; None reads that file.
    """
    absolute = os.path.realpath(path)
    if sys.platform == "win32":
        return "smb" if absolute.startswith("\\\\") and not absolute.startswith("\\\\?\\") else None
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1])
        # A later mount hides an earlier one at the same point.
        if len(point) >= len(best) and _is_within(absolute, point):
            best, kind = point, fields[2]
    return kind if kind in _NETWORK_FILE_SYSTEMS else None


_OCTAL = re.compile(r"\\([0-7]{3})")
"""White space in a path of /proc/mounts."""


def _is_within(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _write_new(path: Path, content: bytes) -> None:
    with open(create_private(path), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _set_mode(path: Path, mode: int) -> None:
    # The umask reduces the mode given at creation, even the rights of the owner.
    if sys.platform != "win32":
        os.chmod(path, mode)


def _check_plain_file(path: Path, status: os.stat_result, others: int = 0o077) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "is not a plain file", "Move it away: links, pipes and devices are never followed.")
    if status.st_nlink > 1:
        raise _refused(path, "has a second name (a hard link)", "Remove the other name, or copy the file.")
    _check_owner_and_mode(path, status, "600", others)


def _check_owner_and_mode(path: Path, status: os.stat_result, mode: str, others: int = 0o077) -> None:
    """Refuse a file of another user, and a file that gives other users a right in ``others``."""
    if sys.platform == "win32":
        return
    if status.st_uid != os.geteuid():
        raise _refused(
            path,
            f"belongs to user {status.st_uid}, and this process runs as user {os.geteuid()}",
            "Run reconciler as that user.",
        )
    if stat.S_IMODE(status.st_mode) & others:
        raise _refused(
            path,
            f"is open to other users (mode {stat.S_IMODE(status.st_mode):04o})",
            _closing(path, mode),
        )


def _closing(path: Path, mode: str) -> str:
    """Return the advice to close a file, or one of our directories, to others.

    A shared directory such as /tmp or /etc must stay open, because closing it would break the machine.
    """
    close = f"chmod {mode} {shlex.quote(str(path))}"
    if mode == "700" and path.name != _OURS:
        own = f"mkdir -m 700 {shlex.quote(str(path / 'reconciler'))}"
        return f"Keep the state in a separate directory, and name a file in it:\n\n    {own}"
    return f"Close it to others, if nobody else needs to write there:\n\n    {close}"


def _refuse_open_directory(path: Path) -> None:
    mode = os.stat(path).st_mode
    if sys.platform != "win32" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise _refused(path, "is writable by everybody", f"Close it:\n\n    chmod o-w {shlex.quote(str(path))}")


def _refused(path: Path, why: str, remedy: str) -> StateError:
    return StateError(Diagnostic("Unsafe file", f"{path} {why}.", remedy))


def _failed(done: str, path: Path, error: OSError) -> StateError:
    return StateError(
        Diagnostic(
            "File not accessible",
            f"{path} could not be {done}: {error.strerror or error}.",
            "Check that the disk has room and that this user may write there.",
        )
    )
