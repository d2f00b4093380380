"""PowerShell's parameter binding over the published table of cmdlets, for the version a host has.

Names are found whatever their case, by alias or by unambiguous prefix; a cmdlet or parameter the version lacks does
not exist. Nothing that fails here has reached the cmdlet: such errors say ``executed`` False. Conversions are those of
PowerShell: numbers from text, no Booleans from text, one value for a multi-valued property, ``$null`` for none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from providers.simulator.answers import CmdletError
from providers.simulator.invocation import conversion
from providers.simulator.invocation.conversion import Difference as Difference
from providers.simulator.invocation.conversion import Enumeration
from providers.simulator.invocation.conversion import Secret as Secret
from providers.simulator.invocation.texts import told

_TABLE = Path(__file__).with_name("cmdlets_table.json")

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
_COMMON_KEYS: Final = frozenset(key.casefold() for pair in _COMMON.items() for key in pair)

_MANY: Final = frozenset({"MultiValuedProperty", "ProxyAddressCollection", "PSListModifier"})
_NUMBERS: Final = frozenset({"Int32", "Int64", "UInt16", "UInt32"})
_NO_ENUMERATION: Final = _MANY | _NUMBERS | {"String"}
"""Types whose accepted values the reference lists though they are not of their own."""
_FLAGS: Final = frozenset({"AllowedServices"})
"""Enumerations of which a value may be several."""


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
        if folded in _COMMON_KEYS:
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
        if version not in described.get("versions", row["versions"]) or parameter_name in _COMMON:
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
def setters(noun: str, version: str) -> Mapping[str, Parameter]:
    """Return the parameters that set the properties of a kind of object, by folded name: they tell the types."""
    found: dict[str, Parameter] = {}
    for verb in ("Set", "New", "Enable"):
        cmdlet = cmdlet_of(f"{verb}-{noun}", version)
        for parameter in cmdlet.declared if cmdlet else ():
            found.setdefault(parameter.name.casefold(), parameter)
    return found


@cache
def enumerations(version: str) -> Mapping[str, Enumeration]:
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
    return {
        kind: Enumeration(("None", *(name for name in values if name != "None")), is_flags=True)
        if kind in _FLAGS
        else Enumeration(tuple(values))
        for kind, values in found.items()
    }


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
    """Return the arguments by proper parameter name, converted to the parameters' types, in the cmdlet's own order.

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
    return {parameter.name: bound[parameter.name] for parameter in cmdlet.declared if parameter.name in bound}


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
    """Choose the parameter set as the engine does, and see that nothing it asks for is missing."""
    sets = set(range(len(cmdlet.mandatory)))
    for parameter in used:
        if parameter.sets is not None:
            sets &= parameter.sets
    default = cmdlet.sets.index(cmdlet.default_set) if cmdlet.default_set else None
    if len(sets) > 1 and default is not None:
        sets = {default} if default in sets else {index for index in sets if cmdlet.mandatory[index] <= bound.keys()}
    if len(sets) != 1:
        raise _binding_error(
            "AmbiguousParameterSet", cmdlet.name, told("parameter-sets", culture), ", ".join(sorted(bound))
        )
    missing = cmdlet.mandatory[sets.pop()] - bound.keys()
    if missing:
        names = " ".join(sorted(missing))
        text = told("missing-mandatory", culture, names=names)
        raise _binding_error("MissingMandatoryParameter", cmdlet.name, text, names)


def _binding_error(kind: str, cmdlet: str, message: str, target: str) -> CmdletError:
    return CmdletError(
        "ParameterBindingException", f"{kind},{cmdlet}", "InvalidArgument", message, target, executed=False
    )


# --- conversion ------------------------------------------------------------------------------------------------------


def _converted(cmdlet: Cmdlet, parameter: Parameter, value: object, culture: str, differences: bool) -> Any:
    try:
        converted = _of_type(parameter, value, differences)
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
    refusal = _refusal(parameter, converted) if any(parameter.name in names for names in cmdlet.mandatory) else None
    if refusal is None and parameter.choices is not None and not _is_chosen(parameter.choices, converted):
        refusal = "ParameterArgumentValidationError"
    if refusal is not None:
        text = told("null-argument", culture, name=parameter.name)
        raise CmdletError(
            "ParameterBindingValidationException",
            f"{refusal},{cmdlet.name}",
            "InvalidData",
            text,
            parameter.name,
            executed=False,
        )
    return [] if converted is None and parameter.is_many else converted


def _of_type(parameter: Parameter, value: object, differences: bool) -> Any:
    if parameter.type in _MANY:
        return None if value is None else conversion.many(parameter.type, value, differences=differences)
    bare = parameter.type.removesuffix("[]")
    if bare == parameter.type:
        return _one(parameter, bare, value)
    if value is None:
        return None
    items = value if isinstance(value, list | tuple) else [value]
    if bare == "String":
        return [conversion.element(item) for item in items]
    return [_one(parameter, bare, item) for item in items]


def _one(parameter: Parameter, type_name: str, value: object) -> Any:
    if parameter.enumeration is not None:
        return conversion.enumerated(parameter.enumeration, value)
    return conversion.one(type_name, value)


def _refusal(parameter: Parameter, value: Any) -> str | None:
    """Return why a mandatory parameter does not take what was converted."""
    if value is None:
        return "ParameterArgumentValidationErrorNullNotAllowed"
    if isinstance(value, str):
        is_empty = not value and parameter.type == "String"
        return "ParameterArgumentValidationErrorEmptyStringNotAllowed" if is_empty else None
    if parameter.type in _MANY and parameter.type != "PSListModifier" and (isinstance(value, Difference) or not value):
        return "ParameterArgumentValidationErrorEmptyCollectionNotAllowed"
    if not isinstance(value, list) or parameter.type in _MANY:
        return None
    if not value:
        return "ParameterArgumentValidationErrorEmptyArrayNotAllowed"
    if parameter.type == "String[]" and "" in value:
        return "ParameterArgumentValidationErrorEmptyStringNotAllowed"
    return "ParameterArgumentValidationErrorNullNotAllowed" if None in value else None


def _is_chosen(choices: Sequence[str], value: object) -> bool:
    """Tell whether every text is one of ``choices``, in any case; what is added or removed is not looked at."""
    folded = {choice.casefold() for choice in choices}
    items = value if isinstance(value, list) else [] if isinstance(value, Difference) else [value]
    return all(item is not None and str(item).casefold() in folded for item in items)
