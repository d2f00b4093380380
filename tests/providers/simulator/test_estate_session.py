"""In-process sessions to the estate: the port the engine sees."""

import pytest

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.model.commands import Command, Delta, Endpoint, NameOf, Operation, Reply, read, write
from reconciler.model.diagnostics import AlreadyExists, NotFound, PermanentError, Throttled, Unreachable
from reconciler.model.ports import Request
from reconciler.model.resources import Address
from tests.support.estate_sessions import EstateSessions
from tests.support.worlds import estate_of


def test_entry_points_are_the_first_exchange_server_and_the_first_front_end() -> None:
    sessions = EstateSessions(estate_of())
    assert sessions.open(EXCHANGE).host == "ex1.contoso.com"
    assert sessions.open(LYNC).host == "fe1.contoso.com"
    assert sessions.open(Endpoint(LYNC.connection, "FE2.contoso.com")).host == "fe2.contoso.com"


def test_an_unknown_host_cannot_be_reached() -> None:
    with pytest.raises(Unreachable):
        EstateSessions(estate_of()).open(Endpoint(EXCHANGE.connection, "ex9.contoso.com"))


def test_results_come_in_order_and_errors_are_values() -> None:
    session = EstateSessions(estate_of()).open(EXCHANGE)
    make = write("New-UMIPGateway", Name="g", Address="g.contoso.com")
    made, again, listed, missing, unknown = session.invoke(
        [
            Request("1", make),
            Request("2", make),
            Request("3", read("Get-UMIPGateway", "Name")),
            Request("4", read("Get-UMIPGateway", "Name", Identity="h")),
            Request("5", write("Set-UMIPGateway", Identity="g", Nonsense=1)),
        ]
    )
    assert isinstance(made, Reply)
    assert isinstance(again, AlreadyExists)
    assert isinstance(listed, Reply)
    assert listed.records == ({"Name": "g"},)
    assert isinstance(missing, NotFound)
    assert isinstance(unknown, PermanentError)


def test_a_repeated_id_returns_the_stored_reply_and_runs_once() -> None:
    estate = estate_of()
    sessions = EstateSessions(estate)
    request = Request("1", write("New-UMIPGateway", Name="g", Address="g.contoso.com"))
    first, second = (sessions.open(EXCHANGE).invoke([request])[0] for _ in range(2))
    assert first is second
    assert [entry["cmdlet"] for entry in estate.log()] == ["New-UMIPGateway"]
    assert [told.id for _, told in sessions.requests] == ["1", "1"]


def test_parameters_that_always_apply_are_added_where_the_cmdlet_has_them() -> None:
    estate = estate_of(delays=(0.0, 60.0))
    sessions = EstateSessions(estate, {"DomainController": "dc2.contoso.com"})
    make = write("New-UMIPGateway", Name="g", Address="g.contoso.com")
    sessions.open(EXCHANGE).invoke([Request("1", make), Request("2", read("Get-ExchangeServer", "Name"))])
    sessions.open(LYNC).invoke([Request("3", read("Get-CsPool", "Fqdn", endpoint=LYNC))])
    parameters = [entry["parameters"] for entry in estate.log()]
    assert parameters[0] == {"Name": "g", "Address": "g.contoso.com", "DomainController": "dc2.contoso.com"}
    assert parameters[2] == {}


def test_differences_cross_and_unfilled_names_do_not() -> None:
    sessions = EstateSessions(estate_of(plans={"Redmond": 5}))
    session = sessions.open(EXCHANGE)
    change = write("Set-UMService", Identity="ex1", DialPlans=Delta(add=("Redmond",)))
    (reply,) = session.invoke([Request("1", change)])
    assert isinstance(reply, Reply)
    unfilled = write("Set-UMIPGateway", Identity=NameOf(Address("ip_gateway", "pool1.contoso.com"), "gateway"))
    with pytest.raises(TypeError, match="nobody filled in"):
        session.invoke([Request("2", unfilled)])


def test_scripts_and_services_run_as_operations_of_their_own() -> None:
    sessions = EstateSessions(estate_of(plans={"Redmond": 5}))
    script = Command("exchucutil.ps1", operation=Operation.SCRIPT)
    service = Command("Get-Service", (("Name", ("RTCSRV",)),), LYNC, writes=False, operation=Operation.SERVICE)
    (ran,) = sessions.open(EXCHANGE).invoke([Request("1", script)])
    (told,) = sessions.open(LYNC).invoke([Request("2", service)])
    assert isinstance(ran, Reply)
    assert "pool1.contoso.com" in ran.output
    assert isinstance(told, Reply)
    assert told.records[0]["Status"] == "Running"


def test_throttling_is_reported_as_such() -> None:
    fault = {"cmdlet": "Get-UMDialPlan", "error": "throttled"}
    session = EstateSessions(estate_of(faults=[fault])).open(EXCHANGE)
    first, second = session.invoke([Request(name, read("Get-UMDialPlan", "Name")) for name in "12"])
    assert isinstance(first, Throttled)
    assert isinstance(second, Reply)
