"""UM hunt groups: the only link between a gateway and a dial plan.

For each pool gateway and SIP dial plan exchucutil makes one, named like the dial plan. On each run it removes all
others on those gateways. So its own ones are only observed, and only custom ones are declared. A hunt group cannot be
changed; a different value needs a new hunt group.

Sources: New-UMHuntGroup, Get-UMHuntGroup (Microsoft Learn), the script itself; DOMAIN 4.2, 7.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.value_types import Text, object_name, text
from providers.estate.servers import exchange_release
from providers.estate.topology import address_of, gateway_argument, uc_pools
from providers.schema.exchange import Exchucutil, HuntGroup, IPGateway
from providers.schema.lync import Pool
from reconciler.model.commands import Command, NameOf, ObjectId, write
from reconciler.model.diagnostics import Diagnostic, Problem, Severity, did_you_mean
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Rule
from reconciler.model.resources import Address, Resource
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


class HuntGroupType(HuntGroup, CmdletResource):
    """The link of a gateway to a dial plan. exchucutil makes it; custom ones are kept."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.FIXED
    after: ClassVar[tuple[str, ...]] = (Exchucutil.name,)
    section: ClassVar[str | None] = "hunt_groups"
    noun: ClassVar[str] = "UMHuntGroup"
    key_type: ClassVar[Any] = Annotated[Text, AfterValidator(_is_key)]
    reads_after: ClassVar[tuple[str, ...]] = (IPGateway.name,)
    rules: ClassVar[tuple[Rule, ...]] = (UNKNOWN_GATEWAY, TAKEN_NAME, NO_PILOT)

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
        """True for a link that exchucutil makes: on the gateway of a pool, named like its dial plan."""
        name = folded(observed.key.partition("/")[2])
        is_named_so = name == folded(observed.get(HuntGroup.dial_plan) or "")
        return is_named_so and (observed.get(HuntGroup.gateway) or "") in uc_pools(landscape)

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
        return found


def hunt_group_argument(group: Resource, landscape: Landscape) -> str | ObjectId | NameOf:
    """Return the argument for a hunt group: its GUID, otherwise gateway and name.

    The name of a new gateway is a ``NameOf``, which apply replaces.
    """
    gateway, _, name = group.key.partition("/")
    known = landscape.one(IPGateway, gateway)
    if group.name or known is None:
        return object_argument(group, f"{gateway}\\{name}")
    return f"{known.name}\\{name}" if known.name else NameOf(group.address, "hunt group")
