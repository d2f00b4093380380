"""What doctor says about waivers."""

from __future__ import annotations

from datetime import UTC, date, datetime

from reconciler.doctor.waivers import waiver_findings
from reconciler.model.findings import Check, Status
from reconciler.model.waivers import Waiver

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
LATE = Waiver("UM012", "dial_plan/Redmond", date(2026, 1, 4), "x")
GOOD = Waiver("UM040", "dial_plan/Redmond", date(2026, 1, 5), "x")


def test_an_ended_waiver_fails() -> None:
    assert [(one.check, one.status) for one in waiver_findings([LATE, GOOD], NOW)] == [(Check.WAIVERS, Status.FAILED)]


def test_waivers_in_force_are_in_order() -> None:
    assert [one.status for one in waiver_findings([GOOD], NOW)] == [Status.OK]
    assert not list(waiver_findings([], NOW))
