"""Checks, resource types and attributes explained, as ``explain`` prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from reconciler.model.diagnostics import Diagnostic, ReconcilerError, did_you_mean, nearest
from reconciler.model.resource_types import Fact, Managed, ResourceType, Rule
from reconciler.views.diagnostics import diagnostic_lines
from reconciler.views.reference import (
    AttributeWords,
    DefaultOf,
    about_type,
    attributes_of,
    first_sentence,
    severities_of,
    source_of,
)
from reconciler.views.style import Style
from reconciler.views.text import lines, pad, width, wrap

_INSET: Final = "  "
_LEAST_COLUMNS: Final = 20
"""A column is never narrower, however narrow the terminal is."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What can be explained."""

    rules: Sequence[Rule]
    types: Sequence[ResourceType]
    default_of: DefaultOf

    def explain(self, word: str, style: Style) -> str:
        """Return the explanation of a code, a type, or an attribute as ``type.attribute``; their case is ignored.

        Raises:
            ReconcilerError: nothing has that name.
        """
        asked = word.strip().casefold()
        if rule := next((one for one in self.rules if one.code.casefold() == asked), None):
            return lines(_check(rule, style))
        name, dot, attribute = asked.partition(".")
        kind = next((one for one in self.types if name in _names(one)), None)
        if kind is None:
            known = [one.code for one in self.rules] + [one.name for one in self.types]
            raise _unknown(f'no code or resource type "{word}"', word, known, "reconciler explain")
        if not dot:
            return lines(_type(kind, list(attributes_of(kind, self.default_of)), style))
        every = {one.name.casefold(): one for one in attributes_of(kind, self.default_of)}
        if attribute not in every:
            detail = f'no attribute "{attribute}" of {kind.name}'
            raise _unknown(detail, attribute, every, f"reconciler explain {kind.name}")
        return lines(_attribute(kind, every[attribute], style))

    def contents(self, style: Style) -> str:
        """Return every type and every check, one on a line."""
        managed = [(one.name, _meaning(one)) for one in self.types if not isinstance(one, Fact)]
        facts = [(one.name, _meaning(one)) for one in self.types if isinstance(one, Fact)]
        checks = [(one.code, one.summary) for one in self.rules]
        parts = (("Resource types", managed), ("Facts, which are only read", facts), ("Checks", checks))
        return lines(line for title, rows in parts for line in (style.paint(title, "bold"), *_table(rows, style), ""))


def _names(kind: ResourceType) -> tuple[str, ...]:
    """Return the name of a type, and that of its section in the files."""
    return (kind.name, kind.section) if isinstance(kind, Managed) and kind.section else (kind.name,)


def _unknown(what: str, word: str, known: Iterable[str], list_command: str) -> ReconcilerError:
    names = list(known)
    all_of_them = f"To list them all:\n\n    {list_command}"
    remedy = did_you_mean(word, names, otherwise=all_of_them) if nearest(word, names) else all_of_them
    return ReconcilerError(Diagnostic("Nothing to explain", f"There is {what}.", remedy))


def _meaning(kind: ResourceType) -> str:
    return _plain(first_sentence(type(kind).__doc__))


def _plain(text: str) -> str:
    return text.replace("`", "")


def _check(rule: Rule, style: Style) -> Iterator[str]:
    meaning = f"{rule.meaning} {_LEAVES_OUT}" if rule.leaves_out else rule.meaning
    yield from diagnostic_lines(Diagnostic(rule.summary, meaning, rule.remedy, rule.severity, code=rule.code), style)
    yield ""
    waiver = f"It cannot be waived: {rule.why_not_waived}." if rule.why_not_waived else "It can be waived."
    severities = f" It is of severity {severities_of(rule)}." if rule.also else ""
    for text in (f"Found by: {rule.when.value}.{severities} {waiver}", f"Source: {_plain(source_of(rule))}"):
        for line in wrap(text, style.width - len(_INSET)):
            yield f"{_INSET}{style.paint(line, 'dim')}"


_LEAVES_OUT: Final = "The plan leaves out this resource alone and does the rest."


def _type(kind: ResourceType, attributes: Sequence[AttributeWords], style: Style) -> Iterator[str]:
    yield style.paint(kind.name, "bold")
    for line in wrap(f"{_meaning(kind)} {_plain(about_type(kind))}", style.width - len(_INSET)):
        yield f"{_INSET}{line}"
    declared = [(one.name, _plain(one.limits), _plain(one.default)) for one in attributes if not one.is_observed]
    if declared:
        yield ""
        yield from _table([("attribute", "type and limits", "default of the server"), *declared], style, has_head=True)
    if observed := [one.name for one in attributes if one.is_observed]:
        yield ""
        for line in wrap(f"Only observed: {', '.join(observed)}.", style.width - len(_INSET)):
            yield f"{_INSET}{line}"
    if attributes:
        yield ""
        yield f"{_INSET}For one attribute: reconciler explain {kind.name}.{attributes[0].name}"


def _attribute(kind: ResourceType, one: AttributeWords, style: Style) -> Iterator[str]:
    yield style.paint(f"{kind.name}.{one.name}", "bold")
    for line in wrap(_plain(one.meaning), style.width - len(_INSET)) if one.meaning else ():
        yield f"{_INSET}{line}"
    rows = (
        ("type and limits", _plain(one.limits)),
        ("default of the server", _plain(one.default)),
        ("property" if one.is_observed else "parameter", one.parameter),
        ("source", _plain(one.source)),
        ("declared", "no, only observed" if one.is_observed else ""),
    )
    yield ""
    yield from _table([(title, text) for title, text in rows if text], style)


def _table(rows: Sequence[Sequence[str]], style: Style, *, has_head: bool = False) -> Iterator[str]:
    """Yield rows in columns, of which all but the first wrap; the head is dim."""
    first = max(width(row[0]) for row in rows) + 2
    others = len(rows[0]) - 1
    room = max(_LEAST_COLUMNS, (style.width - len(_INSET) - first) // others)
    for number, row in enumerate(rows):
        cells = [[style.show(row[0])], *(wrap(style.show(text), room - 2) for text in row[1:])]
        for parts in zip_longest(*cells, fillvalue=""):
            line = _INSET + "".join(map(pad, parts, [first] + [room] * others)).rstrip()
            yield style.paint(line, "dim") if has_head and number == 0 else line
