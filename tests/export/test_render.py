"""Descriptions as files: they read back as what was described, whatever the names and values are."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.export.declaration import LeftOut, Writer, Written
from reconciler.export.describe import Description, Pending
from reconciler.export.export import differing
from reconciler.export.render import Head, render
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value
from tests.support.strategies import HOSTILE
from tests.support.trial import types

WRITER = Writer(Landscape(), in_full=True)
KINDS = {kind.name: kind for kind in types() if isinstance(kind, Managed)}


def written(address: str, *notes: str, **values: Value) -> Written:
    type_name, _, key = address.partition("/")
    kind = KINDS[type_name]
    parsed = kind.parse(key, {name: [*value] if isinstance(value, tuple) else value for name, value in values.items()})
    assert isinstance(parsed, Resource), parsed
    return Written(kind, parsed, values, notes)


PLAN = written("dial_plan/Redmond", extension_digits="4", country_code="001")


def user(identity: str, extension: str = "0042", *notes: str) -> Written:
    sip = "alice@contoso.com" if identity == "alice@contoso.com" else "ben@contoso.com"
    return written(f"um_mailbox/{identity}", *notes, sip_address=sip, extension=(extension,), dial_plan="Redmond")


def read_back(*those: Written) -> dict[str, str]:
    """Return the files, after a proof that they declare what was described."""
    description = Description(those)
    texts = render(types(), description, Head("test"))
    environment, found = load(Files({name: text.encode() for name, text in texts.items()}), types())
    assert environment is not None, found
    assert not differing(types(), description, environment)
    return dict(texts)


def test_a_leading_zero_stays() -> None:
    texts = read_back(PLAN, user("alice@contoso.com"))
    assert ",0042," in texts["mailboxes.csv"]
    assert '"001"' in texts["dial_plans.yaml"]


@pytest.mark.parametrize("identity", ["=cmd@contoso.com", "-ben@contoso.com", "+1425@contoso.com", "1e5"])
def test_a_cell_that_a_spreadsheet_would_change_stands_in_yaml(identity: str) -> None:
    texts = read_back(PLAN, user("alice@contoso.com"), user(identity, "0043"))
    rows = list(csv.reader(io.StringIO(texts["mailboxes.csv"])))
    assert [row[0] for row in rows] == ["identity", "alice@contoso.com"]
    assert identity in texts["mailboxes.yaml"]


NAMES = st.sampled_from(
    ["München", "true", "null", "a: b", "a #b", "'quoted'", '"', "0042", "- x", "日本語", "{a}", "~"]
)


@given(NAMES | st.sampled_from(HOSTILE) | st.text(max_size=8))
def test_every_text_reads_back(text: str) -> None:
    found = WRITER.of(KINDS["lync_dial_plan"], "Main", {"description": text})
    assert isinstance(found, Written)
    assert found.notes or found.values == {"description": text}
    read_back(found)


@given(NAMES | st.text(min_size=1, max_size=8))
def test_every_name_reads_back(name: str) -> None:
    found = WRITER.of(KINDS["mailbox_policy"], name, {"dial_plan": "Redmond"})
    if isinstance(found, Written):
        read_back(PLAN, found)


@given(st.text(max_size=40) | st.sampled_from(HOSTILE))
def test_no_text_of_a_server_ends_a_comment(text: str) -> None:
    kind = KINDS["auto_attendant"]
    description = Description(
        (PLAN, written("mailbox_policy/Staff", text, dial_plan="Redmond")),
        (LeftOut(kind, f"x{text}", {"business_name": text}, text, text),),
        ((Address("hunt_group", "*"), Diagnostic(text, text)), (Address("pool", "*"), Diagnostic(text))),
        (Pending(text, text),),
    )
    texts = render(types(), description, Head("test"))
    environment, found = load(Files({name: made.encode() for name, made in texts.items()}), types())
    assert environment is not None, found
    assert not differing(types(), description, environment)


def test_a_left_out_object_stands_as_a_comment_that_can_be_uncommented() -> None:
    left = LeftOut(KINDS["auto_attendant"], "Bell", {"dial_plan": "Redmond"}, "Why.")
    text = render(types(), Description((PLAN,), (left,)), Head("test"))["auto_attendants.yaml"]
    bare = "\n".join(line.replace("# ", "", 1) for line in text.splitlines() if "Left out" not in line)
    environment, found = load(
        Files({"a.yaml": f"environment: x\n{bare}".encode(), "b.yaml": b"dial_plans: {Redmond: {}}"}), types()
    )
    assert environment is not None, found
    assert list(environment.declared["auto_attendant"]) == ["Bell"]


def test_an_unread_type_says_that_objects_may_be_missing() -> None:
    unread = ((Address("auto_attendant", "*"), Diagnostic("No answer", "ex1 does not answer.")),)
    texts = render(types(), Description((PLAN,), unread=unread), Head("test"))
    assert texts["auto_attendants.yaml"].startswith("# auto_attendants: not all of them could be read.")
    assert "ex1 does not answer." in texts["auto_attendants.yaml"]


def test_what_a_plan_would_still_do_is_a_list_in_a_comment() -> None:
    pending = (Pending("run exchucutil/contoso.com", "a pool has no gateway; " * 9), Pending("update box/b", ""))
    text = render(types(), Description((PLAN,), pending=pending), Head("test"))["environment.yaml"]
    told = [line[:4] for line in text.partition("do:\n")[2].splitlines()]
    assert told == ["# - ", *["#   "] * (len(told) - 2), "# - "]
    assert len(told) > 2


def test_several_extensions_share_a_cell() -> None:
    both = written(
        "um_mailbox/alice@contoso.com", sip_address="alice@contoso.com", extension=("0042", "0043"), dial_plan="Redmond"
    )
    assert "0042; 0043" in read_back(PLAN, both)["mailboxes.csv"]


def test_thousands_of_users_without_a_dial_plan_keep_the_file_readable() -> None:
    kind = KINDS["um_mailbox"]
    left = tuple(LeftOut(kind, f"u{number}@contoso.com", {"dial_plan": "X"}, "It needs X.") for number in range(2_000))
    text = render(types(), Description((), left), Head("test"))["mailboxes.yaml"]
    assert text.count("\n") < 600
    assert "1,500 more" in text
