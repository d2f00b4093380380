"""The ability of a type to give up objects that a task makes and that no declaration wants."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Resource


@dataclass(frozen=True, slots=True)
class Surplus:
    """Why declarations do not want an object."""

    reason: str
    wanting: Resource
    """The declaration that would want it; who accepts the object writes this."""


class Trimming(Managed):
    """Some of its objects are side effects of a task, and declarations of other types do not want them."""

    @abstractmethod
    def surplus(self, landscape: Landscape) -> Mapping[str, Surplus]:
        """Return the observed or predicted objects to remove, by key.

        Nothing is lost with them, so they do not count for ``--max-destroy``, and their removals do not come last.
        """
