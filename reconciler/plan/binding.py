"""Checks that the saved state of the objects in a saved plan has not changed since the plan was made.

A saved plan is valid while its objects are unchanged: on the servers, which each step reads again before it sends, and
in the state. Changes of other objects do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.resources import Address
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.model.values import fingerprint
from reconciler.plan.plan import Plan

_DIGITS = 16
"""Length of a fingerprint. It only detects changes; the signature of the file protects against forgery."""


def fingerprints_of(snapshot: Snapshot, addresses: Iterable[Address]) -> dict[Address, str]:
    """Return the fingerprints of the saved resources among ``addresses``."""
    known = ((address, snapshot.resources.get(address)) for address in addresses)
    return {address: _fingerprint(one) for address, one in known if one is not None}


def moved_on(plan: Plan, snapshot: Snapshot) -> tuple[Address, ...]:
    """Return the objects of a plan whose saved state has changed since the plan was made."""
    now = fingerprints_of(snapshot, plan.acted_upon())
    return tuple(address for address in plan.acted_upon() if now.get(address) != plan.prior.get(address))


def is_made_over(plan: Plan, snapshot: Snapshot) -> bool:
    """True where the plan was made with this state.

    A plan made before any state fits a state that holds only the resources that the plan adopts.
    """
    if plan.lineage is not None:
        return plan.lineage == snapshot.lineage
    adopted = {action.address for action in plan.adopted}
    return snapshot.resources.keys() <= adopted and not (snapshot.obligations or snapshot.open_intents)


def _fingerprint(known: Remembered) -> str:
    return fingerprint({**known.attributes, "#guid": known.guid})[:_DIGITS]
