"""Finds the claims that move from one object to another in a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.abilities import Holder
from reconciler.model.actions import Action, ActionKind, Claim
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource

_TAKES = (ActionKind.CREATE, ActionKind.UPDATE, ActionKind.REPLACE)
_GIVES = (ActionKind.UPDATE, ActionKind.REPLACE, ActionKind.DELETE)


@dataclass(frozen=True, slots=True)
class Move:
    """One claim that moves from one object to another, both as folded addresses."""

    claim: Claim
    """The claim of the holder."""
    given: Claim
    """The claim of the taker; objects of different types have it in different attributes."""
    holder: str
    taker: str


def key_of(address: Address) -> str:
    """Return the name of an action's object within an exchange: equal for all spellings of the address."""
    return "/".join(address.folded)


def moves_of(
    by_name: Mapping[str, Holder], actions: Mapping[str, Action], before: Landscape, end: Landscape
) -> tuple[Move, ...]:
    """Return the claims that an action takes from objects that give them up, in a fixed order."""
    held = tuple(_held(by_name, actions, before))
    if not held:
        return ()
    wanted = {
        claim: (claim, key_of(action.address))
        for action in actions.values()
        if action.kind in _TAKES and action.address.type in by_name
        for claim in _incoming(by_name[action.address.type], action, before, end)
    }
    found = (
        Move(claim, wanted[claim][0], holder, wanted[claim][1])
        for holder, claim in held
        if claim in wanted and wanted[claim][1] != holder and not _keeps(by_name, actions, holder, claim, end)
    )
    return tuple(sorted(set(found), key=lambda move: (move.taker, move.holder, move.claim.scope, move.claim.value)))


def _incoming(kind: Holder, action: Action, before: Landscape, end: Landscape) -> Iterator[Claim]:
    """Yield the claims that an action adds to its object."""
    observed, made = (each.at(action.address) for each in (before, end))
    held = set(kind.claims(observed, before)) if observed else set()
    yield from (claim for claim in (kind.claims(made, end) if made else ()) if claim not in held)


def _held(
    by_name: Mapping[str, Holder], actions: Mapping[str, Action], before: Landscape
) -> Iterator[tuple[str, Claim]]:
    """Yield each holder that an action changes, with its claims; for a deleted holder also its last applied claims.

    An apply that was killed between freeing and giving leaves a number without a holder. The successor then still waits
    for the old holder.
    """
    for key, action in actions.items():
        if action.kind not in _GIVES or action.address.type not in by_name:
            continue
        kind = by_name[action.address.type]
        observed = before.at(action.address)
        prior = before.prior.resources.get(action.address)
        yield from ((key, claim) for claim in (kind.claims(observed, before) if observed else ()))
        if prior is not None and action.kind is ActionKind.DELETE:
            yield from ((key, claim) for claim in kind.claims(Resource(prior.address, prior.attributes), before))


def _keeps(
    by_name: Mapping[str, Holder], actions: Mapping[str, Action], holder: str, claim: Claim, end: Landscape
) -> bool:
    address = actions[holder].address
    left = end.at(address)
    return left is not None and claim in by_name[address.type].claims(left, end)
