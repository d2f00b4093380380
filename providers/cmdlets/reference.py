"""The published reference of cmdlets: the parameters each release has, their types and the values they accept.

Resource types read here what a command may say; the simulator binds by it. ``generate_cmdlets`` makes the table beside
this module; it is read when the first question is asked. A release is ``e2007``, ``e2010``, ``e2013`` or ``e2016`` of
Exchange, ``l2010``, ``l2013``, ``s2015`` or ``s2019`` of Lync and Skype for Business. Sources: the cmdlet references of
these products (Microsoft Learn).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

_TABLE: Final = Path(__file__).with_name("cmdlets_table.json")

_COMMON: Final = {
    "Debug": "db",
    "ErrorAction": "ea",
    "ErrorVariable": "ev",
    "InformationAction": "infa",
    "InformationVariable": "iv",
    "OutBuffer": "ob",
    "OutVariable": "ov",
    "PipelineVariable": "pv",
    "ProgressAction": "proga",
    "Verbose": "vb",
    "WarningAction": "wa",
    "WarningVariable": "wv",
}
"""Parameters of every cmdlet, with their aliases."""
COMMON_KEYS: Final = frozenset(key.casefold() for pair in _COMMON.items() for key in pair)

MANY: Final = frozenset({"MultiValuedProperty", "ProxyAddressCollection", "PSListModifier"})
_NUMBERS: Final = frozenset({"Int32", "Int64", "UInt16", "UInt32"})
_NO_ENUMERATION: Final = MANY | _NUMBERS | {"String"}
"""General types: the reference lists values of some parameters, which are no values of the type."""
_FLAGS: Final = frozenset({"AllowedServices"})
"""Enumerations whose values can be combined."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The names of an enumeration, each worth its place, or one bit each."""

    names: tuple[str, ...]
    is_flags: bool = False

    def value(self, name: str) -> int | None:
        """Return the number of a name, in any case, or of the only one that begins so."""
        folded = name.casefold()
        exact = [place for place, known in enumerate(self.names) if known.casefold() == folded]
        places = exact or [place for place, known in enumerate(self.names) if known.casefold().startswith(folded)]
        return self._worth(places[0]) if len(places) == 1 and folded else None

    def shown(self, number: int) -> str:
        """Return how PowerShell shows a number.

        Raises:
            ValueError: no name, and no combination of names, has that number.
        """
        if not self.is_flags:
            if 0 <= number < len(self.names):
                return self.names[number]
            raise ValueError
        found = [name for place, name in enumerate(self.names) if place and number & self._worth(place)]
        if not 0 <= number < self._worth(len(self.names)):
            raise ValueError
        return ", ".join(found) if found else self.names[0]

    def _worth(self, place: int) -> int:
        return (1 << place >> 1) if self.is_flags else place


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one cmdlet."""

    name: str
    type: str
    position: int | None = None
    enumeration: Enumeration | None = None
    sets: frozenset[int] | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] | None = None
    """The texts it accepts, where its type is not an enumeration."""
    takes_pipeline: bool = False

    @property
    def is_many(self) -> bool:
        return self.type in MANY or self.type.endswith("[]")


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet as one release of its product has it."""

    name: str
    product: str
    parameters: Mapping[str, Parameter]
    """By folded name, aliases included."""
    mandatory: tuple[frozenset[str], ...]
    """Of each parameter set."""
    sets: tuple[str, ...] = ()
    """Their names."""
    default_set: str = ""

    @cached_property
    def declared(self) -> tuple[Parameter, ...]:
        """Its parameters, each once."""
        return tuple({parameter.name: parameter for parameter in self.parameters.values()}.values())

    @property
    def asks(self) -> bool:
        """Whether it has ``-WhatIf`` and ``-Confirm``: a cmdlet has both or neither."""
        return "whatif" in self.parameters

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(parameter.name for parameter in self.parameters.values())


_ASKING: Final = {
    "whatif": Parameter("WhatIf", "SwitchParameter", aliases=("wi",)),
    "confirm": Parameter("Confirm", "SwitchParameter", aliases=("cf",)),
}


@cache
def _table() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return content


@cache
def _names() -> Mapping[str, str]:
    table = _table()
    return {name.casefold(): name for part in ("cmdlets_2007", "cmdlets") for name in table[part]}


@cache
def cmdlet_of(name: str, release: str) -> Cmdlet | None:
    """Return the cmdlet ``name``, in any case, as ``release`` has it; None where it has none."""
    proper = _names().get(name.casefold(), "")
    row = _rows(release).get(proper)
    if row is None:
        return None
    parameters: dict[str, Parameter] = {}
    for parameter_name, described in row["parameters"].items():
        if release not in described.get("versions", row["versions"]) or parameter_name in _COMMON:
            continue
        parameter = _parameter(parameter_name, described, release)
        for key in (parameter_name, *parameter.aliases):
            parameters[key.casefold()] = parameter
    if not _ASKING.keys().isdisjoint(parameters):
        parameters |= {
            alias: asking for asking in _ASKING.values() for alias in (asking.name.casefold(), *asking.aliases)
        }
    known = {parameter.name for parameter in parameters.values()}
    mandatory = tuple(frozenset(names) & known for names in row["mandatory"])
    return Cmdlet(proper, row["product"], parameters, mandatory, tuple(row["sets"]), row.get("default", ""))


def cmdlets_of(release: str, product: str) -> tuple[Cmdlet, ...]:
    """Return the cmdlets of a ``product`` (exchange, lync, windows) that ``release`` has, by name."""
    found = (cmdlet_of(name, release) for name in sorted(_names().values()))
    return tuple(cmdlet for cmdlet in found if cmdlet is not None and cmdlet.product == product)


@cache
def setters(noun: str, release: str) -> Mapping[str, Parameter]:
    """Return the parameters that set the properties of a kind of object, by folded name; they give the types."""
    found: dict[str, Parameter] = {}
    for verb in ("Set", "New", "Enable"):
        cmdlet = cmdlet_of(f"{verb}-{noun}", release)
        for parameter in cmdlet.declared if cmdlet else ():
            found.setdefault(parameter.name.casefold(), parameter)
    return found


@cache
def enumerations(release: str) -> Mapping[str, Enumeration]:
    """Return the enumerations of a release: the values that its cmdlets accept, in the order of the reference.

    The reference lists values by parameter; a type has the values of all its parameters. The reference gives no
    numbers: the number of a value is its place.
    """
    found: dict[str, dict[str, None]] = {}
    for row in _rows(release).values():
        for described in row["parameters"].values():
            kind = described["type"].removesuffix("[]")
            if "values" in described and kind not in _NO_ENUMERATION:
                found.setdefault(kind, {}).update(dict.fromkeys(described["values"]))
    return {
        kind: Enumeration(("None", *(name for name in values if name != "None")), is_flags=True)
        if kind in _FLAGS
        else Enumeration(tuple(values))
        for kind, values in found.items()
    }


@cache
def _rows(release: str) -> Mapping[str, Any]:
    """Return the cmdlets of a release as the table describes them."""
    table = _table()
    rows = table["cmdlets"] | (table["cmdlets_2007"] if release == "e2007" else {})
    return {name: row for name, row in rows.items() if release in row["versions"]}


@cache
def parameters_of(name: str) -> frozenset[str]:
    """Return the parameters that the cmdlet has in any release; empty for one that is unknown."""
    proper = _names().get(name.casefold(), name)
    rows = [_table()[part].get(proper, {}) for part in ("cmdlets", "cmdlets_2007")]
    return frozenset(parameter for row in rows for parameter in row.get("parameters", ()))


def _parameter(name: str, described: Mapping[str, Any], release: str) -> Parameter:
    sets = described.get("sets")
    values = enumerations(release).get(described["type"].removesuffix("[]"))
    is_limited = "values" in described and described["type"] in _NO_ENUMERATION
    return Parameter(
        name,
        described["type"],
        described.get("position"),
        values,
        frozenset(sets) if sets is not None else None,
        tuple(described.get("aliases", ())),
        tuple(described["values"]) if is_limited else None,
        bool(described.get("pipeline")),
    )
