"""The landscape: everything that is known while planning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import is_
from typing import Any, Protocol, TypeAlias, TypeVar, TypeVarTuple, cast

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.options import Option
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Snapshot
from reconciler.model.values import EMPTY
from reconciler.model.waves import Wave


class Named(Protocol):
    """A resource type, or the class that declares its attributes, such as ``DialPlan``: both have the type's name."""

    @property
    def name(self) -> str: ...


Kind: TypeAlias = "Named | str"
"""A resource type as an argument: the class that declares it, or its name as text, which the engine uses."""


_Fact = TypeVar("_Fact")
_Value = TypeVar("_Value")
_Parts = TypeVarTuple("_Parts")


def _name(kind: Kind) -> str:
    return kind if isinstance(kind, str) else kind.name


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the environment that are not resources."""

    environment: str = "default"
    options: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    """The options that the files set, by name; ``option`` returns the value of one."""
    without_second_hop: frozenset[str] = frozenset()
    """Connections without CredSSP or delegated Kerberos: scripts on their hosts cannot use the account elsewhere."""
    waves: tuple[Wave, ...] = ()
    """The waves of users in their order; empty if the files list no waves."""
    program: str = "reconciler"
    """The first words of each reconciler command that a message shows to copy."""
    place: str = "."
    """The directory of the environment, quoted for the shell, in such a command."""
    places: Mapping[tuple[str, ...], Position] = field(default_factory=lambda: EMPTY, compare=False)
    """Where the files set an option: by its name, followed by the name within an option that has one value by name."""
    reads_all: bool = False
    """True for an export: it also reads types that a plan reads only if the files declare resources of them."""

    def option(self, option: Option[_Value]) -> _Value:
        """Return the value of an option: its default where the files do not set it."""
        return cast(_Value, self.options.get(option.name, option.default))

    def has_second_hop(self, connection: str) -> bool:
        """True if a script on a host of the connection can use the account on other servers."""
        return connection not in self.without_second_hop


@dataclass(frozen=True, slots=True)
class Landscape:
    """Everything known while planning: declared, desired, observed or predicted, and prior."""

    settings: Settings = field(default_factory=Settings)
    declared: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """By type: what the operator wrote."""
    ended: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """By type: what the operator declared with ``state: absent``. The plan removes it."""
    moved: Mapping[Address, Address] = field(default_factory=lambda: EMPTY)
    """The new address of each object that another one replaces; the old one is in ``ended``."""
    desired: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """By type: declared or derived. Planning visits one type after the other; types not yet visited are missing."""
    observed: Mapping[str, Resources] = field(default_factory=lambda: EMPTY)
    """By type: the objects that were read, with the predicted effects of the actions planned so far."""
    predicted_by: Mapping[Address, Address] = field(default_factory=lambda: EMPTY)
    """For each predicted resource, the action whose effect is predicted."""
    actions: Mapping[Address, Action] = field(default_factory=lambda: EMPTY)
    """The actions planned so far."""
    unreadable: Mapping[Address, Diagnostic] = field(default_factory=lambda: EMPTY)
    """What could not be read, with the reason; key ``*`` is a whole type. Unreadable is not absent."""
    refused: Mapping[Address, Diagnostic] = field(default_factory=lambda: EMPTY)
    """What the servers, when asked, said that they would refuse to make."""
    prior: Snapshot = field(default_factory=lambda: Snapshot("default"))
    now: datetime | None = field(default=None, compare=False)
    """The time of the last read, in UTC, by the clock of this machine; None where nothing was read."""

    _facts: dict[Callable[..., Any], tuple[tuple[object, ...], Any]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """The facts found so far, each with the parts that it follows from; a changed landscape inherits them."""

    def fact(self, find: Callable[[*_Parts], _Fact], *parts: *_Parts) -> _Fact:
        """Return ``find(*parts)``, computed once and kept while the parts are the same objects.

        For facts that many checks need and that take a loop over all users.
        """
        before, fact = self._facts.get(find, (None, None))
        now: tuple[Any, ...] = tuple[Any, ...](parts)
        if before is None or not all(map(is_, before, now)):
            fact = find(*parts)
            self._facts[find] = now, fact
        return cast(_Fact, fact)

    def all(self, kind: Kind) -> Resources:
        """Observed or predicted resources of a type; empty if there are none."""
        return self.observed.get(_name(kind), NO_RESOURCES)

    def one(self, kind: Kind, key: str | None) -> Resource | None:
        return self.all(kind).get(key) if key else None

    def at(self, address: Address) -> Resource | None:
        return self.one(address.type, address.key)

    def written(self, kind: Kind) -> Resources:
        """Resources of a type as the operator wrote them."""
        return self.declared.get(_name(kind), NO_RESOURCES)

    def ending(self, kind: Kind) -> Resources:
        """Resources of a type that have to be removed, because they are declared with ``state: absent``."""
        return self.ended.get(_name(kind), NO_RESOURCES)

    def wanted(self, kind: Kind) -> Resources:
        """Desired resources of a type, with derived ones if planning has visited it, otherwise the declared ones."""
        return self.desired.get(_name(kind), self.written(kind))

    def planned(self, kind: Kind) -> tuple[Address, ...]:
        """Addresses of a type for which actions are planned so far."""
        return tuple(address for address in self.actions if address.type == _name(kind))

    def is_readable(self, kind: Kind, key: str = "*") -> bool:
        if not self.unreadable:
            return True
        whole, one = Address(_name(kind), "*"), Address(_name(kind), key)
        return whole not in self.unreadable and one not in self.unreadable

    def made(self, kind: Kind) -> tuple[Address, ...]:
        """Return the addresses of the type whose objects a planned action creates or replaces."""
        making = (one for one in self.actions.values() if one.kind in (ActionKind.CREATE, ActionKind.REPLACE))
        return tuple(one.address for one in making if one.address.type == _name(kind))

    def with_desired(self, type_name: str, resources: Resources) -> Landscape:
        return replace(self, desired={**self.desired, type_name: resources})

    def with_observed(self, type_name: str, resources: Resources) -> Landscape:
        return replace(self, observed={**self.observed, type_name: resources})

    def predicting(
        self,
        by: Address,
        kind: Kind,
        put: Sequence[Resource] = (),
        drop: Sequence[str] = (),
    ) -> Landscape:
        """Return the landscape with the resources of a type as the action at ``by`` will leave them."""
        type_name = _name(kind)
        marks = {**self.predicted_by, **{resource.address: by for resource in put}}
        for key in drop:
            marks[Address(type_name, key)] = by
        return replace(
            self,
            observed={
                **self.observed,
                type_name: self.all(type_name).replaced(put, drop),
            },
            predicted_by=marks,
        )


NO_RESOURCES = Resources()
