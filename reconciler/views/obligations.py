"""What is still owed, as a clause of a sentence, and what a plan does about it."""

from __future__ import annotations

from typing import assert_never

from reconciler.model.snapshot import Duty, Obligation
from reconciler.plan.plan import Plan


def obligation_text(owed: Obligation) -> str:
    """Return ``RTCSRV on fe1.contoso.com has to restart``, with what is known of when the need began."""
    since = f" (since {owed.since})" if owed.since else ""
    match owed.duty:
        case Duty.FRONT_END_RESTART:
            return f"RTCSRV on {owed.subject} has to restart{since}"
        case Duty.UM_SERVICE_RESTART:
            return f"the UM services of {owed.subject} have to restart{since}"
        case Duty.SERVICE_RUNS:
            host, _, service = owed.subject.partition("/")
            return f"{service} on {host} has to run again{since}"
        case Duty.LOWER_OUTCALLS:
            return f"outgoing calls of {owed.subject} have to go back to one gateway{since}"
    assert_never(owed.duty)


def settled_by(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return the identities of the obligations, open before or made by the plan, that the plan itself meets.

    No single action ends the need to lower outgoing calls: gateways are lowered together, and that it was enough is
    observed. An action that switches off a gateway's outgoing calls is taken for all of it.
    """
    actions = list(plan.actions())
    met = {owed.identity for action in actions for owed in action.discharges}
    if any(change.attribute == "outcalls_allowed" and change.after is False for a in actions for change in a.changes):
        owed = [*plan.obligations, *(one for action in actions for one in action.owes)]
        met |= {one.identity for one in owed if one.duty is Duty.LOWER_OUTCALLS}
    return frozenset(met)
