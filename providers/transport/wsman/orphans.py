"""Ends a shell that another run left behind, so that its waiting commands cannot begin.

A shell belongs to the account that opened it, not to a client. Its PowerShell ends with it, and the host refuses later
messages to it.
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
    """End the shell; return True if it certainly no longer exists.

    ``is_ours``: our account certainly opened it. A service may deny that the shell of another account exists.
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
