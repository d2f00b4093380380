"""The way to a host below HTTP, step by step: name, port, TLS. Each step says what is found and what to do.

The sessions themselves take these steps inside their library, which tells of all of them alike: "cannot connect". Here
they are taken one by one, with the same trust and the same name, before a session is opened. Nothing is sent but a
TLS handshake, and no credential is touched.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from providers.transport.settings import HTTP_PORT, HTTPS_PORT, Target
from providers.transport.wsman.fault_tables import NEVER_REACHED, NO_TLS, SETTINGS, Phase
from providers.transport.wsman.faults import judge
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Check, Finding, failed, ok, warned

CONNECT_SECONDS: Final = 8.0
EXPIRES_SOON: Final = timedelta(days=30)
"""Or the last third of a life that is shorter than three months."""
_GLIMPSE_SECONDS: Final = 2.0
_SEALING: Final = frozenset({Authentication.NTLM, Authentication.KERBEROS, Authentication.CREDSSP})


def reach(
    target: Target,
    now: datetime,
    connect_seconds: float = CONNECT_SECONDS,
    ports: tuple[int, int] = (HTTP_PORT, HTTPS_PORT),
) -> tuple[Finding, ...]:
    """Return what is found on the way to ``target``, as far as it goes; the last one may have failed.

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
        told = socket.getaddrinfo(target.address, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return failed(
            Check.NAME,
            Diagnostic(
                NEVER_REACHED.summary,
                f'The name "{target.address}" does not resolve on this machine.',
                "Check how the host is spelled, and that this machine asks a DNS server which knows the domain.",
            ),
        )
    return list(dict.fromkeys(str(address[0]) for *_, address in told))


def _named(target: Target, addresses: list[str]) -> Finding:
    if target.settings.via is not None:
        return ok(Check.NAME, "simulated; one listener on this machine stands for every host")
    shown = ", ".join(addresses[:3]) + (f" and {len(addresses) - 3} more" if len(addresses) > 3 else "")
    if not _is_address(target.address):
        return ok(Check.NAME, shown)
    if target.settings.auth is Authentication.KERBEROS:
        return warned(
            Check.NAME,
            "Address instead of a name",
            f"{target.address} is an address, and Kerberos knows hosts by name.",
            "Write the FQDN of the host.",
        )
    return ok(Check.NAME, f"{target.address} is an address")


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
            reason = f"{_spelled(address)}:{target.port} gives no answer within {seconds:.0f} s"
        except OSError as error:
            reason = f"{_spelled(address)}:{target.port} cannot be reached: {error.strerror or type(error).__name__}"
    remedy = _port_remedy(target, addresses, seconds / 4, ports)
    return failed(Check.PORT, Diagnostic(NEVER_REACHED.summary, f"{reason}.", remedy))


def _port_remedy(target: Target, addresses: list[str], seconds: float, ports: tuple[int, int]) -> str:
    """Return what to do; where the other port of WinRM answers, the connection names the wrong one."""
    http, https = ports
    other = {https: http, http: https}.get(target.port)
    if other is not None and target.settings.via is None and _accepts(addresses, other, seconds):
        is_plain = other == http
        return (
            f'Port {other} answers: WinRM is there {"without" if is_plain else "with"} TLS. Write "tls: '
            f'{"false" if is_plain else "true"}" for this host'
            + (", or give WinRM an HTTPS listener:\n    winrm quickconfig -transport:https" if is_plain else ".")
        )
    return (
        "Check that the host runs, that WinRM is on, and that a firewall lets the port through. On the host:\n"
        "    winrm quickconfig"
    )


def _accepts(addresses: list[str], port: int, seconds: float) -> bool:
    for address in addresses[:1]:
        try:
            socket.create_connection((address, port), seconds).close()
        except OSError:
            continue
        return True
    return False


def _spelled(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# --- TLS -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows, in words."""

    names: tuple[str, ...]
    issuer: str
    begins: datetime
    ends: datetime

    @classmethod
    def read(cls, der: bytes) -> Certificate | None:
        from cryptography import x509

        try:
            told = x509.load_der_x509_certificate(der)
            issuer = told.issuer.rfc4514_string()
            begins, ends = told.not_valid_before_utc, told.not_valid_after_utc
        except (ValueError, TypeError):
            return None
        try:
            held = told.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = [
                *held.get_values_for_type(x509.DNSName),
                *map(str, held.get_values_for_type(x509.IPAddress)),
            ]
        except (x509.ExtensionNotFound, ValueError):
            names = []
        return cls(tuple(names), issuer, begins, ends)

    def __str__(self) -> str:
        names = ", ".join(self.names[:3]) + (f" and {len(self.names) - 3} more" if len(self.names) > 3 else "")
        return f"certificate for {names or 'no name'}, issued by {self.issuer}, valid until {self.ends:%Y-%m-%d}"


def _without_tls(target: Target) -> Finding:
    auth = target.settings.auth
    if auth in _SEALING:
        return ok(Check.TLS, f"off; {auth.value} seals the messages")
    return ok(Check.TLS, f"off; {auth.value} in clear text, which only this machine's own addresses get")


def _secured(target: Target, connection: socket.socket, now: datetime) -> Finding:
    """Make the handshake as the session will, and tell what the host shows."""
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
    """Return the trust of the session's own library: the connection's authorities, or those it comes with."""
    context = ssl.create_default_context(cafile=target.settings.ca or DEFAULT_CA_BUNDLE_PATH)
    if target.settings.certificate is not None:
        context.load_cert_chain(target.settings.certificate, target.settings.certificate_key)
    return context


def _unreadable(target: Target, error: OSError) -> Finding:
    files = (target.settings.ca, target.settings.certificate, target.settings.certificate_key)
    named = ", ".join(name for name in files if name)
    reason = (
        error.strerror if not isinstance(error, ssl.SSLError) and error.strerror else "it holds no PEM of that kind"
    )
    return failed(Check.TLS, Diagnostic(SETTINGS.summary, f"{named}: {reason}.", SETTINGS.remedy))


def _shown(version: str, certificate: Certificate | None, now: datetime) -> Finding:
    if certificate is None:
        return ok(Check.TLS, version)
    detail = f"{version}, {certificate}"
    if certificate.ends - now < min(EXPIRES_SOON, (certificate.ends - certificate.begins) / 3):
        remedy = "Renew the certificate on the host before this day: no session is opened after it."
        return warned(Check.TLS, "Certificate expires soon", f"{detail}.", remedy)
    return ok(Check.TLS, detail)


def _refused(target: Target, error: ssl.SSLError) -> Finding:
    """Return what plan would say, with what the host shows: its reader sees why."""
    told = judge(requests.exceptions.SSLError(error), Phase.CREATE, target.place).error.diagnostics[0]
    if isinstance(error, ssl.SSLCertVerificationError):
        shown = glimpse(target)
        detail = f"{target.place}: {error.verify_message or 'the certificate cannot be verified'}."
        if shown is not None:
            detail += f" It shows a {shown}."
        return failed(Check.TLS, Diagnostic(told.summary, detail, told.remedy))
    reason = "what answers does not speak TLS" if error.reason == "WRONG_VERSION_NUMBER" else error.reason
    return failed(Check.TLS, Diagnostic(told.summary, f"{target.place}: {reason or 'no handshake'}.", told.remedy))


def glimpse(target: Target) -> Certificate | None:
    """Return the certificate a host shows, trusted or not; None where it speaks no TLS.

    It is looked at and the connection dropped: nothing is sent over it.
    """
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
