"""Actions: what a plan does to one resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.addresses import Address
from reconciler.model.claims import Taken
from reconciler.model.commands import Command
from reconciler.model.diagnostics import Position
from reconciler.model.json_text import Digest, fingerprint
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import UNSET, Unset, Value


class ActionKind(Enum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    ADOPT = "adopt"
    RUN = "run"


class Proof(Enum):
    """How the outcome of an action is known."""

    OBSERVABLE = "observable"
    """The postcondition can be read."""
    LEVEL = "level"
    """The postcondition is a comparison of observed times or of a set of objects."""
    UNOBSERVABLE = "unobservable"
    """It leaves no trace: sent at most once, and if in doubt the outcome is unknown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute, observed against desired.

    ``before`` is UNSET if the object does not exist or its value was not read.
    """

    attribute: str
    before: Value | Unset
    after: Value | Unset


def turned(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that restore the observed values. A value that was not observed cannot be restored."""
    return tuple(Change(one.attribute, one.after, one.before) for one in changes if one.before is not UNSET)


def values_after(changes: Iterable[Change]) -> dict[str, Value]:
    """Return the values of the attributes after the changes; UNSET counts as cleared."""
    return {one.attribute: None if one.after is UNSET else one.after for one in changes}


@dataclass(frozen=True, slots=True)
class Action:
    """What a plan does to one resource: the exact commands, the reasons, the expected state, and how to undo it."""

    address: Address
    kind: ActionKind
    changes: tuple[Change, ...] = ()
    commands: tuple[Command, ...] = ()
    reasons: tuple[str, ...] = ()
    expects: Mapping[str, Value] | None = None
    """The values that the object must have before the action runs; None: the object must be absent."""
    expects_after: Mapping[str, Value] | None = None
    """The values that the object has after a success; None: the object is absent."""
    inverse: tuple[Command, ...] = ()
    needs: tuple[Address, ...] = ()
    """Hard dependencies: if the action there fails, this one is blocked."""
    takes_from: tuple[Taken, ...] = ()
    """Objects whose claims its commands release, right before they are given to this one."""
    predicted_by: Address | None = None
    """The action that makes the object or sets the values this one starts from; None: they were observed."""
    owes: tuple[Obligation, ...] = ()
    """Obligations opened together with its intent."""
    discharges: tuple[Obligation, ...] = ()
    """Obligations that its success ends."""
    proof: Proof = Proof.OBSERVABLE
    settle_seconds: int = 0
    """How long what follows within the same pool waits after it."""
    destroyed: tuple[Address, ...] = ()
    """The objects it removes that count against ``--max-destroy``."""
    group: str = ""
    """Label under which actions that go together are one step of the graph; '' for a step of its own."""
    wave: str = ""
    remember: Resource | None = None
    """What the state keeps after it: the managed attributes; None to forget the resource."""
    position: Position | None = field(default=None, compare=False)

    @property
    def fingerprint(self) -> Digest:
        """The SHA-256, in hex, of ``expects``."""
        return fingerprint(self.expects)
