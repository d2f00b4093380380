"""A command as text is what an administrator would type, and nothing in a value can end it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.model.commands import Argument, Delta, Endpoint, HostPatterns, NameOf, ObjectId, ObjectIds, read, write
from reconciler.model.resources import Address
from tests.support.strategies import texts

GATEWAY = NameOf(Address("ip_gateway", "pool1.contoso.com"), "gateway")
ALICE = ObjectId("0f8fad5b-d9cb-469f-a165-70867728950e", "alice@contoso.com")
BOB = ObjectId("7C9E6679-7425-40DE-944B-E07FC1F90AE7", "bob@contoso.com")


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (True, "-Value:$true"),
        (False, "-Value:$false"),
        (None, "-Value $null"),
        (5, "-Value 5"),
        ("Redmond", "-Value Redmond"),
        ("+14255550100", "-Value +14255550100"),
        ("two words", "-Value 'two words'"),
        ("-Force", "-Value '-Force'"),
        ("O'Brien", "-Value 'O''Brien'"),
        ("", "-Value ''"),
        (("a", "b c"), "-Value a,'b c'"),
        ((), "-Value @()"),
        (Delta(add=("a",), remove=("b", "c")), "-Value @{Add='a';Remove='b','c'}"),
        (Delta(remove=("b",)), "-Value @{Remove='b'}"),
        (GATEWAY, "-Value <gateway of pool1.contoso.com>"),
        (ALICE, f"-Value {ALICE.guid}"),
        (ObjectIds((ALICE, BOB)), f"-Value 'Guid -eq ''{ALICE.guid}'' -or Guid -eq ''{BOB.guid}'''"),
    ],
)
def test_a_value_is_shown_as_it_is_typed(value: Argument, typed: str) -> None:
    assert str(write("Set-Box", Value=value)) == f"Set-Box {typed}"


@given(texts | st.just(f"{ALICE.guid}' -or Name -like '*") | st.just(f"{ALICE.guid}\n"))
def test_only_a_guid_stands_in_a_filter(text: str) -> None:
    with pytest.raises(ValueError, match="no GUID"):
        ObjectIds((ALICE, ObjectId(text, "bob@contoso.com")))


def test_the_policy_that_a_dial_plan_brings_is_named_after_the_plan() -> None:
    assert str(NameOf(Address("mailbox_policy", "Redmond/default"), "policy")) == "<policy of Redmond>"


@pytest.mark.parametrize("quote", "'\u2018\u2019\u201a\u201b")
def test_every_quotation_mark_of_powershell_is_doubled(quote: str) -> None:
    assert str(write("Set-Box", Name=f"a{quote}b c")) == f"Set-Box -Name 'a{quote}{quote}b c'"


def test_a_read_asks_for_properties_and_a_write_for_an_effect() -> None:
    reading = read("Get-Box", "Name", "Size", endpoint=LYNC, Identity="a")
    assert (reading.writes, reading.properties, reading.endpoint) == (False, ("Name", "Size"), LYNC)
    writing = write("Set-Box", LYNC, Size=5, Identity="a")
    assert (writing.writes, writing.properties, writing.endpoint) == (True, (), LYNC)
    assert writing.parameters == (("Size", 5), ("Identity", "a")), "in the order given"
    assert write("Set-Box").endpoint == EXCHANGE


def test_what_a_command_names_is_known_without_its_text() -> None:
    command = write("Set-Box", Identity=ALICE, Gateway=GATEWAY, Size=5)
    assert command.references == (GATEWAY,)
    assert command.named == {"Identity": "alice@contoso.com"}


def test_an_endpoint_is_its_host_or_the_entry_point() -> None:
    assert str(EXCHANGE) == "exchange"
    assert str(Endpoint(LYNC.connection, "fe1.contoso.com")) == "fe1.contoso.com"


@given(texts)
def test_no_text_ends_its_quotes(text: str) -> None:
    typed = str(write("Set-Box", Value=text)).removeprefix("Set-Box -Value ")
    if typed == text:
        assert re.fullmatch(r"[A-Za-z0-9+_.][A-Za-z0-9_.@+-]*", text), "bare words hold nothing that needs quotes"
    else:
        assert (typed[0], typed[-1]) == ("'", "'")
        assert re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", typed[1:-1]) == text
        assert not re.search("(?<!')'(?!')", re.sub("''", "", typed[1:-1]))


@pytest.mark.parametrize(
    ("pattern", "fits", "not_fits"),
    [
        ("*.contoso.com", ["ex1.contoso.com", "EX1.emea.Contoso.com."], ["contoso.com", "evilcontoso.com", "x.com"]),
        ("ex*.contoso.com", ["ex.contoso.com", "ex12.contoso.com"], ["ex.evil.contoso.com", "fe1.contoso.com"]),
        ("ex1.contoso.com", ["ex1.contoso.com"], ["ex1.contoso.com.evil.example.com", "ex2.contoso.com"]),
        ("10.0.0.1", ["10.0.0.1"], ["10.0.0.11", "10x0.0.1"]),
    ],
)
def test_a_pattern_names_hosts_of_one_domain(pattern: str, fits: list[str], not_fits: list[str]) -> None:
    hosts = HostPatterns.parse([pattern])
    assert [host for host in (*fits, *not_fits) if host in hosts] == fits


@pytest.mark.parametrize("pattern", ["*", "*.", "ex*", "ex1.*", "", "https://ex1.contoso.com", "ex1.contoso.com:443"])
def test_a_pattern_without_a_domain_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="name"):
        HostPatterns.parse([pattern])


LABEL = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=3), LABEL, LABEL)
def test_a_host_of_another_domain_never_fits(labels: list[str], domain: str, other: str) -> None:
    hosts = HostPatterns.around([f"ex1.{domain}.com"])
    assert ".".join([*labels, domain, "com"]) in hosts
    assert (f"{'.'.join(labels)}.{other}.com" in hosts) is (other == domain)
    assert f"ex1.{domain}.com.{other}.org" not in hosts


def test_an_address_approves_no_other_one() -> None:
    hosts = HostPatterns.around(["10.0.0.1", "::1", "ex1"])
    assert "10.0.0.1" in hosts
    assert not {"11.0.0.1", "x.0.0.1", "fe1", "::2"} & {
        host for host in ("11.0.0.1", "x.0.0.1", "fe1") if host in hosts
    }


def test_no_pattern_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no host"):
        HostPatterns.parse([])


@pytest.mark.parametrize("secret", ["hunter2!", "correct horse", "p@ssw0rd"])
def test_a_secret_in_place_of_a_host_is_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="is not a host") as caught:
        HostPatterns.parse([secret])
    assert secret not in str(caught.value)
