"""A world: what there is before anyone changes it. Its models are the schema of a world file.

The world is never written; what changes in it is kept elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FQDN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\Z")


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.match(value.removeprefix("-"))
        if not match:
            raise ValueError("must be a duration such as 0s, 500ms, 90s, 20m or 1h")
        return float(match[1]) * _SECONDS[match[2]] * (-1 if value.startswith("-") else 1)
    return value


def _is_fqdn(value: str) -> str:
    if not _FQDN.match(value):
        raise ValueError("must be a fully qualified host name, such as ex1.contoso.com")
    return value.lower()


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _is_version(value: str) -> str:
    if not re.fullmatch(r"(8|14|15)(\.[0-9]+){1,3}", value):
        raise ValueError("must be an Exchange build, such as 15.0.1497.2")
    return value


Seconds = Annotated[float, BeforeValidator(_seconds)]
HostName = Annotated[str, AfterValidator(_is_fqdn)]
Moment = Annotated[datetime, AfterValidator(_moment)]
Culture = Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]
Quota = Literal[
    "MaxMemoryPerShellMB",
    "MaxShellsPerUser",
    "MaxProcessesPerShell",
    "MaxConcurrentUsers",
    "IdleTimeout",
    "MaxEnvelopeSizekb",
]
LanguageMode = Literal["FullLanguage", "ConstrainedLanguage", "RestrictedLanguage", "NoLanguage"]
Shell = Literal["snapin", "remote", "lync"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Manner(_Model):
    """How one Windows service of a host behaves, where it differs from others of its kind."""

    runs: bool = True
    """False where it was stopped when the world was installed."""
    starts: bool = True
    """False where it will not start: its process begins, and ends again."""
    start_mode: Literal["Auto", "Manual", "Disabled"] = "Auto"
    start_time: Seconds | None = None
    """How long it stays in Start Pending; left out, as long as others of its pool."""
    drains: Seconds | None = None
    """How long the calls last for which a graceful stop leaves it Paused; left out, as long as those of its pool."""


_USUAL = Manner()


class Host(_Model):
    """What every Windows host may say."""

    fqdn: HostName
    language: Culture | None = None
    """Culture of its messages; left out, that of the world."""
    clock_skew: Seconds = 0.0
    """How far its clock is ahead."""
    powershell: str | None = None
    started: Mapping[str, Moment] = {}
    """Start times of services that differ from ``installed``."""
    services: Mapping[str, Manner] = {}
    """Services that behave otherwise than their kind, by name."""
    language_mode: LanguageMode = "FullLanguage"
    """What policy leaves of PowerShell's language; in any but the first the runner does not start."""
    shells: tuple[Shell, ...] | None = None
    """The management shells installed; left out, those its product comes with."""
    missing_cmdlets: tuple[str, ...] = ()
    """Cmdlets the account has no role for, by name or pattern (``New-UM*``): there they do not exist."""
    quotas: Mapping[Quota, int] | Literal["unreadable"] = {}
    """Limits of remote shells that differ from those of its Windows; ``unreadable``: they hold, and nobody is told."""

    def manner(self, service: str) -> Manner:
        """Return how a service behaves, by its name in whatever case."""
        folded = service.casefold()
        return next((one for name, one in self.services.items() if name.casefold() == folded), _USUAL)


class DomainController(_Model):
    fqdn: HostName
    site: str = "Default-First-Site-Name"
    global_catalog: bool = True
    available: bool = True
    replication_delay: Seconds = 0.0
    """How long a change made on another controller takes to arrive here."""


class ExchangeServer(Host):
    version: Annotated[str, AfterValidator(_is_version)] = "15.0.1497.2"
    roles: tuple[Literal["Mailbox", "ClientAccess", "UnifiedMessaging", "HubTransport"], ...] = (
        "Mailbox",
        "ClientAccess",
    )
    site: str = "Default-First-Site-Name"
    startup_mode: Literal["TCP", "TLS", "Dual"] = "TCP"
    dial_plans: tuple[str, ...] = ()
    has_script: bool = True
    """False where exchucutil.ps1 is not in the Scripts folder."""

    @property
    def name(self) -> str:
        return self.fqdn.partition(".")[0].upper()

    @property
    def release(self) -> str:
        """``e2007``, ``e2010``, ``e2013`` or ``e2016``."""
        major, minor = (int(part) for part in self.version.split(".")[:2])
        return {8: "e2007", 14: "e2010"}.get(major) or ("e2013" if minor == 0 else "e2016")

    @property
    def display_version(self) -> str:
        major, minor, *build = self.version.split(".")
        return f"Version {major}.{minor} (Build {'.'.join(build) or '0'})"

    @property
    def is_um(self) -> bool:
        """True where it answers calls: the UM role, or from 2013 on any Mailbox server."""
        return ("Mailbox" if self.release in ("e2013", "e2016") else "UnifiedMessaging") in self.roles

    @property
    def is_call_router(self) -> bool:
        """True where it runs a UM call router: the Client Access role of 2013, which every server of 2016 has."""
        return self.release == "e2016" or (self.release == "e2013" and "ClientAccess" in self.roles)


class Exchange(_Model):
    organization: str = "Contoso"
    script_catalog: HostName | None = None
    """The global catalogue exchucutil comes to use; left out, the last one listed."""
    servers: tuple[ExchangeServer, ...] = Field(min_length=1)


class Site(_Model):
    name: str
    type: Literal["central", "branch"] = "central"
    parent: str | None = None
    id: int | None = None


class Computer(Host):
    """A computer of a Lync pool."""


class Pool(_Model):
    fqdn: HostName
    name: str | None = None
    """CN of the pool object, such as ``1:1``; left out, it follows from site and place."""
    type: Literal["enterprise", "standard", "director", "branch"] = "enterprise"
    site: str
    version: Literal["2010", "2013", "2015", "2019"] | None = None
    computers: tuple[Computer, ...] = ()
    """In the order of the topology."""
    start_time: Seconds = 0.0
    """How long a Front End stays in Start Pending."""
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


class Lync(_Model):
    version: Literal["2010", "2013", "2015", "2019"] = "2013"
    forest: HostName | None = None
    """Where Lync lives, if not in the forest of Exchange."""
    sites: tuple[Site, ...] = Field(min_length=1)
    pools: tuple[Pool, ...] = ()
    media: Mapping[str, Literal["RequireEncryption", "SupportEncryption", "DoNotSupportEncryption"]] = {
        "global": "RequireEncryption"
    }
    """By scope: ``global``, ``site:Redmond``, ``service:MediationServer:pool1.contoso.com``."""


class Mailbox(_Model):
    """A user who is UM-enabled from the start."""

    policy: str
    extensions: tuple[str, ...]
    sip: str | None = None


class User(_Model):
    alias: str
    name: str | None = None
    address: str | None = None
    """Primary SMTP address; left out, ``alias@forest``."""
    addresses: tuple[str, ...] = ()
    """Other SMTP addresses."""
    upn: str | None = None
    """Logon name; left out, ``alias@forest``."""
    sip: str | None = None
    """SIP address without ``sip:``; left out, the SMTP address."""
    mailbox: bool = True
    enterprise_voice: bool = True
    lync: bool = True
    hosted_voicemail: bool = False
    pool: HostName | None = None
    line: str | None = None
    """LineURI, such as ``tel:+14255550101``."""
    um: Mailbox | None = None


class Generated(_Model):
    """Many users at once: ``{n}`` in the texts is a number counted up from ``first``."""

    generate: int = Field(ge=1, le=1_000_000)
    first: int = 1
    alias: str = "user{n}"
    name: str = "User {n}"
    sip: str | None = None
    line: str | None = None
    mailbox: bool = True
    enterprise_voice: bool = True
    pool: HostName | None = None
    um: Mailbox | None = None

    def users(self) -> Iterator[User]:
        for number in range(self.first, self.first + self.generate):
            yield User(
                alias=_numbered(self.alias, number),
                name=_numbered(self.name, number),
                sip=_numbered(self.sip, number) if self.sip else None,
                line=_numbered(self.line, number) if self.line else None,
                mailbox=self.mailbox,
                enterprise_voice=self.enterprise_voice,
                pool=self.pool,
                um=_enabled(self.um, number) if self.um else None,
            )


def _numbered(text: str, number: int) -> str:
    return re.sub(r"\{n(?::0(\d))?\}", lambda match: str(number).zfill(int(match[1] or 0)), text)


def _enabled(um: Mailbox, number: int) -> Mailbox:
    return Mailbox(
        policy=um.policy,
        extensions=tuple(_numbered(extension, number) for extension in um.extensions),
        sip=_numbered(um.sip, number) if um.sip else None,
    )


def _user_or_generated(value: object) -> object:
    model = Generated if isinstance(value, Mapping) and "generate" in value else User
    return model.model_validate(value)


class Fault(_Model):
    """What goes wrong with calls of one cmdlet."""

    cmdlet: str
    host: HostName | None = None
    nth: int = Field(default=1, ge=1)
    """From which of the calls that fit on."""
    times: int = Field(default=1, ge=1)
    when: Literal["before", "after"] = "before"
    """After: the effect takes place, then the error is told."""
    error: Literal["throttled", "transient", "access-denied", "not-found"] = "transient"


def _fault(value: object) -> object:
    """Return a rule about a cmdlet; any other is for the server that stands before the estate, and left as it is."""
    return Fault.model_validate(value) if isinstance(value, Mapping) and "cmdlet" in value else value


Objects = tuple[Mapping[str, Any], ...]


class World(_Model):
    """Everything a world file says."""

    world: str = "contoso"
    """Its name: the ids of all objects follow from it."""
    forest: HostName = "contoso.com"
    language: Culture = "en-US"
    installed: Moment = datetime(2024, 3, 1, 6, 0, tzinfo=UTC)
    """When what is there was made and every service last started."""
    deserialised: bool = False
    """Exchange answers as over its own remoting endpoint: references come as text."""
    enforce_second_hop: bool = False
    """exchucutil fails unless the connection delegates its credential."""
    domain_controllers: tuple[DomainController, ...] = ()
    exchange: Exchange
    lync: Lync
    dial_plans: Objects = ()
    """Objects there already: ``name``, and parameters as New- and Set- call them."""
    mailbox_policies: Objects = ()
    gateways: Objects = ()
    hunt_groups: Objects = ()
    auto_attendants: Objects = ()
    lync_dial_plans: Objects = ()
    permissions: bool = False
    """True where exchucutil's permissions are in place."""
    users: tuple[Annotated[Any, BeforeValidator(_user_or_generated)], ...] = ()
    history: tuple[str, ...] = ()
    """Cmdlet lines an administrator ran before, in order."""
    faults: tuple[Annotated[Fault | Mapping[str, Any], BeforeValidator(_fault)], ...] = ()

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> World:
        if not self.domain_controllers:
            only = DomainController(fqdn=f"dc1.{self.forest}", site=self.exchange.servers[0].site)
            object.__setattr__(self, "domain_controllers", (only,))
        problems = list(_contradictions(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self

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
            yield f'pool {pool.fqdn} stands in site "{pool.site}", which lync.sites does not list'
    for site in world.lync.sites:
        if site.parent is not None and site.parent not in sites:
            yield f'site {site.name} has the parent "{site.parent}", which lync.sites does not list'
    hosts = [server.fqdn for server in world.exchange.servers]
    hosts += [computer.fqdn for pool in world.lync.pools for computer in pool.computers]
    hosts += [controller.fqdn for controller in world.domain_controllers]
    yield from (f"host {host} is listed more than once" for host in sorted({h for h in hosts if hosts.count(h) > 1}))
    if not any(controller.global_catalog for controller in world.domain_controllers):
        yield "no domain controller is a global catalogue"
    catalog = world.exchange.script_catalog
    if catalog and catalog not in {dc.fqdn for dc in world.domain_controllers if dc.global_catalog}:
        yield f"exchange.script_catalog {catalog} is no global catalogue of domain_controllers"
    aliases: set[str] = set()
    for user in world.all_users():
        if user.alias.casefold() in aliases:
            yield f'alias "{user.alias}" is used twice'
        aliases.add(user.alias.casefold())
        if user.pool is not None and user.pool not in pools:
            yield f'user {user.alias} is homed on "{user.pool}", which lync.pools does not list'
