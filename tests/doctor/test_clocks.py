"""Clocks are judged by what is certain of them: each host's against this machine's, and the hosts' among each other."""

from __future__ import annotations

import pytest

from reconciler.doctor.clocks import clocks_finding
from reconciler.model.commands import Authentication
from reconciler.model.findings import Ahead, Check, Status
from tests.support.example_examined import judged, seen, unreachable


@pytest.mark.parametrize(
    ("low", "high", "auth", "status"),
    [
        (-0.1, 0.1, Authentication.KERBEROS, Status.OK),
        (58.0, 59.0, Authentication.KERBEROS, Status.OK),
        (-95.1, -95.0, Authentication.KERBEROS, Status.WARNING),
        (419.0, 421.0, Authentication.NTLM, Status.WARNING),
        (419.0, 421.0, Authentication.KERBEROS, Status.FAILED),
        (-421.0, -419.0, Authentication.CREDSSP, Status.FAILED),
        (-200.0, 250.0, Authentication.KERBEROS, Status.OK),
    ],
)
def test_a_clock_is_judged_by_what_is_certain(low: float, high: float, auth: Authentication, status: Status) -> None:
    found = judged(seen(auth=auth, ahead=Ahead(low, high)))[Check.CLOCK]
    assert found.status is status
    assert bool(found.remedy) is (status is not Status.OK)


def test_a_difference_is_reported_with_its_direction() -> None:
    ahead, behind, unsure = (
        judged(seen(ahead=span))[Check.CLOCK].detail
        for span in (Ahead(419.9, 420.1), Ahead(-420.1, -419.9), Ahead(-45.0, 0.5))
    )
    assert "7 min 0 s" in ahead
    assert "7 min 0 s" in behind
    assert ahead != behind
    assert "45 s" in unsure


@pytest.mark.parametrize(("apart", "status"), [(1.0, Status.OK), (90.0, Status.WARNING), (420.0, Status.FAILED)])
def test_clocks_of_hosts_are_compared_with_each_other(apart: float, status: Status) -> None:
    """This machine may be wrong by an hour: it is no part of it."""
    hosts = [seen("a.x.y", ahead=Ahead(3600, 3600)), seen("b.x.y", ahead=Ahead(3600 + apart, 3600 + apart))]
    found = clocks_finding([*hosts, unreachable()])
    assert found is not None
    assert found.status is status
    if status is not Status.OK:
        assert found.detail.index("b.x.y") < found.detail.index("a.x.y"), "the one that is ahead comes first"


def test_clocks_fail_only_where_somebody_logs_on_by_tickets() -> None:
    def apart(*ways: Authentication) -> Status:
        pairs = zip(ways, (0, 420), strict=True)
        found = clocks_finding([seen(f"{way.value}.x.y", auth=way, ahead=Ahead(at, at)) for way, at in pairs])
        assert found is not None
        assert "Kerberos" in found.detail
        return found.status

    assert apart(Authentication.NTLM, Authentication.BASIC) is Status.WARNING
    assert apart(Authentication.NTLM, Authentication.KERBEROS) is Status.FAILED
    assert apart(Authentication.CREDSSP, Authentication.NTLM) is Status.FAILED


def test_of_several_clocks_those_that_stand_apart_are_named() -> None:
    hosts = [seen(f"h{number}.x.y", ahead=Ahead(number / 10, number / 10)) for number in range(5)]
    hosts += [seen("slow.x.y", ahead=Ahead(-95, -95)), seen("fast.x.y", ahead=Ahead(400, 400))]
    found = clocks_finding(hosts)
    assert found is not None
    assert found.status is Status.FAILED
    assert [part in found.detail for part in ("fast.x.y", "6 min 40 s", "slow.x.y", "1 min 35 s")] == [True] * 4
    assert "h1" not in found.detail


def test_one_clock_is_compared_with_no_other() -> None:
    assert clocks_finding([seen(), unreachable()]) is None
