"""Saved values keep what they say, in one canonical text, and what is not understood is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.addresses import Address
from reconciler.model.ports import Holder
from reconciler.model.snapshot import Obligation, Outcome, OutcomeKind, Remembered, Run, Snapshot
from state import codec
from tests.support.state_support import addresses, intents, remembered, snapshots, texts

GOLDEN = (
    '{"decisions":{"dial_plan/Redmond:site":"Seattle"},"environment":"contoso","format":"reconciler-state",'
    '"lineage":"l1","obligations":[["front-end-restart","[\\"FE1\\",null]"]],"open_intents":[],'
    '"resources":{"dial_plan/Redmond":{"attributes":{"access_numbers":["+1425"],"name":"R\\u00e9dmond"},'
    '"guid":"g1","needs":["site/Seattle%00"]}},"serial":7,"version":1}'
)
GOLDEN_VALUE = Snapshot(
    "contoso",
    "l1",
    7,
    resources={
        Address("dial_plan", "Redmond"): Remembered(
            Address("dial_plan", "Redmond"),
            {"name": "Rédmond", "access_numbers": ("+1425",)},
            guid="g1",
            needs=(Address("site", "Seattle\0"),),
        )
    },
    obligations=(Obligation("front-end-restart", "FE1"),),
    decisions={"dial_plan/Redmond:site": "Seattle"},
)


@given(snapshots())
def test_any_snapshot_survives(snapshot: Snapshot) -> None:
    text = codec.encode_snapshot(snapshot)
    assert codec.decode_snapshot(text) == snapshot
    assert [owed.duty for owed in codec.decode_snapshot(text).obligations] == [
        owed.duty for owed in snapshot.obligations
    ]


@given(snapshots())
def test_text_is_ascii_and_canonical(snapshot: Snapshot) -> None:
    text = codec.encode_snapshot(snapshot)
    assert text.isascii()
    assert "\0" not in text
    assert codec.encode_snapshot(codec.decode_snapshot(text)) == text


@given(remembered, intents)
def test_rows_survive(kept: Remembered, intent: object) -> None:
    assert codec.decode_remembered(kept.address, codec.encode_remembered(kept)) == kept
    assert codec.decode_intent(codec.encode_intent(intent)) == intent  # type: ignore[arg-type]  # the strategy's type


@given(texts, st.sampled_from(OutcomeKind), texts)
def test_outcomes_survive(id: str, kind: OutcomeKind, detail: str) -> None:
    outcome = Outcome(id, kind, detail)
    assert codec.decode_outcome(codec.encode_outcome(outcome)) == outcome


@given(st.builds(Run, texts, texts, texts, texts, st.none() | texts, st.none() | texts, st.none() | st.integers()))
def test_runs_survive(run: Run) -> None:
    assert codec.decode_run(codec.encode_run(run)) == run


@given(st.builds(Holder, texts, texts, st.integers(), texts, texts, texts))
def test_holders_survive(holder: Holder) -> None:
    assert codec.decode_holder(codec.encode_holder(holder)) == holder


@given(texts, texts)
def test_escapes_are_printable_and_differ(one: str, other: str) -> None:
    assert codec.unescape(codec.escape(one)) == one
    assert codec.escape(one).isascii()
    assert all(" " <= character <= "~" for character in codec.escape(one))
    assert (codec.escape(one) == codec.escape(other)) == (one == other)


@given(addresses)
def test_addresses_survive(address: Address) -> None:
    assert codec.parse_address(codec.address_text(address)) == address


@pytest.mark.parametrize("key", ["Redmond", "alice@contoso.com", "Redmond/default", "pool.contoso.com/1:1", "é"])
def test_address_is_saved_as_it_is_shown(key: str) -> None:
    address = Address("dial_plan", key)
    assert codec.address_text(address).replace(":", "%3A") == str(address)


def test_version_1_is_read_and_written_for_ever() -> None:
    assert codec.encode_snapshot(GOLDEN_VALUE) == GOLDEN
    assert codec.decode_snapshot(GOLDEN) == GOLDEN_VALUE


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 2, "version 2"),
        ("version", None, "version None"),
        ("format", "terraform", "no saved state"),
        ("serial", "7", "number"),
        ("serial", True, "number"),
        ("lineage", 1, "text"),
        ("resources", [], "mapping"),
        ("open_intents", {}, "list"),
        ("more", 1, "more"),
    ],
)
def test_what_is_not_known_is_refused(key: str, value: object, message: str) -> None:
    plain = {**json.loads(GOLDEN), key: value}
    with pytest.raises(ValueError, match=message):
        codec.decode_snapshot(json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "1.5", "NaN", '{"a":1e3}', "[" * 100_000])
def test_what_is_no_canonical_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the decoder's own words
        codec.from_json(text)


@pytest.mark.parametrize("value", [1.5, ["list"], {"a": 1}, b"bytes", {1}])
def test_what_is_no_attribute_value_is_not_written(value: object) -> None:
    kept = Remembered(Address("dial_plan", "x"), {"a": value})  # type: ignore[dict-item]  # on purpose
    with pytest.raises(ValueError, match="no attribute value"):
        codec.encode_remembered(kept)
