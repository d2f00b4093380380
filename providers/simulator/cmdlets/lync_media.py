"""Media settings of Lync by scope: the world's, and what administrators made of them.

Sources: Get-, New-, Set- and Remove-CsMediaConfiguration (Microsoft Learn); DOMAIN 3.14.
"""

from __future__ import annotations

from typing import Final

from providers.simulator.cmdlets.lync_topology import chosen, cs_not_found
from providers.simulator.invocation.call import Call
from providers.simulator.invocation.shapes import only

_DEFAULT: Final = "RequireEncryption"
_GLOBAL: Final = "global"


def get_media(call: Call) -> list[dict[str, object]]:
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


def new_media(call: Call) -> list[dict[str, object]]:
    """Answer New-CsMediaConfiguration: a scope that has none of its own yet."""
    scope = str(call.get("Identity"))
    if _known(call, scope) is not None:
        raise call.error("ManagementException", "cs-exists", scope, category="ResourceExists", name=scope)
    level = str(call.get("EncryptionLevel") or _DEFAULT)
    if not call.get("InMemory"):
        call.holdings.media[scope] = level
    return [_record(scope, level)]


def set_media(call: Call) -> list[dict[str, object]]:
    """Answer Set-CsMediaConfiguration: the scope named, or the global one."""
    asked = str(call.get("Identity") or _GLOBAL)
    scope = _known(call, asked)
    if scope is None:
        raise cs_not_found(call, asked)
    if level := call.get("EncryptionLevel"):
        call.holdings.media[scope] = str(level)
    return []


def remove_media(call: Call) -> list[dict[str, object]]:
    """Answer Remove-CsMediaConfiguration: the global scope cannot go, it gets its defaults back."""
    asked = str(call.get("Identity"))
    scope = _known(call, asked)
    if scope is None:
        raise cs_not_found(call, asked)
    call.holdings.media[scope] = _DEFAULT if scope.casefold() == _GLOBAL else None
    return []


def _known(call: Call, asked: str) -> str | None:
    return next((s for s in call.holdings.encryption_levels() if s.casefold() == asked.casefold()), None)
