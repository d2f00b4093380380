"""Media settings of Lync by scope: the world's, and what administrators made of them.

Sources: Get-, New-, Set- and Remove-CsMediaConfiguration (Microsoft Learn); DOMAIN 3.14.
"""

from __future__ import annotations

from typing import Final

from providers.simulator.cmdlets.lync_topology import chosen, cs_exists, cs_not_found
from providers.simulator.invocation.call import Call
from providers.simulator.invocation.shapes import only

_DEFAULT: Final = "RequireEncryption"
_GLOBAL: Final = "global"


def get_cs_media_configuration(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsMediaConfiguration: one record a scope."""
    levels = call.holdings.encryption_levels()
    return only(call, [_record(scope, levels[scope]) for scope in chosen(call, list(levels), lambda scope: scope)])


def _record(scope: str, level: str) -> dict[str, object]:
    return {
        "Identity": "Global" if scope.casefold() == _GLOBAL else scope[:1].upper() + scope[1:],
        "EncryptionLevel": level,
        "EnableSiren": False,
        "MaxVideoRateAllowed": "VGA600K",
        "EnableQoS": False,
    }


def new_cs_media_configuration(call: Call) -> list[dict[str, object]]:
    """Answer New-CsMediaConfiguration. The scope must not have a configuration yet."""
    scope = str(call.get("Identity"))
    if _known(call, scope) is not None:
        raise cs_exists(call, scope)
    level = str(call.get("EncryptionLevel") or _DEFAULT)
    if not call.get("InMemory"):
        call.holdings.media[scope] = level
    return [_record(scope, level)]


def set_cs_media_configuration(call: Call) -> list[dict[str, object]]:
    """Answer Set-CsMediaConfiguration: the scope named, or the global one."""
    scope = _found(call, str(call.get("Identity") or _GLOBAL))
    if level := call.get("EncryptionLevel"):
        call.holdings.media[scope] = str(level)
    return []


def remove_cs_media_configuration(call: Call) -> list[dict[str, object]]:
    """Answer Remove-CsMediaConfiguration: the global scope cannot go, it gets its defaults back."""
    scope = _found(call, str(call.get("Identity")))
    call.holdings.media[scope] = _DEFAULT if scope.casefold() == _GLOBAL else None
    return []


def _found(call: Call, asked: str) -> str:
    scope = _known(call, asked)
    if scope is None:
        raise cs_not_found(call, asked)
    return scope


def _known(call: Call, asked: str) -> str | None:
    return next((s for s in call.holdings.encryption_levels() if s.casefold() == asked.casefold()), None)
