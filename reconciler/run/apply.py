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

from reconciler.model.abilities import Obliged, Rows, met, obliged_types
from reconciler.model.diagnostics import Diagnostic, ReconcilerError
from reconciler.model.events import (
    Owed,
    Reported,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
)
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Scheduler, StateStore, Stop
from reconciler.model.resource_types import Fact, ResourceType, UnderWay
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation, OutcomeKind, Snapshot, StateChange
from reconciler.plan.plan import OF_THE_WHOLE, Plan, Step
from reconciler.run.account import Account, Fate, fate_of
from reconciler.run.batches import Batch, Following
from reconciler.run.outcomes import remembered
from reconciler.run.perform import Performer
from reconciler.run.queue import Queue
from reconciler.run.reporting import action_ended, bug, outline_of, step_ended
from reconciler.run.retry import Wait
from reconciler.run.sent import CutShort, Ended
from reconciler.run.settled import settled_without_command
from reconciler.run.waves import Wave, Waves, look_at

_T = TypeVar("_T")


_GO_ON = (None, Fate.DONE, Fate.PARTIAL)
_LOOK_SECONDS = 0.1
"""The time between two looks whether a slot is open."""


@dataclass(slots=True)
class _Progress:
    fates: dict[str, Fate] = field(default_factory=dict)
    under_way: dict[str, Batch] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    blocked_by: dict[str, str] = field(default_factory=dict)
    looked_at: dict[str, Wave] = field(default_factory=dict)
    """Waves at whose users a job is looking, by the key of the job."""
    changed_again: int = 0


class Apply:
    """One apply of one plan."""

    def __init__(
        self, plan: Plan, performer: Performer, scheduler: Scheduler, store: StateStore, stop: Stop, resume: str
    ) -> None:
        self._plan, self._performer, self._scheduler = plan, replace(performer, stop=stop), scheduler
        self._store, self._stop, self._resume = store, stop, resume
        self._emit = performer.reader.emit
        self._clock = performer.reader.clock
        self._lock = threading.RLock()
        self._progress = _Progress()
        self._waves = Waves(plan)
        self._queue = Queue(plan.steps, performer.reader.sessions, scheduler.parallelism)
        self._fatal: ReconcilerError | None = None
        self._stages = {step.id: step.stage for step in plan.steps}

    def run(self) -> Account:
        """Apply the plan and return the account; the last event is ``RunEnded``."""
        self._stop.begin()
        began = self._clock.monotonic()
        actions = sum(len(step.actions) for step in self._plan.steps)
        steps = self._plan.steps
        self._emit(RunStarted(self._performer.run, self._plan.environment, len(steps), actions, outline_of(steps)))
        self._guarded(self._take_over)
        while self._hand_out():
            for key in self._scheduler.wait(_LOOK_SECONDS if self._queue.may_get_slots else None):
                self._end_batch(key)
        for step in steps:
            if step.id not in self._progress.fates:
                self._stop_before_the_end(step)
        self._guarded(self._take_over_made)
        self._guarded(self._note_whole)
        open_obligations = self._guarded(self._final_look) or ()
        account = Account(
            dict(self._progress.fates),
            tuple(self._progress.ended),
            tuple(open_obligations),
            self._fatal,
            self._stop.exit_code if self._stop.level() else 0,
            len(self._plan.missing),
            self._progress.changed_again,
        )
        self._emit_end(account, self._clock.monotonic() - began)
        return account

    # --- the walk ----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> bool:
        """Hand out all batches that may start; block steps that can never start. Return True while a batch runs."""
        with self._lock:
            for step in self._plan.steps:
                if step.id in self._progress.fates:
                    continue
                failed = next((need for need in step.needs if self._fate(need) not in _GO_ON), None)
                if failed is not None:
                    self._block(step, failed)
                elif closed_by := self._waves.closed_by(step):
                    self._withhold(step, closed_by)
                while self._may_start(step) and (batch := self._queue.next_of(step)) is not None:
                    self._start(batch)
            self._end_wave()
            return bool(self._progress.under_way or self._progress.looked_at)

    def _fate(self, step_id: str) -> Fate | None:
        return self._progress.fates.get(step_id)

    @property
    def _is_halted(self) -> bool:
        return bool(self._stop.level()) or self._fatal is not None

    def _may_start(self, step: Step) -> bool:
        if self._is_halted or step.id in self._progress.fates:
            return False
        is_free = all(self._fate(other) is not None for other in (*step.needs, *step.after))
        return is_free and all(self._fate(need) in _GO_ON for need in step.needs) and self._waves.is_open(step)

    def _block(self, step: Step, by: str) -> None:
        self._progress.fates[step.id] = Fate.BLOCKED
        self._queue.drop(step)
        self._waves.block(step)
        root = self._progress.blocked_by.get(by, by)
        self._progress.blocked_by[step.id] = root
        self._emit(StepEnded(step.id, step.stage, done=0, failed=0, unknown=0, blocked_by=root))

    def _withhold(self, step: Step, by: Wave) -> None:
        """Start nothing more of a step; its batches that are under way end."""
        self._queue.drop(step)
        if not self._queue.of(step).is_begun:
            self._progress.fates[step.id] = Fate.WITHHELD
            self._emit(StepEnded(step.id, step.stage, done=0, failed=0, unknown=0, blocked_by=by.key))
        elif not self._queue.of(step).under_way:
            self._end_step(step)

    def _end_wave(self) -> None:
        """Where all steps of a wave ended, look at its users if others wait for that."""
        wave = None if self._is_halted else self._waves.over(self._progress.fates)
        if wave is None:
            return
        if wave.refusal or not self._waves.is_followed(wave):
            self._pass_wave(wave, [])
        else:
            self._progress.looked_at[wave.key] = wave
            self._scheduler.submit(wave.key, partial(self._look_at, wave))

    def _look_at(self, wave: Wave) -> None:
        found = self._guarded(partial(look_at, self._plan, self._performer, wave.done))
        for one in found or ():
            self._emit(Reported(one))
        with self._lock:
            if found is not None:
                self._pass_wave(wave, found)

    def _pass_wave(self, wave: Wave, found: Sequence[Diagnostic]) -> None:
        wave.failed += len(found)
        self._progress.changed_again += len(found)
        wave.has_passed = not wave.refusal
        if wave.steps or wave.refusal:
            self._emit(wave.ended())

    def _start(self, batch: Batch) -> None:
        """Submit a batch to the scheduler."""
        with self._lock:
            batches, step = self._queue.of(batch.step), batch.step
            if not batches.is_begun:
                batches.is_begun, batches.began = True, self._clock.monotonic()
                self._emit(StepStarted(step.id, step.stage, len(step.actions)))
            self._progress.under_way[batch.key] = batch
            self._scheduler.submit(batch.key, partial(self._run_batch, batch))

    def _choose_after(self, batch: Batch) -> Batch | None:
        with self._lock:
            return None if self._is_halted else self._queue.following(batch, self._may_start)

    def _end_batch(self, key: str) -> None:
        with self._lock:
            if self._progress.looked_at.pop(key, None) is not None:
                return
            batch = self._progress.under_way.pop(key)
            self._queue.end(batch)
            self._waves.note(batch.step, batch.ended)
            batches = self._queue.of(batch.step)
            if not batches.under_way and (self._is_halted or not batches.left):
                self._end_step(batch.step)

    def _end_step(self, step: Step) -> None:
        batches = self._queue.of(step)
        ended = batches.ended
        self._progress.ended += ended
        self._progress.fates[step.id] = fate_of(step, ended)
        self._queue.drop(step)
        self._emit(step_ended(step, ended, self._clock.monotonic() - batches.began))

    def _stop_before_the_end(self, step: Step) -> None:
        if self._queue.of(step).is_begun:
            self._end_step(step)
        else:
            self._progress.fates[step.id] = Fate.STOPPED

    # --- one batch, on a thread of its own ---------------------------------------------------------------------------

    def _run_batch(self, batch: Batch) -> None:
        if self._fatal is not None or ((batch.number or batch.before is not None) and self._stop.level()):
            return
        following = Following(partial(self._choose_after, batch), self._start)
        batch.ended += self._performed(batch, following)
        following.end()
        for end in batch.ended:
            self._emit(action_ended(batch.step, end))

    def _performed(self, batch: Batch, following: Following) -> list[Ended]:
        """Return the known ends of the actions, also where an error stops the run after commands were sent."""
        try:
            return self._performer.perform(batch.step, batch.actions, batch.meter, batch.before, following)
        except CutShort as cut:
            self._give_up(cut.__cause__)
            return cut.ended
        except Exception as error:
            self._give_up(error)
            return []

    def _guarded(self, job: Callable[[], _T]) -> _T | None:
        """Return the result of ``job``; where it fails, stop sending and return None."""
        try:
            return job()
        except Exception as error:
            self._give_up(error)
            return None

    def _give_up(self, error: BaseException | None) -> None:
        """Stop sending, and report why."""
        stopped_by = error if isinstance(error, ReconcilerError) else bug(error)
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
        """Save the objects to which steps of this run gave their desired values; forget those that they freed."""
        awaited, freed = (
            [action for action in actions if action.predicted_by and self._is_made(action.predicted_by)]
            for actions in (self._plan.adopted, self._plan.forgotten)
        )
        if freed:
            self._performer.lease.commit(StateChange(forget=tuple(action.address for action in freed)))
        if not awaited:
            return
        names = dict.fromkeys(action.address.type for action in awaited)
        landscape = self._performer.world.read(self._performer.reader.observe, names)
        found = (action for action in awaited if landscape.at(action.address) is not None)
        self._performer.lease.commit(StateChange(remember=tuple(remembered(action, landscape) for action in found)))

    def _note_whole(self) -> None:
        """Save the digests of the declarations after a complete apply."""
        digests = {name: self._plan.decisions[name] for name in OF_THE_WHOLE & self._plan.decisions.keys()}
        is_done = self._fatal is None and all(fate is Fate.DONE for fate in self._progress.fates.values())
        if digests and is_done and not self._plan.missing:
            self._performer.lease.commit(StateChange(decisions=digests))

    def _is_made(self, by: Address) -> bool:
        step = self._plan.step_of(by)
        return step is None or self._fate(step.id) is Fate.DONE

    def _final_look(self) -> tuple[Obligation, ...]:
        """Close the obligations that are now observed to be fulfilled; return the open ones."""
        owed = self._store.open_obligations()
        if not owed:
            return ()
        landscape = self._looked(self._store.read())
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


def _coming(types: Iterable[ResourceType], landscape: Landscape) -> list[tuple[Obliged, UnderWay]]:
    """Return the open obligations that may still be met without another command, each with its type."""
    by_duty = obliged_types(types)
    known = ((by_duty[owed.duty], owed) for owed in landscape.prior.obligations if owed.duty in by_duty)
    found = ((kind, kind.coming(owed, landscape)) for kind, owed in known)
    return [(kind, one) for kind, one in found if one is not None and one.seconds > 0]
