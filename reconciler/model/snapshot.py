"""Saved state as a value: our resources, their last applied values, open obligations, and commands being sent.

State is a cache, a history and a journal, never the truth. If it is lost, the next plan adopts objects by their natural
keys. ``state/`` stores it; the core decides with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from reconciler.model.commands import Shell
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import EMPTY, Value, folded


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """Work that a later action has to do.

    It is saved with the intent that creates it and removed only when *observed* as met.
    """

    duty: str
    """Its kind, by name: ``front-end-restart``."""
    subject: str
    since: str | None = None
    """When the need began, by the clock of the subject (ISO 8601, UTC); None until that clock was read."""

    @property
    def identity(self) -> tuple[str, str]:
        return (self.duty, self.subject.casefold())


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier applies saved about one of our resources."""

    address: Address
    attributes: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """Managed attributes as last applied."""
    name: str | None = None
    guid: str | None = None
    needs: tuple[Address, ...] = ()
    """The resources that it depended on. Deletion follows the reverse order after it left the configuration."""


class Memory(Mapping[Address, Remembered]):
    """What earlier applies saved about all our resources, by address; each type is kept by column."""

    def __init__(self, by_type: Mapping[str, Resources], needs: Mapping[str, Sequence[tuple[Address, ...]]]) -> None:
        """Take the resources of each type; ``needs`` has, in the same order, the addresses that each depended on."""
        self._by_type, self._needs = by_type, needs

    def of_type(self, type_name: str) -> Resources:
        """Return the resources of one type, with their managed attributes as last applied."""
        return self._by_type.get(type_name) or Resources()

    def __getitem__(self, address: Address) -> Remembered:
        known = self.of_type(address.type)
        one, needs = known[address.key], self._needs[address.type][known.row(address.key)]
        return Remembered(one.address, one.attributes, one.name, one.guid, needs)

    def __contains__(self, address: object) -> bool:
        return isinstance(address, Address) and address.key in self.of_type(address.type)

    def __iter__(self) -> Iterator[Address]:
        return (Address(name, key) for name, resources in self._by_type.items() for key in resources)

    def __len__(self) -> int:
        return sum(map(len, self._by_type.values()))


class OutcomeKind(Enum):
    DONE = "done"
    """The effect was observed."""
    NOT_RUN = "not-run"
    """Nothing happened: that was observed, or is certain."""
    FAILED = "failed"
    """The server certainly refused it."""
    UNKNOWN = "unknown"
    """It may have happened and cannot be observed; a person has to check."""


RESET: Final = "reset"
"""The kind of an intent that replaces a secret. A person asked for it, and no read shows whether it succeeded."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that will be sent, saved before the send; without an outcome it is *open*."""

    id: str
    """Chosen before the first send and used again for each repeated send, in every run."""
    run: str
    address: Address
    kind: str
    """The action, as ``ActionKind.value``."""
    command: str
    """The command as text, for people; holds no secret."""
    host: str
    expires: str
    """ISO 8601, UTC. After this time the server refuses to begin the command."""
    expects: Mapping[str, Value] | None = field(default_factory=lambda: EMPTY)
    """The attributes that were read before it; None if the object was absent."""
    expects_after: Mapping[str, Value] | None = field(default_factory=lambda: EMPTY)
    """The attributes that a read shows once it has taken effect; None if the object will be absent."""
    discharges: tuple[Obligation, ...] = ()
    """The obligations that are met if it succeeds. A later run that observes its success removes them."""
    shell: Shell | None = None
    """The shell that receives it; a shell may outlive its run. None: no shell was open."""

    @property
    def is_reset(self) -> bool:
        """True if only a person can find out its outcome."""
        return self.kind == RESET


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an intent ended."""

    intent: str
    kind: OutcomeKind
    detail: str = ""


def short_run(run: str) -> str:
    """Return the first characters of a run's id. Commands accept them if no other run's id begins with them."""
    return run[:8]


@dataclass(frozen=True, slots=True)
class Run:
    """One apply in the history."""

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
    """Its files differed from the commit."""
    allowed_older: bool = False
    """Its files lacked applied changes, or Git could not compare them, and ``--allow-older`` allowed the run."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The verified chain of all saved changes."""

    entries: int
    head: str
    """The hash of the last entry: 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The saved state of one environment, as one consistent read."""

    environment: str
    lineage: str | None = None
    """Made at the first write and never changed; None before the first write."""
    serial: int = 0
    """Rises with every write."""
    resources: Mapping[Address, Remembered] = field(default_factory=lambda: EMPTY)
    obligations: tuple[Obligation, ...] = ()
    open_intents: tuple[Intent, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Choices made once and kept, such as ``dial_plan/Redmond:site``."""

    @property
    def interrupted(self) -> tuple[Intent, ...]:
        """The open intents whose outcome a read shows."""
        return tuple(intent for intent in self.open_intents if not intent.is_reset)

    def decision(self, name: str) -> str | None:
        """Return the decision called ``name``, ignoring case."""
        same = (value for other, value in self.decisions.items() if folded(other) == folded(name))
        return self.decisions.get(name) or next(same, None)

    def of_type(self, type_name: str) -> Resources:
        """Return the remembered resources of one type, with their managed attributes as last applied."""
        if isinstance(self.resources, Memory):
            return self.resources.of_type(type_name)
        known = (one for one in self.resources.values() if one.address.type == type_name)
        return Resources(Resource(one.address, one.attributes, one.name, one.guid) for one in known)

    def owes(self, owed: Obligation) -> Obligation | None:
        """Return the open obligation of the same kind and subject; the case of the subject does not count."""
        return next((one for one in self.obligations if one.identity == owed.identity), None)


@dataclass(frozen=True, slots=True)
class StateChange:
    """Rows that are committed together or not at all."""

    intents: tuple[Intent, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    remember: tuple[Remembered, ...] = ()
    forget: tuple[Address, ...] = ()
    owe: tuple[Obligation, ...] = ()
    """Obligations to open; an open one gets the new ``since``."""
    discharge: tuple[Obligation, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    uses: str = ""
    """The nonce of the saved plan whose commands the intents are.

    A plan with one sent command cannot be applied again.
    """
