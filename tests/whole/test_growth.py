"""What is written and read grows in work as it grows in size, whatever its content: nobody can hold up a run by it.

Work is counted in calls (``tests.support.effort``), so that a busy machine fails nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from providers.cmdlets.products import LYNC
from providers.simulator.world.file import parse_world
from reconciler.app import vocabulary
from reconciler.doctor.report import HostReport, Report
from reconciler.model.actions import Change
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Check, failed
from reconciler.model.resources import Address
from reconciler.model.values import UNSET
from reconciler.plan.drift import DriftChange, DriftEntry, DriftKind, DriftReport, DriftSeverity
from reconciler.plan.plan import Plan
from reconciler.plan.saved import decode, encode
from reconciler.views.doctor import render_doctor
from reconciler.views.drift import render_drift
from reconciler.views.messages import messages_of
from reconciler.views.plan import render_plan
from reconciler.views.style import Style
from tests.support.effort import effort
from tests.support.plans import contoso

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = b"k" * 32


def unequal(users: int) -> Plan:
    """Return a plan in which no two mailboxes change alike."""
    plan = contoso(users)
    *steps, last = plan.steps
    actions = tuple(
        replace(action, changes=(Change(f"attribute{number}", UNSET, number),), reasons=(f"reason {number}",))
        for number, action in enumerate(last.actions)
    )
    return replace(plan, steps=(*steps, replace(last, actions=actions)))


def written(plan: Plan) -> bytes:
    return encode(plan, key=KEY, created=NOW, expires=NOW + timedelta(days=1), nonce="n" * 26)


def drifted(entries: int) -> DriftReport:
    made = [
        DriftEntry(
            Address("um_mailbox", f"user{number}@contoso.com"),
            list(DriftKind)[number % len(DriftKind)],
            DriftSeverity.HIGH,
            f"reason {number}",
            (DriftChange(f"attribute{number}", number, UNSET, number + 1),),
        )
        for number in range(entries)
    ]
    return DriftReport("contoso", tuple(made))


def examined(hosts: int) -> Report:
    def host(number: int) -> HostReport:
        name = f"fe{number}.contoso.com"
        finding = failed(Check.LOGON, Diagnostic(f"Refused {number}", f"Detail {number}.", f"Remedy {number}."))
        return HostReport(LYNC.connection, name, name, False, (finding,))

    return Report("contoso", (), tuple(map(host, range(hosts))))


def world(users: int) -> bytes:
    rows = "".join(f"  - {{alias: u{n}, name: User {n}, pool: pool1.contoso.com}}\n" for n in range(users))
    return f"""\
world: big
domain_controllers: [{{fqdn: dc1.contoso.com}}]
exchange:
  servers: [{{fqdn: ex1.contoso.com, version: 15.0.1497.2, roles: [Mailbox, ClientAccess], site: Redmond}}]
lync:
  sites: [{{name: Redmond, type: central}}]
  pools: [{{fqdn: pool1.contoso.com, name: "1:1", site: Redmond, computers: [fe1.contoso.com]}}]
  media: {{global: RequireEncryption}}
users:
{rows}""".encode()


WORK: dict[str, tuple[Callable[[int], Any], Callable[[Any], object]]] = {
    "plan text of equal users": (contoso, lambda plan: render_plan(plan, Style(), vocabulary())),
    "plan text of unequal users": (unequal, lambda plan: render_plan(plan, Style(), vocabulary(), commands=True)),
    "plan as JSON": (unequal, lambda plan: list(messages_of(plan))),
    "plan written": (unequal, written),
    "plan read": (lambda users: written(unequal(users)), lambda data: decode(data, key=KEY, now=NOW)),
    "drift text": (drifted, lambda report: render_drift(report, Style())),
    "drift as JSON": (drifted, lambda report: list(messages_of(report))),
    "doctor text": (examined, lambda report: render_doctor(report, Style(), in_full=True)),
    "world file": (world, parse_world),
}
"""What makes a value of a size, and the work that is done with it."""


@pytest.mark.parametrize("kind", WORK)
def test_ten_times_the_size_is_about_ten_times_the_work(kind: str) -> None:
    make, work = WORK[kind]
    few, many = make(200), make(2_000)
    work(many)  # what is read once is known then, such as addresses
    assert effort(lambda: work(many)) < 13 * effort(lambda: work(few))
