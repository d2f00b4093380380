"""Which part of a line that a user wrote may be shown: never the value of a secret, also where its key is misspelt.

A mistake in a file is told with its line, and a literal password is one of these mistakes. So what follows a key for
secrets is left out unless it is a reference; a key counts as one if it nearly is. In the sections about connections
what may be shown is listed instead: the values of their own keys, and nothing else.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

LONGEST_LOOK: Final = 50
"""Lines that are looked at, before one, for what it belongs to."""

HIDDEN: Final = "***"

_SECRET_NAME = re.compile(
    r"pa?s+[ _-]?w|passphrase|passcode|pwd|secret|token|credential|api_?key|private_?key|kennwort|contrase|mot_de_passe"
    r"|(?:\b|_)pin(?:_?code)?(?:\b|$)|(?:\b|_)pw(?:\b|_)",
    re.IGNORECASE,
)
_SECRET_WORDS: Final = ("password", "passphrase", "secret", "credential", "credentials", "kennwort")
_NEAR: Final = 0.75
_LONGEST_NAME: Final = 64
_MOST_NAMES: Final = 200
_KEY = re.compile(r"""(?P<key>"[^"\n]*"|'[^'\n]*'|[^\s"'{}\[\],:=#&*!|>%@`-][^\s"'{}\[\],:=]*)\s*[:=]\s*""")
_REFERENCE = re.compile(
    r"""(?P<whole>(["']?)(?:env:[A-Za-z_]\w*|(?:file|keyring):[^\s"',}]+)\2)\s*(?:[,}\]#].*)?\Z""", re.ASCII
)
_ACCOUNT_IN_URL = re.compile(r"(?<=://)[^/\s@]*@")
_SECTION = re.compile(r"""(?P<key>["']?[A-Za-z_]{1,64}["']?)\s*:""")

_SECTIONS: Final = ("connections", "secrets")
_CONTAINERS: Final = frozenset({"connections", "exchange", "lync", "hosts"})
_PLAIN: Final = frozenset(
    {"adapter", "auth", "ca", "certificate", "certificate_key", "delegate", "host", "port", "simulator", "tls", "user"}
)
"""Keys of connections whose values are no secrets."""
_FIT_TO_SHOW = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
"""A key of a connection, or the name of a host; else it may be a secret out of its place."""


def is_secret_name(name: str) -> bool:
    """True where a key or a column of this name holds secrets, or nearly has the name of one."""
    return _SECRET_NAME.search(name) is not None or _is_near(name)


def has_secret_name(names: Sequence[str]) -> bool:
    """True where one of many names is one for secrets; of so many, only the first are compared letter by letter."""
    return any(map(_SECRET_NAME.search, names)) or any(map(_is_near, names[:_MOST_NAMES]))


def _is_near(name: str) -> bool:
    words = [word for word in re.split(r"[\W_\d]+", name[:_LONGEST_NAME].casefold()) if len(word) > 3]
    return any(difflib.get_close_matches(word, _SECRET_WORDS, n=1, cutoff=_NEAR) for word in words)


def without_secret(line: str) -> str:
    """Return a line without what follows a key for secrets, unless that is a reference."""
    line = _ACCOUNT_IN_URL.sub(f"{HIDDEN}@", line)
    for name, _, start in _keys(line):
        if is_secret_name(name) and not _is_harmless(line[start:]):
            return line[:start] + HIDDEN
    return line


def section_begun(line: str) -> str | None:
    """Return the key without indentation that a line begins with; None where it is a part of what began above."""
    match = _SECTION.match(line)
    return match["key"].strip("\"'") if match else None


def may_be_shown(key: str) -> bool:
    """True where a key of a connection, known or not, is no secret that slipped out of place."""
    return _FIT_TO_SHOW.fullmatch(key) is not None


def shown(line: str, section: str, before: Iterable[str]) -> str | None:
    """Return a line as it may be shown, None where nothing of it may be.

    ``section`` is the key without indentation that it stands at or below; ``before`` yields the lines above, upwards.
    """
    if _continues_secret(line, before):
        return None
    is_connection = bool(difflib.get_close_matches(section, _SECTIONS, n=1, cutoff=_NEAR))
    return _of_connections(line) if is_connection else without_secret(line)


def _continues_secret(line: str, before: Iterable[str]) -> bool:
    """True where an earlier line opens a secret whose value goes on in deeper lines."""
    own = _indent(line)
    if not own:
        return False
    deeper = (text for text in islice(before, LONGEST_LOOK) if text.strip() and not text.lstrip().startswith("#"))
    nearest = next((text for text in deeper if _indent(text) < own), "")
    return any(is_secret_name(name) and not _REFERENCE.match(nearest[start:]) for name, _, start in _keys(nearest))


def _of_connections(line: str) -> str | None:
    """Return a line of a section about connections up to the first value that may be a secret."""
    line = _ACCOUNT_IN_URL.sub(f"{HIDDEN}@", line)
    keys = [*_keys(line)]
    for name, begin, start in keys:
        value = line[start:].strip()
        if not may_be_shown(name):
            return line[:begin] + HIDDEN
        if name in _PLAIN or (name == "password" and _REFERENCE.match(value)):
            continue
        is_container = name in _CONTAINERS or "." in name
        if value and not value.startswith("#") and not (is_container and value.startswith("{")):
            return line[:start] + HIDDEN
    return line if keys else None


def _keys(line: str) -> Iterator[tuple[str, int, int]]:
    """Yield the keys of a line, each with the places where it and its value begin."""
    start = 0
    while match := _KEY.search(line, start):
        yield match["key"].strip("\"'"), match.start(), match.end()
        reference = _REFERENCE.match(line[match.end() :])
        start = match.end() + (reference.end("whole") if reference else 0)


def _is_harmless(value: str) -> bool:
    return not value.strip() or _REFERENCE.match(value) is not None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))
