"""An estate as the files of a new environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.export.describe import Description
from reconciler.export.export import differing, export, refusals
from reconciler.export.render import Head
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.resources import Address
from tests.export.test_describe import described, estate, user
from tests.support.trial import types

HEAD = Head("test")


def test_the_same_estate_gives_the_same_bytes() -> None:
    given = estate(*user("alice", "50101"))
    first, second = (export(types(), given, HEAD).contents for _ in range(2))
    assert first == second
    assert sorted(first) == ["dial_plans.yaml", "environment.yaml", "mailboxes.csv", "mailboxes.yaml"]


def test_exit_code_says_that_something_was_not_read() -> None:
    given = estate()
    assert export(types(), given, HEAD).exit_code() == 0
    cut = replace(given, unreadable={Address("auto_attendant", "*"): Diagnostic("No answer")})
    made = export(types(), cut, HEAD)
    assert made.exit_code() == 1
    assert [one.address for one in made.diagnostics] == ["auto_attendant"]
    assert b"No answer" in made.contents["auto_attendants.yaml"]


def test_what_the_readers_refuse_is_named() -> None:
    found = described(estate())
    wrong = Diagnostic("Invalid value", "It is wrong.", address="dial_plan/Redmond")
    assert refusals(found, [wrong]) == {Address("dial_plan", "Redmond"): wrong}
    with pytest.raises(AssertionError):
        refusals(found, [Diagnostic("Elsewhere")])


def test_files_that_declare_something_else_are_not_accepted() -> None:
    made = export(types(), estate(), HEAD)
    loaded, _ = load(Files(made.contents), types())
    assert loaded is not None
    assert differing(types(), made.description, loaded) == []
    assert "dial_plan/redmond" in differing(types(), Description(), loaded)


def test_a_value_of_a_user_that_the_readers_refuse_is_left_out_alone() -> None:
    """Values of users are taken as they were observed, until the readers object."""
    given = estate(*user("alice", "50101"), *user("ben", "50102", sip_address="no address"))
    made = export(types(), given, HEAD)
    assert made.description == described(given)
    assert b"alice@contoso.com,alice@contoso.com,50101,Redmond" in made.contents["mailboxes.csv"]
    assert b"ben@contoso.com" in made.contents["mailboxes.yaml"]
    assert b"# sip_address: left out." in made.contents["mailboxes.yaml"]
