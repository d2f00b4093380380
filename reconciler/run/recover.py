"""Resolves what an interrupted run left open, by looking.

An open intent is a command that may have been sent. It can no longer begin once the shell it was sent to has ended,
or its deadline has passed; then a read tells whether its effect is there. What is decided afterwards depends on fresh
observation alone, so recovery only closes the journal: it sends no command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.events import Waiting
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Emit, Lease, Sessions
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, StateChange
from reconciler.model.values import EMPTY, UNSET
from reconciler.plan.effects import is_done
from reconciler.run.observe import Reader, unread


def end_shells(intents: Sequence[Intent], sessions: Sessions, emit: Emit) -> tuple[Intent, ...]:
    """End the shells in which commands of an interrupted run may still wait; return the intents to be outlasted.

    A shell outlives its client, and what was sent to it may arrive after it. Ended, it takes all that along. Where it
    cannot be reached, or its host does not say that it is gone, only time helps.
    """
    shells = dict.fromkeys(intent.shell for intent in intents if intent.shell is not None)
    if shells:
        emit(Waiting("recovery", f"{len(shells)} shells of an interrupted run to end"))
    gone = {shell for shell in shells if sessions.end(shell)}
    return tuple(intent for intent in intents if intent.shell not in gone)


LONGEST_SECONDS: Final = 60.0
"""No command begins after the lease under which it was sent (``journal``), and none has a longer one."""


def outlast(intents: Sequence[Intent], reader: Reader) -> None:
    """Wait until none of ``intents`` can begin any more on its server.

    What an intent says about its end is by the time of day of another process. That may have been set since: back, and
    a wait for it would last for a day, or ahead, and there would be none. So the longest time that a command can have
    is waited for, from now on, by the clock that nobody sets. That is seldom: only of intents whose shells are not
    known to have ended.
    """
    if not intents:
        return
    told = f"{len(intents)} commands of an interrupted run to be done or to expire"
    reader.emit(Waiting("recovery", told, LONGEST_SECONDS))
    end = reader.clock.monotonic() + LONGEST_SECONDS
    while (left := end - reader.clock.monotonic()) > 0:
        reader.clock.sleep(min(left, 1.0))


def close_intents(
    intents: Sequence[Intent], landscape: Landscape, types: Mapping[str, ResourceType], lease: Lease
) -> tuple[Outcome, ...]:
    """Write the outcome of each open intent, as the landscape (read after ``outlast``) shows it, and return them.

    One whose object cannot be read stays open and is returned as unknown.
    """
    outcomes = tuple(_outcome(intent, landscape, types) for intent in intents)
    certain = tuple(outcome for outcome in outcomes if outcome.kind is not OutcomeKind.UNKNOWN)
    done = {outcome.intent for outcome in outcomes if outcome.kind is OutcomeKind.DONE}
    met = tuple(owed for intent in intents if intent.id in done for owed in intent.discharges)
    if certain:
        lease.commit(StateChange(outcomes=certain, discharge=met))
    return outcomes


def _outcome(intent: Intent, landscape: Landscape, types: Mapping[str, ResourceType]) -> Outcome:
    kind = types.get(intent.address.type)
    if kind is None or unread(kind, intent.address, landscape) is not None:
        return Outcome(intent.id, OutcomeKind.UNKNOWN, "it cannot be read")
    if is_done(kind, _action(intent), landscape):
        return Outcome(intent.id, OutcomeKind.DONE, "seen after the run was interrupted")
    return Outcome(intent.id, OutcomeKind.NOT_RUN, "not seen after the run was interrupted")


def _action(intent: Intent) -> Action:
    after = intent.expects_after if intent.expects_after is not None else EMPTY
    return Action(
        intent.address,
        ActionKind(intent.kind),
        changes=tuple(Change(name, UNSET, value) for name, value in after.items()),
        expects=intent.expects,
        expects_after=intent.expects_after,
        discharges=intent.discharges,
    )
