"""What a simulated cmdlet gives back: records and warnings, or an error record as PowerShell reports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a call that ended well."""

    records: tuple[dict[str, object], ...] = ()
    warnings: tuple[str, ...] = ()
    output: str = ""
    """Text that a script printed."""
    seconds: float = 0.0
    """How long the cmdlet works before it answers."""


class CmdletError(Exception):
    """A terminating error, with what an error record tells: classify by ``type``, never by the localised message."""

    inner: tuple[str, ...] = ()
    """Type names of the exceptions inside it."""

    def __init__(
        self, type: str, error_id: str, category: str, message: str, target: str = "", *, executed: bool = True
    ) -> None:
        super().__init__(message)
        self.type = type
        """The exception's type name, without namespace."""
        self.error_id = error_id
        """FullyQualifiedErrorId."""
        self.category = category
        self.message = message
        self.target = target
        self.executed = executed
        """False where the call certainly did not reach the cmdlet."""
