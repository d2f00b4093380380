"""The line protocol: however the bytes are cut and whatever stands between them, lines arrive whole or not at all."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.transport import wire
from reconciler.model.commands import Command, Delta, NameOf, Operation, Reply, read, write
from reconciler.model.ports import Request
from reconciler.model.resources import Address

NONCE = "00ff00ff00ff00ff"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
replies = st.builds(
    lambda name, extra: {**extra, "id": name, "ok": True}, st.text(min_size=1), st.dictionaries(st.text(), json_values)
)
noise = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b""))


def reply_line(data: Any, mark: str = "") -> bytes:
    payload = base64.b64encode(json.dumps(data).encode())
    return f"{NONCE} {mark}{len(payload)} {wire.check(payload).decode()} ".encode() + payload + b"\r\n"


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in at})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.lists(replies, max_size=5), st.lists(noise, min_size=6, max_size=6), st.lists(st.integers(0, 10**6)))
def test_replies_arrive_in_order_however_the_stream_is_cut(
    told: list[dict[str, Any]], between: list[bytes], places: list[int]
) -> None:
    stream = b"".join(piece + b"\n" + reply_line(reply) for piece, reply in zip(between, told, strict=False))
    reader = wire.LineReader(NONCE)
    lines = [line for piece in cut(stream, places) for line in reader.feed(piece)]
    assert [line.data for line in lines if isinstance(line, wire.ReplyLine)] == told


@given(replies, st.integers(0, 10**6), st.integers(1, 50))
def test_a_hole_in_a_line_is_never_a_reply(told: dict[str, Any], at: int, length: int) -> None:
    line = reply_line(told)[:-2]
    start = at % len(line)
    torn = line[:start] + line[start + length :]
    lines = wire.LineReader(NONCE).feed(torn + b"\n" + reply_line({"id": "next"}))
    assert [one.id for one in lines if isinstance(one, wire.ReplyLine)] == ["next"]


@given(st.binary(max_size=200), st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_never_a_reply(data: bytes, at: int, value: int) -> None:
    line = bytearray(reply_line({"id": "a", "data": base64.b64encode(data).decode()})[:-2])
    place = at % len(line)
    if line[place] in (value, 0x0A) or value == 0x0A:
        return
    line[place] = value
    assert not [one for one in wire.LineReader(NONCE).feed(bytes(line) + b"\n") if isinstance(one, wire.ReplyLine)]


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_hostile_bytes_do_no_harm(chunks: list[bytes]) -> None:
    reader = wire.LineReader(NONCE)
    for chunk in chunks:
        assert all(isinstance(line, wire.Noise) for line in reader.feed(chunk))


def test_ready_is_recognised_and_a_byte_order_mark_is_ignored() -> None:
    line = b"\xef\xbb\xbf" + reply_line({"id": "0", "ok": True, "ready": {"ps": "2.0"}}, "READY ")
    assert wire.LineReader(NONCE).feed(line) == [wire.Ready({"ps": "2.0"})]


def test_what_begins_to_load_says_so() -> None:
    assert wire.LineReader(NONCE).feed(f"{NONCE} LOADING\r\n".encode()) == [wire.Loading()]


def test_lines_of_another_session_are_noise() -> None:
    line = reply_line({"id": "a"}).replace(NONCE.encode(), b"0" * 16)
    assert all(isinstance(one, wire.Noise) for one in wire.LineReader(NONCE).feed(line))


def test_bad_lines_and_damaged_lines_are_reported() -> None:
    lines = wire.LineReader(NONCE).feed(f"{NONCE} BADLINE\r\n{NONCE} 4 00000000 AAAA\n".encode())
    assert lines == [wire.BadLine(), wire.Damaged()]


def test_a_reply_line_beyond_the_limit_ends_the_session_and_noise_is_skipped() -> None:
    reader = wire.LineReader(NONCE, limit=1000)
    assert reader.feed(b"x" * 5000) == []
    assert reader.feed(b"x" * 5000 + b"\n" + reply_line({"id": "a"})) == [
        wire.ReplyLine("a", {"id": "a"}, len(base64.b64encode(b'{"id": "a"}')))
    ]
    with pytest.raises(wire.WireError):
        reader.feed(f"{NONCE} ".encode() + b"x" * 1000)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"5",
        b"{",
        b'{"id":NaN}',
        b'{"id":5}',
        b"\xff\xfe",
        b'{"id":"a","x":' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"id":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_reply_ends_the_session(text: bytes) -> None:
    payload = base64.b64encode(text)
    line = b"%s %d %s %s\n" % (NONCE.encode(), len(payload), wire.check(payload), payload)
    with pytest.raises(wire.WireError):
        wire.LineReader(NONCE).feed(line)


@given(st.dictionaries(st.text(), json_values))
def test_a_request_line_is_ascii_and_reads_back(told: dict[str, Any]) -> None:
    line = wire.encode(told)
    length, digits, payload = line.decode("ascii").removesuffix("\n").split(" ")
    assert int(length) == len(payload)
    assert digits == wire.check(payload.encode()).decode()
    assert json.loads(base64.b64decode(payload)) == told


@given(st.binary(max_size=30_000))
def test_a_script_travels_in_short_lines_and_ends_with_a_full_stop(script: bytes) -> None:
    *lines, stop, rest = wire.encode_script(script).split(b"\n")
    assert (stop, rest) == (b".", b"")
    assert all(len(line) <= 4000 for line in lines)
    assert base64.b64decode(b"".join(lines)) == script


@given(st.binary(max_size=400_000))
def test_pieces_fit_one_send_and_lose_nothing(data: bytes) -> None:
    pieces = list(wire.pieces(data))
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= wire.SEND_LIMIT for piece in pieces)


def test_arguments_have_their_forms_on_the_wire() -> None:
    assert wire.argument_json(None) is None
    assert wire.argument_json(True) is True
    assert wire.argument_json(("a", ("b",))) == ["a", ["b"]]
    assert wire.argument_json(Delta(("a",), ())) == {"$add": ["a"], "$remove": []}
    with pytest.raises(TypeError):
        wire.argument_json(NameOf(Address("ip_gateway", "x"), "gateway"))


def test_a_request_says_whether_it_reads_and_what_it_wants() -> None:
    told = wire.request_json(Request("a", read("Get-X", "Name", Identity="i")), "a~1", None, True)
    assert told == {
        "op": "invoke",
        "id": "a~1",
        "cmdlet": "Get-X",
        "params": {"Identity": "i"},
        "properties": ["Name"],
        "read": True,
        "flush": True,
    }
    assert wire.request_json(Request("b", write("Set-X")), "b", (1.0, 2.0, 3.0), False) == {
        "op": "invoke",
        "id": "b",
        "cmdlet": "Set-X",
        "params": {},
        "read": False,
        "not_after": [1.0, 2.0, 3.0],
    }


def test_a_service_is_asked_for_by_a_list_of_names() -> None:
    command = Command("Get-Service", (("Name", "RTCSRV"),), writes=False, operation=Operation.SERVICE)
    assert wire.request_json(Request("a", command), "a", None, True)["params"] == {"Name": ["RTCSRV"]}


def told(**data: Any) -> wire.ReplyLine:
    return wire.ReplyLine("a", {"id": "a", "ok": True, **data}, 10)


@given(st.permutations(range(1, 6)), st.lists(st.integers(1, 5)))
def test_parts_make_one_reply_in_any_order_and_even_when_doubled(order: list[int], doubled: list[int]) -> None:
    assembly = wire.Assembly()
    result: Reply | None = None
    for number in [*doubled[: len(doubled) // 2], *order, *doubled]:
        is_last = number == 5
        extra: dict[str, Any] = {"warnings": ["w"], "output": "o"} if is_last else {"more": True}
        result = assembly.add(told(part=number, records=[{"n": number}], **extra)) or result
    assert result == Reply(tuple({"n": number} for number in range(1, 6)), ("w",), "o")


@pytest.mark.parametrize(
    "data",
    [
        {"records": {}},
        {"records": ["text"]},
        {"part": 0, "records": []},
        {"part": "1", "records": []},
        {"records": [], "warnings": "text"},
        {"records": [], "warnings": [5]},
        {"records": [], "output": None},
    ],
)
def test_malformed_parts_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(wire.WireError):
        wire.Assembly().add(told(**data))


def test_a_reply_has_a_limit() -> None:
    assembly = wire.Assembly()
    part = wire.ReplyLine("a", {"id": "a", "part": 1, "more": True, "records": []}, wire.REPLY_LIMIT + 1)
    with pytest.raises(wire.WireError):
        assembly.add(part)


def deflated_line(content: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _line(stream.compress(content) + stream.flush())


def _line(raw: bytes) -> bytes:
    payload = base64.b64encode(raw)
    return b"%s DEFLATED %d %s %s\r\n" % (NONCE.encode(), len(payload), wire.check(payload), payload)


@given(st.dictionaries(st.text(), json_values))
def test_a_compressed_reply_is_the_same_reply(data: dict[str, Any]) -> None:
    data = {**data, "id": "a"}
    content = json.dumps(data).encode("ascii")
    (compressed,) = wire.LineReader(NONCE).feed(deflated_line(content))
    (plain,) = wire.LineReader(NONCE).feed(reply_line(data))
    assert isinstance(compressed, wire.ReplyLine)
    assert isinstance(plain, wire.ReplyLine)
    assert (compressed.id, compressed.data) == (plain.id, plain.data)
    assert compressed.size >= len(content), "the limit of a reply counts what it holds"


@pytest.mark.parametrize(
    "line",
    [
        _line(b"no stream of that kind"),
        deflated_line(b'{"id":"a"}' + b" " * wire.INFLATED_LIMIT),
        deflated_line(b"[]"),
    ],
    ids=["garbage", "a bomb", "no reply"],
)
def test_what_cannot_be_decompressed_ends_the_session(line: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.LineReader(NONCE).feed(line)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.data())
def test_a_line_of_ours_that_is_cut_off_is_known_before_it_is_read(noise: list[bytes], data: st.DataObject) -> None:
    text = b"\n".join([*noise, reply_line({"id": "a"}), reply_line({"id": "b"})])
    at = data.draw(st.integers(0, len(text)))
    reader = wire.LineReader(NONCE)
    first = text[: data.draw(st.integers(0, at))]
    reader.feed(first)
    torn = text[:at].rpartition(b"\n")[2]
    assert reader.is_torn_after(text[len(first) : at]) is torn.startswith(f"{NONCE} ".encode())
