"""The first contact with an entry point in a run: problems on the way are reported at once, in the words of doctor.

Waiting does not repair a name that does not resolve, a port without a listener, or an untrusted certificate. So the run
checks the way to each host that a connection names, step by step, before the first session; a failed step is final.
Later failures of the same host are transient, and the run waits until they pass. A refused credential, or a service
that is not WinRM, is found when the session opens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from providers.transport.settings import Target
from providers.transport.wsman.reaching import reach
from reconciler.model.diagnostics import Diagnostic, PermanentError, UntrustedServer
from reconciler.model.findings import Check, Status
from reconciler.model.ports import Clock

CONNECT_SECONDS: Final = 2.0
"""Time for two attempts of TCP, one second apart."""


class FirstContact:
    """Checks each entry point once in a run."""

    def __init__(self, clock: Clock, doctor: str) -> None:
        """``doctor``: the command that examines the connections of this environment."""
        self._clock, self._doctor = clock, doctor
        self._met: set[str] = set()

    def refuse(self, target: Target) -> None:
        """Check the way to an entry point, once.

        Raises:
            PermanentError: no session can be opened; it names the failed step and the remedy.
        """
        if target.url in self._met or target.settings.via is not None or not target.is_entry:
            return
        failed = reach(target, self._clock.now(), CONNECT_SECONDS)[-1]
        if failed.status is Status.FAILED:
            kind = UntrustedServer if failed.check is Check.TLS else PermanentError
            raise kind(Diagnostic(failed.summary, failed.detail, f"{failed.remedy}\n\n{self._look()}"))
        self._met.add(target.url)

    def advised(self, error: PermanentError) -> PermanentError:
        """Return the error with the command that checks the way to each server added to its remedy."""
        advised = (replace(one, remedy=f"{one.remedy}\n\n{self._look()}".lstrip()) for one in error.diagnostics)
        return type(error)(*advised, record=error.record)

    def _look(self) -> str:
        return f"To check every step of the way to each server:\n\n    {self._doctor}"
