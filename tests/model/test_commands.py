"""A command as text is what an administrator would type, and nothing in a value can end it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from reconciler.model.addresses import Address
from reconciler.model.commands import (
    EXCHANGE,
    LYNC,
    Argument,
    Connection,
    Delta,
    Endpoint,
    NameOf,
    ObjectId,
    read,
    write,
)
from tests.support.strategies import texts

GATEWAY = NameOf(Address("ip_gateway", "pool1.contoso.com"), "gateway")
ALICE = ObjectId("0f8fad5b-d9cb-469f-a165-70867728950e", "alice@contoso.com")


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
    ],
)
def test_a_value_is_shown_as_it_is_typed(value: Argument, typed: str) -> None:
    assert str(write("Set-Box", Value=value)) == f"Set-Box {typed}"


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
    assert str(Endpoint(Connection.LYNC, "fe1.contoso.com")) == "fe1.contoso.com"


@given(texts)
def test_no_text_ends_its_quotes(text: str) -> None:
    typed = str(write("Set-Box", Value=text)).removeprefix("Set-Box -Value ")
    if typed == text:
        assert re.fullmatch(r"[A-Za-z0-9+_.][A-Za-z0-9_.@+-]*", text), "bare words hold nothing that needs quotes"
    else:
        assert (typed[0], typed[-1]) == ("'", "'")
        assert re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", typed[1:-1]) == text
        assert not re.search("(?<!')'(?!')", re.sub("''", "", typed[1:-1]))
