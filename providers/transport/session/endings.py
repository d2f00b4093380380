"""The errors after the end of a session, or of a request without a reply, for users and for the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from providers.transport.session.pending import Pending
from providers.transport.session.records import error_of
from providers.transport.settings import redact
from providers.transport.wsman.shell import Output
from reconciler.model.commands import Command
from reconciler.model.diagnostics import (
    AmbiguousOutcome,
    Diagnostic,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
)
from reconciler.model.ports import Request

AGAIN: Final = "Run the command again."
_DELAY_SECONDS: Final = 2.0
_LOOK_FIRST: Final = "Apply again: it reads the object first, and sends no command that already took effect."
_MORE_MEMORY: Final = (
    "Give remote shells on the host more memory:\n    winrm set winrm/config/winrs '@{MaxMemoryPerShellMB=\"1024\"}'"
)
_CHECK_POWERSHELL: Final = "Check that powershell.exe runs on the host and that policies let remote shells start it."


@dataclass(frozen=True, slots=True)
class Endings:
    """The errors of one host; ``place`` is its name for users."""

    place: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def lost(self, reason: str) -> SessionError:
        """The session was lost and cannot be used any more."""
        return _retry("Session lost", f"{self.place}: {reason}.")

    def no_clock(self) -> SessionError:
        return self.lost("it does not report its clock, and without it commands have no valid deadline")

    def stopped(self) -> SessionError:
        """The run ends, and every session with it; nothing is tried again."""
        detail = f"{self.place}: the run is ending; no more commands are sent."
        return PermanentError(Diagnostic("Run ended", detail, AGAIN))

    def lost_again(self, last: SessionError | None) -> SessionError:
        """All repairs failed; ``last`` is the error of the last lost reply, if there was one."""
        reason = f" ({last.diagnostics[0].detail})" if last is not None else ""
        return self.lost(f"its replies were lost several times{reason}")

    def ended(self, output: Output, *, was_ready: bool) -> SessionError:
        """PowerShell ended by itself."""
        text = redact(output.stderr.decode("utf-8", "replace"), self.secrets)
        said = f" It said: {text}" if text else ""
        detail = f"{self.place}: PowerShell ended with code {output.exit_code}.{said}"
        if "OutOfMemory" in text:
            return Throttled(Diagnostic("Server is busy", detail, _MORE_MEMORY), delay_seconds=30.0)
        if was_ready:
            return _retry("Session lost", detail)
        return PermanentError(Diagnostic("PowerShell did not start", detail, _CHECK_POWERSHELL))

    def not_loaded(self, error: object) -> SessionError:
        """The runner could not load the modules of the cmdlets."""
        start = Request("0", Command("the management shell", writes=False))
        cause = error_of(error, start, self.place, self.secrets)
        diagnostic = Diagnostic(
            "Management shell did not load",
            cause.diagnostics[0].detail,
            "Check adapter: of the connection (snapin, remote, lync) and the rights of the account on this host.",
        )
        return type(cause)(diagnostic, record=cause.record)

    def unsent(self, one: Pending) -> SessionError:
        cmdlet = one.request.command.cmdlet
        detail = f"{cmdlet} was not sent to {self.place}: the session ended before its turn."
        return _retry("Command not sent", detail)

    def too_late(self) -> SessionError:
        """The deadline of a command passed before it was sent; the next try gets a new deadline."""
        detail = f"{self.place}: the deadline for beginning the commands passed before they were sent."
        return TransientError(Diagnostic("Command not sent", detail, AGAIN))

    def unanswered(self, one: Pending, error: SessionError) -> SessionError:
        """A request was sent and no reply will come: a read may be repeated, a write may have run."""
        command = one.request.command
        why = error.diagnostics[0].detail if error.diagnostics else str(error)
        if not command.writes:
            if isinstance(error, PermanentError):
                return error
            return _retry("Session lost", f"{command.cmdlet} was not answered. {why}")
        detail = f"{command.cmdlet} was sent to {self.place}, and the session ended before its reply. {why}"
        return AmbiguousOutcome(Diagnostic("Outcome is unknown", detail, _LOOK_FIRST))


def _retry(summary: str, detail: str) -> TransientError:
    return TransientError(Diagnostic(summary, detail, AGAIN), delay_seconds=_DELAY_SECONDS)
