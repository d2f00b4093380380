"""The certificates of Exchange servers, the services that use them, and whether Lync accepts one.

One certificate serves Unified Messaging on a server: assigning another takes the service from the first (observed, not
documented). The other services are only added. A UM service uses the certificate that it read when it started.

Sources: Get-ExchangeCertificate, Enable-ExchangeCertificate (Microsoft Learn); DOMAIN 3.6, 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from providers.simulator.answers import CmdletError
from providers.simulator.invocation.call import Call, hash_of, moment, only
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.hosts import Certificate, ExchangeServer

_YEARS: Final = timedelta(days=3650)
UM_SERVICES: Final[Mapping[str, str]] = {"UM": "UMServer", "UMCallRouter": "UMCallRouter"}
"""The services of Unified Messaging, each with the kind of its settings."""


# --- what there is ---------------------------------------------------------------------------------------------------


def certificates_of(holdings: Holdings, server: ExchangeServer) -> dict[str, Certificate]:
    """Return the certificates of a server by thumbprint, with the services that use them now."""
    there = (
        (Certificate.model_validate({"services": _all_services(server)}),)
        if server.certificates is None
        else server.certificates
    )
    named = {one.thumbprint or _thumbprint(server, place): one for place, one in enumerate(there)}
    changed = holdings.assigned.get(server.fqdn, {})
    return {
        name: one.model_copy(update={"services": tuple(changed.get(name, one.services))}) for name, one in named.items()
    }


def _thumbprint(server: ExchangeServer, place: int) -> str:
    seed = f"{server.fqdn}{place or ''}"
    return "".join(format(hash_of(f"{seed}{part}"), "08X") for part in range(5))


def _all_services(server: ExchangeServer) -> tuple[str, ...]:
    services = ["IIS", "SMTP", *([] if server.release == "e2019" else ["UM"])]
    return (*services, "UMCallRouter") if server.release in ("e2013", "e2016") else tuple(services)


def assigned_to(holdings: Holdings, server: ExchangeServer, service: str) -> str | None:
    """Return the thumbprint of the certificate of a service. Exchange 2007 chooses one itself when it starts."""
    there = certificates_of(holdings, server)
    if server.release == "e2007":
        return next((name for name, one in there.items() if one.private_key and not one.self_signed), None)
    return next((name for name, one in there.items() if service in one.services), None)


def is_accepted(holdings: Holdings, server: ExchangeServer, thumbprint: str | None, now: datetime) -> bool:
    """True where Lync accepts a certificate of the server in a TLS handshake."""
    one = certificates_of(holdings, server).get(thumbprint or "")
    if one is None or one.self_signed or not one.private_key or _status(holdings, one, now) != "Valid":
        return False
    subject = _subject(server, one).partition("CN=")[2].partition(",")[0].casefold()
    names = {subject, *(name.casefold() for name in _domains(server, one))}
    wildcard = f"*.{server.fqdn.partition('.')[2]}"
    return "*" not in subject and not names.isdisjoint({server.fqdn, wildcard})


def _subject(server: ExchangeServer, one: Certificate) -> str:
    return one.subject or f"CN={server.fqdn}"


def _domains(server: ExchangeServer, one: Certificate) -> tuple[str, ...]:
    return one.domains if one.domains is not None else (server.fqdn,)


def _expires(holdings: Holdings, one: Certificate) -> datetime:
    return one.expires or holdings.world.installed.replace(microsecond=0) + _YEARS


def _status(holdings: Holdings, one: Certificate, now: datetime) -> str:
    return one.status or ("Valid" if now < _expires(holdings, one) else "DateInvalid")


# --- the cmdlets -----------------------------------------------------------------------------------------------------


def get_exchange_certificate(call: Call) -> list[dict[str, object]]:
    """Answer Get-ExchangeCertificate: of one server, all certificates or the one that is named."""
    server = _server(call)
    there = certificates_of(call.holdings, server)
    if wanted := _wanted(call):
        there = {wanted: _found(call, there, wanted)}
    return only(call, [_record(call, server, name, one) for name, one in there.items()])


def _record(call: Call, server: ExchangeServer, thumbprint: str, one: Certificate) -> dict[str, object]:
    issuer = _subject(server, one) if one.self_signed else f"CN={call.holdings.world.exchange.organization} CA"
    record: dict[str, object] = {
        "Thumbprint": thumbprint,
        "Subject": _subject(server, one),
        "CertificateDomains": list(_domains(server, one)),
        "Services": ", ".join(one.services) or "None",
        "Status": _status(call.holdings, one, call.now),
        "IsSelfSigned": one.self_signed,
        "HasPrivateKey": one.private_key,
        "NotAfter": moment(_expires(call.holdings, one).replace(tzinfo=None).isoformat()),
        "Issuer": issuer,
    }
    return {name: value for name, value in record.items() if name not in one.hides}


def enable_exchange_certificate(call: Call) -> None:
    """Answer Enable-ExchangeCertificate. UM is refused in TCP mode, as is a certificate without its private key."""
    server = _server(call)
    there = certificates_of(call.holdings, server)
    wanted = _wanted(call)
    one = _found(call, there, wanted)
    if not one.private_key:
        raise call.error("CertificateNotValidException", "certificate-without-key", wanted, thumbprint=wanted)
    services = [name.strip() for name in _texts(call.get("Services")) if name.strip() != "None"]
    for service in services:
        _refuse_in_tcp_mode(call, server, service)
    used = {name: [str(kept) for kept in each.services if not _moves(kept, services)] for name, each in there.items()}
    used[wanted] = list(dict.fromkeys([*map(str, one.services), *services]))
    call.holdings.assigned[server.fqdn] = used


def _moves(service: str, services: list[str]) -> bool:
    return service in UM_SERVICES and service in services


def _refuse_in_tcp_mode(call: Call, server: ExchangeServer, service: str) -> None:
    kind = UM_SERVICES.get(service)
    if kind is None:
        return
    settings = next((entry for entry in call.view.of(kind) if entry.properties["Fqdn"] == server.fqdn), None)
    if settings is None:
        raise call.error(
            "InvalidOperationException", "no-such-um-service", service, service=service, server=server.name
        )
    if settings.properties.get("UMStartupMode", "TCP") == "TCP":
        raise call.error("InvalidOperationException", "um-listens-by-tcp", service, service=service, server=server.name)


def _server(call: Call) -> ExchangeServer:
    host, _, thumbprint = str(call.get("Identity") or "").partition("\\")
    name = str(call.get("Server") or (host if thumbprint else "") or call.host)
    server = call.holdings.server_named(name)
    if server is None:
        raise call.not_found(name)
    return server


def _wanted(call: Call) -> str:
    """Return the thumbprint that a call names, by itself or after its server."""
    named = str(call.get("Thumbprint") or call.get("Identity") or "")
    return named.rpartition("\\")[2].replace(" ", "").upper()


def _found(call: Call, there: Mapping[str, Certificate], thumbprint: str) -> Certificate:
    one = there.get(thumbprint)
    if one is None:
        raise _not_there(call, thumbprint)
    return one


def _not_there(call: Call, thumbprint: str) -> CmdletError:
    return call.error("CertificateNotFoundException", "no-certificate", thumbprint, thumbprint=thumbprint)


def _texts(value: object) -> list[str]:
    """Return the names of combined services, which are a list or one text."""
    items = value if isinstance(value, list | tuple) else [value]
    return [part for item in items for part in str(item).split(",")]
