"""The private directory of an environment, ``DIR/.reconciler``: readable by its owner only, and never in Git."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from reconciler.app.git import committed_at
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, Severity, StateError, listed
from reconciler.plan.plan import Trouble

PRIVATE: Final = ".reconciler"
"""Holds the state, the key that signs plans, and the changes of the simulated world."""

_IGNORED: Final = b"# Made by reconciler. Do not commit the files in this directory.\n*\n"


def make_private(directory: Path) -> None:
    """Create ``directory`` for its owner only, with a ``.gitignore`` that keeps it out of Git.

    An existing ``.gitignore`` is kept.

    Raises:
        StateError: it is a link or a file, belongs to another user or is open to others; or it cannot be created.
    """
    from state.files import ensure_private_directory, write_private

    ensure_private_directory(directory)
    ignored = directory / ".gitignore"
    if not os.path.lexists(ignored):
        # Where the disk is full or read-only, the next command tries again.
        with suppress(StateError):
            write_private(ignored, _IGNORED)


@contextmanager
def writable(private: Path) -> Iterator[Path]:
    """Yield ``private``, created where it is missing; where it is read-only, a temporary copy.

    A copy is enough for a plan, which keeps nothing. An apply takes the lock in ``private`` first and fails there.
    """
    if os.access(private if private.exists() else private.parent, os.W_OK):
        make_private(private)
        yield private
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="reconciler-") as copy:
        for path in private.glob("world.json*"):
            shutil.copy(path, copy)
        yield Path(copy)


def refuse_tracked(directory: Path) -> tuple[Diagnostic, ...]:
    """Refuse private files in the repository; return a warning where Git gives no answer.

    Otherwise the repository would decide the state and the signing key, and its links could redirect writes.

    Raises:
        StateError: the repository holds private files.
    """
    names = committed_at(directory, PRIVATE) if os.path.lexists(directory / PRIVATE) else ()
    if isinstance(names, Trouble):
        return (_not_looked_up(directory, names),)
    if not names:
        return ()
    detail = f"The repository holds {listed(names, 3)}. Its authors could change the state and sign plans."
    remedy = "Remove the directory from the repository. reconciler creates it again:\n\n"
    remedy += f"    git -C {shlex.quote(str(directory))} rm -r {PRIVATE}"
    raise StateError(Diagnostic("Private files in the repository", detail, remedy))


def _not_looked_up(directory: Path, trouble: Trouble) -> Diagnostic:
    detail = f"reconciler cannot check whether the repository holds {directory / PRIVATE}. If it does, its authors "
    detail += f"could change the state and sign plans. {trouble.reason}"
    remedy = trouble.remedy or "Correct the Git error. If the directory came with the repository, remove it."
    return Diagnostic("Private files of unknown origin", detail, remedy, severity=Severity.WARNING)


def state_location(setting: str, directory: Path) -> str:
    """Return the location of the state from ``RECONCILER_STATE``, which holds it or a reference to it.

    Raises:
        ConfigurationError: the reference has no value.
    """
    from reconciler.app.secret_references import fetch
    from reconciler.config.connections import SecretReference

    try:
        reference = SecretReference.parse(setting)
    except ValueError:
        return setting
    try:
        return fetch(reference, directory)
    except ConfigurationError as error:
        (first,) = error.diagnostics
        remedy = "RECONCILER_STATE is a reference to the location of the state. Provide the location there."
        if reference.scheme == "file":
            remedy += " To name the state file itself, write its path without file:."
        raise ConfigurationError(Diagnostic(first.summary, first.detail, remedy)) from None
