"""Loads the declarations of an environment from the files of its directory, and prints the published JSON Schemas.

The author of a configuration may be anyone who can open a pull request. So this module opens only regular files that it
finds in the directory, never a name from the content of a file. A link out of the directory, a pipe, a device or a huge
file is an error: to skip it silently would look like removing its declarations.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from providers.catalogue import resource_types, rules
from reconciler.app.trusted import read_pinned
from reconciler.config.environment import Environment, load
from reconciler.config.schema import json_schema
from reconciler.config.source_text import CSV, YAML, Files
from reconciler.config.trust import Pinned
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, Position, Severity
from reconciler.model.values import EMPTY
from reconciler.plan.rules import RULES


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a directory is read."""

    file_bytes: int = 64 * 1024 * 1024
    files: int = 2_000
    total_bytes: int = 256 * 1024 * 1024


def read_files(directory: Path, *, prefix: str = "", limits: Limits = Limits()) -> Files:
    """Return the YAML and CSV files in ``directory`` and below, without those in dot directories.

    ``prefix`` precedes the file names in positions; ``prefix_of`` returns it for a directory.

    Raises:
        ConfigurationError: it is not a directory, or cannot be listed.
    """
    if not directory.is_dir():
        what = "is a file, not a directory" if directory.exists() else "does not exist"
        example = f', such as "{directory.parent}"' if directory.is_file() else ""
        remedy = f"Give the directory with the files of an environment{example}."
        raise ConfigurationError(Diagnostic("No such environment", f'"{directory}" {what}.', remedy))
    contents: dict[str, bytes] = {}
    refused: dict[str, Diagnostic] = {}
    root = directory.resolve()
    total = 0
    for path in _candidates(root, refused, root):
        name = _name(path, root)
        if len(contents) + len(refused) >= limits.files or total > limits.total_bytes:
            detail = f"The directory has more than {limits.files:,} YAML and CSV files or {limits.total_bytes:,} bytes."
            refused[name] = _refusal(name, "Directory too large", detail, "Give the directory of one environment.")
            break
        content = _content(path, name, root, limits.file_bytes)
        if isinstance(content, bytes):
            contents[name] = content
            total += len(content)
        else:
            refused[name] = content
    return Files(MappingProxyType(contents), MappingProxyType(_with_prefix(refused, prefix)), prefix)


def prefix_of(directory: Path) -> str:
    """Return the prefix that makes a name in ``directory`` relative to the user's working directory."""
    return "" if directory == Path() else directory.as_posix().rstrip("/") + "/"


def _with_prefix(refused: Mapping[str, Diagnostic], prefix: str) -> dict[str, Diagnostic]:
    return {name: replace(one, position=Position(f"{prefix}{name}")) for name, one in refused.items()}


def _candidates(directory: Path, refused: dict[str, Diagnostic], root: Path) -> Iterator[Path]:
    """Yield the paths with the name of a file to read, sorted; links to directories are not followed."""
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        name = _name(directory, root)
        refused[name] = _refusal(name, "Directory cannot be listed", f"{error.strerror}.", "Make it readable.")
        if directory == root:
            raise ConfigurationError(refused[name]) from error
        return
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _candidates(path, refused, root)
        elif path.suffix.lower() in (YAML, CSV) or path.suffix.lower() == ".yml":
            yield path


def _content(path: Path, name: str, root: Path, most: int) -> bytes | Diagnostic:
    """Return the bytes of a regular file within ``root``, or the reason why it is not read."""
    if path.suffix.lower() == ".yml":
        detail = f'reconciler reads "*{YAML}" and ignores this file.'
        refusal = _refusal(name, "Ignored file", detail, f"Rename the file to {path.stem}{YAML}.")
        return replace(refusal, severity=Severity.WARNING)
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            detail = "The symbolic link leads out of the directory of the environment."
            return _refusal(name, "File outside the environment", detail, "Put the file itself into the directory.")
        status = target.stat()
        if not stat.S_ISREG(status.st_mode):
            detail = "The path is a directory, pipe, socket or device."
            return _refusal(name, "Not a regular file", detail, "Remove it, or replace it with a file.")
        if status.st_size > most:
            return _oversize(name, status.st_size, most)
        with target.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "The symbolic link leads to itself"
        return _refusal(name, "File cannot be read", f"{reason}.", "Make it readable, or remove it.")
    return content if len(content) <= most else _oversize(name, len(content), most)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


def _oversize(name: str, size: int, most: int) -> Diagnostic:
    detail = f"The file has {size:,} bytes. The limit is {most:,}."
    return _refusal(name, "File too large", detail, "Split the file.")


def _refusal(name: str, summary: str, detail: str, remedy: str) -> Diagnostic:
    return Diagnostic(summary, detail, remedy, position=Position(name))


@dataclass(frozen=True, slots=True)
class Declared:
    """The environment that the files of a directory declare, and the files."""

    environment: Environment
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings."""
    files: Files = field(default_factory=lambda: Files(EMPTY))
    """The files that were loaded."""
    pinned: Pinned | None = None

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The files that were loaded, by name relative to the directory."""
        return self.files.contents

    def loaded(self, files: Files) -> Environment | None:
        """Return the environment that other files would declare; None where they have errors."""
        return load(files, resource_types(), pinned=self.pinned)[0]


def declared_in(directory: Path, connections: Path | None = None) -> Declared:
    """Return the declarations in ``directory``; ``connections`` is a file of pinned connections.

    Raises:
        ConfigurationError: the files have errors; it holds all of them.
    """
    pinned, before = read_pinned(connections, directory) if connections is not None else (None, ())
    files = read_files(directory, prefix=prefix_of(directory))
    known = (*rules(), *RULES)
    environment, found = load(files, resource_types(), pinned=pinned, is_reached=True, rules=known)
    if environment is None:
        raise ConfigurationError(*before, *found)
    return Declared(environment, (*before, *found), files, pinned)


def check(directory: Path, connections: Path | None = None) -> tuple[Environment, tuple[Diagnostic, ...]]:
    """Return the environment of ``directory`` and its warnings. Raises as ``declared_in`` does."""
    declared = declared_in(directory, connections)
    return declared.environment, declared.diagnostics


def schema_text(which: str) -> str:
    """Return a published JSON Schema: ``environment``, ``messages`` or ``plan``."""
    if which == "environment":
        return json.dumps(json_schema(resource_types()), indent=2) + "\n"
    from importlib.resources import files as package_files

    return (package_files("reconciler") / "schemas" / f"{which}.schema.json").read_text(encoding="utf-8")
