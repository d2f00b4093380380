"""What the engine tells while it works: one closed union of frozen events.

The terminal, the JSON stream and the log are ``match``es over this union that return text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.snapshot import Obligation, OutcomeKind


@dataclass(frozen=True, slots=True)
class Observing:
    """Reads begin: ``what`` names the resource types, ``host`` where."""

    host: str
    what: tuple[str, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Observed:
    """Reads ended."""

    host: str
    records: int
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StepOutline:
    """What is known of a step before it begins."""

    id: str
    stage: int
    actions: int
    settle_seconds: float = 0.0
    """How long what follows waits after it."""
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunStarted:
    """An apply begins."""

    run: str
    environment: str
    steps: int
    actions: int
    outline: tuple[StepOutline, ...] = ()
    """The steps, in an order that keeps every edge."""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the plan begins."""

    step: str
    stage: int
    actions: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step waits for the world: replication, readiness of a pool, the settle time."""

    step: str
    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """A step will be tried again."""

    step: str
    reason: str
    attempt: int
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to go by where an action did not come out as planned, and what a script printed in any case."""

    sent: tuple[str, ...] = ()
    """The commands that were sent, as they are typed."""
    printed: str = ""
    """What they printed and warned of, whole."""
    read: tuple[str, ...] = ()
    """What was read instead of the effect, in words."""
    cause: str = ""
    """The likeliest cause, where the server reported success."""


NO_EVIDENCE: Final = Evidence()


@dataclass(frozen=True, slots=True)
class ActionEnded:
    """One resource's action ended. ``adopted`` is True where its postcondition held before anything was sent."""

    step: str
    address: str
    kind: str
    outcome: OutcomeKind
    adopted: bool = False
    detail: str = ""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step ended, or will not start."""

    step: str
    stage: int
    done: int
    failed: int
    unknown: int
    blocked_by: str | None = None
    """The step whose failure kept this one from starting; its actions count as neither done nor failed."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Owed:
    """An obligation is open, or (``met``) its end was observed."""

    obligation: Obligation
    met: bool


@dataclass(frozen=True, slots=True)
class Told:
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class RunEnded:
    """An apply ended."""

    run: str
    exit_code: int
    done: int
    failed: int
    blocked: int
    unknown: int
    seconds: float
    resume: str | None = None
    """The command that goes on, where something is left."""
    left_out: int = 0
    """Declared resources that cannot be done, so that the plan left them out."""


Event: TypeAlias = (
    Observing
    | Observed
    | RunStarted
    | StepStarted
    | Waiting
    | Retrying
    | ActionEnded
    | StepEnded
    | Owed
    | Told
    | RunEnded
)
