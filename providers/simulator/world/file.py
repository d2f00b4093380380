"""Reads a world file safely, and reports all its mistakes at once, each with its place.

The loader takes no aliases, tags or repeated keys, bounds size and depth, and keeps every scalar as text, so that types
are those of the models and an extension ``0042`` stays ``0042``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from providers.simulator.world.schema import World
from providers.simulator.world.value_types import WorldModel
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, Position

_MOST_BYTES: Final = 32 * 1024 * 1024
_DEEPEST: Final = 32
_KEY: Final = "[key]"
"""The last part of a path to the key of a mapping, as pydantic writes it."""


def read_world(path: Path) -> World:
    """Return the world that the file at ``path`` describes.

    Raises:
        ConfigurationError: the file cannot be read or has mistakes; one diagnostic for each, with its place.
    """
    name = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        diagnostic = Diagnostic(
            "World cannot be read",
            f"{name}: {error.strerror or error}.",
            "Name a world file, such as samples/contoso/world.yaml.",
        )
        raise ConfigurationError(diagnostic) from error
    return parse_world(data, name)


def parse_world(data: bytes, name: str = "world.yaml") -> World:
    """Return the world that ``data`` describes; ``name`` stands for the file in messages. Raises ConfigurationError."""
    if len(data) > _MOST_BYTES:
        raise _error("World is too large", f"It has {len(data)} bytes; the limit is {_MOST_BYTES}.", Position(name))
    places: dict[tuple[str | int, ...], Position] = {}
    tree = _Tree(name, places)
    try:
        _check_events(data, name)
        node = yaml.compose(data, Loader=yaml.CSafeLoader)
        content = tree.plain(node, ())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name)
        raise _error("Invalid YAML", f"{getattr(error, 'problem', None) or error}.", place) from error
    try:
        return World.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(*(_diagnostic(found, places, name) for found in error.errors())) from error


def _check_events(data: bytes, name: str) -> None:
    depth = 0
    for event in yaml.parse(data, Loader=yaml.CSafeLoader):
        mark = event.start_mark
        place = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name)
        if isinstance(event, yaml.AliasEvent):
            raise _error("Alias in a world", "Anchors and aliases are not supported.", place)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _error("Tag in a world", f"The tag {tag} is not supported.", place)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _error("World is nested too deeply", f"The limit is {_DEEPEST} levels.", place)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Tree:
    """Turns nodes into plain data whose scalars are text, and keeps the place of each."""

    def __init__(self, file: str, places: dict[tuple[str | int, ...], Position]) -> None:
        self._file = file
        self._places = places

    def plain(self, node: yaml.Node | None, path: tuple[str | int, ...]) -> Any:
        if node is None:
            return {}
        place = Position(self._file, node.start_mark.line + 1, node.start_mark.column + 1)
        self._places.setdefault(path, place)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:null" and getattr(node, "style", None) is None:
            return None
        return node.value

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in node.value:
            place = Position(self._file, key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode):
                raise _error("Key is not text", "A key must be plain text.", place)
            if key.value in content:
                raise _error("Key is written twice", f'"{key.value}" is also written above.', place)
            self._places[(*path, key.value)] = place
            content[key.value] = self.plain(value, (*path, key.value))
        return content


def _error(summary: str, detail: str, place: Position) -> ConfigurationError:
    return ConfigurationError(Diagnostic(summary, detail, "Correct the world file.", position=place))


def _diagnostic(found: Any, places: Mapping[tuple[str | int, ...], Position], name: str) -> Diagnostic:
    path: tuple[str | int, ...] = (*found["loc"], *found.get("ctx", {}).get("at", ()))
    place = next((places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in places), None)
    where = ".".join(str(part) for part in path if part != _KEY) or "the world"
    if found["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known(), 1)
        hint = f'Did you mean "{near[0]}"?' if near else "Remove it."
        return Diagnostic("Unknown key in a world", f'"{where}" is not a key of a world.', hint, position=place)
    if found["type"] == "missing":
        return Diagnostic("Key is missing in a world", f'"{where}" is missing.', "Add it.", position=place)
    if found["type"] == "unknown_name":
        return Diagnostic(
            "Unknown name in a world", f'"{where}": {found["msg"]}.', found["ctx"]["remedy"], position=place
        )
    message = str(found["msg"]).removeprefix("Value error, ")
    shown = (
        ""
        if isinstance(found.get("input"), Mapping | Sequence | BaseModel) and not isinstance(found.get("input"), str)
        else f" is {found.get('input')!r}"
    )
    return Diagnostic(
        "Invalid value in a world",
        f"{where}{shown}: {message}.",
        "Correct the world file.",
        position=place or Position(name),
    )


def _known() -> list[str]:
    """Return the keys of every model: a misspelt one is looked for among them all."""
    return sorted({field for model in _below(WorldModel) for field in model.model_fields})


def _below(model: type[WorldModel]) -> Iterator[type[WorldModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)
