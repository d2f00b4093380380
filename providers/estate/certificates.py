"""Judges certificates: which of them Lync can accept from a server, and which flaws the others have.

The server says whether a certificate is valid, and its own clock when one expires. Whether Lync trusts the authority
only Lync knows, and no cmdlet asks it: a self-signed certificate is certainly not trusted, any other may be.

Sources: Deploying certificates for UM (Ee681661); Deploying Exchange UM and Lync Server (Bb676409); DOMAIN 3.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from providers.cmdlets.products import EXCHANGE_PROVIDER
from providers.cmdlets.versions import ExchangeVersion
from providers.estate.servers import UMHost, um_hosts
from providers.estate.services import moment
from providers.schema.certificates import BEST, ENABLE, ExchangeCertificate, UMCertificate, thumbprint
from providers.schema.exchange import ServerBinding
from providers.schema.windows_services import UMServiceRestart, WindowsServices
from reconciler.model.commands import Command, Endpoint, read
from reconciler.model.diagnostics import Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource, Resources

_SOURCE: Final = "Deploying certificates for UM (Ee681661); DOMAIN 3.6"
EXPIRED = Rule(
    "UM067",
    "Certificate has expired",
    "Lync refuses an expired certificate, so all calls between Lync and Unified Messaging fail.",
    "Renew it, or assign another certificate.",
    _SOURCE,
    leaves_out=True,
    also=(Severity.WARNING,),
)
EXPIRES_SOON = Rule(
    "UM057",
    "Certificate expires soon",
    "It expires within 30 days by the clock of its server. From then on all calls between Lync and Unified Messaging "
    "fail.",
    "Renew it, and assign the new certificate. With best, the next plan does that.",
    _SOURCE,
    Severity.WARNING,
)
SELF_SIGNED = Rule(
    "UM068",
    "Certificate is self-signed",
    "Lync never trusts the self-signed certificate of an Exchange server, so all calls between them fail.",
    "Assign a certificate of an authority that Exchange and Lync trust.",
    "Configure certificates on the server running Exchange UM (Gg398564); DOMAIN 3.6",
    leaves_out=True,
    also=(Severity.WARNING,),
)
NO_KEY = Rule(
    "UM069",
    "Certificate has no private key",
    "The server does not have the private key of the certificate, so it cannot use it.",
    "Import the certificate with its private key, or complete its request on the server that made the request.",
    "Get-ExchangeCertificate, Import-ExchangeCertificate (Microsoft Learn)",
    leaves_out=True,
    also=(Severity.WARNING,),
)
WILDCARD = Rule(
    "UM054",
    "Subject of a certificate has a wildcard",
    "Lync compares the subject with the FQDN of the server and accepts no wildcard there. In the subject alternative "
    "name it accepts one.",
    "Assign a certificate whose subject is the FQDN of the server.",
    "Deploying Exchange UM and Lync Server (Bb676409); DOMAIN 3.6",
    leaves_out=True,
    also=(Severity.WARNING,),
)
OTHER_NAME = Rule(
    "UM055",
    "Certificate is for another server",
    "Neither the subject nor the subject alternative name of the certificate has the FQDN of the server, so Lync "
    "refuses it.",
    "Assign a certificate with the FQDN of the server.",
    "Deploying Exchange UM and Lync Server (Bb676409); DOMAIN 3.6",
    leaves_out=True,
    also=(Severity.WARNING,),
)
NOT_VALID = Rule(
    "UM056",
    "Certificate is not valid",
    "Exchange itself calls the certificate invalid: it is revoked, not trusted, or its request is not complete.",
    "Complete the request, make its authority trusted, or assign another certificate.",
    "Get-ExchangeCertificate (Microsoft Learn); DOMAIN 3.6",
    leaves_out=True,
    also=(Severity.WARNING,),
)
FLAWS: Final = (EXPIRED, EXPIRES_SOON, SELF_SIGNED, NO_KEY, WILDCARD, OTHER_NAME, NOT_VALID)

_SOON: Final = timedelta(days=30)
_VALID, _OUT_OF_DATE = "valid", "dateinvalid"
_PROPERTIES: Final = (
    "Thumbprint",
    "Subject",
    "CertificateDomains",
    "Services",
    "Status",
    "IsSelfSigned",
    "HasPrivateKey",
    "NotAfter",
)

Flaw = tuple[Rule, str]
"""A rule, and a clause about the certificate: ``expired on 2026-01-05``."""


# --- reading ---------------------------------------------------------------------------------------------------------


def can_assign(version: ExchangeVersion) -> bool:
    """True from Exchange 2010 on. Before, UM has no startup mode, and chooses a certificate itself when it starts."""
    return version.takes(ENABLE) and version.has_startup_mode


def certificate_endpoint(fqdn: str) -> Endpoint:
    """Return the endpoint of the server itself: from another one, its store may be out of the account's reach."""
    return Endpoint(EXCHANGE_PROVIDER.name, fqdn)


def certificate_queries(landscape: Landscape, keys: frozenset[str] | None = None) -> tuple[Command, ...]:
    """Return the listing of the certificates of each server, or of those servers in ``keys``.

    Without ``keys`` nothing is read where the files declare no certificate and the state remembers none. An export then
    reads the servers that a dial plan binds: on others the certificates are not a matter of Unified Messaging.
    """
    if keys is None and not landscape.written(UMCertificate) and not landscape.prior.of_type(UMCertificate.name):
        keys = _bound(landscape) if landscape.settings.reads_all else frozenset()
    return tuple(
        read("Get-ExchangeCertificate", *_PROPERTIES, endpoint=certificate_endpoint(host.fqdn), Server=host.fqdn)
        for host in um_hosts(landscape).values()
        if can_assign(host.version) and (keys is None or host.fqdn in keys)
    )


def _bound(landscape: Landscape) -> frozenset[str]:
    """Return the servers with a binding to a dial plan, or with one that could not be read."""
    keys = [(host.fqdn, f"{host.fqdn}/{one.value}") for host in um_hosts(landscape).values() for one in host.services]
    return frozenset(
        fqdn
        for fqdn, key in keys
        if not landscape.is_readable(ServerBinding, key)
        or ((one := landscape.one(ServerBinding, key)) is not None and one.get(ServerBinding.dial_plans))
    )


def certificates_of(fqdn: str, landscape: Landscape) -> Mapping[str, Resource]:
    """Return the certificates of a server by thumbprint."""
    return landscape.fact(_by_server, landscape.all(ExchangeCertificate)).get(fqdn, {})


def _by_server(certificates: Resources) -> Mapping[str, dict[str, Resource]]:
    found: dict[str, dict[str, Resource]] = {}
    for one in certificates.values():
        server, _, name = one.key.partition("/")
        found.setdefault(server, {})[str(thumbprint(name))] = one
    return found


def clock_of(fqdn: str, landscape: Landscape) -> datetime | None:
    """Return the clock of a server; None if it was not read."""
    services = landscape.one(UMServiceRestart, fqdn)
    return moment(services.get(WindowsServices.host_clock)) if services else None


# --- judging ---------------------------------------------------------------------------------------------------------


def flaws(certificate: Resource, fqdn: str, now: datetime | None) -> Iterator[Flaw]:
    """Yield why Lync would refuse a certificate, now or soon; what is not known is no flaw."""
    yield from _of_time(certificate, now)
    status = (certificate.get(ExchangeCertificate.status) or _VALID).casefold()
    if status not in (_VALID, _OUT_OF_DATE):
        yield NOT_VALID, f"has the status {certificate.get(ExchangeCertificate.status)}"
    if certificate.get(ExchangeCertificate.is_self_signed):
        yield SELF_SIGNED, "is self-signed"
    if certificate.get(ExchangeCertificate.has_key) is False:
        yield NO_KEY, "has no private key"
    yield from _of_name(certificate, fqdn)


def _of_time(certificate: Resource, now: datetime | None) -> Iterator[Flaw]:
    end = moment(certificate.get(ExchangeCertificate.not_after))
    status = (certificate.get(ExchangeCertificate.status) or "").casefold()
    if status == _OUT_OF_DATE or (end and now and end <= now):
        is_early = bool(end and now and end > now)
        when = f" on {end:%Y-%m-%d}" if end else ""
        yield EXPIRED, "is not valid yet" if is_early else f"expired{when}"
    elif end and now and end - now < _SOON:
        yield EXPIRES_SOON, f"expires on {end:%Y-%m-%d}"


def _of_name(certificate: Resource, fqdn: str) -> Iterator[Flaw]:
    subject = certificate.get(ExchangeCertificate.subject)
    name = common_name(subject)
    if name is not None and "*" in name:
        yield WILDCARD, f"has the subject {subject}"
    elif name is not None and certificate.has(ExchangeCertificate.domains):
        names = {name, *(domain.casefold() for domain in certificate.get(ExchangeCertificate.domains))}
        if not any(_covers(one, fqdn) for one in names):
            yield OTHER_NAME, f"is for {', '.join(sorted(names))}"


def common_name(subject: str | None) -> str | None:
    """Return the common name of a subject in small letters; None where the subject is not known or has none."""
    match = re.search(r"(?:^|[,\s])CN=\"?([^,\"]+)", subject or "", re.IGNORECASE)
    return match[1].strip().casefold() if match else None


def _covers(name: str, fqdn: str) -> bool:
    """True where a name is the FQDN, or a wildcard of its domain."""
    return name == fqdn or (name.startswith("*.") and fqdn.partition(".")[2] == name[2:])


def best_of(certificates: Iterable[Resource], fqdn: str, now: datetime | None) -> Resource | None:
    """Return the certificate that Lync can accept and that expires last; None where there is none for certain.

    A status, an end or a name that remoting does not show could hide a flaw, so such a certificate is not chosen.
    """
    fitting = [one for one in certificates if _is_known(one) and not list(_grave(flaws(one, fqdn, now)))]
    return max(fitting, key=lambda one: (str(one.get(ExchangeCertificate.not_after)), one.key), default=None)


def _grave(found: Iterable[Flaw]) -> Iterator[Flaw]:
    return (flaw for flaw in found if flaw[0] is not EXPIRES_SOON)


def _is_known(certificate: Resource) -> bool:
    return (
        certificate.get(ExchangeCertificate.status) is not None
        and certificate.get(ExchangeCertificate.is_self_signed) is not None
        and certificate.get(ExchangeCertificate.not_after) is not None
        and common_name(certificate.get(ExchangeCertificate.subject)) is not None
        and certificate.has(ExchangeCertificate.domains)
    )


def why_none_fits(certificates: Mapping[str, Resource], fqdn: str, now: datetime | None) -> Sequence[str]:
    """Return, for each certificate of a server, why the rule does not choose it."""
    found: list[str] = []
    for name, one in sorted(certificates.items()):
        clauses = [clause for _, clause in _grave(flaws(one, fqdn, now))]
        found.append(f"{name} {clauses[0] if clauses else 'is not shown in full by remoting'}")
    return found


def chosen(written: str, host: UMHost, landscape: Landscape) -> str | None:
    """Return the thumbprint that a declaration means on a server; None where no certificate fits the rule."""
    if written != BEST:
        return written
    best = best_of(certificates_of(host.fqdn, landscape).values(), host.fqdn, clock_of(host.fqdn, landscape))
    return best.key.rpartition("/")[2] if best else None
