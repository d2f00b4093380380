"""exchucutil, Front End restarts and what calls make of them."""

from typing import Any

import pytest
from hypothesis import given, settings

from providers.simulator.estate.estate import CmdletError, Estate, Result
from providers.simulator.world.schema import World
from tests.support.phone import lync_sees, why_not_played, why_unreachable
from tests.support.worlds import SteppingClock, estate_of, small_worlds

EX = "ex1.contoso.com"


def run(estate: Estate, cmdlet: str, /, *properties: str, host: str = EX, **parameters: object) -> Result:
    return estate.call(host, "invoke", cmdlet, parameters, properties)


def script(estate: Estate, **parameters: object) -> str:
    return estate.call(EX, "script", "exchucutil.ps1", parameters, ()).output


def gateways(estate: Estate) -> dict[str, dict[str, Any]]:
    properties = ("Name", "Address", "OutcallsAllowed", "MessageWaitingIndicatorAllowed", "Guid", "Port")
    return {str(record["Address"]): record for record in run(estate, "Get-UMIPGateway", *properties).records}


def groups(estate: Estate) -> dict[str, dict[str, Any]]:
    properties = ("Identity", "Guid", "WhenCreated", "PilotIdentifier", "UMDialPlan", "UMIPGateway")
    return {str(record["Identity"]): record for record in run(estate, "Get-UMHuntGroup", *properties).records}


# --- exchucutil ------------------------------------------------------------------------------------------------------


def test_every_pool_object_gets_a_gateway_named_after_it() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 4})
    script(estate)
    found = {address: record["Name"] for address, record in gateways(estate).items()}
    assert found == {
        "pool1.contoso.com": "1:1",
        "dir1.contoso.com": "1:2",
        "pool2.contoso.com": "2:1",
        "sba1.contoso.com": "3:1",
    }
    assert all(record["Port"] == 5060 for record in gateways(estate).values())
    assert len(groups(estate)) == 8
    assert groups(estate)["1:1\\Redmond"]["PilotIdentifier"] == "Redmond"


def test_each_run_resets_the_flags_of_reused_gateways() -> None:
    estate = estate_of(plans={"Redmond": 5})
    script(estate)
    for gateway in gateways(estate).values():
        run(estate, "Set-UMIPGateway", Identity=gateway["Name"], OutcallsAllowed=gateway["Name"] == "3:1")
    before = {address: record["Guid"] for address, record in gateways(estate).items()}
    script(estate)
    after = gateways(estate)
    assert {address: record["Guid"] for address, record in after.items()} == before
    flags = {a: (r["OutcallsAllowed"], r["MessageWaitingIndicatorAllowed"]) for a, r in after.items()}
    assert flags.pop("sba1.contoso.com") == (False, False)
    assert set(flags.values()) == {(True, True)}


def test_message_waiting_needs_lync_2013() -> None:
    estate = estate_of(plans={"Redmond": 5}, lync="2010")
    script(estate)
    assert {record["MessageWaitingIndicatorAllowed"] for record in gateways(estate).values()} == {False}


def test_hunt_groups_of_pool_gateways_are_rebuilt_and_others_left_alone() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, plans={"Redmond": 5}, gateways=[{"name": "pbx", "Address": "10.0.0.1"}])
    script(estate)
    run(estate, "New-UMHuntGroup", Name="own", UMDialPlan="Redmond", UMIPGateway="pbx")
    run(estate, "New-UMHuntGroup", Name="own", UMDialPlan="Redmond", UMIPGateway="1:1")
    before = groups(estate)
    clock.pass_seconds(60)
    script(estate)
    after = groups(estate)
    assert after["pbx\\own"] == before["pbx\\own"]
    assert "1:1\\own" not in after
    assert after["1:1\\Redmond"]["Guid"] != before["1:1\\Redmond"]["Guid"]
    assert after["1:1\\Redmond"]["WhenCreated"] > before["1:1\\Redmond"]["WhenCreated"]
    assert after["1:1\\Redmond"]["WhenCreated"].endswith("00.0000000Z")


def test_only_sip_dial_plans_are_linked() -> None:
    estate = estate_of(dial_plans=[{"name": "Old", "NumberOfDigitsInExtension": 5, "CountryOrRegionCode": "1"}])
    assert "(not found)" in script(estate)
    assert groups(estate) == {}
    assert len(gateways(estate)) == 4


def test_permissions_are_granted_once() -> None:
    estate = estate_of(plans={"Redmond": 5})
    organization = run(estate, "Get-OrganizationConfig", "DistinguishedName").records[0]["DistinguishedName"]
    container = f"CN=UM DialPlan Container,{organization}"
    assert run(estate, "Get-ADPermission", Identity=container).records == ()
    assert "Yes" in script(estate)
    granted = run(estate, "Get-ADPermission", "User", "AccessRights", Identity=container).records
    assert {record["User"] for record in granted} == {
        "CONTOSO\\RTCUniversalServerAdmins",
        "CONTOSO\\RTCComponentUniversalServices",
    }
    assert all(record["AccessRights"] == ["ListChildren", "ReadProperty"] for record in granted)
    assert "Yes" not in script(estate)
    assert run(estate, "Get-ADPermission", "User", "AccessRights", Identity=container).records == granted


def test_verify_is_dead_and_writes_all_the_same() -> None:
    estate = estate_of(plans={"Redmond": 5})
    script(estate, Verify=True)
    assert len(groups(estate)) == 4


def test_failure_is_printed_and_the_script_ends_normally() -> None:
    estate = estate_of(plans={"Redmond": 5})
    assert "Error" in script(estate, Forest="fabrikam.com")
    assert gateways(estate) == {}
    without_pools = estate_of(users=0, pools=(), director=False, branch=False)
    assert "Error" in script(without_pools)


def test_without_delegation_the_script_reaches_no_directory_where_the_world_is_strict() -> None:
    estate = estate_of(plans={"Redmond": 5}, enforce_second_hop=True)
    result = estate.call(EX, "script", "exchucutil.ps1", {}, (), delegated=False)
    assert "Access is denied" in result.output
    assert gateways(estate) == {}
    script(estate)
    assert gateways(estate)


def test_the_script_speaks_the_language_of_its_host() -> None:
    assert "Verwendeter globaler Katalog" in script(estate_of(language="de-DE"))


def test_the_script_is_nowhere_but_on_exchange_servers() -> None:
    with pytest.raises(CmdletError) as caught:
        estate_of().call("fe1.contoso.com", "script", "exchucutil.ps1", {}, ())
    assert not caught.value.executed


def test_a_stale_catalog_makes_the_script_miss_a_new_dial_plan() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, delays=(0.0, 30.0))
    run(
        estate,
        "New-UMDialPlan",
        Name="Redmond",
        NumberOfDigitsInExtension=5,
        CountryOrRegionCode="1",
        URIType="SipName",
        DomainController="dc1.contoso.com",
    )
    assert "dc2.contoso.com" in script(estate)
    assert groups(estate) == {}
    clock.pass_seconds(30)
    script(estate)
    assert len(groups(estate)) == 4


# --- services --------------------------------------------------------------------------------------------------------


def service(estate: Estate, host: str, name: str = "RTCSRV") -> dict[str, Any]:
    (record,) = estate.call(host, "service", "Get-Service", {"Name": [name]}, ()).records
    return record


def restart(estate: Estate, host: str) -> None:
    run(estate, "Stop-CsWindowsService", host=host, Name="RTCSRV", Graceful=True)
    run(estate, "Start-CsWindowsService", host=host, Name="RTCSRV")


def test_stopping_stops_dependents_and_starting_does_not_start_them() -> None:
    estate = estate_of()
    assert service(estate, "fe1.contoso.com")["RunningDependents"] == ["RTCCAA", "RTCCAS", "RTCRGS"]
    restart(estate, "fe1.contoso.com")
    assert service(estate, "fe1.contoso.com")["RunningDependents"] == []
    run(estate, "Start-CsWindowsService", host="fe1.contoso.com", Name="RTCRGS")
    assert service(estate, "fe1.contoso.com")["RunningDependents"] == ["RTCRGS"]


def test_start_times_are_reported_by_the_clock_of_the_host() -> None:
    clock = SteppingClock()
    world = {"fqdn": EX, "clock_skew": "-95s"}
    estate = estate_of(clock, exchange={"servers": [world]})
    run(estate, "Restart-Service", Name="MSExchangeUM")
    clock.pass_seconds(10)
    record = service(estate, EX, "MSExchangeUM")
    assert record["StartTime"] == "2024-06-03T08:58:25.000000Z"
    assert record["HostClock"] == "2024-06-03T08:58:35.000000Z"


def test_a_stopped_service_has_no_start_time_and_an_unknown_one_no_record() -> None:
    estate = estate_of()
    run(estate, "Stop-CsWindowsService", host="fe1.contoso.com", Name="RTCSRV")
    record = service(estate, "fe1.contoso.com")
    assert (record["Status"], record["StartTime"]) == ("Stopped", None)
    assert estate.call(EX, "service", "Get-Service", {"Name": ["RTCSRV"]}, ()).records == ()


def test_starting_what_runs_changes_nothing() -> None:
    estate = estate_of()
    before = service(estate, "fe1.contoso.com")["StartTime"]
    run(estate, "Start-CsWindowsService", host="fe1.contoso.com", Name="RTCSRV")
    assert service(estate, "fe1.contoso.com")["StartTime"] == before


def test_a_pool_that_loses_quorum_stops_and_waits_for_enough_to_start() -> None:
    estate = estate_of(pools=(3,))
    hosts = [f"fe{number}.contoso.com" for number in (1, 2, 3)]
    run(estate, "Stop-CsWindowsService", host=hosts[0], Name="RTCSRV")
    assert [service(estate, host)["Status"] for host in hosts] == ["Stopped", "Running", "Running"]
    run(estate, "Stop-CsWindowsService", host=hosts[1], Name="RTCSRV")
    assert [service(estate, host)["Status"] for host in hosts] == ["Stopped"] * 3
    warned = run(estate, "Start-CsWindowsService", host=hosts[0], Name="RTCSRV").warnings
    assert warned
    run(estate, "Start-CsWindowsService", host=hosts[1], Name="RTCSRV")
    assert [service(estate, host)["Status"] for host in hosts] == ["StartPending", "StartPending", "Stopped"]
    run(estate, "Start-CsWindowsService", host=hosts[2], Name="RTCSRV")
    assert [service(estate, host)["Status"] for host in hosts] == ["Running"] * 3


def test_lync_2010_knows_no_quorum() -> None:
    estate = estate_of(pools=(3,), lync="2010")
    run(estate, "Stop-CsWindowsService", host="fe1.contoso.com", Name="RTCSRV")
    run(estate, "Stop-CsWindowsService", host="fe2.contoso.com", Name="RTCSRV")
    assert service(estate, "fe3.contoso.com")["Status"] == "Running"


def test_restart_service_needs_force_where_others_depend_on_it() -> None:
    estate = estate_of()
    with pytest.raises(CmdletError) as caught:
        run(estate, "Restart-Service", host="fe1.contoso.com", Name="RTCSRV")
    assert caught.value.type == "ServiceCommandException"
    run(estate, "Restart-Service", host="fe1.contoso.com", Name="RTCSRV", Force=True)
    assert len(service(estate, "fe1.contoso.com")["RunningDependents"]) == 3
    with pytest.raises(CmdletError) as caught:
        run(estate, "Restart-Service", host=EX, Name="Nothing")
    assert caught.value.category == "ObjectNotFound"


def test_a_service_whose_start_mode_is_disabled_runs_on_and_starts_no_more_until_it_is_set_back() -> None:
    estate = estate_of(pools=(1,))
    on = {"host": "fe1.contoso.com", "Name": "RTCSRV"}
    run(estate, "Set-Service", **on, StartupType="Disabled")
    told = service(estate, "fe1.contoso.com")
    assert (told["Status"], told["StartMode"]) == ("Running", "Disabled")
    run(estate, "Stop-Service", **on, Force=True)
    with pytest.raises(CmdletError, match="disabled"):
        run(estate, "Start-Service", **on)
    run(estate, "Set-Service", **on, StartupType="Automatic")
    assert service(estate, "fe1.contoso.com")["Status"] == "Stopped"
    run(estate, "Start-Service", **on)
    assert service(estate, "fe1.contoso.com")["Status"] == "Running"
    with pytest.raises(CmdletError) as caught:
        run(estate, "Set-Service", host=EX, Name="Nothing", StartupType="Manual")
    assert caught.value.category == "ObjectNotFound"


def test_a_front_end_takes_its_time_to_start() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, pools=(3,))
    slow = estate.world.model_copy(
        update={
            "lync": estate.world.lync.model_copy(
                update={"pools": tuple(p.model_copy(update={"start_time": 30.0}) for p in estate.world.lync.pools)}
            )
        }
    )
    estate = Estate(slow, clock=clock)
    restart(estate, "fe1.contoso.com")
    assert service(estate, "fe1.contoso.com")["Status"] == "StartPending"
    clock.pass_seconds(30)
    assert service(estate, "fe1.contoso.com")["Status"] == "Running"


# --- calls -----------------------------------------------------------------------------------------------------------


def joined(**described: Any) -> tuple[Estate, SteppingClock]:
    """Return an estate in which the whole procedure was done."""
    clock = SteppingClock()
    estate = estate_of(clock, plans={"Redmond": 5}, um_enabled=2, servers=("15.0.1497.2",), **described)
    run(estate, "Set-UMService", Identity="ex1", DialPlans={"$add": ["Redmond"]}, UMStartupMode="Dual")
    run(estate, "Set-UMCallRouterSettings", Server="ex1", DialPlans={"$add": ["Redmond"]}, UMStartupMode="Dual")
    run(estate, "Restart-Service", Name=["MSExchangeUM", "MSExchangeUMCR"])
    script(estate)
    for host in (host for host in estate.hosts() if host.startswith("fe")):
        restart(estate, host)
    return estate, clock


def test_after_the_whole_procedure_a_call_is_answered() -> None:
    estate, _ = joined()
    assert why_unreachable(estate, "user1") is None


def test_lync_knows_only_what_was_there_when_its_front_end_started() -> None:
    estate = estate_of(plans={"Redmond": 5})
    script(estate)
    assert lync_sees(estate, "fe1.contoso.com") == frozenset()
    restart(estate, "fe1.contoso.com")
    assert ("pool1.contoso.com", "Redmond") in lync_sees(estate, "fe1.contoso.com")
    assert lync_sees(estate, "fe2.contoso.com") == frozenset()


def test_a_front_end_that_starts_before_its_catalog_knows_learns_nothing() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, plans={"Redmond": 5}, delays=(5.0, 0.0))
    script(estate)
    restart(estate, "fe1.contoso.com")
    assert lync_sees(estate, "fe1.contoso.com") == frozenset()
    clock.pass_seconds(5)
    restart(estate, "fe1.contoso.com")
    assert lync_sees(estate, "fe1.contoso.com")


def test_a_call_fails_for_want_of_each_step() -> None:
    estate, clock = joined(users=3)
    assert why_unreachable(estate, "user3") == "The user is not enabled for Unified Messaging"
    run(estate, "Set-UMDialPlan", Identity="Redmond", VoIPSecurity="SIPSecured")
    assert why_unreachable(estate, "user1") is None
    clock.pass_seconds(600)
    assert why_unreachable(estate, "user1") == "Incompatible security setting"
    run(estate, "Set-UMDialPlan", Identity="Redmond", VoIPSecurity="Secured")
    clock.pass_seconds(600)
    run(estate, "Set-UMService", Identity="ex1", UMStartupMode="TCP")
    assert why_unreachable(estate, "user1") is None
    run(estate, "Restart-Service", Name="MSExchangeUM")
    assert why_unreachable(estate, "user1") == "Failed to route to Exchange Server"


def test_play_on_phone_wants_exactly_one_gateway_and_no_director() -> None:
    estate, _ = joined()
    assert why_not_played(estate, "Redmond") == "3 gateways place outgoing calls"
    for name in ("1:1", "2:1"):
        run(estate, "Set-UMIPGateway", Identity=name, OutcallsAllowed=False)
    assert why_not_played(estate, "Redmond") == "The gateway is that of a Director"
    run(estate, "Set-UMIPGateway", Identity="1:1", OutcallsAllowed=True)
    run(estate, "Set-UMIPGateway", Identity="1:2", OutcallsAllowed=False)
    assert why_not_played(estate, "Redmond") is None


def test_only_servers_of_the_highest_version_are_routed_to() -> None:
    estate = estate_of(plans={"Redmond": 5}, servers=("14.3.123.4", "15.0.1497.2"), um_enabled=1)
    run(estate, "Set-UMServer", Identity="ex1", DialPlans="Redmond", UMStartupMode="Dual")
    run(estate, "Restart-Service", Name="MSExchangeUM")
    script(estate)
    restart(estate, "fe1.contoso.com")
    assert why_unreachable(estate, "user1") is None
    run(estate, "Set-UMService", host="ex2.contoso.com", Identity="ex2", DialPlans="Redmond")
    assert why_unreachable(estate, "user1") == "Failed to route to Exchange Server"


@settings(max_examples=25)
@given(small_worlds())
def test_in_any_world_one_run_makes_a_gateway_a_pool_and_a_hunt_group_a_plan_of_it(world: World) -> None:
    clock = SteppingClock()
    estate = Estate(world, clock=clock)
    for _ in range(2):
        script(estate)
        clock.pass_seconds(60)
    pools = {pool.fqdn for pool in world.lync.pools}
    plans = run(estate, "Get-UMDialPlan", "Name").records
    assert set(gateways(estate)) == pools
    assert len(groups(estate)) == len(pools) * len(plans)
    for host in estate.hosts():
        if estate.about(host)["is_lync"]:
            run(estate, "Stop-CsWindowsService", host=host, Name="RTCSRV")
    for host in estate.hosts():
        if estate.about(host)["is_lync"]:
            run(estate, "Start-CsWindowsService", host=host, Name="RTCSRV")
    for host in estate.hosts():
        if estate.about(host)["is_lync"]:
            assert service(estate, host)["Status"] == "Running"
            assert len(lync_sees(estate, host)) == len(pools) * len(plans)
