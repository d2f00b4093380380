"""The first contact with an entry point in a run: what is wrong on the way there is said at once, as doctor says it.

A name that does not resolve, a port that nobody listens on and a certificate that is not trusted do not heal while
somebody waits. So before the first session to the host that a connection names is opened, the way there is looked at
step by step; what fails ends it for good. Once the host was there, a failure is one of the run, and is outlasted.
A credential that is refused, and what answers without being WinRM, are seen only when the session is opened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from providers.transport.settings import Target
from providers.transport.wsman.reaching import reach
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import PermanentError, UntrustedServer
from reconciler.model.findings import Check, Status
from reconciler.model.ports import Clock

CONNECT_SECONDS: Final = 2.0
"""Time for two attempts of TCP, one second apart."""


class FirstContact:
    """The hosts that a run has yet to meet."""

    def __init__(self, clock: Clock, doctor: str) -> None:
        """``doctor``: the command that examines the connections of this environment."""
        self._clock, self._doctor = clock, doctor
        self._met: set[str] = set()

    def refuse(self, target: Target) -> None:
        """Look at the way to an entry point that was not met before.

        Raises:
            PermanentError: a session cannot be opened; it says which step fails, and what to do.
        """
        if target.url in self._met or target.settings.via is not None or not target.is_entry:
            return
        failed = reach(target, self._clock.now(), CONNECT_SECONDS)[-1]
        if failed.status is Status.FAILED:
            kind = UntrustedServer if failed.check is Check.TLS else PermanentError
            raise kind(Diagnostic(failed.summary, failed.detail, f"{failed.remedy}\n\n{self._look()}"))
        self._met.add(target.url)

    def advised(self, error: PermanentError) -> PermanentError:
        """Return why a session was not opened, with the command that looks at the way there."""
        told = (replace(one, remedy=f"{one.remedy}\n\n{self._look()}".lstrip()) for one in error.diagnostics)
        return type(error)(*told, record=error.record)

    def _look(self) -> str:
        return f"To look at every step of the way to each server:\n\n    {self._doctor}"
