"""What a server does for resources of some types besides changes: it rehearses a creation, or makes a new secret.

As with ``abilities``, a type inherits from the class of the ability and from its contract.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from reconciler.model.actions import Action
from reconciler.model.commands import Command, Reply
from reconciler.model.diagnostics import SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, ResourceType, Rule
from reconciler.model.resources import Resource


class Rehearsing(Managed):
    """A server can say whether it would make a resource of it, and then makes nothing."""

    refuses: ClassVar[Rule]
    """The rule of a refusal; it leaves the resource out."""

    @abstractmethod
    def rehearsal(self, action: Action, landscape: Landscape) -> Command | None:
        """Return the read that asks for the outcome of a creation; None where this server cannot be asked."""


class Gathering(ResourceType):
    """A few of its objects are read by one listing of just these."""

    @abstractmethod
    def apart(self, command: Command, result: Reply | SessionError, landscape: Landscape) -> Sequence[Command]:
        """Return the reads of single objects that such a listing leaves open; none for another command.

        All of them where the host refuses the listing, and those that were known and are not shown. A filter that a
        host understands in another way shows nothing either, so only the read of an object proves that it is gone.
        """


class Resetting(Managed):
    """Its objects have a secret. A server can make a new one and give it to its owner; nobody else sees it."""

    secret: ClassVar[str]
    """What it is called: ``PIN``."""
    found_by: ClassVar[tuple[str, ...]] = ()
    """Types that are read to find an object by its name."""

    @abstractmethod
    def named(self, texts: Sequence[str], landscape: Landscape) -> Mapping[str, tuple[str, ...]]:
        """Return the keys of the objects that each text names."""

    @abstractmethod
    def reset(self, observed: Resource, landscape: Landscape) -> Command:
        """Return the command that replaces the secret. It holds no secret."""
