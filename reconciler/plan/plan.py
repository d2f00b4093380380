"""The plan as a value: the execution graph, with the exact commands that will run.

One reader of a plan shows it, another applies it. Apply evaluates nothing again.

A saved plan is valid while its objects are unchanged: on the servers, which each step reads again before it sends, and
in the state. Changes of other objects do not matter. A failure of Git is *trouble*, never an empty answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from reconciler.model.abilities import DESTROYS, Counts
from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic, listed
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation, Remembered, Snapshot
from reconciler.model.values import EMPTY, Fingerprint, fingerprint
from reconciler.model.waivers import Waived
from reconciler.model.waves import Gate


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why Git gives no answer, and the remedy."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The commit that the loaded files belong to."""

    commit: str | None = None
    """The current commit; None outside Git, before the first commit, and where Git gives no answer."""
    uncommitted: tuple[str, ...] = ()
    """Files that differ from the commit."""
    trouble: Trouble | None = None
    has_git: bool = False
    """True where the files lie in a repository, readable or not."""

    @property
    def answer(self) -> Literal["none", "fails", "answers"]:
        """For JSON: ``none`` (no repository), ``fails`` or ``answers``."""
        return "fails" if self.trouble is not None else "answers" if self.has_git else "none"

    def __str__(self) -> str:
        if self.trouble is not None:
            return "unknown commit (Git gives no answer)"
        if not self.has_git:
            return "not in Git (older files cannot be detected)"
        if self.commit is None:
            return "no commit yet"
        edited = f" with uncommitted changes in {listed(self.uncommitted, 4)}" if self.uncommitted else ""
        return f"commit {self.commit[:12]}{edited}"


@dataclass(frozen=True, slots=True)
class Gap:
    """The changes of an applied commit that files lack."""

    commits: tuple[str, ...] = ()
    """The commits that changed the environment's directory, newest first: short id and subject."""
    is_parallel: bool = False
    """True where each side has commits that the other lacks."""
    trouble: Trouble | None = None
    remedy: str = ""


DECLARED: Final = "declared"
"""The decision that holds the digest of the declarations (without users) at the last complete apply.

With it drift decides whether a derived value changed because of the files or because of the servers.
"""
ENDED: Final = "ended"
"""The decision that holds the digest of the resources with ``state: absent``."""
OF_THE_WHOLE: Final = frozenset({DECLARED, ENDED})
"""Decisions that are saved only after a complete apply."""


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
    wave: str = ""
    """The wave in which its users are done, where the files list waves; '' for users after the last one."""

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
    met: tuple[Obligation, ...] = field(default=(), compare=False)
    """Obligations that are open in the state, but observed to be fulfilled; no command closes them. Not saved: the same
    could be owed again when a saved plan is applied."""
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    impact: Counts = field(default_factory=Counts)
    """The number of affected objects or people for each ``Impact``, by its name."""
    diagnostics: tuple[Diagnostic, ...] = ()
    waived: tuple[Waived, ...] = ()
    """The findings that the operator accepts; they change nothing that the plan sends."""
    prior: Mapping[Address, Fingerprint] = field(default_factory=lambda: EMPTY)
    """The fingerprints of the saved resources in the plan, by address; no entry if the state has none."""
    asked: str = ""
    """The options that select a part of the actions, after ``destroy`` in a plan that takes down what is declared."""
    passed_over: int = 0
    """Number of actions that were not selected."""
    gates: tuple[Gate, ...] = ()
    """The waves with work in this plan, in order; the users of a step with another name come after them."""

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
        """Addresses of declared resources that the plan leaves out; the diagnostics and waivers say why."""
        found = (*self.diagnostics, *(one for waived in self.waived for one in waived.findings))
        return _left_out(found)

    @property
    def missing(self) -> tuple[str, ...]:
        """Addresses of the resources left out for a reason that no waiver accepts: the plan is not complete."""
        return _left_out(self.diagnostics)

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


def _left_out(found: Iterable[Diagnostic]) -> tuple[str, ...]:
    return tuple(sorted({one.address for one in found if one.leaves_out and one.address}))


def only_refreshed(plan: Plan) -> Plan:
    """Return the plan without its steps: it changes the state alone."""
    decisions = {name: value for name, value in plan.decisions.items() if name not in OF_THE_WHOLE or not plan.steps}
    return replace(
        plan,
        steps=(),
        gates=(),
        impact=Counts(dict.fromkeys(plan.impact, 0)),
        decisions=decisions,
        asked=f"{plan.asked} --refresh-only".strip(),
        passed_over=plan.passed_over + sum(len(step.actions) for step in plan.steps),
    )


_DIGITS = 16
"""Length of a fingerprint. It only detects changes; the signature of the file protects against forgery."""


def fingerprints_of(snapshot: Snapshot, addresses: Iterable[Address]) -> dict[Address, str]:
    """Return the fingerprints of the saved resources among ``addresses``."""
    known = ((address, snapshot.resources.get(address)) for address in addresses)
    return {address: _fingerprint(one) for address, one in known if one is not None}


def moved_on(plan: Plan, snapshot: Snapshot) -> tuple[Address, ...]:
    """Return the objects of a plan whose saved state has changed since the plan was made."""
    now = fingerprints_of(snapshot, plan.acted_upon())
    return tuple(address for address in plan.acted_upon() if now.get(address) != plan.prior.get(address))


def is_made_over(plan: Plan, snapshot: Snapshot) -> bool:
    """True where the plan was made with this state.

    A plan made before any state fits a state that holds only the resources that the plan adopts.
    """
    if plan.lineage is not None:
        return plan.lineage == snapshot.lineage
    adopted = {action.address for action in plan.adopted}
    return snapshot.resources.keys() <= adopted and not (snapshot.obligations or snapshot.interrupted)


def _fingerprint(known: Remembered) -> str:
    return fingerprint({**known.attributes, "#guid": known.guid})[:_DIGITS]
