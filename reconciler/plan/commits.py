"""What Git says of the files of a plan, as values: which commit they are of, and what they lack of another.

``git`` asks for them, ``admission`` judges by them. An answer that Git does not give is *trouble*, never an empty one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.words import listed


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why Git gives no answer, and what to do about it."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Which commit the files are of that were loaded."""

    commit: str | None = None
    """The commit checked out; None outside Git, before a first commit, and where Git gives no answer."""
    uncommitted: tuple[str, ...] = ()
    """Files that the commit has otherwise, or has not, or that it has and that are missing."""
    trouble: Trouble | None = None
    has_git: bool = False
    """Whether the files lie in a repository, readable or not."""

    @property
    def answer(self) -> Literal["none", "fails", "answers"]:
        """What Git did, for machines: ``none``, ``fails`` or ``answers``."""
        return "fails" if self.trouble is not None else "answers" if self.has_git else "none"

    def __str__(self) -> str:
        if self.trouble is not None:
            return "commit unknown, since Git gives no answer"
        if not self.has_git:
            return "no Git: no guard against older files"
        if self.commit is None:
            return "no commit yet"
        edited = f" with uncommitted changes in {listed(self.uncommitted, 4)}" if self.uncommitted else ""
        return f"commit {self.commit[:12]}{edited}"


@dataclass(frozen=True, slots=True)
class Gap:
    """What files lack of a commit that was applied."""

    commits: tuple[str, ...] = ()
    """The commits that changed the environment's directory, newest first: short id and subject."""
    is_parallel: bool = False
    """Both sides have commits that the other lacks."""
    trouble: Trouble | None = None
    remedy: str = ""
