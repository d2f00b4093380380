"""Finds contradictions between declarations without asking a server.

Each resource type checks its declarations (``ResourceType.check_declared``). A plan leaves a contradicting row out.
Here it is an error: if two rows claim the same extension, only their author knows the correct one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from reconciler.config.declarations import Declaration
from reconciler.model.commands import Connection
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType, declared_types

_PRODUCTS: Final = {Connection.EXCHANGE: "Exchange", Connection.LYNC: "Lync"}
_EXAMPLE: Final = """\
    connections:
      exchange: {host: ex1.contoso.com, auth: kerberos}
      lync: {host: fe1.contoso.com, auth: kerberos}
"""


def find_contradictions(
    types: Sequence[ResourceType], landscape: Landscape, declarations: Sequence[Declaration]
) -> Iterator[Diagnostic]:
    """Yield the contradictions between declarations, each with its line.

    Args:
        landscape: the declared resources, with nothing observed.
        declarations: the same resources with their places.
    """
    errors = [one for kind in declared_types(types) for one in kind.check_declared(landscape) if one.is_error]
    places = {str(one.resource.address): one.place for one in declarations} if errors else {}
    for one in errors:
        place = places.get(one.address or "")
        excerpt = place.diagnostic("", "", on_key=True).excerpt if place is not None else None
        yield replace(one, excerpt=excerpt, leaves_out=False)


def missing_connection(named: Collection[Connection], position: Position | None) -> Diagnostic | None:
    """Return an error where Exchange or Lync has no connection.

    Args:
        position: the place of the ``connections`` section, where there is one.
    """
    missing = [product for connection, product in _PRODUCTS.items() if connection not in named]
    if not missing:
        return None
    known = [product for connection, product in _PRODUCTS.items() if connection in named]
    detail = f"The configuration has no connection to {' and '.join(missing)}. Voice mail needs both products."
    remedy = f"Declare both connections, or a simulator instead:\n\n{_EXAMPLE}"
    if not known:
        remedy += "\nTo use connections from outside the repository, give --connections or set RECONCILER_CONNECTIONS."
    return Diagnostic("Missing connection", detail, remedy, position=position)
