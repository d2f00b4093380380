"""Performs the actions of one step:

    wait until ready -> read -> compare with the expected state -> save intents -> send -> read back -> save outcomes

Only an observed effect counts as success, never the reply of a server. An action has one of four outcomes
(``OutcomeKind``). *Unknown* means that the command may have run and its effect cannot be observed; it is not sent
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.model.abilities import Stepwise
from reconciler.model.actions import Action
from reconciler.model.diagnostics import AmbiguousOutcome, Throttled, TransientError, Unreachable
from reconciler.model.events import Retrying, Waiting
from reconciler.model.landscape import Landscape
from reconciler.model.ports import CrashPoint, Request, Saver, Stop
from reconciler.model.resource_types import NotNow, ResourceType, Task, UnderWay
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, OutcomeKind
from reconciler.plan.plan import Step
from reconciler.plan.verdict import why_unreadable
from reconciler.run.attached import Ahead, Attached, joined
from reconciler.run.journal import Journal, request_id
from reconciler.run.observe import Keys, Reader, SharedLandscape, unread
from reconciler.run.outcomes import change_of, judge, learned
from reconciler.run.retry import Patience, Wait
from reconciler.run.second_look import Replicas, look_into
from reconciler.run.sent import CutShort, Ended, Sent, foregone, given_up, named, not_looked_at
from reconciler.run.slots import Meter
from reconciler.run.system import NeverStop


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

    def perform(
        self,
        step: Step,
        actions: Sequence[Action],
        meter: Meter,
        before: Landscape | None = None,
        ahead: Ahead | None = None,
    ) -> list[Ended]:
        """Save, send and read back ``actions`` of one step together; return how each ended.

        Args:
            meter: gets the time that the commands take.
            before: the landscape with the objects of the actions as they were just read; None: they are read first.
            ahead: the batch whose first read is sent with the last commands of this one.

        Raises:
            LeaseLost, StateError: nothing was sent for these actions, and nothing more may be sent.
            CutShort: the same, after commands were sent; the next run resolves the open intents.
        """
        kind = self.types[actions[0].address.type]
        not_ready = self._wait_until_ready(kind, step, actions) if isinstance(kind, Task) else None
        if not_ready is not None:
            return [Ended(action, OutcomeKind.NOT_RUN, not_ready) for action in actions]
        before = before or self._look(kind, actions, meter)
        verdicts = [foregone(kind, action, before) for action in actions]
        ended = [verdict for verdict in verdicts if verdict is not None]
        self._settle_at_once(kind, ended, before)
        go = [action for action, verdict in zip(actions, verdicts, strict=True) if verdict is None]
        try:
            return ended + (self._carry_out(kind, step, go, before, meter, ahead) if go else [])
        except CutShort as cut:
            cut.ended[:0] = ended
            raise

    # --- reading -----------------------------------------------------------------------------------------------------

    def _look(self, kind: ResourceType, actions: Sequence[Action], meter: Meter) -> Landscape:
        """Read the objects of the actions before their commands; ``meter`` gets the time of one read."""
        began = self.reader.clock.monotonic()
        look = Attached.begin(self.reader, self.world, self._keys(kind, actions, after=False))
        landscape = look.end(self.reader, self.world)
        if look.commands:
            meter.look_seconds = (self.reader.clock.monotonic() - began) / len(look.commands)
        return landscape

    def _read(self, kind: ResourceType, actions: Sequence[Action], *, after: bool = False) -> Landscape:
        return self.world.read(self.reader.observe, self._keys(kind, actions, after=after))

    def _keys(self, kind: ResourceType, actions: Sequence[Action], *, after: bool) -> Keys:
        """Return the objects of the actions, and the other objects that they change (``after``) or name (before)."""
        keys: dict[str, set[str]] = {kind.name: {action.address.key for action in actions}}
        for taken in (taken for action in actions for taken in action.takes_from):
            keys.setdefault(taken.address.type, set()).add(taken.address.key)
        only: dict[str, frozenset[str] | None] = {name: frozenset(found) for name, found in keys.items()}
        if after:
            only |= dict.fromkeys(kind.refreshes, None)
        else:
            for wanted in self._unnamed(actions):
                only.setdefault(wanted.type, None)
        return only

    def _unnamed(self, actions: Sequence[Action]) -> list[Address]:
        known = self.world.landscape
        named = (ref.address for action in actions for command in action.commands for ref in command.references)
        return [address for address in dict.fromkeys(named) if known.at(address) is None]

    def _wait_until_ready(self, kind: Task, step: Step, actions: Sequence[Action]) -> str | None:
        """Wait until the actions may start; return None, or why the wait failed."""
        wait = self._wait(step, level=1, pause=0.5)
        for action in actions:
            while (found := self._hindrance(kind, action)) is not None:
                if (failed := self._rest(found, wait)) is not None:
                    return failed
        return None

    def _hindrance(self, kind: Task, action: Action) -> str | UnderWay | NotNow | None:
        """Return what an action waits for now; None if it may start."""
        landscape = replace(self.world.landscape, now=self.reader.clock.now())
        commands = kind.waits_for(action, landscape)
        answers = self.reader.ask(commands) if commands else {}
        if answers and all(isinstance(answer, Unreachable) for answer in answers.values()):
            # All attempts failed. To wait helps with replication, not with a missing host.
            return NotNow(f"no host answers whether all is ready: {next(iter(answers.values()))}")
        return kind.is_ready(action, [(command, answers[command]) for command in commands], landscape)

    def _rest(self, found: str | UnderWay | NotNow, wait: Wait) -> str | None:
        """Wait a while for ``found`` to pass; return why waiting has no use any more, or None."""
        text = found if isinstance(found, str) else found.reason
        if isinstance(found, NotNow) and found.until is None:
            return text
        seconds = found.seconds if isinstance(found, UnderWay) else self.patience.ready
        if not isinstance(found, NotNow) and wait.seconds >= seconds:
            return f"waited {wait.seconds:.0f} s without success: {text}"
        if wait.is_ended:
            return f"stopped while it waited: {text}"
        wait.announce(text)
        if isinstance(found, NotNow) and found.until is not None:
            wait.until(found.until)
        else:
            wait.rest()
        return None

    def _wait(self, step: Step, *, level: int = 2, pause: float = 0.25) -> Wait:
        return Wait(step.id, self.reader.emit, self.reader.clock, self.stop, level, pause)

    # --- saving, sending, reading back -------------------------------------------------------------------------------

    def _settle_at_once(self, kind: ResourceType, ended: Sequence[Ended], landscape: Landscape) -> None:
        there = [end.action for end in ended if end.outcome is OutcomeKind.DONE]
        if there:
            self.lease.commit(learned(kind, there, landscape))

    def _carry_out(
        self,
        kind: ResourceType,
        step: Step,
        actions: Sequence[Action],
        before: Landscape,
        meter: Meter,
        ahead: Ahead | None,
    ) -> list[Ended]:
        under_way = [self._prepared(action, before) for action in actions]
        intents = {sent.intent.id: sent.intent for sent in under_way}
        owes = tuple(owed for action in actions for owed in action.owes)
        journal = Journal(
            self.lease, self.reader.clock, self.point, self.patience.expiry, intents, owes=owes, uses=self.uses
        )
        ended: list[Ended] = []
        try:
            back = self._send(kind, step, under_way, journal, meter, ahead)
            self.point("after-send")
            landscape, ended = self._read_back(kind, step, under_way, before, journal, back)
            self.point("before-outcome")
            self.lease.commit(change_of(kind, under_way, ended, landscape, journal.let_go))
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

    def _send(
        self,
        kind: ResourceType,
        step: Step,
        under_way: Sequence[Sent],
        journal: Journal,
        meter: Meter,
        ahead: Ahead | None,
    ) -> Landscape | None:
        """Send the first commands of all actions together, then the second ones of those that continue, and so on.

        Return the landscape that was read with the last commands; None where it does not show their effects.
        """
        wait = self._wait(step)
        back: Landscape | None = None
        while going := [sent for sent in under_way if sent.has_next]:
            released = going
            if isinstance(kind, Stepwise) and any(sent.turn for sent in going):
                released = self._released(kind, step, going, journal, wait)
            if released:
                if any(sent.turn for sent in released):
                    self.point("between-commands")
                read = self._attached(kind, under_way, released, ahead)
                is_shown = self._send_next(kind, step, released, journal, meter, read)
                landscape = read.end(self.reader, self.world) if read is not None else None
                if ahead is not None and landscape is not None:
                    ahead.begin(landscape)
                back = landscape if is_shown else None
                wait = self._wait(step)
            elif any(sent.has_next for sent in going):
                wait.rest()
        return back

    def _attached(
        self, kind: ResourceType, under_way: Sequence[Sent], going: Sequence[Sent], ahead: Ahead | None
    ) -> Attached | None:
        """Return the read to send with the next commands: with the last ones, the read of their effects and of the
        objects of the batch ahead, as one, because a type may read the objects of both in one listing.

        The effect of a task takes long, and it is read when the task may be over.
        """
        if isinstance(kind, Task | Stepwise) or any(sent.turn < len(sent.commands) - 1 for sent in going):
            return None
        only = self._keys(kind, [sent.action for sent in under_way], after=True)
        if ahead is not None and (actions := ahead.actions()):
            only = joined(only, self._keys(self.types[actions[0].address.type], actions, after=False))
        return Attached.begin(self.reader, self.world, only)

    def _send_next(
        self,
        kind: ResourceType,
        step: Step,
        going: Sequence[Sent],
        journal: Journal,
        meter: Meter,
        read: Attached | None,
    ) -> bool:
        """Send the next command of each action, in one batch for each host, and ``read`` with the last batch.

        Return True if the read shows what the commands did: each command ran once, and before it.
        """
        is_repeated = False

        def on_retry(error: TransientError, attempt: int, seconds: float) -> None:
            nonlocal is_repeated
            is_repeated = True
            meter.is_throttled |= isinstance(error, Throttled)
            self.reader.emit(Retrying(step.id, str(error), attempt, seconds))

        began = self.reader.clock.monotonic()
        endpoints = list(dict.fromkeys(sent.commands[sent.turn].endpoint for sent in going))
        for endpoint in endpoints:
            batch = [sent for sent in going if sent.has_next and sent.commands[sent.turn].endpoint == endpoint]
            requests = [
                Request(request_id(sent.intent, sent.turn), sent.commands[sent.turn], journal) for sent in batch
            ]
            is_last = read is not None and endpoint == endpoints[-1]
            with_them = read.requests_to(endpoint, self.reader.random) if read is not None and is_last else []
            meter.reads += len(with_them)
            opened = partial(self.reader.sessions.open, endpoint)
            results = self.reader.retry.invoke(opened, [*requests, *with_them], on_retry)
            for sent, result in zip(batch, results, strict=False):
                sent.note(result, self.reader.clock.monotonic(), goes_on=isinstance(kind, Stepwise))
            if read is not None:
                read.note(with_them, results[len(batch) :])
        meter.seconds += self.reader.clock.monotonic() - began
        return not is_repeated and not any(sent.is_in_doubt for sent in going)

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
        self,
        kind: ResourceType,
        step: Step,
        under_way: Sequence[Sent],
        before: Landscape,
        journal: Journal,
        back: Landscape | None,
    ) -> tuple[Landscape, list[Ended]]:
        """Read until every effect is observed or can no longer appear; return the landscape and the ends.

        ``back``: what the first read found, if it was sent with the commands.
        """
        self._outlast_expiry(step, under_way, journal)
        wait = self._wait(step)
        while True:
            if back is not None:
                landscape, back = back, None
            else:
                landscape = self._read(kind, [sent.action for sent in under_way], after=True)
            look_into(self.reader, self.replicas, kind, under_way, before, landscape)
            ended = [judge(kind, sent, before, landscape, is_given_up=self.stop.level() > 1) for sent in under_way]
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


def _coming(kind: ResourceType, action: Action, landscape: Landscape) -> UnderWay | None:
    return kind.under_way(action, landscape) if isinstance(kind, Task) else None
