"""Attribute values as YAML writes them, and open obligations as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.model.abilities import Vocabulary
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Unset, Value
from reconciler.plan.plan import Plan
from reconciler.views.style import Style

_MISLEADING: Final = frozenset({"", "null", "true", "false", "(not set)"})


def value_text(value: Value | Unset, style: Style) -> str:
    """Return a value on one line; an unset value is ``(not set)``, a cleared value ``null``."""
    match value:
        case Unset():
            return "(not set)"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple():
            return f"[{', '.join(value_text(item, style) for item in value)}]"
        case str():
            bare = value.strip() == value and value not in _MISLEADING
            return style.show(value) if bare else f'"{style.show(value)}"'


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
