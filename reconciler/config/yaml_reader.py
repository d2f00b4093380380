"""Reads untrusted YAML within size limits: builds text values with their places from the events of libyaml.

PyYAML's loaders lose places and duplicate keys, change values (``0042`` becomes 34, ``NO`` becomes False), and a
hostile file can make them crash or hang. So this module builds the tree itself:

* A scalar is the text as written, or None for a plain ``null``, ``~`` or nothing. The schema decides its type.
* Depth, nodes, lengths and bytes are limited before the tree grows. Aliases, anchors, merge keys and tags are errors,
  because they give a file a meaning that it does not show.
* A duplicate key is an error that names both places. All errors are reported together, except a syntax error: libyaml
  cannot continue after it.

A mark is an index into the text. A scalar has an int. A mapping or sequence has a list: its own start, then the marks
of its keys and values, or of its elements, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.config.source_text import MAX_ERRORS, SourceText, decode, has_unseen, limited
from reconciler.model.diagnostics import Diagnostic, Position

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"
Marks: TypeAlias = "int | list[Marks]"

SAVE_AS_UTF8 = "Save the file as UTF-8."


@dataclass(frozen=True, slots=True)
class YamlBudget:
    """The limits for one file."""

    max_bytes: int = 8 * 1024 * 1024
    max_depth: int = 64
    max_nodes: int = 250_000
    max_key_length: int = 512
    max_scalar_length: int = 65_536


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a YAML file with its place."""

    source: SourceText
    value: Tree
    marks: Marks
    key_mark: int | None = None

    def position(self, path: tuple[str | int, ...] = (), *, on_key: bool = False) -> Position:
        """Return the place of the value at ``path``, or of its key; without one, the nearest known place."""
        return self.source.position(self._mark(path, on_key))

    def _mark(self, path: tuple[str | int, ...], on_key: bool) -> int:
        value, marks, key = self.value, self.marks, self.key_mark
        for part in path:
            step = _step(value, marks, part)
            if step is None:
                break
            value, marks, key = step
        if on_key and key is not None:
            return key
        return marks if isinstance(marks, int) else _start(marks)

    def diagnostic(
        self,
        summary: str,
        detail: str,
        remedy: str = "",
        *,
        path: tuple[str | int, ...] = (),
        on_key: bool = False,
        address: str | None = None,
    ) -> Diagnostic:
        """Return an error at ``path``."""
        return self.source.at(self.position(path, on_key=on_key), summary, detail, remedy, address)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys and values of a mapping; nothing for another value."""
        if isinstance(self.value, dict) and isinstance(self.marks, list):
            for number, (key, value) in enumerate(self.value.items()):
                key_mark, mark = self.marks[2 * number + 1 : 2 * number + 3]
                yield key, Node(self.source, value, mark, _start([key_mark]))

    def elements(self) -> Iterator[Node]:
        """Yield the elements of a sequence; nothing for another value."""
        if isinstance(self.value, list) and isinstance(self.marks, list):
            for value, marks in zip(self.value, self.marks[1:], strict=True):
                yield Node(self.source, value, marks)


def _start(marks: list[Marks]) -> int:
    first = marks[0]
    return first if isinstance(first, int) else _start(first)


def _step(value: Tree, marks: Marks, part: str | int) -> tuple[Tree, Marks, int | None] | None:
    if not isinstance(marks, list):
        return None
    if isinstance(value, dict) and part in value:
        number = list(value).index(str(part))
        return value[str(part)], marks[2 * number + 2], _start([marks[2 * number + 1]])
    if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
        return value[part], marks[part + 1], None
    return None


def read_yaml(
    file: str, content: bytes, budget: YamlBudget | None = None
) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Return the tree of a file and its errors; the value of an empty file is None.

    A file with a syntax error has no tree. With other errors the tree holds the valid parts, so that later checks can
    find more errors; nothing else may use it.
    """
    budget = budget or YamlBudget()
    if len(content) > budget.max_bytes:
        return None, (_too_large(file, len(content), budget),)
    source = decode(file, content, remedy=SAVE_AS_UTF8)
    if isinstance(source, Diagnostic):
        return None, (source,)
    if unseen := source.unseen():
        return None, unseen
    builder = _Builder(source, budget)
    try:
        complete = builder.read()
    except yaml.YAMLError as error:
        complete = False
        builder.found.append(_syntax_error(source, error))
    root = Node(source, builder.root, builder.root_marks) if complete else None
    return root, tuple(limited(builder.found, file))


def _too_large(file: str, size: int, budget: YamlBudget) -> Diagnostic:
    return Diagnostic(
        "File too large",
        f"The file has {size:,} bytes. The limit for a YAML file is {budget.max_bytes:,}.",
        "Split the file, or keep long lists in CSV.",
        position=Position(file),
    )


_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_DROPPED = object()
"""The key of a value that is read and dropped."""


class _Builder:
    """Builds the tree from events. ``container`` and ``marks`` are the innermost open mapping or sequence."""

    def __init__(self, source: SourceText, budget: YamlBudget) -> None:
        self.source = source
        self.budget = budget
        self.found: list[Diagnostic] = []
        self.root: Tree = None
        self.root_marks: Marks = 0
        self._container: Any = None
        self._marks: list[Marks] = []
        self._key: Any = None
        self._stack: list[tuple[Any, list[Marks], Any]] = []
        self._nodes = 0
        self._documents = 0
        self._names: dict[str, str] = {}

    def read(self) -> bool:
        """Read all events; False where a limit ended the reading.

        Raises:
            yaml.YAMLError: the text is not YAML.
        """
        loader = yaml.CSafeLoader(self.source.text)
        next_event = loader.get_event
        try:
            while True:
                event: Any = next_event()
                kind = event.__class__
                if kind is ScalarEvent:
                    self._scalar(event)
                elif kind is MappingEndEvent or kind is SequenceEndEvent:
                    self._container, self._marks, self._key = self._stack.pop()
                elif kind is StreamEndEvent:
                    return True
                elif not self._rare(kind, event):
                    return False
                if self._nodes > self.budget.max_nodes or len(self.found) > 2 * MAX_ERRORS:
                    return self._refused_size(event)
        finally:
            loader.dispose()

    def _rare(self, kind: type, event: Any) -> bool:
        """Process an event other than a scalar; False ends the reading."""
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            return self._open({} if kind is MappingStartEvent else [], event)
        if kind is AliasEvent:
            self._report(
                event,
                "Alias",
                # The message hides the name: it may be a password that begins with "*".
                "A text that begins with * is an alias of another part. reconciler does not support aliases.",
                "Write the value in full. If the value begins with *, quote it.",
            )
            self._put(None, event.start_mark.index)
        elif kind is DocumentStartEvent:
            return self._document(event)
        return True

    def _document(self, event: Any) -> bool:
        self._documents += 1
        if event.tags:
            self._report(
                event, "Tag", "The file declares tags. reconciler does not support tags.", "Remove the %TAG line."
            )
        if self._documents == 1:
            return True
        self._report(
            event,
            "Several documents",
            "The file holds more than one YAML document. The second one begins here.",
            'Remove the line "---", or move the second document to another file.',
        )
        return False

    def _scalar(self, event: Any) -> None:
        value = event.value
        mark = event.start_mark.index
        self._nodes += 1
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if value in _NULLS and event.implicit[0]:
            value = None
        elif len(value) > self.budget.max_scalar_length:
            length = f"{len(value):,} characters. The limit is {self.budget.max_scalar_length:,}."
            self._report(event, "Value too long", f"The value has {length}", "Shorten it.")
            value = value[:80]
        elif has_unseen(value):
            self._report(
                event,
                "Control character in value",
                "An escape puts an invisible character into the value.",
                "Remove the escape.",
            )
        container = self._container
        if container.__class__ is dict and self._key is None:
            self._begin_key(value, event)
            self._marks.append(mark)
        else:
            self._put(value, mark)

    def _begin_key(self, name: str | None, event: Any) -> None:
        self._key = _DROPPED
        if name is None:
            self._report(event, "Missing key", 'There is no key before ":".', "Write a key.")
        elif len(name) > self.budget.max_key_length:
            length = f"{len(name):,} characters. The limit is {self.budget.max_key_length:,}."
            self._report(event, "Key too long", f"The key has {length}", "Shorten it.")
        elif name == "<<" and event.implicit[0]:
            self._report(
                event, "Merge key", 'reconciler does not support "<<" (copied keys).', "Write the keys in full."
            )
        elif name in self._container:
            first = self.source.position(self._key_mark(name))
            self._report(
                event,
                "Duplicate key",
                f'"{name}" stands here and at {first}. Only one of them can be valid.',
                "Remove one of the two.",
            )
        else:
            self._key = self._names.setdefault(name, name)

    def _key_mark(self, name: str) -> int:
        return _start([self._marks[2 * list(self._container).index(name) + 1]])

    def _put(self, value: Tree, marks: Marks) -> None:
        """Add a scalar, or a collection that just began, to the open collection."""
        container = self._container
        if container is None:
            self.root, self.root_marks = value, marks
        elif container.__class__ is list:
            container.append(value)
            self._marks.append(marks)
        elif self._key is None:
            self._complex_key(marks)
        else:
            if self._key is _DROPPED:
                self._marks.pop()
            else:
                container[self._key] = value
                self._marks.append(marks)
            self._key = None

    def _complex_key(self, marks: Marks) -> None:
        self._key = _DROPPED
        self._marks.append(marks)
        self.found.append(
            self.source.diagnostic(
                marks if isinstance(marks, int) else _start(marks),
                "Invalid key",
                "The key is a mapping, a list or an alias. It must be text.",
                'Write a name before ":". Put braces and brackets of a text in quotes.',
            )
        )

    def _open(self, made: Tree, event: Any) -> bool:
        self._nodes += 1
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if len(self._stack) >= self.budget.max_depth:
            self._report(
                event,
                "Nested too deeply",
                f"More than {self.budget.max_depth} mappings and lists are nested.",
                "Close the open bracket, or correct the indentation.",
            )
            return False
        marks: list[Marks] = [event.start_mark.index]
        self._put(made, marks)
        self._stack.append((self._container, self._marks, self._key))
        self._container, self._marks, self._key = made, marks, None
        return True

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor is not None:
            detail = "A text that begins with & is an anchor for aliases. reconciler does not support anchors."
            self._report(event, "Anchor", detail, "Remove it. If the value begins with &, quote the value.")
        if event.tag is not None:
            self._report(event, "Tag", "The value has a tag. reconciler does not support tags.", "Remove the tag.")

    def _refused_size(self, event: Any) -> bool:
        if self._nodes > self.budget.max_nodes:
            detail = f"The file holds more than {self.budget.max_nodes:,} values."
            self._report(event, "File too large", detail, "Split the file, or keep long lists in CSV.")
        return False

    def _report(self, event: Any, summary: str, detail: str, remedy: str) -> None:
        self.found.append(self.source.diagnostic(event.start_mark.index, summary, detail, remedy))


_REMEDIES = (
    ("found character that cannot start", 'Put the value in quotes: it begins with "@", "`", "%" or a tab.'),
    ("mapping values are not allowed", 'Put the value in quotes if it holds ": ", or correct the indentation.'),
    ("could not find expected ':'", 'Write ":" and a space after the key, or close the quote or bracket before it.'),
    ("did not find expected <document start>", "Correct the indentation, or remove the stray text."),
    ("did not find expected '-' indicator", 'Start each element with "-", all at the same column.'),
    ("did not find expected key", "Correct the indentation; keys of one mapping start at the same column."),
    ("did not find expected ',' or ']'", 'Write "," between the elements and "]" after the last.'),
    ("did not find expected ',' or '}'", 'Write "," between the keys and "}" after the last.'),
    ("unexpected end of stream", "Close the quote."),
    ("unknown escape character", 'Write "\\\\" for a backslash, or use single quotes.'),
)


def _syntax_error(source: SourceText, error: yaml.YAMLError) -> Diagnostic:
    """Return the error of libyaml as a diagnostic, with the place where the wrong part began, where it is known."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", "") or "it cannot be read")
    mark: Any = getattr(error, "problem_mark", None)
    begin: Any = getattr(error, "context_mark", None)
    index = min(mark.index, len(source.text)) if mark is not None else 0
    if source.text[index : index + 1] == "\t":
        return source.diagnostic(
            index, "Tab in indentation", "The indentation holds a tab. YAML allows only spaces there.", "Use spaces."
        )
    context = str(getattr(error, "context", None) or "")
    detail = f"{problem[:1].upper()}{problem[1:]}"
    if context and begin is not None:
        place = source.position(min(begin.index, len(source.text)))
        detail += f", {context} that began in line {place.line}, column {place.column}"
    remedy = next((text for start, text in _REMEDIES if start in problem), "Correct the line, or the one before it.")
    return source.diagnostic(index, "Invalid YAML", f"{detail}.", remedy)
