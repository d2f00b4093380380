"""One cmdlet line as an administrator types it, read without ever evaluating anything.

    Set-UMIPGateway -Identity '1:1' -OutcallsAllowed $true
    Set-UMService ex1 -DialPlans @{Add='Redmond','Dublin';Remove='Old'}
    Get-UMIPGateway | Format-List Name,Outcalls*

Quotes, ``$true``, ``$false`` and ``$null``, lists and ``@{Add=;Remove=}`` are known. A pipeline may choose the
properties that are shown; variables, expressions and other pipelines are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

Line: TypeAlias = "tuple[str, dict[str, Any], list[Any]]"
"""Cmdlet, arguments by name, arguments by position."""

EVERY_PROPERTY: Final[Sequence[str]] = ("*",)
_CHOOSING: Final = frozenset({"format-list", "fl", "select-object", "select"})
"""The cmdlets, with their aliases, that may follow in a pipeline: they choose properties."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<parameter>-[A-Za-z][A-Za-z0-9]*(?P<colon>:?))(?=[\s:'"$@(,;}]|\Z|(?<=:))
      | ['\u2018-\u201b](?P<single>(?:[^'\u2018-\u201b]|['\u2018-\u201b]{2})*)['\u2018-\u201b]
      | "(?P<double>(?:[^"`$]|""|`.)*)"
      | (?P<block>(?<!@)\{[^{}]*\})
      | (?P<hash>@\{) | (?P<list>@\() | (?P<mark>[{}(),;=|])
      | (?P<variable>\$[A-Za-z]+)
      | (?P<bare>[^\s'\u2018-\u201b"`$,;=(){}|&<>]+)
    )""",
    re.VERBOSE,
)
"""PowerShell takes several characters for a single quote."""
_CONSTANTS: Final[Mapping[str, object]] = {"$true": True, "$false": False, "$null": None}


_UNSUPPORTED: Final[Mapping[str, str]] = {
    "|": "a pipeline may only lead to Format-List or Select-Object with names of properties",
    ";": "only one cmdlet runs at a time: write one",
    "$": "variables and expressions are not evaluated: write the value",
    "(": "variables and expressions are not evaluated: write the value",
    "&": "call operators are not supported: write the cmdlet alone",
    "<": "redirection is not supported",
    ">": "redirection is not supported",
}
"""By the first character that is not part of one cmdlet with plain values."""


class LineError(ValueError):
    """A line that is not one cmdlet with plain values."""


def parse_line(text: str) -> Line:
    """Return the cmdlet and the arguments that a line means.

    Raises:
        LineError: the line is no single cmdlet with plain values; the message says where it stops making sense.
    """
    line, chosen = parse_pipeline(text)
    if chosen is not EVERY_PROPERTY:
        raise LineError(_UNSUPPORTED["|"])
    return line


def parse_pipeline(text: str) -> tuple[Line, Sequence[str]]:
    """Return what ``parse_line`` returns, and the properties to show, as names with wildcards in the order asked for.

    Raises:
        LineError: as ``parse_line``.
    """
    return _Parser(text.strip()).pipeline()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split(text))
        self._next = 0

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            if text[position:].isspace():
                break
            match = _TOKEN.match(text, position)
            if not match or match.end() == position:
                rest = text[position:].strip()
                why = _UNSUPPORTED.get(rest[0], "write one cmdlet with plain values")
                raise LineError(f"cannot read {rest[:40]!r}: {why}")
            tokens.append(self._token(match))
            position = match.end()
        return tokens

    @staticmethod
    def _token(match: re.Match[str]) -> tuple[str, str]:
        if match["parameter"]:
            return ("parameter:" if match["colon"] else "parameter", match["parameter"].strip("-:"))
        if match["single"] is not None:
            return ("text", re.sub("(['\u2018-\u201b])['\u2018-\u201b]", r"\1", match["single"]))
        if match["double"] is not None:
            return ("text", re.sub(r"`(.)", r"\1", match["double"].replace('""', '"')))
        if match["block"]:
            return ("text", match["block"][1:-1].strip())
        for kind in ("hash", "list", "mark", "variable", "bare"):
            if match[kind]:
                return (kind, match[kind])
        raise LineError("empty")

    def pipeline(self) -> tuple[Line, Sequence[str]]:
        line = self._line()
        chosen = EVERY_PROPERTY
        while self._is_next("|"):
            self._next += 1
            cmdlet, named, positional = self._line(_CHOOSING)
            unknown = next((name for name in named if name.casefold() != "property"), None)
            if unknown is not None:
                raise LineError(f"-{unknown} of {cmdlet} is not supported; write the names of properties alone")
            wanted = _texts([*named.values(), *positional])
            chosen = wanted or chosen
        return line, chosen

    def _line(self, allowed: frozenset[str] | None = None) -> Line:
        kind, cmdlet = self._take("a cmdlet")
        if allowed is not None and cmdlet.casefold() not in allowed:
            raise LineError(f"cannot read {f'| {cmdlet}'!r}: {_UNSUPPORTED['|']}")
        is_cmdlet = re.fullmatch(r"[A-Za-z]+-[A-Za-z]+|[A-Za-z]+\.ps1", cmdlet.rpartition("\\")[2])
        if kind != "bare" or (allowed is None and not is_cmdlet):
            raise LineError(f"a line must begin with a cmdlet such as Get-UMIPGateway, not {cmdlet!r}")
        named: dict[str, Any] = {}
        positional: list[Any] = []
        while self._next < len(self._tokens) and not self._is_next("|"):
            kind, name = self._tokens[self._next]
            if not kind.startswith("parameter"):
                positional.append(self._value())
                continue
            self._next += 1
            if name.casefold() in (known.casefold() for known in named):
                raise LineError(f"-{name} is written twice")
            is_last = self._next >= len(self._tokens) or self._is_next("|")
            following = "parameter" if is_last else self._tokens[self._next][0]
            named[name] = True if following.startswith("parameter") and kind == "parameter" else self._value()
        return cmdlet.rpartition("\\")[2], named, positional

    def _take(self, wanted: str) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise LineError(f"the line ends, but {wanted} is expected")
        self._next += 1
        return self._tokens[self._next - 1]

    def _is_next(self, mark: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next] == ("mark", mark)

    def _value(self) -> Any:
        """Read one value, or several with commas between."""
        first = self._single()
        if not self._is_next(","):
            return first
        items = [first]
        while self._is_next(","):
            self._next += 1
            items.append(self._single())
        return items

    def _single(self) -> Any:
        kind, text = self._take("a value")
        match kind:
            case "text":
                return text
            case "bare":
                return int(text) if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text) else text
            case "parameter":
                return f"-{text}"
            case "variable" if text.lower() in _CONSTANTS:
                return _CONSTANTS[text.lower()]
            case "hash":
                return self._hash()
            case "list":
                return self._list()
            case "mark" if text == "(" and not self._is_command():
                return self._list()
        why = _UNSUPPORTED.get(text[0], "write a plain value")
        raise LineError(f"{text!r} cannot be read as a value: {why}")

    def _is_command(self) -> bool:
        """True if the parentheses contain a command, which PowerShell would run first."""
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        return kind == "bare" and re.fullmatch(r"[A-Za-z]+-[A-Za-z]+", text) is not None

    def _list(self) -> list[Any]:
        if self._is_next(")"):
            self._next += 1
            return []
        value = self._value()
        self._close(")")
        return value if isinstance(value, list) else [value]

    def _hash(self) -> dict[str, Any]:
        sides: dict[str, Any] = {}
        while not self._is_next("}"):
            _, name = self._take("a key")
            self._close("=")
            value = self._value()
            key = {"add": "$add", "remove": "$remove"}.get(name.casefold())
            if key is None:
                raise LineError(f"@{{{name}=...}} is unknown; write Add or Remove")
            sides[key] = value if isinstance(value, list) else [value]
            if self._is_next(";"):
                self._next += 1
        self._close("}")
        return sides

    def _close(self, mark: str) -> None:
        if not self._is_next(mark):
            raise LineError(f"{mark!r} is missing")
        self._next += 1


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    """Return names of properties, given alone or in lists."""
    return tuple(str(one) for value in values for one in (value if isinstance(value, list) else [value]))
