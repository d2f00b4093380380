"""The settings of a connection: frozen values, resolved before the first message.

A connection is an entry point. Other hosts use the same settings, except for the overrides in ``hosts``. A password is
a ``Secret``; only the transport reads its text, to log on.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from html import escape
from typing import Any, Final

from reconciler.model.commands import Authentication, Endpoint, HostPatterns
from reconciler.model.diagnostics import Diagnostic, PermanentError
from reconciler.model.values import EMPTY

HTTP_PORT: Final = 5985
HTTPS_PORT: Final = 5986
SLOTS: Final = 16
"""The sessions to one host by default: Exchange's throttling allows an account 18, and two are left to other runs."""
TEXT_LIMIT: Final = 300


class Adapter(Enum):
    """The source of the cmdlets on a host."""

    AUTO = "auto"
    SNAPIN = "snapin"
    """Exchange's snap-in within the process: the only source for 2007."""
    REMOTE = "remote"
    """The server's own Microsoft.Exchange endpoint: the supported source from 2010 on."""
    LYNC = "lync"
    """The Lync or SkypeForBusiness module."""


class Secret:
    """A text that is never shown: ``repr``, formatting, pickling and comparing hide it."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        return self.__text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return repr(self)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret cannot be pickled")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return the server's text in a form to show: one line, no secrets, 300 characters at most."""
    line = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", without_secrets(text, secrets)).strip()
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "\u2026"


def without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text with every spelling of every secret masked."""
    for secret in secrets:
        for spelling in _spellings(secret):
            text = text.replace(spelling, "***")
    return text


def _spellings(secret: str) -> list[str]:
    """Return the secret and its XML, CLIXML and JSON spellings. The longest is first: it may begin with another."""
    xml = escape(secret, quote=False)
    quoted = [xml.replace('"', "&quot;").replace("'", apostrophe) for apostrophe in ("&apos;", "&#39;")]
    encoded = json.dumps(secret)[1:-1]
    return sorted({secret, xml, *quoted, encoded} - {""}, key=len, reverse=True)


class SessionMode(Enum):
    AUTO = "auto"
    """Stream; batch if the probe fails."""
    STREAM = "stream"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Approval:
    """The hosts that may receive a secret; ``secret`` is its reference, for people."""

    secret: str
    hosts: HostPatterns


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Time limits in seconds."""

    operation: int = 20
    """One long poll, by the server's clock. It is much shorter than 120 seconds, when idle connections are closed."""
    read: int = 30
    """One HTTP answer; longer than a long poll."""
    load: float = 240.0
    """From the start of loading until READY: a snap-in takes 10 to 20 seconds on a healthy server."""
    probe: float = 60.0
    """In mode auto: the limit for the runner to begin, and then to answer a ping, before batch mode is used."""
    command: float = 600.0
    """One command without a reply."""
    script: float = 1800.0
    """One script without a reply: exchucutil takes minutes in large forests."""
    reconnect: float = 90.0
    """Repeated messages of an open session while the network or the service is down."""
    busy: float = 5.0
    """The wait before a chunk is sent again to a service that still writes the previous chunk."""
    idle: float = 60.0
    """After this long without a message, the connection may be closed, so a new one is made."""
    beat: float = 45.0
    """After this long without a message, a ping keeps the session alive; shorter than ``idle``."""
    recycle: float = 3600.0
    """A process this old is replaced before the next call, because snap-ins and their sessions leak memory."""
    served: int = 50_000
    """A process that answered this many requests is replaced before the next call too."""
    queue: float = 2.0
    """A call waits at least this long for a free channel before another one is opened."""
    look: float = 10.0
    """The time between two checks for sessions to keep alive."""
    close: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One connection of the environment."""

    connection: str
    """Its name in the files."""
    host: str
    """FQDN of the entry point; '' is the first Exchange server of a simulated estate."""
    address: str | None = None
    """The address to connect to, if it differs from the host's name."""
    port: int | None = None
    tls: bool = False
    ca: str | None = None
    """PEM file of the authorities to trust, instead of the public ones of certifi."""
    auth: Authentication = Authentication.KERBEROS
    user: str = ""
    password: Secret | None = None
    delegate: bool = False
    """Kerberos: forward the ticket, so that the host can act as the user on other hosts."""
    certificate: str | None = None
    """PEM file of the client's certificate, for the authentication of that name."""
    certificate_key: str | None = None
    adapter: Adapter = Adapter.AUTO
    mode: SessionMode = SessionMode.AUTO
    approvals: tuple[Approval, ...] = ()
    """A configured or discovered host must be in all of these; otherwise no secret is sent to it."""
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    """The fields that differ on a host, by FQDN, ignoring case."""
    slots: int = SLOTS
    """The most sessions to one host at the same time; how many it grants is found out."""
    via: tuple[str, int] | None = None
    """Host and port of the listener for all hosts of a simulated estate."""
    deadlines: Deadlines = field(default_factory=Deadlines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One host, with everything needed to reach it."""

    settings: ConnectionSettings
    """The settings of the connection with the host's own overrides."""
    name: str
    """FQDN in lower case; '' is the entry host of a simulated estate."""
    address: str
    port: int

    @property
    def url(self) -> str:
        scheme = "https" if self.settings.tls else "http"
        address = f"[{self.address}]" if ":" in self.address else self.address
        path = f"/wsman/{self.name}" if self.settings.via and self.name else "/wsman"
        return f"{scheme}://{address}:{self.port}{path}"

    @property
    def place(self) -> str:
        """The host for people: ``ex1.contoso.com:5985``."""
        return f"{self.name or self.address}:{self.port}"

    @property
    def is_entry(self) -> bool:
        """True for the host that the connection names; False for one discovered behind it."""
        return self.name == _fqdn(self.settings.host)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.settings.connection, self.name)

    @property
    def credential(self) -> tuple[str, str]:
        """Two targets with equal credentials share one budget of failed logons.

        The directory counts failures by account, for all protocols together. An account has several names
        (``CONTOSO\\svc``, ``svc@contoso.com``), so only their common part is compared. Two accounts with the same name
        in two domains then share a budget, which is safe.
        """
        auth, user = self.settings.auth, self.settings.user.casefold()
        if auth in (Authentication.BASIC, Authentication.NTLM, Authentication.CREDSSP):
            return ("password", user.rpartition("\\")[2].partition("@")[0])
        return (auth.value, user or self.settings.certificate or "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no message may contain."""
        password = self.settings.password
        return (password.reveal(),) if password else ()

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.address)


def target_of(settings: ConnectionSettings, host: str | None) -> Target:
    """Return the target for ``host`` of the connection; None means its entry point.

    Raises:
        PermanentError: the settings would send a password in clear text, or a secret to a host not approved for it.
    """
    name = _fqdn(settings.host if host is None else host)
    own = next((own for fqdn, own in settings.hosts.items() if fqdn.lower() == name), EMPTY)
    merged = replace(settings, **own)
    if merged.via is not None:
        address, port = merged.via
    else:
        address = merged.address or name
        port = merged.port or (HTTPS_PORT if merged.tls else HTTP_PORT)
    target = Target(settings=merged, name=name, address=address, port=port)
    _refuse_clear_text(target)
    _refuse_not_approved(target)
    return target


def _fqdn(host: str) -> str:
    return host.strip().rstrip(".").lower()


def is_loopback(address: str) -> bool:
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _refuse_clear_text(target: Target) -> None:
    settings = target.settings
    if settings.tls or target.is_loopback:
        return
    if settings.auth in (Authentication.BASIC, Authentication.CERTIFICATE):
        raise PermanentError(
            Diagnostic(
                "Unsafe connection",
                f'"auth: {settings.auth.value}" without "tls: true" sends messages to {target.place} in clear text.',
                'Write "tls: true" for this connection, or use kerberos, ntlm or credssp, which seal the messages.',
            )
        )


def _refuse_not_approved(target: Target) -> None:
    for approval in target.settings.approvals:
        if target.name not in approval.hosts:
            raise PermanentError(
                Diagnostic(
                    "Host not approved",
                    f"{target.name} is one of the servers, but {approval.secret} is not approved for it. Nothing was "
                    f"sent to the host.",
                    f"If the host is yours, add it to the hosts of {approval.secret}: under secrets: in the file of"
                    " pinned connections, or in RECONCILER_SECRETS.",
                )
            )
