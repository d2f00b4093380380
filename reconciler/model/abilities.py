"""What only some resource types can do beside their contract; the engine asks by ``isinstance``.

A type that has an ability inherits from its class beside its contract: ``class AutoAttendant(CmdletResource, Holder)``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from reconciler.model.actions import Action, Change
from reconciler.model.claims import Claim, exclusive_claims, without
from reconciler.model.impacts import DESTROYS, Impact
from reconciler.model.landscape import Landscape, Named
from reconciler.model.obligations import Duty
from reconciler.model.resource_types import Fact, Managed, ResourceType, Task, UnderWay
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation, Remembered
from reconciler.model.values import EMPTY

# --- of managed types ------------------------------------------------------------------------------------------------


class Rows(Managed):
    """Declared as rows of a list, or of a CSV or YAML file, because there may be many thousands."""

    def meant(self, landscape: Landscape) -> Mapping[str, str]:
        """Return, by declared key, the key of the observed object that it means, where the two are not the same name.

        A user may be written by logon name or alias. What fits no object, or two, is not here: the checks refuse it.
        """
        return EMPTY

    def ended(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the declarations that ask for the end of their object (``state: absent``), whoever made it."""
        return ()

    def group(self, action: Action, landscape: Landscape) -> str:
        """Return the label of the step that holds this action with others like it; '' for a step of its own."""
        return ""


class Holder(Managed):
    """Its resources hold what one object alone may hold at a time: a number, an extension, a unique name."""

    answers_later: ClassVar[str] = ""
    """What has to happen until a new object acts on what was given to it, as a sentence; '' for nothing."""

    def claims(self, resource: Resource, landscape: Landscape) -> Sequence[Claim]:
        """Return what ``resource``, observed or desired, holds and no other object may hold at the same time."""
        return exclusive_claims(self.attributes, resource)

    def released(self, holder: Resource, claims: Sequence[Claim], landscape: Landscape) -> Resource:
        """Return the holder as it is once it gave up ``claims``; a type that must not be without one parks it."""
        return without(holder, claims)


# --- of facts --------------------------------------------------------------------------------------------------------


class Pinning(Fact):
    """Its resources are the replicas of a directory. One is chosen: all is read from it and written to it."""

    parameter: ClassVar[str]
    """The parameter by which a cmdlet is bound to one replica."""
    called: ClassVar[str]
    """What a replica is called in messages."""
    probe: ClassVar[Named]
    """A type with few objects, which is read to see whether a replica answers."""

    def binding(self, replica: str | None) -> dict[str, str]:
        """Return the parameters that bind a cmdlet to the replica; none where the servers choose."""
        return {self.parameter: replica} if replica else {}


def pinning_of(types: Iterable[ResourceType]) -> Pinning:
    """Return the type whose resources are the replicas."""
    return next(kind for kind in types if isinstance(kind, Pinning))


# --- of tasks --------------------------------------------------------------------------------------------------------


class Stepwise(Task):
    """The effect of one command has to be seen before the next command of the same action is sent."""

    @abstractmethod
    def holds_back(self, action: Action, sent: int, landscape: Landscape) -> str | None:
        """Return what the next command waits for after ``sent`` of them, in words; None when it may go now.

        What is seen keeps a command back, not that the one before it failed.
        """


class Settling(Task):
    """Time has to pass between two of its actions (``Due.settle_seconds``)."""

    settles: ClassVar[str]
    """What settles meanwhile: ``its pool``."""


class Piecemeal(Task):
    """It may bring about a part of its effect and fail at the rest."""

    @abstractmethod
    def lacking(self, action: Action, landscape: Landscape) -> tuple[str, ...]:
        """Return in words what is missing of its effect."""

    @abstractmethod
    def explain(self, action: Action, before: Landscape, after: Landscape) -> str:
        """Return the likeliest cause, in words, why its effect is not seen; '' if none is known."""

    @abstractmethod
    def is_partly_done(self, action: Action, before: Landscape, after: Landscape) -> bool:
        """True where a part of its effect is there: what needs it goes on as far as it finds its own."""

    @abstractmethod
    def tried(self, action: Action, landscape: Landscape, printed: str) -> Remembered | None:
        """Return what the state keeps of a run in vain, so that it is not run again upon the very same."""


# --- of any type -----------------------------------------------------------------------------------------------------


class Foreseeing(ResourceType):
    """Its actions change more than they name: the server adds something by itself."""

    @abstractmethod
    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        """Return ``landscape``, which holds what the action names, with what the server adds or removes by itself."""


class Owing(ResourceType):
    """Its actions leave something owed that they do not do themselves."""

    def obligations(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[Obligation]:
        """Return what an action that makes ``changes`` leaves owed."""
        return ()

    def owed_after(self, action: Action, landscape: Landscape) -> Sequence[Obligation]:
        """Return obligations whose ``since`` became known when the action was seen to be done."""
        return ()


class Obliged(ResourceType):
    """It declares kinds of obligation, and knows when one has come to its end."""

    duties: ClassVar[tuple[Duty, ...]]

    @abstractmethod
    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        """True where the landscape shows the end of an obligation of ``duties``, whoever brought it about."""

    def coming(self, owed: Obligation, landscape: Landscape) -> UnderWay | None:
        """Return how far the end of an obligation is that comes without another command; None where none comes."""
        return None


class Deciding(ResourceType):
    """It makes choices that later plans have to keep."""

    @abstractmethod
    def decisions(self, landscape: Landscape) -> Mapping[str, str]:
        """Return choices to keep in the state once they were applied."""


class Noticed(ResourceType):
    """People notice its actions."""

    impacts: ClassVar[tuple[Impact, ...]]

    @abstractmethod
    def impact(self, action: Action, landscape: Landscape) -> Mapping[Impact, int]:
        """Return in which ways people notice the action, each with how many of its noun."""


def impacts_of(types: Iterable[ResourceType]) -> tuple[Impact, ...]:
    """Return the ways in which people notice a plan, in the order in which they are shown: by what is counted."""
    found = dict.fromkeys(impact for kind in types if isinstance(kind, Noticed) for impact in kind.impacts)
    return (*sorted(found, key=lambda impact: impact.noun), DESTROYS)


def obliged_types(types: Iterable[ResourceType]) -> dict[str, Obliged]:
    """Return the types that know the ends of obligations, by the name of the kind."""
    return {duty.name: kind for kind in types if isinstance(kind, Obliged) for duty in kind.duties}


def met(types: Iterable[ResourceType], landscape: Landscape) -> tuple[Obligation, ...]:
    """Return the open obligations whose end the landscape shows."""
    by_duty = obliged_types(types)
    known = ((owed, by_duty.get(owed.duty)) for owed in landscape.prior.obligations)
    return tuple(owed for owed, kind in known if kind is not None and kind.is_met(owed, landscape))
