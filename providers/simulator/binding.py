"""PowerShell's parameter binding over the published table of cmdlets, for the version a host has.

Names are found whatever their case, by alias or by unambiguous prefix; a cmdlet or parameter the version lacks does
not exist. Nothing that fails here has reached the cmdlet: such errors say ``executed`` False. Conversions are those of
PowerShell: numbers from text, no Booleans from text, one value for a multi-valued property, ``$null`` for none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from providers.simulator.answers import CmdletError
from providers.simulator.texts import told

_TABLE = Path(__file__).with_name("cmdlets_table.json")

_COMMON: Final = {
    name.casefold(): name
    for name in (
        "ErrorAction",
        "ErrorVariable",
        "WarningAction",
        "WarningVariable",
        "OutVariable",
        "OutBuffer",
        "Verbose",
        "Debug",
    )
} | {"ea": "ErrorAction", "wa": "WarningAction"}

_MANY: Final = frozenset({"MultiValuedProperty", "ProxyAddressCollection", "PSListModifier"})
_NUMBERS: Final = frozenset({"Int32", "Int64", "UInt16", "UInt32"})
_NO_ENUMERATION: Final = _MANY | _NUMBERS | {"String"}
"""Types whose accepted values the reference lists though they are not of their own."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A bound ``@{Add=...;Remove=...}``."""

    add: tuple[Any, ...] = ()
    remove: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """A bound SecureString; its text is used where a product would and never shown."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one cmdlet."""

    name: str
    type: str
    position: int | None = None
    values: Mapping[str, str] | None = None
    """Of an enumeration: folded to proper spelling."""
    sets: frozenset[int] | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] | None = None
    """The texts it takes, where its type is not an enumeration."""
    takes_pipeline: bool = False

    @property
    def is_many(self) -> bool:
        return self.type in _MANY or self.type.endswith("[]")


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet as one version of its product has it."""

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

    def find(self, name: str, culture: str) -> Parameter | None:
        """Return the parameter that ``name`` means; None for a common one, which binding takes and drops."""
        folded = name.casefold()
        found = self.parameters.get(folded)
        if found is not None:
            return found
        if folded in _COMMON:
            return None
        matches = {p.name: p for key, p in self.parameters.items() if key.startswith(folded)}
        if len(matches) == 1:
            return next(iter(matches.values()))
        if matches:
            shown = ", ".join(f"-{match}" for match in sorted(matches))
            text = told("parameter-ambiguous", culture, name=name, matches=shown)
            raise _binding_error("AmbiguousParameter", self.name, text, name)
        raise _binding_error("NamedParameterNotFound", self.name, told("parameter-not-found", culture, name=name), name)


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
def cmdlet_of(name: str, version: str) -> Cmdlet | None:
    """Return the cmdlet ``name``, in any case, as ``version`` (``e2013``, ``l2013``, ...) has it, or None."""
    proper = _names().get(name.casefold(), "")
    row = _rows(version).get(proper)
    if row is None:
        return None
    parameters: dict[str, Parameter] = {}
    for parameter_name, described in row["parameters"].items():
        if version not in described.get("versions", row["versions"]):
            continue
        parameter = _parameter(parameter_name, described, version)
        for key in (parameter_name, *parameter.aliases):
            parameters[key.casefold()] = parameter
    if not _ASKING.keys().isdisjoint(parameters):
        parameters |= {
            alias: asking for asking in _ASKING.values() for alias in (asking.name.casefold(), *asking.aliases)
        }
    known = {parameter.name for parameter in parameters.values()}
    mandatory = tuple(frozenset(names) & known for names in row["mandatory"])
    return Cmdlet(proper, row["product"], parameters, mandatory, tuple(row["sets"]), row.get("default", ""))


def cmdlets_of(version: str, product: str) -> tuple[Cmdlet, ...]:
    """Return the cmdlets of a ``product`` (exchange, lync, windows) that ``version`` has, by name."""
    found = (cmdlet_of(name, version) for name in sorted(_names().values()))
    return tuple(cmdlet for cmdlet in found if cmdlet is not None and cmdlet.product == product)


@cache
def enumerations(version: str) -> Mapping[str, tuple[str, ...]]:
    """Return the enumerations of a version: the values that its cmdlets take, in the order of the reference.

    The reference tells the values per parameter; a type has those of all of them. Which number a value has is not
    published: it is taken to be its place.
    """
    found: dict[str, dict[str, None]] = {}
    for row in _rows(version).values():
        for described in row["parameters"].values():
            kind = described["type"].removesuffix("[]")
            if "values" in described and kind not in _NO_ENUMERATION:
                found.setdefault(kind, {}).update(dict.fromkeys(described["values"]))
    return {kind: tuple(values) for kind, values in found.items()}


@cache
def _rows(version: str) -> Mapping[str, Any]:
    """Return the cmdlets of a version as the table describes them."""
    table = _table()
    rows = table["cmdlets"] | (table["cmdlets_2007"] if version == "e2007" else {})
    return {name: row for name, row in rows.items() if version in row["versions"]}


@cache
def parameters_of(name: str) -> frozenset[str]:
    """Return the parameters that the cmdlet has in any version; empty for one that is unknown."""
    proper = _names().get(name.casefold(), name)
    rows = [_table()[part].get(proper, {}) for part in ("cmdlets", "cmdlets_2007")]
    return frozenset(parameter for row in rows for parameter in row.get("parameters", ()))


def _parameter(name: str, described: Mapping[str, Any], version: str) -> Parameter:
    sets = described.get("sets")
    values = enumerations(version).get(described["type"].removesuffix("[]"))
    is_limited = "values" in described and described["type"] in ("String", *_MANY)
    return Parameter(
        name,
        described["type"],
        described.get("position"),
        {value.casefold(): value for value in values} if values else None,
        frozenset(sets) if sets is not None else None,
        tuple(described.get("aliases", ())),
        tuple(described["values"]) if is_limited else None,
        bool(described.get("pipeline")),
    )


def command_not_found(name: str, culture: str) -> CmdletError:
    """Return the error of a name that means no command on this host."""
    text = told("command-not-found", culture, name=name)
    return CmdletError(
        "CommandNotFoundException", "CommandNotFoundException", "ObjectNotFound", text, name, executed=False
    )


def bind(
    cmdlet: Cmdlet,
    given: Mapping[str, object],
    *,
    culture: str = "en-US",
    positional: Sequence[object] = (),
    differences: bool = True,
) -> dict[str, Any]:
    """Return the arguments by proper parameter name, converted to the parameters' types.

    ``differences`` is False where the version lacks ``@{Add=;Remove=}``.

    Raises:
        CmdletError: a parameter is unknown, ambiguous, missing, given twice or cannot be converted; not executed.
    """
    bound: dict[str, Any] = {}
    used: list[Parameter] = []
    for name, value in given.items():
        parameter = cmdlet.find(name, culture)
        if parameter is None:
            continue
        if parameter.name in bound:
            text = told("parameter-twice", culture, name=parameter.name)
            raise _binding_error("ParameterAlreadyBound", cmdlet.name, text, name)
        bound[parameter.name] = _converted(cmdlet, parameter, value, culture, differences)
        used.append(parameter)
    for parameter, value in _positions(cmdlet, bound, positional, culture):
        bound[parameter.name] = _converted(cmdlet, parameter, value, culture, differences)
        used.append(parameter)
    _check_sets(cmdlet, used, bound, culture)
    return bound


def _positions(
    cmdlet: Cmdlet, bound: Mapping[str, Any], values: Sequence[object], culture: str
) -> list[tuple[Parameter, object]]:
    if not values:
        return []
    free = {p.name: p for p in cmdlet.parameters.values() if p.position is not None and p.name not in bound}
    ordered = sorted(free.values(), key=lambda parameter: (parameter.position or 0, parameter.name))
    if len(values) > len(ordered):
        value = values[len(ordered)]
        text = told("positional-not-found", culture, value=value)
        raise _binding_error("PositionalParameterNotFound", cmdlet.name, text, str(value))
    return list(zip(ordered, values, strict=False))


def _check_sets(cmdlet: Cmdlet, used: Sequence[Parameter], bound: Mapping[str, Any], culture: str) -> None:
    sets = set(range(len(cmdlet.mandatory)))
    for parameter in used:
        if parameter.sets is not None:
            sets &= parameter.sets
    if not sets and cmdlet.mandatory:
        raise _binding_error(
            "AmbiguousParameterSet", cmdlet.name, told("parameter-sets", culture), ", ".join(sorted(bound))
        )
    missing = [cmdlet.mandatory[index] - bound.keys() for index in sorted(sets)]
    if missing and all(missing):
        fewest = min(missing, key=len)
        names = " ".join(sorted(fewest))
        text = told("missing-mandatory", culture, names=names)
        raise _binding_error("MissingMandatoryParameter", cmdlet.name, text, names)


def _binding_error(kind: str, cmdlet: str, message: str, target: str) -> CmdletError:
    return CmdletError(
        "ParameterBindingException", f"{kind},{cmdlet}", "InvalidArgument", message, target, executed=False
    )


# --- conversion ------------------------------------------------------------------------------------------------------


def _converted(cmdlet: Cmdlet, parameter: Parameter, value: object, culture: str, differences: bool) -> Any:
    try:
        if isinstance(value, Mapping):
            return _tagged(parameter, value, differences)
        if parameter.is_many:
            items = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
            return [_one(parameter, item) for item in items]
        return _one(parameter, value)
    except ValueError:
        shown = value if isinstance(value, str | int) else type(value).__name__
        text = told("cannot-convert", culture, name=parameter.name, value=shown, type=parameter.type)
        raise CmdletError(
            "ParameterBindingArgumentTransformationException",
            f"ParameterArgumentTransformationError,{cmdlet.name}",
            "InvalidData",
            text,
            parameter.name,
            executed=False,
        ) from None


def _tagged(parameter: Parameter, value: Mapping[Any, Any], differences: bool) -> object:
    if "$secure" in value:
        return Secret(str(value["$secure"]))
    if value.keys() <= {"$add", "$remove"} and parameter.is_many and differences:
        add, remove = (_listed(value.get(side)) for side in ("$add", "$remove"))
        return Difference(tuple(_one(parameter, item) for item in add), tuple(_one(parameter, item) for item in remove))
    raise ValueError


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


def _one(parameter: Parameter, value: object) -> Any:
    if parameter.values is not None:
        return _enumerated(parameter.values, value)
    convert = _CONVERTERS.get(parameter.type)
    return convert(value) if convert else _text(value)


def _enumerated(values: Mapping[str, str], value: object) -> str | None:
    if value is None:
        raise ValueError
    found = values.get(str(value).casefold())
    if found is None:
        raise ValueError
    return found


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, list | tuple):
        raise ValueError
    return str(value)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    return int(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    raise ValueError


def _unlimited(value: object) -> int | str:
    if isinstance(value, str) and value.strip().casefold() == "unlimited":
        return "Unlimited"
    if isinstance(value, str) and value.endswith(".00:00:00"):
        value = value.removesuffix(".00:00:00")
    return _number(value)


_CONVERTERS: Mapping[str, Callable[[object], Any]] = {
    **dict.fromkeys(_NUMBERS, _number),
    "Boolean": _boolean,
    "SwitchParameter": _boolean,
    "Unlimited": _unlimited,
}
