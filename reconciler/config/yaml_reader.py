"""Reads YAML of strangers: C events in, plain text values with places out, within budgets.

PyYAML's loaders lose what we need (places, duplicate keys), change what users write (``0042`` becomes 34, ``NO``
becomes False) and can be made to crash or hang. So the tree is built here from the events of libyaml, one by one:

* A scalar is the text as written, or None where it is a plain ``null``, ``~`` or nothing. Types belong to the schema.
* Depth, nodes, lengths and bytes are counted before anything grows. Aliases, anchors, merge keys and tags are refused:
  all of them make a file mean something else than it shows.
* A key written twice is an error naming both places. As many mistakes as possible are told at once; only broken syntax
  ends the reading, since libyaml cannot go on after it.

A mark is an index into the text: an int for a scalar, for a mapping or sequence a list whose first element is its own
start, followed by (key, value) marks or element marks in order. That costs about nothing beside the events themselves.
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

from reconciler.config.source_text import MAX_TOLD, SourceText, decode, has_unseen, limited
from reconciler.model.diagnostics import Diagnostic, Position

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"
Marks: TypeAlias = "int | list[Marks]"

SAVE_AS_UTF8 = "Save the file as UTF-8."


@dataclass(frozen=True, slots=True)
class YamlBudget:
    """What one file may cost."""

    max_bytes: int = 8 * 1024 * 1024
    max_depth: int = 64
    max_nodes: int = 250_000
    max_key_length: int = 512
    max_scalar_length: int = 65_536


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file with its place."""

    source: SourceText
    value: Tree
    marks: Marks
    key_mark: int | None = None

    def position(self, path: tuple[str | int, ...] = (), *, on_key: bool = False) -> Position:
        """Return where the value at ``path`` stands, or its key; the nearest known place if there is none."""
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
        """Yield the keys and values of a mapping; nothing where it is none."""
        if isinstance(self.value, dict) and isinstance(self.marks, list):
            for number, (key, value) in enumerate(self.value.items()):
                key_mark = self.marks[2 * number + 1]
                yield (
                    key,
                    Node(self.source, value, self.marks[2 * number + 2], _start([key_mark])),
                )

    def elements(self) -> Iterator[Node]:
        """Yield the elements of a sequence; nothing where it is none."""
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
    """Return the tree of a file, its value None where it is empty, and what is wrong with it.

    There is no tree where the text cannot be read to its end. Otherwise the tree holds all that was understood, for
    more mistakes to be found in it, but it is not to be acted upon when there are errors.
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
        f"It has {size:,} bytes; a YAML file may have {budget.max_bytes:,}.",
        "Split it, or keep long lists of mailboxes in CSV.",
        position=Position(file),
    )


_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_DROPPED = object()
"""Stands for a key whose value is read and left out."""


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
        """Read all events; False where a budget ended it early.

        Raises:
            yaml.YAMLError: the text is no YAML.
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
                if self._nodes > self.budget.max_nodes or len(self.found) > 2 * MAX_TOLD:
                    return self._refused_size(event)
        finally:
            loader.dispose()

    def _rare(self, kind: type, event: Any) -> bool:
        """Take an event that is no scalar; False ends the reading."""
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            return self._open({} if kind is MappingStartEvent else [], event)
        if kind is AliasEvent:
            self._tell(
                event,
                "Alias",
                # Its name is not repeated: it may be a password that begins with the mark.
                "A text that begins with * repeats another part of the file, which is not supported.",
                "Write the value out. If it begins with *, quote it.",
            )
            self._put(None, event.start_mark.index)
        elif kind is DocumentStartEvent:
            return self._document(event)
        return True

    def _document(self, event: Any) -> bool:
        self._documents += 1
        if event.tags:
            self._tell(event, "Tag", "The file declares tags; none are supported.", "Remove the %TAG line.")
        if self._documents == 1:
            return True
        self._tell(
            event,
            "Several documents",
            "The file holds more than one YAML document: a second one begins here.",
            'Remove the line "---", or move what follows into a file of its own.',
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
            length = f"{len(value):,} characters; it may have {self.budget.max_scalar_length:,}."
            self._tell(event, "Value too long", f"The value has {length}", "Shorten it.")
            value = value[:80]
        elif has_unseen(value):
            self._tell(
                event,
                "Control character in value",
                "An escape puts a character into the value that nobody can see.",
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
            self._tell(event, "Key missing", 'There is no key before ":".', "Write one.")
        elif len(name) > self.budget.max_key_length:
            length = f"{len(name):,} characters; it may have {self.budget.max_key_length:,}."
            self._tell(event, "Key too long", f"A key has {length}", "Shorten it.")
        elif name == "<<" and event.implicit[0]:
            self._tell(event, "Merge key", '"<<" copies keys from elsewhere; not supported.', "Write the keys out.")
        elif name in self._container:
            first = self.source.position(self._key_mark(name))
            self._tell(
                event,
                "Key written twice",
                f'"{name}" stands here and at {first}. Only one of the two could count.',
                "Remove one of them.",
            )
        else:
            self._key = self._names.setdefault(name, name)

    def _key_mark(self, name: str) -> int:
        return _start([self._marks[2 * list(self._container).index(name) + 1]])

    def _put(self, value: Tree, marks: Marks) -> None:
        """Put a finished scalar, or a collection just opened, where the stream has come to."""
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
                "Key is no text",
                "A mapping, a list or an alias stands where a key belongs.",
                'Write a plain name before ":", or put braces and brackets in quotes.',
            )
        )

    def _open(self, made: Tree, event: Any) -> bool:
        self._nodes += 1
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if len(self._stack) >= self.budget.max_depth:
            self._tell(
                event,
                "Nested too deeply",
                f"More than {self.budget.max_depth} mappings and lists stand inside each other.",
                "A bracket may be left open, or this is no configuration.",
            )
            return False
        marks: list[Marks] = [event.start_mark.index]
        self._put(made, marks)
        self._stack.append((self._container, self._marks, self._key))
        self._container, self._marks, self._key = made, marks, None
        return True

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor is not None:
            detail = "A text that begins with & names a part of the file for repetition, which is not supported."
            self._tell(event, "Anchor", detail, "Remove it. If it belongs to the value, quote that.")
        if event.tag is not None:
            detail = "Values are text here; what they mean is decided by the schema."
            self._tell(event, "Tag", f"The value has a tag. {detail}", "Remove the tag; quote the text.")

    def _refused_size(self, event: Any) -> bool:
        if self._nodes > self.budget.max_nodes:
            detail = f"It holds more than {self.budget.max_nodes:,} values."
            self._tell(event, "File too large", detail, "Split it, or keep long lists of mailboxes in CSV.")
        return False

    def _tell(self, event: Any, summary: str, detail: str, remedy: str) -> None:
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
    """Return libyaml's finding in our words; it tells where it stopped, and often where the trouble began."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", "") or "it cannot be read")
    mark: Any = getattr(error, "problem_mark", None)
    begin: Any = getattr(error, "context_mark", None)
    index = min(mark.index, len(source.text)) if mark is not None else 0
    if source.text[index : index + 1] == "\t":
        return source.diagnostic(
            index, "Tab in indentation", "YAML is indented with spaces; here stands a tab.", "Use spaces instead."
        )
    context = str(getattr(error, "context", None) or "")
    detail = f"{problem[:1].upper()}{problem[1:]}"
    if context and begin is not None:
        place = source.position(min(begin.index, len(source.text)))
        detail += f", {context}, which began in line {place.line}, column {place.column}"
    remedy = next((text for start, text in _REMEDIES if start in problem), "Correct the line, or the one before it.")
    return source.diagnostic(index, "Invalid YAML", f"{detail}.", remedy)
