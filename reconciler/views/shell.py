"""Builds reconciler commands that users can paste into a shell."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


def command_line(*words: str | Path, connections: Path | None = None) -> str:
    """Return a ``reconciler`` command, quoted for the shell of this system.

    A path that begins with a dash gets ``./`` before it, so that it is not read as an option.

    Args:
        connections: the file of pinned connections of this environment.
    """
    pinned = [] if connections is None else [f"--connections={connections}"]
    return joined("reconciler", *pinned, *words)


def joined(*words: str | Path) -> str:
    """Return the words, quoted for the shell of this system."""
    plain = [_path(word) if isinstance(word, Path) else word for word in words]
    return subprocess.list2cmdline(plain) if sys.platform == "win32" else shlex.join(plain)


def _path(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)
