"""The names of gateways: this project uses the address, the server uses a name.

exchucutil names a gateway after the pool object (``1:1``), so the name is unknown until the gateway exists. The address
is the FQDN of the pool and is known from the start.
"""

from __future__ import annotations

from collections.abc import Mapping

from providers.cmdlets.cmdlet_resource import object_argument
from providers.cmdlets.value_types import lower
from providers.schema.exchange import HuntGroup, IPGateway
from reconciler.model.commands import NameOf, ObjectId
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.model.values import folded


def gateway_argument(address: str, landscape: Landscape) -> str | ObjectId | NameOf:
    """Return the argument for a gateway: its GUID, or a ``NameOf`` if it does not exist yet."""
    gateway = landscape.one(IPGateway, address)
    if gateway is not None and not gateway.name:
        return NameOf(Address(IPGateway.name, address), "gateway")
    return object_argument(gateway, address)


def address_of(gateway_name: str, landscape: Landscape) -> str:
    """Return the address of the gateway with this name; if no gateway has it, the name in lower case."""
    wanted = folded(gateway_name)
    gateways = landscape.all(IPGateway).values()
    found = next((one.key for one in gateways if one.name and folded(one.name) == wanted), None)
    return found or str(lower(gateway_name))


def gateways_of(plan: str, landscape: Landscape) -> tuple[str, ...]:
    """Return the addresses of the gateways that a hunt group links to ``plan``, in order."""
    wanted = folded(plan)
    linked = (
        group.get(HuntGroup.gateway)
        for group in landscape.all(HuntGroup).values()
        if folded(group.get(HuntGroup.dial_plan) or "") == wanted
    )
    return tuple(sorted({gateway for gateway in linked if gateway}))


def lasting_gateways(landscape: Landscape) -> Mapping[str, frozenset[str]]:
    """Return the addresses of linked gateways by folded dial plan, without links that this plan removes last.

    A plan removes the hunt groups that the state knows as ours and that are no longer declared. Unreadable ones stay.
    """
    wanted = landscape.wanted(HuntGroup)
    ours = {address.folded for address in landscape.prior.resources if address.type == HuntGroup.name}
    found: dict[str, frozenset[str]] = {}
    for group in landscape.all(HuntGroup).values():
        is_removed = group.key not in wanted and group.address.folded in ours
        gateway, plan = group.get(HuntGroup.gateway), folded(group.get(HuntGroup.dial_plan) or "")
        if gateway and not (is_removed and landscape.is_readable(HuntGroup, group.key)):
            found[plan] = found.get(plan, frozenset()) | {gateway}
    return found
