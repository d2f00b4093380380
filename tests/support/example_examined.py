"""What examinations of hosts saw, as values: for whatever judges or shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.catalogue import resource_types
from providers.cmdlets.products import EXCHANGE, LYNC
from providers.resources.exchucutil import ExchucutilType
from reconciler.doctor.clocks import clocks_finding
from reconciler.doctor.needs import Needs
from reconciler.doctor.report import HostReport, Report, host_report
from reconciler.model.commands import Authentication, Endpoint
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Ahead, Check, Examined, Finding, Status, failed, ok, skipped
from reconciler.model.landscape import Settings
from reconciler.model.provider import Product
from reconciler.model.resource_types import providers_of

QUOTAS: Mapping[str, int] = {
    "MaxMemoryPerShellMB": 1024,
    "MaxShellsPerUser": 30,
    "MaxProcessesPerShell": 25,
    "MaxConcurrentUsers": 10,
    "IdleTimeout": 7_200_000,
    "MaxEnvelopeSizekb": 500,
}
PRODUCTS = {
    EXCHANGE.connection: "Version 15.0 (Build 1497.2)",
    LYNC.connection: "Microsoft Lync Server 2013 (5.0.8308.0): Volume license key installed.",
}
ON_TIME = Ahead(-0.02, 0.03)
NEEDS = Needs(frozenset({"Get-UMDialPlan", "Get-UMIPGateway"}), frozenset({"New-UMDialPlan"}), (ExchucutilType(),))
UNDELEGATED = Settings(without_second_hop=frozenset({EXCHANGE.connection}))


def session(**changes: Any) -> dict[str, Any]:
    """What the session of a host in order tells of itself."""
    told = {
        "User": "CONTOSO\\svc-um",
        "Language": "FullLanguage",
        "FarLanguage": "NoLanguage",
        "Missing": [],
        "Quotas": QUOTAS,
        "DirectoryOk": True,
        "DirectoryServer": "dc1.contoso.com",
        "DirectoryError": None,
        "Script": True,
    }
    return told | changes


def seen(
    host: str = "ex1.contoso.com",
    *,
    endpoint: Endpoint = EXCHANGE,
    auth: Authentication = Authentication.CREDSSP,
    ahead: Ahead | None = ON_TIME,
    about: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Examined:
    """Return a host in order, but for the changes to what its session tells."""
    ready = {
        "ps": "4.0",
        "os": "Windows Server 2012 R2",
        "product": PRODUCTS[endpoint.connection],
        "culture": "de-DE",
        "host": host,
        "adapter": "remote",
        "load_ms": 12_345,
        **(about or {}),
    }
    way = tuple(ok(check, "in order") for check in (Check.NAME, Check.PORT, Check.TLS, Check.WINRM, Check.LOGON))
    return Examined(endpoint, host, f"{host}:5986", auth, False, way, ready, "stream", session(**changes), ahead)


def unreachable(host: str = "ex9.contoso.com", endpoint: Endpoint | None = None) -> Examined:
    """Return a host whose port is closed."""
    told = Diagnostic(
        "Host is unreachable",
        f"10.0.0.9:5986 refuses the connection: nothing listens there on {host}.",
        "Check that the host runs, that WinRM is on, and that a firewall lets the port through. On the host:\n"
        "    winrm quickconfig",
    )
    why = "port comes first"
    way = (
        ok(Check.NAME, "10.0.0.9"),
        failed(Check.PORT, told),
        *(skipped(check, why) for check in (Check.TLS, Check.WINRM, Check.LOGON, Check.SHELL, Check.POWERSHELL)),
    )
    there = endpoint or Endpoint(EXCHANGE.connection, host)
    return Examined(there, host, f"{host}:5986", Authentication.CREDSSP, findings=way)


def troubled(long: str = "") -> Report:
    """Return a report in which hosts are in order, warned of and out of reach; ``long`` lengthens their names."""
    entry, lync = seen(), seen("fe1.contoso.com", endpoint=LYNC, FarLanguage=None)
    others = [
        seen(f"fe2{long}.contoso.com", endpoint=Endpoint(LYNC.connection, f"fe2{long}.contoso.com")),
        seen(
            f"fe3{long}.contoso.com",
            endpoint=Endpoint(LYNC.connection, f"fe3{long}.contoso.com"),
            ahead=Ahead(419.9, 420.1),
            Quotas={**QUOTAS, "MaxMemoryPerShellMB": 150},
        ),
        unreachable(f"ex9{long}.contoso.com"),
    ]
    clocks = clocks_finding([entry, lync, *others])
    findings: list[Finding] = [ok(Check.STATE, "none yet; a first apply makes it")]
    hosts = [reported(one) for one in (entry, lync)]
    hosts += [reported(one, Needs(), is_entry=False) for one in others]
    return Report("contoso", (*findings, *((clocks,) if clocks else ())), tuple(hosts))


def in_order() -> Report:
    return Report("contoso", (ok(Check.STATE, "none"),), (reported(seen()),))


def reported(
    one: Examined,
    needs: Needs = NEEDS,
    *,
    is_entry: bool = True,
    settings: Settings | None = None,
    product: Product | None = None,
) -> HostReport:
    """Return the report of a host of the products that there are."""
    provider = providers_of(resource_types())[one.endpoint.connection]
    return host_report(
        one, needs, provider=provider, is_entry=is_entry, settings=settings or Settings(), product=product
    )


def judged(one: Examined, needs: Needs = NEEDS, **options: Any) -> dict[str, Finding]:
    """Return the findings of a host that is an entry point, by what they are about."""
    report = reported(one, needs, **options)
    return {finding.check: finding for finding in report.findings}


def only(one: Examined, check: str, **options: Any) -> Finding:
    """Return the one finding that is not in order, which is of ``check``."""
    amiss = [finding for finding in judged(one, **options).values() if finding.status is not Status.OK]
    assert [finding.check for finding in amiss] == [check]
    assert amiss[0].summary
    return amiss[0]
