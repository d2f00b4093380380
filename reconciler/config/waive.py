"""Reads ``waive``: the findings that the operator accepts until a day, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from reconciler.config.yaml_reader import Node
from reconciler.model.diagnostics import Diagnostic, did_you_mean, listed
from reconciler.model.resource_types import ResourceType, Rule, When
from reconciler.model.values import folded
from reconciler.model.waivers import Waiver

KEYS: Final[Mapping[str, str]] = {
    "code": "Code of the check, such as UM012.",
    "on": "Address of the finding, a pattern such as TYPE/*@contoso.com, the name of a type, or * for all.",
    "reason": "Why the finding is accepted. Plans and reports show it.",
    "until": "The last day on which the waiver holds, as YYYY-MM-DD. It ends with this day in UTC.",
}
DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_EXAMPLE: Final = '- {code: CODE, on: TYPE/NAME, reason: "WHY", until: YYYY-MM-DD}'
_WILDCARD: Final = re.compile(r"[*?[]")


def read_waivers(
    parts: Sequence[Node], types: Sequence[ResourceType], rules: Sequence[Rule] | None, found: list[Diagnostic]
) -> tuple[Waiver, ...]:
    """Return the waivers in the sections ``parts``; add the errors in them to ``found``.

    Args:
        rules: every check that there is; None: the codes are not compared with them.
    """
    waivers: dict[tuple[str, str], Waiver] = {}
    for part in parts:
        if not isinstance(part.value, list):
            detail = '"waive" must be a list.'
            found.append(part.diagnostic("Invalid section", detail, f"Write: {_EXAMPLE}", on_key=True))
        for element in part.elements():
            waiver = _waiver(element, found)
            if waiver is None:
                continue
            rule = next((one for one in rules or () if one.code == waiver.code), None)
            if rule is not None and rule.when in (When.PLANS, When.RUN):
                waiver = replace(waiver, is_always_made=False)
            if rules is not None:
                found += _wrong_code(element, waiver.code, rule, rules)
            found += _wrong_type(element, waiver.on, types)
            first = waivers.setdefault((folded(waiver.code), folded(waiver.on)), waiver)
            if first is not waiver:
                detail = f"{waiver.code} on {waiver.on} is waived here and at {first.position}."
                found.append(element.diagnostic("Duplicate waiver", detail, "Remove one of the two."))
    return tuple(sorted(waivers.values()))


def _waiver(element: Node, found: list[Diagnostic]) -> Waiver | None:
    """Return the waiver of one element, or None where a key is wrong."""
    if not isinstance(element.value, dict):
        detail = f'An element of "waive" has the keys {listed(KEYS)}.'
        found.append(element.diagnostic("Invalid element", detail, f"Write: {_EXAMPLE}"))
        return None
    before = len(found)
    for key, node in element.items():
        if key not in KEYS:
            detail = f'A waiver has no key "{key}".'
            found.append(node.diagnostic("Unknown key", detail, did_you_mean(key, KEYS), on_key=True))
    if len(found) > before and not element.value.keys() >= KEYS.keys():
        return None  # a misspelt key may be the missing one
    texts = {key: _text(element, key, found) for key in KEYS}
    until = _day(element, texts["until"], found)
    if len(found) > before or until is None:
        return None
    return Waiver(texts["code"].upper(), texts["on"], until, texts["reason"], element.position())


def _text(element: Node, key: str, found: list[Diagnostic]) -> str:
    """Return a text of a waiver on one line; an error and '' where it is missing."""
    value = dict(element.items())[key].value if isinstance(element.value, dict) and key in element.value else None
    if isinstance(value, str) and (text := " ".join(value.split())):
        return text
    what = "must be one text" if isinstance(value, dict | list) else "is missing"
    found.append(
        element.diagnostic("Incomplete waiver", f'"{key}" {what}. {KEYS[key]}', f"Write: {_EXAMPLE}", path=(key,))
    )
    return ""


def _day(element: Node, text: str, found: list[Diagnostic]) -> date | None:
    try:
        if re.fullmatch(DATE, text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day that no calendar has
    if text:
        detail = f'"{text}" is not a day.'
        found.append(element.diagnostic("Invalid date", detail, KEYS["until"], path=("until",)))
    return None


def _wrong_code(element: Node, code: str, rule: Rule | None, rules: Sequence[Rule]) -> list[Diagnostic]:
    if rule is None:
        remedy = did_you_mean(code, [one.code for one in rules if one.can_be_waived])
        return [element.diagnostic("Unknown check", f"There is no check {code}.", remedy, path=("code",))]
    if rule.can_be_waived:
        return []
    detail = f"{rule.code} ({rule.summary}) cannot be waived: {rule.why_not_waived}."
    return [element.diagnostic("Check cannot be waived", detail, rule.remedy, path=("code",))]


def _wrong_type(element: Node, on: str, types: Sequence[ResourceType]) -> list[Diagnostic]:
    """Return an error where no type can have the address that a waiver names."""
    name = folded(on.partition("/")[0])
    names = [kind.name for kind in types]
    if _WILDCARD.search(name) or name in names:
        return []
    detail = f'"{on}" names no resource: there is no type "{name}".'
    return [element.diagnostic("Unknown type", detail, did_you_mean(name, names), path=("on",))]
