"""Reads ``moved``: which declared object takes the place of another one.

The name of a dial plan cannot be changed. A new one is made, its users move, and the old one is removed. Without
``moved`` these are the ends of some objects and the beginning of others. With it the plan says what becomes of the
users, and asks for consent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.config.declarations import Declarations
from reconciler.config.row_tables import Declaration
from reconciler.config.yaml_reader import Node
from reconciler.model.abilities import Rows
from reconciler.model.diagnostics import Diagnostic, did_you_mean, listed
from reconciler.model.resource_types import Managed, ResourceType, declared_types
from reconciler.model.resources import Address, Resource

KEYS = ("from", "to")
_EXAMPLE = "- {from: TYPE/NAME, to: TYPE/NEW-NAME}"


def read_moved(parts: Sequence[Node], types: Sequence[ResourceType], into: Declarations) -> Mapping[Address, Address]:
    """Return the new address of each object that is replaced, and declare the end of the old one."""
    kinds = {kind.name: kind for kind in declared_types(types) if kind.can_end and not isinstance(kind, Rows)}
    moved: dict[Address, Address] = {}
    for part in parts:
        if not isinstance(part.value, list):
            detail = '"moved" must be a list.'
            into.found.append(part.diagnostic("Invalid section", detail, f"Write: {_EXAMPLE}", on_key=True))
        for element in part.elements():
            pair = _pair(element, kinds, into.found)
            if pair is None:
                continue
            before, after = pair
            if found := _contradiction(element, before, after, moved, into):
                into.found.append(found)
                continue
            ended = kinds[before.type].parse_end(before.key, {})
            if isinstance(ended, Resource):
                moved[ended.address] = after
                declared = replace(ended, position=element.position())
                into.valid.append(Declaration(declared, element, is_end=True))
            else:
                into.found += [element.diagnostic(one.summary, one.detail, one.remedy, path=("from",)) for one in ended]
    return moved


def _pair(element: Node, kinds: Mapping[str, Managed], found: list[Diagnostic]) -> tuple[Address, Address] | None:
    if not isinstance(element.value, dict) or set(element.value) != set(KEYS):
        detail = f'An element of "moved" has the keys {listed(KEYS)}.'
        found.append(element.diagnostic("Invalid element", detail, f"Write: {_EXAMPLE}"))
        return None
    before, after = (_address(element, key, kinds, found) for key in KEYS)
    if before is None or after is None:
        return None
    if before.type != after.type:
        detail = f"{before} cannot become {after}, which is of another type."
        found.append(element.diagnostic("Invalid move", detail, f"Name another {before.type} in both.", path=("to",)))
        return None
    return before, after


def _address(element: Node, key: str, kinds: Mapping[str, Managed], found: list[Diagnostic]) -> Address | None:
    written = dict(element.items())[key].value
    try:
        address = Address.parse(str(written))
    except ValueError:
        detail = f'"{key}" is {written!r}, which is no address.'
        found.append(element.diagnostic("Invalid address", detail, f"Write: {_EXAMPLE}", path=(key,)))
        return None
    if address.type not in kinds:
        detail = f"{address} cannot move. Users are found by any of their names, whatever their row says."
        found.append(element.diagnostic("Invalid move", detail, did_you_mean(address.type, kinds), path=(key,)))
        return None
    return address


def _contradiction(
    element: Node, before: Address, after: Address, moved: Mapping[Address, Address], into: Declarations
) -> Diagnostic | None:
    declared = {one.resource.address: one for one in into.valid}
    if before in moved or before == after:
        detail = f"{before} can become one other object."
        return element.diagnostic("Invalid move", detail, "Remove one of the moves.", path=("from",))
    if before in declared:
        detail = f"{before} is declared, so nothing took its place."
        remedy = "Remove its declaration, or remove this move."
        return element.diagnostic("Invalid move", detail, remedy, path=("from",), address=str(before))
    target = declared.get(after)
    if target is None or target.is_end:
        detail = f"{after} is to take the place of {before}, but the configuration does not declare it."
        near = [one.key for one in declared if one.type == after.type]
        return element.diagnostic("Invalid move", detail, did_you_mean(after.key, near), path=("to",))
    return None
