"""A command of ours as a line that pastes into a shell."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


def command_line(*words: str | Path) -> str:
    """Return ``reconciler`` with its arguments, each as the shell of this system has to be given it.

    A path that begins with a dash would be taken for an option, so it gets ``./`` before it.
    """
    plain = ["reconciler", *(_path(word) if isinstance(word, Path) else word for word in words)]
    return subprocess.list2cmdline(plain) if sys.platform == "win32" else shlex.join(plain)


def _path(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)
