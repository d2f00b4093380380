"""Checks that declarations fit together: every reference has a target, keys are unique, nothing contradicts.

A target is valid if the configuration declares it, or if a declared resource brings it (a dial plan brings its default
policy). Only the servers know the targets of some types (facts, and types without a section). The checks of the plan
verify these after the servers were read.

Each resource type checks its declarations (``ResourceType.check_declared``). A plan leaves a contradicting row of one
user out; here it is an error: where two rows claim one extension, only their author knows which one is right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from heapq import nsmallest
from itertools import chain

from reconciler.config.declarations import Declarations
from reconciler.config.enrolment import Implied, references_of, settle
from reconciler.config.row_tables import Declaration
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import Diagnostic, Position, in_order, nearest
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Managed, ResourceType, declared_types
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.roster import Roster, joined
from reconciler.model.values import EMPTY, folded

_RANKED = 20
"""How many unknown names get a suggestion."""
_CIRCLES = 20
"""How many circles are reported: each search walks through all references."""
BROUGHT = "default"
"""Last part of the key of an object that another brings: dial plan ``Redmond`` brings ``Redmond/default``."""


@dataclass(frozen=True, slots=True)
class Known:
    """Valid targets of references, in addition to the valid declarations."""

    implied: Mapping[str, frozenset[str]]
    invalid: Mapping[tuple[str, str], str]
    """Keys of invalid declarations by folded address; their errors are already reported."""
    is_complete: bool
    """False where a file could not be read: a missing target may be declared in it."""
    ended: Mapping[tuple[str, str], str]
    """Folded addresses of the objects to remove, and of those that they brought; each with its new key, or ''."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The declarations of an environment by type, sorted by key, and the errors between them."""

    declared: Mapping[str, Resources]
    ended: Mapping[str, Resources]
    """Resources with ``state: absent``; only types that have such resources."""
    found: tuple[Diagnostic, ...]


def resolve(
    declarations: Declarations,
    types: Sequence[ResourceType],
    implied: Implied,
    moved: Mapping[Address, Address] = EMPTY,
) -> Resolved:
    """Return the declared resources, with every reference spelt as its target's key.

    Args:
        moved: the new address of each object that another one replaces.
    """
    enrolled, one_by_one = settle(declarations, types, implied)
    unique, found = _unique(one_by_one)
    present = [one for one in unique if not one.is_end]
    ended = [one for one in unique if one.is_end]
    gone = _gone(ended, types, implied, moved)
    known = Known(implied(types, _keys(present)), declarations.invalid, declarations.is_complete, gone)
    if known.is_complete:
        found += _dangling(present, types, known)
    found += _cycles(present, types)
    by_type = {name: resources for name, resources in _by_type(ended, types).items() if resources}
    declared = _by_type(_respelt(present, types, known), types, enrolled)
    return Resolved(declared, by_type, in_order(found))


def _gone(
    ended: Iterable[Declaration], types: Sequence[ResourceType], implied: Implied, moved: Mapping[Address, Address]
) -> Mapping[tuple[str, str], str]:
    """Return the folded addresses of ended objects and of what they brought, each with its new key, or ''."""
    gone: dict[tuple[str, str], str] = {}
    for address in (one.resource.address for one in ended):
        after = moved.get(address)
        gone[address.folded] = after.key if after else ""
        for name, keys in implied(types, {address.type: [address.key]}).items():
            for key in keys:
                gone[Address(name, key).folded] = key.replace(address.key, after.key, 1) if after else ""
    return gone


def _keys(declarations: Iterable[Declaration]) -> Mapping[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for declaration in declarations:
        keys.setdefault(declaration.resource.address.type, []).append(declaration.resource.key)
    return keys


def implied_by_default(
    types: Sequence[ResourceType], declared: Mapping[str, Collection[str]]
) -> Mapping[str, frozenset[str]]:
    """Return, by type, the keys that declared resources bring: ``X/default`` of each ``X`` that it references."""
    return {
        resource_type.name: frozenset(
            f"{key}/{BROUGHT}"
            for attribute in resource_type.attributes.values()
            if attribute.references
            for key in declared.get(attribute.references, ())
        )
        for resource_type in types
    }


def _respelt(declarations: Sequence[Declaration], types: Sequence[ResourceType], known: Known) -> Iterator[Declaration]:
    """Yield the declarations with every reference spelt as its target's key."""
    keys: dict[str, dict[str, str]] = {
        name: {folded(key): key for key in implied} for name, implied in known.implied.items()
    }
    for declaration in declarations:
        address = declaration.resource.address
        keys.setdefault(address.type, {})[folded(address.key)] = address.key
    referring = {one.name: references_of(one, keys) for one in types}
    exact = {name: frozenset(spelt.values()) for name, spelt in keys.items()}
    for declaration in declarations:
        resource = declaration.resource
        respelt = {
            attribute.name: new
            for attribute, target in referring.get(resource.address.type, ())
            if (old := resource.get(attribute.name)) is not None
            and old not in exact[target]
            and old != (new := attribute.respelt(old, partial(_spelt, keys=keys[target])))
        }
        attributes = {**resource.attributes, **respelt}
        yield replace(declaration, resource=replace(resource, attributes=attributes)) if respelt else declaration


def _spelt(name: str, keys: Mapping[str, str]) -> str:
    return keys.get(folded(name), name)


def _by_type(
    declarations: Iterable[Declaration], types: Sequence[ResourceType], enrolled: Sequence[Roster] = ()
) -> Mapping[str, Resources]:
    by_type: dict[str, list[Resource]] = {one.name: [] for one in declared_types(types)}
    for declaration in declarations:
        by_type.setdefault(declaration.resource.address.type, []).append(declaration.resource)
    rosters = {name: joined(found) for name in by_type if (found := [one for one in enrolled if one.type == name])}
    return {name: Resources(resources, roster=rosters.get(name)).by_folded_key() for name, resources in by_type.items()}


# --- uniqueness ------------------------------------------------------------------------------------------------------


def _unique(declarations: Sequence[Declaration]) -> tuple[list[Declaration], list[Diagnostic]]:
    """Return the first declaration of each address; keys with different spellings may have the same address."""
    first: dict[tuple[str, str], Declaration] = {}
    found: list[Diagnostic] = []
    for declaration in declarations:
        address = declaration.resource.address
        earlier = first.setdefault(address.folded, declaration)
        if earlier is not declaration:
            detail = f'"{address.key}" is declared here and at {earlier.resource.position}.'
            remedy = "Remove one of the two. Both name the same object."
            found.append(
                declaration.place.diagnostic("Duplicate declaration", detail, remedy, on_key=True, address=str(address))
            )
    return list(first.values()), found


# --- references ------------------------------------------------------------------------------------------------------


def _dangling(declarations: Sequence[Declaration], types: Sequence[ResourceType], known: Known) -> Iterator[Diagnostic]:
    by_name = {one.name: one for one in types}
    checkable = {one.name for one in declared_types(types)}
    targets: dict[str, set[str]] = {name: {folded(key) for key in keys} for name, keys in known.implied.items()}
    declared: dict[str, list[str]] = {}
    for declaration in declarations:
        address = declaration.resource.address
        targets.setdefault(address.type, set()).add(folded(address.key))
        declared.setdefault(address.type, []).append(address.key)
    for (name, folded_key), key in known.invalid.items():
        targets.setdefault(name, set()).add(folded_key)
        declared.setdefault(name, []).append(key)
    # An invalid declaration has its error already: what it would bring does not count as missing.
    wrong: dict[str, list[str]] = {}
    for (name, _), key in known.invalid.items():
        wrong.setdefault(name, []).append(key)
    for name, keys in implied_by_default(types, wrong).items():
        targets.setdefault(name, set()).update(map(folded, keys))
    referring = {name: references_of(one, checkable) for name, one in by_name.items()}
    remedy = _remedies(declared, known, types)
    for declaration in declarations:
        missing = [
            (Address(target, item), (attribute.name, *place))
            for attribute, target in referring.get(declaration.resource.address.type, ())
            for item, place in attribute.targets(declaration.resource.get(attribute.name)).items()
            if item and folded(item) not in targets.get(target, frozenset[str]())
        ]
        brought = {f"{folded(named.key)}/{BROUGHT}" for named, _ in missing}
        for named, path in missing:  # without what another missing one would bring
            if folded(named.key) in brought:
                continue
            if named.folded in known.ended:
                yield _ended(declaration, path, named, known.ended[named.folded])
            else:
                yield _unknown(declaration, path, named, remedy(named.type, named.key))


def _may_be_called(kind: Managed, key: str) -> bool:
    """True where a type takes a key: ``X/default`` is the name of a policy, but of no attendant."""
    found = kind.parse(key, {})
    return isinstance(found, Resource) or not any(one.on_key and not one.path for one in found)


def _remedies(
    declared: Mapping[str, list[str]], known: Known, types: Sequence[ResourceType]
) -> Callable[[str, str], str]:
    """Return a function that returns the remedy for an unknown name of a type.

    Ranking compares a name with all others. So only the first names are ranked, and each once.
    """
    ranked: dict[tuple[str, str], tuple[str, ...]] = {}
    some: dict[str, list[str]] = {}

    names: dict[str, list[str]] = {}
    by_name = {one.name: one for one in declared_types(types)}

    def remedy(target: str, item: str) -> str:
        if target not in some:
            brought = (key for key in known.implied.get(target, ()) if _may_be_called(by_name[target], key))
            names[target] = [*declared.get(target, ()), *brought]
            some[target] = nsmallest(5, names[target])
        if (target, item) not in ranked and len(ranked) < _RANKED:
            ranked[target, item] = nearest(item, names[target])
        offered = ranked.get((target, item)) or some[target]
        first = f"Declare that {target.replace('_', ' ')}"
        return f"{first}, or name one of: {', '.join(offered)}." if offered else f"{first}. None is declared."

    return remedy


def _ended(declaration: Declaration, path: tuple[str, ...], target: Address, after: str) -> Diagnostic:
    if after:
        detail = f'"{_shown(path)}" names {target}, which moved to {Address(target.type, after)}.'
        return declaration.place.diagnostic(
            "Reference to a moved resource",
            detail,
            f"Write {after}.",
            path=path,
            address=str(declaration.resource.address),
        )
    return declaration.place.diagnostic(
        "Reference to an absent resource",
        f'"{_shown(path)}" names {target}, but the configuration declares that it must be absent.',
        f"Write state: absent here too, or name another {target.type.replace('_', ' ')}.",
        path=path,
        address=str(declaration.resource.address),
    )


def _shown(path: tuple[str, ...]) -> str:
    return ", ".join(path)


def _unknown(declaration: Declaration, path: tuple[str, ...], target: Address, remedy: str) -> Diagnostic:
    return declaration.place.diagnostic(
        "Unknown reference",
        f'"{_shown(path)}" names {target}, but the configuration does not declare it.',
        remedy,
        path=path,
        address=str(declaration.resource.address),
    )


# --- cycles ----------------------------------------------------------------------------------------------------------


def _cycles(declarations: Sequence[Declaration], types: Sequence[ResourceType]) -> Iterator[Diagnostic]:
    """Yield one error for each circle of references; only types that others reference can be in one.

    An intent is no reference of the object itself: its object can be created before the object that it names.
    """
    attributes = {
        one.name: [a for a in one.attributes.values() if a.references and a.role is not AttributeRole.INTENT]
        for one in types
    }
    referenced = {a.references for each in attributes.values() for a in each}
    by_address = {d.resource.address.folded: d for d in declarations if d.resource.address.type in referenced}
    graph: dict[tuple[str, str], list[tuple[str, str]]] = {
        address: [
            target
            for attribute in attributes.get(address[0], ())
            for item in attribute.targets(declaration.resource.get(attribute.name))
            if (target := Address(attribute.references or "", item).folded) in by_address
        ]
        for address, declaration in sorted(by_address.items())
    }
    for _ in range(_CIRCLES):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[tuple[str, str]] = error.args[1]
            yield _circle(circle[::-1], by_address)
            graph = {
                address: [target for target in targets if target not in circle]
                for address, targets in graph.items()
                if address not in circle
            }
        else:
            return


def _circle(circle: list[tuple[str, str]], by_address: Mapping[tuple[str, str], Declaration]) -> Diagnostic:
    """Return the error about a circle; it starts at the first address, so that it does not depend on reading order."""
    start = circle.index(min(circle[:-1]))
    turned = [*circle[start:-1], *circle[: start + 1]]
    members = [by_address[address].resource.address for address in turned]
    first = by_address[turned[0]]
    detail = f"Each of these references the next: {' -> '.join(map(str, members))}."
    remedy = "Remove one of these references. Otherwise none of them can be created first."
    if len(members) == 2:
        detail, remedy = f"{members[0]} refers to itself.", "Remove this reference. Otherwise it cannot be created."
    return first.place.diagnostic(
        "Circular reference",
        detail,
        remedy,
        on_key=True,
        address=str(members[0]),
    )


def find_contradictions(
    types: Sequence[ResourceType], landscape: Landscape, declared: Declarations
) -> Iterator[Diagnostic]:
    """Yield the contradictions between declarations, each with its line.

    Args:
        landscape: the declared resources, with nothing observed.
        declared: the same resources with their places.
    """
    errors = [one for kind in declared_types(types) for one in kind.check_declared(landscape) if one.is_error]
    every = (declared.valid, *(one.declarations() for one in declared.enrolled)) if errors else ()
    places = {str(one.resource.address): one.place for one in chain.from_iterable(every)}
    for one in errors:
        place = places.get(one.address or "")
        excerpt = place.diagnostic("", "", on_key=True).excerpt if place is not None else None
        yield replace(one, excerpt=excerpt, leaves_out=False)


def missing_connection(
    providers: Mapping[str, Provider], named: Collection[str], position: Position | None
) -> Diagnostic | None:
    """Return an error where a provider has no connection.

    Args:
        position: the place of the ``connections`` section, where there is one.
    """
    missing = [provider.product for name, provider in providers.items() if name not in named]
    if not missing:
        return None
    example = (f"      {name}: {{host: {provider.example}, auth: kerberos}}\n" for name, provider in providers.items())
    detail = f"The configuration has no connection to {' and '.join(missing)}. A plan needs one to each product."
    remedy = f"Declare all connections, or a simulator instead:\n\n    connections:\n{''.join(example)}"
    if len(missing) == len(providers):
        remedy += "\nTo use connections from outside the repository, give --connections or set RECONCILER_CONNECTIONS."
    return Diagnostic("Missing connection", detail, remedy, position=position)
