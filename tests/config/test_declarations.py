"""A section declares resources, in a mapping, in rows and in files; each knows its place."""

from __future__ import annotations

import pytest

from tests.support.example_environments import WHOLE, loaded, refused


def test_row_of_a_csv_file_takes_its_defaults_and_splits_several_values() -> None:
    mailboxes = loaded(WHOLE).declared["um_mailbox"]
    assert mailboxes["alice@contoso.com"].attributes == {
        "policy": "Redmond/default",
        "wave": "1",
        "extension": "00042",
        "extensions": ("1", "2"),
    }
    assert mailboxes["bob@contoso.com"].attributes["wave"] == "2"
    assert mailboxes["bob@contoso.com"].attributes["extensions"] == ("3",)


def test_resource_knows_where_it_was_declared() -> None:
    declared = loaded(WHOLE).declared
    assert str(declared["dial_plan"]["Redmond"].position) == "redmond.yaml:2:3"
    assert str(declared["um_mailbox"]["bob@contoso.com"].position) == "users.csv:3:1"
    assert str(declared["um_mailbox"]["carol@contoso.com"].position) == "more/users.yaml:1:3"


def test_scalars_reach_the_type_as_text() -> None:
    mailboxes = loaded(WHOLE).declared["um_mailbox"]
    assert mailboxes["dora@contoso.com"].attributes["extension"] == "0044"
    assert mailboxes["carol@contoso.com"].attributes["extension"] == "0045"


def test_name_alone_declares_a_resource_with_nothing_managed() -> None:
    declared = loaded({"a.yaml": "environment: x\nmailbox_policies:\n  Guests:\n  Staff: {allow_fax: }\n"}).declared
    assert declared["mailbox_policy"]["guests"].attributes == {}
    assert declared["mailbox_policy"]["Staff"].attributes == {"allow_fax": None}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("dial_plans: [Redmond]\n", 2),
        ("dial_plans: {Redmond: {extension_digits: five}}\n", 2),
        ("dial_plans: {Redmond: {extension_digits: 5, extra: 1}}\n", 2),
        ("dial_plans: {Redmond: {extension_digits: 5, phone_context: x}}\n", 2),
        ("mailboxes: {identity: a}\n", 2),
        ("mailboxes:\n- {identity: a}\n- {extension: '1'}\n", 4),
        ("mailboxes: [{file: gone.csv}]\n", 2),
        ("mailboxes: [{file: users.txt}]\n", 2),
        ("mailboxes:\n- {identity: a}\n- {identity: 'SMTP:A'}\n", 4),
    ],
)
def test_a_wrong_declaration_is_refused_at_its_line(text: str, line: int) -> None:
    ((_, place),) = refused({"a.yaml": f"environment: x\n{text}"})
    assert place.startswith(f"a.yaml:{line}:")
