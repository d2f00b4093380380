"""Which code answers which cmdlet: the function of its name, as ``get_cs_site`` answers Get-CsSite.

New-, Get-, Set- and Remove- of any other noun of Unified Messaging are those of ``um_objects``, with the ``Rules`` of
the noun where one of the modules has some.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from providers.simulator.answers import CmdletError
from providers.simulator.cmdlets import um_objects
from providers.simulator.cmdlets.um_objects import Rules
from providers.simulator.invocation.call import Call, Handler

_ANSWERS: Final = re.compile(r"(add|disable|enable|get|grant|move|new|remove|restart|set|start|stop|test)_")
_NOTHING: Final = frozenset({"Get-UMActiveCalls", "Get-CsHostedVoicemailPolicy", "Get-CsVoicePolicy"})
"""Cmdlets that list objects which no simulated estate has."""
_ANY_NOUN: Final = {
    "New": um_objects.answer_new,
    "Get": um_objects.answer_get,
    "Set": um_objects.answer_set,
    "Remove": um_objects.answer_remove,
}


def run_cmdlet(call: Call) -> Iterable[dict[str, object]]:
    """Run the cmdlet of ``call``, which is bound, and return its records.

    Raises:
        CmdletError: the cmdlet ended with an error, or the simulator does not have it.
    """
    handler = handlers().get(call.cmdlet.replace("-", "").casefold())
    if handler is not None:
        return handler(call) or ()
    if call.cmdlet in _NOTHING:
        return ()
    verb, _, noun = call.cmdlet.partition("-")
    rules = _rules().get(noun, Rules(noun))
    if verb in _ANY_NOUN and noun.startswith("UM"):
        return _ANY_NOUN[verb](call, rules) or ()
    if verb in ("Enable", "Disable") and "Status" in rules.defaults:
        um_objects.answer_switch(call, rules)
        return ()
    text = f"The simulator does not have {call.cmdlet}."
    raise CmdletError("NotImplementedException", "NotImplemented", "NotImplemented", text, call.cmdlet, executed=False)


@cache
def handlers() -> Mapping[str, Handler]:
    """Return the function that answers each cmdlet, by the cmdlet's name in small letters and without its hyphen."""
    return {
        name.replace("_", ""): found
        for module in _modules()
        for name, found in vars(module).items()
        if isinstance(found, FunctionType) and _ANSWERS.match(name)
    }


@cache
def _rules() -> Mapping[str, Rules]:
    rules = (found for module in _modules() for found in vars(module).values() if isinstance(found, Rules))
    return {one.noun: one for one in rules}


def _modules() -> list[ModuleType]:
    folder = str(Path(__file__).parent)
    return [importlib.import_module(f"{__package__}.{found.name}") for found in pkgutil.iter_modules([folder])]
