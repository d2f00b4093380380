"""Open obligations as text, and which of them a plan meets."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.abilities import Vocabulary
from reconciler.model.snapshot import Obligation
from reconciler.plan.plan import Plan


def obligation_text(owed: Obligation, vocabulary: Vocabulary) -> str:
    """Return ``RTCSRV on fe1.contoso.com has to restart``, with the start of the need where it is known."""
    since = f" (since {owed.since})" if owed.since else ""
    return f"{vocabulary.duty_of(owed).clause(owed.subject)}{since}"


@dataclass(frozen=True, slots=True)
class OwedByPlan:
    """The obligations that a plan meets, among those open before it and those that it creates."""

    vocabulary: Vocabulary
    settled: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, plan: Plan, vocabulary: Vocabulary) -> OwedByPlan:
        actions = list(plan.actions())
        given = {(change.attribute, change.after) for action in actions for change in action.changes}
        owed = [*plan.obligations, *(one for action in actions for one in action.owes)]
        ended = [one for action in actions for one in action.discharges]
        ended += [one for one in owed if vocabulary.duty_of(one).ends_with in given]
        return cls(vocabulary, frozenset(one.identity for one in ended))

    def is_settled(self, owed: Obligation) -> bool:
        return owed.identity in self.settled

    def is_left(self, owed: Obligation) -> bool:
        """True for an obligation that no step meets and that no observation will close."""
        return not self.is_settled(owed) and self.vocabulary.duty_of(owed).ends_with is None

    def text(self, owed: Obligation) -> str:
        return obligation_text(owed, self.vocabulary)
