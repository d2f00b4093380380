"""The contract between the engine and a resource type.

A resource type is one object that declares everything about itself: its attributes, how it is read, what follows for
it from what the operator wrote, the commands that change it, and the proof that they worked. The core decides; a type
never sends anything. ``providers/`` implements this, ``app`` hands the types to the core as values.

Planning is a fold. The types are visited in their order (``after``); each is given a ``Landscape`` (what is declared,
observed or already predicted, and remembered), and what it plans is folded into the landscape as a prediction before
the next type is asked. So exchucutil predicts the gateways it will make, and the outcall rule is solved over those.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from reconciler.model.actions import Action, ActionKind, Change, Proof
from reconciler.model.addresses import Address
from reconciler.model.attributes import Attribute, AttributeKind
from reconciler.model.claims import Claim
from reconciler.model.commands import Command, Reply
from reconciler.model.diagnostics import Diagnostic, Problem
from reconciler.model.errors import SessionError
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.resources import Resource
from reconciler.model.rules import Rule
from reconciler.model.snapshot import Obligation, Remembered
from reconciler.model.values import EMPTY, UNSET, Unset, Value, folded


class Lifecycle(Enum):
    OBJECT = "object"
    """New, Set, Remove."""
    SETTING = "setting"
    """Exists as long as its server or object does; only Set."""
    FIXED = "fixed"
    """New and Remove; no Set."""
    FEATURE = "feature"
    """Enable, Set, Disable on an object that somebody else owns."""
    TASK = "task"
    """Something to run when a level is reached; never because a run ran something else."""
    MANUAL = "manual"
    """Done by a person, verified by us."""
    FACT = "fact"
    """Read for checks and derivation, never changed."""


class Section(Enum):
    """How a type's declarations stand in YAML."""

    MAPPING = "mapping"
    """key: {attribute: value}"""
    ROWS = "rows"
    """A list whose elements are declarations, or ``file:`` of a CSV or YAML file of such rows."""


Answer = tuple[Command, Reply | SessionError]
"""A command and what came of it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task that is due, with why; ``ResourceType.due`` returns these."""

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
    """Label under which tasks that must be done together are one step; '' for a step of its own."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Something that takes its time and is seen to come, such as a service that is starting."""

    told: str
    """In words, for whoever waits: ``RTCSRV on fe1.contoso.com is starting for 2 min``."""
    seconds: float
    """How long it may take, from the command that began it."""


@dataclass(frozen=True, slots=True)
class Product:
    """What runs on a host, as people call it."""

    name: str
    is_proven: bool
    """Applies were proven for this version."""


class ResourceType(ABC):
    """What the engine knows about a kind of resource. Every method is a pure function of its arguments."""

    name: ClassVar[str]
    """``dial_plan``; the first half of every address."""
    lifecycle: ClassVar[Lifecycle]
    after: ClassVar[tuple[str, ...]] = ()
    """Types that are planned before this one and whose steps end before its steps begin."""
    rules: ClassVar[tuple[Rule, ...]] = ()
    """The checks that it makes, each with its code, meaning and remedy."""
    section: ClassVar[str | None] = None
    """The YAML section of its declarations, if it has one."""
    section_style: ClassVar[Section] = Section.MAPPING
    reads_after: ClassVar[tuple[str, ...]] = ()
    """Types that must have been observed before ``queries`` can tell what to ask."""
    answers_later: ClassVar[str] = ""
    """What has to happen until a new object acts on what was given to it, as a sentence for people; '' for nothing."""
    refreshes: ClassVar[tuple[str, ...]] = ()
    """Types whose resources its actions change beside its own: observed again after each action."""
    looks_between: ClassVar[bool] = False
    """Whether the effect of one command is to be seen before the next command of the same action is sent."""

    # what it is

    @property
    def cmdlets(self) -> frozenset[str]:
        """Every cmdlet it may ever ask for: the runner on a server refuses all others."""
        return frozenset()

    @property
    @abstractmethod
    def attributes(self) -> Mapping[str, Attribute]:
        """Its attributes by name."""

    def json_schema(self) -> Mapping[str, object]:
        """JSON Schema (2020-12) of one declaration in YAML; only of types with a section."""
        return EMPTY

    def parse(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        """Return the resource that a declaration means, or everything that is wrong with it.

        ``data`` holds texts, None, lists and mappings as the YAML or CSV reader made them: scalars are always text.
        """
        raise TypeError(f"{self.name} is not declared in YAML")

    @property
    def is_replicated(self) -> bool:
        """Whether its effects lie in the directory, whose domain controllers learn of them one after the other."""
        return False

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        """Return the reads that tell all resources of the type, or at least those of ``keys``."""
        return ()

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        """Return the resources that the answers to ``queries`` tell, with canonical values.

        What could not be read comes as ``Diagnosed``; an object the server says does not exist simply is not there.
        """
        return ()

    def products(self, landscape: Landscape) -> Mapping[str, Product]:
        """Return what runs on the hosts that the resources of this type tell of, by FQDN."""
        return EMPTY

    # what follows from what the operator wrote

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the desired resources: by default the declared ones."""
        return tuple(landscape.declared.get(self.name, NO_RESOURCES).values())

    def meant(self, landscape: Landscape) -> Mapping[str, str]:
        """Return, by declared key, the key of the observed object that it means, where the two are not the same name.

        A user may be written by logon name or alias. What fits no object, or two, is not here: the checks refuse it.
        """
        return EMPTY

    def due(self, landscape: Landscape) -> Sequence[Task]:
        """Of a task type: return the tasks that the levels ask for now."""
        return ()

    def decisions(self, landscape: Landscape) -> Mapping[str, str]:
        """Return choices to keep in the state once they were applied."""
        return EMPTY

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True for objects that others bring with them, such as exchucutil's hunt groups: never told as unmanaged."""
        return False

    def met(self, landscape: Landscape) -> Sequence[Obligation]:
        """Return those of ``landscape.prior.obligations`` whose end the landscape shows, whoever brought it about."""
        return ()

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        """Return the errors that the declarations alone prove; nothing but ``landscape.declared`` is known."""
        return ()

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        """Return what forbids (error) or clouds (warning) the plan; each with a stable code."""
        return ()

    # what changes it

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        raise TypeError(f"{self.name} cannot be created")

    def update(
        self,
        desired: Resource,
        observed: Resource,
        changes: Sequence[Change],
        landscape: Landscape,
    ) -> Sequence[Command]:
        raise TypeError(f"{self.name} cannot be updated")

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        raise TypeError(f"{self.name} cannot be deleted")

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return the addresses that must have succeeded before: by default those its attributes reference."""
        return tuple(
            Address(attribute.references, item)
            for attribute in self.attributes.values()
            if attribute.references
            for item in _texts(desired.get(attribute.name))
        )

    def claims(self, resource: Resource, landscape: Landscape) -> Sequence[Claim]:
        """Return what ``resource``, observed or desired, holds and no other object may hold at the same time."""
        return tuple(
            Claim.of(attribute.exclusive, attribute.name, item)
            for attribute in self.attributes.values()
            if attribute.exclusive
            for item in _texts(resource.get(attribute.name))
        )

    def released(self, holder: Resource, claims: Sequence[Claim], landscape: Landscape) -> Resource:
        """Return the holder as it is once it gave up ``claims``; a type that must not be without one parks it."""
        values = dict(holder.attributes)
        for claim in claims:
            kept = tuple(one for one in _texts(values[claim.attribute]) if folded(one) != claim.value)
            values[claim.attribute] = kept if isinstance(values[claim.attribute], tuple) else None
        return replace(holder, attributes=values)

    def successors(self, gone: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return the planned actions that must have succeeded before ``gone`` is removed: what may take its place."""
        return tuple(
            action.address
            for action in landscape.actions.values()
            if action.address.type == self.name and action.kind in (ActionKind.CREATE, ActionKind.REPLACE)
        )

    def obligations(
        self,
        kind: ActionKind,
        desired: Resource,
        changes: Sequence[Change],
        landscape: Landscape,
    ) -> Sequence[Obligation]:
        """Return what an action leaves owed."""
        return ()

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        """True where a resource no longer declared is left on the server and only forgotten."""
        return False

    def ended(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the declarations that ask for the end of their object (``state: absent``), whoever made it."""
        return ()

    def affects(self, action: Action, landscape: Landscape) -> int:
        """Return how many users notice the action: those whose voice mail changes, or who are cut off by a restart."""
        return 0

    def group(self, action: Action, landscape: Landscape) -> str:
        """Return the label of the step that holds this action with others like it; '' for a step of its own."""
        return ""

    # what it will have done, and whether it did

    def predict(self, action: Action, desired: Resource | None, landscape: Landscape) -> Landscape:
        """Return the landscape as the action will leave it, with what the server adds by itself."""
        by, key = action.address, action.address.key
        if action.kind in _UNCHANGED_BY:
            return landscape
        if action.kind is ActionKind.DELETE:
            return landscape.predicting(by, self.name, drop=[key])
        return landscape.predicting(by, self.name, put=[_made(action, desired, landscape.one(self.name, key))])

    def predict_all(self, planned: Sequence[tuple[Action, Resource | None]], landscape: Landscape) -> Landscape:
        """Return the landscape after all of ``planned``, in order.

        A type that adds nothing to the default prediction is folded in one go: ten thousand mailboxes cost one copy of
        the landscape and not ten thousand.
        """
        if type(self).predict is not ResourceType.predict:
            for action, desired in planned:
                landscape = self.predict(action, desired, landscape)
            return landscape
        put: list[Resource] = []
        drop: list[str] = []
        marks: dict[Address, Address] = {}
        for action, desired in planned:
            if action.kind in _UNCHANGED_BY:
                continue
            marks[action.address] = action.address
            if action.kind is ActionKind.DELETE:
                drop.append(action.address.key)
            else:
                put.append(_made(action, desired, landscape.one(self.name, action.address.key)))
        return replace(
            landscape,
            observed={**landscape.observed, self.name: landscape.all(self.name).replaced(put, drop)},
            predicted_by={**landscape.predicted_by, **marks},
        )

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        """Return what the action takes for granted about the live object, as far as it matters; None: absent."""
        observed = landscape.one(self.name, action.address.key)
        return None if observed is None else self.project(action.changes, observed)

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        """True where the landscape, read again, shows what the action was to bring about."""
        observed = landscape.one(self.name, action.address.key)
        if action.expects_after is None or observed is None:
            return action.expects_after is None and observed is None
        return self.comparable(self.project(action.changes, observed)) == self.comparable(action.expects_after)

    def comparable(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return values of attributes as they are compared; what is no attribute stays as it is."""
        return {
            name: attribute.comparable(value) if (attribute := self.attributes.get(name)) else value
            for name, value in values.items()
        }

    def lacking(self, action: Action, landscape: Landscape) -> tuple[str, ...]:
        """Of a task: return in words what is missing of its effect."""
        return ()

    def explain(self, action: Action, before: Landscape, after: Landscape) -> str:
        """Of a task that ran and whose effect is not seen: return the likeliest cause in words; '' if none is known."""
        return ""

    def is_partly_done(self, action: Action, before: Landscape, after: Landscape) -> bool:
        """True where a task brought about a part of its effect: what needs it goes on as far as it finds its own."""
        return False

    def tried(self, action: Action, landscape: Landscape, printed: str) -> Remembered | None:
        """Return what the state keeps of a task that ran in vain, so that it is not run again upon the very same."""
        return None

    def waits_for(self, action: Action, landscape: Landscape) -> Sequence[Command]:
        """Return reads to repeat until ``is_ready``, before the action is sent: replication, readiness of a pool."""
        return ()

    def is_ready(self, action: Action, answers: Sequence[Answer], landscape: Landscape) -> str | UnderWay | None:
        """Return None when the action may go, else what is waited for, in words."""
        return None

    def holds_back(self, action: Action, sent: int, landscape: Landscape) -> str | None:
        """Return what the next command waits for after ``sent`` of them, in words; None when it may go now.

        Asked of a type that ``looks_between``: what is seen keeps a command back, not that the one before it failed.
        """
        return None

    def under_way(self, action: Action, landscape: Landscape) -> UnderWay | None:
        """Return how far the effect is that a sent command began; None where it comes at once or does not come."""
        return None

    def owed_after(self, action: Action, landscape: Landscape) -> Sequence[Obligation]:
        """Return obligations whose ``since`` became known when the action was seen to be done."""
        return ()

    def coming(self, owed: Obligation, landscape: Landscape) -> UnderWay | None:
        """Return how far the end of an obligation is that comes without another command; None where none comes."""
        return None

    def project(self, changes: Sequence[Change], observed: Resource) -> Mapping[str, Value]:
        """Return the part of ``observed`` that the changes touch: of a membership only the elements that move."""
        told: dict[str, Value] = {}
        for change in changes:
            value = observed.get(change.attribute)
            attribute = self.attributes.get(change.attribute)
            if attribute is not None and attribute.kind is AttributeKind.MEMBERSHIP:
                moving = set(map(folded, _texts(change.before))) ^ set(map(folded, _texts(change.after)))
                value = tuple(item for item in _texts(value) if folded(item) in moving)
            told[change.attribute] = value
        return told


_UNCHANGED_BY = (ActionKind.FORGET, ActionKind.ADOPT, ActionKind.RUN)


def _made(action: Action, desired: Resource | None, observed: Resource | None) -> Resource:
    """Return the object as an action will leave it: what is observed, overlaid by what changes."""
    after = {change.attribute: change.after for change in action.changes if change.after is not UNSET}
    if observed is None or action.kind is ActionKind.REPLACE:
        return Resource(action.address, {**(desired.attributes if desired else EMPTY), **after})
    return replace(observed, attributes={**observed.attributes, **after})


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A resource, or with key ``*`` a whole type, that could not be read."""

    address: Address
    diagnostic: Diagnostic


def _texts(value: Value | Unset) -> tuple[str, ...]:
    match value:
        case tuple():
            return tuple(str(item) for item in value)
        case str():
            return (value,)
        case _:
            return ()
