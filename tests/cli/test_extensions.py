"""The command that answers questions about extensions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import contoso


def test_extensions_of_an_environment(tmp_path: Path) -> None:
    place = contoso(tmp_path / "contoso", lagging=False)
    free = place.run("extensions", "--free", "3", "--range", "redmond", "--json").has(0)
    numbers = [one["number"] for one in free.of("free_extension")]
    assert (len(numbers), {len(number) for number in numbers}) == (3, {5})
    assert "um_mailbox/amy@contoso.com" in place.run("extensions", "--who", "50102").has(0).out
    assert "um_mailbox" not in place.run("extensions", "--who", numbers[0]).has(0).out
    assert place.run("extensions", "--duplicates", "--json").has(0).of("extension_use") == []


def test_an_extension_of_two_users_is_shown_and_ends_with_2(tmp_path: Path) -> None:
    place = contoso(tmp_path / "contoso", lagging=False)
    place.invoke("New-UMDialPlan Redmond -NumberOfDigitsInExtension 5 -URIType SipName -CountryOrRegionCode 1")
    left = "'SMTP:ivan@contoso.com','eum:50102;phone-context=Redmond.contoso.com'"
    place.invoke(f"Set-Mailbox ivan -EmailAddresses {left}")
    uses = place.run("extensions", "--duplicates", "--json").has(2).of("extension_use")
    users = ["um_mailbox/amy@contoso.com", "um_mailbox/ivan@contoso.com"]
    assert [(one["number"], one["holder"]) for one in uses] == [("50102", user) for user in users]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--free", "2", "--duplicates"],
        ["--free", "0"],
        ["--free", "2", "--range", "Nowhere"],
        ["--free", "2", "--from", "12"],
        ["--free", "2", "--from", "5010²"],
        ["--who", "alice@contoso.com"],
    ],
)
def test_wrong_questions_are_refused(wrong: list[str], tmp_path: Path) -> None:
    ran = contoso(tmp_path / "contoso", lagging=False).run("extensions", *wrong).has(1)
    assert "Error: " in ran.err
    assert "Internal error" not in ran.err
    assert ran.out == ""
