"""The contracts between the engine and a resource type: a fact is read, a managed type changed, a task run.

A resource type is one object that declares everything about itself: its attributes, its reads, its desired resources
for the declarations of the operator, its commands, and the proof that the commands worked. The core decides; a type
never sends commands. ``providers/`` implements the types, ``app`` gives them to the core as values. ``abilities`` has
what only some types can do.

Planning is a fold over the types in their order (``after``). Each type receives a ``Landscape`` with the declared,
observed or predicted, and saved resources. The effects of its actions are added to the landscape as predictions before
the next type is visited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar

from reconciler.model.actions import Action, Change, Proof
from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command, Reply
from reconciler.model.diagnostics import Diagnostic, Problem, SessionError, Severity
from reconciler.model.landscape import NO_RESOURCES, Landscape, Named
from reconciler.model.provider import Product, Provider
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Obligation
from reconciler.model.values import EMPTY, Value


class When(Enum):
    """The commands that make a check."""

    FILES = "validate, plan, apply and drift"
    """The files alone can violate it."""
    SERVERS = "plan, apply and drift"
    PLANS = "plan and apply"
    RUN = "apply, after it wrote"


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: its stable code and its explanation."""

    code: str
    summary: str
    """The constant words at the start of each finding."""
    meaning: str
    """What is checked, and the consequence of a violation."""
    remedy: str
    """The general advice; a finding may have its own."""
    source: str
    """The document that states it."""
    severity: Severity = Severity.ERROR
    also: tuple[Severity, ...] = ()
    """Other severities that a finding may have, depending on the case."""
    leaves_out: bool = False
    """An error of this rule forbids only its own resource: a plan leaves the resource out and does the rest."""
    is_guard: bool = False
    """It protects data or a running service, announces a loss, or says that a look failed: it cannot be waived."""
    when: When = When.SERVERS
    """Which commands make it."""

    @property
    def can_be_waived(self) -> bool:
        return not self.why_not_waived

    @property
    def why_not_waived(self) -> str:
        """Return a clause that says why the operator cannot waive it; '' where he can."""
        if self.is_guard:
            return "it protects data or a running service, or says that something is not known"
        if self.severity is Severity.ERROR and not self.leaves_out:
            return "it forbids the whole plan, and a waiver never changes what is sent"
        return ""

    def found(
        self,
        about: Resource | Action | Address | None,
        detail: str,
        remedy: str = "",
        *,
        severity: Severity | None = None,
        path: tuple[str, ...] = (),
    ) -> Diagnostic:
        """Return a finding of this rule; ``detail`` and ``remedy`` describe the case.

        Args:
            severity: where it differs, one of ``also``.
            path: the name of another resource that it is about, as in ``Resource.places``.
        """
        address, position = (
            (about, None) if about is None or isinstance(about, Address) else (about.address, about.position)
        )
        if isinstance(about, Resource):
            position = about.place(path)
        severity = severity or self.severity
        return Diagnostic(
            self.summary,
            detail,
            remedy or self.remedy,
            severity=severity,
            address=str(address) if address else None,
            position=position,
            code=self.code,
            leaves_out=self.leaves_out and severity is Severity.ERROR and address is not None,
        )


def placed(resource: Resource, path: tuple[str, ...] = ()) -> str:
    """Return the address of a resource, with the place where it is declared, or names another one, if there is one."""
    place = resource.place(path)
    return f"{resource.address} ({place.file}:{place.line})" if place is not None else str(resource.address)


Answer = tuple[Command, Reply | SessionError]
"""A command and its result."""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A resource, or with key ``*`` a whole type, that could not be read."""

    address: Address
    diagnostic: Diagnostic


class ResourceType(ABC):
    """The contract of every resource type. Each method is a pure function of its arguments."""

    name: ClassVar[str]
    """``dial_plan``; the first half of every address."""
    provider: ClassVar[Provider | None] = None
    """Its family; None for a type that has no servers of its own."""
    after: ClassVar[tuple[str, ...]] = ()
    """Types that are planned before this one and whose steps end before its steps begin."""
    rules: ClassVar[tuple[Rule, ...]] = ()
    """The checks that it makes, each with its code, meaning and remedy."""
    reads_after: ClassVar[tuple[str, ...]] = ()
    """Types that must be observed first, because ``queries`` uses their resources."""
    refreshes: ClassVar[tuple[str, ...]] = ()
    """Other types whose resources its actions change: they are observed again after each action."""

    @property
    @abstractmethod
    def attributes(self) -> Mapping[str, Attribute]:
        """Its attributes by name."""

    @property
    def cmdlets(self) -> frozenset[str]:
        """Every cmdlet that it may call: the runner on a server refuses all others."""
        return frozenset()

    @property
    def is_replicated(self) -> bool:
        """True if its effects are in the directory and need time to replicate."""
        return False

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        """Return the reads that list all resources of the type, or at least those of ``keys``."""
        return ()

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the resources in the answers to ``queries``, with canonical values.

        An object that could not be read is a ``Diagnosed``; an object that the server does not have is omitted.
        """
        return ()

    def read(self, answers: Sequence[Answer], landscape: Landscape) -> tuple[Resources, Sequence[Diagnosed]]:
        """Return what ``observe`` does, apart: the resources, and what could not be read.

        A type of which there are many thousands returns them by column and makes no object for each.
        """
        found = self.observe(answers, landscape)
        resources = Resources(one for one in found if isinstance(one, Resource))
        return resources, tuple(one for one in found if isinstance(one, Diagnosed))

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        """Return the errors, which forbid the plan, and the warnings; each has a stable code."""
        return ()


def providers_of(types: Iterable[ResourceType]) -> Mapping[str, Provider]:
    """Return the families of the types by name, in the order of the names."""
    found = {kind.provider.name: kind.provider for kind in types if kind.provider is not None}
    return dict(sorted(found.items()))


# --- what is read ----------------------------------------------------------------------------------------------------


class Fact(ResourceType):
    """A type that is read for checks and derivation, and never changed."""

    def products(self, landscape: Landscape) -> Mapping[str, Product]:
        """Return the products on the hosts that its resources name, by FQDN."""
        return EMPTY


# --- what is made, changed and removed -------------------------------------------------------------------------------


class Lifecycle(Enum):
    """Which of create, update and delete a managed type supports."""

    OBJECT = "object"
    """New, Set, Remove."""
    SETTING = "setting"
    """Exists as long as its server or object does; only Set."""
    FIXED = "fixed"
    """New and Remove; no Set."""
    FEATURE = "feature"
    """Enable, Set, Disable on an object that somebody else owns."""
    MANUAL = "manual"
    """Done by a person, verified by us."""


class Managed(ResourceType):
    """A type whose resources are declared or derived from declarations; commands create and change them."""

    lifecycle: ClassVar[Lifecycle]
    section: ClassVar[str | None] = None
    """The YAML section of its declarations, if it has one."""
    filed_with: ClassVar[Named | None] = None
    """The type whose file also holds these declarations, where ``export`` writes files; None for a file of its own."""

    def defaults(self, landscape: Landscape) -> Mapping[str, Value]:
        """Return the documented defaults of the servers by attribute; others are not documented, or not one value."""
        return EMPTY

    # what the operator wrote, and what follows from it

    def json_schema(self) -> Mapping[str, object]:
        """JSON Schema (2020-12) of one declaration in YAML; only of types with a section."""
        return EMPTY

    def parse(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        """Return the resource of a declaration, or all its problems.

        ``data`` holds texts, None, lists and mappings as the YAML or CSV reader made them: scalars are always text.
        """
        raise TypeError(f"{self.name} is not declared in YAML")

    @property
    def can_end(self) -> bool:
        """True if its objects can be removed, so that a declaration may have ``state: absent``."""
        return self.lifecycle in (Lifecycle.OBJECT, Lifecycle.FIXED, Lifecycle.FEATURE)

    def parse_end(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        """Return the resource of a declaration with ``state: absent``, or all its problems.

        ``data`` is as for ``parse``, without the state; no attribute is needed.
        """
        return Resource(Address(self.name, key))

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        """Return the errors that are certain from the declarations alone; only ``landscape.declared`` is known."""
        return ()

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the desired resources: by default the declared ones."""
        return tuple(landscape.declared.get(self.name, NO_RESOURCES).values())

    def desired(self, landscape: Landscape) -> Resources:
        """Return what ``derive`` does, in order of the keys; a type with many thousands makes no object for each."""
        return Resources(sorted(self.derive(landscape), key=lambda resource: resource.key))

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True for an object that another object brings, so that nobody has to declare it."""
        return False

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        """True where a resource that is no longer declared stays on the server and is only forgotten."""
        return False

    # what changes it

    @abstractmethod
    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]: ...

    @abstractmethod
    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]: ...

    @abstractmethod
    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]: ...

    def lost(self, gone: Resource, landscape: Landscape) -> str:
        """Return a clause about what is lost for good with ``gone``; '' if its attributes say everything."""
        return ""

    def left(self, forgotten: Resource, landscape: Landscape) -> str:
        """Return a clause about what stays on the servers with a forgotten feature; '' for nothing more."""
        return ""

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return addresses whose actions must succeed first, in addition to those that its attributes reference."""
        return ()

    def successors(self, gone: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return the actions whose objects may replace ``gone``; they must succeed before it is removed."""
        return landscape.made(self.name)

    def conditions(self, action: Action, landscape: Landscape) -> Mapping[str, Value]:
        """Return the expected values of further attributes, in addition to those that the action changes."""
        return EMPTY

    def is_written_whole(self, resource: Resource, attribute: str) -> bool:
        """True if a command replaces a whole membership, including the elements that we do not manage."""
        return False


def declared_types(types: Iterable[ResourceType]) -> tuple[Managed, ...]:
    """Return the types that have a section in YAML."""
    return tuple(kind for kind in types if isinstance(kind, Managed) and kind.section is not None)


# --- what is run -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """A task that is due, with the reasons; ``Task.due`` returns these."""

    resource: Resource
    reasons: tuple[str, ...]
    commands: tuple[Command, ...]
    needs: tuple[Address, ...] = ()
    owes: tuple[Obligation, ...] = ()
    discharges: tuple[Obligation, ...] = ()
    proof: Proof = Proof.LEVEL
    settle_seconds: int = 0
    destroyed: tuple[Address, ...] = ()
    group: str = ""
    """Tasks with the same label are one step; '' for a separate step."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An effect that will appear without another command, such as a service that is starting."""

    reason: str
    """The reason to wait: ``RTCSRV on fe1.contoso.com is starting for 2 min``."""
    seconds: float
    """The time limit, counted from the command."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """A reason not to begin an action, which no read changes."""

    reason: str
    """``the maintenance window of pool1.contoso.com opens Sat 2026-01-10 22:00 Europe/Berlin``"""
    until: datetime | None = None
    """When to ask again, in UTC. None: the action is not run, and stays to be done."""


class Task(ResourceType):
    """A type whose actions run because of observed levels, never because a run did something before."""

    @abstractmethod
    def due(self, landscape: Landscape) -> Sequence[Due]:
        """Return the tasks that are due at the observed levels."""

    @abstractmethod
    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        """Return the values that the action expects; None if its object must be absent."""

    @abstractmethod
    def is_done(self, action: Action, landscape: Landscape) -> bool:
        """True if the landscape, read again, shows the effect of the action."""

    def waits_for(self, action: Action, landscape: Landscape) -> Sequence[Command]:
        """Return reads to repeat until ``is_ready``, before the action is sent.

        They show replication or the state of a pool.
        """
        return ()

    def is_ready(
        self, action: Action, answers: Sequence[Answer], landscape: Landscape
    ) -> str | UnderWay | NotNow | None:
        """Return None when the action may be sent. Otherwise return what it waits for, in words."""
        return None

    def under_way(self, action: Action, landscape: Landscape) -> UnderWay | None:
        """Return the progress of an effect that a sent command began; None if it is immediate or will not appear."""
        return None
