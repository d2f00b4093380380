"""The events that the engine emits: one closed union of frozen values.

The terminal, the JSON stream and the log each turn an event into text with a ``match`` over this union.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.snapshot import Obligation, OutcomeKind
from reconciler.model.values import Seconds


@dataclass(frozen=True, slots=True)
class Observing:
    """Reads begin on ``host``; ``what`` names the resource types."""

    host: str
    what: tuple[str, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Observed:
    """Reads ended."""

    host: str
    records: int
    requests: int
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class StepOutline:
    """A step before it begins."""

    id: str
    stage: int
    actions: int
    settle_seconds: float = 0.0
    """How long the following steps wait after it."""
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunStarted:
    """An apply begins."""

    run: str
    environment: str
    steps: int
    actions: int
    outline: tuple[StepOutline, ...] = ()
    """The steps; each comes after the steps that it waits for."""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the plan begins."""

    step: str
    stage: int
    actions: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step waits for the servers: replication, readiness of a pool, the settle time."""

    step: str
    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """A step will be tried again."""

    step: str
    reason: str
    attempt: int
    delay_seconds: Seconds


@dataclass(frozen=True, slots=True)
class Evidence:
    """Details of an action that failed, and in any case the output of a script."""

    sent: tuple[str, ...] = ()
    """The commands that were sent, as text."""
    printed: str = ""
    """Their complete output and warnings."""
    read: tuple[str, ...] = ()
    """The observed values that differ from the desired ones, as sentences."""
    cause: str = ""
    """The most likely cause, where the server reported success."""


NO_EVIDENCE: Final = Evidence()


@dataclass(frozen=True, slots=True)
class ActionEnded:
    """The action of one resource ended. ``adopted``: the resource had its desired values, so nothing was sent."""

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
    """The step whose failure blocked this one, or ``wave NAME`` with too many failures.

    Blocked actions count neither as done nor as failed.
    """
    seconds: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class WaveEnded:
    """All users of a wave were written and looked at, or no more of them will be."""

    wave: str
    users: int
    failed: int
    """Users that failed, and those that the plan left out."""
    max_failures: int
    passed: bool
    """True where the next wave may start."""
    reason: str = ""
    """Why it did not pass."""
    left_out: int | None = None
    """How many of ``failed`` the plan left out; missing if it left out nobody."""


@dataclass(frozen=True, slots=True)
class Owed:
    """An obligation opened, or (``met``) was observed to be fulfilled."""

    obligation: Obligation
    met: bool


@dataclass(frozen=True, slots=True)
class Reported:
    """A diagnostic for the user."""

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
    seconds: Seconds
    resume: str | None = None
    """The command that continues, where actions are left."""
    left_out: int = 0
    """Number of declared resources that the plan left out because of errors."""


Event: TypeAlias = (
    Observing
    | Observed
    | RunStarted
    | StepStarted
    | Waiting
    | Retrying
    | ActionEnded
    | StepEnded
    | WaveEnded
    | Owed
    | Reported
    | RunEnded
)
