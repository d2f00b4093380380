"""The certificate that Unified Messaging uses on each server, beside step 4 of the procedure.

It is assigned after the startup mode, because Exchange refuses it while the mode is TCP, and before the services
restart, which read both when they start: one restart of a host serves both. It is declared by thumbprint, or by a rule
(``best``), so that a renewed certificate takes over without a change of the files.

An assignment has no end of its own. Enable-ExchangeCertificate only adds, no cmdlet takes a service from a certificate,
and without one a secured dial plan takes no call. It ends when another certificate takes over, or with the certificate
itself, which is not ours to remove. So ``state: absent`` is refused, and what is no longer declared is forgotten.

Sources: Get- and Enable-ExchangeCertificate (Microsoft Learn); Deploying certificates for UM (Ee681661); DOMAIN 3.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.value_types import Fqdn, plain
from providers.estate.certificates import (
    FLAWS,
    best_of,
    can_assign,
    certificate_endpoint,
    certificate_queries,
    certificates_of,
    chosen,
    clock_of,
    flaws,
    why_none_fits,
)
from providers.estate.servers import UMHost, UMService, um_hosts
from providers.estate.services import UM_SERVICE_RESTART, owed_since_now
from providers.schema.certificates import ENABLE, UMCertificate, thumbprint
from providers.schema.exchange import ServerBinding
from providers.schema.exchange_facts import ExchangeServer
from providers.schema.windows_services import UMServiceRestart
from reconciler.model.abilities import Owing
from reconciler.model.actions import Action, Change
from reconciler.model.attributes import Attr
from reconciler.model.commands import Command, Reply, write
from reconciler.model.diagnostics import Diagnostic, SessionError, Severity, did_you_mean, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed, Lifecycle, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Record, Value

NO_SUCH_SERVICE = Rule(
    "UM063",
    "Server cannot be given a certificate",
    "A certificate is declared for a server that the organization does not have, that has no such Unified Messaging "
    "service, or of Exchange 2007, whose service chooses a certificate itself when it starts. A service that the "
    "server lacks is left out alone, with a warning, where the declaration also names one that it has.",
    "Write the FQDN of an Exchange server of 2010 to 2016 with Unified Messaging; router only from 2013 on.",
    "Enable-ExchangeCertificate (Microsoft Learn); UM voice architecture changes (JJ150516); DOMAIN 2.2",
    leaves_out=True,
    also=(Severity.WARNING,),
)
NOT_THERE = Rule(
    "UM064",
    "Certificate is not on the server",
    "The server has no certificate with the declared thumbprint.",
    "Import it on the server, or correct the thumbprint.",
    "Get-ExchangeCertificate (Microsoft Learn); DOMAIN 3.6",
    leaves_out=True,
)
NONE_FITS = Rule(
    "UM065",
    "No certificate fits",
    "The server has no certificate that Lync can certainly accept: for the FQDN of the server, valid, issued by an "
    "authority, with a private key.",
    "Install a certificate of an authority that Exchange and Lync trust, or write a thumbprint.",
    "Deploying certificates for UM (Ee681661); DOMAIN 3.6",
    leaves_out=True,
)
TCP_ONLY = Rule(
    "UM066",
    "Service listens without TLS",
    "Exchange assigns no certificate to a Unified Messaging service while its startup mode is TCP.",
    "Bind the server to a secured dial plan, which sets the mode, or set the mode to Dual.",
    "Enable-ExchangeCertificate (Microsoft Learn); DOMAIN 3.6",
    leaves_out=True,
)
UNSHOWN: Final = "Assignment of certificates is unknown"

_UM = UMCertificate.um
_ROUTER = UMCertificate.router
_SERVICES: Final[Mapping[Attr[Any], tuple[str, frozenset[UMService]]]] = {
    _UM: ("UM", frozenset({UMService.UM_SERVER, UMService.UM_SERVICE})),
    _ROUTER: ("UMCallRouter", frozenset({UMService.CALL_ROUTER})),
}
"""By attribute: the service's name for the cmdlet, and the services of a host that it means."""


class UMCertificateType(UMCertificate, CmdletResource, Owing):
    """The certificates of the Unified Messaging services of one server; key: its FQDN."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.SETTING
    section: ClassVar[str | None] = "um_certificates"
    after: ClassVar[tuple[str, ...]] = (ServerBinding.name,)
    noun: ClassVar[str] = "ExchangeCertificate"
    has_guid: ClassVar[bool] = False
    key_type: ClassVar[Any] = Fqdn
    reads_after: ClassVar[tuple[str, ...]] = (ExchangeServer.name,)
    refreshes: ClassVar[tuple[str, ...]] = (UMServiceRestart.name,)
    rules: ClassVar[tuple[Rule, ...]] = (NO_SUCH_SERVICE, NOT_THERE, NONE_FITS, TCP_ONLY, *FLAWS)

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({"Get-ExchangeCertificate", ENABLE})

    @property
    def is_replicated(self) -> bool:
        return False  # certificates and their services are read from the server that holds them

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return certificate_queries(landscape, keys)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        return [self._observed(str(command.argument("Server")), reply, landscape) for command, reply in answers]

    def _observed(self, fqdn: str, reply: Reply | SessionError, landscape: Landscape) -> Resource | Diagnosed:
        address = Address(self.name, fqdn)
        if isinstance(reply, SessionError):
            why = (*reply.diagnostics, Diagnostic(UNSHOWN, f"{fqdn} does not answer.", address=str(address)))
            return Diagnosed(address, why[0])
        host = um_hosts(landscape).get(fqdn)
        if any(_services(record) is None for record in reply.records):
            detail = f"{fqdn} does not show which services use its certificates."
            return Diagnosed(address, Diagnostic(UNSHOWN, detail, address=str(address)))
        held = {attribute: _holding(reply.records, service) for attribute, (service, _) in _SERVICES.items()}
        values: dict[str, Value] = {
            attribute.name: self._in_use(attribute, held[attribute], fqdn, landscape)
            for attribute in _attributes_of(host)
        }
        return Resource(address, values, name=fqdn)

    def _in_use(self, attribute: Attr[Any], held: Sequence[str], fqdn: str, landscape: Landscape) -> str | None:
        """Return the certificate of a service. Of several that are marked for it, the declared one counts."""
        declared = landscape.written(self).get(fqdn)
        wanted = declared.get(attribute) if declared is not None else None
        if len(held) < 2 or wanted in held:
            return wanted if wanted in held else next(iter(held), None)
        known = certificates_of(fqdn, landscape)
        best = best_of((known[one] for one in held if one in known), fqdn, clock_of(fqdn, landscape))
        return best.key.rpartition("/")[2] if best else min(held)

    # what is desired

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the declarations with a thumbprint for each rule; without it where no certificate fits.

        One for a server that cannot be given a certificate is left out, because a check complains of it.
        """
        hosts = {fqdn: host for fqdn, host in um_hosts(landscape).items() if can_assign(host.version)}
        written = landscape.written(self).values()
        return [_resolved(one, hosts[one.key], landscape) for one in written if one.key in hosts]

    def needs(self, desired: Resource, landscape: Landscape) -> Sequence[Address]:
        host = um_hosts(landscape).get(desired.key)
        bindings = (
            Address(ServerBinding.name, f"{desired.key}/{one.value}") for one in (host.services if host else ())
        )
        return tuple(binding for binding in bindings if binding in landscape.actions)

    def obligations(self, desired: Resource, changes: Sequence[Change], landscape: Landscape) -> Sequence[Obligation]:
        return (UM_SERVICE_RESTART.of(desired.key),) if changes else ()

    def owed_after(self, action: Action, landscape: Landscape) -> Sequence[Obligation]:
        return owed_since_now(action, landscape)

    # what changes it

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        """Return one command for each certificate, which may serve both services."""
        services: dict[str, list[str]] = {}
        for attribute, (service, _) in _SERVICES.items():
            after = next((change.after for change in changes if change.attribute == attribute.name), None)
            if isinstance(after, str):
                services.setdefault(after, []).append(service)
        endpoint = certificate_endpoint(desired.key)
        return tuple(
            write(ENABLE, endpoint, Thumbprint=one, Server=desired.key, Services=tuple(names))
            for one, names in services.items()
        )

    # what forbids or clouds it

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        hosts = um_hosts(landscape)
        if not landscape.is_readable(ExchangeServer):
            return ()
        return [one for each in landscape.written(self).values() for one in _check(each, hosts, landscape)]


def _attributes_of(host: UMHost | None) -> tuple[Attr[Any], ...]:
    """Return the attributes that a server has: those of its services."""
    has = frozenset(host.services if host else ())
    return tuple(attribute for attribute, (_, services) in _SERVICES.items() if services & has)


def _services(record: Record) -> frozenset[str] | None:
    """Return the services of a certificate in small letters; None where the answer does not name them."""
    found = plain(record.get("Services"))
    if isinstance(found, list | tuple):
        return frozenset(str(plain(one)).casefold() for one in found)
    if not isinstance(found, str) or found.isdigit():
        return None
    return frozenset(part.strip().casefold() for part in found.split(","))


def _holding(records: Sequence[Record], service: str) -> list[str]:
    marked = (record for record in records if service.casefold() in (_services(record) or ()))
    return sorted(str(thumbprint(record.get("Thumbprint"))) for record in marked)


def _resolved(declared: Resource, host: UMHost, landscape: Landscape) -> Resource:
    values = dict(declared.attributes)
    for attribute in _SERVICES:
        if attribute.name in values:
            found = chosen(str(values.pop(attribute.name)), host, landscape)
            if found is not None and attribute in _attributes_of(host):
                values[attribute.name] = found
    return replace(declared, attributes=values)


def _check(declared: Resource, hosts: Mapping[str, UMHost], landscape: Landscape) -> Iterator[Diagnostic]:
    host = hosts.get(declared.key)
    if host is None or not can_assign(host.version):
        yield NO_SUCH_SERVICE.found(declared, _why_not(declared.key, host, landscape), _did_you_mean(declared, hosts))
        return
    if not landscape.is_readable(UMCertificate, declared.key) or _is_left_out(declared.address, landscape):
        return
    for attribute in (one for one in _SERVICES if declared.has(one)):
        if attribute not in _attributes_of(host):
            yield _no_service(declared, attribute, host)
        else:
            yield from _check_service(declared, attribute, host, landscape)


def _no_service(declared: Resource, attribute: Attr[Any], host: UMHost) -> Diagnostic:
    """Return the error about a declaration for a service that the server lacks.

    It is a warning where the declaration also names a service that the server has: the plan assigns that certificate.
    """
    others = [one for one in _attributes_of(host) if declared.has(one)]
    then = f"{attribute.name} is left out" if others else f"{attribute.name} means nothing there"
    detail = f"{declared.key} has no {_SERVICES[attribute][0]} service, so {then}."
    remedy = f"Remove {attribute.name} from the declaration." if others else ""
    return NO_SUCH_SERVICE.found(declared, detail, remedy, severity=Severity.WARNING if others else None)


def _why_not(fqdn: str, host: UMHost | None, landscape: Landscape) -> str:
    if host is not None:
        return f"{fqdn} is Exchange {host.version.edition}, which has no {ENABLE} for Unified Messaging."
    is_there = landscape.one(ExchangeServer, fqdn) is not None
    return f"{fqdn} has no Unified Messaging." if is_there else f"The organization has no server {fqdn}."


def _did_you_mean(declared: Resource, hosts: Mapping[str, UMHost]) -> str:
    return did_you_mean(declared.key, hosts) if declared.key not in hosts else ""


def _check_service(
    declared: Resource, attribute: Attr[Any], host: UMHost, landscape: Landscape
) -> Iterator[Diagnostic]:
    """Yield the findings about the certificate of one service of a server."""
    written, service = str(declared.get(attribute)), _SERVICES[attribute][0]
    there, now = certificates_of(host.fqdn, landscape), clock_of(host.fqdn, landscape)
    name = chosen(written, host, landscape)
    if name is None:
        reasons = listed(why_none_fits(there, host.fqdn, now)) or "it has none"
        yield NONE_FITS.found(declared, f"{host.fqdn} has no certificate for {service}: {reasons}.")
    elif name not in there:
        yield NOT_THERE.found(declared, f"{host.fqdn} has no certificate {name}, which {attribute.name} names.")
    else:
        is_assigned = _is_assigned(declared, attribute, landscape)
        if is_assigned and _is_tcp(host, attribute, landscape):
            yield TCP_ONLY.found(declared, f"The startup mode of {service} on {host.fqdn} is TCP.")
        for rule, clause in flaws(there[name], host.fqdn, now):
            detail = f"{name}, for {service} on {host.fqdn}, {clause}."
            severity = Severity.WARNING if not is_assigned else rule.severity
            yield rule.found(declared, detail, severity=severity)


def _is_left_out(address: Address, landscape: Landscape) -> bool:
    """True where the plan has left the action out, with an error that says why."""
    return address in landscape.predicted_by and address not in landscape.actions


def _is_assigned(declared: Resource, attribute: Attr[Any], landscape: Landscape) -> bool:
    """True where this plan assigns the certificate of a service; False where the service has it already."""
    action = landscape.actions.get(declared.address)
    return action is not None and any(change.attribute == attribute.name for change in action.changes)


def _is_tcp(host: UMHost, attribute: Attr[Any], landscape: Landscape) -> bool:
    """True where a service will still have the mode TCP when its certificate is assigned."""
    for service in _SERVICES[attribute][1] & frozenset(host.services):
        binding = landscape.one(ServerBinding, f"{host.fqdn}/{service.value}")
        if binding is not None and (binding.get(ServerBinding.startup_mode) or "").casefold() == "tcp":
            return True
    return False
