"""What stands behind the listener: who may connect, which hosts there are, and what answers their messages.

``/wsman/<fqdn>`` is that host, ``/wsman`` the first Exchange server.

The limits of a host for its clients come from the quotas of its Windows version; the listener's own settings apply to
all hosts. If both limit the same resource, the lower limit applies.
Source: learn.microsoft.com/windows/win32/winrm/quotas.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from providers.simulator.wire.authentication import Accounts, Connection, Policy, Scheme
from providers.simulator.wire.certificates import Certificate
from providers.simulator.wire.endpoint import Endpoint
from providers.simulator.wire.faults import FaultPlan
from providers.simulator.wire.process import PowerShell, RunnerProcess
from providers.simulator.wire.runner import Estate
from providers.simulator.wire.shell_command import Launch, Process, Start
from providers.simulator.wire.wsman import Limits, Shells

_FIELDS: Final[Mapping[str, tuple[str, float]]] = {
    "MaxShellsPerUser": ("max_shells_per_user", 1),
    "MaxProcessesPerShell": ("max_processes_per_shell", 1),
    "MaxConcurrentUsers": ("max_concurrent_users", 1),
    "MaxEnvelopeSizekb": ("max_envelope_bytes", 1024),
    "MaxMemoryPerShellMB": ("max_memory_per_shell_mb", 1),
    "IdleTimeout": ("idle_timeout_seconds", 0.001),
}
"""By the name of the quota: which limit it is, and its unit in ours."""


def limits_with(limits: Limits, quotas: object) -> Limits:
    """Return ``limits``, reduced to the quotas of a host."""
    if not isinstance(quotas, Mapping):
        return limits
    narrower = [(field, quotas[name] * unit) for name, (field, unit) in _FIELDS.items() if name in quotas]
    return replace(limits, **{field: min(getattr(limits, field), value) for field, value in narrower})


def _tls_context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    assert settings.certificate is not None
    context.load_cert_chain(settings.certificate.certificate, settings.certificate.key)
    if settings.client_ca is not None:
        context.load_verify_locations(settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if settings.schemes == {Scheme.CERTIFICATE} else ssl.CERT_OPTIONAL
    return context


@dataclass(frozen=True, slots=True)
class Settings:
    """How a listener behaves. The defaults are those of a loopback listener over HTTP with NTLM."""

    users: Mapping[str, str] = field(repr=False)
    """``DOMAIN\\user`` to password."""
    schemes: frozenset[Scheme] = frozenset({Scheme.NTLM})
    address: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    certificate: Certificate | None = None
    """Of the server; None: plain HTTP."""
    client_ca: Path | None = None
    """The authority whose client certificates are accepted."""
    dns_domain: str = ""
    """The domain of user principal names; default: that of the entry host."""
    allow_unsealed: bool = False
    """Accept unsealed messages over plain HTTP from NTLM and Kerberos clients, as AllowUnencrypted does."""
    allow_basic_over_http: bool = True
    latency_seconds: float = 0.0
    """Added to every message."""
    idle_connection_seconds: float = 120.0
    """After this much silence the connection is closed, as http.sys does."""
    limits: Limits = field(default_factory=Limits)
    powershell: PowerShell = field(default_factory=PowerShell)
    """Of the interpreter; a real one is as it is."""
    tls_context: Callable[[Settings], ssl.SSLContext] = _tls_context


@dataclass(frozen=True, slots=True)
class Counts:
    """What a listener has done so far."""

    messages: Mapping[str, int]
    """By kind: create, command, send, receive, signal, delete, and also ``authenticate`` and ``refused``."""
    connections: int
    authentications: int
    failed_authentications: int
    open_shells: int
    faults: int

    @property
    def total(self) -> int:
        """All HTTP requests."""
        return sum(self.messages.values())


class Service:
    """The WinRM services of all hosts of an estate, without the port they are reached at. Thread-safe."""

    def __init__(
        self, estate: Estate, settings: Settings, faults: FaultPlan | None = None, start: Start | None = None
    ) -> None:
        """``start`` starts the command of a shell, by default in the interpreter."""
        self.faults = faults or FaultPlan()
        self.settings = settings
        self._estate = estate
        self.entry_host = estate.entry_host().casefold()
        self.hosts = tuple(host.casefold() for host in estate.hosts())
        self.errors: deque[str] = deque(maxlen=20)
        """Tracebacks of what went wrong inside the listener: always a bug in it."""
        self._known = frozenset(self.hosts)
        domain = settings.dns_domain or self.entry_host.partition(".")[2]
        self.accounts = Accounts(settings.users, domain)
        self.policy = Policy(
            settings.schemes,
            is_tls=settings.certificate is not None,
            allow_unsealed=settings.allow_unsealed,
            allow_basic_over_http=settings.allow_basic_over_http,
        )
        self._tls = settings.tls_context(settings) if settings.certificate else None
        self._limits: dict[str, Limits] = {}
        self._endpoint = Endpoint()
        self.shells = Shells(start or self._start_process, limits_of=self.limits_of)
        self._counter: Counter[str] = Counter()
        self._lock = threading.Lock()

    def about(self, host: str) -> Mapping[str, object]:
        """Return what the estate knows of a host."""
        return self._estate.about(host)

    @property
    def counts(self) -> Counts:
        with self._lock:
            counted = dict(self._counter)
        return Counts(
            connections=counted.pop("#connections", 0),
            authentications=counted.pop("#authentications", 0),
            failed_authentications=counted.pop("#failures", 0),
            messages=counted,
            open_shells=self.shells.count,
            faults=self.faults.injected,
        )

    def limits_of(self, host: str) -> Limits:
        """Return the limits of a host, which do not change."""
        if host not in self._limits:
            self._limits[host] = limits_with(self.settings.limits, self._estate.about(host).get("quotas"))
        return self._limits[host]

    def count(self, what: str) -> None:
        with self._lock:
            self._counter[what] += 1

    def host_of(self, path: str) -> str | None:
        """Return the host of a request path, or None."""
        parts = path.partition("?")[0].casefold().strip("/").split("/")
        if parts[0] != "wsman" or len(parts) > 2:
            return None
        host = parts[1] if len(parts) == 2 else self.entry_host
        return host if host in self._known else None

    def connection(self, peer_certificate: bytes | None) -> Connection:
        self.count("#connections")
        return Connection(self.policy, self.accounts, peer_certificate)

    def wrapped(self, accepted: socket.socket) -> socket.socket:
        """Return an accepted connection inside TLS, if the listener has it; the handshake comes later."""
        if self._tls is None:
            return accepted
        return self._tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)

    def _start_process(self, launch: Launch) -> Process:
        return RunnerProcess(self._estate, launch, self.settings.powershell, endpoint=self._endpoint)
