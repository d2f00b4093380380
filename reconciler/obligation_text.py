"""What is still owed, as a clause of a sentence."""

from __future__ import annotations

from typing import assert_never

from reconciler.snapshot import Duty, Obligation


def obligation_text(owed: Obligation) -> str:
    """Return ``RTCSRV on fe1.contoso.com has to restart``, with what is known of when the need began."""
    since = f" (since {owed.since})" if owed.since else ""
    match owed.duty:
        case Duty.FRONT_END_RESTART:
            return f"RTCSRV on {owed.subject} has to restart{since}"
        case Duty.UM_SERVICE_RESTART:
            return f"the UM services of {owed.subject} have to restart{since}"
        case Duty.LOWER_OUTCALLS:
            return f"outgoing calls of {owed.subject} have to go back to one gateway{since}"
    assert_never(owed.duty)
