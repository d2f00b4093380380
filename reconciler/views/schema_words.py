"""A JSON Schema in the words of the reference: ``integer, 10 to 120``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from reconciler.model.diagnostics import plural_of

_WORDS: Final[Mapping[str, str]] = {
    r"^(?:\+[1-9][0-9]{1,14})$": "E.164 number, such as `+14255550100`",
    r"^(?:([0-9A-Fa-f]{2}[ :]?){20}|[Bb][Ee][Ss][Tt])$": "thumbprint of 40 hexadecimal digits, or `best`",
    r"^[0-9A-F]{40}$": "40 hexadecimal digits",
    r"^(env:[A-Za-z_]|file:|keyring:)": "reference: `env:NAME`, `file:PATH` or `keyring:SERVICE/USER`",
    r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$": "duration, such as `90s`, `20m` or `1h`",
    r"^[a-z]{2}-[A-Z]{2}$": "culture, such as `en-US`",
    r"^(?:[A-Za-z0-9.+_()-]+)$": "text of letters, digits and `. + _ ( ) -`",
    r"^(?:.*\.([wW][aA][vV]|[wW][mM][aA]))$": "name of a .wav or .wma file",
    r"^[0-9]{1,20}([;, ]+[0-9]{1,20})*$": "digits, several with `;` between them",
}
"""What people call the texts that a pattern describes."""
_STARTS: Final[Mapping[str, str]] = {
    r"^(?:[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}": "FQDN, such as `ex1.contoso.com`",
    r"^(?:([Ss][Ii][Pp]:)?": "SIP address, such as `alice@contoso.com`",
}
_KINDS: Final = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}


_NOUN = re.compile(r"[A-Za-z](?:[A-Za-z0-9.]| (?!of |that ))*(?=$|,|:| of | that )")
"""The noun at the start of the words for one value."""
_DIGITS = re.compile(r"\^\(?\??:?\[0-9\]\{(\d+),(\d+)\}\)?\$")
_FORMATS: Final = {
    "date-time": "time, ISO 8601",
    "duration": "duration, such as `500ms`, `90s` or `20m`",
    "hostname": "FQDN",
    "percent": "share, such as `20%`",
}


def words(schema: Mapping[str, Any], *, link: Callable[[str], str] = str, with_null: bool = True) -> str:
    """Return the type and limits that a schema states.

    Args:
        link: what is written for a model that is described elsewhere, by its name.
        with_null: whether ``null`` is a value of its own.
    """
    match schema:
        case {"$ref": str(reference)}:
            return link(reference.rpartition("/")[2])
        case {"type": "object", "title": str(title), "properties": _}:
            return link(title)
        case {"anyOf": [*options]}:
            options = [one for one in _meant(options) if with_null or one.get("type") != "null"]
            return " or ".join(dict.fromkeys(words(one, link=link, with_null=with_null) for one in options))
        case {"enum": [*values]}:
            return "one of " + ", ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{value}`"
        case {"type": [*kinds]}:
            return words({"anyOf": [{**schema, "type": kind} for kind in _without_spellings(kinds)]}, link=link)
        case {"type": "array"}:
            item = schema.get("items", {})
            each = words(item, link=link, with_null=with_null).removeprefix("one of ")
            is_named = each != "mapping" and ("$ref" in item or "title" in item)
            return f"list of {each if is_named else _several(each)}"
        case {"type": "object"}:
            inside = schema.get("additionalProperties")
            each = words(inside, link=link, with_null=with_null) if isinstance(inside, Mapping) else ""
            return f"mapping of names to {each}" if each else "mapping"
        case {"type": "null"}:
            return "`null`, which clears it"
        case {"type": "string"}:
            return _text(schema)
        case {"type": str(kind)}:
            return _KINDS[kind] + _limits(schema)
        case _:
            return "any value"


def _several(kind: str) -> str:
    """Return the words for several values: ``E.164 numbers, such as ...``. Choices and counted digits stay."""
    found = _NOUN.match(kind)
    if found is None or " or " in found[0]:
        return kind
    return plural_of(found[0]) + kind[found.end() :].replace(" that matches ", " that match ")


def _without_spellings(kinds: Sequence[str]) -> list[str]:
    """Return types without text where that is only another way to write a number or a truth value."""
    if "string" in kinds and "number" in kinds:
        return ["string"]
    return [kind for kind in kinds if kind != "string"]


def _meant(options: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the alternatives; a pattern beside fixed words only says that their case does not matter."""
    has_words = any("enum" in one or "const" in one for one in options)
    return [one for one in options if not (has_words and re.search(r"\[[A-Z][a-z]\]", str(one.get("pattern"))))]


def _limits(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"minimum": low, "maximum": high}:
            return f", {low:,} to {high:,}"
        case {"minimum": low}:
            return f", at least {low}"
        case _:
            return ""


def _text(schema: Mapping[str, Any]) -> str:
    pattern = schema.get("pattern")
    named = _pattern(str(pattern)) if pattern else _FORMATS.get(str(schema.get("format")), "text")
    return named + (f", at most {schema['maxLength']} characters" if "maxLength" in schema else "")


def _pattern(pattern: str) -> str:
    if digits := _DIGITS.fullmatch(pattern):
        return f"{digits[1]} to {digits[2]} digits"
    start = next((said for start, said in _STARTS.items() if pattern.startswith(start)), None)
    return _WORDS.get(pattern) or start or f"text that matches `{pattern}`"
