"""The sessions at Exchange's own endpoint: one for each runner that reaches the cmdlets through it.

A throttling policy limits how many one account has on a server (PowerShellMaxConcurrency, 18 unless changed). It counts
apart from the shells of WinRM, whose limit is the quota MaxShellsPerUser.

Sources of the messages: cloudiffic.com, "This User Is Allowed A Maximum Of 18 Concurrent Shells" (2010);
github.com/Microsoft365DSC/Microsoft365DSC/issues/359 (later releases). Of the error record:
devblogs.microsoft.com/powershell/configuring-wsman-limits.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

_OF_2010: Final = (
    "Connecting to remote server {host} failed with the following error message : The WS-Management service cannot"
    " process the request. This user is allowed a maximum number of {most} concurrent shells, which has been exceeded."
    " Close existing shells or raise the quota for this user. For more information, see the"
    " about_Remote_Troubleshooting Help topic."
)
_LATER: Final = (
    "Processing data from remote server {host} failed with the following error message:"
    " [FailureCategory=AuthZ-AuthorizationException] Fail to create a runspace because you have exceeded the maximum"
    " number of connections allowed : {most} for the policy party : MaxConcurrency. Please close existing runspace and"
    " try again. For more information, see the about_Remote_Troubleshooting Help topic."
)


class TooManySessions(Exception):
    """An account has as many sessions as its throttling policy allows; the text is the server's."""

    type: Final = "PSRemotingTransportException"
    error_id: Final = "PSSessionOpenFailed"
    category: Final = "OpenError"


class Endpoint:
    """The sessions of all accounts on all hosts. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: Counter[tuple[str, str]] = Counter()

    def open(self, host: str, user: str, most: int | None, *, is_2010: bool = False) -> None:
        """Count one session more.

        Raises:
            TooManySessions: there are as many as ``most`` already.
        """
        with self._lock:
            if most is not None and self._open[host, user] >= most:
                raise TooManySessions((_OF_2010 if is_2010 else _LATER).format(host=host, most=most))
            self._open[host, user] += 1

    def close(self, host: str, user: str) -> None:
        """Count one session less."""
        with self._lock:
            self._open[host, user] -= 1
