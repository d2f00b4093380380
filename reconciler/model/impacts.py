"""How people notice a plan, in counts. A resource type declares its own ways; the engine adds them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.model.words import count


@dataclass(frozen=True, slots=True)
class Impact:
    """One way in which people notice a plan."""

    name: str
    """As saved plans keep it: ``interrupted_users``."""
    noun: str
    """What is counted: ``user``."""
    text: str = "{count}"
    """A clause about the count: ``voice mail of {count} changes``."""
    is_disruptive: bool = False
    """Somebody is cut off meanwhile."""

    def clause(self, number: int) -> str:
        """Return ``voice mail of 60 users changes``."""
        return self.text.format(count=count(number, self.noun))


DESTROYS: Final = Impact("destroys", "object", "{count} destroyed")
"""What counts against ``--max-destroy``: the engine's own, of every type."""


class Counts(dict[str, int]):
    """Counts by the names of impacts, in the order in which they are shown and written."""
