"""The abilities of some resource types in addition to their contract; the engine asks by ``isinstance``.

A type with an ability inherits from the class of the ability and from its contract: ``class
AutoAttendant(CmdletResource, Holder)``.

A type declares its kinds of obligations and the ways in which people notice its actions; the engine knows none of them.
The state and saved plans keep their names and no text; the views find the text in the ``Vocabulary``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, final

from reconciler.model.actions import Action, Change, Claim, exclusive_claims, without
from reconciler.model.commands import Command, Endpoint
from reconciler.model.diagnostics import count
from reconciler.model.findings import Examined, Finding
from reconciler.model.landscape import Landscape, Named, Settings
from reconciler.model.options import Section
from reconciler.model.resource_types import Fact, Managed, ResourceType, Task, UnderWay
from reconciler.model.resources import Resource
from reconciler.model.roster import Roster
from reconciler.model.snapshot import Obligation, Remembered
from reconciler.model.values import EMPTY, Value


@dataclass(frozen=True, slots=True)
class Duty:
    """One kind of obligation."""

    name: str
    """The name in the state: ``front-end-restart``."""
    text: str
    """A clause about the subject: ``RTCSRV on {subject} has to restart``.

    For ``host/item`` it uses {host} and {item}.
    """
    ends_with: tuple[str, Value] | None = None
    """An attribute and a value: a plan that sets this value on any object is expected to meet the obligation.

    For kinds that no single action meets, because several objects change together and the result is observed.
    """

    def of(self, subject: str, since: str | None = None) -> Obligation:
        """Return the obligation of this kind for a subject."""
        return Obligation(self.name, subject, since)

    def is_kind_of(self, owed: Obligation) -> bool:
        return owed.duty == self.name

    def clause(self, subject: str) -> str:
        """Return ``RTCSRV on fe1.contoso.com has to restart``."""
        host, _, item = subject.partition("/")
        return self.text.format(subject=subject, host=host, item=item)


@dataclass(frozen=True, slots=True)
class Impact:
    """One way in which people notice a plan."""

    name: str
    """The name in saved plans: ``interrupted_users``."""
    noun: str
    """The noun that is counted: ``user``."""
    text: str = "{count}"
    """A clause about the count: ``voice mail of {count} changes``."""
    is_disruptive: bool = False
    """True if it interrupts people."""

    def clause(self, number: int) -> str:
        """Return ``voice mail of 60 users changes``."""
        return self.text.format(count=count(number, self.noun))


DESTROYS: Final = Impact("destroys", "object", "{count} destroyed")
"""The objects that count for ``--max-destroy``. The engine declares this impact itself, for every type."""


class Counts(dict[str, int]):
    """Counts by the names of impacts, in the order in which they are shown and written."""


# --- of managed types ------------------------------------------------------------------------------------------------


class Grouped(Managed):
    """Alike actions on many of its resources are one step."""

    def group(self, action: Action, landscape: Landscape) -> str:
        """Return the label of the step that holds this action with others like it; '' for a step of its own."""
        return ""


class Rows(Grouped):
    """Declared as rows of a list, or of a CSV or YAML file, because there may be many thousands."""

    def parse_all(self, keys: Sequence[str], cells: Mapping[str, Sequence[object]]) -> Roster | None:
        """Return the rows of a table, parsed by column; None where one has a problem, which ``parse`` then finds.

        Args:
            cells: by attribute, the value of each row as ``parse`` takes it; UNSET where the row has none.
        """
        return None

    key_called: ClassVar[tuple[str, ...]] = ()
    """Names of the key in CSV files that the products export, the best one first."""
    foreign_columns: ClassVar[tuple[str, ...]] = ()
    """Names of columns in such files that look like an attribute and are none."""

    @final
    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """Return False: of ten thousand users, none comes with another object."""
        return False

    def meant(self, landscape: Landscape) -> Mapping[str, str]:
        """Return the key of the observed object for each declared key that is another name of it.

        A user may be written by logon name or alias. A name that matches no object, or two, is omitted: the checks
        refuse it.
        """
        return EMPTY

    def proof(self, keys: Collection[str], landscape: Landscape) -> Mapping[str, frozenset[str] | None]:
        """Return what is read again before the checks at the end of a wave: by type the keys, None for all."""
        return EMPTY


@dataclass(frozen=True, slots=True)
class Inferred:
    """The intents behind an observed object."""

    values: Mapping[str, Value]
    """By attribute; together with the observed values they derive what was observed."""
    notes: tuple[str, ...] = ()
    """What they leave out, and why: ``servers: without ex2.contoso.com, where the startup mode is TCP``."""
    follows: frozenset[str] = frozenset()
    """Observed attributes that a new object would get from others; written only by ``--full``."""


class Inferring(Managed):
    """It has intents, which follow from the observed state. ``export`` writes them."""

    @abstractmethod
    def inferred(self, observed: Resource, landscape: Landscape) -> Inferred:
        """Return the intents of an observed object; a plan of them changes nothing."""


class Holder(Managed):
    """Its resources have values that only one object may have at a time: a number, an extension, a unique name."""

    answers_later: ClassVar[str] = ""
    """A sentence: what has to happen before a new object uses its values; '' if it uses them at once."""

    def claims(self, resource: Resource, landscape: Landscape) -> Sequence[Claim]:
        """Return the exclusive values of ``resource``, observed or desired: only one object may have each."""
        return exclusive_claims(self.attributes, resource)

    def released(self, holder: Resource, claims: Sequence[Claim], landscape: Landscape) -> Resource:
        """Return the holder without ``claims``. A type whose objects need a value gives it a temporary one."""
        return without(holder, claims)


# --- of facts --------------------------------------------------------------------------------------------------------


class Pinning(Fact):
    """Its resources are the replicas of a directory. The run chooses one, and reads and writes there alone."""

    checked_as: ClassVar[str]
    """The name of ``doctor``'s check of the chosen replica."""
    parameter: ClassVar[str]
    """The parameter by which a cmdlet is bound to one replica."""
    called: ClassVar[str]
    """The name of a replica in messages."""
    probe: ClassVar[Named]
    """A type with few objects. A read of it shows whether a replica answers."""

    def binding(self, replica: str | None) -> dict[str, str]:
        """Return the parameters that bind a cmdlet to the replica; empty if the servers choose one."""
        return {self.parameter: replica} if replica else {}


def pinning_of(types: Iterable[ResourceType]) -> Pinning:
    """Return the type whose resources are the replicas."""
    return next(kind for kind in types if isinstance(kind, Pinning))


class Entering(Fact):
    """Its resources are hosts. Some of them can be the entry point of a connection, and others cannot."""

    enters: ClassVar[str]
    """The connection."""

    @abstractmethod
    def entries(self, landscape: Landscape) -> Sequence[str]:
        """Return the FQDNs of the hosts that can be its entry point, in order; empty if any host can."""

    @abstractmethod
    def offers(self, command: Command, landscape: Landscape) -> bool:
        """Return False if certainly none of the hosts has the cmdlet of a command for the connection."""


# --- of tasks --------------------------------------------------------------------------------------------------------


class Stepwise(Task):
    """The effect of one command must be observed before the next command of the same action is sent."""

    @abstractmethod
    def holds_back(self, action: Action, sent: int, landscape: Landscape) -> str | None:
        """Return what the next command waits for after ``sent`` commands, in words; None when it may be sent now.

        Only an observed state holds a command back, not a failure of the previous command.
        """


class Settling(Task):
    """Time has to pass between two of its actions (``Due.settle_seconds``)."""

    settles: ClassVar[str]
    """The object that settles in this time: ``its pool``."""


class Piecemeal(Task):
    """It may achieve a part of its effect and fail for the rest."""

    @abstractmethod
    def lacking(self, action: Action, landscape: Landscape) -> tuple[str, ...]:
        """Return the missing parts of its effect, in words."""

    @abstractmethod
    def explain(self, action: Action, before: Landscape, after: Landscape) -> str:
        """Return, in words, the most likely reason why its effect is not observed; '' if none is known."""

    @abstractmethod
    def is_partly_done(self, action: Action, before: Landscape, after: Landscape) -> bool:
        """True if a part of its effect is observed.

        Dependent actions then continue if the part that they need is there.
        """

    @abstractmethod
    def tried(self, action: Action, landscape: Landscape, printed: str) -> Remembered | None:
        """Return the entry that the state keeps after a run without effect.

        It prevents another run with equal inputs.
        """


# --- of any type -----------------------------------------------------------------------------------------------------


class Adjustable(ResourceType):
    """Keys in the files set something for all its actions."""

    adjusted_by: ClassVar[Section]


class Examining(ResourceType):
    """It needs more on a host than cmdlets. For ``doctor`` it judges whether the host has that."""

    examined_at: ClassVar[Endpoint]
    """The host."""
    checks: ClassVar[tuple[str, ...]]
    """The names of its checks, in the order of the report."""

    @abstractmethod
    def judged(self, seen: Examined, settings: Settings) -> Sequence[Finding]:
        """Return a finding for each of its checks; the host has reported facts about its session."""


class Foreseeing(ResourceType):
    """Its actions change more than they name: the server adds something by itself."""

    @abstractmethod
    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        """Return ``landscape`` with the changes that the server makes by itself. It has the named changes already."""


class Owing(ResourceType):
    """Its actions create obligations: work that another action has to do later."""

    def obligations(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[Obligation]:
        """Return the obligations that an action with these ``changes`` creates."""
        return ()

    def owed_after(self, action: Action, landscape: Landscape) -> Sequence[Obligation]:
        """Return obligations whose ``since`` became known when the effect of the action was observed."""
        return ()


class Obliged(ResourceType):
    """It declares kinds of obligation, and knows when one is met."""

    duties: ClassVar[tuple[Duty, ...]]

    @abstractmethod
    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        """True if the landscape shows that an obligation of ``duties`` is met, by reconciler or by somebody else."""

    def coming(self, owed: Obligation, landscape: Landscape) -> UnderWay | None:
        """Return the progress of an obligation that will be met without another command; None if it will not."""
        return None


class Explaining(Managed):
    """Its changes follow from a choice that the declarations leave open."""

    @abstractmethod
    def why(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[str]:
        """Return the reasons of the ``changes``, one line for each choice."""


class Deciding(ResourceType):
    """It makes choices that later plans have to keep."""

    @abstractmethod
    def decisions(self, landscape: Landscape) -> Mapping[str, str]:
        """Return the choices that the state keeps after they are applied."""


class Noticed(ResourceType):
    """People notice its actions."""

    impacts: ClassVar[tuple[Impact, ...]]

    @abstractmethod
    def impact(self, action: Action, landscape: Landscape) -> Mapping[Impact, int]:
        """Return how people notice the action: each impact with the number of objects that it affects."""


def sections_of(types: Iterable[ResourceType]) -> Mapping[str, Section]:
    """Return the sections of options by name."""
    return {kind.adjusted_by.name: kind.adjusted_by for kind in types if isinstance(kind, Adjustable)}


def impacts_of(types: Iterable[ResourceType]) -> tuple[Impact, ...]:
    """Return all impacts, in the order in which a plan shows them: by the noun that they count."""
    found = dict.fromkeys(impact for kind in types if isinstance(kind, Noticed) for impact in kind.impacts)
    return (*sorted(found, key=lambda impact: impact.noun), DESTROYS)


def obliged_types(types: Iterable[ResourceType]) -> dict[str, Obliged]:
    """Return the types that can check obligations, by the kind of obligation."""
    return {duty.name: kind for kind in types if isinstance(kind, Obliged) for duty in kind.duties}


def met(types: Iterable[ResourceType], landscape: Landscape) -> tuple[Obligation, ...]:
    """Return the open obligations that the landscape shows to be met."""
    by_duty = obliged_types(types)
    known = ((owed, by_duty.get(owed.duty)) for owed in landscape.prior.obligations)
    return tuple(owed for owed, kind in known if kind is not None and kind.is_met(owed, landscape))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names and texts of the obligations and impacts of all types."""

    duties: Mapping[str, Duty]
    """The kinds of obligation by name."""
    impacts: tuple[Impact, ...]
    """In display order."""
    settling: Mapping[str, str]
    """The object that settles after an action, by the type of the action."""
    replica: str
    """The name of a replica of the directory."""
    nouns: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """The noun of a type, by its name, where it is more than the name without its underscores."""

    @classmethod
    def of(cls, types: Iterable[ResourceType]) -> Vocabulary:
        types = tuple(types)
        duties = (duty for kind in obliged_types(types).values() for duty in kind.duties)
        settling = {kind.name: kind.settles for kind in types if isinstance(kind, Settling)}
        called = (kind.called for kind in types if isinstance(kind, Pinning))
        nouns = {kind.name: noun for kind in types if (noun := noun_of(kind)) != _plain(kind.name)}
        return cls({duty.name: duty for duty in duties}, impacts_of(types), settling, next(called, "replica"), nouns)

    def noun_of(self, type_name: str) -> str:
        """Return what the type of this name is called in sentences."""
        return self.nouns.get(type_name, _plain(type_name))

    def duty_of(self, owed: Obligation) -> Duty:
        """Return the kind of an obligation. If no type declares it (a newer version may), its text is its name."""
        name = owed.duty.replace("{", "").replace("}", "")
        return self.duties.get(owed.duty) or Duty(owed.duty, f"{name} is still to do for {{subject}}")


def _plain(type_name: str) -> str:
    return type_name.replace("_", " ")


def noun_of(kind: ResourceType) -> str:
    """Return what a type is called in sentences: ``UM mailbox`` for ``um_mailbox``."""
    spelt = kind.provider.spelt if kind.provider is not None else EMPTY
    return " ".join(spelt.get(word, word) for word in kind.name.split("_"))
