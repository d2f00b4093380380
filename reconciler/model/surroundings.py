"""What may reach a command from the place where it is run: no code, and of the variables those that are chosen.

The files of an environment may be a stranger's: a pipeline plans the branch of a pull request. So nothing that lies in
the working directory, in the environment or in its repository is run or imported, by this process or by a child of it:
no module beside the YAML files, no program that an entry of PATH finds there, no configuration that a variable names by
a path relative to it. Functions of paths and variables; ``__main__`` and those who start children call them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Final

from reconciler.model.diagnostics import Diagnostic, Severity

_SEARCHED: Final = frozenset({"LD_LIBRARY_PATH", "PATH"})
"""Lists of folders in which code is looked for."""

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
"""Each names a file, or a folder of files, that can have a library load code: of OpenSSL, Kerberos, keyring, .NET."""

_KEYS_OF_SESSIONS: Final = "SSLKEYLOGFILE"
"""Where libraries for TLS write the keys of every session, with which whoever reads along reads all."""


def forget_dangerous(variables: MutableMapping[str, str]) -> Mapping[str, str]:
    """Take out the variables that would have a library run code of the working directory, or write session keys.

    Lists of folders keep their whole paths. Returns the names of those taken out, each with the reason.
    """
    for name in _SEARCHED & variables.keys():
        variables[name] = search_path(variables[name], ())
    relative = {name for name in _NAMING_CODE & variables.keys() if any(map(_is_relative, _parts(variables[name])))}
    taken = dict.fromkeys(sorted(relative), "it names a file of the working directory. Write its whole path.")
    if _KEYS_OF_SESSIONS in variables:
        taken[_KEYS_OF_SESSIONS] = "it would have the keys of every session written to a file."
    for name in taken:
        del variables[name]
    return taken


def empty_settings(variables: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return an error for each setting of ours that is set to nothing, as a pipeline sets a secret that it lacks.

    Taken for one that is not set, it would have a guard left out without a word: a plan signed with a key of this
    machine alone, a state and a lock of its own, the connections of the repository, every object instead of one.
    """
    return tuple(
        Diagnostic("Empty variable", f"{name} is set, and it is empty.", f"Give it a value, or unset it: unset {name}")
        for name in sorted(variables)
        if name.startswith("RECONCILER_") and not variables[name].strip()
    )


_GUARDING: Final = ("RECONCILER_CONNECTIONS", "RECONCILER_PLAN_KEY", "RECONCILER_SECRETS", "RECONCILER_STATE")
_NEAR: Final = 0.93


def misspelt_settings(variables: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return a warning for each variable that is no setting and is named almost as one that guards something."""
    from difflib import get_close_matches  # which --version does without

    told: list[Diagnostic] = []
    for name in sorted(variables):
        if not name.startswith("RECONCILER_") or name in _GUARDING:
            continue
        for meant in get_close_matches(name, _GUARDING, n=1, cutoff=_NEAR):
            remedy = f"Did you mean {meant}? If it is a variable of your own, give it another name."
            detail = f"{name} is no setting of reconciler, and is ignored."
            told.append(Diagnostic("Unknown variable", detail, remedy, severity=Severity.WARNING))
    return tuple(told)


def _parts(value: str) -> list[str]:
    return value.split(os.pathsep) if value else []


def _is_relative(path: str) -> bool:
    return not os.path.isabs(path)


def folders_of_strangers(directory: Path | None = None) -> tuple[Path, ...]:
    """Return the folders whose files others may have written: working directory, ``directory``, their repositories.

    A folder that holds the user's home or the installed Python is no repository, even if a command is run in it.
    """
    try:
        here = repository_of(Path.cwd())
    except FileNotFoundError:  # it was removed, and nothing lies there
        here = ()
    named = dict.fromkeys([*here, *(repository_of(directory) if directory else ())])
    kept = {Path(os.path.expanduser("~")).resolve(), Path(sys.base_prefix).resolve()}
    return tuple(folder for folder in named if not any(one.is_relative_to(folder) for one in kept))


def repository_of(directory: Path) -> tuple[Path, ...]:
    """Return the folders whose files are written as those of ``directory`` are: itself, and its Git work trees.

    One that holds the user's home keeps the user's own files, and is none of them.
    """
    start, home = directory.resolve(), Path(os.path.expanduser("~")).resolve()
    trees = (tree for tree in (start, *start.parents) if (tree / ".git").exists())
    return start, *(tree for tree in trees if not home.is_relative_to(tree))


def is_within(path: str | Path, folders: Iterable[Path]) -> bool:
    """True where ``path``, with its links followed, lies in one of the folders; also where it is relative."""
    resolved = Path(os.path.realpath(path))
    return not os.path.isabs(path) or any(resolved.is_relative_to(folder) for folder in folders)


def search_path(path: str, strangers: Sequence[Path]) -> str:
    """Return PATH without entries that are empty, relative, or in the folders of strangers."""
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if entry and not is_within(entry, strangers))


def find_program(name: str, path: str, strangers: Sequence[Path]) -> str | None:
    """Return the whole path of a program that PATH finds outside the folders of strangers, links followed."""
    import shutil  # which --version does without

    for entry in search_path(path, strangers).split(os.pathsep):
        # Folder by folder, since Windows looks into the working directory before any entry.
        found = shutil.which(os.path.join(entry, name)) if entry else None
        if found is not None and not is_within(found, strangers):
            return found
    return None


def variables_of_child(
    own: Mapping[str, str], is_chosen: Callable[[str], bool], strangers: Sequence[Path]
) -> dict[str, str]:
    """Return the variables that a child gets: those chosen, and of lists of folders the safe entries alone."""
    chosen = {name: value for name, value in own.items() if is_chosen(name)}
    for name in _SEARCHED & chosen.keys():
        chosen[name] = search_path(chosen[name], strangers)
    forget_dangerous(chosen)
    return {name: value for name, value in chosen.items() if value}


def program_of_strangers(variable: str, program: str) -> Diagnostic:
    """Return the error about a program that a variable names where others may have written."""
    detail = f'{variable} is "{program}", which is no whole path or lies in the working directory, in the environment '
    detail += "or in its repository. Nothing that lies there is run: the branch of a stranger may have put it there."
    return Diagnostic("Program of the repository", detail, f"Set {variable} to the whole path of a program elsewhere.")
