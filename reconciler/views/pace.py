"""Estimates the remaining time of a run from its graph, its planned waits and the pace so far.

A count of actions alone misleads: a restart takes minutes and a mailbox a moment, and a step that waits for a pool to
settle does no work. So each kind of resource has its own pace, and the estimate is the longest chain of waiting steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.events import StepOutline


@dataclass(slots=True)
class _Paced:
    """The actions of one kind of resource so far, with their time."""

    actions: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Running:
    began: float
    acted: int = 0
    waits_until: float = 0.0
    settles: float = 0.0
    """Seconds that it waits after its work."""


@dataclass(slots=True)
class Pace:
    """Follows the steps of a run; all times are seconds of one monotonic clock."""

    outline: tuple[StepOutline, ...] = ()
    """The steps of the run, in an order that keeps every edge."""
    _running: dict[str, _Running] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _by_kind: dict[str, _Paced] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sizes = {step.id: step.actions for step in self.outline}

    def started(self, step: str, now: float) -> None:
        self._running[step] = _Running(now)

    def acted(self, step: str) -> None:
        if running := self._running.get(step):
            running.acted += 1

    def waits(self, step: str, seconds: float, now: float) -> None:
        """Note that ``step`` waits for at most ``seconds``."""
        if running := self._running.get(step):
            running.waits_until = now + seconds
            if running.acted == self._sizes.get(step):
                running.settles = max(running.settles, seconds)

    def ended(self, step: str, now: float) -> None:
        """Note that ``step`` ended, or was blocked."""
        running = self._running.pop(step, None)
        self._ended.add(step)
        if running is not None:
            seen = self._by_kind.setdefault(_kind(step), _Paced())
            seen.actions += max(running.acted, 1)
            seen.seconds += max(0.0, now - running.began - running.settles)

    def left(self, now: float) -> float | None:
        """Return the seconds until the run ends; None before the first action ended."""
        if not self._by_kind and not any(running.acted for running in self._running.values()):
            return None
        ends: dict[str, float] = {}
        for step in self.outline:
            if step.id not in self._ended:
                before = max((ends.get(other, 0.0) for other in step.waits_for), default=0.0)
                ends[step.id] = before + self._left_of(step, now)
        return max(ends.values(), default=0.0)

    def _left_of(self, step: StepOutline, now: float) -> float:
        running = self._running.get(step.id)
        if running is None:
            return step.actions * self._each(step.id) + step.settle_seconds
        wait = max(0.0, running.waits_until - now)
        if running.acted >= step.actions:
            return wait
        spent = now - running.began
        if running.acted:
            work = spent / running.acted * (step.actions - running.acted)
        else:
            work = max(0.0, self._each(step.id) * step.actions - spent)
        return max(work, wait) + step.settle_seconds

    def _each(self, step: str) -> float:
        """Return the seconds of an action of the step's kind; for a new kind, the average of all."""
        seen = [self._by_kind[kind]] if (kind := _kind(step)) in self._by_kind else list(self._by_kind.values())
        return sum(one.seconds for one in seen) / max(1, sum(one.actions for one in seen))


def _kind(step: str) -> str:
    """Return the action and the resource type from a step's id: ``create um_mailbox``."""
    return " ".join(step.split("/", 1)[0].split(" ")[:2])
