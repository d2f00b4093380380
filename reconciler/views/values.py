"""Attribute values as YAML writes them, and open obligations as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.abilities import Vocabulary
from reconciler.model.nested import Part
from reconciler.model.snapshot import Obligation
from reconciler.model.values import UNSET, Nested, Unset, Value
from reconciler.plan.plan import Plan
from reconciler.views.style import Style
from reconciler.views.text import pad, width

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
        case Nested():
            inner = (f"{value_text(name, style)}: {value_text(item, style)}" for name, item in value.items())
            return f"{{{', '.join(inner)}}}"
        case str():
            bare = value.strip() == value and value not in _MISLEADING
            return style.show(value) if bare else f'"{style.show(value)}"'


def nested_lines(
    before: Value | Unset, after: Value | Unset, parts: Sequence[Part], style: Style
) -> list[tuple[str, str]]:
    """Return the lines of nested values that change, one for each, as name and value; none for other values.

    Those of a new object, or in place of another kind of value, are listed without what was there.
    """
    if not isinstance(after, Nested) or not (after or parts):
        return []
    if not isinstance(before, Nested) or not before:
        return _aligned({name: value_text(item, style) for name, item in after.items()}, style)
    moves = {", ".join(one.path): f"{value_text(one.before, style)} -> {value_text(one.after, style)}" for one in parts}
    same = sum(before.get(name, UNSET) == item for name, item in after.items())
    return [*_aligned(moves, style), *([("", f"({same} the same)")] if same else [])]


def _aligned(named: Mapping[str, str], style: Style) -> list[tuple[str, str]]:
    room = max((width(style.show(name)) for name in named), default=0) + 1
    return [(f"{pad(f'{style.show(name)}:', room)} ", text) for name, text in named.items()]


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
