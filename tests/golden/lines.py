"""Messages of every kind, out of the examples that other tests use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.model.diagnostics import Diagnostic, Position, Severity
from reconciler.model.resources import Address
from reconciler.model.snapshot import Audit, Intent, Obligation, Remembered, Run, Snapshot
from reconciler.views.json_lines import JsonLines, LogFile
from tests.support.example_drift import drifted
from tests.support.example_events import ONE_OF_EACH
from tests.support.example_examined import in_order, troubled
from tests.support.plans import contoso, nothing

KNOWN = Remembered(
    Address("mailbox_policy", "F\u00fchrung"),
    {"min_pin_length": 8, "allow_fax": False, "pin_lifetime": None, "groups": ("a", "b"), "empty": ()},
    name="F\u00fchrung",
    guid="00000000-0000-4000-8000-000000000001",
    needs=(Address("dial_plan", "Redmond"),),
)
STATE = Snapshot(
    "contoso",
    "4k1z9c2m7q0x",
    7,
    resources={one.address: one for one in (KNOWN, Remembered(Address("dial_plan", "Redmond")))},
    obligations=(
        Obligation("service-runs", "fe1.contoso.com/RTCCAA"),
        Obligation("um-service-restart", "ex1.contoso.com", "2026-01-05T08:00:00Z"),
    ),
    open_intents=(
        Intent("1", "run1", KNOWN.address, "update", "Set-UMMailboxPolicy", "ex1.contoso.com", "2026-01-05T08:00:30Z"),
    ),
    decisions={"domain_controller": "dc1.contoso.com", "dial_plan/Redmond:site": "Redmond"},
)
RUNS = (
    Run("run2", "2026-01-05T08:00:00+00:00", "kim", "ops1"),
    Run(
        *("run1", "2026-01-05T07:00:00+00:00", "kim", "ops1", "4f2c91d0c3a5", "2026-01-05T07:00:09+00:00", 3, "d" * 64),
        *(1, 2, 3, True, True),
    ),
)


TOLD = (
    Diagnostic("Nothing else"),
    Diagnostic(
        "Everything \u202e\x1b[2J\ud800",
        'detail "quoted" \\',
        "remedy\n\n    command",
        Severity.NOTE,
        "um_mailbox/zelda@contoso.com",
        Position("people.csv", 10, 1),
        "zelda@contoso.com,\x7f",
        "UM071",
        leaves_out=True,
    ),
)


def _events(output: JsonLines) -> None:
    for event in ONE_OF_EACH:
        output(event)


def _state(output: JsonLines) -> None:
    output.tell(STATE, Snapshot("nothing"), *RUNS, Audit(7, "a" * 64))
    output.end(0)


EXAMPLES: Mapping[str, Callable[[JsonLines], None]] = {
    "events": _events,
    "plan": lambda output: output.tell(contoso(users=2)),
    "empty_plan": lambda output: output.tell(nothing()),
    "drift": lambda output: output.tell(drifted(unmanaged=1)),
    "doctor": lambda output: output.tell(troubled()),
    "doctor_in_order": lambda output: output.tell(in_order()),
    "diagnostics": lambda output: output.tell(*TOLD),
    "state": _state,
}
"""By name, what writes the messages of an example."""


def write_log(path: Path) -> None:
    """Write the events to a log."""
    log = LogFile(path, now=lambda: datetime(2026, 1, 5, 8, tzinfo=UTC), secrets=["Zugriff"])
    for event in ONE_OF_EACH:
        log(event)
    log.close()
    assert log.failure is None
