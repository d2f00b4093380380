"""What Git says of an environment's directory: the commit a plan is bound to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from reconciler.surroundings import find_program, folders_of_strangers, variables_of_child

_INHERITED: Final = (
    "COMSPEC",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "LD_LIBRARY_PATH",
    "PATH",
    "PATHEXT",
    "PROGRAMDATA",
    "SUDO_UID",
    "SYSTEMROOT",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
    "GIT_OBJECT_DIRECTORY",
    "GIT_WORK_TREE",
)
"""What git needs, with ``GIT_CONFIG*``; under sudo it trusts a repository of ``SUDO_UID``. No more: the variables of
this process hold passwords, which are no child's."""


def head_commit(directory: Path) -> str | None:
    """Return the commit checked out, or None outside Git and where there is no git."""
    return _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")


def is_older(directory: Path, commit: str, than: str) -> bool:
    """True where ``commit`` is a proper ancestor of ``than``; False where Git cannot tell."""
    return commit != than and _git(directory, "merge-base", "--is-ancestor", commit, than) is not None


def _git(directory: Path, *arguments: str) -> str | None:
    strangers = folders_of_strangers(directory)
    program = find_program("git", os.environ.get("PATH", os.defpath), strangers)
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-C", str(directory), *arguments],
            env=variables_of_child(os.environ, _is_inherited, strangers),
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _is_inherited(name: str) -> bool:
    return name in _INHERITED or name.startswith("GIT_CONFIG")
