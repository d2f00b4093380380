"""One call of a simulated cmdlet: its arguments, the domain controller it asks, its errors and their texts.

The messages of the products, are in the language of the host. The engine must never decide by these words.

``languages/`` has one file a language, with the texts by key. Published wording is used (DOMAIN 9.1), otherwise our
own. A text that a language lacks is in English, as on a server without the language pack.

A call answers objects as the runner sends them: filtered, with the properties asked for, with references as ADObjectId.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from providers.cmdlets.reference import cmdlet_of, parameters_of, setters
from providers.simulator.answers import CmdletError
from providers.simulator.world.directory import Entry, View
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import MODERN

_LANGUAGES = Path(__file__).with_name("languages")


@cache
def _texts(language: str) -> Mapping[str, str]:
    english: dict[str, str] = json.loads((_LANGUAGES / "en.json").read_text(encoding="utf-8"))
    own = next(_LANGUAGES.glob(f"{language}.json"), None)
    return {**english, **json.loads(own.read_text(encoding="utf-8"))} if own else english


def product_text(key: str, culture: str, /, **values: object) -> str:
    """Return the text ``key`` in the language of ``culture`` (``de-DE``), filled with ``values``."""
    return _texts(culture[:2].lower())[key].format(**values)


@dataclass
class Call:
    """One call of one cmdlet on one host, bound, with the domain controller it reads and writes."""

    holdings: Holdings
    host: str
    cmdlet: str
    """In its proper spelling."""
    arguments: dict[str, Any]
    now: datetime
    user: str = "CONTOSO\\reconciler"
    properties: Sequence[str] = ()
    """The properties asked for; see ``shapes.shaped`` for none and ``*``."""
    delegated: bool = True
    """Whether the caller's credential reaches beyond the host."""
    warnings: list[str] = field(default_factory=list)
    output: str = ""
    seconds: float = 0.0
    """How long the cmdlet works before it answers."""
    delayed_seconds: float = 0.0
    """How long it is held back before it works."""
    late_seconds: float = 0.0
    """How long before ``now`` it would have begun if the simulator itself needed no time."""
    controller: str | None = None
    """Pinned by the estate instead of by ``-DomainController``."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument; case does not count, because releases differ (PIN, Pin)."""
        if name in self.arguments:
            return self.arguments[name]
        folded = name.casefold()
        return next((value for key, value in self.arguments.items() if key.casefold() == folded), default)

    @cached_property
    def culture(self) -> str:
        return self.holdings.culture(self.host)

    @cached_property
    def release(self) -> str:
        return self.holdings.release(self.host)

    @cached_property
    def dc(self) -> str:
        name = self.controller or self.arguments.get("DomainController")
        if not name:
            return self.holdings.default_controller(self.host)
        folded = str(name).casefold()
        for controller in self.holdings.world.domain_controllers:
            if folded in (controller.fqdn, controller.fqdn.partition(".")[0]):
                if not controller.available:
                    raise self.error("ADTransientException", "dc-unavailable", str(name), dc=controller.fqdn)
                return controller.fqdn
        raise self.error("ADTransientException", "dc-unavailable", str(name), dc=name)

    @cached_property
    def view(self) -> View:
        return self.holdings.directory.view(self.dc, self.now)

    # changing

    def create(self, kind: str, name: str, dn: str, properties: dict[str, Any]) -> Entry:
        entry = self.holdings.directory.create(kind, name, dn, properties, dc=self.dc, now=self.now)
        self._forget_view()
        return entry

    def change(self, entry: Entry, properties: Mapping[str, Any]) -> None:
        try:
            self.holdings.directory.change(entry, properties, dc=self.dc, now=self.now)
        except KeyError:
            raise self.not_found(entry.name) from None
        if not self.view.is_newest:
            self._forget_view()

    def delete(self, entry: Entry) -> None:
        try:
            self.holdings.directory.delete(entry, dc=self.dc, now=self.now)
        except KeyError:
            raise self.not_found(entry.name) from None
        self._forget_view()

    def _forget_view(self) -> None:
        self.__dict__.pop("view", None)

    # errors

    def error(self, type: str, text: str, target: str = "", /, *, category: str = "", **values: object) -> CmdletError:
        """Return the error record as this host's product and version words it (DOMAIN 9)."""
        message = product_text(text, self.culture, **values)
        if self.release.startswith("e"):
            return CmdletError(type, self._exchange_error_id(type), category or self._category(), message, target)
        verb, _, noun = self.cmdlet.partition("-")
        error_id = f"{type},Microsoft.Rtc.Management.Xds.{verb}{noun}Cmdlet"
        return CmdletError(type, error_id, category or "InvalidOperation", message, target)

    def _category(self) -> str:
        return "NotSpecified" if self.release in MODERN else "InvalidData"

    def _exchange_error_id(self, type: str) -> str:
        verb, _, noun = self.cmdlet.partition("-")
        number = format(hash_of(f"{self.cmdlet}{type}"), "08X")
        place = f"{number},Microsoft.Exchange.Management.Tasks.UM.{verb}{noun}"
        if self.release not in MODERN:
            return place
        server = self.host.partition(".")[0].upper()
        stamp = self.now.strftime("%m/%d/%Y %H:%M:%S")
        request = self.holdings.directory.new_guid()
        return f"[Server={server},RequestId={request},TimeStamp={stamp}] [FailureCategory=Cmdlet-{type}] {place}"

    def invalid(self, name: str, value: object) -> CmdletError:
        """Return the error of a property whose value the product refuses."""
        target = "" if value is None else str(value)
        return self.error("DataValidationException", "invalid-name", target, name=name, value=value)

    def not_found(self, name: object) -> CmdletError:
        return self.error("ManagementObjectNotFoundException", "not-found", str(name), name=name, dc=self.dc)

    def ambiguous(self, name: object) -> CmdletError:
        """Return the error of Exchange for an identity that fits several objects."""
        return self.error("ManagementObjectAmbiguousException", "ambiguous", str(name), name=name)


Handler = Callable[[Call], Iterable[dict[str, object]] | None]
"""A cmdlet: the records it returns; warnings and output go to the call."""


def hash_of(text: str) -> int:
    """Return a 32-bit number that is the same in every process."""
    number = 2166136261
    for byte in text.encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return number


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
    setter, maker = cmdlet_of(f"Set-{noun}", release), cmdlet_of(f"New-{noun}", release)
    if setter is None:
        return frozenset()
    return parameters_of(f"Set-{noun}") - setter.names - (maker.names if maker else frozenset()) - COMMON.keys()


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
    either = _clauses(call, text)
    return (e for e in entries if any(all(_holds(call, e, one, defaults) for one in every) for every in either))


_GUID = r"Guid\s+-eq\s+'([0-9a-f-]{36})'"
_GUIDS = re.compile(rf"\s*{_GUID}(?:\s+-or\s+{_GUID})*\s*", re.IGNORECASE)


def guids_of(text: str) -> list[str] | None:
    """Return the GUIDs where the filter ``text`` lets through the objects with these GUIDs; None for another filter.

    The directory has an index of them, so the answer costs the same whatever the number of users.
    """
    return re.findall(_GUID, text.lower(), re.IGNORECASE) if _GUIDS.fullmatch(text) else None


_Clause: TypeAlias = "tuple[str, str, object]"


def _clauses(call: Call, text: str) -> list[list[_Clause]]:
    """Return the alternatives of a filter, each as clauses that all have to hold; ``-and`` binds more than ``-or``."""
    either: list[list[_Clause]] = []
    for every in re.split(r"\s-or\s", text.strip().strip("{}()"), flags=re.IGNORECASE):
        parts = re.split(r"\s-and\s", every, flags=re.IGNORECASE)
        matches = [_CLAUSE.fullmatch(part.strip().strip("()")) for part in parts]
        if not all(matches):
            raise call.error("InvalidFilterException", "invalid-name", text, name="Filter", value=text)
        either.append([(m["property"], m["operator"].lower(), _value(m["value"])) for m in matches if m])
    return either


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
