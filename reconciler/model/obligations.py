"""The kinds of obligation that commands create.

Each resource type declares its own kinds; the engine knows none of them.

The state and saved plans keep the name of a kind and no text; the views find the text in the ``Vocabulary``.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.snapshot import Obligation
from reconciler.model.values import Value


@dataclass(frozen=True, slots=True)
class Duty:
    """One kind of obligation."""

    name: str
    """As the state keeps it: ``front-end-restart``."""
    text: str
    """A clause about the subject: ``RTCSRV on {subject} has to restart``; of ``host/item`` both parts have names."""
    ends_with: tuple[str, Value] | None = None
    """An attribute and a value: a plan that gives it to some object is expected to end the obligation.

    For a kind that no single action ends, because several objects change together and the end is observed.
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
