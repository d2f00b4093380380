"""Keeps code and settings of the working directory out of this process and its children.

The files of an environment may come from a stranger: a pipeline plans the branch of a pull request. So this process
runs and imports nothing from the working directory, the environment's directory or its repository. Its children do not
either: no module beside the YAML files, no program found there by PATH, no configuration named by a relative path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Final

from reconciler.model.diagnostics import Diagnostic, Severity

_SEARCHED: Final = frozenset({"LD_LIBRARY_PATH", "PATH"})
"""Lists of folders that the system searches for code."""

_NAMING_CODE: Final = frozenset(
    {
        "DOTNET_ROOT",
        "GSS_MECH_CONFIG",
        "HOME",
        "KRB5_CONFIG",
        "OPENSSL_CONF",
        "OPENSSL_ENGINES",
        "OPENSSL_MODULES",
        "USERPROFILE",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    }
)
"""Each names a file or a folder from which a library loads code: OpenSSL, Kerberos, keyring, .NET."""

_SESSION_KEYS: Final = "SSLKEYLOGFILE"
"""TLS libraries write the keys of every session to this file. With them a listener can decrypt all messages."""


def remove_unsafe(variables: MutableMapping[str, str]) -> Mapping[str, str]:
    """Remove variables by which a library loads code from the working directory or writes session keys.

    Lists of folders keep their absolute paths. Return the names of the removed variables, each with the reason.
    """
    for name in _SEARCHED & variables.keys():
        variables[name] = search_path(variables[name], ())
    relative = (
        name for name in _NAMING_CODE & variables.keys() if not all(map(os.path.isabs, _entries(variables[name])))
    )
    removed = dict.fromkeys(sorted(relative), "it names a file in the working directory. Write an absolute path.")
    if _SESSION_KEYS in variables:
        removed[_SESSION_KEYS] = "it makes libraries write the keys of every session to a file."
    for name in removed:
        del variables[name]
    return removed


def empty_settings(variables: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return an error for each empty RECONCILER_ variable: a pipeline sets an empty one when it lacks the secret.

    Reading an empty setting as "not set" would silently drop a guard: the key that signs plans, the shared state and
    its lock, the pinned connections, the target of a plan.
    """
    return tuple(
        Diagnostic("Empty variable", f"{name} is set, but it is empty.", f"Give it a value, or unset it: unset {name}")
        for name in sorted(variables)
        if name.startswith("RECONCILER_") and not variables[name].strip()
    )


_GUARDING: Final = ("RECONCILER_CONNECTIONS", "RECONCILER_PLAN_KEY", "RECONCILER_SECRETS", "RECONCILER_STATE")
_NEAR: Final = 0.93


def misspelt_settings(variables: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return a warning for each variable whose name is nearly that of a setting that guards something."""
    from difflib import get_close_matches  # --version works without it

    found: list[Diagnostic] = []
    for name in sorted(variables):
        if not name.startswith("RECONCILER_") or name in _GUARDING:
            continue
        for meant in get_close_matches(name, _GUARDING, n=1, cutoff=_NEAR):
            detail = f"reconciler has no setting {name} and ignores it."
            remedy = f"Did you mean {meant}? If the variable is your own, give it another name."
            found.append(Diagnostic("Unknown variable", detail, remedy, severity=Severity.WARNING))
    return tuple(found)


def _entries(value: str) -> list[str]:
    return value.split(os.pathsep) if value else []


def untrusted_folders(directory: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that others may write to: the working directory, ``directory`` and their repositories.

    A folder that holds the user's home or the installed Python is trusted, also when a command runs in it.
    """
    try:
        here = repository_of(Path.cwd())
    except FileNotFoundError:  # the working directory was removed, so that nothing lies in it
        here = ()
    named = dict.fromkeys([*here, *(repository_of(directory) if directory else ())])
    trusted = {Path(os.path.expanduser("~")).resolve(), Path(sys.base_prefix).resolve()}
    return tuple(folder for folder in named if not any(one.is_relative_to(folder) for one in trusted))


def repository_of(directory: Path) -> tuple[Path, ...]:
    """Return ``directory`` and the Git work trees that contain it.

    A work tree that contains the user's home holds the user's own files and is left out.
    """
    start, home = directory.resolve(), Path(os.path.expanduser("~")).resolve()
    trees = (tree for tree in (start, *start.parents) if (tree / ".git").exists())
    return start, *(tree for tree in trees if not home.is_relative_to(tree))


def is_within(path: str | Path, folders: Iterable[Path]) -> bool:
    """True where ``path``, with its links followed, lies in one of the folders, or is relative."""
    resolved = Path(os.path.realpath(path))
    return not os.path.isabs(path) or any(resolved.is_relative_to(folder) for folder in folders)


def search_path(path: str, untrusted: Sequence[Path]) -> str:
    """Return PATH without entries that are empty, relative or in an untrusted folder."""
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if entry and not is_within(entry, untrusted))


def find_program(name: str, path: str, untrusted: Sequence[Path]) -> str | None:
    """Return the absolute path of a program that PATH finds outside the untrusted folders, links followed."""
    import shutil  # --version works without it

    for entry in search_path(path, untrusted).split(os.pathsep):
        # Folder by folder: Windows would search the working directory before any entry.
        found = shutil.which(os.path.join(entry, name)) if entry else None
        if found is not None and not is_within(found, untrusted):
            return found
    return None


def variables_of_child(
    own: Mapping[str, str], is_chosen: Callable[[str], bool], untrusted: Sequence[Path]
) -> dict[str, str]:
    """Return the variables for a child process: the chosen ones, and PATH with only its safe entries."""
    chosen = {name: value for name, value in own.items() if is_chosen(name)}
    for name in _SEARCHED & chosen.keys():
        chosen[name] = search_path(chosen[name], untrusted)
    remove_unsafe(chosen)
    return {name: value for name, value in chosen.items() if value}


def untrusted_program(variable: str, program: str) -> Diagnostic:
    """Return the error about a variable that names a program in an untrusted folder."""
    detail = f'{variable} is "{program}". This path is relative, or it lies in the working directory, in the '
    detail += "environment's directory or in its repository. Anyone who opens a pull request could put a program there."
    return Diagnostic("Untrusted program", detail, f"Set {variable} to the absolute path of a program elsewhere.")
