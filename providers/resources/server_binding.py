"""The dial plans and the startup mode of each Exchange server: step 4 of the procedure.

Nobody declares bindings. They follow from ``servers`` of the dial plans, and the mode follows from their security. Only
our own dial plans are added and removed. From 2013 on the command has the difference; for older servers it writes the
whole list that was just read. A new mode needs a restart of the services, which becomes an obligation.

Sources: Set-UMServer, Set-UMService, Set-UMCallRouterSettings (Microsoft Learn); DOMAIN 2.3, 3.5, 3.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.value_types import lower, object_name
from providers.cmdlets.versions import ExchangeVersion
from providers.estate.servers import UMHost, UMService, endpoint_for, named_servers, setting_command, um_hosts
from providers.estate.services import UM_SERVICE_RESTART, owed_since_now
from providers.estate.support import SUPPORT_RULES, check_pairs
from providers.schema.exchange import DialPlan, ServerBinding
from providers.schema.exchange_facts import ExchangeServer
from providers.schema.windows_services import UMServiceRestart
from reconciler.model.abilities import Owing
from reconciler.model.actions import Action, Change
from reconciler.model.commands import Argument, Command, Delta, read
from reconciler.model.diagnostics import Diagnostic, NotFound, SessionError, Severity, did_you_mean, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed, Lifecycle, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Record, folded

UNKNOWN_SERVER = Rule(
    "UM010",
    "Unknown Exchange server",
    "A dial plan names a server that the organization does not have.",
    "Write the FQDN of an Exchange server, or all.",
    "Get-ExchangeServer; DOMAIN 3.5",
)
NO_UM_ROLE = Rule(
    "UM011",
    "Server has no Unified Messaging",
    "A dial plan names a server without a Unified Messaging role or service, which cannot answer calls.",
    "Name servers with the Unified Messaging, Mailbox or Client Access role of Exchange 2007 to 2016, or write all.",
    "UM voice architecture changes (JJ150516); DOMAIN 2.2",
)
MIXED_VERSIONS = Rule(
    "UM012",
    "Servers of several versions on one dial plan",
    "Lync routes only to the servers of the highest Exchange version on a dial plan. The other servers get no calls.",
    "Bind servers of one version, or remove the older ones once the newer ones serve.",
    "Lync Server 2010 ExumRouting Enhancements; DOMAIN 2.3",
    Severity.WARNING,
)
NOT_EVERY_SERVER = Rule(
    "UM013",
    "Dial plan is not on every server",
    "From Exchange 2013 on, all Client Access and Mailbox servers must be bound to all SIP dial plans used with "
    "Lync. Otherwise outgoing calls and transfers fail.",
    "Write servers: all.",
    "Add Mailbox and Client Access servers to a SIP URI dial plan (Aa996399); DOMAIN 3.5",
    Severity.WARNING,
)
NO_SERVER = Rule(
    "UM014",
    "Dial plan has no server",
    "No server answers for the dial plan, so it cannot take calls.",
    "Write servers: all, or the FQDNs of its servers.",
    "DOMAIN 3.5",
    Severity.WARNING,
)
ALL_DISABLED = Rule(
    "UM018",
    "No server takes calls",
    "Lync routes the calls of a dial plan to the servers of the highest Exchange version bound to it. All of them are "
    "disabled or take no new calls, so nobody reaches voice mail. A single one may be disabled as a standby.",
    "Enable one of them.",
    "Set-UMServer, Set-UMService, parameter Status; DOMAIN 2.3, 3.5",
    Severity.WARNING,
)
NO_UM_AT_ALL = Rule(
    "UM016",
    "Organization has no Unified Messaging",
    "No Exchange server of the organization has Unified Messaging, which ended with Exchange 2016. So no dial plan "
    "can be made or answered there.",
    "Name an Exchange server of 2007 to 2016 as connection, or use Cloud Voicemail and declare no dial plans.",
    "Exchange Server 2019, discontinued features; DOMAIN 2.1, 2.2",
)

_GET = {UMService.UM_SERVER: "Get-UMServer", UMService.UM_SERVICE: "Get-UMService"}


class ServerBindingType(ServerBinding, CmdletResource, Owing):
    """Dial plans and startup mode of one UM server, UM service or call router; key ``fqdn/um_service``."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    after: ClassVar[tuple[str, ...]] = (DialPlan.name,)
    noun: ClassVar[str] = "UMService"
    other_cmdlets: ClassVar[tuple[str, ...]] = (
        "Get-UMServer",
        "Set-UMServer",
        "Get-UMCallRouterSettings",
        "Set-UMCallRouterSettings",
    )
    reads_after: ClassVar[tuple[str, ...]] = (ExchangeServer.name,)
    refreshes: ClassVar[tuple[str, ...]] = (UMServiceRestart.name,)
    rules: ClassVar[tuple[Rule, ...]] = (
        UNKNOWN_SERVER,
        NO_UM_ROLE,
        MIXED_VERSIONS,
        NOT_EVERY_SERVER,
        NO_SERVER,
        NO_UM_AT_ALL,
        ALL_DISABLED,
        *SUPPORT_RULES,
    )

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        """Return one listing for each cmdlet and endpoint: it shows the servers of all versions there.

        Where one of them has a startup mode, the listing asks for it.
        """
        commands: dict[Command, None] = {}
        hosts = um_hosts(landscape).values()
        with_mode = {endpoint_for(host, landscape) for host in hosts if host.version.has_startup_mode}
        for host in hosts:
            endpoint = endpoint_for(host, landscape)
            properties = ["Name", "Guid", "DialPlans", *(["UMStartupMode"] if endpoint in with_mode else [])]
            for service in host.services:
                if service is UMService.CALL_ROUTER:
                    command = read("Get-UMCallRouterSettings", *properties, endpoint=endpoint, Server=host.fqdn)
                else:
                    command = read(_GET[service], *properties, "Status", "Languages", endpoint=endpoint)
                commands[command] = None
        return tuple(commands)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        by_name = {folded(host.name): host for host in um_hosts(landscape).values()}
        found: list[Resource | Diagnosed] = []
        for command, reply in answers:
            server = command.argument("Server")
            if isinstance(reply, NotFound):
                continue
            if isinstance(reply, SessionError):
                key = f"{server}/{UMService.CALL_ROUTER.value}" if server else "*"
                found += [Diagnosed(Address(self.name, key), why) for why in reply.diagnostics]
                continue
            for record in reply.records:
                if server is not None:
                    found.append(self._observed(str(server), UMService.CALL_ROUTER, record))
                    break
                host = by_name.get(folded(str(object_name(record.get("Name")))))
                if host is not None:
                    found.append(self._observed(host.fqdn, _service_of(command), record))
        return found

    def _observed(self, fqdn: str, service: UMService, record: Record) -> Resource:
        guid = record.get("Guid")
        address = Address(self.name, f"{lower(fqdn)}/{service.value}")
        name = str(object_name(record.get("Name")))
        return Resource(address, self.canonical(record), name=name, guid=guid if isinstance(guid, str) else None)

    # what follows from the dial plans

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        plans = tuple(landscape.wanted(DialPlan).values())
        desired: list[Resource] = []
        for host in um_hosts(landscape).values():
            bound = [plan for plan in plans if host.fqdn in named_servers(plan, landscape)]
            for service in host.services:
                address = Address(self.name, f"{host.fqdn}/{service.value}")
                if bound or _still_ours(address, landscape):
                    desired.append(_desired(address, bound, host, landscape))
        return desired

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        return True  # it stays desired until no dial plan of ours is left on it, or its server is gone

    def obligations(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[Obligation]:
        if any(change.attribute == self.startup_mode.name for change in changes):
            return (UM_SERVICE_RESTART.of(host_of(desired.key)),)
        return ()

    def owed_after(self, action: Action, landscape: Landscape) -> Sequence[Obligation]:
        return owed_since_now(action, landscape)

    # what changes it

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        fqdn, _, kind = desired.key.rpartition("/")
        service, host = UMService(kind), um_hosts(landscape).get(fqdn)
        if host is None:
            return ()
        arguments: dict[str, Argument] = {}
        for change in changes:
            if change.attribute == self.dial_plans.name:
                arguments["DialPlans"] = _dial_plans(change, host)
            elif isinstance(change.after, str):
                arguments["UMStartupMode"] = change.after
        return (setting_command(host, service, landscape, name=observed.name, **arguments),)

    def is_written_whole(self, resource: Resource, attribute: str) -> bool:
        """True for the dial plans of a UM server (2007, 2010): its cmdlet accepts only a whole list."""
        return resource.key.endswith(f"/{UMService.UM_SERVER.value}")

    # what forbids or clouds it

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        if not landscape.is_readable(ExchangeServer):
            return ()
        hosts, plans = um_hosts(landscape), landscape.wanted(DialPlan).values()
        if plans and not hosts and landscape.all(ExchangeServer):
            return (_no_um(landscape),)
        found = [one for plan in plans for one in _check(plan, hosts, landscape)]
        return (*found, *check_pairs(landscape))


def _still_ours(address: Address, landscape: Landscape) -> bool:
    """True if a dial plan that an apply bound is still bound."""
    known, observed = landscape.prior.resources.get(address), landscape.at(address)
    ours = {folded(plan) for plan in ServerBinding.dial_plans.of(known.attributes)} if known is not None else set()
    return observed is not None and any(folded(plan) in ours for plan in observed.get(ServerBinding.dial_plans))


def _no_server(plan: Resource) -> Diagnostic:
    """Return the error that no server answers for a dial plan, although it names ``all``."""
    if plan.get(DialPlan.servers) != "all":
        return NO_SERVER.found(plan, f"{plan.address} names no server.")
    detail = f"{plan.address} has servers: all, but Exchange lists none."
    return NO_SERVER.found(
        plan, detail, "Check that the account may read the servers (View-Only Organization Management)."
    )


def _no_um(landscape: Landscape) -> Diagnostic:
    servers = sorted(landscape.all(ExchangeServer).values(), key=lambda server: server.address)
    shown = [f"{server.key} ({_product(server)})" for server in servers]
    return NO_UM_AT_ALL.found(None, f"The organization has {listed(shown)}.")


def _product(server: Resource) -> str:
    version = ExchangeVersion.parse(server.get(ExchangeServer.version))
    return f"Exchange {version.product}" if version else "Exchange of an unknown version"


def _all_disabled(plan: Resource, bound: Sequence[UMHost], landscape: Landscape) -> Sequence[Diagnostic]:
    """Return a warning if every server that Lync would call for a dial plan takes no calls."""
    answering = [host for host in bound if host.services != (UMService.CALL_ROUTER,)]
    newest = max((host.version.major for host in answering), default=0)
    called = {host: _status(host, landscape) for host in answering if host.version.major == newest}
    if not called or any(status in (None, "Enabled") for status in called.values()):
        return ()
    detail = f"{plan.address} is on {listed(f'{host.fqdn} ({status})' for host, status in called.items())}."
    return (ALL_DISABLED.found(plan, detail, f"Enable one of them:\n  {_enabling(next(iter(called)), landscape)}"),)


def _status(host: UMHost, landscape: Landscape) -> str | None:
    service = next(one for one in host.services if one is not UMService.CALL_ROUTER)
    binding = landscape.one(ServerBinding, f"{host.fqdn}/{service.value}")
    return binding.get(ServerBinding.status) if binding else None


def _enabling(host: UMHost, landscape: Landscape) -> Command:
    service = next(one for one in host.services if one is not UMService.CALL_ROUTER)
    return setting_command(host, service, landscape, Status="Enabled")


def startup_mode_query(host: UMHost, service: UMService, landscape: Landscape, controller: str | None) -> Command:
    """Return the read of a service's startup mode from ``controller``, or from the pinned domain controller."""
    endpoint = endpoint_for(host, landscape)
    asked = {"DomainController": controller} if controller else {}
    if service is UMService.CALL_ROUTER:
        return read("Get-UMCallRouterSettings", "UMStartupMode", endpoint=endpoint, Server=host.fqdn, **asked)
    return read(_GET[service], "UMStartupMode", endpoint=endpoint, Identity=host.name, **asked)


def host_of(key: str) -> str:
    """Return the server in the key of a binding."""
    return key.rpartition("/")[0]


def _service_of(command: Command) -> UMService:
    return next(service for service, cmdlet in _GET.items() if cmdlet == command.cmdlet)


def _desired(address: Address, bound: Sequence[Resource], host: UMHost, landscape: Landscape) -> Resource:
    desired = Resource(address).having(ServerBinding.dial_plans, tuple(sorted(plan.key for plan in bound)))
    observed = landscape.one(address.type, address.key)
    is_secured = any(plan.get(DialPlan.voip_security) in ("Secured", "SIPSecured") for plan in bound)
    if not (is_secured and host.version.has_startup_mode):
        return desired
    mode = observed.get(ServerBinding.startup_mode) if observed else None
    return desired.having(ServerBinding.startup_mode, mode if mode in ("TLS", "Dual") else "Dual")


def _dial_plans(change: Change, host: UMHost) -> Argument:
    before = change.before if isinstance(change.before, tuple) else ()
    after = change.after if isinstance(change.after, tuple) else ()
    if not host.version.takes_differences:
        return after
    return Delta(
        add=tuple(str(plan) for plan in after if plan not in before),
        remove=tuple(str(plan) for plan in before if plan not in after),
    )


def _check(plan: Resource, hosts: Mapping[str, UMHost], landscape: Landscape) -> Sequence[Diagnostic]:
    if not plan.has(DialPlan.servers):
        return ()
    servers = landscape.all(ExchangeServer)
    named = named_servers(plan, landscape)
    found: list[Diagnostic] = []
    for fqdn in named:
        if fqdn not in servers:
            detail = f'{plan.address} names the server "{fqdn}", which the organization does not have.'
            found.append(UNKNOWN_SERVER.found(plan, detail, did_you_mean(fqdn, hosts)))
        elif fqdn not in hosts:
            roles = ", ".join(servers[fqdn].get(ExchangeServer.roles)) or "none"
            product = _product(servers[fqdn])
            detail = f'{plan.address} names the server "{fqdn}", which is {product} with the roles {roles}.'
            found.append(NO_UM_ROLE.found(plan, detail))
    bound = [hosts[fqdn] for fqdn in named if fqdn in hosts]
    if not bound and not found:
        found.append(_no_server(plan))
    found += _all_disabled(plan, bound, landscape)
    majors = sorted({host.version.major for host in bound})
    if len(majors) > 1:
        newest = [host.fqdn for host in bound if host.version.major == majors[-1]]
        detail = f"{plan.address} is on servers of several versions; only {listed(newest)} would get its calls."
        found.append(MIXED_VERSIONS.found(plan, detail))
    missing = [host.fqdn for host in hosts.values() if host.version.has_um_service and host not in bound]
    if missing and any(host.version.has_um_service for host in bound):
        detail = f"{plan.address} leaves out {listed(missing)}."
        found.append(NOT_EVERY_SERVER.found(plan, detail))
    return found
