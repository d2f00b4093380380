"""What an environment needs on each host follows from what its types would read and change there."""

from __future__ import annotations

from providers.catalogue import resource_types
from providers.cmdlets.products import EXCHANGE, LYNC
from providers.resources.exchucutil import ExchucutilType
from reconciler.doctor.needs import NOTHING, Needs, needs_of, undeclared
from reconciler.model.commands import Endpoint
from reconciler.model.findings import Check, Status
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import providers_of
from tests.support.landscapes import contoso, resource

SCRIPT = ExchucutilType()


def needs(landscape: Landscape) -> dict[str, Needs]:
    return {str(endpoint): found for endpoint, found in needs_of(resource_types(), landscape).items()}


def test_an_entry_point_needs_what_the_types_read_there_and_may_change() -> None:
    found = needs(contoso())
    exchange, lync = found["exchange"], found["lync"]
    assert {"Get-UMDialPlan", "Get-UMService", "Get-ADPermission"} <= exchange.reading
    assert {"New-UMDialPlan", "Set-UMService", "Set-UMCallRouterSettings", "Remove-UMHuntGroup"} <= exchange.changing
    assert {"Get-CsPool", "Get-CsUser"} <= lync.reading
    assert "New-CsDialPlan" in lync.changing
    assert [kind.name for kind in exchange.more] == ["exchucutil"]
    assert not lync.more
    assert not {name for name in exchange.reading | exchange.changing if "-Cs" in name}
    assert not {name for name in lync.reading | lync.changing if "-UM" in name}


def test_cmdlets_of_other_versions_are_not_needed() -> None:
    exchange = needs(contoso())["exchange"]
    assert not {"Get-UMServer", "Set-UMServer"} & (exchange.reading | exchange.changing)


def test_hosts_behind_need_what_restarts_them_and_no_listing() -> None:
    found = needs(contoso())
    assert found["fe2.contoso.com"] == Needs(changing=frozenset({"Start-CsWindowsService", "Stop-CsWindowsService"}))
    assert found["ex2.contoso.com"] == Needs(changing=frozenset({"Restart-Service"}))
    assert "dir1.contoso.com" not in found, "a Director is no Front End"


def test_certificates_need_nothing_where_none_is_declared() -> None:
    assert not [
        name for one in needs(contoso()).values() for name in one.reading | one.changing if "Certificate" in name
    ]


def test_every_cmdlet_that_changes_is_needed_somewhere() -> None:
    found = needs(contoso(resource("um_certificate/ex1.contoso.com", um="best")))
    assert "Enable-ExchangeCertificate" in found["ex1.contoso.com"].changing
    somewhere = {name for one in found.values() for name in one.changing}
    declared = {name for kind in resource_types() for name in kind.cmdlets}
    left = {name for name in declared if not name.startswith("Get-")} - somewhere
    assert left == {"exchucutil.ps1", "Set-UMServer"}


def test_endpoints_of_needs_are_those_of_queries() -> None:
    landscape = contoso()
    asked = {command.endpoint for kind in resource_types() for command in kind.queries(landscape)}
    assert set(needs_of(resource_types(), landscape)) == asked | {EXCHANGE}
    assert Endpoint(LYNC.connection, "fe1.contoso.com") in asked


def test_needs_of_several_types_add_up() -> None:
    one, other = Needs(frozenset({"Get-A"})), Needs(changing=frozenset({"Set-A"}), more=(SCRIPT,))
    assert one | other == other | one == Needs(frozenset({"Get-A"}), frozenset({"Set-A"}), (SCRIPT,))
    assert other | other == other
    assert one | NOTHING == one


def test_a_connection_that_nobody_declared_fails() -> None:
    needed = {EXCHANGE: NOTHING, LYNC: NOTHING, Endpoint(LYNC.connection, "fe1.contoso.com"): NOTHING}
    (found,) = undeclared(needed, [EXCHANGE.connection])
    assert (found.check, found.status) == (Check.CONNECTIONS, Status.FAILED)
    assert "lync" in found.detail
    assert not [*undeclared(needed, providers_of(resource_types()))]
