"""What an environment keeps beside its files, in ``DIR/.reconciler``: for its owner alone, and never for Git."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from reconciler.app.git import committed_at
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import ConfigurationError, StateError
from reconciler.plan.commits import Trouble

PRIVATE: Final = ".reconciler"
"""In the environment's directory: the state, the key that signs plans, the simulated world's changes."""

_IGNORED: Final = b"# Made by reconciler: nothing in this directory belongs into a repository.\n*\n"


def make_private(directory: Path) -> None:
    """Make ``directory``, for its owner alone, with a ``.gitignore`` that keeps all of it out of Git.

    A ``.gitignore`` that somebody wrote stays as it is.

    Raises:
        StateError: it is a link or a file, another user's, or open to others; or it could not be made.
    """
    from state.files import ensure_private_directory, write_private

    ensure_private_directory(directory)
    ignored = directory / ".gitignore"
    if not os.path.lexists(ignored):
        # On a disk that is full or read only, it is for the next command to write.
        with suppress(StateError):
            write_private(ignored, _IGNORED)


@contextmanager
def writable(private: Path) -> Iterator[Path]:
    """Enter a directory with what is in ``private`` that may be written to: itself, made where it is missing.

    Where it, or the place where it would be, may only be read, it is a copy that is gone afterwards: a plan writes
    nothing that has to be kept, and what changes servers asks for the lock first, which is kept there.
    """
    if os.access(private if private.exists() else private.parent, os.W_OK):
        make_private(private)
        yield private
        return
    with TemporaryDirectory(prefix="reconciler-") as copy:
        for path in private.glob("world.json*"):
            shutil.copy(path, copy)
        yield Path(copy)


def refuse_tracked(directory: Path) -> tuple[Diagnostic, ...]:
    """Refuse what is private and in the repository; return the warning where Git does not tell whether it is.

    The repository would decide what was applied and who may sign, and links among it could have files written anywhere.

    Raises:
        StateError: the repository holds it.
    """
    names = committed_at(directory, PRIVATE) if os.path.lexists(directory / PRIVATE) else ()
    if isinstance(names, Trouble):
        return (_not_looked_up(directory, names),)
    if not names:
        return ()
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    detail = f"The repository holds {', '.join(names[:3])}{more}. Whoever writes there would decide what reconciler"
    detail += " remembers, and know the key that signs plans."
    remedy = "Take it out of the repository, and let reconciler make it anew:\n\n"
    remedy += f"    git -C {shlex.quote(str(directory))} rm -r {PRIVATE}"
    raise StateError(Diagnostic("Private files in the repository", detail, remedy))


def _not_looked_up(directory: Path, trouble: Trouble) -> Diagnostic:
    detail = f"Whether the repository holds {directory / PRIVATE} could not be looked up. If it does, whoever writes"
    detail += f" there decides what reconciler remembers, and knows the key that signs plans. {trouble.reason}"
    remedy = trouble.remedy or "Let Git answer, or remove the directory if it came with the repository."
    return Diagnostic("Private files of unknown origin", detail, remedy, severity=Severity.WARNING)


def told_location(told: str, directory: Path) -> str:
    """Return the location of the state that ``RECONCILER_STATE`` tells, itself or by a reference.

    Raises:
        ConfigurationError: the reference leads nowhere.
    """
    from reconciler.app.secret_references import fetch
    from reconciler.config.connections import SecretReference

    try:
        reference = SecretReference.parse(told)
    except ValueError:
        return told
    try:
        return fetch(reference, directory)
    except ConfigurationError as error:
        (first,) = error.diagnostics
        remedy = "RECONCILER_STATE is a reference here: what it names holds the location. Provide it there"
        own = (
            "." if reference.scheme != "file" else ", or write the path of a state file alone, without file: before it."
        )
        raise ConfigurationError(Diagnostic(first.summary, first.detail, remedy + own)) from None
