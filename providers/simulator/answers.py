"""What a simulated cmdlet gives back: records and warnings, or an error record as PowerShell reports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a successful call."""

    records: tuple[dict[str, object], ...] = ()
    warnings: tuple[str, ...] = ()
    output: str = ""
    """Text that a script printed."""
    seconds: float = 0.0
    """How long the cmdlet runs before it answers."""


class CmdletError(Exception):
    """A terminating error with the fields of an error record. Classify by ``type``, never by the localised message."""

    inner: tuple[str, ...] = ()
    """Type names of the exceptions inside it."""
    seconds: float = 0.0
    """How long the cmdlet works before it fails."""

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
        """False if the call certainly did not reach the cmdlet."""
