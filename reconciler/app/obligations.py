"""The kinds of obligation that the resource types declare, for the views."""

from __future__ import annotations

from reconciler.model.obligations import Duty, unknown_duty
from reconciler.model.snapshot import Obligation


def duty_of(owed: Obligation) -> Duty:
    """Return the kind that an obligation is of."""
    from providers.catalogue import duties

    return duties().get(owed.duty) or unknown_duty(owed)
