"""Desired state: a directory of YAML and CSV becomes one frozen ``Environment``, or a list of everything wrong with it.

All ``*.yaml`` of the directory are merged. Order never matters, so a key may be declared once only; that also makes it
safe to move a section into a file of its own. ``read_files`` alone touches the disk; the rest is a function of bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType

from reconciler.config.connections import (
    ConnectionConfig,
    Key,
    expect_mapping,
    parse_connections,
    parse_key,
    unknown_key,
)
from reconciler.config.declarations import Declarations, known_file, named_files, read_section
from reconciler.config.files import YAML, Files
from reconciler.config.files_alone import find_contradictions, missing_connection
from reconciler.config.resolve import Known, implied_by_default, resolve
from reconciler.config.trust import Pinned
from reconciler.config.yaml_reader import Node, read_yaml
from reconciler.model.abilities import Rows
from reconciler.model.commands import Connection
from reconciler.model.diagnostics import Diagnostic, Position, has_errors, in_order
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import ResourceType, declared_types
from reconciler.model.resources import Resources
from reconciler.model.values import EMPTY

Implied = Callable[[Sequence[ResourceType], Mapping[str, Resources]], Mapping[str, frozenset[str]]]
"""Tells, by type, the keys of objects that follow from what is declared."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operators want, as far as they wrote it."""

    name: str
    settings: Settings = field(default_factory=Settings)
    connections: Mapping[Connection, ConnectionConfig] = field(default_factory=lambda: EMPTY)
    simulator: str | None = None
    """The world file that stands for all servers, relative to the directory."""
    pinned: Pinned | None = None
    """Where the connections come from, if not from the files of the directory."""
    declared: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """By type that has a section; sorted by key."""


# --- loading ---------------------------------------------------------------------------------------------------------


def load(
    files: Files,
    types: Sequence[ResourceType],
    *,
    implied: Implied = implied_by_default,
    pinned: Pinned | None = None,
    is_reached: bool = False,
) -> tuple[Environment | None, tuple[Diagnostic, ...]]:
    """Return the environment that ``files`` describe and all that is told about them; None where there are errors.

    ``implied`` tells which objects follow from the declared ones, so that they may be referred to. ``pinned``
    connections are used instead of those of the files, which then may declare none. ``is_reached``: its servers are to
    be reached, so that a connection must lead to both products.
    """
    found: list[Diagnostic] = []
    sections = _Sections(files, types, found, pinned)
    into = Declarations(found=found, is_complete=sections.is_complete, prefix=files.prefix)
    for kind in declared_types(types):
        read_section(kind, sections.parts.get(kind.section or "", ()), files.contents, into)
    name = _environment_name(sections, found)
    settings = _settings(sections.merged("restarts"), name, found)
    connections, simulator = _connections(sections, pinned, found, is_reached=is_reached)
    exchange = connections.get(Connection.EXCHANGE)
    settings = replace(settings, second_hop=exchange is None or exchange.has_second_hop)
    declared, _ = resolve(into.valid, types, Known(is_complete=False))
    known = Known(implied(types, declared), into.invalid, into.is_complete)
    declared, unresolved = resolve(into.valid, types, known)
    alone = find_contradictions(types, Landscape(settings, declared), into.valid)
    told = in_order([*found, *unresolved, *alone])
    if has_errors(told):
        return None, told
    frozen = MappingProxyType(dict(declared))
    return Environment(name, settings, MappingProxyType(dict(connections)), simulator, pinned, frozen), told


_SEARCHED_FILES = 16
_SEARCHED_BYTES = 256 * 1024
"""Of files that are no YAML, how much is searched for the names of others."""


class _Sections:
    """The sections of all files, each with its parts; what belongs to no section is told."""

    def __init__(
        self, files: Files, types: Sequence[ResourceType], found: list[Diagnostic], pinned: Pinned | None
    ) -> None:
        self.found = found
        self.files = files
        self._pinned_world = pinned and pinned.world_within
        self.is_complete = True
        self.unnamed_worlds: list[Node] = []
        """Files that describe a simulated estate and that nothing names."""
        self.parts: dict[str, list[Node]] = {}
        declared = declared_types(types)
        self.known = [*FIXED, *(str(one.section) for one in declared)]
        self._row_sections = [str(one.section) for one in declared if isinstance(one, Rows)]
        documents = self._documents()
        self._tell_refused()
        for root in documents:
            self._split(root)
        if not self.parts and not has_errors(found):
            found.append(_empty(files))

    def _documents(self) -> list[Node]:
        """Return the YAML files to merge: all but the simulator's world and files of rows."""
        names = sorted(name for name in self.files.contents if name.lower().endswith(YAML))
        read: dict[str, tuple[Node | None, tuple[Diagnostic, ...]]] = {}
        self.world_names = {self._pinned_world} if self._pinned_world else set[str]()
        # A world may be large, so the file that names it is read first.
        for name in sorted(names, key=lambda name: b"simulator" not in self.files.contents[name]):
            if name not in self.world_names:
                read[name] = read_yaml(self.files.prefix + name, self.files.contents[name])
                self.world_names.update(_worlds(read[name][0]))
        apart = {*self.world_names, *self._row_files(read), *self._named_by_unreadable(read)}
        documents: list[Node] = []
        for name, (root, told) in sorted(read.items()):
            if name in apart:
                continue
            self.found.extend(told)
            self.is_complete &= not told
            if root is not None and root.value is not None:
                (self.unnamed_worlds if _is_world(root) else documents).append(root)
        return documents

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
        """Return the files whose names stand in a file that is no YAML: it may say that they are no part of these."""
        texts = (self.files.contents[name] for name, (root, _) in sorted(read.items()) if root is None)
        text = b"\n".join(islice(texts, _SEARCHED_FILES))[:_SEARCHED_BYTES]
        return {name for name, (root, _) in read.items() if root is not None and name.encode() in text}

    def _tell_refused(self) -> None:
        for name, told in self.files.refused.items():
            # The simulator reads its world by itself, whatever its size.
            if name not in self.world_names or told.summary != "File too large":
                self.found.append(told)
                self.is_complete &= not told.is_error

    def _split(self, root: Node) -> None:
        if not isinstance(root.value, dict):
            detail = "The file holds a list or a single value; it must hold the sections of an environment."
            self.found.append(root.diagnostic("Invalid file", detail, f"Begin with one of: {', '.join(self.known)}."))
            return
        for name, node in root.items():
            if name not in self.known:
                self.found.append(unknown_key(node, name, "", self.known))
                self.is_complete = False  # it may have been meant for any section
            elif node.value is None:
                detail = f'"{name}" has no value, which may be the rest of something longer.'
                remedy = f'Remove "{name}:", or write what belongs to it.'
                self.found.append(node.diagnostic("Empty section", detail, remedy, on_key=True))
                self.is_complete = False
            else:
                self.parts.setdefault(name, []).append(node)

    def merged(self, section: str) -> Mapping[str, Node]:
        """Return the keys of a fixed section from all files; a key written twice is told."""
        merged: dict[str, Node] = {}
        for part in self.parts.get(section, ()):
            if not expect_mapping(part, section, self.found):
                continue
            for key, node in part.items():
                if key in merged:
                    self.found.append(_written_twice(key, node, merged[key]))
                else:
                    merged[key] = node
        if section == "connections" and (world := merged.get("simulator")) is not None:
            self._check_world(world)
        return merged

    def _check_world(self, world: Node) -> None:
        if isinstance(world.value, str) and world.value.removeprefix("./") in self.files.refused:
            return
        known_file(world, self.files.contents, self.found, (YAML,))


def _is_world(root: Node) -> bool:
    """True for what describes the servers of a simulated estate, which no environment does."""
    keys = {name for name, _ in root.items()}
    return keys >= {"exchange", "lync"} and not keys & FIXED.keys()


def _unnamed_world(root: Node) -> Diagnostic:
    name = root.position().file
    detail = f"{name} describes the servers of a simulated estate, and no connection names it."
    remedy = (
        f"Move the file out of the directory, or name it:\n\n    connections: {{simulator: {name.rpartition('/')[2]}}}"
    )
    return Diagnostic("World that nothing names", detail, remedy, position=root.position())


def _worlds(root: Node | None) -> Iterator[str]:
    """Yield the names that a file gives to the simulator's world."""
    for section, node in root.items() if root is not None else ():
        if section == "connections":
            for key, world in node.items():
                if key == "simulator" and isinstance(world.value, str):
                    yield world.value.removeprefix("./")


def _written_twice(key: str, node: Node, first: Node) -> Diagnostic:
    detail = f'"{key}" stands here and at {first.position(on_key=True)}. Only one of the two could count.'
    return node.diagnostic("Key written twice", detail, "Remove one of them.", on_key=True)


def _empty(files: Files) -> Diagnostic:
    first = min((name for name in files.contents if name.lower().endswith(YAML)), default=None)
    detail = "No file says anything." if first else f'The directory holds no file with a name in "{YAML}".'
    remedy = "Write a file that begins with:\n\n    environment: NAME"
    return Diagnostic("Empty environment", detail, remedy, position=Position(files.prefix + first) if first else None)


# --- the fixed sections ----------------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_DURATION = re.compile(r"(?=.)(?:(?P<h>\d{1,5})h)?(?:(?P<m>\d{1,5})m)?(?:(?P<s>\d{1,5})s)?", re.ASCII)
MAX_SETTLE_SECONDS = 24 * 60 * 60

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"


def parse_duration(text: str) -> int:
    """Return a duration in seconds, from ``0s``, ``90s``, ``20m``, ``1h`` or ``1h30m``.

    Raises:
        ValueError: it has none of these forms, or is longer than a day.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("is no duration: write a number and its unit, such as 90s, 20m or 1h")
    seconds = int(match["h"] or 0) * 3600 + int(match["m"] or 0) * 60 + int(match["s"] or 0)
    if seconds > MAX_SETTLE_SECONDS:
        raise ValueError("is longer than a day")
    return seconds


def _interrupt(text: str) -> bool:
    if text not in ("refuse", "allow"):
        raise ValueError("is neither refuse nor allow")
    return text == "allow"


RESTARTS: Mapping[str, Key] = {
    "settle": Key(
        parse_duration,
        {"type": "string", "pattern": "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength": 2},
        "How long a pool must be ready before its next Front End is restarted: 0s, 90s, 20m, 1h; 20m if left out.",
    ),
    "interrupt": Key(
        _interrupt,
        {"enum": ["refuse", "allow"]},
        "Whether a restart may take a pool's only running Front End; refuse if left out.",
    ),
}
"""The keys of ``restarts``."""

FIXED: Mapping[str, str] = {
    "environment": "Name of the environment: one lineage of state, one lock.",
    "connections": "Entry points of the estate; the other hosts are discovered behind them.",
    "restarts": "When Front Ends may be restarted.",
}
"""The sections that are not a resource type's, with what they are for."""


def _environment_name(sections: _Sections, found: list[Diagnostic]) -> str:
    parts = sections.parts.get("environment", [])
    if not parts:
        if sections.parts and sections.is_complete:
            first = min(part.position() for nodes in sections.parts.values() for part in nodes)
            detail = 'No file says "environment:", so that its state could be taken for that of another one.'
            remedy = "Write at the top of one file:\n\n    environment: NAME"
            found.append(Diagnostic("Environment without name", detail, remedy, position=Position(first.file)))
        return ""
    for again in parts[1:]:
        found.append(_written_twice("environment", again, parts[0]))
    name = parts[0].value
    if isinstance(name, str) and _NAME.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    detail = f'"{name}" cannot be the name of an environment.' if isinstance(name, str) else "The name is no text."
    remedy = "Use letters, digits, and . _ - between them, at most 63; no name that Windows reserves, such as CON."
    found.append(parts[0].diagnostic("Invalid name", detail, remedy))
    return ""


def _connections(
    sections: _Sections, pinned: Pinned | None, found: list[Diagnostic], *, is_reached: bool
) -> tuple[Mapping[Connection, ConnectionConfig], str | None]:
    if pinned is None:
        before = len(found)
        connections, simulator = parse_connections(sections.merged("connections"), found)
        is_whole = sections.is_complete and bool(sections.parts) and not has_errors(found[before:])
        found += map(_unnamed_world, sections.unnamed_worlds if is_whole else ())
        if is_reached and is_whole and simulator is None and not sections.unnamed_worlds:
            parts = sections.parts.get("connections", ())
            told = missing_connection(connections, parts[0].position(on_key=True) if parts else None)
            found += [told] if told is not None else []
        return connections, simulator
    for part in sections.parts.get("connections", ()):
        detail = (
            f"The connections are those of {pinned.file}; what the files of the environment say of them is refused."
        )
        remedy = "Remove the section here, or run without --connections and RECONCILER_CONNECTIONS."
        found.append(part.diagnostic("Connections are pinned", detail, remedy, on_key=True))
    if is_reached and (told := missing_connection(pinned.connections, Position(pinned.file))) and not pinned.simulator:
        found.append(told)
    return pinned.connections, pinned.simulator


def _settings(parts: Mapping[str, Node], name: str, found: list[Diagnostic]) -> Settings:
    values: dict[str, object] = {}
    for key, node in parts.items():
        if key not in RESTARTS:
            found.append(unknown_key(node, key, "restarts", RESTARTS))
        elif (value := parse_key(node, key, RESTARTS[key], found)) is not None:
            values[key] = value
    default = Settings()
    settle, interrupt = values.get("settle"), values.get("interrupt")
    return Settings(
        environment=name,
        settle_seconds=settle if isinstance(settle, int) else default.settle_seconds,
        interrupt_allowed=interrupt if isinstance(interrupt, bool) else default.interrupt_allowed,
    )
