"""Values about the files of a plan in Git: their commit, and the changes of an applied commit that they lack.

``app.git`` reads them, ``admission`` uses them. A failure of Git is *trouble*, never an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.words import listed


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why Git gives no answer, and the remedy."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The commit that the loaded files belong to."""

    commit: str | None = None
    """The current commit; None outside Git, before the first commit, and where Git gives no answer."""
    uncommitted: tuple[str, ...] = ()
    """Files that differ from the commit."""
    trouble: Trouble | None = None
    has_git: bool = False
    """True where the files lie in a repository, readable or not."""

    @property
    def answer(self) -> Literal["none", "fails", "answers"]:
        """For JSON: ``none`` (no repository), ``fails`` or ``answers``."""
        return "fails" if self.trouble is not None else "answers" if self.has_git else "none"

    def __str__(self) -> str:
        if self.trouble is not None:
            return "unknown commit (Git gives no answer)"
        if not self.has_git:
            return "not in Git (older files cannot be detected)"
        if self.commit is None:
            return "no commit yet"
        edited = f" with uncommitted changes in {listed(self.uncommitted, 4)}" if self.uncommitted else ""
        return f"commit {self.commit[:12]}{edited}"


@dataclass(frozen=True, slots=True)
class Gap:
    """The changes of an applied commit that files lack."""

    commits: tuple[str, ...] = ()
    """The commits that changed the environment's directory, newest first: short id and subject."""
    is_parallel: bool = False
    """True where each side has commits that the other lacks."""
    trouble: Trouble | None = None
    remedy: str = ""
