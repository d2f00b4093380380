"""The text of a file the user wrote: decoded, with places and the lines that diagnostics show.

Both readers work on it, so that a line is counted alike everywhere: it ends at LF, CRLF or CR, as in every editor. What
a reader keeps of a place is an index into the text; line and column are counted when something is told.

A shown line never holds a secret: ``redaction`` says what of it may be seen.
"""

from __future__ import annotations

import difflib
import io
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate, islice
from typing import Protocol

from reconciler.config.redaction import section_begun, shown
from reconciler.model.diagnostics import Diagnostic, Position

MAX_TOLD = 100
"""Of one file, how many mistakes in its form are told."""

_LONGEST_EXCERPT = 240
_LONGEST_SECTION = 1_000
"""Lines in which the key is looked for that a line belongs to: sections about connections are short."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u0085\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
    "\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, line ends that editors do not show as such, marks that turn the direction of reading."""


class Located(Protocol):
    """A declaration with the file it stands in."""

    def position(self, path: tuple[str | int, ...] = (), *, on_key: bool = False) -> Position:
        """Return where the value at ``path`` stands, or its key; the nearest known place if there is none."""

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
        """Return a line without its end; empty where there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")

    def excerpt(self, position: Position) -> str | None:
        """Return the line at ``position`` as it may be shown; None where it is too long for its place to be seen."""
        if position.column > _LONGEST_EXCERPT:
            return None
        above = (self.line(number)[-_LONGEST_EXCERPT:] for number in range(position.line - 1, 0, -1))
        return shown(self.line(position.line)[:_LONGEST_EXCERPT], self._section(position.line), above)

    def _section(self, number: int) -> str:
        """Return the key without indentation that a line stands at or below; empty where it is not near.

        Mistakes are told from above to below, so that the search ends where the one before began.
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
        """Return an error at ``position``, with its line."""
        return Diagnostic(summary, detail, remedy, address=address, position=position, excerpt=self.excerpt(position))

    def unseen(self) -> tuple[Diagnostic, ...]:
        """Return an error for each character that a reader of the file would not see."""
        return tuple(
            self.diagnostic(
                match.start(),
                "Control character in file",
                f"The character U+{ord(match[0]):04X} does not show in an editor and would become part of a name"
                " or number.",
                "Delete the character; often it came with text pasted from elsewhere.",
            )
            for match in islice(_UNSEEN.finditer(self.text), MAX_TOLD)
        )


def has_unseen(value: str) -> bool:
    """True where ``value`` holds a character of the kind that no file may hold, as an escape can write it."""
    return not value.isprintable() and _UNSEEN.search(value) is not None


def decode(file: str, content: bytes, *, remedy: str) -> SourceText | Diagnostic:
    """Return the text of a file in UTF-8, with or without byte order mark; or why it is none.

    ``remedy`` tells how to save such a file as UTF-8.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        detail = "The file is in UTF-16 or UTF-32."
        return Diagnostic("File is not UTF-8", detail, remedy, position=Position(file))
    try:
        return SourceText(file, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        # The codec with a signature counts from behind it.
        offset = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        return _undecodable(file, content, offset, remedy)


def _undecodable(file: str, content: bytes, offset: int, remedy: str) -> Diagnostic:
    before = SourceText(file, content[:offset].decode("utf-8-sig"))
    position = before.position(len(before.text))
    line = re.split(rb"\r\n|\n|\r", content[offset : offset + _LONGEST_EXCERPT], maxsplit=1)[0]
    text = before.line(position.line) + line.decode("utf-8", "replace")
    detail = f"The byte 0x{content[offset]:02X} in line {position.line} is no UTF-8."
    if content[offset] >= 0x80:
        likely = content[offset : offset + 1].decode("cp1252", "replace")
        detail += f' In Windows-1252, an older encoding, it is "{likely}".' if likely.isprintable() else ""
    above = before.text.removesuffix(before.line(position.line))
    excerpt = SourceText(file, above + text).excerpt(position)
    return Diagnostic("File is not UTF-8", detail, remedy, position=position, excerpt=excerpt)


def nearest(word: str, choices: Iterable[str], *, count: int = 3) -> tuple[str, ...]:
    """Return the choices that ``word`` may have been meant for, the likeliest first."""
    by_folded = {choice.casefold(): choice for choice in choices}
    folded = word.casefold()
    found = difflib.get_close_matches(folded, by_folded, n=count, cutoff=0.6)
    inside = sorted(choice for choice in by_folded if min(len(folded), len(choice)) > 3 and _is_part(folded, choice))
    return tuple(by_folded[name] for name in dict.fromkeys([*found, *inside]))[:count]


def _is_part(one: str, other: str) -> bool:
    return one in other or other in one


def did_you_mean(word: str, choices: Iterable[str], *, otherwise: str = "") -> str:
    """Return the remedy for a word that is none of ``choices``; they are listed where nothing is near."""
    known = sorted(choices)
    if near := nearest(word, known, count=1):
        return f'Did you mean "{near[0]}"?' + (f" {otherwise}" if otherwise else "")
    if not known:
        return otherwise
    return f"Use one of: {', '.join(known[:20])}{', ...' if len(known) > 20 else ''}."


class Mistakes:
    """The mistakes of one file: the first are made, of the others only the number is kept.

    A mistake costs a look at its line, so a line of a million mistakes must not be looked at a million times.
    """

    __slots__ = ("_file", "_made", "_more")

    def __init__(self, file: str) -> None:
        self._file = file
        self._made: list[Diagnostic] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._made)

    def add(self, make: Callable[[], Diagnostic]) -> None:
        """Keep the mistake that ``make`` returns, or count it."""
        if len(self._made) < MAX_TOLD:
            self._made.append(make())
        else:
            self._more += 1

    def told(self) -> tuple[Diagnostic, ...]:
        """Return the mistakes, and last how many more there are."""
        return (*self._made, *([_more(self._more, self._file)] if self._more else []))


def limited(found: Iterable[Diagnostic], file: str) -> Iterator[Diagnostic]:
    """Yield the first mistakes of a file, and how many more there are."""
    told = iter(found)
    yield from islice(told, MAX_TOLD)
    if more := sum(1 for _ in told):
        yield _more(more, file)


def _more(number: int, file: str) -> Diagnostic:
    return Diagnostic("More mistakes", f"{number:,} more in {file}.", "Correct these first.", position=Position(file))
