"""Ends a shell that another run left behind, so that nothing which waits in it begins any more.

A shell belongs to the account that opened it, whoever its client is. With the shell goes its PowerShell, and what comes
for it later is refused.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from winrm.exceptions import WSManFaultError

from providers.transport.wsman.fault_tables import FAULTS, Phase
from providers.transport.wsman.faults import judge
from providers.transport.wsman.winrs import WinRS

TRIES: Final = 2


def end_shell(protocol: WinRS, name: str, place: str, *, is_ours: bool) -> bool:
    """Return True where the shell is certainly no longer there; False where nobody can tell.

    ``is_ours``: the account is certainly the one that opened it; of a shell of another, a service may say that there is
    none.
    """
    try:
        for _ in range(TRIES):
            try:
                protocol.close_shell(name)
                return True
            except Exception as error:
                if _is_unknown_shell(error):
                    return is_ours
                if not judge(error, Phase.DELETE, place).reached:
                    return False
                protocol.transport.close_session()
        return False
    finally:
        with suppress(Exception):
            protocol.transport.close_session()


def _is_unknown_shell(error: Exception) -> bool:
    if not isinstance(error, WSManFaultError):
        return False
    codes = {error.wsman_fault_code, error.wmierror_code}
    return any(row.unread for code, row in FAULTS.items() if code in codes)
