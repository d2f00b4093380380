"""Loads the YAML and CSV files of a directory into one frozen ``Environment``, or returns all errors in them.

``load`` merges all ``*.yaml`` files of the directory. Their order does not matter: a key that is declared twice is an
error. So a section can move to a file of its own. ``app.files`` reads the disk; this module takes bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType

from reconciler.config.connections import (
    ConnectionConfig,
    expect_mapping,
    parse_connections,
    parse_key,
    unknown_key,
)
from reconciler.config.declarations import Declarations, known_file, named_files, read_section
from reconciler.config.enrolment import Implied
from reconciler.config.moved import read_moved
from reconciler.config.resolve import find_contradictions, implied_by_default, missing_connection, resolve
from reconciler.config.source_text import YAML, Files
from reconciler.config.trust import Pinned
from reconciler.config.waive import read_waivers
from reconciler.config.waves import read_waves, unknown_waves
from reconciler.config.yaml_reader import Node, read_yaml
from reconciler.model.abilities import Rows, sections_of
from reconciler.model.diagnostics import Diagnostic, Position, has_errors, in_order
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import ResourceType, Rule, declared_types, providers_of
from reconciler.model.resources import Address, Resources
from reconciler.model.snapshot import Snapshot
from reconciler.model.values import EMPTY
from reconciler.model.waivers import Waiver


@dataclass(frozen=True, slots=True)
class Environment:
    """The desired state of one environment."""

    name: str
    settings: Settings = field(default_factory=Settings)
    connections: Mapping[str, ConnectionConfig] = field(default_factory=lambda: EMPTY)
    simulator: str | None = None
    """The world file that replaces all servers, relative to the directory."""
    pinned: Pinned | None = None
    """The pinned connections, where they replace those in the files."""
    declared: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """Declared resources by type, sorted by key."""
    ended: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """Resources with ``state: absent`` by type, sorted by key."""
    moved: Mapping[Address, Address] = field(default_factory=lambda: EMPTY)
    """The new address of each object that another one replaces."""
    row_columns: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: EMPTY)
    """By CSV file: what the files say that its columns mean (``columns``)."""
    waivers: tuple[Waiver, ...] = ()
    """Findings that the operator accepts, sorted; some may have ended."""

    def landscape(self, settings: Settings, prior: Snapshot) -> Landscape:
        """Return the landscape of a run before anything is read."""
        return Landscape(settings, self.declared, self.ended, self.moved, prior=prior)


# --- loading ---------------------------------------------------------------------------------------------------------


def load(
    files: Files,
    types: Sequence[ResourceType],
    *,
    implied: Implied = implied_by_default,
    pinned: Pinned | None = None,
    is_reached: bool = False,
    rules: Sequence[Rule] | None = None,
) -> tuple[Environment | None, tuple[Diagnostic, ...]]:
    """Return the environment that ``files`` declare (None where there are errors) and the diagnostics.

    Args:
        implied: returns the objects that declared resources bring with them; references to them are valid.
        pinned: connections that replace those in the files; the files may then declare none.
        is_reached: the command connects to the servers, so each product needs a connection.
        rules: every check that a waiver may name; None: any code is good.
    """
    found: list[Diagnostic] = []
    sections = _Sections(files, types, found, pinned)
    into = Declarations(found=found, is_complete=sections.is_complete, prefix=files.prefix)
    for kind in declared_types(types):
        read_section(kind, sections.parts.get(kind.section or "", ()), files.contents, into)
    moved = read_moved(sections.parts.get("moved", ()), types, into)
    waivers = read_waivers(sections.parts.get("waive", ()), types, rules, found)
    name = _environment_name(sections, found)
    settings = _settings(sections, name, types, found)
    connections, simulator = _connections(sections, pinned, found, is_reached=is_reached)
    bound = frozenset(name for name, config in connections.items() if not config.has_second_hop)
    waves = read_waves(sections.parts.get("waves", ()), found)
    found += unknown_waves(waves, into)
    settings = replace(settings, without_second_hop=bound, waves=waves)
    resolved = resolve(into, types, implied, moved)
    alone = find_contradictions(types, Landscape(settings, resolved.declared, resolved.ended), into)
    diagnostics = in_order([*found, *resolved.found, *alone])
    if has_errors(diagnostics):
        return None, diagnostics
    declared, ended = MappingProxyType(dict(resolved.declared)), MappingProxyType(dict(resolved.ended))
    reached = MappingProxyType(dict(connections))
    became, columns = MappingProxyType(dict(moved)), MappingProxyType(into.row_columns)
    return Environment(
        name, settings, reached, simulator, pinned, declared, ended, became, columns, waivers
    ), diagnostics


_SEARCHED_FILES = 16
_SEARCHED_BYTES = 256 * 1024
"""How much of the files that are not valid YAML is searched for names of other files."""


class _Sections:
    """The sections of all files, each with its parts. Reports everything outside a known section."""

    def __init__(
        self, files: Files, types: Sequence[ResourceType], found: list[Diagnostic], pinned: Pinned | None
    ) -> None:
        self.found = found
        self.files = files
        self._pinned_world = pinned and pinned.world_within
        self.is_complete = True
        self.unnamed_worlds: list[Node] = []
        """Files that describe a simulated estate, although no connection names them."""
        self.parts: dict[str, list[Node]] = {}
        declared = declared_types(types)
        self.providers = providers_of(types)
        self.fixed = {*FIXED, *sections_of(types)}
        self.known = [*FIXED, *sections_of(types), *(str(one.section) for one in declared)]
        self._row_sections = [str(one.section) for one in declared if isinstance(one, Rows)]
        documents = self._documents()
        self._report_refused()
        for root in documents:
            self._split(root)
        if not self.parts and not has_errors(found):
            found.append(_empty(files))

    def _documents(self) -> list[Node]:
        """Return the YAML files to merge: all except the simulator's world and the row files."""
        names = sorted(name for name in self.files.contents if name.lower().endswith(YAML))
        read: dict[str, tuple[Node | None, tuple[Diagnostic, ...]]] = {}
        self.world_names = {self._pinned_world} if self._pinned_world else set[str]()
        # A world may be large. So files that name one are read first.
        for name in sorted(names, key=lambda name: b"simulator" not in self.files.contents[name]):
            if name not in self.world_names:
                read[name] = read_yaml(self.files.prefix + name, self.files.contents[name])
                self.world_names.update(_worlds(read[name][0]))
        apart = {*self.world_names, *self._row_files(read), *self._named_by_unreadable(read)}
        documents: list[Node] = []
        for name, (root, diagnostics) in sorted(read.items()):
            if name in apart:
                continue
            self.found.extend(diagnostics)
            self.is_complete &= not diagnostics
            if root is not None and root.value is not None:
                (self.unnamed_worlds if self._is_world(root) else documents).append(root)
        return documents

    def _is_world(self, root: Node) -> bool:
        """True where a file describes the servers of a simulated estate and not an environment."""
        keys = {name for name, _ in root.items()}
        return bool(self.providers) and keys >= self.providers.keys() and not keys & self.fixed

    def _row_files(self, read: Mapping[str, tuple[Node | None, object]]) -> set[str]:
        return {
            name.removeprefix("./")
            for root, _ in read.values()
            if root is not None
            for section, node in root.items()
            if section in self._row_sections
            for name in named_files(node)
        }

    def _named_by_unreadable(self, read: Mapping[str, tuple[Node | None, object]]) -> set[str]:
        """Return the files that a file with a syntax error mentions: it may name them as rows or as the world."""
        texts = (self.files.contents[name] for name, (root, _) in sorted(read.items()) if root is None)
        text = b"\n".join(islice(texts, _SEARCHED_FILES))[:_SEARCHED_BYTES]
        return {name for name, (root, _) in read.items() if root is not None and name.encode() in text}

    def _report_refused(self) -> None:
        for name, diagnostics in self.files.refused.items():
            # The simulator itself reads its world, of any size.
            if name not in self.world_names or diagnostics.summary != "File too large":
                self.found.append(diagnostics)
                self.is_complete &= not diagnostics.is_error

    def _split(self, root: Node) -> None:
        if not isinstance(root.value, dict):
            detail = "The file holds a list or a single value. It must hold the sections of an environment."
            self.found.append(root.diagnostic("Invalid file", detail, f"Begin with one of: {', '.join(self.known)}."))
            return
        for name, node in root.items():
            if name not in self.known:
                self.found.append(unknown_key(node, name, "", self.known))
                self.is_complete = False  # the key may be any section, misspelt
            elif node.value is None:
                detail = f'"{name}" has no value. A part of the file may be missing.'
                remedy = f'Remove "{name}:", or write its content.'
                self.found.append(node.diagnostic("Empty section", detail, remedy, on_key=True))
                self.is_complete = False
            else:
                self.parts.setdefault(name, []).append(node)

    def merged(self, section: str) -> Mapping[str, Node]:
        """Return the keys of a fixed section from all files. Report a key that stands twice."""
        merged: dict[str, Node] = {}
        for part in self.parts.get(section, ()):
            if not expect_mapping(part, section, self.found):
                continue
            for key, node in part.items():
                if key in merged:
                    self.found.append(_duplicate(key, node, merged[key]))
                else:
                    merged[key] = node
        if section == "connections" and (world := merged.get("simulator")) is not None:
            self._check_world(world)
        return merged

    def _check_world(self, world: Node) -> None:
        if isinstance(world.value, str) and world.value.removeprefix("./") in self.files.refused:
            return
        known_file(world, self.files.contents, self.found, (YAML,))


def _unnamed_world(root: Node) -> Diagnostic:
    name = root.position().file
    detail = f"{name} describes the servers of a simulated estate, but no connection names it."
    remedy = (
        f"Move the file out of the directory, or name it:\n\n    connections: {{simulator: {name.rpartition('/')[2]}}}"
    )
    return Diagnostic("Unused world file", detail, remedy, position=root.position())


def _worlds(root: Node | None) -> Iterator[str]:
    """Yield the world files that a file names."""
    for section, node in root.items() if root is not None else ():
        if section == "connections":
            for key, world in node.items():
                if key == "simulator" and isinstance(world.value, str):
                    yield world.value.removeprefix("./")


def _duplicate(key: str, node: Node, first: Node) -> Diagnostic:
    detail = f'"{key}" stands here and at {first.position(on_key=True)}. Only one of them can be valid.'
    return node.diagnostic("Duplicate key", detail, "Remove one of the two.", on_key=True)


def _empty(files: Files) -> Diagnostic:
    first = min((name for name in files.contents if name.lower().endswith(YAML)), default=None)
    detail = "The files have no content." if first else f'The directory has no file "*{YAML}".'
    remedy = "Write a file that begins with:\n\n    environment: NAME"
    return Diagnostic("Empty environment", detail, remedy, position=Position(files.prefix + first) if first else None)


# --- the fixed sections ----------------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"


FIXED: Mapping[str, str] = {
    "environment": "Name of the environment. An environment has one state and one lock.",
    "connections": "Entry points of the estate. reconciler discovers the other hosts through them.",
    "moved": "Objects that another one replaces, because their name cannot be changed.",
    "waive": "Findings of checks that are accepted until a day. A waiver never changes what is sent.",
    "waves": "Waves of users in the order of work. A wave starts after the earlier one passed; other users come last.",
}
"""The sections that belong to no resource type, with their descriptions."""


def _environment_name(sections: _Sections, found: list[Diagnostic]) -> str:
    parts = sections.parts.get("environment", [])
    if not parts:
        if sections.parts and sections.is_complete:
            first = min(part.position() for nodes in sections.parts.values() for part in nodes)
            detail = 'No file has the key "environment:". Without a name, two environments could share one state.'
            remedy = "Write at the top of one file:\n\n    environment: NAME"
            found.append(Diagnostic("Missing environment name", detail, remedy, position=Position(first.file)))
        return ""
    for again in parts[1:]:
        found.append(_duplicate("environment", again, parts[0]))
    name = parts[0].value
    if isinstance(name, str) and _NAME.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    detail = (
        f'"{name}" cannot be the name of an environment.'
        if isinstance(name, str)
        else "The environment name must be one value."
    )
    remedy = "Use at most 63 letters, digits and . _ - between them. Windows reserves some names, such as CON."
    found.append(parts[0].diagnostic("Invalid name", detail, remedy))
    return ""


def _connections(
    sections: _Sections, pinned: Pinned | None, found: list[Diagnostic], *, is_reached: bool
) -> tuple[Mapping[str, ConnectionConfig], str | None]:
    if pinned is None:
        before = len(found)
        connections, simulator = parse_connections(sections.merged("connections"), sections.providers, found)
        is_whole = sections.is_complete and bool(sections.parts) and not has_errors(found[before:])
        found += map(_unnamed_world, sections.unnamed_worlds if is_whole else ())
        if is_reached and is_whole and simulator is None and not sections.unnamed_worlds:
            parts = sections.parts.get("connections", ())
            diagnostics = missing_connection(
                sections.providers, connections, parts[0].position(on_key=True) if parts else None
            )
            found += [diagnostics] if diagnostics is not None else []
        return connections, simulator
    for part in sections.parts.get("connections", ()):
        detail = f"--connections or RECONCILER_CONNECTIONS names {pinned.file}. Then no other connections are allowed."
        remedy = "Remove this section, or run without --connections and RECONCILER_CONNECTIONS."
        found.append(part.diagnostic("Connections are pinned", detail, remedy, on_key=True))
    if (
        is_reached
        and (diagnostics := missing_connection(sections.providers, pinned.connections, Position(pinned.file)))
        and not pinned.simulator
    ):
        found.append(diagnostics)
    return pinned.connections, pinned.simulator


def _settings(sections: _Sections, name: str, types: Sequence[ResourceType], found: list[Diagnostic]) -> Settings:
    options: dict[str, object] = {}
    places: dict[tuple[str, ...], Position] = {}
    for section in sections_of(types).values():
        by_key = {key: option for option, key in zip(section.options, section.keys, strict=True)}
        for key, node in sections.merged(section.name).items():
            if key not in by_key:
                found.append(unknown_key(node, key, section.name, section.keys))
            elif (value := parse_key(node, key, section.keys[key], found)) is not None:
                option = by_key[key].name
                options[option] = value
                places[option,] = node.position(on_key=True)
                places |= {(option, each.lower()): one.position(on_key=True) for each, one in node.items()}
    return Settings(environment=name, options=options, places=places)
