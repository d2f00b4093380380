"""Exports an estate as the files of a new environment, and proves that they declare what was described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.export.describe import Description, describe
from reconciler.export.render import Head, render
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.resource_types import ResourceType, declared_types
from reconciler.model.resources import Address, Resources
from reconciler.model.values import EMPTY
from reconciler.plan.checks import unreadable

_TRIALS = 5


@dataclass(frozen=True, slots=True)
class Export:
    """The files of an environment, and what they hold."""

    contents: Mapping[str, bytes]
    """The files to write, by name."""
    description: Description
    diagnostics: tuple[Diagnostic, ...] = ()
    """What could not be read, as ``plan`` reports it."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the written files, in the directory of the environment."""
        return tuple(sorted(self.contents))

    @property
    def declared(self) -> Mapping[str, int]:
        """Number of declared objects, by type."""
        return {kind.name: number for kind, number in self.description.counts().items()}

    @property
    def omitted(self) -> int:
        """Number of objects that are left out."""
        return len(self.description.left_out)

    def exit_code(self) -> int:
        """Return 1 where something could not be read, because then the files may lack an object; otherwise 0."""
        return 1 if self.description.unread else 0


def export(
    types: Sequence[ResourceType],
    landscape: Landscape,
    head: Head,
    *,
    in_full: bool = False,
    beside: Mapping[str, bytes] = EMPTY,
) -> Export:
    """Return a new environment that declares the observed objects; a plan of it changes none of them.

    Args:
        landscape: everything that was read, without declarations and without a state.
        in_full: also write the defaults of the server.
        beside: further files of the environment, such as the world of a simulator.
    """
    refused: dict[Address, Diagnostic] = {}
    found: Sequence[Diagnostic] = ()
    for parses_rows in (False, *repeat(True, _TRIALS)):
        description = describe(types, landscape, in_full=in_full, refused=refused, parses_rows=parses_rows)
        contents = {name: text.encode() for name, text in render(types, description, head).items()} | {**beside}
        loaded, found = load(Files(contents), types)
        wrong = differing(types, description, loaded) if loaded is not None else []
        if loaded is not None and not wrong:
            return Export(contents, description, tuple(unreadable(landscape)))
        # A value that the readers do not take as it was observed is found sooner by them, and said better by a parser.
        if parses_rows:
            assert not wrong, f"the files declare something else: {wrong[:3]}"
            refused |= refusals(description, found)
    raise AssertionError(f"the files have errors: {found[:3]}")


def refusals(description: Description, found: Sequence[Diagnostic]) -> Mapping[Address, Diagnostic]:
    """Return the declarations that the readers refuse, with the reasons.

    Raises:
        AssertionError: an error is about none of them.
    """
    errors = [one for one in found if one.is_error]
    addresses = {str(one.address): one.address for one in description.written} if errors else {}
    refused = {addresses[one.address]: one for one in errors if one.address in addresses}
    if errors and not refused:
        raise AssertionError(f"the files have errors: {errors[:3]}")
    return refused


def differing(
    types: Sequence[ResourceType],
    description: Description,
    loaded: Environment,
    before: Mapping[str, Resources] = EMPTY,
) -> list[str]:
    """Return the addresses of which the files declare something else than was described, or declared ``before``."""
    return [
        f"{kind.name}/{key}"
        for kind in declared_types(types)
        for key in _unlike(
            description.resources(kind) | before.get(kind.name, NO_RESOURCES),
            loaded.declared.get(kind.name, NO_RESOURCES),
        )
    ]


def _unlike(asked: Resources, read: Resources) -> list[str]:
    """Return the keys whose attributes differ, or that only one of the two has."""
    names = sorted(asked.attribute_names | read.attribute_names)
    keys = asked.folded if asked.folded == read.folded else sorted(asked.folded | read.folded)
    rows = zip(keys, asked.rows(names, keys), read.rows(names, keys), strict=True)
    return [key for key, one, other in rows if one != other]
