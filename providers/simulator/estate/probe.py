"""What a session on a simulated host reports of itself: the answer to the runner's probe.

The world says what the probe meets: language mode, cmdlets the account has no role for, limits of remote shells, the
second hop. What it leaves out is as on the Windows that the host's PowerShell came with.
Source of the limits: learn.microsoft.com/windows/win32/winrm/quotas, in its older and newer edition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

from providers.cmdlets.reference import cmdlet_of
from providers.simulator.cmdlets.windows_services import utc
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import Host

_OLDER: Final[Mapping[str, int]] = {
    "MaxMemoryPerShellMB": 150,
    "MaxShellsPerUser": 5,
    "MaxProcessesPerShell": 15,
    "MaxConcurrentUsers": 5,
    "IdleTimeout": 180_000,
    "MaxEnvelopeSizekb": 150,
}
_NEWER: Final[Mapping[str, int]] = {
    "MaxMemoryPerShellMB": 1024,
    "MaxShellsPerUser": 30,
    "MaxProcessesPerShell": 25,
    "MaxConcurrentUsers": 10,
    "IdleTimeout": 7_200_000,
    "MaxEnvelopeSizekb": 500,
}
_CLR_2: Final = "2.0.50727.8800"
_CLR_4: Final = "4.0.30319.42000"


def is_missing(host: Host, cmdlet: str) -> bool:
    """True where the account has no role for the cmdlet on this host."""
    return any(fnmatchcase(cmdlet.casefold(), pattern.casefold()) for pattern in host.missing_cmdlets)


def probe_record(
    holdings: Holdings,
    host: str,
    parameters: Mapping[str, object],
    now: datetime,
    *,
    powershell: str,
    user: str,
    delegated: bool,
) -> dict[str, object]:
    """Return the one record of a probe; unknown keys are None."""
    described = holdings.hosts[host]
    server = holdings.exchange_server(host)
    asked = parameters.get("Cmdlets")
    record: dict[str, object] = {
        "User": user,
        "Authentication": None,
        "Impersonation": "Delegation" if delegated else "Impersonation",
        "Elevated": True,
        "Language": described.language_mode,
        "FarLanguage": None,
        "ExecutionPolicy": "Bypass",
        "Clr": _CLR_2 if _is_old(powershell) else _CLR_4,
        "Clock": utc(now + holdings.skew(host)),
        "Missing": _missing(holdings, host, asked if isinstance(asked, list | tuple) else ()),
        "Quotas": None if described.quotas == "unreadable" else dict(limits_of(described, powershell)),
        "Script": server is not None and server.has_script,
    }
    is_asked = parameters.get("Directory") is True
    return record | _directory(holdings, host, is_asked=is_asked, delegated=delegated)


def limits_of(host: Host, powershell: str) -> Mapping[str, int]:
    """Return the limits of remote shells on a host: those of its Windows, with its own overrides."""
    usual = _OLDER if _is_old(powershell) else _NEWER
    return usual if host.quotas == "unreadable" else {**usual, **dict(host.quotas.items())}


def _is_old(powershell: str) -> bool:
    return powershell.startswith(("1.", "2."))


def _missing(holdings: Holdings, host: str, asked: Sequence[object]) -> list[str]:
    described, release = holdings.hosts[host], holdings.release(host)
    names = [str(name) for name in asked]
    return [name for name in names if cmdlet_of(name, release) is None or is_missing(described, name)]


def _directory(holdings: Holdings, host: str, *, is_asked: bool, delegated: bool) -> dict[str, object]:
    """Return how a bind of the directory from the host ends."""
    result: dict[str, object] = dict.fromkeys(("DirectoryOk", "DirectoryServer", "DirectoryError"))
    if not is_asked:
        return result
    if holdings.world.enforce_second_hop and not delegated:
        return result | {"DirectoryOk": False, "DirectoryError": "DirectoryServicesCOMException"}
    return result | {"DirectoryOk": True, "DirectoryServer": holdings.default_controller(host)}
