"""Adds declarations to the files of an environment, and leaves every byte that is there as it is.

A declaration is inserted after the last one of its section; a row is appended to a CSV file that has its columns. So
comments, order and spelling of the files stay, which no YAML library that writes a file anew keeps whole. Where a
section has no block that can be continued, the declaration goes to another file: a section may stand in several.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.config.csv_header import CsvTable
from reconciler.config.csv_reader import read_csv
from reconciler.config.environment import load
from reconciler.config.row_tables import columns_for
from reconciler.config.source_text import CSV, YAML, Files
from reconciler.config.trust import Pinned
from reconciler.config.written import as_yaml
from reconciler.config.yaml_reader import Node, read_yaml
from reconciler.export.describe import Description, describe
from reconciler.export.export import Export, differing, refusals
from reconciler.export.render import BETWEEN, Section, csv_lines, file_of
from reconciler.model.abilities import Rows
from reconciler.model.diagnostics import Diagnostic, has_errors
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, ResourceType, declared_types
from reconciler.model.resources import Address
from reconciler.plan.checks import unreadable

_BOM: Final = "\ufeff"
_TRIALS: Final = 5


def extend(
    types: Sequence[ResourceType],
    landscape: Landscape,
    files: Files,
    only: Collection[Address],
    *,
    in_full: bool = False,
    pinned: Pinned | None = None,
) -> Export:
    """Return the changed and the new files of an environment that also declares the objects ``only``.

    Args:
        landscape: everything that was read, with the declarations of the files and the state.
        files: the files of the environment.
        pinned: the connections that replace those in the files.
    """
    refused: dict[Address, Diagnostic] = {}
    before, _ = load(files, types, pinned=pinned)
    assert before is not None
    worlds = {name for name in (before.simulator, pinned and pinned.world_within) if name}
    for _ in range(_TRIALS):
        description = describe(types, landscape, in_full=in_full, only=only, refused=refused)
        found: Sequence[Diagnostic] = ()
        for is_continued in (True, False):
            additions = _Additions(files, worlds, before.row_columns, is_continued=is_continued)
            additions.add(declared_types(types), description)
            contents = additions.changed()
            loaded, found = load(Files({**files.contents, **contents}), types, pinned=pinned)
            # They differ where, for example, the ``defaults`` of a CSV file fill a cell.
            if loaded is not None and not differing(types, description, loaded, before.declared):
                return Export(contents, description, tuple(unreadable(landscape)))
        refused |= refusals(description, found)
    raise AssertionError("the files cannot be extended")


@dataclass(slots=True)
class _Additions:
    """The files, with what was added so far."""

    files: Files
    worlds: Collection[str]
    """Files that describe a simulated estate: their sections have other meanings."""
    row_columns: Mapping[str, Mapping[str, str]]
    """The CSV files that the environment names, each with what it says of their columns."""
    is_continued: bool
    """False: put everything into new files."""
    _texts: dict[str, str] = field(default_factory=dict)
    _new: dict[str, str] = field(default_factory=dict)
    """The new YAML files, by the names that they would have if those were free."""

    def changed(self) -> Mapping[str, bytes]:
        return {name: text.encode() for name, text in self._texts.items()}

    def add(self, kinds: Sequence[Managed], description: Description) -> None:
        for kind in kinds:
            section = Section.of(kind, description, with_comments=False)
            lines = [*section.entry_lines()]
            if section.has_rows and not self._append_rows(section):
                name = self._free_name(str(kind.section), CSV)
                self._texts[name] = section.csv_text()
                lines = [f"  - file: {as_yaml(name)}", *lines]
            if lines:
                self._add_lines(kind, lines, file_of(kind, kinds))

    # --- YAML --------------------------------------------------------------------------------------------------------

    def _add_lines(self, kind: Managed, lines: Sequence[str], preferred: str) -> None:
        """Add the lines of declarations, indented by two, to a section in a file, or to a new file."""
        for name, text in self._documents():
            block = _block(kind, name, text) if self.is_continued else None
            if block is not None:
                self._texts[name] = _inserted(text, block, lines, is_mapping=not isinstance(kind, Rows))
                return
        name = preferred
        if not (self.is_continued and _can_follow(name, dict(self._documents()).get(name))):
            name = self._new.get(preferred) or self._free_name(_stem(preferred), YAML)
            self._new[preferred] = name
        text = self._text(name)
        before = [text.rstrip("\r\n"), ""] if text else []
        self._texts[name] = _ending(text).join([*before, f"{kind.section}:", *lines, ""])

    def _documents(self) -> Iterator[tuple[str, str]]:
        """Yield the YAML files that hold sections, each as it is by now."""
        for name in sorted({*self.files.contents, *self._texts}):
            if name.lower().endswith(YAML) and name not in self.worlds:
                yield name, self._text(name)

    def _text(self, name: str) -> str:
        return self._texts[name] if name in self._texts else self.files.contents.get(name, b"").decode("utf-8")

    def _free_name(self, stem: str, ending: str) -> str:
        taken = {name.lower() for name in (*self.files.contents, *self.files.refused, *self._texts)}
        names = (f"{stem}{'' if number == 1 else f'-{number}'}{ending}" for number in range(1, len(taken) + 2))
        return next(name for name in names if name.lower() not in taken)

    # --- CSV ---------------------------------------------------------------------------------------------------------

    def _append_rows(self, section: Section) -> bool:
        """Append the rows to a CSV file of the section that has their columns; False where there is none."""
        needed = {*section.columns()}
        for name in sorted(self.row_columns) if self.is_continued else ():
            table = self._table(section.kind, name)
            if table is None or not needed <= set(table.columns):
                continue
            text = self._text(name)
            ending, between = _ending(text), "|" if table.delimiter == ";" else BETWEEN
            rows = section.cells(table.columns, between)
            start = text if text.endswith(("\n", "\r")) else text + ending
            self._texts[name] = start + csv_lines(rows, table.delimiter, ending)
            return True
        return False

    def _table(self, kind: Managed, name: str) -> CsvTable | None:
        columns = columns_for(kind, self.row_columns[name])
        rows, found = read_csv(name, self.files.contents[name], columns)
        return rows[0].table if rows and not has_errors(found) else None


# --- the text of a section -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Block:
    """The block of a section: where it ends in the text, and the indentation of its entries."""

    end: int
    indent: int


def _root(name: str, text: str) -> Node | None:
    root, found = read_yaml(name, text.encode())
    return root if not found and root is not None and isinstance(root.value, dict) else None


def _block(kind: Managed, name: str, text: str) -> _Block | None:
    """Return the block of a type's section in a file; None where there is none that can be continued."""
    root = _root(name, text)
    shift = len(_BOM) if text.startswith(_BOM) else 0
    sections = dict(root.items()) if root is not None else {}
    node = sections.get(kind.section or "")
    if node is None or not isinstance(node.value, list if isinstance(kind, Rows) else dict) or not node.value:
        return None
    starts = sorted(one.key_mark + shift for one in sections.values() if one.key_mark is not None)
    own = (node.key_mark or 0) + shift
    following = next((start for start in starts if start > own), len(text))
    first = next(node.elements()) if isinstance(kind, Rows) else next(iter(node.items()))[1]
    begin = _line_start(text, first.position(on_key=True).line)
    line = text[begin:].partition("\n")[0]
    bare = line.lstrip(" ")
    if (
        begin <= own
        or (isinstance(kind, Rows) and not bare.startswith("- "))
        or not text[:own].endswith(("", "\n", _BOM)[own > 0 :])
    ):
        return None  # in braces, or on the line of its key
    return _Block(_content_end(text, own, following), len(line) - len(bare))


def _line_start(text: str, number: int) -> int:
    """Return where a line begins, counted from 1."""
    start = 0
    for _ in range(number - 1):
        start = text.index("\n", start) + 1
    return start


def _content_end(text: str, start: int, end: int) -> int:
    """Return where the last line of a section ends; comments that are not indented belong to what follows."""
    last = at = start
    for line in text[start:end].splitlines(keepends=True):
        at += len(line)
        if line.strip() and (line[0] == " " or not line.startswith("#")):
            last = at
    return last


def _inserted(text: str, block: _Block, lines: Sequence[str], *, is_mapping: bool) -> str:
    """Return the text with lines at the end of a block, spaced as the block is."""
    ending = _ending(text)
    head, tail = text[: block.end], text[block.end :]
    is_spaced = is_mapping and f"{ending}{ending}{' ' * block.indent}" in head[-4000:]
    shown = [" " * block.indent + line[2:] if line else "" for line in lines]
    start = head if head.endswith(("\n", "\r")) else head + ending
    return start + (ending if is_spaced else "") + ending.join([*shown, ""]) + tail


def _can_follow(name: str, text: str | None) -> bool:
    """True where another section can stand at the end of a file."""
    root = _root(name, text) if text else None
    return root is not None and text is not None and not text.lstrip(_BOM).lstrip().startswith("{")


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _stem(name: str) -> str:
    return name.removesuffix(YAML)
