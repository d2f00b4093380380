"""Resolves the rows of files by column: their references, each distinct name once.

Where a row has a mistake, its file is resolved one by one by ``resolve``, which finds the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.config.declarations import Declarations
from reconciler.config.row_tables import Declaration
from reconciler.model.attributes import Attribute
from reconciler.model.resource_types import ResourceType, declared_types
from reconciler.model.roster import Roster
from reconciler.model.values import UNSET, Unset, Value, folded

Implied = Callable[[Sequence[ResourceType], Mapping[str, Collection[str]]], Mapping[str, frozenset[str]]]
"""Returns, by type, the keys of objects that declared resources bring with them; it gets their keys by type."""


def settle(
    declared: Declarations, types: Sequence[ResourceType], implied: Implied
) -> tuple[Sequence[Roster], Sequence[Declaration]]:
    """Return the enrolled rows with every reference spelt as its target's key, and the declarations to be resolved.

    Rows of which one has an unknown reference, or a key that is declared elsewhere too, are resolved one by one.
    """
    referenced = {one.references for kind in types for one in kind.attributes.values()}
    keys: dict[str, dict[str, str]] = {}
    taken = {declaration.resource.address.folded for declaration in declared.valid}
    for declaration in declared.valid:
        address = declaration.resource.address
        if not declaration.is_end:
            keys.setdefault(address.type, {})[folded(address.key)] = address.key
    brought = implied(types, {name: list(known.values()) for name, known in keys.items()})
    known = {
        name: {**{folded(key): key for key in brought.get(name, ())}, **keys.get(name, {})}
        for name in {*brought, *keys}
    }
    kept: list[Roster] = []
    one_by_one = list(declared.valid)
    for one in declared.enrolled:
        name = one.roster.type
        is_apart = name not in referenced and not any((name, folded(key)) in taken for key in one.roster.keys)
        roster = _with_references(one.roster, types, known) if is_apart else None
        if roster is None:
            one_by_one += one.declarations()
        else:
            kept.append(roster)
    return kept, one_by_one


def _with_references(
    roster: Roster, types: Sequence[ResourceType], known: Mapping[str, Mapping[str, str]]
) -> Roster | None:
    """Return the rows with every reference spelt as its target's key; None where one has no target."""
    columns = dict(roster.columns)
    kind = next(one for one in types if one.name == roster.type)
    for attribute, target in references_of(kind, {one.name for one in declared_types(types)}):
        column = columns.get(attribute.name)
        if column is None:
            continue
        spelt: dict[object, Value | Unset] = {UNSET: UNSET, "": ""}
        for name in set(column).difference(spelt):
            found = known.get(target, {}).get(folded(name)) if isinstance(name, str) else None
            if found is None:
                return None
            spelt[name] = found
        columns[attribute.name] = [spelt[name] for name in column]
    return replace(roster, columns=columns)


def references_of(resource_type: ResourceType, checkable: Collection[str]) -> list[tuple[Attribute, str]]:
    return [
        (attribute, attribute.references)
        for attribute in resource_type.attributes.values()
        if attribute.references in checkable and attribute.references is not None
    ]
