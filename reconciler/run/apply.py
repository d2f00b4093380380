"""Applies a plan: starts each step when its edges allow it, and returns an account of all steps.

It evaluates nothing again. A failed step blocks the steps that need it; independent steps finish. The run holds the
lease all the time. Where the lease is lost, or an intent cannot be saved, nothing more is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from reconciler.model.abilities import Obliged, Rows, Settling, met, obliged_types
from reconciler.model.commands import Endpoint
from reconciler.model.diagnostics import Diagnostic, ReconcilerError, SessionError
from reconciler.model.events import (
    ActionEnded,
    Owed,
    Reported,
    RunEnded,
    RunStarted,
    StepEnded,
    StepOutline,
    StepStarted,
    Waiting,
)
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Scheduler, StateStore, Stop
from reconciler.model.resource_types import Fact, ResourceType, UnderWay
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation, OutcomeKind, Snapshot, StateChange
from reconciler.plan.plan import DECLARED, Plan, Step
from reconciler.run.account import Account, Fate, fate_of
from reconciler.run.batches import Batch, Batches
from reconciler.run.perform import Performer, remembered
from reconciler.run.retry import Wait
from reconciler.run.sent import CutShort, Ended
from reconciler.run.settled import settled_without_command
from reconciler.run.slots import Meter, Slots

_T = TypeVar("_T")


_GO_ON = (None, Fate.DONE, Fate.PARTIAL)
_BATCHES_A_SPARE = 6
"""For so many slots of a host, one batch more than there are slots is under way."""
_LOOK_SECONDS = 0.1
"""The time between two looks whether a slot is open."""


@dataclass(slots=True)
class _Progress:
    fates: dict[str, Fate] = field(default_factory=dict)
    under_way: dict[str, Batch] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    blocked_by: dict[str, str] = field(default_factory=dict)


class Apply:
    """One apply of one plan."""

    def __init__(
        self, plan: Plan, performer: Performer, scheduler: Scheduler, store: StateStore, stop: Stop, resume: str
    ) -> None:
        self._plan, self._performer, self._scheduler = plan, replace(performer, stop=stop), scheduler
        self._store, self._stop, self._resume = store, stop, resume
        self._emit = performer.reader.emit
        self._clock = performer.reader.clock
        self._lock = threading.Lock()
        self._progress = _Progress()
        self._slots = Slots()
        self._batches = {step.id: Batches(step) for step in plan.steps}
        self._fatal: ReconcilerError | None = None
        self._stages = {step.id: step.stage for step in plan.steps}

    def run(self) -> Account:
        """Apply the plan and return the account; the last event is ``RunEnded``."""
        self._stop.begin()
        began = self._clock.monotonic()
        actions = sum(len(step.actions) for step in self._plan.steps)
        steps = self._plan.steps
        self._emit(RunStarted(self._performer.run, self._plan.environment, len(steps), actions, _outline(steps)))
        self._guarded(self._take_over)
        while self._hand_out():
            for key in self._scheduler.wait(_LOOK_SECONDS if self._may_get_slots else None):
                self._end_batch(self._progress.under_way.pop(key))
        for batches in self._batches.values():
            if batches.step.id not in self._progress.fates:
                self._stop_before_the_end(batches)
        self._guarded(self._take_over_made)
        self._guarded(self._note_whole)
        open_obligations = self._guarded(self._final_look) or ()
        account = Account(
            dict(self._progress.fates),
            tuple(self._progress.ended),
            tuple(open_obligations),
            self._fatal,
            self._stop.exit_code if self._stop.level() else 0,
            len(self._plan.left_out),
        )
        self._emit_end(account, self._clock.monotonic() - began)
        return account

    # --- the walk ----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> bool:
        """Hand out all batches that may start; block steps that can never start. Return True while a batch runs."""
        for step in self._plan.steps:
            if step.id in self._progress.fates:
                continue
            batches = self._batches[step.id]
            failed = next((need for need in step.needs if self._fate(need) not in _GO_ON), None)
            if failed is not None:
                self._block(step, failed)
            elif self._may_start(step):
                self._hand_out_of(batches)
        return bool(self._progress.under_way)

    def _fate(self, step_id: str) -> Fate | None:
        return self._progress.fates.get(step_id)

    @property
    def _is_halted(self) -> bool:
        return bool(self._stop.level()) or self._fatal is not None

    def _may_start(self, step: Step) -> bool:
        return not self._is_halted and all(self._fate(other) is not None for other in (*step.needs, *step.after))

    def _block(self, step: Step, by: str) -> None:
        self._progress.fates[step.id] = Fate.BLOCKED
        root = self._progress.blocked_by.get(by, by)
        self._progress.blocked_by[step.id] = root
        self._emit(StepEnded(step.id, step.stage, done=0, failed=0, unknown=0, blocked_by=root))

    def _hand_out_of(self, batches: Batches) -> None:
        """Hand out batches of one step: one where it acts on one object, for users as many as their host has slots."""
        step = batches.step
        while batches.left and (size := self._size_of_next(batches)):
            if not batches.taken:
                batches.began = self._clock.monotonic()
                self._emit(StepStarted(step.id, step.stage, len(step.actions)))
            window = self._slots.of(batches.endpoint)
            window.under_way += batches.is_of_users
            batch = batches.take(size, Meter(age=window.losses))
            self._progress.under_way[batch.key] = batch
            self._scheduler.submit(batch.key, partial(self._run_batch, batch))

    def _size_of_next(self, batches: Batches) -> int:
        """Return how many actions may be handed out now; 0 where all slots of their host are in use."""
        if not batches.is_of_users:
            return batches.left
        window, left = self._slots.of(batches.endpoint), self._users_left(batches.endpoint)
        try:
            session = self._performer.reader.sessions.open(batches.endpoint)
            slots = session.slots(window.wanted, left * window.seconds(batches.cmdlet))
            window.overhead_seconds = session.overhead_seconds
        except SessionError:
            slots = 1  # the batch reports why
        # While one batch is read back and saved, another one uses its slot.
        at_once = min(slots + slots // _BATCHES_A_SPARE, self._scheduler.parallelism)
        if window.under_way >= at_once:
            return 0
        return min(batches.left, window.batch(batches.cmdlet, left, slots))

    def _users_left(self, endpoint: Endpoint) -> int:
        """Return how many users of a host were not handed out yet, in all steps that may still run."""
        waiting = (one for one in self._batches.values() if one.step.id not in self._progress.fates)
        return sum(one.left for one in waiting if one.is_of_users and one.endpoint == endpoint)

    @property
    def _may_get_slots(self) -> bool:
        """True while users wait for slots, which may be opened at any time."""
        return any(window.under_way and self._users_left(host) for host, window in self._slots.windows.items())

    def _end_batch(self, batch: Batch) -> None:
        batches = self._batches[batch.step.id]
        batches.under_way -= 1
        if batches.is_of_users:
            window = self._slots.of(batches.endpoint)
            window.under_way -= 1
            if batch.sent:
                window.note(batches.cmdlet, batch.sent, batch.meter)
        if not batches.under_way and (self._is_halted or not batches.left):
            self._end_step(batches)

    def _end_step(self, batches: Batches) -> None:
        step, ended = batches.step, batches.ended
        self._progress.ended += ended
        self._progress.fates[step.id] = fate_of(step, ended)
        self._emit(_step_ended(step, ended, self._clock.monotonic() - batches.began))

    def _stop_before_the_end(self, batches: Batches) -> None:
        if batches.taken:
            self._end_step(batches)
        else:
            self._progress.fates[batches.step.id] = Fate.STOPPED

    # --- one batch, on a thread of its own ---------------------------------------------------------------------------

    def _run_batch(self, batch: Batch) -> None:
        if self._fatal is not None or (batch.number and self._stop.level()):
            return
        batch.ended += self._performed(batch)
        for end in batch.ended:
            self._emit(_action_ended(batch.step, end))
        if fate_of(batch.step, batch.ended) is Fate.DONE:
            self._guarded(partial(self._let_settle, batch.step, batch.ended))

    def _performed(self, batch: Batch) -> list[Ended]:
        """Return the known ends of the actions, also where an error stops the run after commands were sent."""
        try:
            return self._performer.perform(batch.step, batch.actions, batch.meter)
        except CutShort as cut:
            self._give_up(cut.__cause__)
            return cut.ended
        except Exception as error:
            self._give_up(error)
            return []

    def _let_settle(self, step: Step, ended: Sequence[Ended]) -> None:
        """If the step restarted a service, wait the settle time before the steps that need this one."""
        seconds = max((end.action.settle_seconds for end in ended if not end.was_there), default=0)
        if seconds and any(step.id in other.needs for other in self._plan.steps):
            kind = self._performer.types[step.first.address.type]
            what = kind.settles if isinstance(kind, Settling) else "the step"
            self._emit(Waiting(step.id, f"{what} must settle before the next step", seconds))
            end = self._clock.monotonic() + seconds
            while not self._stop.level() and (left := end - self._clock.monotonic()) > 0:
                self._clock.sleep(min(left, 5.0))

    def _guarded(self, job: Callable[[], _T]) -> _T | None:
        """Return the result of ``job``; where it fails, stop sending and return None."""
        try:
            return job()
        except Exception as error:
            self._give_up(error)
            return None

    def _give_up(self, error: BaseException | None) -> None:
        """Stop sending, and report why."""
        stopped_by = error if isinstance(error, ReconcilerError) else _bug(error)
        with self._lock:
            known = () if self._fatal is None else self._fatal.diagnostics
            self._fatal = self._fatal or stopped_by
        for one in stopped_by.diagnostics:
            if one not in known:
                self._emit(Reported(one))

    # --- before and after --------------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Save the changes of the plan that need no command."""
        change = settled_without_command(self._plan, self._performer.world.landscape, self._performer.types)
        if change != StateChange():
            self._performer.lease.commit(change)

    def _take_over_made(self) -> None:
        """Save the objects that steps of this run created and that already have their desired values."""
        awaited = [
            action for action in self._plan.adopted if action.predicted_by and self._is_made(action.predicted_by)
        ]
        if not awaited:
            return
        names = dict.fromkeys(action.address.type for action in awaited)
        landscape = self._performer.world.read(self._performer.reader.observe, names)
        found = (action for action in awaited if landscape.at(action.address) is not None)
        self._performer.lease.commit(StateChange(remember=tuple(remembered(action, landscape) for action in found)))

    def _note_whole(self) -> None:
        """Save the digest of the declarations after a complete apply."""
        digest = self._plan.decisions.get(DECLARED)
        is_done = self._fatal is None and all(fate is Fate.DONE for fate in self._progress.fates.values())
        if digest is not None and is_done and not self._plan.left_out:
            self._performer.lease.commit(StateChange(decisions={DECLARED: digest}))

    def _is_made(self, by: Address) -> bool:
        step = self._plan.step_of(by)
        return step is None or self._fate(step.id) is Fate.DONE

    def _final_look(self) -> tuple[Obligation, ...]:
        """Close the obligations that are now observed to be fulfilled; return the open ones."""
        saved = self._store.read()
        owed = saved.obligations
        if not owed:
            return ()
        landscape = self._looked(saved)
        ended = met(self._performer.types.values(), landscape)
        if ended:
            self._performer.lease.commit(StateChange(discharge=ended))
        left = tuple(one for one in owed if one not in ended)
        for one in owed:
            self._emit(Owed(one, met=one in ended))
        return left

    def _looked(self, saved: Snapshot) -> Landscape:
        """Return the landscape, read again until no open obligation can be fulfilled by waiting."""
        kinds = self._performer.types.values()
        names = [kind.name for kind in kinds if not isinstance(kind, Fact | Rows)]
        wait = Wait("obligations", self._emit, self._clock, self._stop, level=1, pause=1.0)
        while True:
            read = self._performer.world.read(self._performer.reader.observe, dict.fromkeys(names))
            landscape = replace(read, prior=saved)
            coming = _coming(kinds, landscape)
            if not coming or self._fatal is not None or wait.is_ended:
                return landscape
            wait.announce(coming[0][1].reason)
            wait.rest()
            names = list({kind.name: None for kind, _ in coming})

    def _emit_end(self, account: Account, seconds: float) -> None:
        exit_code = account.exit_code()
        blocked = sum(len(step.actions) for step in self._plan.steps) - len(account.ended)
        self._emit(
            RunEnded(
                self._performer.run,
                exit_code,
                done=account.count(OutcomeKind.DONE),
                failed=account.count(OutcomeKind.FAILED, OutcomeKind.NOT_RUN),
                blocked=blocked,
                unknown=account.count(OutcomeKind.UNKNOWN),
                seconds=seconds,
                resume=None if account.is_whole else self._resume,
                left_out=account.left_out,
            )
        )


def _outline(steps: Sequence[Step]) -> tuple[StepOutline, ...]:
    needed = {need for step in steps for need in step.needs}
    return tuple(
        StepOutline(
            step.id,
            step.stage,
            len(step.actions),
            max(action.settle_seconds for action in step.actions) if step.id in needed else 0,
            (*step.needs, *step.after),
        )
        for step in steps
    )


def _coming(types: Iterable[ResourceType], landscape: Landscape) -> list[tuple[Obliged, UnderWay]]:
    """Return the open obligations that may still be met without another command, each with its type."""
    by_duty = obliged_types(types)
    known = ((by_duty[owed.duty], owed) for owed in landscape.prior.obligations if owed.duty in by_duty)
    found = ((kind, kind.coming(owed, landscape)) for kind, owed in known)
    return [(kind, one) for kind, one in found if one is not None and one.seconds > 0]


def _action_ended(step: Step, end: Ended) -> ActionEnded:
    action = end.action
    return ActionEnded(
        step.id, str(action.address), action.kind.value, end.outcome, end.was_there, end.detail, end.evidence
    )


def _step_ended(step: Step, ended: Sequence[Ended], seconds: float) -> StepEnded:
    kinds = [end.outcome for end in ended]
    return StepEnded(
        step.id,
        step.stage,
        done=kinds.count(OutcomeKind.DONE),
        failed=kinds.count(OutcomeKind.FAILED) + kinds.count(OutcomeKind.NOT_RUN),
        unknown=kinds.count(OutcomeKind.UNKNOWN),
        seconds=seconds,
    )


def _bug(error: BaseException | None) -> ReconcilerError:
    return ReconcilerError(
        Diagnostic(
            "Internal error",
            f"This is a bug in reconciler: {type(error).__name__} at {_where(error)}.",
            "Nothing more was sent. Report it with the log file of this run.",
        )
    )


def _where(error: BaseException | None) -> str:
    """Return file and line of the innermost frame, without values, which could be secrets."""
    trace = error.__traceback__ if error else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
