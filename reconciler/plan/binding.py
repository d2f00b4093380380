"""What a plan was made over in the state, object by object, and whether that is still so.

A saved plan holds as long as what its steps read: the servers, which each step looks at again before it sends, and what
the state remembered of the same objects. What the state learned of others meanwhile makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.addresses import Address
from reconciler.model.json_text import fingerprint
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.plan import Plan

_DIGITS = 16
"""Of a fingerprint: changes are to be noticed, and forgers have the signature of the file before them."""


def fingerprints_of(snapshot: Snapshot, addresses: Iterable[Address]) -> dict[Address, str]:
    """Return what is remembered of those of ``addresses`` that are, each as its fingerprint."""
    known = ((address, snapshot.resources.get(address)) for address in addresses)
    return {address: _fingerprint(one) for address, one in known if one is not None}


def moved_on(plan: Plan, snapshot: Snapshot) -> tuple[Address, ...]:
    """Return those objects of a plan of which the state remembers something else than when it was made."""
    now = fingerprints_of(snapshot, plan.acted_upon())
    return tuple(address for address in plan.acted_upon() if now.get(address) != plan.prior.get(address))


def is_made_over(plan: Plan, snapshot: Snapshot) -> bool:
    """True where the plan was made over this state; one made over none fits a state that holds nothing else than its
    own adoptions."""
    if plan.lineage is not None:
        return plan.lineage == snapshot.lineage
    adopted = {action.address for action in plan.adopted}
    return snapshot.resources.keys() <= adopted and not (snapshot.obligations or snapshot.open_intents)


def _fingerprint(known: Remembered) -> str:
    return fingerprint({**known.attributes, "#guid": known.guid})[:_DIGITS]
