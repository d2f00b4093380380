"""Exports an estate: reads everything, describes it, and writes the files in one step.

``into_new`` writes a new environment. The directory appears with all its files or not at all: they are written into
another directory beside it, which is renamed at the end. ``unmanaged`` adds to the files of an environment.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.app.declared import Declared, declared_in
from reconciler.app.ports import Ports
from reconciler.app.private_files import PRIVATE, make_private, refuse_tracked
from reconciler.app.trusted import read_pinned
from reconciler.app.workspace import Workspace
from reconciler.config.environment import Environment
from reconciler.config.source_text import CSV
from reconciler.export.connections import connections_text, options_text
from reconciler.export.export import Export, export
from reconciler.export.extend import extend
from reconciler.export.render import Head
from reconciler.model.abilities import sections_of
from reconciler.model.diagnostics import ConfigurationError, Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType, declared_types
from reconciler.model.snapshot import Snapshot
from reconciler.model.values import EMPTY
from reconciler.plan.drift import DriftKind, find_drift
from reconciler.run.observe import Reader

_WORLD: Final = "world.yaml"
_NEW: Final = "export"
"""The name of an environment that has none yet."""
_ABOUT: Final = (
    "Written by reconciler export: what the servers hold. An attribute that is left out is not managed. Most of those",
    "have the default of the server; export --full writes them too.",
)


def refuse_unless_new(directory: Path) -> None:
    """Raise ConfigurationError unless ``directory`` is absent or empty, and its parent exists."""
    try:
        if not directory.exists() and not directory.is_symlink():
            if directory.absolute().parent.is_dir():
                return
            detail = f"{directory.absolute().parent} is not a directory."
            raise ConfigurationError(Diagnostic("No such directory", detail, "Create it, or correct the path."))
        if directory.is_dir() and not directory.is_symlink() and not any(directory.iterdir()):
            return
    except OSError as error:
        detail = f"{directory} cannot be read: {error.strerror}."
        raise ConfigurationError(Diagnostic("Directory cannot be read", detail, "Name another directory.")) from error
    detail = f"{directory} exists and is not an empty directory. export overwrites nothing."
    raise ConfigurationError(Diagnostic("Directory is not empty", detail, "Name a new directory, or an empty one."))


def into_new(directory: Path | None, into: Path, ports: Ports, *, in_full: bool, parallelism: int) -> Export:
    """Write the estate as a new environment in ``into``; return what was written.

    Args:
        directory: the environment whose connections are used; None: those that ``ports`` name.

    Raises:
        ConfigurationError: ``into`` is not new, or there are no connections.
    """
    refuse_unless_new(into)
    declared = _connections_of(directory, into, ports)
    bare = replace(declared, environment=replace(declared.environment, declared=EMPTY))
    with _opened(directory or into, bare, ports, parallelism) as workspace:
        landscape = surveyed(workspace.types, workspace.servers.reader, workspace.look(prior=Snapshot(_NEW)))
        head, beside = _head(workspace, into)
        made = export(workspace.types, landscape, head, in_full=in_full, beside=beside)
        kept = workspace.private if workspace.environment.simulator is not None else None
    _write_new(into, made.contents, kept)
    return replace(made, diagnostics=(*workspace.diagnostics, *made.diagnostics))


def unmanaged(directory: Path, ports: Ports, *, in_full: bool, parallelism: int) -> Export:
    """Add what ``drift`` calls unmanaged to the files of an environment; return what was added.

    Raises:
        ConfigurationError: the files have errors, changed meanwhile, or cannot be written.
    """
    declared = declared_in(directory, ports.connections)
    with _opened(directory, declared, ports, parallelism) as workspace:
        landscape = surveyed(workspace.types, workspace.servers.reader, workspace.look())
        report = find_drift(workspace.types, landscape)
        only = {entry.address for entry in report.entries if entry.kind is DriftKind.UNMANAGED}
        made = extend(workspace.types, landscape, declared.files, only, in_full=in_full, pinned=declared.pinned)
    _extend(directory, declared.contents, made.contents)
    return replace(made, diagnostics=(*workspace.diagnostics, *made.diagnostics))


def surveyed(types: tuple[ResourceType, ...], reader: Reader, landscape: Landscape) -> Landscape:
    """Return the landscape with everything that a plan reads once the observed objects are declared."""
    there = {kind.name: landscape.all(kind) for kind in declared_types(types)}
    declaring = replace(landscape, declared=there, settings=replace(landscape.settings, reads_all=True))
    more = {kind.name: None for kind in types if kind.queries(declaring) != kind.queries(landscape)}
    if not more:
        return landscape
    return replace(reader.observe(declaring, more), declared=landscape.declared, settings=landscape.settings)


def _connections_of(directory: Path | None, into: Path, ports: Ports) -> Declared:
    """Return the environment with the connections: that in ``directory``, or one of the file that ``ports`` name."""
    if directory is not None:
        return declared_in(directory, ports.connections)
    if ports.connections is None:
        detail = "export needs connections: those of an environment, or those of a file."
        remedy = "Give the directory of an environment with connections, or --connections FILE."
        raise ConfigurationError(Diagnostic("No connections", detail, remedy))
    pinned, found = read_pinned(ports.connections, into)
    environment = Environment(_NEW, connections=pinned.connections, simulator=pinned.simulator, pinned=pinned)
    return Declared(environment, found, pinned=pinned)


@contextmanager
def _opened(place: Path, declared: Declared, ports: Ports, parallelism: int) -> Iterator[Workspace]:
    """Open an environment; ``place`` is its directory."""
    declared = replace(declared, diagnostics=(*declared.diagnostics, *refuse_tracked(place)))
    with ExitStack() as stack:
        yield Workspace(place, declared, ports, parallelism, stack)


# --- the head --------------------------------------------------------------------------------------------------------


def _head(workspace: Workspace, into: Path) -> tuple[Head, Mapping[str, bytes]]:
    """Return the head of ``environment.yaml``, and the files that its connections need."""
    environment, pinned = workspace.environment, workspace.ports.connections
    beside: dict[str, bytes] = {}
    if pinned is not None:
        section = "# The connections are in a file outside the environment, which --connections names."
    elif environment.simulator is not None:
        beside[_WORLD] = (workspace.directory / environment.simulator).read_bytes()
        section = f"connections:\n  simulator: {_WORLD}"
    else:
        start = workspace.directory.resolve()
        section = connections_text(
            environment.connections,
            lambda name: (
                name if os.path.isabs(name) else Path(os.path.relpath(start / name, into.resolve())).as_posix()
            ),
        )
    options = options_text(environment.settings, sections_of(workspace.types).values())
    return Head(_name(environment), section, options, _ABOUT), beside


def _name(environment: Environment) -> str:
    """Return the name of the new environment: that of the old one, or the domain of the first entry point."""
    if environment.name != _NEW:
        return environment.name
    hosts = sorted(connection.host for connection in environment.connections.values())
    domain = hosts[0].partition(".")[2] if hosts else ""
    return domain if re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,61}[a-z0-9]", domain) else "exported"


# --- writing ---------------------------------------------------------------------------------------------------------


def _write_new(into: Path, contents: Mapping[str, bytes], private: Path | None) -> None:
    """Write the files into a directory beside ``into``, and rename it.

    ``private``: the private directory whose simulated changes are copied.
    """
    into = into.absolute()
    temporary = into.with_name(f".{into.name}.{os.getpid()}.new")
    try:
        temporary.mkdir()
        try:
            for name, content in contents.items():
                (temporary / name).write_bytes(content)
            _copy_changes(private, temporary / PRIVATE)
            with suppress(FileNotFoundError):
                into.rmdir()
            temporary.rename(into)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        detail = f"{into} cannot be written: {error.strerror}. No file was left behind."
        remedy = "Check the free space, and that this user may write to the directory above it."
        raise ConfigurationError(Diagnostic("Directory cannot be written", detail, remedy)) from error


def _extend(directory: Path, before: Mapping[str, bytes], contents: Mapping[str, bytes]) -> None:
    """Write changed and new files, each in one step. A file comes after those that it names or refers to.

    Raises:
        ConfigurationError: a file changed since it was read, or cannot be written.
    """
    written: list[tuple[Path, Path]] = []
    try:
        try:
            for name in sorted(contents, key=lambda name: (_place(name, is_new=name not in before), name)):
                path = (directory / name).resolve() if name in before else directory / name
                if (path.read_bytes() if name in before else None) != before.get(name) or (
                    name not in before and os.path.lexists(path)
                ):
                    detail = f"{path} changed while the servers were read. Nothing was written."
                    raise ConfigurationError(Diagnostic("File changed meanwhile", detail, "Run the command again."))
                temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
                written.append((temporary, path))
                temporary.write_bytes(contents[name])
                if name in before:
                    shutil.copymode(path, temporary)
            for temporary, path in written:
                os.replace(temporary, path)
        finally:
            for temporary, _ in written:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        detail = f"The files in {directory} cannot be written: {error.strerror}."
        remedy = "Check the free space, and that this user may write to the directory."
        raise ConfigurationError(Diagnostic("File cannot be written", detail, remedy)) from error


def _place(name: str, *, is_new: bool) -> int:
    """Return the place of a file among those that are written: new rows, what rows refer to, rows added to a file."""
    if name.endswith(CSV):
        return 0 if is_new else 2
    return 1


def _copy_changes(private: Path | None, to: Path) -> None:
    """Copy what commands changed in a simulated world, so that the new environment sees the same world."""
    changes = sorted(private.glob("world.json*")) if private is not None else []
    if changes:
        make_private(to)
        for path in changes:
            shutil.copy2(path, to / path.name)
