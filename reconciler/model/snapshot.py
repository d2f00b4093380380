"""Saved state as a value: what is ours, what was last applied, what is still owed, and what was being sent.

State is a cache, a history and a journal, never the truth: losing it loses nothing, since the next plan adopts by
natural key. How it is stored is the business of ``state/``; how it is decided upon, of the core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.addresses import Address
from reconciler.model.commands import Shell
from reconciler.model.values import EMPTY, Value, folded


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """Something still owed. It is written with the intent that creates it and goes only when its end is *observed*."""

    duty: str
    """Its kind, by name: ``front-end-restart``."""
    subject: str
    since: str | None = None
    """The subject's own clock when the need was seen to begin (ISO 8601, UTC); None until that was read."""

    @property
    def identity(self) -> tuple[str, str]:
        return (self.duty, self.subject.casefold())


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the last applies know of one resource of ours."""

    address: Address
    attributes: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """Managed attributes as last applied."""
    name: str | None = None
    guid: str | None = None
    needs: tuple[Address, ...] = ()
    """What it depended upon, for deletion in reverse after the configuration forgot it."""


class OutcomeKind(Enum):
    DONE = "done"
    """The effect was observed."""
    NOT_RUN = "not-run"
    """It was observed, or is certain, that nothing happened."""
    FAILED = "failed"
    """The server refused it for certain."""
    UNKNOWN = "unknown"
    """It may have happened and cannot be observed: somebody has to look."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A command about to be sent, durable before the send; without an outcome it is *open*."""

    id: str
    """Chosen before the first send and reused for every re-send, in every run."""
    run: str
    address: Address
    kind: str
    """The action, as ``ActionKind.value``."""
    command: str
    """The command as text, for people; holds no secret."""
    host: str
    expires: str
    """ISO 8601, UTC: the server refuses to begin the command later."""
    expects: Mapping[str, Value] | None = field(default_factory=lambda: EMPTY)
    """What was read before it: attributes, or None where the object was absent."""
    expects_after: Mapping[str, Value] | None = field(default_factory=lambda: EMPTY)
    """The postcondition: attributes as they will be observed; None where the object will be absent."""
    discharges: tuple[Obligation, ...] = ()
    """What its success ends, should another run be the one to see it."""
    shell: Shell | None = None
    """Where it was sent to, or is about to be: a shell outlives the run that opened it. None: nothing was open."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an intent ended."""

    intent: str
    kind: OutcomeKind
    detail: str = ""


def short_run(run: str) -> str:
    """Return as much of a run's id as people need: every command takes the beginning of one, where it is the only one
    that begins so."""
    return run[:8]


@dataclass(frozen=True, slots=True)
class Run:
    """One apply, as history keeps it."""

    id: str
    started: str
    user: str
    host: str
    commit: str | None = None
    ended: str | None = None
    exit_code: int | None = None
    plan_digest: str | None = None
    done: int = 0
    failed: int = 0
    blocked: int = 0
    uncommitted: bool = False
    """Its files were not as in the commit."""
    allowed_older: bool = False
    """Its files lacked what was applied before, or Git did not tell, and ``--allow-older`` let them pass."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The chain of everything ever saved, verified from its start."""

    entries: int
    head: str
    """The hash of the last entry: 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The saved state of one environment, as one consistent read."""

    environment: str
    lineage: str | None = None
    """Born with the first write and kept for ever; None while nothing was ever saved."""
    serial: int = 0
    """Rises with every write."""
    resources: Mapping[Address, Remembered] = field(default_factory=lambda: EMPTY)
    obligations: tuple[Obligation, ...] = ()
    open_intents: tuple[Intent, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Choices made once and kept, such as ``dial_plan/Redmond:site``."""

    def decision(self, name: str) -> str | None:
        """Return what was decided under ``name``, however the names in it are spelt."""
        same = (value for other, value in self.decisions.items() if folded(other) == folded(name))
        return self.decisions.get(name) or next(same, None)

    def owes(self, owed: Obligation) -> Obligation | None:
        """Return the open obligation of the same kind and subject, whatever the case of the subject."""
        return next((one for one in self.obligations if one.identity == owed.identity), None)


@dataclass(frozen=True, slots=True)
class StateChange:
    """One group of rows committed together, or not at all."""

    intents: tuple[Intent, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    remember: tuple[Remembered, ...] = ()
    forget: tuple[Address, ...] = ()
    owe: tuple[Obligation, ...] = ()
    """Opened; one that is open already gets the new ``since``."""
    discharge: tuple[Obligation, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    uses: str = ""
    """The nonce of the saved plan whose commands the intents are; a plan of which something was sent is used up."""
