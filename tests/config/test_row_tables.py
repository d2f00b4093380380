"""A file of rows is read by column, except for rows with a state and files with a mistake."""

from __future__ import annotations

from providers.catalogue import resource_types
from reconciler.config.row_tables import Entry, Read, Table, csv_rows, declarable
from reconciler.model.abilities import Rows
from reconciler.model.diagnostics import Severity
from reconciler.model.resources import Resources

(MAILBOXES,) = (kind for kind in resource_types() if isinstance(kind, Rows))


def read(text: str, **defaults: object) -> Read:
    return csv_rows("users.csv", text.encode(), defaults, MAILBOXES)


def table(found: Read) -> Table:
    (one,) = (each for each in found.read if isinstance(each, Table))
    return one


def test_rows_with_a_state_are_read_one_by_one() -> None:
    found = read("identity,policy,state\na@b.c,Execs,\nd@b.c,Execs,absent\n")
    roster = table(found).roster(MAILBOXES)
    assert roster is not None
    assert list(roster.keys) == ["a@b.c"]
    assert [one.data for one in found.read if isinstance(one, Entry)] == [{"policy": "Execs", "state": "absent"}]


def test_one_invalid_value_and_the_rows_are_read_one_by_one() -> None:
    found = table(read("identity,policy,sip_address\na@b.c,Execs,a@b.c\nd@b.c,Execs,nobody\n"))
    assert found.roster(MAILBOXES) is None
    assert [(one.key, one.data["sip_address"]) for one in found.entries()] == [("a@b.c", "a@b.c"), ("d@b.c", "nobody")]


def test_a_row_without_identity_is_told_with_its_line() -> None:
    found = read("identity,policy\n,Execs\na@b.c,Execs\n")
    assert [(one.summary, one.position and one.position.line) for one in found.found] == [("Missing attribute", 2)]
    assert found.is_complete
    assert not read("policy\nExecs\n").is_complete


def test_repeated_values_of_a_column_are_one_object() -> None:
    rows = "".join(f"u{number}@b.c,Execs\n" for number in range(9))
    roster = table(read(f"identity,policy\n{rows}")).roster(MAILBOXES)
    assert roster is not None
    assert len({id(one) for one in roster.columns["policy"]}) == 1


def test_a_row_may_set_what_the_type_declares() -> None:
    assert {"policy", "extension", "state"} <= set(declarable(MAILBOXES))


EXPORTED = """"DisplayName","PrimarySmtpAddress","SipAddress","Extensions","UMMailboxPolicy","DialPlan","Notes"
"Alice","Alice@contoso.com","sip:alice@contoso.com","40123","Redmond Default Policy","Redmond.contoso.com","4.2E+10"
"""


def test_a_file_as_exchange_and_lync_export_it_is_read_by_the_names_they_use() -> None:
    found = read(EXPORTED)
    roster = table(found).roster(MAILBOXES)
    assert roster is not None
    (row,) = Resources(roster=roster).values()
    assert row.address.key == "alice@contoso.com"
    assert row.attributes == {
        "sip_address": "alice@contoso.com",
        "extension": ("40123",),
        "policy": "Redmond/default",
    }
    (note,) = found.found
    assert (note.summary, note.severity) == ("Columns ignored", Severity.NOTE)
    assert "DisplayName and Notes" in note.detail
    assert found.is_complete


def test_columns_of_the_environment_are_read_and_an_ignored_one_is_not_mentioned() -> None:
    named = {"Mail box": "identity", "Durchwahl": "extension", "Office": "ignore"}
    text = "Office;Durchwahl;Mail box;dial_plan\nX;40123;alice@contoso.com;Redmond\n"
    found = csv_rows("users.csv", text.encode(), {}, MAILBOXES, named)
    (entry,) = table(found).entries()
    assert (entry.key, entry.data) == (
        "alice@contoso.com",
        {"extension": ["40123"], "dial_plan": "Redmond"},
    )
    assert str(entry.place.position(("extension",))) == "users.csv:2:3"
    assert not found.found


def test_a_column_that_the_environment_names_has_to_exist() -> None:
    found = csv_rows("users.csv", b"identity\nalice@contoso.com\n", {}, MAILBOXES, {"Durchwahl": "extension"})
    assert [one.summary for one in found.found] == ["Missing column"]
    assert not found.is_complete
