"""Makes text from servers and files safe for terminals and pipelines; every view uses it.

Names and messages may be hostile. An escape sequence can change the title of a terminal or hide a line. A direction
mark can make one address look like another. A line that begins with ``::`` or holds ``##vso[`` is a command to the
agent of a pipeline. ``escape`` shows such characters as ``\\x1b`` or ``\\u202e``. All text for people passes through
``lines``. JSON output is plain ASCII.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Invisible characters that Unicode counts as letters or marks, such as the blank Braille pattern."""
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES: Final = re.compile("[^\\S ]")
_PIPELINE: Final = re.compile(r"^([^\S\n]*):(?=:)|#(?=#(?:[A-Za-z]+)?\[)", re.MULTILINE)

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(", ", ": "))


def escape(text: str) -> str:
    """Return ``text`` on one line, with control characters and invisible characters as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_drawn(character) else _escaped(character) for character in text)


def _is_drawn(character: str) -> bool:
    return unicodedata.category(character) not in _HIDDEN and not _IGNORABLE.match(character)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def lines(parts: Iterable[str]) -> str:
    """Return the lines as one text, without commands to a pipeline."""
    text = "".join(f"{part}\n" for part in parts)
    return _PIPELINE.sub(_disarmed, text) if "::" in text or "##" in text else text


def _disarmed(match: re.Match[str]) -> str:
    return "\\x23" if match[0] == "#" else f"{match[1]}\\x3a"


def to_second(time: str) -> str:
    """Return an ISO 8601 time to the second; return another text unchanged."""
    try:
        return datetime.fromisoformat(time).isoformat(timespec="seconds").replace("+00:00", "Z")
    except ValueError:
        return time


def to_json(value: object) -> str:
    """Return the value as JSON on one line, in printable ASCII."""
    return _ENCODER.encode(value).replace("\x7f", "\\u007f")


# --- widths ----------------------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """Return the width of escaped ``text`` in columns of a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """Return ``text`` filled with spaces up to ``columns``."""
    return text + " " * (columns - width(text))


def shorten(text: str, columns: int, *, mark: str = "...") -> str:
    """Return the start of ``text`` that fits into ``columns``, with ``mark`` where text was cut."""
    if width(text) <= columns:
        return text
    room, kept = columns - width(mark), []
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + mark


def wrap(text: str, columns: int) -> list[str]:
    """Return the words of ``text`` on lines of at most ``columns``; a longer word has its own line."""
    made: list[str] = []
    line, used = "", 0
    for word in _SPACES.sub(" ", text).split(" "):
        size = width(word)
        if line and used + 1 + size > columns:
            made.append(line)
            line, used = word, size
        else:
            line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
    return [*made, line] if line or not made else made


def hang(head: str, text: str, columns: int, *, indent: int) -> list[str]:
    """Return ``head`` and ``text`` on lines of at most ``columns``; the text stays in its column if there is room.

    Args:
        indent: of the text where the head takes more than half of the columns.
    """
    start = width(head)
    if start + width(text) <= columns:
        return [head + text]
    if start > columns // 2:
        return [head.rstrip(), *(f"{' ' * indent}{line}" for line in wrap(text, columns - indent))]
    first, *rest = wrap(text, columns - start)
    return [head + first, *(f"{' ' * start}{line}" for line in rest)]


def command_line(*words: str | Path, connections: Path | None = None) -> str:
    """Return a ``reconciler`` command, quoted for the shell of this system.

    A path that begins with a dash gets ``./`` before it, so that it is not read as an option.

    Args:
        connections: the file of pinned connections of this environment.
    """
    pinned = [] if connections is None else [f"--connections={connections}"]
    return joined("reconciler", *pinned, *words)


def joined(*words: str | Path) -> str:
    """Return the words, quoted for the shell of this system."""
    plain = [_path(word) if isinstance(word, Path) else word for word in words]
    return subprocess.list2cmdline(plain) if sys.platform == "win32" else shlex.join(plain)


def _path(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)
