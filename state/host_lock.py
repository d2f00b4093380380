"""Shows at once whether the process that took a lease on this host is still alive.

Next to an SQLite file there is a lock file in which the holder of epoch *n* locks byte *n*. The system frees the byte
at every end of the process, so nobody waits for a killed run. Each epoch has its own byte, because a suspended holder
keeps its byte even after another run replaced it.

On Linux these locks belong to the open file, not to the process (``F_OFD_SETLK``): closing another descriptor of the
file does not drop them.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

from reconciler.model.ports import Clock
from state.files import open_private, open_to_look

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FLOCK = "@hhqqi4x"
"""``struct flock``: type, whence, start, length, process (0 for locks of the open file)."""

_CREATION = 0
"""The byte that is locked while the store itself is made."""
_PAUSE_SECONDS = 0.01


class HostLock:
    """The lock file of one store. Each instance has its own locks, also within one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, epoch: int) -> bool:
        """Lock the byte of ``epoch``; return False if another process holds it."""
        return self._lock(epoch)

    def drop(self, epoch: int) -> None:
        self._unlock(epoch)

    def is_taken(self, epoch: int) -> bool:
        """Return whether another live process on this host holds the byte of ``epoch``; write nothing."""
        return self._seen(epoch, 1) is not None

    def first_taken(self) -> int | None:
        """Return the lowest epoch whose byte another process holds, if the system knows; write nothing."""
        return self._seen(_CREATION + 1, 0)

    def begin_creation(self, clock: Clock, seconds: float) -> bool:
        """Lock the byte of creation; return False if another process holds it for longer than ``seconds``."""
        for _ in range(int(seconds / _PAUSE_SECONDS)):
            if self._lock(_CREATION):
                return True
            clock.sleep(_PAUSE_SECONDS)
        return False

    def end_creation(self) -> None:
        self._unlock(_CREATION)

    def close(self) -> None:
        """Close the file, which frees every byte."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = open_private(self._path)
        return self._descriptor

    if sys.platform == "win32":

        def _lock(self, offset: int) -> bool:
            descriptor = self._open()
            os.lseek(descriptor, offset, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                return False
            return True

        def _unlock(self, offset: int) -> None:
            descriptor = self._open()
            os.lseek(descriptor, offset, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

        def _seen(self, offset: int, length: int) -> int | None:
            # Windows only refuses a byte that is taken, and cannot be asked about several.
            if length != 1 or not self._path.exists():
                return None
            if not self._lock(offset):
                return offset
            self._unlock(offset)
            return None

    else:

        def _lock(self, offset: int) -> bool:
            try:
                self._set(fcntl.F_WRLCK, offset)
            except (BlockingIOError, PermissionError):
                return False
            return True

        def _unlock(self, offset: int) -> None:
            self._set(fcntl.F_UNLCK, offset)

        def _set(self, kind: int, offset: int) -> None:
            fcntl.fcntl(self._open(), fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, offset, 1, 0))

        def _seen(self, offset: int, length: int) -> int | None:
            # With a read-only descriptor, because a directory may be read-only.
            try:
                descriptor = open_to_look(self._path)
            except FileNotFoundError:
                return None
            try:
                asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, offset, length, 0)
                kind, _, start, _, _ = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))
            finally:
                os.close(descriptor)
            return None if kind == fcntl.F_UNLCK else max(start, offset)
