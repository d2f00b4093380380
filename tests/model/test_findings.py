"""Findings say how each check came out; a host that was examined says where its examination stopped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Ahead, Check, Examined, Finding, Status, failed, ok, skipped, warned

HOST = Examined(EXCHANGE, "ex1.contoso.com", "ex1.contoso.com:5986", Authentication.KERBEROS)


@pytest.mark.parametrize(
    ("finding", "status"),
    [
        (ok(Check.PORT, "open"), Status.OK),
        (warned(Check.PORT, "Slow", "open"), Status.WARNING),
        (failed(Check.PORT, Diagnostic("Closed", "open", "Open it.")), Status.FAILED),
        (skipped(Check.PORT, "open"), Status.SKIPPED),
    ],
)
def test_a_finding_is_about_one_check_with_one_status(finding: Finding, status: Status) -> None:
    assert (finding.check, finding.status, finding.detail) == (Check.PORT, status, "open")
    assert bool(finding.summary) is (status in (Status.WARNING, Status.FAILED))


def test_a_failure_says_what_the_diagnostic_says() -> None:
    assert failed(Check.TLS, Diagnostic("Closed", "why", "how")) == Finding(
        Check.TLS, Status.FAILED, "why", "how", "Closed"
    )


def test_an_examination_stops_at_its_first_failure() -> None:
    steps = (ok(Check.NAME), failed(Check.PORT, Diagnostic("Closed")), failed(Check.TLS, Diagnostic("No name")))
    assert Examined(HOST.endpoint, HOST.host, HOST.place, HOST.auth, findings=steps).stopped_at is steps[1]
    assert HOST.stopped_at is None


def test_a_session_that_was_not_asked_tells_nothing() -> None:
    asked = Examined(HOST.endpoint, HOST.host, HOST.place, HOST.auth, session={"account": "CONTOSO\\svc"})
    assert (HOST.is_open, HOST.reported("account")) == (False, None)
    assert (asked.is_open, asked.reported("account"), asked.reported("quotas")) == (True, "CONTOSO\\svc", None)


@given(st.floats(-100, 100), st.floats(0, 50))
def test_what_is_certain_of_a_clock_is_the_end_of_its_span_nearest_to_none(low: float, width: float) -> None:
    ahead = Ahead(low, low + width)
    assert ahead.low <= ahead.middle <= ahead.high
    assert abs(ahead.certain) <= abs(ahead.middle) or ahead.certain == ahead.middle
    assert (ahead.certain == 0.0) is (ahead.low <= 0 <= ahead.high)
