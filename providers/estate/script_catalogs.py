"""Checks that the global catalogues agree about gateways and hunt groups, because exchucutil uses any one of them.

On a catalogue that is behind, the script removes objects that are already gone and makes objects that already exist.
Both fail.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.commands import Command, read
from reconciler.model.diagnostics import SessionError
from reconciler.model.resource_types import Answer

_LISTINGS = {"Get-UMIPGateway": "gateways", "Get-UMHuntGroup": "hunt groups"}


def replication_queries(catalogs: Sequence[str]) -> tuple[Command, ...]:
    """Return the listings of each catalogue, for comparison."""
    return tuple(read(cmdlet, "Guid", DomainController=catalog) for cmdlet in _LISTINGS for catalog in catalogs)


def not_agreed(answers: Sequence[Answer]) -> str | None:
    """Return a sentence about two catalogues that differ; None if all agree or one did not answer."""
    first: dict[str, tuple[object, frozenset[str]]] = {}
    for command, reply in answers:
        if command.cmdlet not in _LISTINGS or isinstance(reply, SessionError):
            continue
        controller = command.argument("DomainController")
        found = frozenset(str(record.get("Guid")) for record in reply.records)
        other, known = first.setdefault(command.cmdlet, (controller, found))
        if known != found:
            return f"{other} and {controller} do not agree on the {_LISTINGS[command.cmdlet]} yet"
    return None
