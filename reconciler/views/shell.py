"""A command of ours as a line that pastes into a shell."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


def command_line(*words: str | Path, connections: Path | None = None) -> str:
    """Return ``reconciler`` with its arguments, each as the shell of this system has to be given it.

    A path that begins with a dash would be taken for an option, so it gets ``./`` before it.

    Args:
        connections: the file of pinned connections that every command over this environment needs.
    """
    pinned = [] if connections is None else [f"--connections={connections}"]
    return joined("reconciler", *pinned, *words)


def joined(*words: str | Path) -> str:
    """Return words as the shell of this system has to be given them."""
    plain = [_path(word) if isinstance(word, Path) else word for word in words]
    return subprocess.list2cmdline(plain) if sys.platform == "win32" else shlex.join(plain)


def _path(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)
