"""A drift report with an entry of every kind, for whatever shows or writes one."""

from __future__ import annotations

from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.resources import Address
from reconciler.model.values import UNSET
from reconciler.plan.drift import DriftChange, DriftEntry, DriftKind, DriftReport, DriftSeverity


def drifted(unmanaged: int = 40) -> DriftReport:
    """Return a report of Contoso after other administrators were at work."""
    return DriftReport(
        "contoso",
        (
            DriftEntry(
                Address("ip_gateway", "pool1.contoso.com"),
                DriftKind.DRIFTED,
                DriftSeverity.HIGH,
                "changed on the server",
                (DriftChange("outcalls_allowed", True, True, False),),
                accept="ip_gateways:\n  pool1.contoso.com:\n    outcalls_allowed: false",
                position=Position("um-lync.yaml", 21, 3),
            ),
            DriftEntry(
                Address("auto_attendant", "RedmondMain"),
                DriftKind.DRIFTED,
                DriftSeverity.MEDIUM,
                "removed on the server",
                accept="# remove RedmondMain from auto_attendants",
            ),
            DriftEntry(
                Address("mailbox_policy", "Redmond/default"),
                DriftKind.CONFLICT,
                DriftSeverity.MEDIUM,
                "changed on the server and in the configuration",
                (DriftChange("min_pin_length", 8, 6, 4), DriftChange("allow_fax", None, UNSET, True)),
            ),
            *(
                DriftEntry(
                    Address("um_mailbox", f"user{number}@contoso.com"),
                    DriftKind.PENDING,
                    DriftSeverity.LOW,
                    "declared and not yet made",
                    (DriftChange("policy", "Redmond/default", UNSET, UNSET),),
                )
                for number in range(3)
            ),
            *(
                DriftEntry(
                    Address("um_mailbox", f"other{number}@contoso.com"),
                    DriftKind.UNMANAGED,
                    DriftSeverity.LOW,
                    "there, and not declared",
                )
                for number in range(unmanaged)
            ),
            DriftEntry(
                Address("um_service_restart", "*"),
                DriftKind.UNREADABLE,
                DriftSeverity.HIGH,
                "ex2.contoso.com gave no answer.",
                diagnostic=Diagnostic("Host unreachable", "ex2.contoso.com gave no answer.", "Look at the host."),
            ),
        ),
        in_order=210,
    )
