"""Waivers: the findings that an operator accepts for some time, each with its reason.

A waiver changes what is reported and counted, never a command: a resource that a check leaves out stays left out. So an
error that forbids the whole plan cannot be waived, and neither can a check that guards something
(``Rule.is_guard``). A saved plan therefore stays good when its waivers change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from reconciler.model.diagnostics import Diagnostic, Position


@dataclass(frozen=True, slots=True, order=True)
class Waiver:
    """One accepted finding, or all findings of one check on the addresses that a pattern matches."""

    code: str
    """The code of the check."""
    on: str
    """An address, a pattern of addresses, the name of a type, or ``*`` for every finding of the check."""
    until: date
    """The last day on which it holds. It ends with this day in UTC."""
    reason: str
    position: Position | None = field(default=None, compare=False)
    is_always_made: bool = field(default=True, compare=False)
    """False for a check that not every plan and report makes: where it finds nothing, it may not have been made."""

    def is_over(self, now: datetime) -> bool:
        """True from 00:00 UTC of the day after ``until``."""
        return now.astimezone(UTC).date() > self.until


@dataclass(frozen=True, slots=True)
class Waived:
    """A waiver in force, with the findings that it waives."""

    waiver: Waiver
    findings: tuple[Diagnostic, ...] = ()


def over(waivers: Iterable[Waiver], now: datetime) -> tuple[Diagnostic, ...]:
    """Return an error for each waiver that has ended."""
    return tuple(
        Diagnostic(
            "Waiver has ended",
            f"The waiver of {one.code} on {one.on} ended with {one.until} (UTC). Its reason was: {one.reason}",
            "Solve the finding and remove the waiver, or write a later date after a new decision.",
            position=one.position,
        )
        for one in waivers
        if one.is_over(now)
    )
