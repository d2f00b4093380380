"""Declarations that are corrected or left out, in a table of rows and beside it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.export.declaration import LeftOut, Written
from reconciler.export.drafts import Drafts
from reconciler.export.rows import WrittenRows
from reconciler.model.abilities import Rows
from reconciler.model.resource_types import declared_types
from reconciler.model.resources import Address
from reconciler.model.roster import Column, Roster
from tests.support.landscapes import resource
from tests.support.trial import types

KINDS = {kind.name: kind for kind in declared_types(types())}
PLAN, ALICE, BEN = Address("dial_plan", "Redmond"), Address("um_mailbox", "Alice@b.c"), Address("um_mailbox", "ben@b.c")


def drafts() -> Drafts:
    """Return a dial plan, and two users in a table."""
    users = KINDS["um_mailbox"]
    assert isinstance(users, Rows)
    columns: dict[str, Column] = {"policy": ["Redmond/default", "Staff"], "dial_plan": ["Redmond", "Paris"]}
    found = Drafts(tables={users.name: WrittenRows(users, Roster(users.name, [ALICE.key, BEN.key], columns), columns)})
    found.put(Written(KINDS["dial_plan"], resource(str(PLAN)), {}))
    return found


def keys(found: Drafts) -> list[str]:
    return sorted(found.resources()["um_mailbox"])


def test_a_row_that_is_left_out_is_no_declaration_any_more() -> None:
    found = drafts()
    found.leave_out(Address("um_mailbox", "ALICE@b.c"), "Why.")
    found.leave_out(ALICE, "Twice.")
    found.add_reason(ALICE, "More.")
    assert found.left_out[ALICE] == LeftOut(
        KINDS["um_mailbox"], ALICE.key, {"policy": "Redmond/default", "dial_plan": "Redmond"}, "Why.", " More."
    )
    assert (found.one(ALICE), keys(found)) == (None, [BEN.key])


def test_a_row_that_is_corrected_is_declared_once() -> None:
    found = drafts()
    before = found.one(BEN)
    assert before is not None
    found.put(replace(before, values={"policy": "Other"}))
    after = found.one(BEN)
    assert after is not None
    assert after.values == {"policy": "Other"}
    assert keys(found) == [ALICE.key, BEN.key]
    found.put(LeftOut(before.kind, BEN.key, {}, "Why."))
    assert (found.one(BEN), keys(found)) == (None, [ALICE.key])


def test_references_of_rows_and_of_others() -> None:
    found = drafts()
    assert list(found.referring(lambda one: one == Address("dial_plan", "Paris"))) == [
        (BEN, Address("dial_plan", "Paris"))
    ]
    named = {str(target) for _, target in found.referring(lambda _: True)}
    assert named == {"dial_plan/Redmond", "dial_plan/Paris", "mailbox_policy/Redmond/default", "mailbox_policy/Staff"}


def test_everything_is_in_order_of_type_and_key() -> None:
    found = drafts()
    found.put(Written(KINDS["dial_plan"], resource("dial_plan/Paris"), {}))
    found.leave_out(BEN, "Why.")
    found.leave_out(ALICE, "Why.")
    found.sort(types())
    assert [one.key for one in found.single] == ["Paris", "Redmond"]
    assert list(found.left_out) == [ALICE, BEN]
    assert len(found.tables["um_mailbox"]) == 0
