"""Reads the sections of the resource types into resources, each with its place.

A section is a mapping of keys to attributes, or a list of rows. The rows stand in the section, or in a CSV or YAML file
that the section names. The resource type parses each declaration and reports problems. This module adds the place in
the file, and the correct name where a name is nearly right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.config.csv_columns import IGNORE
from reconciler.config.csv_reader import CsvRow
from reconciler.config.row_tables import (
    IDENTITY,
    STATE,
    STATES,
    Declaration,
    Enrolled,
    Entry,
    Table,
    csv_rows,
    declarable,
)
from reconciler.config.source_text import MAX_ERRORS, Located
from reconciler.config.yaml_reader import Node, read_yaml
from reconciler.model.abilities import Rows
from reconciler.model.diagnostics import MISSING_ATTRIBUTE, Diagnostic, Position, Problem, count, did_you_mean, nearest
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import folded

_ROW_SOURCE = ("file", "defaults", "columns")
ROW_FILES = (".csv", ".yaml")


@dataclass(slots=True)
class Declarations:
    """The declarations of all types so far."""

    valid: list[Declaration] = field(default_factory=list)
    enrolled: list[Enrolled] = field(default_factory=list)
    """The declarations in row files without a mistake."""
    invalid: dict[tuple[str, str], str] = field(default_factory=dict)
    """Keys of invalid declarations by folded address: a reference to one of them is not an error."""
    found: list[Diagnostic] = field(default_factory=list)
    is_complete: bool = True
    """False where a file could not be read: a resource that is missing may be declared in that file."""
    prefix: str = ""
    """Prefix of each file name in positions."""
    row_files: dict[str, Node] = field(default_factory=dict)
    """The row files read so far, each with the element that names it."""
    row_columns: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By CSV file: what the environment says that its columns mean (``columns``)."""


def read_section(resource_type: Managed, parts: Sequence[Node], files: Mapping[str, bytes], into: Declarations) -> None:
    """Add the declarations in the ``parts`` of a type's section; each file of the environment has one part."""
    if isinstance(resource_type, Rows):
        entries = _one_by_one(list(_rows(parts, resource_type, files, into)), resource_type, into)
    else:
        entries = _mapped(parts, resource_type, into.found)
    seen: dict[str, Located] = {}
    for entry in entries:
        name = folded(entry.key)
        first = seen.setdefault(name, entry.place)
        if first is entry.place:
            _add(resource_type, entry, into)
        else:
            into.found.append(_twice(resource_type, entry, first))


def _one_by_one(read: Sequence[Entry | Table], resource_type: Rows, into: Declarations) -> Iterator[Entry]:
    """Yield the declarations that are read one by one; the rows of files are enrolled, where nothing is wrong there."""
    rosters = {id(one): one.roster(resource_type) for one in read if isinstance(one, Table)}
    keys = [folded(one.key) for one in read if isinstance(one, Entry)]
    keys += [folded(key) for roster in rosters.values() if roster is not None for key in roster.keys]
    are_apart = len(set(keys)) == len(keys)
    for one in read:
        if isinstance(one, Entry):
            yield one
        elif are_apart and (roster := rosters[id(one)]) is not None:
            into.enrolled.append(Enrolled(roster, one.row))
        else:
            yield from one.entries()


def _add(resource_type: Managed, entry: Entry, into: Declarations) -> None:
    state, data = _state(resource_type, entry.data)
    is_end = state == "absent"
    parsed = (resource_type.parse_end if is_end else resource_type.parse)(entry.key, data)
    wrong = [] if state in STATES else [_unknown_state(entry) if resource_type.can_end else _endless()]
    if isinstance(parsed, Resource) and not wrong:
        position = entry.place.position(on_key=True)
        places = {} if isinstance(resource_type, Rows) else _places(resource_type, parsed, entry.place)
        declared = replace(parsed, position=position, places=places)
        into.valid.append(Declaration(declared, entry.place, is_end))
        return
    parsed = wrong if isinstance(parsed, Resource) else [*wrong, *parsed]
    into.invalid[resource_type.name, folded(entry.key)] = entry.key
    problems = _causes(parsed, resource_type, entry)
    into.found.extend(_located(problem, resource_type, entry) for problem in problems[:MAX_ERRORS])
    if len(problems) > MAX_ERRORS:
        detail = f"This declaration has {count(len(problems) - MAX_ERRORS, 'more error')}."
        address = str(Address(resource_type.name, entry.key))
        into.found.append(entry.place.diagnostic("More errors", detail, "Correct these first.", address=address))


def _places(resource_type: Managed, parsed: Resource, place: Located) -> dict[tuple[str, ...], Position]:
    paths = [
        (attribute.name, *inner)
        for attribute in resource_type.attributes.values()
        for _, inner in attribute.named(parsed.get(attribute.name))
    ]
    return {path: place.position(path) for path in paths}


def _state(resource_type: Managed, data: Mapping[str, object]) -> tuple[object, Mapping[str, object]]:
    """Return the state that a declaration asks for, None where its type has no end, and its other data."""
    if STATE not in data:
        return "present", data
    state = data[STATE]
    rest = {name: value for name, value in data.items() if name != STATE}
    if not resource_type.can_end:
        return None, rest
    return state.strip().lower() if isinstance(state, str) else state, rest


def _endless() -> Problem:
    detail = f'"{STATE}" has no meaning here: this is a setting of something that is not removed.'
    return Problem(
        (STATE,), "Setting has no end", detail, "Remove the declaration; the servers keep its values.", on_key=True
    )


def _unknown_state(entry: Entry) -> Problem:
    detail = f'"{STATE}" is {entry.data[STATE]!r}: it must be {" or ".join(STATES)}.'
    remedy = "Write absent to remove the object, or leave the state out."
    if isinstance(entry.place, CsvRow):
        remedy += (
            f" If the column means something else, write beside the name of the file: columns: {{{STATE}: {IGNORE}}}"
        )
    return Problem((STATE,), "Invalid value", detail, remedy)


def _causes(problems: Sequence[Problem], resource_type: Managed, entry: Entry) -> list[Problem]:
    """Return the problems without consequences of another: of a damaged cell, or of a misspelt attribute."""
    row = entry.place if isinstance(entry.place, CsvRow) else None
    damaged = row.damaged if row is not None else frozenset[str]()
    known = {*declarable(resource_type), IDENTITY}
    is_misspelt = row.table.is_misspelt if row is not None else any(name not in known for name in entry.data)
    return [
        one
        for one in problems
        if not (one.path and one.path[0] in damaged) and not (is_misspelt and one.summary == MISSING_ATTRIBUTE)
    ]


def _twice(resource_type: Managed, entry: Entry, first: Located) -> Diagnostic:
    return entry.place.diagnostic(
        "Duplicate declaration",
        f'"{entry.key}" is declared here and at {first.position((IDENTITY,), on_key=True)}.',
        "Remove one of the two, or give it another name. Names that differ only in upper and lower case are equal.",
        path=(IDENTITY,),
        on_key=True,
        address=str(Address(resource_type.name, entry.key)),
    )


def _located(problem: Problem, resource_type: Managed, entry: Entry) -> Diagnostic:
    path = problem.path
    if not path and problem.on_key:
        path = (IDENTITY,)
    return entry.place.diagnostic(
        problem.summary,
        problem.detail,
        _remedy(problem, resource_type),
        path=path,
        on_key=problem.on_key,
        address=str(Address(resource_type.name, entry.key)),
    )


def _remedy(problem: Problem, resource_type: Managed) -> str:
    """Return what to do: the advice of the type, the nearest name, or the description of the attribute."""
    if not problem.path:
        return problem.remedy or "Choose another name."
    name = str(problem.path[0])
    attribute = resource_type.attributes.get(name)
    if name == STATE:
        return problem.remedy
    if attribute is None:
        return did_you_mean(name, declarable(resource_type), otherwise=problem.remedy)
    if problem.remedy:
        return problem.remedy
    if problem.on_key:
        return f'Remove "{name}".'
    return f'Correct "{name}".{" " + attribute.doc if attribute.doc else ""}'


# --- mappings --------------------------------------------------------------------------------------------------------


def _mapped(parts: Sequence[Node], resource_type: Managed, found: list[Diagnostic]) -> Iterator[Entry]:
    for part in parts:
        if not isinstance(part.value, dict):
            detail = f'"{resource_type.section}" must be a mapping from names to attributes.'
            remedy = "Write each name with a colon after it. Indent its attributes below it."
            found.append(part.diagnostic("Invalid section", detail, remedy, on_key=True))
            continue
        for key, node in part.items():
            if not key.strip():
                found.append(node.diagnostic("Missing name", "The name is empty.", "Write a name.", on_key=True))
            elif isinstance(node.value, dict):
                yield Entry(key, node.value, node)
            elif node.value is None:
                yield Entry(key, {}, node)
            else:
                found.append(_no_mapping(node, key, resource_type))


def _no_mapping(node: Node, key: str, resource_type: Managed) -> Diagnostic:
    return node.diagnostic(
        "Invalid declaration",
        f'"{key}" must be a mapping from attributes to values.',
        f"Write its attributes below it, indented: {', '.join(declarable(resource_type)[:5])}, ...",
        on_key=True,
        address=str(Address(resource_type.name, key)),
    )


# --- rows ------------------------------------------------------------------------------------------------------------


def named_files(part: Node) -> Iterator[str]:
    """Yield the files that a list of rows names."""
    for element in part.elements():
        if isinstance(element.value, dict) and isinstance(file := element.value.get("file"), str):
            yield file


def _rows(
    parts: Sequence[Node], resource_type: Managed, files: Mapping[str, bytes], into: Declarations
) -> Iterator[Entry | Table]:
    for part in parts:
        if not isinstance(part.value, list):
            detail = f'"{resource_type.section}" must be a list.'
            remedy = 'Write "- file: NAME.csv", or a row after each "-".'
            into.found.append(part.diagnostic("Invalid section", detail, remedy, on_key=True))
        for element in part.elements():
            if isinstance(element.value, dict) and "file" in element.value:
                yield from _file_rows(element, resource_type, files, into)
            else:
                yield from _row(element, {}, resource_type, into.found)


def _row(
    node: Node, defaults: Mapping[str, object], resource_type: Managed, found: list[Diagnostic]
) -> Iterator[Entry]:
    data = node.value
    if not isinstance(data, dict):
        detail = f'An element of "{resource_type.section}" must be a mapping.'
        found.append(node.diagnostic("Invalid row", detail, f'Write "{IDENTITY}:" and the attributes of the row.'))
        return
    identity = data.get(IDENTITY)
    if not isinstance(identity, str) or not identity.strip():
        detail = f'The row has no "{IDENTITY}", so it names no resource.'
        if "file" in data:
            detail += " A row file cannot name another file."
        found.append(node.diagnostic(MISSING_ATTRIBUTE, detail, f"Add {IDENTITY}.", path=(IDENTITY,)))
        return
    yield Entry(identity.strip(), _attributes({**defaults, **data}, resource_type), node)


def _attributes(data: Mapping[str, object], resource_type: Managed) -> Mapping[str, object]:
    """Return a row without its identity, unless the type has an attribute with that name."""
    if IDENTITY in resource_type.attributes:
        return data
    return {name: value for name, value in data.items() if name != IDENTITY}


def _file_rows(
    element: Node, resource_type: Managed, files: Mapping[str, bytes], into: Declarations
) -> Iterator[Entry | Table]:
    keys = dict(element.items())
    for name, node in keys.items():
        if name not in _ROW_SOURCE:
            remedy = did_you_mean(name, _ROW_SOURCE, otherwise="To declare a row, write a separate list element.")
            into.found.append(
                node.diagnostic(
                    "Unknown key", f'An element that names a file has no key "{name}".', remedy, on_key=True
                )
            )
    defaults = _defaults(keys.get("defaults"), resource_type, into.found)
    named = _columns(keys.get("columns"), resource_type, into.found)
    file = keys["file"]
    if (known := known_file(file, files, into.found, ROW_FILES)) is None:
        into.is_complete = False
    elif (first := into.row_files.setdefault(known, file)) is not file:
        detail = f'"{known}" is named here and at {first.position()}. Each file may be named once.'
        into.found.append(file.diagnostic("Duplicate file", detail, "Remove one of the two elements."))
    elif known.lower().endswith(".csv"):
        into.row_columns[known] = named
        rows = csv_rows(into.prefix + known, files[known], defaults, resource_type, named)
        into.found.extend(rows.found)
        into.is_complete &= rows.is_complete
        yield from rows.read
    else:
        if "columns" in keys:
            detail = f'"columns" is for CSV files; "{known}" has none.'
            into.found.append(keys["columns"].diagnostic("Unknown key", detail, "Remove it.", on_key=True))
        yield from _yaml_rows(known, files[known], defaults, resource_type, into)


def _columns(node: Node | None, resource_type: Managed, found: list[Diagnostic]) -> Mapping[str, str]:
    """Return the attribute of each column that the environment gives a meaning, or ``ignore``."""
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        detail = '"columns" must be a mapping from columns of the file to attributes.'
        found.append(node.diagnostic("Invalid value", detail, "Write each column with a colon after it.", on_key=True))
        return {}
    allowed = [*declarable(resource_type), IDENTITY, IGNORE]
    named: dict[str, str] = {}
    for column, child in node.items():
        if child.value in allowed:
            named[column] = str(child.value)
        else:
            detail = f'"{column}" cannot mean {child.value!r}.'
            found.append(child.diagnostic("Unknown attribute", detail, did_you_mean(str(child.value), allowed)))
    return named


def _defaults(node: Node | None, resource_type: Managed, found: list[Diagnostic]) -> Mapping[str, object]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        detail = '"defaults" must be a mapping from attributes to values.'
        found.append(node.diagnostic("Invalid value", detail, "Write attributes below it.", on_key=True))
        return {}
    allowed = declarable(resource_type)
    for name, child in node.items():
        if name not in allowed:
            detail = f'{resource_type.name} has no attribute "{name}".'
            found.append(child.diagnostic("Unknown attribute", detail, did_you_mean(name, allowed), on_key=True))
    return {name: value for name, value in node.value.items() if name in allowed}


def _yaml_rows(
    file: str, content: bytes, defaults: Mapping[str, object], resource_type: Managed, into: Declarations
) -> Iterator[Entry]:
    root, found = read_yaml(into.prefix + file, content)
    into.found.extend(found)
    into.is_complete &= not found
    if root is None:
        return
    if not isinstance(root.value, list) or not root.value:
        detail = f"{resource_type.section} names this file for rows, but the file does not hold a list of rows."
        into.found.append(root.diagnostic("Invalid rows", detail, 'Write a row after each "-".'))
    for element in root.elements():
        yield from _row(element, defaults, resource_type, into.found)


# --- names of files --------------------------------------------------------------------------------------------------


def known_file(node: Node, files: Mapping[str, bytes], found: list[Diagnostic], endings: Sequence[str]) -> str | None:
    """Return the file of the environment that ``node`` names. Report any other name; never open it."""
    name = node.value
    if not isinstance(name, str):
        found.append(node.diagnostic("Invalid value", '"file" must be a file name.', "Write the name of a file."))
        return None
    name = name.removeprefix("./")
    if name in files and name.lower().endswith(tuple(endings)):
        return name
    is_outside = name.startswith(("/", "\\", "~")) or ":" in name or ".." in name.replace("\\", "/").split("/")
    if is_outside:
        detail = f'"{name}" lies outside the directory of the environment. reconciler reads no file there.'
        remedy = "Put the file into the directory, and write its path relative to the directory."
        found.append(node.diagnostic("File outside the environment", detail, remedy))
    elif not name.lower().endswith(tuple(endings)):
        detail = f'"{name}" has the wrong file extension.'
        found.append(node.diagnostic("Unknown file type", detail, f"Name a file that ends in {' or '.join(endings)}."))
    else:
        detail = f'The directory of the environment has no readable file "{name}".'
        stems = {other.rpartition(".")[0]: other for other in files if other.lower().endswith(tuple(endings))}
        near = nearest(name.rpartition(".")[0], stems, most=1)
        remedy = f'Did you mean "{stems[near[0]]}"?' if near else "Put the file there, or correct the name."
        found.append(node.diagnostic("Missing file", detail, remedy))
    return None
