"""Sets waived findings apart from those that still count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from reconciler.model.diagnostics import Diagnostic, Severity, in_order
from reconciler.model.resources import Address
from reconciler.model.waivers import Waived, Waiver, over
from reconciler.plan.plan import Plan
from reconciler.plan.rules import UNREADABLE
from reconciler.plan.selection import matches

EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings, with the waived ones apart."""

    found: tuple[Diagnostic, ...]
    """The findings that count."""
    waived: tuple[Waived, ...]
    """Each waiver that matches a finding, with the findings that it matches."""
    about: tuple[Diagnostic, ...]
    """An error for each waiver that has ended, and a note for each that matches no finding."""


_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of the files, and the time at which they are judged."""

    every: Sequence[Waiver] = ()
    now: datetime = _NO_TIME

    def judge(self, found: Sequence[Diagnostic], *, is_complete: bool) -> Judged:
        """Return the findings with the waived ones apart.

        Args:
            is_complete: the findings are those of the whole environment, so a waiver without a finding is not needed.
        """
        in_force = sorted(one for one in self.every if not one.is_over(self.now))
        waived: dict[Waiver, list[Diagnostic]] = {one: [] for one in in_force}
        needed: set[Waiver] = set()
        counting: list[Diagnostic] = []
        by_code: dict[str, list[Waiver]] = {}
        for one in in_force:
            by_code.setdefault(one.code, []).append(one)
        for finding in found:
            fitting = [one for one in by_code.get(finding.code or "", ()) if _fits(one, finding)]
            needed.update(fitting)
            (waived[fitting[0]] if fitting and not finding.forbids else counting).append(finding)
        is_complete &= not any(one.code == UNREADABLE.code for one in found)
        idle = [_idle(one) for one in in_force if is_complete and one.is_always_made and one not in needed]
        those = tuple(Waived(one, tuple(members)) for one, members in waived.items() if members)
        return Judged(tuple(counting), those, (*over(self.every, self.now), *idle))


NO_WAIVERS: Final = Waivers()


def _fits(waiver: Waiver, finding: Diagnostic) -> bool:
    if waiver.on == EVERYTHING:
        return True
    return finding.address is not None and matches(Address.parse(finding.address), (waiver.on,))


def _idle(waiver: Waiver) -> Diagnostic:
    return Diagnostic(
        "Waiver without a finding",
        f"{waiver.code} finds nothing on {waiver.on}, so its waiver has no effect.",
        "Remove the waiver, or correct what it names.",
        Severity.NOTE,
        position=waiver.position,
    )


def with_waivers(plan: Plan, waivers: Waivers) -> Plan:
    """Return the plan with its waived findings set apart from its diagnostics."""
    if not waivers.every:
        return plan
    judged = waivers.judge(plan.diagnostics, is_complete=not plan.asked)
    return replace(plan, diagnostics=in_order([*judged.found, *judged.about]), waived=judged.waived)
