"""The published reference of cmdlets: the parameters each release has, their types and the values they accept.

Resource types read the possible parameters here, and the simulator binds arguments with it. ``generate_cmdlets`` makes
the table next to this module; it is read at the first use. A release is ``e2007``, ``e2010``, ``e2013``, ``e2016`` or
``e2019`` (without Unified Messaging) of Exchange, ``l2010``, ``l2013``, ``s2015`` or ``s2019`` of Lync and Skype for
Business. Sources: the cmdlet references of these products (Microsoft Learn).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

_TABLE: Final = Path(__file__).with_name("cmdlets_table.json")

RELEASES: Final = ("e2007", "e2010", "e2013", "e2016", "e2019", "l2010", "l2013", "s2015", "s2019")
_NEWEST: Final = ("e2016", "s2019", "e2010")
"""Newest first: Exchange, Skype for Business, and Exchange 2010 for what later releases dropped."""

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
"""General types: the reference lists values for some parameters of these types, but they are not values of the type."""
_FLAGS: Final = frozenset({"AllowedServices"})
"""Enumerations whose values can be combined."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The names of an enumeration.

    The value of a name is its position in the list, or one bit if the names are flags.
    """

    names: tuple[str, ...]
    is_flags: bool = False

    def value(self, name: str) -> int | None:
        """Return the value of a name, ignoring case, or of the only name that begins with the text."""
        folded = name.casefold()
        exact = [place for place, known in enumerate(self.names) if known.casefold() == folded]
        places = exact or [place for place, known in enumerate(self.names) if known.casefold().startswith(folded)]
        return self._worth(places[0]) if len(places) == 1 and folded else None

    def shown(self, number: int) -> str:
        """Return the text that PowerShell shows for a value.

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
    """One parameter of one cmdlet, as one release has it."""

    name: str
    type: str
    release: str
    position: int | None = None
    sets: frozenset[int] | None = None
    aliases: tuple[str, ...] = ()
    takes_pipeline: bool = False
    values: tuple[str, ...] = ()
    """The texts that it accepts; empty if it accepts any text."""
    limits: tuple[int, int] | None = None
    """The minimum and maximum that it accepts, if the reference has them."""
    default: str | None = None
    """The default of the server, as the reference describes it."""

    @property
    def is_many(self) -> bool:
        return self.type in MANY or self.type.endswith("[]")

    @property
    def enumeration(self) -> Enumeration | None:
        return enumerations(self.release).get(self.type.removesuffix("[]"))

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it accepts, if its type is not an enumeration."""
        return self.values if self.type in _NO_ENUMERATION else ()


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet as one release of its product has it."""

    name: str
    product: str
    parameters: Mapping[str, Parameter]
    """By folded name, aliases included."""
    mandatory: tuple[frozenset[str], ...]
    """The mandatory parameters of each parameter set."""
    sets: tuple[str, ...] = ()
    """Their names."""
    default_set: str = ""

    @cached_property
    def declared(self) -> tuple[Parameter, ...]:
        """Its parameters without aliases, each once."""
        return tuple({parameter.name: parameter for parameter in self.parameters.values()}.values())

    @property
    def asks(self) -> bool:
        """True if it has ``-WhatIf`` and ``-Confirm``: a cmdlet has both or neither."""
        return "whatif" in self.parameters

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(parameter.name for parameter in self.parameters.values())


_ASKING: Final = {
    "WhatIf": {"type": "SwitchParameter", "aliases": ["wi"]},
    "Confirm": {"type": "SwitchParameter", "aliases": ["cf"]},
}


@cache
def cmdlet_of(name: str, release: str = "") -> Cmdlet | None:
    """Return the cmdlet ``name`` (ignoring case) of ``release``, otherwise of the newest release with it, or None."""
    if not release:
        return next((newest for one in _NEWEST if (newest := cmdlet_of(name, one)) is not None), None)
    proper = _names().get(name.casefold(), "")
    row = _row(proper, release)
    if row is None:
        return None
    known = {
        parameter: described
        for parameter, described in row["parameters"].items()
        if release in described.get("versions", row["versions"]) and parameter not in _COMMON
    }
    if not _ASKING.keys().isdisjoint(known):
        known |= _ASKING
    found = [_parameter(parameter, described, release) for parameter, described in known.items()]
    return Cmdlet(
        proper,
        row["product"],
        {key.casefold(): one for one in found for key in (one.name, *one.aliases)},
        tuple(frozenset(names).intersection(known) for names in row["mandatory"]),
        tuple(row["sets"]),
        row.get("default", ""),
    )


def cmdlets_of(release: str, product: str) -> tuple[Cmdlet, ...]:
    """Return the cmdlets of a ``product`` (exchange, lync, windows) that ``release`` has, by name."""
    found = (cmdlet_of(name, release) for name in sorted(_texts(release)))
    return tuple(cmdlet for cmdlet in found if cmdlet is not None and cmdlet.product == product)


def cmdlet_names() -> tuple[str, ...]:
    """Return the names of all cmdlets of all releases."""
    return tuple(sorted(_names().values()))


@dataclass(frozen=True, slots=True)
class Setters:
    """The parameters that set the properties of one kind of object, by folded name."""

    create: Mapping[str, Parameter]
    """Of New-, or of Enable-."""
    change: Mapping[str, Parameter]
    """Of Set-."""

    def find(self, name: str) -> Parameter | None:
        """Return the parameter with that name, ignoring case; None if neither cmdlet has it."""
        return self.change.get(name.casefold()) or self.create.get(name.casefold())

    def is_only_create(self, name: str) -> bool:
        """True if the property can only be set when the object is created."""
        return name.casefold() in self.create and name.casefold() not in self.change

    def is_only_change(self, name: str) -> bool:
        """True if the property cannot be set when the object is created, only later."""
        return name.casefold() in self.change and name.casefold() not in self.create


@cache
def setters(noun: str, release: str = "") -> Setters:
    """Return the parameters that set the properties of a kind of object in ``release`` or the newest release."""
    verbs = (cmdlet_of(f"{verb}-{noun}", release) for verb in ("Enable", "New", "Set"))
    enable, new, change = (cmdlet.parameters if cmdlet else {} for cmdlet in verbs)
    return Setters({**enable, **new}, change)


@cache
def enumerations(release: str) -> Mapping[str, Enumeration]:
    """Return the enumerations of a release: the values that its cmdlets accept, in the order of the reference.

    The reference lists values by parameter; a type has the values of all its parameters. The reference gives no
    numbers: the number of a value is its place.
    """
    found: dict[str, dict[str, None]] = {}
    rows = (row for name in _texts(release) if (row := _row(name, release)) is not None)
    for described in (one for row in rows for one in row["parameters"].values()):
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
def parameters_of(name: str) -> frozenset[str]:
    """Return the parameters that the cmdlet has in any release; empty for one that is unknown."""
    rows = (_row(_names().get(name.casefold(), ""), release) for release in RELEASES)
    return frozenset(parameter for row in rows if row is not None for parameter in row["parameters"])


# --- the table -------------------------------------------------------------------------------------------------------


@cache
def _tables() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the cmdlets from Exchange 2010 and Lync 2010 on, and those of Exchange 2007, as JSON text by name.

    The table has one cmdlet per line. A plan needs few of them, and parsing all would take longer than the plan.
    """
    newer, _, older = _TABLE.read_text(encoding="utf-8").partition('"cmdlets_2007"')
    first, second = (dict(re.findall(r'^"([\w-]+)": ({.+}),?$', part, re.MULTILINE)) for part in (newer, older))
    return first, {**first, **second}


def _texts(release: str) -> Mapping[str, str]:
    newer, with_2007 = _tables()
    return with_2007 if release == "e2007" else newer


@cache
def _names() -> Mapping[str, str]:
    return {name.casefold(): name for name in _texts("e2007")}


@cache
def _parsed(text: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = json.loads(text)
    return row


def _row(name: str, release: str) -> Mapping[str, Any] | None:
    """Return a cmdlet from its row of the table; None if the release does not have it."""
    text = _texts(release).get(name)
    row = _parsed(text) if text else None
    return row if row is not None and release in row["versions"] else None


def _parameter(name: str, described: Mapping[str, Any], release: str) -> Parameter:
    sets, limits = described.get("sets"), described.get("limits")
    return Parameter(
        name,
        described["type"],
        release,
        described.get("position"),
        frozenset(sets) if sets is not None else None,
        tuple(described.get("aliases", ())),
        bool(described.get("pipeline")),
        tuple(described.get("values", ())),
        (limits[0], limits[1]) if limits else None,
        described.get("default"),
    )
