"""PowerShell's parameter binding over the published reference of cmdlets, for the version a host has.

Names are found by alias or unambiguous prefix, ignoring case. A cmdlet or parameter that the version lacks does not
exist. An error here means that the cmdlet did not run: it has ``executed`` False. Conversions are those of PowerShell:
numbers from text, no Booleans from text, one value for a multi-valued property, ``$null`` for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.cmdlets.reference import COMMON_KEYS, MANY, Cmdlet, Parameter
from providers.simulator.answers import CmdletError
from providers.simulator.invocation import conversion
from providers.simulator.invocation.call import product_text
from providers.simulator.invocation.conversion import Difference as Difference
from providers.simulator.invocation.conversion import Secret as Secret


def command_not_found(name: str, culture: str) -> CmdletError:
    """Return the error of a name that means no command on this host."""
    text = product_text("command-not-found", culture, name=name)
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
        parameter = find(cmdlet, name, culture)
        if parameter is None:
            continue
        if parameter.name in bound:
            text = product_text("parameter-twice", culture, name=parameter.name)
            raise _binding_error("ParameterAlreadyBound", cmdlet.name, text, name)
        bound[parameter.name] = _converted(cmdlet, parameter, value, culture, differences)
        used.append(parameter)
    for parameter, value in _positions(cmdlet, bound, positional, culture):
        bound[parameter.name] = _converted(cmdlet, parameter, value, culture, differences)
        used.append(parameter)
    _check_sets(cmdlet, used, bound, culture)
    return {parameter.name: bound[parameter.name] for parameter in cmdlet.declared if parameter.name in bound}


def find(cmdlet: Cmdlet, name: str, culture: str) -> Parameter | None:
    """Return the parameter of that name; None for a common parameter, which binding ignores."""
    folded = name.casefold()
    found = cmdlet.parameters.get(folded)
    if found is not None:
        return found
    if folded in COMMON_KEYS:
        return None
    matches = {p.name: p for key, p in cmdlet.parameters.items() if key.startswith(folded)}
    if len(matches) == 1:
        return next(iter(matches.values()))
    if matches:
        shown = ", ".join(f"-{match}" for match in sorted(matches))
        text = product_text("parameter-ambiguous", culture, name=name, matches=shown)
        raise _binding_error("AmbiguousParameter", cmdlet.name, text, name)
    raise _binding_error(
        "NamedParameterNotFound", cmdlet.name, product_text("parameter-not-found", culture, name=name), name
    )


def _positions(
    cmdlet: Cmdlet, bound: Mapping[str, Any], values: Sequence[object], culture: str
) -> list[tuple[Parameter, object]]:
    if not values:
        return []
    free = {p.name: p for p in cmdlet.parameters.values() if p.position is not None and p.name not in bound}
    ordered = sorted(free.values(), key=lambda parameter: (parameter.position or 0, parameter.name))
    if len(values) > len(ordered):
        value = values[len(ordered)]
        text = product_text("positional-not-found", culture, value=value)
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
            "AmbiguousParameterSet", cmdlet.name, product_text("parameter-sets", culture), ", ".join(sorted(bound))
        )
    missing = cmdlet.mandatory[sets.pop()] - bound.keys()
    if missing:
        names = " ".join(sorted(missing))
        text = product_text("missing-mandatory", culture, names=names)
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
        text = product_text("cannot-convert", culture, name=parameter.name, value=shown, type=parameter.type)
        raise CmdletError(
            "ParameterBindingArgumentTransformationException",
            f"ParameterArgumentTransformationError,{cmdlet.name}",
            "InvalidData",
            text,
            parameter.name,
            executed=False,
        ) from None
    refusal = _refusal(parameter, converted) if any(parameter.name in names for names in cmdlet.mandatory) else None
    if refusal is None and parameter.choices and not _is_chosen(parameter.choices, converted):
        refusal = "ParameterArgumentValidationError"
    if refusal is not None:
        text = product_text("null-argument", culture, name=parameter.name)
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
    if parameter.type in MANY:
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
    """Return the error id if a mandatory parameter refuses its converted value; None if it accepts the value."""
    if value is None:
        return "ParameterArgumentValidationErrorNullNotAllowed"
    if isinstance(value, str):
        is_empty = not value and parameter.type == "String"
        return "ParameterArgumentValidationErrorEmptyStringNotAllowed" if is_empty else None
    if parameter.type in MANY and parameter.type != "PSListModifier" and (isinstance(value, Difference) or not value):
        return "ParameterArgumentValidationErrorEmptyCollectionNotAllowed"
    if not isinstance(value, list) or parameter.type in MANY:
        return None
    if not value:
        return "ParameterArgumentValidationErrorEmptyArrayNotAllowed"
    if parameter.type == "String[]" and "" in value:
        return "ParameterArgumentValidationErrorEmptyStringNotAllowed"
    return "ParameterArgumentValidationErrorNullNotAllowed" if None in value else None


def _is_chosen(choices: Sequence[str], value: object) -> bool:
    """True if every text is one of ``choices``, ignoring case.

    A ``Difference`` (@{Add=...; Remove=...}) is not checked.
    """
    folded = {choice.casefold() for choice in choices}
    items = value if isinstance(value, list) else [] if isinstance(value, Difference) else [value]
    return all(item is not None and str(item).casefold() in folded for item in items)
