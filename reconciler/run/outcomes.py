"""The outcome of each action of a batch, judged by what was read, and what the state keeps of it.

Only an observed effect counts as success, never the reply of a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.model.abilities import Owing, Piecemeal
from reconciler.model.actions import Action, ActionKind, Proof
from reconciler.model.diagnostics import AmbiguousOutcome, TransientError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Obligation, Outcome, OutcomeKind, Remembered, StateChange
from reconciler.plan.effects import is_done
from reconciler.plan.verdict import why_unreadable
from reconciler.run.observe import unread
from reconciler.run.sent import Ended, Sent


def judge(kind: ResourceType, sent: Sent, before: Landscape, after: Landscape, *, is_given_up: bool) -> Ended:
    """Return how an action ended, by the landscapes before and after its commands.

    ``is_given_up``: the operator does not wait any longer, so a lost reply leaves the outcome unknown.
    """
    return replace(_outcome(kind, sent, before, after, is_given_up), evidence=sent.evidence())


def _outcome(kind: ResourceType, sent: Sent, before: Landscape, after: Landscape, is_given_up: bool) -> Ended:
    action, error = sent.action, sent.error
    if (lacking := unread(kind, action.address, after)) is not None:
        unsent = isinstance(error, TransientError) and not sent.has_begun
        why = why_unreadable(lacking, after)
        return Ended(action, OutcomeKind.NOT_RUN if unsent else OutcomeKind.UNKNOWN, why)
    if is_done(kind, action, after):
        return Ended(action, OutcomeKind.DONE)
    match error:
        case None if sent.held_back:
            return Ended(action, OutcomeKind.FAILED, f"{sent.held_back}; not sent: {sent.commands[sent.turn]}")
        case None:
            seen = "; ".join(sent.read) or "its effect is not observed"
            cause = f". Most likely cause: {sent.cause.text}" if sent.cause else ""
            partial = isinstance(kind, Piecemeal) and kind.is_partly_done(action, before, after)
            return Ended(action, OutcomeKind.FAILED, f"{seen}{cause}", is_partial=partial)
        case AmbiguousOutcome() if action.proof is Proof.UNOBSERVABLE or is_given_up:
            return Ended(action, OutcomeKind.UNKNOWN, str(error))
        case AmbiguousOutcome() | TransientError():
            outcome = OutcomeKind.FAILED if sent.has_begun else OutcomeKind.NOT_RUN
            return Ended(action, outcome, str(error))
        case _:
            return Ended(action, OutcomeKind.FAILED, str(error))


def change_of(
    kind: ResourceType,
    under_way: Sequence[Sent],
    ended: Sequence[Ended],
    landscape: Landscape,
    was_saved: Callable[[Intent], bool],
) -> StateChange:
    """Return the outcomes of saved intents; an unknown outcome leaves the intent open for the next run."""
    outcomes = tuple(
        Outcome(sent.intent.id, end.outcome, end.detail)
        for sent, end in zip(under_way, ended, strict=True)
        if end.outcome is not OutcomeKind.UNKNOWN and was_saved(sent.intent)
    )
    change = learned(kind, [end.action for end in ended if end.outcome is OutcomeKind.DONE], landscape, outcomes)
    partial = [end.action for end in ended if end.is_partial]
    in_vain = [
        tried
        for sent, end in zip(under_way, ended, strict=True)
        if end.outcome is OutcomeKind.FAILED and sent.cause is not None and sent.cause.is_final
        if isinstance(kind, Piecemeal) and not sent.is_disputed
        if (tried := kind.tried(sent.action, landscape, "\n".join(sent.printed))) is not None
    ]
    owed = _owed_after(kind, partial, landscape)
    return replace(change, remember=(*change.remember, *in_vain), owe=(*change.owe, *owed))


def learned(
    kind: ResourceType, done: Sequence[Action], landscape: Landscape, outcomes: tuple[Outcome, ...] = ()
) -> StateChange:
    """Return what the state keeps of actions whose effects were observed."""
    return StateChange(
        outcomes=outcomes,
        remember=tuple(remembered(action, landscape) for action in done if action.remember is not None),
        # For a task, the state keeps only that it ran without effect.
        forget=(
            *(
                action.address
                for action in done
                if action.remember is None
                and (action.kind is not ActionKind.RUN or action.address in landscape.prior.resources)
            ),
            *respelt((action.address for action in done if action.remember is not None), landscape),
        ),
        owe=_owed_after(kind, done, landscape),
        discharge=tuple(met for action in done for met in action.discharges),
    )


def _owed_after(kind: ResourceType, actions: Sequence[Action], landscape: Landscape) -> tuple[Obligation, ...]:
    if not isinstance(kind, Owing):
        return ()
    return tuple(owed for action in actions for owed in kind.owed_after(action, landscape))


def respelt(addresses: Iterable[Address], landscape: Landscape) -> tuple[Address, ...]:
    """Return the old spellings of those ``addresses`` that the state has in another spelling."""
    known = ((address, landscape.prior.resources.get(address)) for address in addresses)
    return tuple(prior.address for address, prior in known if prior and not prior.address.is_spelt_as(address))


def remembered(action: Action, landscape: Landscape) -> Remembered:
    """Return the saved state of the resource after ``action``."""
    assert action.remember is not None
    kept = landscape.at(action.address) or action.remember
    return Remembered(action.address, action.remember.attributes, kept.name, kept.guid, action.needs)
