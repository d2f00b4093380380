"""Declarations of users by column are those of the users one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.export.declaration import Writer, Written
from reconciler.export.rows import WrittenRows, rows_of
from reconciler.model.abilities import Rows
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource, Resources
from reconciler.model.roster import Column, Roster
from reconciler.model.values import UNSET, Value
from tests.support.landscapes import resource
from tests.support.trial import types

(KIND,) = (one for one in types() if isinstance(one, Rows))
NAMES = st.sampled_from(["a@b.c", "Ben@b.c", "carl@b.c", "x\u202ey@b.c", "d@b.c"])
VALUES: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "extension": st.sampled_from([("50101",), ("50102", "50103"), (), None, ("5\u200001",), ("5\u202e1",)]),
        "sip_address": st.sampled_from(["a@b.c", "Ben@b.c", "nobody", "", "+1"]),
        "policy": st.sampled_from(["Redmond/default", "Execs", "", "X\x07"]),
        "dial_plan": st.sampled_from(["Redmond", "Paris"]),
    },
)
USERS = st.dictionaries(NAMES, VALUES, min_size=1).map(
    lambda users: [resource(f"um_mailbox/{name}", **values) for name, values in users.items()]
)


def tabled(users: list[Resource], *, in_full: bool = False) -> tuple[WrittenRows | None, list[str]]:
    observed = Resources(users)
    table, odd = rows_of(Writer(Landscape(), in_full=in_full), KIND, observed, sorted(observed.folded))
    return table, list(odd)


@given(USERS, st.booleans())
def test_a_row_is_what_it_is_by_itself_and_the_others_are_odd(users: list[Resource], in_full: bool) -> None:
    writer = Writer(Landscape(), in_full=in_full)
    alone = {one.key: writer.declaration(KIND, one) for one in users}
    table, odd = tabled(users, in_full=in_full)
    rows = [] if table is None else list(table.all())
    assert sorted([*odd, *(one.resource.key.lower() for one in rows)]) == sorted(key.lower() for key in alone)
    assert all(one in alone.values() for one in rows)
    plain = {key.lower() for key, one in alone.items() if isinstance(one, Written) and not one.notes}
    assert {key.lower() for key in alone} - plain <= {*odd}


def test_what_is_plain_is_no_odd_row() -> None:
    users = [
        resource(f"um_mailbox/{name}@b.c", extension=("1",), policy=policy, dial_plan="Redmond")
        for name, policy in (("ben", "Execs"), ("alice", "Redmond/default"))
    ]
    table, odd = tabled(users)
    assert table is not None
    assert (odd, table.roster.keys) == ([], ["alice@b.c", "ben@b.c"])
    assert table.values["policy"] == [UNSET, "Execs"]


def test_an_attribute_that_no_row_writes_is_no_column() -> None:
    table, _ = tabled([resource("um_mailbox/a@b.c", extension=(), policy="Redmond/default", dial_plan="Redmond")])
    assert table is not None
    assert list(table.values) == ["dial_plan"]


def test_rows_leave_a_table() -> None:
    columns: dict[str, Column] = {"extension": [("1",), ("2",)], "wave": ["1", UNSET]}
    table = WrittenRows(KIND, Roster(KIND.name, ["a@b.c", "d@b.c"], columns), columns)
    assert table.without(["nobody"]) is table
    left = table.without(["A@b.c"])
    assert (left.roster.keys, dict(left.values)) == (["d@b.c"], {"extension": [("2",)]})
    assert table.get("D@B.C") == left.written(0)
    assert left.get("a@b.c") is None
    assert left != table == WrittenRows(KIND, table.roster, columns)


def test_a_table_with_others() -> None:
    columns: dict[str, Column] = {"extension": [("1",)]}
    table = WrittenRows(KIND, Roster(KIND.name, ["a@b.c"], columns), columns)
    both = table.with_others([resource("um_mailbox/d@b.c")])
    assert sorted(both) == ["a@b.c", "d@b.c"]
    assert sorted(table.with_others([])) == ["a@b.c"]
