"""UM hunt groups: the only link between a gateway and a dial plan.

For each pool gateway and SIP dial plan exchucutil makes one, named like the dial plan. On each run it removes all
others on those gateways. So its own ones are only observed, and only custom ones are declared. A hunt group cannot be
changed; a different value needs a new hunt group.

Sources: New-UMHuntGroup, Get-UMHuntGroup (Microsoft Learn), the script itself; DOMAIN 4.2, 7.5.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.value_types import Text, object_name, text
from providers.estate.link_checks import LINK_RULES, check_links
from providers.estate.links import is_script_link, links_of, named_pools, surplus_links
from providers.estate.servers import exchange_release
from providers.estate.topology import address_of, gateway_argument
from providers.schema.exchange import DialPlan, Exchucutil, HuntGroup, IPGateway
from providers.schema.lync import Pool
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Command, NameOf, ObjectId, write
from reconciler.model.diagnostics import Diagnostic, Problem, Severity, did_you_mean
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.trimming import Surplus, Trimming
from reconciler.model.values import Record, Value, folded

UNKNOWN_GATEWAY = Rule(
    "UM023",
    "Unknown gateway",
    "A declared hunt group belongs to a gateway that does not exist and that exchucutil will not make.",
    "Write the key as address/name, where the address is that of a UM IP gateway.",
    "New-UMHuntGroup; DOMAIN 7.5",
)
TAKEN_NAME = Rule(
    "UM024",
    "Hunt group belongs to exchucutil",
    "A hunt group on the gateway of a pool with the name of its dial plan belongs to the script, which removes and "
    "makes it on each run.",
    "Give the hunt group another name, or do not declare it.",
    "ExchUCUtil.ps1; DOMAIN 4.2",
    Severity.WARNING,
)


NO_PILOT = Rule(
    "UM025",
    "Hunt group needs a pilot identifier",
    "Exchange 2007 needs a pilot identifier for each hunt group.",
    "Write pilot_identifier.",
    "New-UMHuntGroup of Exchange 2007; DOMAIN 2.2",
)


def _is_key(value: str) -> str:
    address, slash, name = (part.strip() for part in value.partition("/"))
    if not (address and slash and name):
        raise ValueError("must be written address/name, such as pool1.contoso.com/Custom")
    if len(name) > 64:
        raise ValueError(f"has a name of {len(name)} characters; Exchange accepts at most 64")
    return f"{address.lower()}/{name}"


class HuntGroupType(HuntGroup, CmdletResource, Trimming):
    """The link of a gateway to a dial plan. exchucutil makes it; custom ones are kept."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.FIXED
    after: ClassVar[tuple[str, ...]] = (Exchucutil.name,)
    section: ClassVar[str | None] = "hunt_groups"
    noun: ClassVar[str] = "UMHuntGroup"
    key_type: ClassVar[Any] = Annotated[Text, AfterValidator(_is_key)]
    reads_after: ClassVar[tuple[str, ...]] = (IPGateway.name,)
    rules: ClassVar[tuple[Rule, ...]] = (UNKNOWN_GATEWAY, TAKEN_NAME, NO_PILOT, *LINK_RULES)

    def declared(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        gateway = key.partition("/")[0]
        written = self.gateway.of(values)
        if written not in (None, gateway):
            detail, remedy = f'"gateway" is {written}, but the name says {gateway}.', "write the same in both."
            return (Problem((self.gateway.name,), "Invalid value", detail, f"Leave gateway out, or {remedy}"),)
        return super().declared(key, {**values, self.gateway.name: gateway})

    def from_record(self, record: Record, landscape: Landscape) -> Resource | None:
        """Return the hunt group. The server names its gateway; the resource has the gateway's address instead."""
        name, gateway_name = text(record.get("Name")), object_name(record.get("UMIPGateway"))
        if not (isinstance(name, str) and name and isinstance(gateway_name, str) and gateway_name):
            return None
        address = address_of(gateway_name, landscape)
        guid = record.get("Guid")
        return Resource(
            Address(self.name, f"{address}/{name}"),
            {**self.canonical(record), self.gateway.name: address},
            name=f"{gateway_name}\\{name}",
            guid=guid if isinstance(guid, str) else None,
        )

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        return landscape.planned(Exchucutil)

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        gateway, _, name = desired.key.partition("/")
        pilot = desired.get(self.pilot_identifier)
        return (
            write(
                "New-UMHuntGroup",
                Name=name,
                UMDialPlan=desired.get(self.dial_plan),
                UMIPGateway=gateway_argument(gateway, landscape),
                **({"PilotIdentifier": pilot} if pilot else {}),
            ),
        )

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        return (write("Remove-UMHuntGroup", Identity=hunt_group_argument(observed, landscape)),)

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True for a link that exchucutil makes."""
        return is_script_link(observed, landscape)

    def surplus(self, landscape: Landscape) -> Mapping[str, Surplus]:
        found = surplus_links(landscape)
        return {key: _surplus(landscape.all(self)[key], plan) for key, plan in found.items()}

    def successors(self, gone: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return the new hunt groups, and for a link also what gives its dial plan a gateway for outgoing calls."""
        script = landscape.planned(Exchucutil) if is_script_link(gone, landscape) else ()
        return (*super().successors(gone, landscape), *script, *_raised(gone, landscape))

    def conditions(self, action: Action, landscape: Landscape) -> Mapping[str, Value]:
        """Return, for a surplus link, whether the dial plan keeps a link, and outgoing calls if this one has them."""
        group = landscape.at(action.address)
        if action.kind is not ActionKind.DELETE or action.destroyed or group is None:
            return {}
        return {"can_be_spared": _can_be_spared(group, landscape)}

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        found: list[Diagnostic] = []
        gateways = landscape.all(IPGateway)
        mandatory = self.mandatory(exchange_release(landscape))
        for declared in landscape.wanted(self).values():
            gateway, _, name = declared.key.partition("/")
            if self.pilot_identifier in mandatory and not declared.get(self.pilot_identifier):
                found.append(NO_PILOT.found(declared, f"{declared.address} has no pilot identifier."))
            if gateway not in gateways and landscape.is_readable(IPGateway):
                detail = f'{declared.address} needs the gateway "{gateway}", which does not exist.'
                found.append(UNKNOWN_GATEWAY.found(declared, detail, did_you_mean(gateway, gateways)))
            elif gateway in landscape.all(Pool) and folded(name) == folded(declared.get(self.dial_plan) or ""):
                detail = f"{declared.address} has the name of its dial plan."
                found.append(TAKEN_NAME.found(declared, detail))
        return (*found, *check_links(landscape))


def _surplus(group: Resource, plan: Resource) -> Surplus:
    pool, named = group.get(HuntGroup.gateway) or "", named_pools(plan) or frozenset()
    wanting = plan.having(DialPlan.pools, tuple(sorted({*named, pool})))
    return Surplus(f"pools of {plan.address} leaves out {pool}", wanting)


def _others(group: Resource, landscape: Landscape, leaving: Collection[str] = ()) -> list[Resource]:
    """Return the other gateways that are linked with the dial plan of a hunt group and are not disabled."""
    links = links_of(landscape).get(folded(group.get(HuntGroup.dial_plan) or ""), ())
    lasting = {other.get(HuntGroup.gateway) for other in links if other.key not in leaving}
    known = (landscape.one(IPGateway, one) for one in sorted(filter(None, lasting - {group.get(HuntGroup.gateway)})))
    return [gateway for gateway in known if gateway is not None and gateway.get(IPGateway.status) != "Disabled"]


def _raised(group: Resource, landscape: Landscape) -> list[Address]:
    """Return the actions that give the dial plan of a link another gateway for outgoing calls, if it needs one.

    A link without outgoing calls needs none. It is removed before its gateway gets them for another dial plan, so that
    its own one never has more gateways than it needs.
    """
    own = landscape.one(IPGateway, group.get(HuntGroup.gateway))
    if own is None or not _calls_out_now(own, landscape):
        return []
    others = _others(group, landscape, surplus_links(landscape))
    able = [gateway for gateway in others if gateway.get(IPGateway.outcalls_allowed)]
    if any(_calls_out_now(gateway, landscape) for gateway in able):
        return []
    return [gateway.address for gateway in able if gateway.address in landscape.actions]


def _calls_out_now(gateway: Resource, landscape: Landscape) -> bool:
    """True if a gateway allows outgoing calls before the planned action on it."""
    action = landscape.actions.get(gateway.address)
    before = (
        [one.before for one in action.changes if one.attribute == IPGateway.outcalls_allowed.name] if action else []
    )
    return bool(before[0] if before else gateway.get(IPGateway.outcalls_allowed))


def _can_be_spared(group: Resource, landscape: Landscape) -> bool:
    """True if the dial plan of a hunt group has other links; with outgoing calls if this one has them."""
    others, own = _others(group, landscape), landscape.one(IPGateway, group.get(HuntGroup.gateway))
    if own is None or not own.get(IPGateway.outcalls_allowed) or own.get(IPGateway.status) == "Disabled":
        return bool(others)
    return any(gateway.get(IPGateway.outcalls_allowed) for gateway in others)


def hunt_group_argument(group: Resource, landscape: Landscape) -> str | ObjectId | NameOf:
    """Return the argument for a hunt group: its GUID, otherwise gateway and name.

    The name of a new gateway is a ``NameOf``, which apply replaces.
    """
    gateway, _, name = group.key.partition("/")
    known = landscape.one(IPGateway, gateway)
    if group.name or known is None:
        return object_argument(group, f"{gateway}\\{name}")
    return f"{known.name}\\{name}" if known.name else NameOf(group.address, "hunt group")
