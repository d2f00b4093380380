"""Builds the objects of a world as they were installed, with the cmdlets that an administrator would use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.cmdlets.reference import cmdlet_of
from providers.simulator.answers import CmdletError
from providers.simulator.cmdlets.dispatch import run_cmdlet
from providers.simulator.cmdlets.exchange_facts import GROUPS, containers, grant
from providers.simulator.cmdlets.lync_dial_plans import default_rules
from providers.simulator.cmdlets.recipients import index_user
from providers.simulator.cmdlets.service_control import keep_quorum, learn
from providers.simulator.cmdlets.um_objects import copied
from providers.simulator.cmdlets.um_servers import ROUTER_DEFAULTS, SERVER_DEFAULTS
from providers.simulator.cmdlets.windows_services import installed_services
from providers.simulator.invocation.binding import bind
from providers.simulator.invocation.call import Call
from providers.simulator.invocation.cmdlet_line import parse_line
from providers.simulator.world.directory import Directory, Entry
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import MODERN
from providers.simulator.world.schema import World
from providers.simulator.world.users import User
from reconciler.model.diagnostics import ConfigurationError, Diagnostic

_NOUNS = (
    ("dial_plans", "UMDialPlan"),
    ("mailbox_policies", "UMMailboxPolicy"),
    ("gateways", "UMIPGateway"),
    ("hunt_groups", "UMHuntGroup"),
    ("auto_attendants", "UMAutoAttendant"),
)


def empty(world: World, seed: str) -> Holdings:
    """Return the holdings of a world without any object."""
    delays = {dc.fqdn: dc.replication_delay for dc in world.domain_controllers}
    return Holdings(world, Directory(delays, seed), installed_services(world))


def found(world: World, seed: str) -> Holdings:
    """Return the holdings of a world as it was installed.

    Raises:
        ConfigurationError: a product would refuse something the world says is there.
    """
    holdings = empty(world, seed)
    _organization(holdings)
    enabled: dict[str, str] = {}
    for user in world.all_users():
        entry = _user(holdings, user)
        if user.um is not None:
            enabled[user.alias] = entry.guid
    for section, noun in _NOUNS:
        for described in getattr(world, section):
            _object(holdings, noun, described)
    for server in world.exchange.servers:
        if server.dial_plans:
            _bind_server(holdings, server.fqdn, server.dial_plans)
    _lync_dial_plans(holdings)
    if world.permissions:
        _permissions(holdings)
    for user in world.all_users():
        if user.um is not None:
            sip = user.um.sip or user.sip or _address(world, user)
            parameters = {"UMMailboxPolicy": user.um.policy, "Extensions": list(user.um.extensions)}
            whom = {"Identity": enabled[user.alias], "SIPResourceIdentifier": sip}
            _run(holdings, "Enable-UMMailbox", {**whom, **parameters})
    for line in world.history:
        cmdlet, named, positional = parse_line(line)
        _run(holdings, cmdlet, named, positional)
    holdings.counters.clear()
    holdings.directory.settle()
    _start_services(holdings)
    return holdings


def index(directory: Directory, entry: Entry) -> None:
    """Add an object to the directory's index of names, if its kind is looked up there."""
    if entry.kind == "User":
        index_user(directory, entry)
    elif entry.kind == "Server":
        directory.indexes[f"server:{entry.properties['Fqdn']}"] = entry.guid
    elif entry.kind == "Organization":
        directory.indexes["organization"] = entry.guid


def _call(holdings: Holdings, host: str, cmdlet: str, arguments: dict[str, Any]) -> Call:
    return Call(holdings, host, cmdlet, arguments, holdings.world.installed, user="installation")


def _organization(holdings: Holdings) -> None:
    world, directory = holdings.world, holdings.directory
    call = _call(holdings, world.exchange.servers[0].fqdn, "New-Organization", {})
    base = holdings.organization_dn
    index(directory, call.create("Organization", world.exchange.organization, base, {}))
    for server in world.exchange.servers:
        dn = f"CN={server.name},CN=Servers,{base}"
        index(directory, call.create("Server", server.name, dn, {"Fqdn": server.fqdn}))
        described = {"Fqdn": server.fqdn, "UMStartupMode": server.startup_mode}
        if server.is_um:
            call.create("UMServer", server.name, dn, {**copied(SERVER_DEFAULTS), **described})
        if server.is_call_router:
            call.create("UMCallRouter", server.name, f"CN=UMCallRouter,{dn}", {**copied(ROUTER_DEFAULTS), **described})


def _home(world: World, user: User) -> str:
    """Return the name of the server that holds the mailbox of a user."""
    servers = world.exchange.servers
    usual = next((one for one in servers if one.is_um), servers[0])
    return next((one for one in servers if one.fqdn == user.server), usual).name


def _address(world: World, user: User) -> str:
    return user.address or f"{user.alias}@{world.forest}"


def _user(holdings: Holdings, user: User) -> Entry:
    world = holdings.world
    address, name = _address(world, user), user.name or user.alias
    sip = f"sip:{user.sip or address}" if user.lync else None
    pools = [pool.fqdn for pool in world.lync.pools if pool.type in ("enterprise", "standard")]
    properties: dict[str, Any] = {
        "Alias": user.alias,
        "DisplayName": name,
        "SamAccountName": user.alias,
        "Domain": world.forest.partition(".")[0].upper(),
        "UserPrincipalName": user.upn or f"{user.alias}@{world.forest}",
        "HasMailbox": user.mailbox,
        "LyncEnabled": user.lync,
    }
    if user.mailbox:
        properties["PrimarySmtpAddress"] = address
        properties["ServerName"] = _home(world, user)
        others = [f"smtp:{other}" for other in user.addresses]
        properties["EmailAddresses"] = [f"SMTP:{address}", *others, *([sip] if sip else [])]
    if user.lync:
        properties |= {
            "SipAddress": sip,
            "EnterpriseVoiceEnabled": user.enterprise_voice,
            "LineURI": user.line or "",
            "RegistrarPool": user.pool or next(iter(pools), None),
        }
    if user.hosted_voicemail:
        properties["HostedVoiceMail"] = True
    if user.hosted_policy:
        properties["HostedVoicemailPolicy"] = user.hosted_policy
    if user.line:
        properties["Phone"] = user.line.partition(":")[2].partition(";")[0]
    dn = f"CN={name},CN=Users,{holdings.domain_dn}"
    if holdings.directory.names.of(dn):
        dn = f"CN={name} ({user.alias}),CN=Users,{holdings.domain_dn}"
    first = world.domain_controllers[0].fqdn
    entry = holdings.directory.create("User", name, dn, properties, dc=first, now=world.installed)
    index_user(holdings.directory, entry)
    return entry


def _object(holdings: Holdings, noun: str, described: Mapping[str, Any]) -> None:
    """Make one object by New-, and by Set- what New- has no parameter for."""
    parameters = {("Name" if name == "name" else name): _typed(value) for name, value in described.items()}
    releases = (server.release for server in holdings.world.exchange.servers)
    made = next((found for release in releases if (found := cmdlet_of(f"New-{noun}", release))), None)
    known = {name for name in parameters if made is not None and name.casefold() in made.parameters}
    _run(holdings, f"New-{noun}", {name: parameters[name] for name in parameters if name in known})
    rest = {name: value for name, value in parameters.items() if name not in known}
    if rest:
        _run(holdings, f"Set-{noun}", {"Identity": parameters.get("Name"), **rest})


def _typed(value: Any) -> Any:
    """Return a scalar of the world file, which is text, as an administrator would type it."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _bind_server(holdings: Holdings, host: str, plans: Sequence[str]) -> None:
    server = holdings.exchange_server(host)
    if server is None:
        return
    modern = server.release in MODERN
    parameters = {"Identity": server.name, "DialPlans": list(plans)}
    if server.is_um:
        _run(holdings, "Set-UMService" if modern else "Set-UMServer", parameters, host=host)
    if server.is_call_router:
        _run(holdings, "Set-UMCallRouterSettings", {"Server": server.name, "DialPlans": list(plans)}, host=host)


def _lync_dial_plans(holdings: Holdings) -> None:
    host = next((c.fqdn for pool in holdings.world.lync.pools for c in pool.computers), None)
    if host is None:
        return
    call = _call(holdings, host, "New-CsDialPlan", {})
    settings = {"SimpleName": "DefaultProfile", "Description": None, "NormalizationRules": default_rules("Global")}
    call.create("CsDialPlan", "Global", f"CN=Global,CN=Topology Settings,{holdings.domain_dn}", settings)
    for described in holdings.world.lync_dial_plans:
        parameters = {("Identity" if name == "name" else name): _typed(v) for name, v in described.items()}
        cmdlet = "Set-CsDialPlan" if str(parameters.get("Identity")).casefold() == "global" else "New-CsDialPlan"
        _run(holdings, cmdlet, parameters, host=host)


def _permissions(holdings: Holdings) -> None:
    host = holdings.world.exchange.servers[0].fqdn
    call = _call(holdings, host, "Add-ADPermission", {})
    for group in GROUPS:
        for dn, rights, inheritance in containers(holdings, host):
            grant(call, dn, group, rights, inheritance)


def _start_services(holdings: Holdings) -> None:
    for host, services in holdings.services.items():
        call = _call(holdings, host, "Start-Service", {})
        for service in services.values():
            if service.status == "Running":
                learn(call, host, service)
    for pool in holdings.world.lync.pools:
        keep_quorum(holdings, pool, holdings.world.installed)


def _run(
    holdings: Holdings, name: str, given: Mapping[str, Any], positional: Sequence[Any] = (), *, host: str | None = None
) -> None:
    """Run a cmdlet on ``host``, or on the first host that has it."""
    for candidate in [host] if host else holdings.hosts:
        cmdlet = cmdlet_of(name, holdings.release(candidate))
        if cmdlet is None:
            continue
        try:
            arguments = bind(cmdlet, given, positional=positional)
            run_cmdlet(_call(holdings, candidate, cmdlet.name, arguments))
        except CmdletError as error:
            raise ConfigurationError(
                Diagnostic(
                    "World cannot be built",
                    f"{name} {given.get('Name') or given.get('Identity') or ''}: {error.message}",
                    "Correct this object in the world file: Exchange or Lync would refuse it.",
                )
            ) from error
        return
    detail = f"No host of this world has {name}."
    raise ConfigurationError(Diagnostic("World cannot be built", detail, "Correct the world file."))
