"""Configuration objects of Unified Messaging: what the products make, refuse and keep by themselves."""

from collections.abc import Mapping
from typing import Any

import pytest

from providers.simulator.estate.estate import CmdletError, Estate
from tests.support.worlds import estate_of

EX = "ex1.contoso.com"
PLAN = {
    "Name": "Redmond",
    "NumberOfDigitsInExtension": 5,
    "CountryOrRegionCode": "1",
    "URIType": "SipName",
    "VoIPSecurity": "Secured",
}


def run(estate: Estate, cmdlet: str, /, *properties: str, **parameters: object) -> tuple[dict[str, Any], ...]:
    return estate.call(EX, "invoke", cmdlet, parameters, properties).records


def refused(estate: Estate, cmdlet: str, /, **parameters: object) -> CmdletError:
    with pytest.raises(CmdletError) as caught:
        run(estate, cmdlet, **parameters)
    assert caught.value.executed
    return caught.value


def one(estate: Estate, cmdlet: str, /, *properties: str, **parameters: object) -> dict[str, Any]:
    (record,) = run(estate, cmdlet, *properties, **parameters)
    return record


# --- dial plans ------------------------------------------------------------------------------------------------------


def test_a_new_dial_plan_gets_its_phone_context_and_its_default_policy() -> None:
    estate = estate_of()
    run(estate, "New-UMDialPlan", **PLAN)
    plan = one(estate, "Get-UMDialPlan", "Name", "PhoneContext", "URIType", "UMMailboxPolicies", "MaxCallDuration")
    assert plan["PhoneContext"] == "Redmond.contoso.com"
    assert plan["MaxCallDuration"] == 30
    policy = one(estate, "Get-UMMailboxPolicy", "Name", "UMDialPlan", "PINLifetime")
    assert policy["Name"] == "Redmond Default Policy"
    assert policy["UMDialPlan"]["name"] == "Redmond"
    assert policy["UMDialPlan"].keys() == {"dn", "guid", "name"}
    assert policy["PINLifetime"] == "60.00:00:00"
    assert [p["name"] for p in plan["UMMailboxPolicies"]] == [policy["Name"]]


def test_the_default_policy_is_named_in_the_language_of_the_server() -> None:
    estate = estate_of(language="de-DE")
    run(estate, "New-UMDialPlan", **PLAN)
    assert one(estate, "Get-UMMailboxPolicy", "Name")["Name"] == "Redmond Standardrichtlinie"


def test_no_default_policy_is_made_where_none_is_wanted() -> None:
    estate = estate_of()
    run(estate, "New-UMDialPlan", **PLAN, GenerateUMMailboxPolicy=False)
    assert run(estate, "Get-UMMailboxPolicy") == ()


def test_a_name_too_long_for_the_policy_fails_and_leaves_nothing() -> None:
    estate = estate_of()
    assert refused(estate, "New-UMDialPlan", **{**PLAN, "Name": "x" * 50}).type == "DefaultPolicyCreationException"
    assert run(estate, "Get-UMDialPlan") == ()
    run(estate, "New-UMDialPlan", **{**PLAN, "Name": "x" * 49})


@pytest.mark.parametrize(
    "change",
    [
        {"Name": "a/b"},
        {"NumberOfDigitsInExtension": 21},
        {"NumberOfDigitsInExtension": 0},
        {"CountryOrRegionCode": "12345"},
        {"DefaultLanguage": "English"},
    ],
)
def test_values_out_of_range_are_refused(change: Mapping[str, object]) -> None:
    assert refused(estate_of(), "New-UMDialPlan", **{**PLAN, **change}).type == "DataValidationException"


def test_what_cannot_be_changed_has_no_parameter() -> None:
    estate = estate_of(plans={"Redmond": 5})
    for name, value in (("URIType", "E164"), ("NumberOfDigitsInExtension", 4), ("PhoneContext", "x")):
        with pytest.raises(CmdletError) as caught:
            run(estate, "Set-UMDialPlan", Identity="Redmond", **{name: value})
        assert caught.value.error_id == "NamedParameterNotFound,Set-UMDialPlan"


def test_a_dial_plan_that_exists_is_not_made_twice() -> None:
    estate = estate_of(plans={"Redmond": 5})
    assert refused(estate, "New-UMDialPlan", **{**PLAN, "Name": "REDMOND"}).type == "ADObjectAlreadyExistsException"


def test_an_access_number_belongs_to_one_dial_plan() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 5})
    run(estate, "Set-UMDialPlan", Identity="Redmond", AccessTelephoneNumbers=["+14255550100"])
    error = refused(estate, "Set-UMDialPlan", Identity="Dublin", AccessTelephoneNumbers=["+14255550100"])
    assert error.type == "PilotNumberInUseException"
    run(estate, "Set-UMDialPlan", Identity="Redmond", AccessTelephoneNumbers=None)
    run(estate, "Set-UMDialPlan", Identity="Dublin", AccessTelephoneNumbers=["+14255550100"])


def test_a_dial_plan_goes_only_when_nothing_refers_to_it() -> None:
    estate = estate_of(plans={"Redmond": 5})
    run(estate, "Set-UMService", Identity="ex1", DialPlans="Redmond")
    run(estate, "New-UMIPGateway", Name="g", Address="g.contoso.com")
    run(estate, "New-UMHuntGroup", Name="h", UMDialPlan="Redmond", UMIPGateway="g")
    run(estate, "New-UMAutoAttendant", Name="a", UMDialPlan="Redmond")
    undone: tuple[tuple[str, dict[str, object]], ...] = (
        ("Set-UMService", {"Identity": "ex1", "DialPlans": None}),
        ("Remove-UMHuntGroup", {"Identity": "g\\h"}),
        ("Remove-UMMailboxPolicy", {"Identity": "Redmond Default Policy"}),
        ("Remove-UMAutoAttendant", {"Identity": "a"}),
    )
    kinds = []
    for cmdlet, parameters in undone:
        kinds.append(refused(estate, "Remove-UMDialPlan", Identity="Redmond").type)
        run(estate, cmdlet, **parameters)
    assert len(set(kinds)) == 4
    run(estate, "Remove-UMDialPlan", Identity="Redmond")
    assert run(estate, "Get-UMDialPlan") == ()


def test_a_null_identity_means_everything_and_an_empty_one_is_refused() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 4})
    assert len(run(estate, "Get-UMDialPlan", "Name", Identity=None)) == 2
    with pytest.raises(CmdletError) as caught:
        run(estate, "Get-UMDialPlan", "Name", Identity="")
    assert not caught.value.executed


@pytest.mark.parametrize("form", ["Redmond", "redmond", "guid", "dn", "Contoso\\Redmond"])
def test_an_object_is_found_by_each_form_of_its_identity(form: str) -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 4})
    record = one(estate, "Get-UMDialPlan", "Guid", "DistinguishedName", Identity="Redmond")
    identity = {"guid": record["Guid"], "dn": record["DistinguishedName"]}.get(form, form)
    assert one(estate, "Get-UMDialPlan", "Guid", Identity=identity)["Guid"] == record["Guid"]


# --- errors ----------------------------------------------------------------------------------------------------------


def test_error_records_look_as_2013_writes_them() -> None:
    error = refused(estate_of(), "Get-UMDialPlan", Identity="nope")
    assert error.type == "ManagementObjectNotFoundException"
    assert error.error_id.startswith("[Server=EX1,RequestId=")
    assert "[FailureCategory=Cmdlet-ManagementObjectNotFoundException]" in error.error_id
    assert error.category == "NotSpecified"
    assert "'nope'" in error.message
    assert "'dc1.contoso.com'" in error.message


def test_error_records_of_2010_are_shorter() -> None:
    error = refused(estate_of(servers=["14.3.123.4"]), "Get-UMDialPlan", Identity="nope")
    assert "Server=" not in error.error_id
    assert error.error_id.endswith("GetUMDialPlan")


def test_the_same_error_in_german_differs_only_in_its_message() -> None:
    here = refused(estate_of(), "Get-UMDialPlan", Identity="nope")
    there = refused(estate_of(language="de-DE"), "Get-UMDialPlan", Identity="nope")
    assert here.type == there.type
    assert here.category == there.category
    assert here.message != there.message


# --- servers ---------------------------------------------------------------------------------------------------------


def plans_of(estate: Estate, cmdlet: str, /, **parameters: object) -> list[str]:
    return [plan["name"] for plan in one(estate, cmdlet, "DialPlans", **parameters)["DialPlans"]]


def test_dial_plans_of_a_service_are_replaced_unless_added_and_removed() -> None:
    estate = estate_of(plans={"A": 5, "B": 5, "C": 5}, servers=["15.0.1497.2"])
    run(estate, "Set-UMService", Identity=EX, DialPlans=["A", "B"])
    run(estate, "Set-UMService", Identity="EX1", DialPlans={"$add": ["C", "a"], "$remove": ["B"]})
    assert plans_of(estate, "Get-UMService") == ["A", "C"]
    run(estate, "Set-UMService", Identity="ex1", DialPlans=["B"])
    assert plans_of(estate, "Get-UMService") == ["B"]
    assert [s["name"] for s in one(estate, "Get-UMDialPlan", "UMServers", Identity="B")["UMServers"]] == ["EX1"]


def test_call_routers_are_addressed_by_server() -> None:
    estate = estate_of(plans={"A": 5})
    run(estate, "Set-UMCallRouterSettings", Server="ex2.contoso.com", DialPlans={"$add": ["A"]}, UMStartupMode="dual")
    assert plans_of(estate, "Get-UMCallRouterSettings", Server="EX2") == ["A"]
    assert plans_of(estate, "Get-UMCallRouterSettings", Server="EX1") == []
    assert one(estate, "Get-UMCallRouterSettings", "UMStartupMode", Server="EX2")["UMStartupMode"] == "Dual"


def test_a_plan_of_another_type_is_not_bound_from_2013_on() -> None:
    plan = {"name": "Old", "NumberOfDigitsInExtension": 5, "CountryOrRegionCode": "1"}
    estate = estate_of(dial_plans=[plan])
    assert refused(estate, "Set-UMService", Identity="ex1", DialPlans="Old").type == "DialPlanNotSipUriException"
    older = estate_of(dial_plans=[plan], servers=["14.3.123.4"])
    run(older, "Set-UMServer", Identity="ex1", DialPlans="Old")
    assert plans_of(older, "Get-UMServer") == ["Old"]


def test_servers_of_either_age_are_listed_by_their_own_cmdlet() -> None:
    estate = estate_of(servers=["15.0.1497.2", "14.3.123.4"])
    assert [s["Name"] for s in run(estate, "Get-UMService", "Name")] == ["EX1"]
    assert [s["Name"] for s in estate.call("ex2.contoso.com", "invoke", "Get-UMServer", {}, ["Name"]).records] == [
        "EX2"
    ]
    versions = {s["AdminDisplayVersion"] for s in run(estate, "Get-ExchangeServer", "AdminDisplayVersion")}
    assert versions == {"Version 15.0 (Build 1497.2)", "Version 14.3 (Build 123.4)"}


# --- gateways and hunt groups ----------------------------------------------------------------------------------------


def test_a_new_gateway_has_the_defaults_of_the_product() -> None:
    estate = estate_of()
    run(estate, "New-UMIPGateway", Name="1:1", Address="pool1.contoso.com")
    gateway = one(estate, "Get-UMIPGateway", "Port", "OutcallsAllowed", "Status", "IPAddressFamily", "HuntGroups")
    assert gateway == {
        "Port": 5060,
        "OutcallsAllowed": True,
        "Status": "Enabled",
        "IPAddressFamily": "IPv4Only",
        "HuntGroups": [],
    }


def test_properties_of_later_versions_are_not_there_before() -> None:
    estate = estate_of(servers=["14.3.123.4"])
    run(estate, "New-UMIPGateway", Name="g", Address="g.contoso.com")
    assert one(estate, "Get-UMIPGateway", "Port", "IPAddressFamily") == {"Port": 5060}


def test_a_gateway_is_never_found_by_its_address() -> None:
    estate = estate_of(gateways=[{"name": "g", "Address": "g.contoso.com"}])
    assert refused(estate, "Get-UMIPGateway", Identity="g.contoso.com").type == "ManagementObjectNotFoundException"


def test_two_gateways_do_not_share_an_address() -> None:
    estate = estate_of(gateways=[{"name": "g", "Address": "g.contoso.com"}])
    error = refused(estate, "New-UMIPGateway", Name="h", Address="G.contoso.com")
    assert error.type == "GatewayAddressExistsException"


def test_hunt_groups_are_children_of_their_gateway() -> None:
    estate = estate_of(plans={"Redmond": 5}, gateways=[{"name": n, "Address": f"{n}.contoso.com"} for n in "gh"])
    for gateway in "gh":
        run(estate, "New-UMHuntGroup", Name="x", UMDialPlan="Redmond", UMIPGateway=gateway, PilotIdentifier="1")
    groups = run(estate, "Get-UMHuntGroup", "Identity", UMDialPlan="Redmond")
    assert [group["Identity"] for group in groups] == ["g\\x", "h\\x"]
    again = {"Name": "x", "UMDialPlan": "Redmond", "UMIPGateway": "g"}
    assert refused(estate, "New-UMHuntGroup", **again).type == "ADObjectAlreadyExistsException"
    assert refused(estate, "Get-UMHuntGroup", Identity="x").type == "ManagementObjectNotFoundException"
    run(estate, "Remove-UMIPGateway", Identity="g")
    assert [group["Identity"] for group in run(estate, "Get-UMHuntGroup", "Identity")] == ["h\\x"]


def test_a_gateway_made_with_a_dial_plan_brings_a_hunt_group() -> None:
    estate = estate_of(plans={"Redmond": 5})
    run(estate, "New-UMIPGateway", Name="g", Address="g.contoso.com", UMDialPlan="Redmond")
    assert one(estate, "Get-UMHuntGroup", "Identity")["Identity"] == "g\\Default Hunt Group"


def test_a_simulator_gateway_is_hidden() -> None:
    estate = estate_of(gateways=[{"name": "g", "Address": "g.contoso.com", "Simulator": True}])
    assert run(estate, "Get-UMIPGateway") == ()
    assert len(run(estate, "Get-UMIPGateway", "Name", IncludeSimulator=True)) == 1


# --- policies and attendants -----------------------------------------------------------------------------------------


def test_policy_limits_are_checked() -> None:
    estate = estate_of(plans={"Redmond": 5})
    policy = "Redmond Default Policy"
    run(estate, "Set-UMMailboxPolicy", Identity=policy, PINLifetime="unlimited", MinPINLength=8)
    run(estate, "Set-UMMailboxPolicy", Identity=policy, LogonFailuresBeforePINReset=0)
    assert one(estate, "Get-UMMailboxPolicy", "PINLifetime")["PINLifetime"] == "Unlimited"
    for change in ({"MinPINLength": 3}, {"PINHistoryCount": 21}, {"LogonFailuresBeforePINReset": 15}):
        assert refused(estate, "Set-UMMailboxPolicy", Identity=policy, **change).type == "DataValidationException"


def test_a_policy_in_use_is_not_removed() -> None:
    estate = estate_of(plans={"Redmond": 5}, um_enabled=1)
    error = refused(estate, "Remove-UMMailboxPolicy", Identity="Redmond Default Policy")
    assert error.type == "CannotDeleteAssociatedMailboxPolicyException"


def test_an_attendant_starts_disabled_and_is_switched_by_its_own_cmdlets() -> None:
    estate = estate_of(plans={"Redmond": 5})
    run(estate, "New-UMAutoAttendant", Name="Main", UMDialPlan="Redmond", PilotIdentifierList=["+14255550111"])
    attendant = one(estate, "Get-UMAutoAttendant", "Status", "Language", "SpeechEnabled")
    assert attendant == {"Status": "Disabled", "Language": "en-US", "SpeechEnabled": False}
    run(estate, "Enable-UMAutoAttendant", Identity="Main")
    assert refused(estate, "Enable-UMAutoAttendant", Identity="Main").type == "AutoAttendantAlreadyEnabledException"
    run(estate, "Set-UMDialPlan", Identity="Redmond", UMAutoAttendant="Main")
    for cmdlet in ("Disable-UMAutoAttendant", "Remove-UMAutoAttendant"):
        assert refused(estate, cmdlet, Identity="Main").type == "DefaultAutoAttendantInDialPlanException"
    run(estate, "Set-UMDialPlan", Identity="Redmond", UMAutoAttendant=None)
    run(estate, "Disable-UMAutoAttendant", Identity="Main")


def test_a_fallback_attendant_must_exist_and_needs_speech() -> None:
    estate = estate_of(plans={"Redmond": 5})
    run(estate, "New-UMAutoAttendant", Name="Keys", UMDialPlan="Redmond")
    speech = {"Name": "Main", "UMDialPlan": "Redmond", "DTMFFallbackAutoAttendant": "Keys"}
    assert refused(estate, "New-UMAutoAttendant", **speech).type == "InvalidDtmfFallbackAutoAttendantException"
    run(estate, "New-UMAutoAttendant", **speech, SpeechEnabled=True)
    bad = {**speech, "Name": "Other", "DTMFFallbackAutoAttendant": "None"}
    assert refused(estate, "New-UMAutoAttendant", **bad).type == "ManagementObjectNotFoundException"


def test_a_pilot_number_belongs_to_one_attendant() -> None:
    estate = estate_of(plans={"Redmond": 5})
    run(estate, "New-UMAutoAttendant", Name="a", UMDialPlan="Redmond", PilotIdentifierList=["+14255550111"])
    clash = {"Name": "b", "UMDialPlan": "Redmond", "PilotIdentifierList": ["+14255550111"]}
    assert refused(estate, "New-UMAutoAttendant", **clash).type == "PilotIdentifierInUseException"


# --- across versions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["8.3.83.6", "14.3.123.4", "15.0.1497.2", "15.1.225.42"])
def test_a_full_life_in_every_version(version: str) -> None:
    estate = estate_of(servers=[version])
    old = version.startswith("8")
    plan = {name: value for name, value in PLAN.items() if not (old and name == "CountryOrRegionCode")}
    run(estate, "New-UMDialPlan", **plan)
    run(estate, "New-UMIPGateway", Name="g", Address="g.contoso.com")
    run(estate, "New-UMHuntGroup", Name="h", UMDialPlan="Redmond", UMIPGateway="g", PilotIdentifier="1")
    mailbox = {"Identity": "user1", "UMMailboxPolicy": "Redmond Default Policy", "Extensions": ["00001"]}
    run(estate, "Enable-UMMailbox", **mailbox, SIPResourceIdentifier="user1@contoso.com")
    assert one(estate, "Get-UMMailbox", "Extensions")["Extensions"] == ["00001"]
    run(estate, "Remove-UMHuntGroup", Identity="g\\h")
    run(estate, "Remove-UMIPGateway", Identity="g")


def test_exchange_2007_without_service_pack_cannot_secure_media() -> None:
    estate = estate_of(servers=["8.0.685.25"])
    plan = {name: value for name, value in PLAN.items() if name != "CountryOrRegionCode"}
    assert refused(estate, "New-UMDialPlan", **plan).type == "DataValidationException"
