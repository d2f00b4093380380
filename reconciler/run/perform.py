"""Performs the actions of one step:

    wait until ready -> read -> compare with the expected state -> save intents -> send -> read back -> save outcomes

Only an observed effect counts as success, never the reply of a server. An action has one of four outcomes
(``OutcomeKind``). *Unknown* means that the command may have run and its effect cannot be observed; it is not sent
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.model.abilities import Owing, Piecemeal, Stepwise
from reconciler.model.actions import Action, ActionKind, Proof
from reconciler.model.diagnostics import AmbiguousOutcome, Throttled, TransientError, Unreachable
from reconciler.model.events import Retrying, Waiting
from reconciler.model.landscape import Landscape
from reconciler.model.ports import CrashPoint, Request, Saver, Stop
from reconciler.model.resource_types import ResourceType, Task, UnderWay
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Obligation, Outcome, OutcomeKind, Remembered, StateChange
from reconciler.plan.effects import is_done
from reconciler.plan.plan import Step
from reconciler.plan.verdict import why_unreadable
from reconciler.run.journal import Journal, request_id
from reconciler.run.observe import Reader, SharedLandscape, unread
from reconciler.run.retry import Wait
from reconciler.run.second_look import Replicas, look_into
from reconciler.run.sent import CutShort, Ended, Sent, foregone, given_up, named, not_looked_at
from reconciler.run.slots import Meter
from reconciler.run.system import NeverStop


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits for waiting, in seconds."""

    ready: float = 900.0
    """For replication before exchucutil, and for a pool to be ready before a restart."""
    settle: float = 60.0
    """For an effect to appear after the server reported success."""
    expiry: float = 30.0
    """The time after the send in which the runner may still begin a command."""


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs actions of one resource type at a time. Thread-safe."""

    run: str
    types: Mapping[str, ResourceType]
    reader: Reader
    world: SharedLandscape
    lease: Saver
    point: CrashPoint
    patience: Patience = field(default_factory=Patience)
    uses: str = ""
    """The nonce of the saved plan; the first intent marks the plan as used."""
    replicas: Replicas = field(default_factory=Replicas)
    stop: Stop = field(default_factory=NeverStop)

    def perform(self, step: Step, actions: Sequence[Action], meter: Meter) -> list[Ended]:
        """Save, send and read back ``actions`` of one step together; return how each ended.

        Args:
            meter: gets the time that the commands take.

        Raises:
            LeaseLost, StateError: nothing was sent for these actions, and nothing more may be sent.
            CutShort: the same, after commands were sent; the next run resolves the open intents.
        """
        kind = self.types[actions[0].address.type]
        not_ready = self._wait_until_ready(kind, step, actions) if isinstance(kind, Task) else None
        if not_ready is not None:
            return [Ended(action, OutcomeKind.NOT_RUN, not_ready) for action in actions]
        before = self._read(kind, actions)
        verdicts = [foregone(kind, action, before) for action in actions]
        ended = [verdict for verdict in verdicts if verdict is not None]
        self._settle_at_once(kind, ended, before)
        go = [action for action, verdict in zip(actions, verdicts, strict=True) if verdict is None]
        try:
            return ended + (self._carry_out(kind, step, go, before, meter) if go else [])
        except CutShort as cut:
            cut.ended[:0] = ended
            raise

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read(self, kind: ResourceType, actions: Sequence[Action], *, after: bool = False) -> Landscape:
        """Read the objects of the actions, and the other objects that they change (``after``) or name (before)."""
        keys: dict[str, set[str]] = {kind.name: {action.address.key for action in actions}}
        for taken in (taken for action in actions for taken in action.takes_from):
            keys.setdefault(taken.address.type, set()).add(taken.address.key)
        only: dict[str, frozenset[str] | None] = {name: frozenset(found) for name, found in keys.items()}
        if after:
            only |= dict.fromkeys(kind.refreshes, None)
        else:
            for wanted in self._unnamed(actions):
                only.setdefault(wanted.type, None)
        return self.world.read(self.reader.observe, only)

    def _unnamed(self, actions: Sequence[Action]) -> list[Address]:
        known = self.world.landscape
        named = (ref.address for action in actions for command in action.commands for ref in command.references)
        return [address for address in dict.fromkeys(named) if known.at(address) is None]

    def _wait_until_ready(self, kind: Task, step: Step, actions: Sequence[Action]) -> str | None:
        """Wait until the actions may start; return None, or why the wait failed."""
        wait = self._wait(step, level=1, pause=0.5)
        for action in actions:
            while True:
                landscape = self.world.landscape
                commands = kind.waits_for(action, landscape)
                answers = self.reader.ask(commands) if commands else {}
                if answers and all(isinstance(answer, Unreachable) for answer in answers.values()):
                    # All attempts failed. To wait helps with replication, not with a missing host.
                    return f"no host answers whether all is ready: {next(iter(answers.values()))}"
                reason = kind.is_ready(action, [(command, answers[command]) for command in commands], landscape)
                if reason is None:
                    break
                text = reason.reason if isinstance(reason, UnderWay) else reason
                seconds = reason.seconds if isinstance(reason, UnderWay) else self.patience.ready
                if wait.seconds >= seconds:
                    return f"waited {wait.seconds:.0f} s without success: {text}"
                if wait.is_ended:
                    return f"stopped while it waited: {text}"
                wait.announce(text)
                wait.rest()
        return None

    def _wait(self, step: Step, *, level: int = 2, pause: float = 0.25) -> Wait:
        return Wait(step.id, self.reader.emit, self.reader.clock, self.stop, level, pause)

    # --- saving, sending, reading back -------------------------------------------------------------------------------

    def _settle_at_once(self, kind: ResourceType, ended: Sequence[Ended], landscape: Landscape) -> None:
        there = [end.action for end in ended if end.outcome is OutcomeKind.DONE]
        if there:
            self.lease.commit(self._learned(kind, there, landscape, ()))

    def _carry_out(
        self, kind: ResourceType, step: Step, actions: Sequence[Action], before: Landscape, meter: Meter
    ) -> list[Ended]:
        under_way = [self._prepared(action, before) for action in actions]
        intents = {sent.intent.id: sent.intent for sent in under_way}
        owes = tuple(owed for action in actions for owed in action.owes)
        journal = Journal(
            self.lease, self.reader.clock, self.point, self.patience.expiry, intents, owes=owes, uses=self.uses
        )
        ended: list[Ended] = []
        try:
            self._send(kind, step, under_way, journal, meter)
            self.point("after-send")
            landscape, ended = self._read_back(kind, step, under_way, before, journal)
            self.point("before-outcome")
            self.lease.commit(self._outcomes(kind, under_way, ended, landscape, journal))
        except Exception as error:
            for sent in under_way:
                sent.is_on_its_way = journal.let_go(sent.intent)
            raise CutShort(ended or map(not_looked_at, under_way)) from error
        self.point("after-outcome")
        return ended

    def _prepared(self, action: Action, landscape: Landscape) -> Sent:
        intent = Intent(
            id=self.reader.random.identifier(),
            run=self.run,
            address=action.address,
            kind=action.kind.value,
            command="; ".join(str(command) for command in action.commands),
            host=str(action.commands[0].endpoint) if action.commands else "",
            expires="",
            expects=action.expects,
            expects_after=action.expects_after,
            discharges=action.discharges,
        )
        commands = tuple(named(command, landscape) for command in action.commands)
        return Sent(action, intent, commands, since=self.reader.clock.monotonic())

    def _send(self, kind: ResourceType, step: Step, under_way: Sequence[Sent], journal: Journal, meter: Meter) -> None:
        """Send the first commands of all actions together, then the second ones of those that continue, and so on."""
        wait = self._wait(step)
        while going := [sent for sent in under_way if sent.has_next]:
            released = going
            if isinstance(kind, Stepwise) and any(sent.turn for sent in going):
                released = self._released(kind, step, going, journal, wait)
            if released:
                if any(sent.turn for sent in released):
                    self.point("between-commands")
                self._send_next(kind, step, released, journal, meter)
                wait = self._wait(step)
            elif any(sent.has_next for sent in going):
                wait.rest()

    def _send_next(self, kind: ResourceType, step: Step, going: Sequence[Sent], journal: Journal, meter: Meter) -> None:
        """Send the next command of each action, in one batch for each host."""

        def on_retry(error: TransientError, attempt: int, seconds: float) -> None:
            meter.is_throttled |= isinstance(error, Throttled)
            self.reader.emit(Retrying(step.id, str(error), attempt, seconds))

        began = self.reader.clock.monotonic()
        for endpoint in dict.fromkeys(sent.commands[sent.turn].endpoint for sent in going):
            batch = [sent for sent in going if sent.has_next and sent.commands[sent.turn].endpoint == endpoint]
            requests = [
                Request(request_id(sent.intent, sent.turn), sent.commands[sent.turn], journal) for sent in batch
            ]
            results = self.reader.retry.invoke(partial(self.reader.sessions.open, endpoint), requests, on_retry)
            for sent, result in zip(batch, results, strict=True):
                sent.note(result, self.reader.clock.monotonic(), goes_on=isinstance(kind, Stepwise))
        meter.seconds += self.reader.clock.monotonic() - began

    def _released(self, kind: Stepwise, step: Step, going: Sequence[Sent], journal: Journal, wait: Wait) -> list[Sent]:
        """Return the actions whose next command may be sent now; end those that can no longer continue."""
        self._outlast_expiry(step, going, journal)
        landscape = self._read(kind, [sent.action for sent in going])
        released: list[Sent] = []
        for sent in going:
            held_back = self._held_back(kind, sent, landscape)
            if held_back is None:
                released.append(sent)
                if isinstance(sent.error, AmbiguousOutcome | TransientError):
                    sent.error = None  # its effect was observed
            elif wait.is_ended or not self._may_hope(kind, sent, landscape):
                sent.is_over, sent.held_back = True, held_back
        if waiting := [sent for sent in going if sent.has_next and sent not in released]:
            wait.announce(str(self._held_back(kind, waiting[0], landscape)))
        return released

    def _held_back(self, kind: Stepwise, sent: Sent, landscape: Landscape) -> str | None:
        if sent.turn == 0:
            return None
        if (lacking := unread(kind, sent.action.address, landscape)) is not None:
            return why_unreadable(lacking, landscape)
        return kind.holds_back(sent.action, sent.turn, landscape)

    def _may_hope(self, kind: ResourceType, sent: Sent, landscape: Landscape) -> bool:
        """True while a missing effect may still appear, within its own time limit."""
        coming = _coming(kind, sent.action, landscape)
        if coming is None and sent.error is not None:
            return False
        if coming is None and sent.cause is not None and sent.cause.is_final:
            return False
        seconds = self.patience.settle if coming is None else coming.seconds
        return self.reader.clock.monotonic() < sent.since + seconds

    def _read_back(
        self, kind: ResourceType, step: Step, under_way: Sequence[Sent], before: Landscape, journal: Journal
    ) -> tuple[Landscape, list[Ended]]:
        """Read until every effect is observed or can no longer appear; return the landscape and the ends."""
        self._outlast_expiry(step, under_way, journal)
        wait = self._wait(step)
        while True:
            landscape = self._read(kind, [sent.action for sent in under_way], after=True)
            look_into(self.reader, self.replicas, kind, under_way, before, landscape)
            ended = [self._judge(kind, sent, before, landscape) for sent in under_way]
            hoped_for = [
                sent
                for sent, end in zip(under_way, ended, strict=True)
                if end.outcome is not OutcomeKind.DONE and not sent.held_back and self._may_hope(kind, sent, landscape)
            ]
            if not hoped_for:
                return landscape, ended
            if wait.is_ended:
                return landscape, [
                    end if sent.error is not None else given_up(end) for sent, end in zip(under_way, ended, strict=True)
                ]
            coming = _coming(kind, hoped_for[0].action, landscape)
            text = coming.reason if coming else f"the effect on {hoped_for[0].action.address} is not visible yet"
            wait.announce(text)
            wait.rest()

    def _outlast_expiry(self, step: Step, under_way: Sequence[Sent], journal: Journal) -> None:
        """After a lost reply, wait until the command can no longer begin; only then a read proves that it did not."""
        doubted = [sent for sent in under_way if sent.is_in_doubt]
        seconds = journal.outlast_seconds([sent.intent.id for sent in doubted])
        if seconds > 0:
            self.reader.emit(Waiting(step.id, "a command without a reply must end or expire", seconds))
            self._wait(step).sleep(seconds)
        for sent in doubted:
            sent.is_in_doubt = False

    def _judge(self, kind: ResourceType, sent: Sent, before: Landscape, landscape: Landscape) -> Ended:
        return replace(self._outcome(kind, sent, before, landscape), evidence=sent.evidence())

    def _outcome(self, kind: ResourceType, sent: Sent, before: Landscape, landscape: Landscape) -> Ended:
        action, error = sent.action, sent.error
        if (lacking := unread(kind, action.address, landscape)) is not None:
            unsent = isinstance(error, TransientError) and not sent.has_begun
            why = why_unreadable(lacking, landscape)
            return Ended(action, OutcomeKind.NOT_RUN if unsent else OutcomeKind.UNKNOWN, why)
        if is_done(kind, action, landscape):
            return Ended(action, OutcomeKind.DONE)
        match error:
            case None if sent.held_back:
                return Ended(action, OutcomeKind.FAILED, f"{sent.held_back}; not sent: {sent.commands[sent.turn]}")
            case None:
                seen = "; ".join(sent.read) or "its effect is not observed"
                cause = f". Most likely cause: {sent.cause.text}" if sent.cause else ""
                partial = isinstance(kind, Piecemeal) and kind.is_partly_done(action, before, landscape)
                return Ended(action, OutcomeKind.FAILED, f"{seen}{cause}", is_partial=partial)
            case AmbiguousOutcome() if action.proof is Proof.UNOBSERVABLE or self.stop.level() > 1:
                return Ended(action, OutcomeKind.UNKNOWN, str(error))
            case AmbiguousOutcome() | TransientError():
                outcome = OutcomeKind.FAILED if sent.has_begun else OutcomeKind.NOT_RUN
                return Ended(action, outcome, str(error))
            case _:
                return Ended(action, OutcomeKind.FAILED, str(error))

    def _outcomes(
        self,
        kind: ResourceType,
        under_way: Sequence[Sent],
        ended: Sequence[Ended],
        landscape: Landscape,
        journal: Journal,
    ) -> StateChange:
        """Return the outcomes of saved intents; an unknown outcome leaves the intent open for the next run."""
        outcomes = tuple(
            Outcome(sent.intent.id, end.outcome, end.detail)
            for sent, end in zip(under_way, ended, strict=True)
            if end.outcome is not OutcomeKind.UNKNOWN and journal.let_go(sent.intent)
        )
        done = [end.action for end in ended if end.outcome is OutcomeKind.DONE]
        learned = self._learned(kind, done, landscape, outcomes)
        partial = [end.action for end in ended if end.is_partial]
        in_vain = [
            tried
            for sent, end in zip(under_way, ended, strict=True)
            if end.outcome is OutcomeKind.FAILED and sent.cause is not None and sent.cause.is_final
            if isinstance(kind, Piecemeal) and not sent.is_disputed
            if (tried := kind.tried(sent.action, landscape, "\n".join(sent.printed))) is not None
        ]
        owed = _owed_after(kind, partial, landscape)
        return replace(learned, remember=(*learned.remember, *in_vain), owe=(*learned.owe, *owed))

    def _learned(
        self, kind: ResourceType, done: Sequence[Action], landscape: Landscape, outcomes: tuple[Outcome, ...]
    ) -> StateChange:
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


def _coming(kind: ResourceType, action: Action, landscape: Landscape) -> UnderWay | None:
    return kind.under_way(action, landscape) if isinstance(kind, Task) else None


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
