"""The way to a host below HTTP, step by step: name, port, TLS. Each step reports its result and a remedy.

Sessions do these steps inside their library, which reports every failure as "cannot connect". This module does them one
by one before a session is opened, with the same trusted authorities and the same name. It sends only a TLS handshake
and no credential.

A run takes them at its first contact with each host that a connection names. Waiting does not repair a name that does
not resolve, a port without a listener, or an untrusted certificate, so a failed step is final. Later failures of the
same host are transient, and the run waits until they pass. A refused credential, or a service that is not WinRM, is
found when the session opens.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from providers.transport.settings import HTTP_PORT, HTTPS_PORT, Target
from providers.transport.wsman.fault_tables import NEVER_REACHED, NO_TLS, SETTINGS, Phase
from providers.transport.wsman.faults import judge
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic, PermanentError, UntrustedServer
from reconciler.model.findings import Check, Finding, Status, failed, ok, warned
from reconciler.model.ports import Clock

CONNECT_SECONDS: Final = 8.0
EXPIRES_SOON: Final = timedelta(days=30)
"""A certificate that is valid for less than three months gets the warning in the last third of its life instead."""
_GLIMPSE_SECONDS: Final = 2.0
_SEALING: Final = frozenset({Authentication.NTLM, Authentication.KERBEROS, Authentication.CREDSSP})


def reach(
    target: Target,
    now: datetime,
    connect_seconds: float = CONNECT_SECONDS,
    ports: tuple[int, int] = (HTTP_PORT, HTTPS_PORT),
) -> tuple[Finding, ...]:
    """Return the findings on the way to ``target`` up to the first failure.

    ``ports``: those of WinRM, without and with TLS.
    """
    named = _name(target)
    if not isinstance(named, list):
        return (named,)
    found = [_named(target, named)]
    connected = _connected(target, named, connect_seconds, ports)
    if isinstance(connected, Finding):
        return (*found, connected)
    connection, address = connected
    with connection:
        found.append(ok(Check.PORT, f"{_spelled(address)}:{target.port} accepts connections"))
        found.append(_secured(target, connection, now) if target.settings.tls else _without_tls(target))
    return tuple(found)


# --- name ------------------------------------------------------------------------------------------------------------


def _name(target: Target) -> list[str] | Finding:
    """Return the addresses of the host, in the order in which they are tried."""
    try:
        found = socket.getaddrinfo(target.address, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return failed(
            Check.NAME,
            Diagnostic(
                NEVER_REACHED.summary,
                f'The name "{target.address}" does not resolve on this machine.',
                "Check the spelling of the host, and that the DNS server of this machine knows the domain.",
            ),
        )
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _named(target: Target, addresses: list[str]) -> Finding:
    if target.settings.via is not None:
        return ok(Check.NAME, "simulated; one listener on this machine stands for every host")
    shown = _first_three(addresses)
    if not _is_address(target.address):
        return ok(Check.NAME, shown)
    if target.settings.auth is Authentication.KERBEROS:
        return warned(
            Check.NAME,
            "Address instead of a name",
            f"{target.address} is an IP address. Kerberos needs the name of the host.",
            "Write the FQDN of the host.",
        )
    return ok(Check.NAME, f"{target.address} is an address")


def _first_three(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# --- port ------------------------------------------------------------------------------------------------------------


def _connected(
    target: Target, addresses: list[str], seconds: float, ports: tuple[int, int]
) -> tuple[socket.socket, str] | Finding:
    """Return a connection to the first address that accepts one, with the address."""
    reason = ""
    for address in addresses:
        try:
            return socket.create_connection((address, target.port), seconds), address
        except ConnectionRefusedError:
            reason = f"{_spelled(address)}:{target.port} refuses the connection: nothing listens there"
        except TimeoutError:
            reason = f"{_spelled(address)}:{target.port} does not answer within {seconds:.0f} s"
        except OSError as error:
            reason = f"{_spelled(address)}:{target.port} cannot be reached: {error.strerror or type(error).__name__}"
    remedy = _port_remedy(target, addresses, seconds / 4, ports)
    return failed(Check.PORT, Diagnostic(NEVER_REACHED.summary, f"{reason}.", remedy))


def _port_remedy(target: Target, addresses: list[str], seconds: float, ports: tuple[int, int]) -> str:
    """Return what to do; if the other port of WinRM answers, the connection names the wrong one."""
    http, https = ports
    other = {https: http, http: https}.get(target.port)
    if other is not None and target.settings.via is None and _accepts(addresses[0], other, seconds):
        if other == https:
            return f'Port {other} answers: WinRM uses TLS on this port. Write "tls: true" for this host.'
        return (
            f'Port {other} answers: WinRM uses no TLS on this port. Write "tls: false" for this host, or give WinRM an'
            " HTTPS listener:\n    winrm quickconfig -transport:https"
        )
    return (
        "Check that the host runs, that WinRM is on, and that a firewall lets the port through. On the host:\n"
        "    winrm quickconfig"
    )


def _accepts(address: str, port: int, seconds: float) -> bool:
    try:
        socket.create_connection((address, port), seconds).close()
    except OSError:
        return False
    return True


def _spelled(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# --- TLS -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a server, in words."""

    names: tuple[str, ...]
    issuer: str
    begins: datetime
    ends: datetime

    @classmethod
    def read(cls, der: bytes) -> Certificate | None:
        from cryptography import x509

        try:
            parsed = x509.load_der_x509_certificate(der)
            issuer = parsed.issuer.rfc4514_string()
            begins, ends = parsed.not_valid_before_utc, parsed.not_valid_after_utc
        except (ValueError, TypeError):
            return None
        try:
            held = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = [*held.get_values_for_type(x509.DNSName), *map(str, held.get_values_for_type(x509.IPAddress))]
        except (x509.ExtensionNotFound, ValueError):
            names = []
        return cls(tuple(names), issuer, begins, ends)

    def __str__(self) -> str:
        names = _first_three(self.names) or "no name"
        return f"certificate for {names}, issued by {self.issuer}, valid until {self.ends:%Y-%m-%d}"


def _without_tls(target: Target) -> Finding:
    auth = target.settings.auth
    if auth in _SEALING:
        return ok(Check.TLS, f"off; {auth.value} seals the messages")
    return ok(Check.TLS, f"off; {auth.value} in clear text, allowed only to this machine itself")


def _secured(target: Target, connection: socket.socket, now: datetime) -> Finding:
    """Do the same handshake as the session, and return the certificate of the host."""
    try:
        context = _trusting(target)
    except OSError as error:
        return _unreadable(target, error)
    try:
        with context.wrap_socket(connection, server_hostname=target.address) as secured:
            version, der = secured.version(), secured.getpeercert(binary_form=True)
    except OSError as error:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return _refused(target, error)
        how = "is silent" if isinstance(error, TimeoutError) else "ends the handshake"
        return failed(Check.TLS, Diagnostic(NO_TLS.summary, f"{target.place} {how}.", NO_TLS.remedy))
    return _shown(version or "TLS", Certificate.read(der or b""), now)


def _trusting(target: Target) -> ssl.SSLContext:
    """Return the trust settings of the session's library: the authorities of the connection, or the built-in ones."""
    context = ssl.create_default_context(cafile=target.settings.ca or DEFAULT_CA_BUNDLE_PATH)
    if target.settings.certificate is not None:
        context.load_cert_chain(target.settings.certificate, target.settings.certificate_key)
    return context


def _unreadable(target: Target, error: OSError) -> Finding:
    files = (target.settings.ca, target.settings.certificate, target.settings.certificate_key)
    named = ", ".join(name for name in files if name)
    reason = "" if isinstance(error, ssl.SSLError) else error.strerror
    return failed(
        Check.TLS,
        Diagnostic(SETTINGS.summary, f"{named}: {reason or 'it contains no such PEM block'}.", SETTINGS.remedy),
    )


def _shown(version: str, certificate: Certificate | None, now: datetime) -> Finding:
    if certificate is None:
        return ok(Check.TLS, version)
    detail = f"{version}, {certificate}"
    if certificate.ends - now < min(EXPIRES_SOON, (certificate.ends - certificate.begins) / 3):
        remedy = "Renew the certificate on the host before that day; no session can be opened after it."
        return warned(Check.TLS, "Certificate expires soon", f"{detail}.", remedy)
    return ok(Check.TLS, detail)


def _refused(target: Target, error: ssl.SSLError) -> Finding:
    """Return the error that a plan would report, with the certificate of the host as explanation."""
    seen = judge(requests.exceptions.SSLError(error), Phase.CREATE, target.place).error.diagnostics[0]
    if isinstance(error, ssl.SSLCertVerificationError):
        shown = glimpse(target)
        detail = f"{target.place}: {error.verify_message or 'the certificate cannot be verified'}."
        if shown is not None:
            detail += f" It shows a {shown}."
        return failed(Check.TLS, Diagnostic(seen.summary, detail, seen.remedy))
    reason = "the service does not use TLS" if error.reason == "WRONG_VERSION_NUMBER" else error.reason
    return failed(Check.TLS, Diagnostic(seen.summary, f"{target.place}: {reason or 'no handshake'}.", seen.remedy))


def glimpse(target: Target) -> Certificate | None:
    """Return the certificate of a host, trusted or not; None if it does not use TLS. Only the handshake is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((target.address, target.port), _GLIMPSE_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=target.address) as secured,
        ):
            return Certificate.read(secured.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError):
        return None


_FIRST_CONNECT_SECONDS: Final = 2.0
"""Time for two attempts of TCP, one second apart."""


class FirstContact:
    """Checks each entry point once in a run."""

    def __init__(self, clock: Clock, doctor: str) -> None:
        """``doctor``: the command that examines the connections of this environment."""
        self._clock, self._doctor = clock, doctor
        self._met: set[str] = set()

    def refuse(self, target: Target) -> None:
        """Check the way to an entry point, once.

        Raises:
            PermanentError: no session can be opened; it names the failed step and the remedy.
        """
        if target.url in self._met or target.settings.via is not None or not target.is_entry:
            return
        failed = reach(target, self._clock.now(), _FIRST_CONNECT_SECONDS)[-1]
        if failed.status is Status.FAILED:
            kind = UntrustedServer if failed.check is Check.TLS else PermanentError
            raise kind(Diagnostic(failed.summary, failed.detail, f"{failed.remedy}\n\n{self._look()}"))
        self._met.add(target.url)

    def advised(self, error: PermanentError) -> PermanentError:
        """Return the error with the command that checks the way to each server added to its remedy."""
        advised = (replace(one, remedy=f"{one.remedy}\n\n{self._look()}".lstrip()) for one in error.diagnostics)
        return type(error)(*advised, record=error.record)

    def _look(self) -> str:
        return f"To check every step of the way to each server:\n\n    {self._doctor}"
