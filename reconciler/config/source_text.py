"""The files of an environment as values, and the decoded text of one: positions, and the lines that diagnostics show.

Both readers use it, so that they count lines alike: a line ends at LF, CRLF or CR, as in every editor. A reader keeps
an index into the text; a diagnostic turns it into line and column.

A shown line never holds a secret: ``redaction`` removes it.
"""

from __future__ import annotations

import io
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice
from typing import Protocol

from reconciler.config.redaction import section_begun, shown
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.values import EMPTY

YAML = ".yaml"
CSV = ".csv"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of an environment's directory: bytes by relative name (with ``/``), and the files not opened."""

    contents: Mapping[str, bytes]
    refused: Mapping[str, Diagnostic] = field(default_factory=lambda: EMPTY)
    """Why a file was not opened, by name."""
    prefix: str = ""
    """Prefix of each name in positions, so that users can open the file from their working directory."""


def is_read(name: str) -> bool:
    """True where a file with this relative name is part of an environment."""
    return name.lower().endswith((YAML, CSV)) and not any(part.startswith(".") for part in name.split("/"))


MAX_ERRORS = 100
"""How many errors are reported for one file."""

_LONGEST_EXCERPT = 240
_LONGEST_SECTION = 1_000
"""How many lines are searched for the section of a line: sections about connections are short."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u0085\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
    "\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, invisible line ends, and marks that change the reading direction."""


class Located(Protocol):
    """A declaration with its place in a file."""

    def position(self, path: tuple[str | int, ...] = (), *, on_key: bool = False) -> Position:
        """Return the place of the value at ``path``, or of its key; without one, the nearest known place."""

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


class SourceText:
    """A decoded file."""

    __slots__ = ("__dict__", "_known_section", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._known_section = 0, ""

    @cached_property
    def _starts(self) -> array[int]:
        starts = array("q", [0])
        starts.extend(accumulate(map(len, io.StringIO(self.text, newline=""))))
        if len(starts) > 1 and not self.text.endswith(("\n", "\r")):
            starts.pop()
        return starts

    def position(self, index: int) -> Position:
        """Return the line and column of the character at ``index``."""
        line = bisect_right(self._starts, index)
        return Position(self.file, line, index - self._starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return a line without its line end; empty where there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")

    def excerpt(self, position: Position) -> str | None:
        """Return the line at ``position`` without secrets; None where nothing of it may be shown or it is too long."""
        if position.column > _LONGEST_EXCERPT:
            return None
        above = (self.line(number)[-_LONGEST_EXCERPT:] for number in range(position.line - 1, 0, -1))
        return shown(self.line(position.line)[:_LONGEST_EXCERPT], self._section(position.line), above)

    def _section(self, number: int) -> str:
        """Return the section of a line: the nearest unindented key at or above it; empty where none is near.

        Errors are reported from top to bottom, so the search can stop at the line of the previous error.
        """
        known, found = self._known_section
        for line in range(number, max(0, number - _LONGEST_SECTION), -1):
            key = found if line == known else section_begun(self.line(line)[:_LONGEST_EXCERPT])
            if key is not None:
                found = key
                break
        else:
            found = ""
        self._known_section = number, found
        return found

    def diagnostic(self, index: int, summary: str, detail: str, remedy: str = "") -> Diagnostic:
        """Return an error about the character at ``index``."""
        return self.at(self.position(index), summary, detail, remedy)

    def at(
        self, position: Position, summary: str, detail: str, remedy: str = "", address: str | None = None
    ) -> Diagnostic:
        """Return an error at ``position`` with the line."""
        return Diagnostic(summary, detail, remedy, address=address, position=position, excerpt=self.excerpt(position))

    def unseen(self) -> tuple[Diagnostic, ...]:
        """Return an error for each character that an editor does not show."""
        return tuple(
            self.diagnostic(
                match.start(),
                "Control character in file",
                f"Editors do not show the character U+{ord(match[0]):04X}. It would become part of a name or number.",
                "Delete the character. It often comes with pasted text.",
            )
            for match in islice(_UNSEEN.finditer(self.text), MAX_ERRORS)
        )


def has_unseen(value: str) -> bool:
    """True where ``value`` holds an invisible character, such as one that an escape writes."""
    return not value.isprintable() and _UNSEEN.search(value) is not None


def decode(file: str, content: bytes, *, remedy: str) -> SourceText | Diagnostic:
    """Return the text of a UTF-8 file, with or without byte order mark, or the error.

    ``remedy`` says how to save the file as UTF-8.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        detail = "The file is in UTF-16 or UTF-32."
        return Diagnostic("File is not UTF-8", detail, remedy, position=Position(file))
    try:
        return SourceText(file, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        # The codec counts bytes after the byte order mark.
        offset = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        return _undecodable(file, content, offset, remedy)


def _undecodable(file: str, content: bytes, offset: int, remedy: str) -> Diagnostic:
    before = SourceText(file, content[:offset].decode("utf-8-sig"))
    position = before.position(len(before.text))
    line = re.split(rb"\r\n|\n|\r", content[offset : offset + _LONGEST_EXCERPT], maxsplit=1)[0]
    text = before.line(position.line) + line.decode("utf-8", "replace")
    detail = f"The byte 0x{content[offset]:02X} in line {position.line} is not valid UTF-8."
    if content[offset] >= 0x80:
        likely = content[offset : offset + 1].decode("cp1252", "replace")
        detail += f' In the older encoding Windows-1252 it is "{likely}".' if likely.isprintable() else ""
    above = before.text.removesuffix(before.line(position.line))
    excerpt = SourceText(file, above + text).excerpt(position)
    return Diagnostic("File is not UTF-8", detail, remedy, position=position, excerpt=excerpt)


class Mistakes:
    """The errors of one file: builds the first ones and counts the others.

    Building an error reads its line. A line with a million errors must not be read a million times.
    """

    __slots__ = ("_file", "_made", "_more")

    def __init__(self, file: str) -> None:
        self._file = file
        self._made: list[Diagnostic] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._made)

    def add(self, make: Callable[[], Diagnostic]) -> None:
        """Keep the error that ``make`` returns, or only count it."""
        if len(self._made) < MAX_ERRORS:
            self._made.append(make())
        else:
            self._more += 1

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return the errors, and last the number of the others."""
        return (*self._made, *([_more(self._more, self._file)] if self._more else []))


def limited(found: Iterable[Diagnostic], file: str) -> Iterator[Diagnostic]:
    """Yield the first errors of a file, and last the number of the others."""
    errors = iter(found)
    yield from islice(errors, MAX_ERRORS)
    if more := sum(1 for _ in errors):
        yield _more(more, file)


def _more(number: int, file: str) -> Diagnostic:
    detail = f"{file} has {number:,} more errors."
    return Diagnostic("More errors", detail, "Correct these first.", position=Position(file))
