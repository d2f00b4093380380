"""The plan as a value: the execution graph, with the exact commands that will run.

A plan has two readers: one shows it, one does it. Nothing is evaluated anew when it is applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.model.actions import Action
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.impacts import DESTROYS, Counts
from reconciler.model.snapshot import Obligation
from reconciler.model.values import EMPTY
from reconciler.plan.commits import Source

DECLARED: Final = "declared"
"""The decision that keeps the digest of what the files declared when all of it was last applied, users aside. With it
drift tells a change of the files from one of the servers, where a value follows from both."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the graph: one action on a structural resource, or equal actions on many users."""

    id: str
    """``create dial_plan/Redmond`` or ``create um_mailbox Redmond/default, wave 1``; unique in the plan, the same in
    every plan that holds it."""
    actions: tuple[Action, ...]
    stage: int
    """Level of the graph, from 1."""
    needs: tuple[str, ...] = ()
    """Steps that must have succeeded: if one fails, this is blocked."""
    after: tuple[str, ...] = ()
    """Steps that must have ended, however."""

    @property
    def first(self) -> Action:
        return self.actions[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to one environment, and everything that was known when this was decided."""

    environment: str
    lineage: str | None = None
    serial: int = 0
    source: Source = field(default_factory=Source)
    """Which commit the files are of, as Git says it."""
    pinned: str | None = None
    """The replica of the directory that everything is read from and written to."""
    always: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Parameters the runner adds to every command whose cmdlet has them."""
    steps: tuple[Step, ...] = ()
    """In an order that keeps every edge."""
    adopted: tuple[Action, ...] = ()
    """Existing objects that become ours without a command."""
    forgotten: tuple[Action, ...] = ()
    """Resources that stop being ours and stay as they are."""
    unchanged: int = 0
    obligations: tuple[Obligation, ...] = ()
    """Open when the plan was made and still to be met."""
    met: tuple[Obligation, ...] = ()
    """Open in the state, but their end was observed: they are struck off without a command."""
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    impact: Counts = field(default_factory=Counts)
    """How people notice it, in counts, by the names of ``Impact``."""
    diagnostics: tuple[Diagnostic, ...] = ()
    prior: Mapping[Address, str] = field(default_factory=lambda: EMPTY)
    """What the state remembered of the objects acted upon, each as its fingerprint; those not remembered are not in
    it."""
    asked: str = ""
    """The options that chose a part of what there is to do; '' for all of it."""
    passed_over: int = 0
    """Actions that were not asked for."""

    @property
    def commit(self) -> str | None:
        return self.source.commit

    @property
    def destroys(self) -> int:
        """How many objects it removes that count against ``--max-destroy``."""
        return self.impact.get(DESTROYS.name, 0)

    @property
    def has_changes(self) -> bool:
        """True where a command would be sent."""
        return bool(self.steps)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Addresses of what is declared and cannot be done; the diagnostics say why, and the rest goes on."""
        return tuple(sorted({told.address for told in self.diagnostics if told.leaves_out and told.address}))

    @property
    def has_effects(self) -> bool:
        """True where a command would be sent, or the state would remember other resources."""
        return bool(self.steps or self.adopted or self.forgotten)

    def actions(self) -> Iterator[Action]:
        return (action for step in self.steps for action in step.actions)

    def acted_upon(self) -> Iterator[Address]:
        """Yield the address of every object that a step, an adoption or a forgetting is about."""
        return (action.address for action in (*self.actions(), *self.adopted, *self.forgotten))

    def step_of(self, address: Address) -> Step | None:
        folded = address.folded
        return next(
            (s for s in self.steps if any(a.address.folded == folded for a in s.actions)),
            None,
        )
