"""The Windows hosts of a world: domain controllers, Exchange servers and computers of Lync pools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from providers.simulator.world.value_types import Culture, HostName, Moment, Seconds, WorldModel

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


def _is_version(value: str) -> str:
    if not re.fullmatch(r"(8|14|15)(\.[0-9]+){1,3}", value):
        raise ValueError("must be an Exchange build, such as 15.0.1497.2")
    return value


class Manner(WorldModel):
    """How one Windows service of a host differs from others of its kind."""

    runs: bool = True
    """False if it was stopped when the world was installed."""
    starts: bool = True
    """False if it does not start: its process begins, and ends again."""
    start_mode: Literal["Auto", "Manual", "Disabled"] = "Auto"
    start_time: Seconds | None = None
    """How long it stays in Start Pending; left out, as long as others of its pool."""
    drains: Seconds | None = None
    """How long the calls last for which a graceful stop leaves it Paused; left out, as long as those of its pool."""


_USUAL = Manner()

MODERN = ("e2013", "e2016", "e2019")
"""The releases of Exchange that are reached through their own endpoint alone, and that take ``@{Add=;Remove=}``."""


class Host(WorldModel):
    """The keys that every Windows host of a world file may have."""

    fqdn: HostName
    """Its full name."""
    language: Culture | None = None
    """Culture of its messages; left out, that of the world."""
    clock_skew: Seconds = 0.0
    """How far its clock is ahead."""
    powershell: str | None = None
    """Version of its Windows PowerShell; left out, the one its product comes with."""
    started: Mapping[str, Moment] = {}
    """Start times of services that differ from ``installed``."""
    services: Mapping[str, Manner] = {}
    """Services with a special behaviour, by name."""
    language_mode: LanguageMode = "FullLanguage"
    """PowerShell's language mode by policy; the runner starts only in ``FullLanguage``."""
    shells: tuple[Shell, ...] | None = None
    """The installed management shells; by default those of its product."""
    missing_cmdlets: tuple[str, ...] = ()
    """Cmdlets that the roles of the account lack, by name or pattern (``New-UM*``): they do not exist on this host."""
    quotas: Mapping[Quota, int] | Literal["unreadable"] = {}
    """Limits of remote shells that differ from those of its Windows; ``unreadable``: they apply but cannot be read."""

    def manner(self, service: str) -> Manner:
        """Return the behaviour of a service, by its name, ignoring case."""
        if not self.services:
            return _USUAL
        folded = service.casefold()
        return next((one for name, one in self.services.items() if name.casefold() == folded), _USUAL)


class DomainController(WorldModel):
    """A domain controller; left out, there is one, ``dc1`` of the forest."""

    fqdn: HostName
    """Its full name."""
    site: str = "Default-First-Site-Name"
    """Its Active Directory site."""
    global_catalog: bool = True
    """Whether it is a global catalogue."""
    available: bool = True
    """False if it does not answer."""
    replication_delay: Seconds = 0.0
    """How long a change made on another controller takes to arrive here."""


CertificateService = Literal["IMAP", "POP", "IIS", "SMTP", "UM", "UMCallRouter"]


class Certificate(WorldModel):
    """A certificate in the store of an Exchange server."""

    thumbprint: str | None = Field(default=None, pattern=r"^[0-9A-F]{40}$")
    """40 hexadecimal digits; left out, it follows from the server and the place in the list."""
    subject: str | None = None
    """Its subject, such as ``CN=*.contoso.com``; left out, that of the server's FQDN."""
    domains: tuple[str, ...] | None = None
    """Its subject alternative names; left out, the server's FQDN."""
    services: tuple[CertificateService, ...] = ()
    """The services that use it."""
    expires: Moment | None = None
    """When it expires; left out, ten years after ``installed``."""
    self_signed: bool = False
    """True where no authority issued it: Lync never trusts it."""
    private_key: bool = True
    """False where the server lacks its private key: it cannot be assigned."""
    status: Literal["PendingRequest", "Revoked", "Untrusted"] | None = None
    """Left out, Valid until it expires and DateInvalid from then on."""
    hides: tuple[str, ...] = ()
    """Properties that the answers lack, as through some remoting: ``IsSelfSigned``."""


class ExchangeServer(Host):
    """An Exchange server."""

    version: Annotated[str, AfterValidator(_is_version)] = "15.0.1497.2"
    """Its build: 8 is Exchange 2007, 14 is 2010, 15.0 is 2013, 15.1 is 2016, 15.2 is 2019 and has no UM."""
    roles: tuple[Literal["Mailbox", "ClientAccess", "UnifiedMessaging", "HubTransport"], ...] = (
        "Mailbox",
        "ClientAccess",
    )
    """From 2013 on, Mailbox answers calls and ClientAccess routes them; before, UnifiedMessaging answers."""
    site: str = "Default-First-Site-Name"
    """Its Active Directory site."""
    startup_mode: Literal["TCP", "TLS", "Dual"] = "TCP"
    """Startup mode of its UM services."""
    dial_plans: tuple[str, ...] = ()
    """Names of the dial plans that it is bound to."""
    um_languages: tuple[Culture, ...] = ("en-US",)
    """Languages of its UM language packs."""
    has_script: bool = True
    """False where exchucutil.ps1 is not in the Scripts folder."""
    certificates: tuple[Certificate, ...] | None = None
    """Left out, there is one that a common authority issued, and every service uses it."""

    @property
    def name(self) -> str:
        return self.fqdn.partition(".")[0].upper()

    @property
    def release(self) -> str:
        """``e2007``, ``e2010``, ``e2013``, ``e2016``, or ``e2019``, which has no Unified Messaging."""
        major, minor = (int(part) for part in self.version.split(".")[:2])
        return {8: "e2007", 14: "e2010"}.get(major) or {0: "e2013", 1: "e2016"}.get(minor, "e2019")

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def display_version(self) -> str:
        major, minor, *build = self.version.split(".")
        return f"Version {major}.{minor} (Build {'.'.join(build) or '0'})"

    @property
    def is_um(self) -> bool:
        """True if it answers calls: with the UM role, or as any Mailbox server of 2013 and 2016."""
        return ("Mailbox" if self.release in MODERN else "UnifiedMessaging") in self.roles and self.release != "e2019"

    @property
    def is_call_router(self) -> bool:
        """True if it runs a UM call router: with the Client Access role of 2013, which every server of 2016 has."""
        return self.release == "e2016" or (self.release == "e2013" and "ClientAccess" in self.roles)


class Computer(Host):
    """A computer of a Lync pool."""

    upgrade_ready: bool = True
    """False where its upgrade domain is not ready although its pool is."""
