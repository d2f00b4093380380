"""Opens the waves of a plan one after the other.

A wave has passed when all its steps ended, its users were read again, and no more users failed than it allows. A user
failed who is not as the plan wrote: the command failed or was not sent, a step that it needs failed, the user changed
again before the end of the wave, or a check of its type now finds an error. Where too many failed, the rest of the wave
and all later waves do not start; commands that are under way still end.

Nothing of it is saved. The next plan reads all users: who failed is planned again, in the same wave, and counts again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.abilities import Rows
from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic, ReconcilerError, count
from reconciler.model.events import WaveEnded
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.model.snapshot import OutcomeKind
from reconciler.model.waves import Gate
from reconciler.plan.checks import unreadable
from reconciler.plan.decide import identified
from reconciler.plan.effects import is_done
from reconciler.plan.plan import Plan, Step
from reconciler.plan.rules import CHANGED_AGAIN
from reconciler.plan.verdict import read_otherwise, why_unreadable
from reconciler.run.observe import Keys, unread
from reconciler.run.perform import Performer
from reconciler.run.sent import Ended


@dataclass(slots=True)
class Wave:
    """One wave of a run."""

    gate: Gate
    steps: frozenset[str]
    left_out: int = 0
    """How many of its users the plan left out, for reasons that no waiver accepts."""
    done: list[Action] = field(default_factory=list)
    failed: int = 0
    is_over: bool = False
    """True after its last step ended."""
    has_passed: bool = False

    @property
    def key(self) -> str:
        """The name of the job that looks at its users."""
        return f"wave {self.gate.wave}"

    @property
    def stops(self) -> bool:
        """True where the rest of it may not start. Users left out do not count: the others are written without them."""
        return self.failed > self.gate.max_failures

    @property
    def refusal(self) -> str:
        """Why no later wave may start; '' as long as one may."""
        if self.failed + self.left_out <= self.gate.max_failures:
            return ""
        failures = count(self.failed + self.left_out, "failure")
        of_them = f" ({self.left_out:,} left out by the plan)" if self.left_out else ""
        return f"wave {self.gate.wave} has {failures}{of_them}; it may have {self.gate.max_failures:,}"

    def ended(self) -> WaveEnded:
        gate, failed, left_out = self.gate, self.failed + self.left_out, self.left_out or None
        return WaveEnded(gate.wave, gate.users, failed, gate.max_failures, self.has_passed, self.refusal, left_out)


class Waves:
    """The waves of a plan in order. Not thread-safe."""

    def __init__(self, plan: Plan) -> None:
        names = [gate.wave for gate in plan.gates]
        steps = [step for step in plan.steps if names and step.first.is_of_users]
        self._rank = {one.id: names.index(one.wave) if one.wave in names else len(names) for one in steps}
        missing = frozenset(plan.missing) if names else frozenset[str]()
        self._waves = [
            Wave(
                gate,
                frozenset(name for name, rank in self._rank.items() if rank == place),
                len(missing.intersection(gate.left_out)),
            )
            for place, gate in enumerate(plan.gates)
        ]

    def closed_by(self, step: Step) -> Wave | None:
        """Return the wave whose failures forbid a step to start; None where it may start, now or later."""
        if (rank := self._rank.get(step.id)) is None:
            return None
        own = (wave for wave in self._waves[rank : rank + 1] if wave.stops)
        return next((wave for wave in self._waves[:rank] if wave.refusal), None) or next(own, None)

    def is_open(self, step: Step) -> bool:
        """True where all waves before that of the step have passed, and none has too many failures."""
        earlier = self._waves[: self._rank.get(step.id, 0)]
        return self.closed_by(step) is None and all(wave.has_passed for wave in earlier)

    def note(self, step: Step, ended: Sequence[Ended]) -> None:
        """Count how actions of a step ended."""
        if (wave := self._of(step)) is not None:
            wave.done += [end.action for end in ended if end.outcome is OutcomeKind.DONE]
            wave.failed += sum(end.outcome is not OutcomeKind.DONE for end in ended)

    def block(self, step: Step) -> None:
        """Count the actions of a step that cannot start because another step failed."""
        if (wave := self._of(step)) is not None:
            wave.failed += len(step.actions)

    def _of(self, step: Step) -> Wave | None:
        rank = self._rank.get(step.id, len(self._waves))
        return self._waves[rank] if rank < len(self._waves) else None

    def over(self, ended: Collection[str]) -> Wave | None:
        """Return the first wave whose steps have all ended, once."""
        wave = next((one for one in self._waves if not one.has_passed), None)
        if wave is None or wave.is_over or not wave.steps.issubset(ended):
            return None
        wave.is_over = True
        return wave

    def is_followed(self, wave: Wave) -> bool:
        """True where users come after a wave, so that it has to be looked at."""
        return any(rank > self._waves.index(wave) for rank in self._rank.values())


def look_at(plan: Plan, performer: Performer, done: Sequence[Action]) -> list[Diagnostic]:
    """Read the users of a wave again; return an error for each who is not as the plan wrote, or whom a check refuses.

    An object that gives a value to a later one is not compared: it changes once more.

    Raises:
        ReconcilerError: something that the checks need could not be read, so nobody knows whether the wave has passed.
    """
    names = dict.fromkeys(action.address.type for action in done)
    kinds = [performer.types[name] for name in names]
    only: dict[str, frozenset[str] | None] = {}
    for kind in kinds:
        only[kind.name] = keys = frozenset(one.address.key for one in done if one.address.type == kind.name)
        only |= kind.proof(keys, performer.world.landscape) if isinstance(kind, Rows) else {}
    landscape = performer.world.read(performer.reader.observe, only)
    if unknown := {address: why for address, why in landscape.unreadable.items() if _is_proof(address, only, names)}:
        raise ReconcilerError(*unreadable(replace(landscape, unreadable=unknown)))
    giving = {taken.address for action in plan.actions() for taken in action.takes_from}
    found = {one.address: one for one in _changed([a for a in done if a.address not in giving], performer, landscape)}
    ours, known = {str(action.address) for action in done}, identified(kinds, landscape)
    for one in (one for kind in kinds for one in kind.check(known)):
        if one.is_error and one.address in ours:
            found.setdefault(one.address, one)
    return list(found.values())


def _is_proof(address: Address, only: Keys, users: Collection[str]) -> bool:
    """True for what the checks need. A single user who could not be read fails alone."""
    return address.type in only and (address.type not in users or address.key == "*")


def _changed(done: Sequence[Action], performer: Performer, landscape: Landscape) -> Iterator[Diagnostic]:
    for action in done:
        kind = performer.types[action.address.type]
        if (lacking := unread(kind, action.address, landscape)) is not None:
            yield CHANGED_AGAIN.found(action, f"{action.address}: {why_unreadable(lacking, landscape)}.")
        elif not is_done(kind, action, landscape):
            seen = "; ".join(read_otherwise(kind, action, landscape))
            yield CHANGED_AGAIN.found(action, f"{action.address} had its desired values. Now {seen}.")
