"""What an environment needs on each host: the cmdlets that its resource types read by, and those that they change by.

Types declare their cmdlets for every version of the servers, because a runner is told once what it may call. Which of
them an estate really needs follows from what the types would read in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.commands import EXCHANGE, Connection, Endpoint, Operation
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Check, Finding, failed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True)
class Needs:
    """What the resource types of the environment may call on one host."""

    reading: frozenset[str] = frozenset()
    changing: frozenset[str] = frozenset()
    script: bool = False
    """exchucutil runs here."""

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.reading | other.reading, self.changing | other.changing, self.script or other.script)


NOTHING: Final = Needs()


def needs_of(types: Sequence[ResourceType], landscape: Landscape) -> Mapping[Endpoint, Needs]:
    """Return, by endpoint, which cmdlets the types would call there, given what was discovered.

    A cmdlet that changes is needed where its noun is read, or else wherever its type reads.
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
    for cmdlet in kind.cmdlets:
        if cmdlet.casefold().endswith(".ps1"):
            yield EXCHANGE, Needs(script=True)
        elif not cmdlet.casefold().startswith(("get-", "test-")):
            reader = f"Get-{cmdlet.partition('-')[2]}"
            same = {command.endpoint for command in reads if command.cmdlet == reader}
            every = {command.endpoint for command in reads}
            own = {endpoint for endpoint in every if endpoint.host} or every
            for endpoint in same if reader in kind.cmdlets else own:
                yield endpoint, Needs(changing=frozenset({cmdlet}))


def undeclared(needs: Mapping[Endpoint, Needs], connections: Iterable[Connection]) -> Iterator[Finding]:
    """Yield the connections that the types would use and that are not declared."""
    missing = {endpoint.connection for endpoint in needs} - set(connections)
    for connection in sorted(missing, key=lambda one: one.value):
        name = connection.value
        detail = f'The configuration has no connection "{name}"; a plan reads through it.'
        remedy = f"Declare it:\n    connections: {{{name}: {{host: server.example.com, auth: kerberos}}}}"
        yield failed(Check.CONNECTIONS, Diagnostic("No connection", detail, remedy))
