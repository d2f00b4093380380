"""The words that the resource types declare, as one value that is handed to the views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.model.abilities import Pinning, Settling, impacts_of, obliged_types
from reconciler.model.impacts import Impact
from reconciler.model.obligations import Duty
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import Obligation


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the types call their obligations and impacts."""

    duties: Mapping[str, Duty]
    """The kinds of obligation by name."""
    impacts: tuple[Impact, ...]
    """In the order in which they are shown."""
    settling: Mapping[str, str]
    """What settles after an action, by the type of the action."""
    replica: str
    """What a replica of the directory is called."""

    @classmethod
    def of(cls, types: Iterable[ResourceType]) -> Vocabulary:
        types = tuple(types)
        duties = (duty for kind in obliged_types(types).values() for duty in kind.duties)
        settling = {kind.name: kind.settles for kind in types if isinstance(kind, Settling)}
        called = (kind.called for kind in types if isinstance(kind, Pinning))
        return cls({duty.name: duty for duty in duties}, impacts_of(types), settling, next(called, "replica"))

    def duty_of(self, owed: Obligation) -> Duty:
        """Return the kind of an obligation. If no type declares it (a newer version may), its text is its name."""
        name = owed.duty.replace("{", "").replace("}", "")
        return self.duties.get(owed.duty) or Duty(owed.duty, f"{name} is still to do for {{subject}}")
