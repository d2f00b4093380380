"""Saved values keep what they say, in one canonical text, and what is not understood is refused."""

import contextlib
import json
from dataclasses import MISSING, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.ports import Holder
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Obligation, Outcome, OutcomeKind, Remembered, Run
from reconciler.model.values import canonical
from state import codec
from tests.support.state_support import addresses, intent, intents, remembered, texts

ADDRESS = Address("dial_plan", "Redmond")
KEPT = Remembered(
    ADDRESS,
    {"name": "Rédmond", "access_numbers": ("+1425",)},
    guid="g1",
    needs=(Address("site", "Seattle\0"),),
)
GOLDEN = '{"attributes":{"access_numbers":["+1425"],"name":"R\\u00e9dmond"},"guid":"g1","needs":["site/Seattle%00"]}'
RUN = '{"done":2,"host":"ops1","id":"r1","started":"2026-01-01","user":"kim"}'
INTENT = (
    '{"address":"um_mailbox/kim@contoso.com","command":"Enable-UMMailbox","discharges":[{"duty":"service-runs",'
    '"subject":"FE1/x"}],"expects":null,"expects_after":{"a":1},"expires":"2026-01-01","host":"ex1","id":"op1",'
    '"kind":"create","run":"r1","shell":{"account":"kim","endpoint":{"connection":"exchange","host":"ex1"},"id":"s1"}}'
)


@given(remembered)
def test_what_is_remembered_survives(kept: Remembered) -> None:
    address, text = codec.rows_of([kept])[0]
    assert address.isascii()
    assert text.isascii()
    assert "\0" not in text
    read = codec.decode_remembered(address, text)
    assert read == kept
    assert codec.rows_of([read])[0] == (address, text)


@given(intents)
def test_intents_survive(intent: Intent) -> None:
    assert codec.decode(Intent, codec.encode(intent)) == intent


@given(texts, texts, st.none() | texts)
def test_obligations_survive(subject: str, duty: str, since: str | None) -> None:
    owed = Obligation(duty, subject, since)
    read = codec.decode_obligation(duty, codec.encode_obligation(owed))
    assert (read, read.duty) == (owed, duty)


@given(texts, st.sampled_from(OutcomeKind), texts)
def test_outcomes_survive(id: str, kind: OutcomeKind, detail: str) -> None:
    outcome = Outcome(id, kind, detail)
    assert codec.decode(Outcome, codec.encode(outcome)) == outcome


@given(st.builds(Run, texts, texts, texts, texts, st.none() | texts, st.none() | texts, st.none() | st.integers()))
def test_runs_survive(run: Run) -> None:
    assert codec.decode(Run, codec.encode(run)) == run


@given(st.builds(Holder, texts, texts, st.integers(), texts, texts, texts))
def test_holders_survive(holder: Holder) -> None:
    assert codec.decode(Holder, codec.encode(holder)) == holder


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


def test_version_2_is_read_and_written_for_ever() -> None:
    assert codec.rows_of([KEPT])[0] == ("dial_plan/Redmond", GOLDEN)
    assert codec.decode_remembered("dial_plan/Redmond", GOLDEN) == KEPT
    for kind, text in ((Run, RUN), (Intent, INTENT), (Outcome, '{"intent":"op1","kind":"done"}')):
        assert codec.encode(codec.decode(kind, text)) == text
    assert codec.encode_obligation(Obligation("restart", "fe1", "2026")) == '{"since":"2026","subject":"fe1"}'


def test_version_1_is_read_for_ever() -> None:
    run = (
        '{"blocked":0,"commit":null,"done":2,"ended":null,"exit_code":null,"failed":0,"host":"ops1","id":"r1",'
        '"plan_digest":null,"started":"2026-01-01","user":"kim"}'
    )
    assert codec.decode(Run, run) == codec.decode(Run, RUN)
    before = json.loads(INTENT)
    before |= {"discharges": [["service-runs", "FE1/x", None]], "shell": ["exchange", "ex1", "s1", "kim"]}
    assert codec.decode(Intent, json.dumps(before)) == codec.decode(Intent, INTENT)
    assert codec.decode(Outcome, '["op1","failed","why"]') == Outcome("op1", OutcomeKind.FAILED, "why")
    assert codec.decode_obligation("restart", '["fe1",null]') == Obligation("restart", "fe1")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("done", "7", "done is not a whole number"),
        ("done", True, "done is not a whole number"),
        ("commit", 1, "commit is not text"),
        ("uncommitted", 1, "uncommitted is not true or false"),
        ("more", 1, "more is not a field"),
        ("m\x1b", 1, r"m\\x1b is not a field"),
        ("m\ud800", 1, "not text"),
    ],
)
def test_run_that_is_not_of_the_form_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        codec.decode(Run, json.dumps({**json.loads(RUN), key: value}))
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("address", 1, "address is not text"),
        ("address", ["x"], "address is not text"),
        ("address", "nothing", "no address"),
        ("expects", [], "expects is not an object"),
        ("discharges", {}, "discharges is not a list"),
        ("discharges", [[1, "x", None]], "discharges.0.duty is not text"),
        ("discharges", [["service-runs", "x"]], "a list of duty, subject, since has another length"),
        ("discharges", [{"duty": "x"}], r"discharges\.0\.subject is missing"),
        ("shell", ["exchange", "ex1", "s1"], "a list of connection, host, id, account has another length"),
        ("shell", {"id": "s1", "endpoint": {"connection": 1}}, "shell.endpoint.connection is not text"),
    ],
)
def test_intent_that_is_not_of_the_form_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        codec.decode(Intent, json.dumps({**json.loads(INTENT), key: value}))


@pytest.mark.parametrize("kind", [Intent, Run, Holder])
def test_every_field_without_a_default_is_needed(kind: type) -> None:
    plain = json.loads({Intent: INTENT, Run: RUN, Holder: codec.encode(Holder("r1", "h", 1, "u", "o", "s"))}[kind])
    for name in {field.name for field in fields(kind) if field.default is field.default_factory is MISSING}:
        with pytest.raises(ValueError, match=f"{name} is missing"):
            codec.decode(kind, json.dumps({key: value for key, value in plain.items() if key != name}))


@pytest.mark.parametrize("text", ["[]", "null", "1", '{"attributes":{},"address":"dial_plan/x"}', '{"attributes":[]}'])
def test_resource_that_is_not_of_the_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"form|missing|attributes"):
        codec.decode_remembered("dial_plan/x", text)


@pytest.mark.parametrize("text", ["", "{", "1.5", "NaN", '{"a":1e3}', "[" * 100_000, "9" * 5000])
def test_what_is_no_canonical_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the decoder's own words
        codec.decode_remembered("dial_plan/x", text)


@pytest.mark.parametrize("depth", [200, 900, 5000])
def test_deep_nesting_is_read_or_refused(depth: int) -> None:
    text = '{"attributes":{"a":' + "[" * depth + "]" * depth + "}}"
    with contextlib.suppress(ValueError):
        assert codec.rows_of([codec.decode_remembered("dial_plan/x", text)])[0] == ("dial_plan/x", text)


@pytest.mark.parametrize("value", [1.5, ["list"], {"a": 1}, b"bytes", {1}])
def test_what_is_no_attribute_value_is_not_written(value: object) -> None:
    kept = Remembered(Address("dial_plan", "x"), {"a": value})  # type: ignore[dict-item]  # on purpose
    with pytest.raises(ValueError, match="not an attribute value"):
        codec.rows_of([kept])


PLAIN: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_the_fast_text_is_the_canonical_one(plain: object) -> None:
    assert codec.text_of(plain) == canonical(plain)


@pytest.mark.parametrize(
    "plain", ["\x7f", "\udc80", "\x00", "é", {"é": 1, "e": 2}, 1 << 64, (1, "a"), {"b": 1, "a": 2}]
)
def test_the_fast_text_is_the_canonical_one_also_where_the_library_differs(plain: object) -> None:
    assert codec.text_of(plain) == canonical(plain)


def test_values_are_written_together_as_each_by_itself() -> None:
    values = [intent("a"), replace(intent("b"), expects=None), intent("c")]
    assert codec.encode_all(values) == list(map(codec.encode, values))
    assert codec.encode_all([]) == []
