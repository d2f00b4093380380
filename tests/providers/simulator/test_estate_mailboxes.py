"""The UM feature on mailboxes: every check of Enable-UMMailbox, proxy addresses, listings and their cost."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.simulator.estate.estate import CmdletError, Estate, Result
from tests.support.effort import effort
from tests.support.worlds import estate_of

EX = "ex1.contoso.com"
POLICY = "Redmond Default Policy"


def call(estate: Estate, cmdlet: str, /, *properties: str, **parameters: object) -> Result:
    return estate.call(EX, "invoke", cmdlet, parameters, properties)


def enable(estate: Estate, user: str = "user1", extension: str = "50101", **more: object) -> Result:
    given = {"UMMailboxPolicy": POLICY, "Extensions": [extension], "SIPResourceIdentifier": f"{user}@contoso.com"}
    return call(estate, "Enable-UMMailbox", Identity=user, **{**given, **more})


def refusal(estate: Estate, user: str = "user1", extension: str = "50101", **more: object) -> str:
    before = call(estate, "Get-UMMailbox", "Guid").records
    with pytest.raises(CmdletError) as caught:
        enable(estate, user, extension, **more)
    assert caught.value.executed
    assert call(estate, "Get-UMMailbox", "Guid").records == before
    return caught.value.type


def mailbox(estate: Estate, user: str, *properties: str, cmdlet: str = "Get-UMMailbox") -> dict[str, Any]:
    (record,) = call(estate, cmdlet, *properties, Identity=user).records
    return record


def test_enabling_makes_proxy_addresses_with_the_sip_address_first_and_mails_the_pin() -> None:
    estate = estate_of(plans={"Redmond": 5})
    enable(estate)
    addresses = mailbox(estate, "user1", "EmailAddresses", cmdlet="Get-Mailbox")["EmailAddresses"]
    assert addresses[-2:] == [
        "EUM:user1@contoso.com;phone-context=Redmond.contoso.com",
        "eum:50101;phone-context=Redmond.contoso.com",
    ]
    record = mailbox(
        estate, "user1", "UMEnabled", "UMMailboxPolicy", "UMDialPlan", "Extensions", "SIPResourceIdentifier"
    )
    assert record["UMEnabled"] is True
    assert (record["UMMailboxPolicy"]["name"], record["UMDialPlan"]["name"]) == (POLICY, "Redmond")
    assert (record["Extensions"], record["SIPResourceIdentifier"]) == (["50101"], "user1@contoso.com")
    assert estate.count("welcome_mails") == 1


@pytest.mark.parametrize(
    "identity",
    ["user1", "USER1@contoso.com", "CONTOSO\\user1", "CN=User 1,CN=Users,DC=contoso,DC=com", "User 1"],
)
def test_a_mailbox_is_found_by_each_form_of_its_identity(identity: str) -> None:
    estate = estate_of(plans={"Redmond": 5})
    call(
        estate,
        "Enable-UMMailbox",
        Identity=identity,
        UMMailboxPolicy=POLICY,
        Extensions="50101",
        SIPResourceIdentifier="user1@contoso.com",
    )
    assert mailbox(estate, "user1", "Extensions")["Extensions"] == ["50101"]


def test_every_check_of_the_product_is_made() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 5}, without_mailbox=1)
    enable(estate)
    assert refusal(estate) == "UserAlreadyUmEnabledException"
    assert refusal(estate, "user2") == "ExtensionNotUniqueException"
    assert refusal(estate, "user2", "5010") == "InvalidExtensionException"
    assert refusal(estate, "user2", "5o102") == "InvalidExtensionException"
    assert refusal(estate, "user2", "50102", SIPResourceIdentifier=None) == "SipResourceIdRequiredException"
    assert refusal(estate, "user2", "50102", SIPResourceIdentifier="x y@z") == "InvalidSipNameResourceIdException"
    taken = {"SIPResourceIdentifier": "USER1@contoso.com"}
    assert refusal(estate, "user2", "50102", **taken) == "SipResourceIdNotUniqueException"
    assert refusal(estate, "user2", "50102", UMMailboxPolicy="none") == "ManagementObjectNotFoundException"
    assert refusal(estate, "nobody", "50102") == "ManagementObjectNotFoundException"
    assert refusal(estate, "phone1", "50102") == "ManagementObjectNotFoundException"
    assert refusal(estate, "user2", "50102", Extensions=["50102", "50102"]) == "ExtensionNotUniqueException"
    for pin in ("123", "123456", "111111", "50102", "5010277", "abcdef"):
        assert refusal(estate, "user2", "50102", PIN=pin) == "WeakPinException"
    enable(estate, "user2", "50102", PIN="918273")
    enable(estate, "user3", "50101", UMMailboxPolicy="Dublin Default Policy")


@pytest.mark.parametrize("version", ["8.3.83.6", "14.3.123.4", "15.0.1497.2"])
def test_a_pin_keeps_the_rules_of_its_policy_however_a_release_spells_the_parameter(version: str) -> None:
    estate = estate_of(plans={"Redmond": 5}, servers=(version,))
    assert refusal(estate, PIN="123") == "WeakPinException"
    enable(estate, PIN="918273", PINExpired=False)
    assert mailbox(estate, "user1", "PinExpired", cmdlet="Get-UMMailboxPIN") == {"PinExpired": False}
    with pytest.raises(CmdletError) as caught:
        call(estate, "Set-UMMailboxPIN", Identity="user1", Pin="123")
    assert caught.value.type == "WeakPinException"
    call(estate, "Set-UMMailboxPIN", Identity="user1", PINEXPIRED=True)
    assert mailbox(estate, "user1", "PinExpired", cmdlet="Get-UMMailboxPin") == {"PinExpired": True}


def test_extensions_are_unique_across_equivalent_dial_plans() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 5})
    call(estate, "Set-UMDialPlan", Identity="Dublin", EquivalentDialPlanPhoneContexts=["Redmond.contoso.com"])
    enable(estate)
    dublin = {"UMMailboxPolicy": "Dublin Default Policy"}
    assert refusal(estate, "user2", "50101", **dublin) == "ExtensionNotUniqueException"


def test_without_extensions_one_is_taken_from_the_telephone_number() -> None:
    users = [{"alias": "amy", "line": "tel:+14255550142"}, {"alias": "bob"}]
    estate = estate_of(users=0, plans={"Redmond": 5}, people=users)
    enable(estate, "amy", Extensions=None)
    assert mailbox(estate, "amy", "Extensions")["Extensions"] == ["50142"]
    assert refusal(estate, "bob", Extensions=None) == "InvalidExtensionException"


def test_validate_only_writes_nothing() -> None:
    estate = estate_of(plans={"Redmond": 5})
    enable(estate, ValidateOnly=True)
    assert call(estate, "Get-UMMailbox").records == ()
    assert estate.count("welcome_mails") == 0
    assert refusal(estate, extension="1", ValidateOnly=True) == "InvalidExtensionException"


def test_disabling_frees_extension_and_sip_address() -> None:
    estate = estate_of(plans={"Redmond": 5})
    enable(estate)
    call(estate, "Disable-UMMailbox", Identity="user1")
    with pytest.raises(CmdletError):
        call(estate, "Get-UMMailbox", Identity="user1")
    enable(estate, "user2", SIPResourceIdentifier="user1@contoso.com")
    addresses = mailbox(estate, "user1", "EmailAddresses", cmdlet="Get-Mailbox")["EmailAddresses"]
    assert not [address for address in addresses if address.lower().startswith("eum:")]


def test_a_policy_of_another_dial_plan_is_refused() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 5})
    enable(estate)
    call(estate, "New-UMMailboxPolicy", Name="Executives", UMDialPlan="Redmond")
    call(
        estate, "Set-UMMailbox", Identity="user1", UMMailboxPolicy="Executives", AutomaticSpeechRecognitionEnabled=False
    )
    record = mailbox(estate, "user1", "UMMailboxPolicy", "AutomaticSpeechRecognitionEnabled")
    assert (record["UMMailboxPolicy"]["name"], record["AutomaticSpeechRecognitionEnabled"]) == ("Executives", False)
    with pytest.raises(CmdletError) as caught:
        call(estate, "Set-UMMailbox", Identity="user1", UMMailboxPolicy="Dublin Default Policy")
    assert caught.value.type == "DialPlanMismatchException"


def test_editing_the_proxy_addresses_changes_the_extension_without_a_new_pin() -> None:
    estate = estate_of(plans={"Redmond": 5})
    enable(estate)
    context = ";phone-context=Redmond.contoso.com"
    change = {"$add": [f"eum:50199{context}"], "$remove": [f"eum:50101{context}"]}
    call(estate, "Set-Mailbox", Identity="user1", EmailAddresses=change)
    assert mailbox(estate, "user1", "Extensions")["Extensions"] == ["50199"]
    assert estate.count("welcome_mails") == 1
    enable(estate, "user2")


def test_no_pin_is_ever_reported_or_logged() -> None:
    estate = estate_of(plans={"Redmond": 5})
    enable(estate, PIN="918273")
    call(estate, "Set-UMMailboxPIN", Identity="user1", PIN="827364")
    records = [*call(estate, "Get-UMMailbox", "*").records, *call(estate, "Get-UMMailboxPin", "*").records]
    assert "918273" not in repr([*records, *estate.log()])
    assert "827364" not in repr([*records, *estate.log()])


def test_a_listing_by_guid_shows_those_of_them_that_are_enabled_and_no_other_user() -> None:
    estate = estate_of(plans={"Redmond": 5})
    guids = [str(one["Guid"]) for one in call(estate, "Get-Mailbox", "Guid").records]
    for number in (1, 2):
        enable(estate, f"user{number}", f"5010{number}")
    named = [guids[0], guids[2], guids[0].upper(), "0f8fad5b-d9cb-469f-a165-70867728950e"]
    listing = " -or ".join(f"Guid -eq '{guid}'" for guid in named)
    assert [one["Guid"] for one in call(estate, "Get-UMMailbox", "Guid", Filter=listing).records] == [guids[0]]
    either = f"Guid -eq '{guids[1]}' -and UMEnabled -eq $true -or Extensions -like '50101' -and UMEnabled -eq $false"
    assert [one["Guid"] for one in call(estate, "Get-UMMailbox", "Guid", Filter=either).records] == [guids[1]]
    with pytest.raises(CmdletError):
        call(estate, "Get-UMMailbox", "Guid", Filter=f"{listing} -or")


def test_a_listing_is_cut_at_a_thousand_with_a_warning() -> None:
    estate = estate_of(users=1001)
    cut = call(estate, "Get-Mailbox", "Name")
    assert (len(cut.records), len(cut.warnings)) == (1000, 1)
    whole = call(estate, "Get-Mailbox", "Name", ResultSize="unlimited")
    assert (len(whole.records), whole.warnings) == (1001, ())
    assert len(call(estate, "Get-Mailbox", "Name", ResultSize=5).records) == 5


def test_only_the_properties_asked_for_are_reported_and_missing_ones_left_out() -> None:
    estate = estate_of(plans={"Redmond": 5}, um_enabled=1)
    (record,) = call(estate, "Get-UMMailbox", "primarysmtpaddress", "Nonsense").records
    assert record == {"primarysmtpaddress": "user1@contoso.com"}


def test_enabling_one_of_many_is_as_little_work_as_one_of_few_and_a_listing_grows_with_them() -> None:
    def of(users: int) -> tuple[int, int]:
        estate = estate_of(users=users, plans={"Redmond": 5})
        properties = ("PrimarySmtpAddress", "EmailAddresses")
        with estate.turn():
            enable(estate, "user1", "00001")
            enabling = effort(lambda: enable(estate, f"user{users}", "00002"))
            listing = effort(lambda: call(estate, "Get-Mailbox", *properties, ResultSize="Unlimited"))
        return enabling, listing

    few, many = of(200), of(2_000)
    assert many[0] < 1.1 * few[0]
    assert many[1] < 11 * few[1]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.booleans()), max_size=14))
def test_no_extension_is_ever_held_twice(steps: list[tuple[int, int, bool]]) -> None:
    estate = estate_of(users=4, plans={"Redmond": 3})
    for user, extension, on in steps:
        try:
            if on:
                enable(estate, f"user{user}", f"{extension:03}")
            else:
                call(estate, "Disable-UMMailbox", Identity=f"user{user}")
        except CmdletError:
            continue
    enabled: tuple[dict[str, Any], ...] = call(estate, "Get-UMMailbox", "Extensions").records
    mailboxes: tuple[dict[str, Any], ...] = call(estate, "Get-Mailbox", "EmailAddresses").records
    held = [extension for record in enabled for extension in record["Extensions"]]
    assert len(held) == len(set(held))
    proxies = [address for record in mailboxes for address in record["EmailAddresses"] if address.startswith("eum:")]
    assert len(proxies) == len(held)
