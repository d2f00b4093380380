"""An object given back to the cmdlet that sets it, as the procedure of Gg398129 binds a server:

    $ums[0].DialPlans += $dp.Identity; set-umservice -instance $ums[0]

The product writes what was changed on the object. Here it is what differs from the object on the server. So an object
that was read before somebody else's change undoes that change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from providers.cmdlets.reference import Cmdlet
from providers.simulator.answers import CmdletError
from providers.simulator.cmdlets.dispatch import run_cmdlet
from providers.simulator.invocation.binding import find
from providers.simulator.invocation.call import Call, product_text

INSTANCE: Final = "Instance"
OBJECT: Final = "$object"
"""The key of an object's properties, in an argument that is an object."""
_NO_PROPERTIES: Final = frozenset({INSTANCE, "Identity", "DomainController", "WhatIf", "Confirm", "Force"})


def given_back(cmdlet: Cmdlet, given: Mapping[str, object], call: Call) -> Mapping[str, object]:
    """Return the arguments with the identity and the changes of an object in place of ``-Instance``.

    ``call`` reads the object on the server; arguments beside ``-Instance`` win over the object.

    Raises:
        CmdletError: ``-Instance`` is no object, or the server has none of its identity.
    """
    if not cmdlet.name.startswith("Set-") or INSTANCE.casefold() not in cmdlet.parameters:
        return given
    named = {name: found.name for name in given if (found := find(cmdlet, name, call.culture)) is not None}
    told = next((value for name, value in given.items() if named.get(name) == INSTANCE), ...)
    if told is ...:
        return given
    held = told.get(OBJECT) if isinstance(told, Mapping) else None
    if not isinstance(held, Mapping) or not held.get("Identity"):
        raise _no_object(cmdlet, told, call)
    others = {name: value for name, value in given.items() if named.get(name) != INSTANCE}
    changes = _changes(cmdlet, held, _on_server(call, held["Identity"]))
    explicit = {named[name] for name in others if name in named}
    return {
        "Identity": held["Identity"],
        **{name: value for name, value in changes.items() if name not in explicit},
        **others,
    }


def _on_server(call: Call, identity: object) -> Mapping[str, object]:
    noun = call.cmdlet.partition("-")[2]
    reading = replace(call, cmdlet=f"Get-{noun}", arguments={"Identity": identity}, properties=("*",))
    return next(iter(run_cmdlet(reading)))


def _changes(cmdlet: Cmdlet, held: Mapping[str, Any], there: Mapping[str, object]) -> dict[str, object]:
    """Return the properties that a parameter sets and that differ, by parameter."""
    own = {name.casefold(): value for name, value in held.items()}
    known = {name.casefold(): value for name, value in there.items()}
    names = [one.name for one in cmdlet.declared if one.name not in _NO_PROPERTIES and one.name.casefold() in own]
    return {
        name: own[name.casefold()]
        for name in names
        if name.casefold() in known and _text(own[name.casefold()]) != _text(known[name.casefold()])
    }


def _text(value: object) -> str:
    """Return a value as it is compared: of references the names, case ignored, and an empty list as nothing."""
    match value:
        case None | [] | ():
            return ""
        case list() | tuple():
            return "\n".join(map(_text, value))
        case {"name": name, "guid": _}:
            return str(name).casefold()
        case _:
            return str(value).casefold()


def _no_object(cmdlet: Cmdlet, told: object, call: Call) -> CmdletError:
    kind = cmdlet.parameters[INSTANCE.casefold()].type
    shown = told if isinstance(told, str | int) else type(told).__name__
    return CmdletError(
        "ParameterBindingArgumentTransformationException",
        f"ParameterArgumentTransformationError,{cmdlet.name}",
        "InvalidData",
        product_text("cannot-convert", call.culture, name=INSTANCE, value=shown, type=kind),
        INSTANCE,
        executed=False,
    )
