"""Resolves the open intents of an interrupted run by observation.

An open intent is a command that may have been sent. When its shell has ended, or its deadline has passed, it can no
longer begin; then a read shows whether its effect exists. Recovery only closes the journal and sends no command. Later
decisions use new observations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.model.abilities import Rows
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import count
from reconciler.model.events import Waiting
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Emit, Lease, Sessions
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, StateChange
from reconciler.model.values import EMPTY, UNSET
from reconciler.plan.effects import is_done
from reconciler.run.observe import Keys, Reader, unread


def end_shells(intents: Sequence[Intent], sessions: Sessions, emit: Emit) -> tuple[Intent, ...]:
    """End the shells that may still hold commands of an interrupted run; return the intents of the other shells.

    A shell outlives its client, and commands may arrive in it later. When it ends, its commands end too. Where it
    cannot be reached, or its host does not confirm the end, the run must wait.
    """
    shells = dict.fromkeys(intent.shell for intent in intents if intent.shell is not None)
    if shells:
        emit(Waiting("recovery", f"ending {count(len(shells), 'shell')} of an interrupted run"))
    gone = {shell for shell in shells if sessions.end(shell)}
    return tuple(intent for intent in intents if intent.shell not in gone)


LONGEST_SECONDS: Final = 60.0
"""No lease is longer, and no command begins after the lease under which it was sent (``journal``)."""


def outlast(intents: Sequence[Intent], reader: Reader) -> None:
    """Wait until the commands of ``intents`` can no longer begin on their servers.

    An intent holds its deadline in the wall clock time of another process, and that clock may have been set since then.
    So this function waits the longest possible time by the monotonic clock. The wait is needed only if the end of a
    shell is not confirmed.
    """
    if not intents:
        return
    reason = f"{count(len(intents), 'command')} of an interrupted run must end or expire"
    reader.emit(Waiting("recovery", reason, LONGEST_SECONDS))
    end = reader.clock.monotonic() + LONGEST_SECONDS
    while (left := end - reader.clock.monotonic()) > 0:
        reader.clock.sleep(min(left, 1.0))


def reads_of(intents: Sequence[Intent], types: Mapping[str, ResourceType]) -> Keys | None:
    """Return the reads that show the outcomes of ``intents``: users by their keys; None for all where a task ran.

    The effect of a task is in many objects, and tasks are few. Users may be many thousands.
    """
    kinds = {intent.address.type: types.get(intent.address.type) for intent in intents}
    if not all(isinstance(kind, Rows) for kind in kinds.values()):
        return None
    keys: dict[str, frozenset[str] | None] = {
        name: frozenset(intent.address.key for intent in intents if intent.address.type == name) for name in kinds
    }
    before = [name for kind in kinds.values() if kind is not None for name in kind.reads_after]
    while before:
        name = before.pop()
        if name not in keys:
            keys[name] = None
            before += types[name].reads_after
    return keys


def close_intents(
    intents: Sequence[Intent], landscape: Landscape, types: Mapping[str, ResourceType], lease: Lease
) -> tuple[Outcome, ...]:
    """Save and return the outcome of each open intent, as the landscape (read after ``outlast``) shows it.

    An intent whose object cannot be read stays open; its outcome is unknown.
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
        return Outcome(intent.id, OutcomeKind.DONE, "observed after the run was interrupted")
    return Outcome(intent.id, OutcomeKind.NOT_RUN, "not observed after the run was interrupted")


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
