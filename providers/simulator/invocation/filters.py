"""The filter expressions that listings take: comparisons joined by ``-and``, and nothing else."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from providers.simulator.invocation.call import Call
from providers.simulator.invocation.shapes import COMMON
from providers.simulator.world.directory import Entry

_CLAUSE = re.compile(
    r"\s*(?P<property>[A-Za-z]+)\s+-(?P<operator>eq|ne|like)\s+(?P<value>\$true|\$false|\$null|'(?:[^']|'')*'|\"[^\"]*\"|[\w.@-]+)"
    r"\s*",
    re.IGNORECASE,
)


def matching(call: Call, entries: Iterable[Entry], text: str, defaults: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the ``entries`` that the filter ``text`` lets through.

    Raises:
        CmdletError: the filter cannot be read.
    """
    clauses = []
    for part in re.split(r"\s-and\s", text.strip().strip("{}()"), flags=re.IGNORECASE):
        match = _CLAUSE.fullmatch(part.strip().strip("()"))
        if not match:
            raise call.error("InvalidFilterException", "invalid-name", text, name="Filter", value=text)
        clauses.append((match["property"], match["operator"].lower(), _value(match["value"])))
    return (e for e in entries if all(_holds(call, e, clause, defaults) for clause in clauses))


def _value(text: str) -> object:
    words = {"$true": True, "$false": False, "$null": None}
    if text.lower() in words:
        return words[text.lower()]
    return text[1:-1].replace("''", "'") if text[:1] in "'\"" else text


def _holds(call: Call, entry: Entry, clause: tuple[str, str, object], defaults: Mapping[str, Any]) -> bool:
    name, operator, wanted = clause
    proper = {key.casefold(): key for key in (*defaults, *COMMON, *entry.properties)}
    key = proper.get(name.casefold(), name)
    value = COMMON[key](call, entry) if key in COMMON else entry.properties.get(key, defaults.get(key))
    if isinstance(value, dict) and "$ref" in value:
        found = call.view.follow(value)
        value = found.dn if found and isinstance(wanted, str) and "=" in wanted else found.name if found else None
    if operator == "like":
        several = value if isinstance(value, list) else [value]
        return any(fnmatch.fnmatchcase(str(one or "").casefold(), str(wanted).casefold()) for one in several)
    same = value == wanted or str(value).casefold() == str(wanted).casefold()
    return same is (operator == "eq")
