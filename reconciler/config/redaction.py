"""Removes secrets from the lines of files that diagnostics show.

A diagnostic shows the line of the error, and that line may hold a literal password. So the text after a key for secrets
is hidden, unless it is a reference. A misspelt key for secrets counts too. In sections about connections the rule is
stricter: only the values of known keys are shown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

LONGEST_LOOK: Final = 50
"""How many lines above are searched for the key that a line belongs to."""

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
_CONTAINERS: Final = frozenset({"connections", "hosts"})
_PLAIN: Final = frozenset(
    {"adapter", "auth", "ca", "certificate", "certificate_key", "delegate", "host", "port", "simulator", "tls", "user"}
)
"""Keys of connections whose values are not secrets."""
_FIT_TO_SHOW = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
"""A key of a connection or a host name. Any other text may be a misplaced secret."""


def is_secret_name(name: str) -> bool:
    """True where a key or column with this name, or nearly this name, holds secrets."""
    return _SECRET_NAME.search(name) is not None or _is_near(name)


def has_secret_name(names: Sequence[str]) -> bool:
    """True where one of the names is for secrets; only the first names are also compared letter by letter."""
    return any(map(_SECRET_NAME.search, names)) or any(map(_is_near, names[:_MOST_NAMES]))


def _is_near(name: str) -> bool:
    words = [word for word in re.split(r"[\W_\d]+", name[:_LONGEST_NAME].casefold()) if len(word) > 3]
    return any(difflib.get_close_matches(word, _SECRET_WORDS, n=1, cutoff=_NEAR) for word in words)


def without_secret(line: str) -> str:
    """Return a line without the text after a key for secrets, unless the text is a reference."""
    line = _ACCOUNT_IN_URL.sub(f"{HIDDEN}@", line)
    for name, _, start in _keys(line):
        if is_secret_name(name) and not _is_harmless(line[start:]):
            return line[:start] + HIDDEN
    return line


def section_begun(line: str) -> str | None:
    """Return the unindented key at the start of a line; None where the line has none."""
    match = _SECTION.match(line)
    return match["key"].strip("\"'") if match else None


def may_be_shown(key: str) -> bool:
    """True where a key of a connection, known or not, cannot be a misplaced secret."""
    return _FIT_TO_SHOW.fullmatch(key) is not None


def shown(line: str, section: str, before: Iterable[str]) -> str | None:
    """Return a line without secrets; None where nothing of it may be shown.

    ``section`` is the section of the line; ``before`` yields the lines above, from the nearest upwards.
    """
    parent = _parent(line, before)
    if _continues_secret(parent):
        return None
    is_connection = bool(difflib.get_close_matches(section, _SECTIONS, n=1, cutoff=_NEAR))
    return _of_connections(line, parent) if is_connection else without_secret(line)


def _parent(line: str, before: Iterable[str]) -> str:
    """Return the nearest line above that is less indented; '' where there is none near."""
    own = _indent(line)
    if not own:
        return ""
    above = (text for text in islice(before, LONGEST_LOOK) if text.strip() and not text.lstrip().startswith("#"))
    return next((text for text in above if _indent(text) < own), "")


def _continues_secret(parent: str) -> bool:
    """True where a line continues the value of a secret that its parent begins."""
    return any(is_secret_name(name) and not _REFERENCE.match(parent[start:]) for name, _, start in _keys(parent))


def _of_connections(line: str, parent: str) -> str | None:
    """Return a line of a connections section up to the first value that may be a secret.

    A connection stands below ``connections``, or after it on the same line. Only then its own keys are shown.
    """
    line = _ACCOUNT_IN_URL.sub(f"{HIDDEN}@", line)
    keys = [*_keys(line)]
    above = next((name for name, *_ in _keys(parent)), "")
    for name, begin, start in keys:
        value = line[start:].strip()
        if not may_be_shown(name):
            return line[:begin] + HIDDEN
        is_container = name in _CONTAINERS or "." in name or (above == "connections" and not is_secret_name(name))
        above = name
        if name in _PLAIN or (name == "password" and _REFERENCE.match(value)):
            continue
        if value and not value.startswith("#") and not (is_container and value.startswith("{")):
            return line[:start] + HIDDEN
    return line if keys else None


def _keys(line: str) -> Iterator[tuple[str, int, int]]:
    """Yield the keys of a line, each with the index of the key and of its value."""
    start = 0
    while match := _KEY.search(line, start):
        yield match["key"].strip("\"'"), match.start(), match.end()
        reference = _REFERENCE.match(line[match.end() :])
        start = match.end() + (reference.end("whole") if reference else 0)


def _is_harmless(value: str) -> bool:
    return not value.strip() or _REFERENCE.match(value) is not None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))
