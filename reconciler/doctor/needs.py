"""Lists the cmdlets that each host must have: those that read and those that change.

A resource type declares its cmdlets for all server versions, because a runner receives its list of allowed cmdlets
once. The cmdlets that an estate needs follow from the reads of its types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.abilities import Examining
from reconciler.model.commands import Endpoint, Operation
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Check, Finding, failed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True)
class Needs:
    """The cmdlets that the resource types of an environment call on one host."""

    reading: frozenset[str] = frozenset()
    changing: frozenset[str] = frozenset()
    more: tuple[Examining, ...] = ()
    """The types that need more than cmdlets there, and judge it themselves."""

    def __or__(self, other: Needs) -> Needs:
        more = tuple(dict.fromkeys((*self.more, *other.more)))
        return Needs(self.reading | other.reading, self.changing | other.changing, more)


NOTHING: Final = Needs()


def needs_of(types: Sequence[ResourceType], landscape: Landscape) -> Mapping[Endpoint, Needs]:
    """Return the cmdlets that the types call, by endpoint, for the discovered estate.

    A changing cmdlet is needed where the type reads its noun; without such a read, wherever the type reads.
    """
    found: dict[Endpoint, Needs] = {}
    for kind in types:
        for endpoint, needs in _needs_of(kind, landscape):
            found[endpoint] = found.get(endpoint, NOTHING) | needs
    return found


def _needs_of(kind: ResourceType, landscape: Landscape) -> Iterator[tuple[Endpoint, Needs]]:
    reads = kind.queries(landscape)
    for command in reads:
        is_cmdlet = command.operation is Operation.INVOKE
        yield command.endpoint, Needs(frozenset({command.cmdlet} if is_cmdlet else ()))
    if isinstance(kind, Examining):
        yield kind.examined_at, Needs(more=(kind,))
    for cmdlet in kind.cmdlets:
        is_script = cmdlet.casefold().endswith(".ps1")
        if not is_script and not cmdlet.casefold().startswith(("get-", "test-")):
            reader = f"Get-{cmdlet.partition('-')[2]}"
            same = {command.endpoint for command in reads if command.cmdlet == reader}
            every = {command.endpoint for command in reads}
            own = {endpoint for endpoint in every if endpoint.host} or every
            for endpoint in same if reader in kind.cmdlets else own:
                yield endpoint, Needs(changing=frozenset({cmdlet}))


def undeclared(needs: Mapping[Endpoint, Needs], connections: Iterable[str]) -> Iterator[Finding]:
    """Yield a failure for each connection that the types need and that is not declared."""
    missing = {endpoint.connection for endpoint in needs} - set(connections)
    for name in sorted(missing):
        detail = f'The configuration has no connection "{name}". A plan needs it to read.'
        remedy = f"Declare it:\n    connections: {{{name}: {{host: server.example.com, auth: kerberos}}}}"
        yield failed(Check.CONNECTIONS, Diagnostic("Missing connection", detail, remedy))
