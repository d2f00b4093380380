"""What Lync tells of topology, users and media, its dial plans, and the facts Exchange tells of itself."""

from typing import Any

import pytest

from providers.simulator.estate.estate import CmdletError, Estate
from tests.support.worlds import SteppingClock, estate_of

FE = "fe1.contoso.com"
EX = "ex1.contoso.com"


def run(estate: Estate, cmdlet: str, /, *properties: str, host: str = FE, **parameters: object) -> list[dict[str, Any]]:
    return list(estate.call(host, "invoke", cmdlet, parameters, properties).records)


def refusal(estate: Estate, cmdlet: str, /, **parameters: object) -> CmdletError:
    with pytest.raises(CmdletError) as caught:
        estate.call(FE, "invoke", cmdlet, parameters, ())
    return caught.value


# --- topology --------------------------------------------------------------------------------------------------------


def test_pools_are_reported_by_their_services() -> None:
    estate = estate_of(standard=True)
    roles = {
        record["Fqdn"]: {service.partition(":")[0] for service in record["Services"]}
        for record in run(estate, "Get-CsPool", "Fqdn", "Services")
    }
    assert {fqdn for fqdn, of_pool in roles.items() if "UserServer" in of_pool} == {
        "pool1.contoso.com",
        "pool2.contoso.com",
        "std1.contoso.com",
    }
    assert {fqdn for fqdn, of_pool in roles.items() if "Director" in of_pool} == {"dir1.contoso.com"}
    assert all("Registrar" in of_pool for of_pool in roles.values())


def test_computers_come_in_the_order_of_the_topology() -> None:
    estate = estate_of()
    names = [record["Identity"] for record in run(estate, "Get-CsComputer", "Identity", Pool="POOL1.contoso.com")]
    assert names == ["fe1.contoso.com", "fe2.contoso.com", "fe3.contoso.com"]
    assert refusal(estate, "Get-CsComputer", Pool="none").category == "ObjectNotFound"


def test_sites_are_asked_for_without_their_prefix() -> None:
    estate = estate_of()
    (site,) = run(estate, "Get-CsSite", "Identity", "SiteType", "ParentSite", Identity="branch1")
    assert site == {"Identity": "Site:branch1", "SiteType": "BranchSite", "ParentSite": "Site:site1"}
    central = run(estate, "Get-CsSite", "SiteType", "ParentSite", Identity="site1")
    assert central == [{"SiteType": "CentralSite"}]
    assert [record["Fqdn"] for record in run(estate, "Get-CsPool", "Fqdn", Site="site2")] == ["pool2.contoso.com"]


def test_services_are_reported_by_role() -> None:
    estate = estate_of()
    assert [r["PoolFqdn"] for r in run(estate, "Get-CsService", "PoolFqdn", Director=True)] == ["dir1.contoso.com"]
    one = run(estate, "Get-CsService", "Identity", "SiteId", Registrar=True, PoolFqdn="sba1.contoso.com")
    assert one == [{"Identity": "Registrar:sba1.contoso.com", "SiteId": "Site:branch1"}]


@pytest.mark.parametrize(("version", "number"), [("2010", 5), ("2013", 6), ("2015", 7), ("2019", 8)])
def test_a_service_tells_the_version_of_its_pool(version: str, number: int) -> None:
    estate = estate_of(lync=version)
    assert {record["Version"] for record in run(estate, "Get-CsService", "Version", Registrar=True)} == {number}
    assert version in str(estate.about(FE)["product"])


def test_media_configuration_is_reported_by_scope() -> None:
    media = {"global": "RequireEncryption", "site:site2": "SupportEncryption"}
    estate = estate_of()
    lync = estate.world.lync.model_copy(update={"media": media})
    estate = Estate(estate.world.model_copy(update={"lync": lync}))
    told = {
        r["Identity"]: r["EncryptionLevel"]
        for r in run(estate, "Get-CsMediaConfiguration", "Identity", "EncryptionLevel")
    }
    assert told == {"Global": "RequireEncryption", "Site:site2": "SupportEncryption"}


# --- users -----------------------------------------------------------------------------------------------------------


def test_users_are_found_by_sip_address_and_filter() -> None:
    estate = estate_of(users=3, without_voice=2)
    for identity in ("sip:user1@contoso.com", "user1@contoso.com", "user1"):
        (user,) = run(estate, "Get-CsUser", "SipAddress", "EnterpriseVoiceEnabled", "RegistrarPool", Identity=identity)
        assert user == {
            "SipAddress": "sip:user1@contoso.com",
            "EnterpriseVoiceEnabled": True,
            "RegistrarPool": "pool1.contoso.com",
        }
    voice = run(estate, "Get-CsUser", "SipAddress", Filter="EnterpriseVoiceEnabled -eq $true")
    assert len(voice) == 3
    some = run(estate, "Get-CsUser", "SipAddress", Filter="SipAddress -like 'sip:mail*' -and Enabled -eq $true")
    assert len(some) == 2
    assert refusal(estate, "Get-CsUser", Filter="1; Remove-Everything").type == "InvalidFilterException"
    assert refusal(estate, "Get-CsUser", Identity="nobody").category == "ObjectNotFound"


def test_setting_a_user_is_seen() -> None:
    estate = estate_of(users=1, without_voice=1)
    run(estate, "Set-CsUser", Identity="mail1", EnterpriseVoiceEnabled=True, LineURI="tel:+14255550111")
    (user,) = run(estate, "Get-CsUser", "EnterpriseVoiceEnabled", "LineURI", Identity="mail1")
    assert user == {"EnterpriseVoiceEnabled": True, "LineURI": "tel:+14255550111"}


def test_a_sip_address_that_changes_is_known_to_exchange_too_and_belongs_to_one_user() -> None:
    estate = estate_of(users=2)
    run(estate, "Set-CsUser", Identity="user1", SipAddress="sip:other@contoso.com")
    (user,) = run(estate, "Get-CsUser", "SipAddress", Identity="other@contoso.com")
    assert user == {"SipAddress": "sip:other@contoso.com"}
    (mailbox,) = run(estate, "Get-Mailbox", "EmailAddresses", host=EX, Identity="user1")
    assert "sip:other@contoso.com" in mailbox["EmailAddresses"]
    assert "sip:user1@contoso.com" not in mailbox["EmailAddresses"]
    assert refusal(estate, "Get-CsUser", Identity="sip:user1@contoso.com").category == "ObjectNotFound"
    taken = refusal(estate, "Set-CsUser", Identity="user2", SipAddress="sip:OTHER@contoso.com")
    assert taken.category == "ResourceExists"


def test_a_user_who_may_not_sign_in_is_still_known_to_lync() -> None:
    estate = estate_of(users=1)
    for enabled in (False, True):
        run(estate, "Set-CsUser", Identity="user1", Enabled=enabled)
        assert run(estate, "Get-CsUser", "Enabled", Identity="user1") == [{"Enabled": enabled}]


def test_a_user_is_taken_out_of_lync_and_put_in_again() -> None:
    estate = estate_of(users=1)
    run(estate, "Disable-CsUser", Identity="user1")
    assert refusal(estate, "Get-CsUser", Identity="user1").category == "ObjectNotFound"
    assert refusal(estate, "Enable-CsUser", Identity="user1", RegistrarPool="none").category == "ObjectNotFound"
    pool = {"RegistrarPool": "pool2.contoso.com", "SipAddressType": "EmailAddress"}
    run(estate, "Enable-CsUser", Identity="user1", **pool)
    wanted = ("SipAddress", "RegistrarPool", "EnterpriseVoiceEnabled", "LineURI")
    (user,) = run(estate, "Get-CsUser", *wanted, Identity="user1")
    assert user == {
        "SipAddress": "sip:user1@contoso.com",
        "RegistrarPool": "pool2.contoso.com",
        "EnterpriseVoiceEnabled": False,
        "LineURI": "",
    }
    assert refusal(estate, "Enable-CsUser", Identity="user1", **pool).category == "ResourceExists"


# --- dial plans ------------------------------------------------------------------------------------------------------


def test_a_new_dial_plan_gets_its_tag_and_a_default_rule() -> None:
    estate = estate_of()
    run(estate, "New-CsDialPlan", Identity="Redmond", SimpleName="Redmond.contoso.com")
    (plan,) = run(estate, "Get-CsDialPlan", "Identity", "SimpleName", "NormalizationRules", Identity="redmond")
    assert (plan["Identity"], plan["SimpleName"]) == ("Tag:Redmond", "Redmond.contoso.com")
    assert [rule["Name"] for rule in plan["NormalizationRules"]] == ["Prefix All"]
    assert refusal(estate, "New-CsDialPlan", Identity="tag:REDMOND").category == "ResourceExists"


def test_simple_names_are_unique_and_plain() -> None:
    estate = estate_of()
    run(estate, "New-CsDialPlan", Identity="Redmond")
    for name in ("REDMOND", "a b", "x" * 257):
        assert refusal(estate, "New-CsDialPlan", Identity="Dublin", SimpleName=name).category == "InvalidArgument"


def test_removing_global_resets_it() -> None:
    estate = estate_of()
    run(estate, "Set-CsDialPlan", Description="ours")
    run(estate, "Remove-CsDialPlan", Identity="Global")
    assert run(estate, "Get-CsDialPlan", "Identity", "Description") == [{"Identity": "Global", "Description": None}]


def test_a_dial_plan_is_granted_and_taken_away() -> None:
    estate = estate_of(users=1)
    run(estate, "New-CsDialPlan", Identity="Redmond")
    for given, told in (("Redmond", "Redmond"), (None, None)):
        run(estate, "Grant-CsDialPlan", Identity="user1", PolicyName=given)
        assert run(estate, "Get-CsUser", "DialPlan", Identity="user1") == [{"DialPlan": told}]
    assert refusal(estate, "Grant-CsDialPlan", Identity="user1", PolicyName="none").category == "ObjectNotFound"


# --- the rest --------------------------------------------------------------------------------------------------------


def test_a_contact_that_somebody_made_is_seen() -> None:
    estate = estate_of()
    made = {"SipAddress": "sip:sa@contoso.com", "RegistrarPool": "pool1.contoso.com", "OU": "OU=UM,DC=contoso,DC=com"}
    run(estate, "New-CsExUmContact", **made, DisplayNumber="+14255550100")
    (contact,) = run(estate, "Get-CsExUmContact", "SipAddress", "DisplayNumber", "AutoAttendant")
    assert contact == {"SipAddress": "sip:sa@contoso.com", "DisplayNumber": "+14255550100", "AutoAttendant": False}


def test_connectivity_is_what_a_call_would_find() -> None:
    estate = estate_of(users=1)
    (record,) = run(
        estate, "Test-CsExUMConnectivity", TargetFqdn="pool1.contoso.com", UserSipAddress="user1@contoso.com"
    )
    assert record["Result"] == "Failure"


def test_exchange_tells_its_servers_organization_and_controllers() -> None:
    estate = estate_of(SteppingClock(), delays=(0.0, 0.0))
    (organization,) = run(estate, "Get-OrganizationConfig", "Name", "DistinguishedName", host=EX)
    assert organization["DistinguishedName"].endswith("CN=Configuration,DC=contoso,DC=com")
    servers = run(estate, "Get-ExchangeServer", "Fqdn", "ServerRole", "IsUnifiedMessagingServer", host=EX)
    assert servers[0] == {"Fqdn": EX, "ServerRole": "Mailbox, ClientAccess", "IsUnifiedMessagingServer": True}
    names = [r["DnsHostName"] for r in run(estate, "Get-DomainController", "DnsHostName", GlobalCatalog=True, host=EX)]
    assert names == ["dc1.contoso.com", "dc2.contoso.com"]
    (certificate,) = run(
        estate, "Get-ExchangeCertificate", "Status", "IsSelfSigned", "CertificateDomains", Server="ex2", host=EX
    )
    assert certificate == {"Status": "Valid", "IsSelfSigned": False, "CertificateDomains": ["ex2.contoso.com"]}


def test_a_noun_without_rules_stores_every_value() -> None:
    estate = estate_of()
    run(estate, "New-UMCallAnsweringRule", Name="r", Priority=2, host=EX)
    run(estate, "Set-UMCallAnsweringRule", Identity="r", Priority=3, host=EX)
    assert run(estate, "Get-UMCallAnsweringRule", "Name", "Priority", host=EX) == [{"Name": "r", "Priority": 3}]
    run(estate, "Remove-UMCallAnsweringRule", Identity="r", host=EX)
    assert run(estate, "Get-UMCallAnsweringRule", "Name", host=EX) == []


def test_what_the_simulator_lacks_it_says_plainly() -> None:
    with pytest.raises(CmdletError, match="does not have") as caught:
        run(estate_of(), "Test-UMConnectivity", host=EX)
    assert not caught.value.executed


def test_references_come_as_text_where_the_world_asks_for_it() -> None:
    estate = estate_of(plans={"Redmond": 5}, um_enabled=1, deserialised=True)
    run(estate, "Set-UMService", Identity="ex1", DialPlans="Redmond", host=EX)
    assert run(estate, "Get-UMService", "DialPlans", Identity="ex1", host=EX) == [{"DialPlans": ["Redmond"]}]
    (mailbox,) = run(estate, "Get-UMMailbox", "UMMailboxPolicy", "Identity", host=EX)
    assert mailbox == {"UMMailboxPolicy": "Redmond Default Policy", "Identity": "contoso.com/Users/User 1"}
