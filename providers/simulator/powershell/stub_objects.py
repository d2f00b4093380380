"""The answer of a simulator call in the form from which the stub cmdlets make objects.

The estate returns flat records. A property has the type of the parameter that sets it, as in the product. So the
published table, never the value, decides what is an enumeration, an unlimited count or a multi-valued property.
Properties that no cmdlet sets, such as ``WhenCreated``, are listed here by name.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from providers.cmdlets.reference import Parameter, setters
from providers.simulator.answers import CmdletError, Result
from providers.simulator.powershell import clixml
from providers.simulator.powershell.stub_cmdlets import TEXT_TYPES

RECORD_TYPE: Final = "Stub.Record"
"""Of every object, for which ``types.ps1xml`` says how deep it is serialised."""

_TIMES: Final = frozenset({"WhenCreated", "WhenCreatedUTC", "WhenChanged", "WhenChangedUTC", "NotAfter", "NotBefore"})
_GUIDS: Final = frozenset({"Guid", "ExchangeGuid", "ObjectGuid"})
_TEXTS: Final[Mapping[str, str]] = {
    "AdminDisplayVersion": "ServerVersion",
    "PrimarySmtpAddress": "SmtpAddress",
    "WindowsEmailAddress": "SmtpAddress",
}
_ADDRESSES: Final = frozenset({"EmailAddresses"})
_Column = tuple[str, str, str, bool]
"""Name, kind, name of the type where the kind has several, whether it holds many."""


def answered(result: Result, cmdlet: str, release: str) -> str:
    """Return a result as one line for ``stubs/objects.ps1``."""
    shapes: dict[tuple[_Column, ...], int] = {}
    rows: list[list[object]] = []
    for record in result.records:
        columns = tuple(_column(name, value, cmdlet, release) for name, value in record.items())
        shape = shapes.setdefault(columns, len(shapes))
        rows.append([shape, *map(_shape_of, record.values())])
    return clixml.dumps(["ok", result.warnings, RECORD_TYPE, list(shapes), rows, result.output])


def failed(error: CmdletError) -> str:
    """Return an error as one line for ``stubs/objects.ps1``."""
    return clixml.dumps(["error", error.type, error.error_id, error.category, error.message, error.target])


def _column(name: str, value: Any, cmdlet: str, release: str) -> _Column:
    parameter = setters(cmdlet.partition("-")[2], release).find(name)
    is_many = isinstance(value, list | tuple)
    first = next(iter(value), None) if is_many else value
    kind, type_name = _kind(name, first, parameter)
    return name, kind, type_name, is_many


def _kind(name: str, value: Any, parameter: Parameter | None) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return ("reference", "") if value.keys() == {"dn", "guid", "name"} else ("bag", "")
    if value is None:
        return "", ""
    if name in _TIMES:
        return "time", ""
    if name in _GUIDS:
        return "guid", ""
    if name in _TEXTS:
        return "text", _TEXTS[name]
    if name in _ADDRESSES:
        return "address", ""
    if parameter is None:
        return "", ""
    if parameter.type == "Unlimited":
        return "unlimited", ""
    if parameter.type in ("EnhancedTimeSpan", "TimeSpan"):
        return "span", ""
    bare = parameter.type.removesuffix("[]")
    known = parameter.enumeration
    if known is not None and isinstance(value, str) and set(value.split(", ")) <= set(known.names):
        return "enum", bare
    return ("text", bare) if bare in TEXT_TYPES and isinstance(value, str) else ("", "")


def _shape_of(value: Any) -> object:
    """Return a value in the shape its kind is made of."""
    if isinstance(value, Mapping):
        if value.keys() == {"dn", "guid", "name"}:
            return [value["dn"], value["guid"], value["name"]]
        return [[name, _plain(item)] for name, item in value.items()]
    if isinstance(value, list | tuple):
        return [_shape_of(item) for item in value]
    return value


def _plain(value: Any) -> object:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def argument(value: Any) -> object:
    """Return an argument as the estate takes it, from the JSON that ``stubs/link.ps1`` writes."""
    if isinstance(value, dict):
        if value.keys() == {"$text"}:
            return _units(value["$text"])
        return {side: argument(item) for side, item in value.items()}
    return [argument(item) for item in value] if isinstance(value, list) else value


def _units(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-16-le", "surrogatepass")


def services(names: Sequence[Mapping[str, object]], is_script_running: bool) -> str:
    """Return the services of a host as one line for ``stubs/services.ps1``."""
    rows = [
        [
            row["Name"],
            row["Status"],
            row["StartTime"],
            [*_items(row["RunningDependents"]), *_items(row["StoppedDependents"])],
            row["StartMode"],
        ]
        for row in names
    ]
    return clixml.dumps(["ok", rows, is_script_running])


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
