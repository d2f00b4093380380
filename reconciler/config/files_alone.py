"""What the files of an environment prove by themselves, so that it is told before any server is asked.

Each resource type judges its declarations (``ResourceType.check_declared``). What a plan would leave out as the row of
one user is an error here: of two rows that claim one extension, nobody but their author knows which is right.
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
    """Yield the errors that declarations prove among themselves, each with its line.

    Args:
        landscape: what is declared, and nothing else.
        declarations: the same with their places.
    """
    told = [one for kind in declared_types(types) for one in kind.check_declared(landscape) if one.is_error]
    places = {str(one.resource.address): one.place for one in declarations} if told else {}
    for one in told:
        place = places.get(one.address or "")
        excerpt = place.diagnostic("", "", on_key=True).excerpt if place is not None else None
        yield replace(one, excerpt=excerpt, leaves_out=False)


def missing_connection(named: Collection[Connection], position: Position | None) -> Diagnostic | None:
    """Return an error where no connection leads to Exchange, or none to Lync; None where both are named.

    Args:
        position: of the section that names them; None where there is none.
    """
    missing = [product for connection, product in _PRODUCTS.items() if connection not in named]
    if not missing:
        return None
    known = [product for connection, product in _PRODUCTS.items() if connection in named]
    but = f"the connections lead to {known[0]} alone" if known else "no connection is named"
    detail = f"How to reach {' and '.join(missing)} is not known: {but}. Voice mail is set up in both products."
    remedy = f"Name both, or a simulator in their place:\n\n{_EXAMPLE}"
    if not known:
        remedy += "\nConnections kept outside of the files are named by --connections or RECONCILER_CONNECTIONS."
    return Diagnostic("Missing connection", detail, remedy, position=position)
