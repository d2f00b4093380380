"""What Git says of an environment's directory: the commit a plan is bound to."""

from __future__ import annotations

import subprocess
from pathlib import Path


def head_commit(directory: Path) -> str | None:
    """Return the commit checked out, or None outside Git and where there is no git."""
    return _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")


def is_older(directory: Path, commit: str, than: str) -> bool:
    """True where ``commit`` is a proper ancestor of ``than``; False where Git cannot tell."""
    return commit != than and _git(directory, "merge-base", "--is-ancestor", commit, than) is not None


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
