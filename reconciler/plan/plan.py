"""The plan as a value: the execution graph, with the exact commands that will run.

One reader of a plan shows it, another applies it. Apply evaluates nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.model.abilities import DESTROYS, Counts
from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation
from reconciler.model.values import EMPTY, Fingerprint
from reconciler.plan.commits import Source

DECLARED: Final = "declared"
"""The decision that holds the digest of the declarations (without users) at the last complete apply.

With it drift decides whether a derived value changed because of the files or because of the servers.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the graph: one action on a structural resource, or equal actions on many users."""

    id: str
    """Unique in the plan: ``create dial_plan/Redmond`` or ``create um_mailbox Redmond/default, wave 1``.

    It is equal in every plan with this step.
    """
    actions: tuple[Action, ...]
    stage: int
    """The level in the graph, from 1."""
    needs: tuple[str, ...] = ()
    """Steps that must succeed first; if one fails, this step is blocked."""
    after: tuple[str, ...] = ()
    """Steps that must end first, also with a failure."""

    @property
    def first(self) -> Action:
        return self.actions[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions for one environment, and the facts on which they are based."""

    environment: str
    lineage: str | None = None
    serial: int = 0
    source: Source = field(default_factory=Source)
    """The commit that the files belong to."""
    pinned: str | None = None
    """The replica of the directory for all reads and writes."""
    always: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Parameters that the runner adds to every cmdlet that has them."""
    steps: tuple[Step, ...] = ()
    """Each step comes after the steps that it waits for."""
    adopted: tuple[Action, ...] = ()
    """Existing objects that become managed without a command."""
    forgotten: tuple[Action, ...] = ()
    """Resources that are no longer managed and stay unchanged."""
    unchanged: int = 0
    obligations: tuple[Obligation, ...] = ()
    """The obligations that are open when the plan is made."""
    met: tuple[Obligation, ...] = ()
    """Obligations that are open in the state, but observed to be fulfilled; no command closes them."""
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    impact: Counts = field(default_factory=Counts)
    """The number of affected objects or people for each ``Impact``, by its name."""
    diagnostics: tuple[Diagnostic, ...] = ()
    prior: Mapping[Address, Fingerprint] = field(default_factory=lambda: EMPTY)
    """The fingerprints of the saved resources in the plan, by address; no entry if the state has none."""
    asked: str = ""
    """The options that select a part of the actions; empty for all."""
    passed_over: int = 0
    """Number of actions that were not selected."""

    @property
    def commit(self) -> str | None:
        return self.source.commit

    @property
    def destroys(self) -> int:
        """The number of deleted objects that count for ``--max-destroy``."""
        return self.impact.get(DESTROYS.name, 0)

    @property
    def has_changes(self) -> bool:
        """True where the plan sends a command."""
        return bool(self.steps)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Addresses of declared resources that the plan leaves out; the diagnostics say why."""
        return tuple(sorted({one.address for one in self.diagnostics if one.leaves_out and one.address}))

    @property
    def has_effects(self) -> bool:
        """True where the plan sends a command or changes the managed resources."""
        return bool(self.steps or self.adopted or self.forgotten)

    def actions(self) -> Iterator[Action]:
        return (action for step in self.steps for action in step.actions)

    def acted_upon(self) -> Iterator[Address]:
        """Yield the addresses of all objects in the steps, the adopted and the forgotten resources."""
        return (action.address for action in (*self.actions(), *self.adopted, *self.forgotten))

    def step_of(self, address: Address) -> Step | None:
        folded = address.folded
        return next(
            (s for s in self.steps if any(a.address.folded == folded for a in s.actions)),
            None,
        )
