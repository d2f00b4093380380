"""A world: what there is before anyone changes it. Its models are the schema of a world file.

The world is never written; what changes in it is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from providers.simulator.world.costs import ANY, Costs
from providers.simulator.world.hosts import Computer, DomainController, ExchangeServer
from providers.simulator.world.users import Generated, User, user_or_generated
from providers.simulator.world.value_types import Culture, HostName, Moment, Seconds, WorldModel, unknown_name


class Exchange(WorldModel):
    """The Exchange organization."""

    organization: str = "Contoso"
    """Its name."""
    script_catalog: HostName | None = None
    """The global catalogue exchucutil comes to use; left out, the last one listed."""
    servers: tuple[ExchangeServer, ...] = Field(min_length=1)
    """Its servers; the first is the entry point."""


class Site(WorldModel):
    """A site of the Lync topology."""

    name: str
    """Its name, to which pools refer."""
    type: Literal["central", "branch"] = "central"
    """A branch site has a parent."""
    parent: str | None = None
    """Of a branch site: the name of its central site."""
    id: int | None = None
    """Its number in the topology; left out, its place in the list."""


class Pool(WorldModel):
    """A pool of the Lync topology."""

    fqdn: HostName
    """Its full name."""
    name: str | None = None
    """CN of the pool object, such as ``1:1``; left out, it follows from site and place."""
    type: Literal["enterprise", "standard", "director", "branch"] = "enterprise"
    """What its computers are: Front Ends of an Enterprise, Standard or branch pool, or Directors."""
    site: str
    """The name of its site."""
    version: Literal["2010", "2013", "2015", "2019"] | None = None
    """Left out, that of Lync as a whole."""
    computers: tuple[Computer, ...] = ()
    """In the order of the topology, by name or as a mapping; left out, the pool is one computer of its own name."""
    start_time: Seconds = 0.0
    """How long a Front End stays in Start Pending."""
    copies: Seconds = 0.0
    """How long after a start of a Front End the pool is Busy with copies of its users' data."""
    calls_last: Seconds = 0.0
    """How long the calls last for which a graceful stop leaves a Front End Paused."""

    @field_validator("computers", mode="before")
    @classmethod
    def _names_alone(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            return [{"fqdn": item} if isinstance(item, str) else item for item in value]
        return value

    @model_validator(mode="after")
    def _one_computer(self) -> Pool:
        if not self.computers and self.type == "enterprise":
            raise ValueError("an enterprise pool needs computers")
        if not self.computers:
            object.__setattr__(self, "computers", (Computer(fqdn=self.fqdn),))
        return self


class Lync(WorldModel):
    """The Lync or Skype for Business deployment."""

    version: Literal["2010", "2013", "2015", "2019"] = "2013"
    """2010 and 2013 are Lync Server, 2015 and 2019 are Skype for Business Server."""
    forest: HostName | None = None
    """Where Lync lives, if not in the forest of Exchange."""
    sites: tuple[Site, ...] = Field(min_length=1)
    """Its central and branch sites."""
    pools: tuple[Pool, ...] = ()
    """Its pools; the first computer listed is the entry point."""
    media: Mapping[str, Literal["RequireEncryption", "SupportEncryption", "DoNotSupportEncryption"]] = {
        "global": "RequireEncryption"
    }
    """By scope: ``global``, ``site:Redmond``, ``service:MediationServer:pool1.contoso.com``."""


class Fault(WorldModel):
    """What goes wrong with calls of one cmdlet."""

    cmdlet: str
    """Name of the cmdlet."""
    host: HostName | None = None
    """Only calls on this host; by default on every host."""
    nth: int = Field(default=1, ge=1)
    """The first of the calls of this cmdlet that fails, counted from 1."""
    times: int = Field(default=1, ge=1)
    """How many calls in a row fail."""
    when: Literal["before", "after"] = "before"
    """``after``: the effect takes place, then the call returns the error."""
    error: Literal["throttled", "transient", "access-denied", "not-found"] = "transient"
    """The error that the server returns."""


def _fault(value: object) -> object:
    """Return a rule about a cmdlet as a ``Fault``; a rule for the WinRM server in front of the estate is unchanged."""
    return Fault.model_validate(value) if isinstance(value, Mapping) and "cmdlet" in value else value


Objects = tuple[Mapping[str, Any], ...]


class World(WorldModel):
    """Everything a world file says."""

    world: str = "contoso"
    """Its name; the ids of all objects are derived from it."""
    forest: HostName = "contoso.com"
    """Root of the Active Directory forest; dial plans have it in their PhoneContext."""
    language: Culture = "en-US"
    """Culture of messages, and of names that servers make."""
    installed: Moment = datetime(2024, 3, 1, 6, 0, tzinfo=UTC)
    """When all objects were created and every service last started."""
    deserialised: bool = False
    """Exchange answers as over its own remoting endpoint: references come as text."""
    enforce_second_hop: bool = False
    """exchucutil fails unless the connection delegates its credential."""
    domain_controllers: tuple[DomainController, ...] = ()
    """Its domain controllers, each with its own directory, which receives changes later."""
    exchange: Exchange
    """The Exchange organization and its servers."""
    lync: Lync
    """The Lync deployment, its sites and pools."""
    dial_plans: Objects = ()
    """UM dial plans that exist: ``name``, and parameters as New- and Set- call them."""
    mailbox_policies: Objects = ()
    """UM mailbox policies that exist, in the same form."""
    gateways: Objects = ()
    """UM IP gateways that exist, in the same form."""
    hunt_groups: Objects = ()
    """UM hunt groups that exist, in the same form."""
    auto_attendants: Objects = ()
    """UM auto attendants that exist, in the same form."""
    lync_dial_plans: Objects = ()
    """Lync dial plans that exist, in the same form."""
    permissions: bool = False
    """True where exchucutil's permissions are in place."""
    users: tuple[Annotated[User | Generated, BeforeValidator(user_or_generated)], ...] = ()
    """Its users, one by one or many at once."""
    history: tuple[str, ...] = ()
    """Cmdlet lines an administrator ran before, in order."""
    costs: Costs | None = None
    """What calls cost: time, and a share of what servers do at once; left out, nothing."""
    faults: tuple[Annotated[Fault | Mapping[str, Any], BeforeValidator(_fault)], ...] = ()
    """What goes wrong: with calls of a cmdlet, or with messages of the WinRM servers."""

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> World:
        if not self.domain_controllers:
            only = DomainController(fqdn=f"dc1.{self.forest}", site=self.exchange.servers[0].site)
            object.__setattr__(self, "domain_controllers", (only,))
        for host in self.costs.hosts if self.costs else ():
            if host not in (ANY, *self.servers()):
                at = ("costs", "hosts", host)
                raise unknown_name("must be a server of this world, or *", host, self.servers(), at=at)
        problems = list(_contradictions(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def servers(self) -> tuple[str, ...]:
        """Return the FQDN of every Exchange server, then of every computer of Lync."""
        computers = (computer.fqdn for pool in self.lync.pools for computer in pool.computers)
        return (*(server.fqdn for server in self.exchange.servers), *computers)

    def all_users(self) -> Iterator[User]:
        for user in self.users:
            yield from user.users() if isinstance(user, Generated) else (user,)

    def pool_name(self, pool: Pool) -> str:
        """Return the CN of the pool object: ``site number:place`` unless the file gives it."""
        if pool.name:
            return pool.name
        sites = {site.name: site.id or place for place, site in enumerate(self.lync.sites, 1)}
        same = [other for other in self.lync.pools if other.site == pool.site]
        return f"{sites[pool.site]}:{same.index(pool) + 1}"

    def lync_release(self, pool: Pool) -> str:
        """``l2010``, ``l2013``, ``s2015`` or ``s2019``."""
        version = pool.version or self.lync.version
        return ("l" if version in ("2010", "2013") else "s") + version


def _contradictions(world: World) -> Iterator[str]:
    sites = {site.name for site in world.lync.sites}
    pools = {pool.fqdn for pool in world.lync.pools}
    for pool in world.lync.pools:
        if pool.site not in sites:
            yield f'pool {pool.fqdn} names the site "{pool.site}", which lync.sites does not list'
    for site in world.lync.sites:
        if site.parent is not None and site.parent not in sites:
            yield f'site {site.name} names the parent "{site.parent}", which lync.sites does not list'
    hosts = [*world.servers()]
    hosts += [controller.fqdn for controller in world.domain_controllers]
    yield from (f"host {host} is listed more than once" for host in sorted({h for h in hosts if hosts.count(h) > 1}))
    if not any(controller.global_catalog for controller in world.domain_controllers):
        yield "no domain controller is a global catalogue"
    catalog = world.exchange.script_catalog
    if catalog and catalog not in {dc.fqdn for dc in world.domain_controllers if dc.global_catalog}:
        yield f"exchange.script_catalog {catalog} is not a global catalogue among domain_controllers"
    aliases: set[str] = set()
    for user in world.all_users():
        if user.alias.casefold() in aliases:
            yield f'alias "{user.alias}" is used twice'
        aliases.add(user.alias.casefold())
        if user.server is not None and user.server not in {server.fqdn for server in world.exchange.servers}:
            yield f'user {user.alias} names the server "{user.server}", which exchange.servers does not list'
        if user.pool is not None and user.pool not in pools:
            yield f'user {user.alias} names the pool "{user.pool}", which lync.pools does not list'
