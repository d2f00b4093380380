"""Listings that are read by column give the same values as records that are read one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.cmdlet_resource import CmdletFact
from providers.cmdlets.numerous import Numerous
from providers.cmdlets.value_types import (
    Digits,
    Limit,
    Normalise,
    ObjectName,
    PoolFqdn,
    SipAddress,
    SmtpAddress,
    Text,
    Truth,
    Unordered,
    text,
)
from reconciler.model.attributes import Attr
from reconciler.model.commands import Reply, read
from reconciler.model.diagnostics import Diagnostic, NotFound, PermanentError, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources


class One(CmdletFact):
    """A type with each kind of value that listings of users have."""

    name: ClassVar[str] = "one"
    noun: ClassVar[str] = "One"
    key_type: ClassVar[Any] = Annotated[SmtpAddress, Normalise(text)]

    text: Attr[Text]
    sip: Attr[SipAddress]
    pool: Attr[PoolFqdn]
    plan: Attr[ObjectName]
    on: Attr[Truth]
    limit: Attr[Limit]
    numbers: Attr[Annotated[tuple[Digits, ...], Unordered()]]
    listed: Attr[tuple[Text, ...]]


class Many(Numerous, One):
    """The same by column."""


ANY = st.sampled_from(
    ["", "Sip:A@b.c", " X ", "1-Registrar-1@Pool1.b.c", "Org\\Plan", "true", "60 days", "2", "ñ"]
) | st.sampled_from([None, True, False, 1, 0, ["b", "a", "b"], [], ["1"], [1, "1"], {"name": "Plan"}, {"$str": "x"}])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"Name": st.sampled_from(["A@b.c", "d@b.c ", "", None, 5, {"name": "E@b.c"}])},
        optional={"Guid": st.sampled_from(["g1", "", None])}
        | dict.fromkeys(("Text", "Sip", "Pool", "Plan", "On", "Limit", "Numbers", "Listed"), ANY),
    ),
    max_size=12,
)


@given(RECORDS)
def test_columns_have_the_values_of_the_records(records: list[Mapping[str, object]]) -> None:
    answers = [(read("Get-One"), Reply(tuple(records)))]
    one_by_one = [one for one in One().observe(answers, Landscape()) if isinstance(one, Resource)]
    assert Many().read(answers, Landscape())[0] == Resources(
        Resource(one.address, one.attributes, one.name, one.guid) for one in one_by_one
    )


@given(st.lists(st.sampled_from(["Plan1", "Plan2"]), min_size=5))
def test_repeated_values_are_one_object(plans: Sequence[str]) -> None:
    records = tuple({"Name": f"u{row}@b.c", "Plan": "".join(plan)} for row, plan in enumerate(plans))
    resources, _ = Many().read([(read("Get-One"), Reply(records))], Landscape())
    assert len({id(plan) for plan in resources.column(One.plan)}) == len(set(plans))


def test_what_cannot_be_read_is_unreadable_and_what_is_absent_is_not() -> None:
    told = Diagnostic("Refused", "no right")
    replies: list[Reply | SessionError] = [Reply(({"Name": "a@b.c"},)), NotFound(told), PermanentError(told)]
    found, unreadable = Many().read([(read("Get-One"), reply) for reply in replies], Landscape())
    assert list(found) == ["a@b.c"]
    assert [(one.address, one.diagnostic) for one in unreadable] == [(Address("one", "*"), told)]
