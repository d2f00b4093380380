"""Objects as the runner sends them: filtered, with the properties asked for, with references as ADObjectId."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from providers.cmdlets.reference import cmdlet_of, parameters_of, setters
from providers.simulator.invocation.call import Call
from providers.simulator.world.directory import Entry, View

Computed = Callable[[Call, Entry], object]

NOTHING: Final = object()
"""A computed property returns this if the object does not have it."""


def object_id(entry: Entry) -> dict[str, str]:
    """Return a live ADObjectId, flattened."""
    return {"dn": entry.dn, "guid": entry.guid, "name": entry.name}


def flattened(view: View, value: Any) -> Any:
    """Return a stored property value with its references followed; those to removed objects are dropped."""
    if isinstance(value, dict) and "$ref" in value:
        entry = view.follow(value)
        return object_id(entry) if entry else None
    if isinstance(value, list):
        return [flat for item in value if (flat := flattened(view, item)) is not None]
    return value


def deserialised(record: Mapping[str, Any], cmdlet: str, release: str) -> dict[str, object]:
    """Return a flattened record as Exchange's remoting endpoint returns it: a count that may be unlimited is text."""
    types = setters(cmdlet.partition("-")[2], release)
    found = {name: _deserialised(value) for name, value in record.items()}
    for name, value in found.items():
        parameter = types.find(name)
        if parameter is not None and parameter.type == "Unlimited" and isinstance(value, int):
            found[name] = str(value)
    return found


def _deserialised(value: Any) -> Any:
    """Return a value in which references are text: a name, of a user the canonical name. Source: DOMAIN 10."""
    if isinstance(value, dict) and value.keys() == {"dn", "guid", "name"}:
        parts = [part.partition("=") for part in value["dn"].split(",")]
        domain = ".".join(text for kind, _, text in parts if kind == "DC")
        return f"{domain}/Users/{value['name']}" if ",CN=Users," in value["dn"] else value["name"]
    if isinstance(value, dict):
        return {name: _deserialised(item) for name, item in value.items()}
    return [_deserialised(item) for item in value] if isinstance(value, list) else value


COMMON: Mapping[str, Computed] = {
    "Name": lambda _, entry: entry.name,
    "Id": lambda _, entry: object_id(entry),
    "Identity": lambda _, entry: object_id(entry),
    "Guid": lambda _, entry: entry.guid,
    "DistinguishedName": lambda _, entry: entry.dn,
    "WhenCreated": lambda _, entry: moment(entry.created),
    "WhenCreatedUTC": lambda _, entry: moment(entry.created),
    "OriginatingServer": lambda call, _: call.dc,
}


def moment(text: str) -> str:
    """Return an ISO 8601 time as .NET's round-trip format writes UTC."""
    bare = text.removesuffix("Z").removesuffix("+00:00")
    whole, _, fraction = bare.partition(".")
    return f"{whole}.{fraction.ljust(7, '0')}Z"


def shaped(
    call: Call, entries: Iterable[Entry], computed: Mapping[str, Computed], defaults: Mapping[str, Any]
) -> list[dict[str, object]]:
    """Return the records of ``entries``, each with the properties asked for that the entry has.

    If none are asked for, a Get- returns all of them and any other cmdlet returns no record; ``*`` asks for all.
    """
    if not call.properties and not call.cmdlet.startswith("Get-"):
        return []
    unknown = _not_yet(call.cmdlet.partition("-")[2], call.release)
    functions = {**COMMON, **computed}
    defaults = {name: value for name, value in defaults.items() if name not in unknown} if unknown else defaults
    view = call.view
    if not call.properties or "*" in call.properties:
        known = {*functions, *defaults} - unknown
        return [_record(call, view, entry, _all_names(entry, known, unknown), functions, defaults) for entry in entries]
    entries = list(entries)
    stored = entries[0].properties if entries else {}
    proper = _spelling(frozenset(functions) | frozenset(defaults) | frozenset(stored))
    wanted = [(name, proper.get(name.casefold(), name)) for name in call.properties]
    wanted = [(asked, name) for asked, name in wanted if name not in unknown]
    return [_record(call, view, entry, wanted, functions, defaults) for entry in entries]


def _record(
    call: Call,
    view: View,
    entry: Entry,
    wanted: list[tuple[str, str]],
    functions: Mapping[str, Computed],
    defaults: Mapping[str, Any],
) -> dict[str, object]:
    record: dict[str, object] = {}
    properties = entry.properties
    for asked, name in wanted:
        function = functions.get(name)
        if function is not None:
            value = function(call, entry)
        elif name in properties:
            value = properties[name]
            if isinstance(value, dict | list):
                value = flattened(view, value)
        else:
            value = defaults.get(name, NOTHING)
        if value is not NOTHING:
            record[asked] = value
    return record


def _all_names(entry: Entry, known: set[str], unknown: frozenset[str]) -> list[tuple[str, str]]:
    own = (name for name in entry.properties if not name.startswith("$") and name not in unknown)
    return [(name, name) for name in sorted({*known, *own})]


@lru_cache(maxsize=256)
def _not_yet(noun: str, release: str) -> frozenset[str]:
    """Return the properties that objects of this version lack: those later versions alone can set."""
    setter = cmdlet_of(f"Set-{noun}", release)
    return parameters_of(f"Set-{noun}") - setter.names if setter else frozenset()


@lru_cache(maxsize=64)
def _spelling(names: frozenset[str]) -> Mapping[str, str]:
    return {name.casefold(): name for name in names}


def only(call: Call, records: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return ``records`` made by hand, with the properties asked for."""
    if not call.properties or "*" in call.properties:
        return [dict(record) for record in records]
    kept = []
    for record in records:
        proper = {name.casefold(): name for name in record}
        kept.append({name: record[proper[name.casefold()]] for name in call.properties if name.casefold() in proper})
    return kept


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
