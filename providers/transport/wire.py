"""The line protocol between a session and the runner: values in, ASCII lines out, and back.

Requests are ``<length> <check> <base64 of JSON>``. Replies are ``<nonce> <length> <check> <base64 of JSON>``, amid
noise: banners, warnings, byte order marks. A long reply is ``<nonce> DEFLATED ...``: its JSON is compressed. The check
(SHA-1, eight digits) finds missing and doubled bytes after lost messages; it does not prove who wrote a line. All input
is hostile: lines and replies are limited in size, also after they are decompressed; base64 and JSON are strict, and
lines without the session's nonce are ignored.

This module is pure. ``channel.py`` acts on the lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from reconciler.model.commands import Argument, Delta, NameOf, ObjectId, ObjectIds, Operation, Reply
from reconciler.model.ports import Request
from reconciler.model.records import compact, joined
from reconciler.model.values import Record

SEND_LIMIT: Final = 96 * 1024
"""Bytes of one Send operation: its envelope is then smaller than the 150 KB of WinRM 2.0."""
LINE_LIMIT: Final = 16 * 1024 * 1024
"""Characters of one line of output."""
REPLY_LIMIT: Final = 256 * 1024 * 1024
"""Characters of one reply over all its parts."""
INFLATED_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of the JSON of one compressed line; a part of a reply has about 4 MB."""
DEFLATE_FROM: Final = 2048
"""The least length of a reply that the runner compresses. Shorter ones cost more time than they save."""
SCRIPT_LINE: Final = 4000
NESTING_LIMIT: Final = 32

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class WireError(Exception):
    """The output of the other side violates the protocol."""


# --- requests --------------------------------------------------------------------------------------------------------


def argument_json(value: Argument) -> Json:
    """Return ``value`` in the form that the runner reads.

    Raises:
        TypeError: it is a ``NameOf`` without its name, or commands have no values of this type.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Delta(add, remove):
            return {"$add": list(add), "$remove": list(remove)}
        case tuple():
            return [argument_json(item) for item in value]
        case ObjectId(guid, _):
            return guid
        case ObjectIds():
            return str(value)
        case NameOf():
            raise TypeError(f"the name of {value} must be known before the command is sent")
    raise TypeError(f"no argument of a command: {type(value).__name__}")


def request_json(request: Request, wire_id: str, window: Sequence[float] | None, flush: bool) -> dict[str, Json]:
    """Return the request in the form that the runner reads, with its id on the wire.

    ``window`` is the time to begin by the clocks of the host. Empty and false values are left out, so that 500 commands
    fit into two Send operations.
    """
    command = request.command
    encoded: dict[str, Json] = {
        "op": command.operation.value,
        "id": wire_id,
        "cmdlet": command.cmdlet,
        "params": {name: argument_json(value) for name, value in command.parameters},
        "read": not command.writes,
    }
    if command.properties:
        encoded["properties"] = list(command.properties)
    if window is not None:
        encoded["not_after"] = list(window)
    if flush:
        encoded["flush"] = True
    if command.operation is Operation.SERVICE:
        names = command.parameters and dict(command.parameters).get("Name")
        if isinstance(names, str):
            encoded["params"] = {"Name": [names]}
    return encoded


def encode(request: Mapping[str, Json]) -> bytes:
    """Return the line of a request, with its line feed."""
    text = json.dumps(request, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    payload = base64.b64encode(text.encode("ascii"))
    return b"%d %s %s\n" % (len(payload), check(payload), payload)


def check(payload: bytes) -> bytes:
    return hashlib.sha1(payload, usedforsecurity=False).hexdigest()[:8].encode("ascii")


def encode_script(script: bytes) -> bytes:
    """Return the runner as lines for the bootstrap; the last line is a single full stop."""
    text = base64.b64encode(script)
    lines = [text[start : start + SCRIPT_LINE] for start in range(0, len(text), SCRIPT_LINE)]
    return b"\n".join([*lines, b".", b""])


def encoded_command(bootstrap: str) -> str:
    """Return the bootstrap in the form for ``-EncodedCommand``."""
    return base64.b64encode(bootstrap.encode("utf-16-le")).decode("ascii")


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut ``data`` into pieces that fit one Send, at any byte."""
    for start in range(0, len(data), SEND_LIMIT):
        yield data[start : start + SEND_LIMIT]


# --- lines of output -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The runner is ready; ``about`` has the facts that it found on the host."""

    about: Mapping[str, Any]
    clocks: object = None
    """The host's clocks, if the line has them."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The runner has read its first request and starts to load the cmdlets."""


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One reply line with a correct check."""

    id: str
    data: Mapping[str, Any]
    size: int
    """Its length, before it was compressed."""

    @property
    def clocks(self) -> object:
        """The host's clocks, if the line has them."""
        return self.data.get("clocks")


@dataclass(frozen=True, slots=True)
class BadLine:
    """The runner could not read a request line."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged line with our nonce: a part of it or before it was lost."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A line without our nonce."""

    line: bytes


Line: TypeAlias = Loading | Ready | ReplyLine | BadLine | Damaged | Noise

_REPLY = re.compile(rb"(READY |DEFLATED )?([0-9]{1,9}) ([0-9a-f]{8}) ([A-Za-z0-9+/]+={0,2})\Z")
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class LineReader:
    """Finds the runner's lines in its output, which may be cut anywhere."""

    nonce: str
    limit: int = LINE_LIMIT
    _rest: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def feed(self, data: bytes) -> list[Line]:
        """Return the lines that ``data`` completes.

        Raises:
            WireError: a line with our nonce is too long, or its JSON is not a reply.
        """
        lines: list[Line] = []
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._keep(data[start:end])
            if not self._skipping:
                line = self._read(bytes(self._rest).rstrip(b"\r").removeprefix(_BOM))
                if line is not None:
                    lines.append(line)
            self._rest.clear()
            self._skipping = False
            start = end + 1
        self._keep(data[start:])
        return lines

    def is_torn_after(self, data: bytes) -> bool:
        """Return True if ``data``, which was not fed yet, ends within a line of ours, so that its rest will come."""
        end = data.rfind(b"\n")
        torn = data[end + 1 :] if end >= 0 else bytes(self._rest[:64]) + data[:64]
        return not (end < 0 and self._skipping) and torn.removeprefix(_BOM).startswith(
            self.nonce.encode("ascii") + b" "
        )

    def _keep(self, piece: bytes) -> None:
        if self._skipping:
            return
        self._rest += piece
        if len(self._rest) > self.limit:
            if bytes(self._rest[:20]).removeprefix(_BOM).startswith(self.nonce.encode("ascii")):
                raise WireError("a reply line is longer than allowed")
            self._skipping = True
            self._rest.clear()

    def _read(self, line: bytes) -> Line | None:
        mark = self.nonce.encode("ascii") + b" "
        if not line.startswith(mark):
            return Noise(line) if line else None
        if line == mark + b"BADLINE":
            return BadLine()
        if line == mark + b"LOADING":
            return Loading()
        match = _REPLY.match(line, len(mark))
        if match is None:
            return Damaged()
        word, length, digits, payload = match.groups()
        if int(length) != len(payload) or digits != check(payload):
            return Damaged()
        return _message(payload, word or b"")


def _message(payload: bytes, word: bytes) -> Line:
    raw = _decoded(payload)
    if word == b"DEFLATED ":
        raw = _inflated(raw)
    data = _object(raw)
    name = data.get("id")
    if not isinstance(name, str):
        raise WireError("a reply has no id")
    if word == b"READY " and isinstance(data.get("ready"), dict):
        return Ready(data["ready"], data.get("clocks"))
    return ReplyLine(name, data, max(len(payload), len(raw)))


def decode_payload(payload: bytes) -> dict[str, Any]:
    """Return the JSON object of a payload.

    Raises:
        WireError: it is not strict base64 of a UTF-8 JSON object, or it has too many levels.
    """
    return _object(_decoded(payload))


def _decoded(payload: bytes) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise WireError(f"a reply is not JSON ({type(error).__name__})") from None


def _inflated(raw: bytes) -> bytes:
    """Return the content of a compressed reply, of limited length."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(raw, INFLATED_LIMIT)
    except zlib.error:
        raise WireError("a reply cannot be decompressed") from None
    if not stream.eof or stream.unused_data:
        raise WireError("a reply cannot be decompressed, or is larger than allowed")
    return content


def _object(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a reply is not JSON ({type(error).__name__})") from None
    if not isinstance(data, dict) or not _is_shallow(data):
        raise WireError("a reply is not a JSON object, or has too many levels")
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _is_shallow(data: object) -> bool:
    level: list[object] = [data]
    for _ in range(NESTING_LIMIT):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


# --- replies ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Assembly:
    """The parts of one reply, each by column from the time when it arrives. After a replay a part may come twice."""

    _parts: dict[int, Sequence[Record]] = field(default_factory=dict)
    _last: int | None = None
    _size: int = 0
    _warnings: tuple[str, ...] = ()
    _output: str = ""

    def add(self, line: ReplyLine) -> Reply | None:
        """Add a part; return the reply when it is complete.

        Raises:
            WireError: the part is malformed or the reply larger than allowed.
        """
        data = line.data
        number = data.get("part", 1)
        records = data.get("records", [])
        if not isinstance(number, int) or number < 1 or not isinstance(records, list):
            raise WireError("a part of a reply is malformed")
        if not all(isinstance(record, dict) for record in records):
            raise WireError("a record of a reply is not an object")
        if number not in self._parts:
            self._size += line.size
            if self._size > REPLY_LIMIT:
                raise WireError("a reply is larger than allowed")
            self._parts[number] = compact(records) if number > 1 or data.get("more") else records
        if not data.get("more"):
            self._last = number
            self._warnings = _texts(data.get("warnings", []))
            self._output = _text(data.get("output", ""))
        if self._last is None or len(self._parts) < self._last:
            return None
        parts = [self._parts[part] for part in range(1, self._last + 1)]
        is_whole = len(parts) == 1
        return Reply(tuple(parts[0]) if is_whole else joined(parts), self._warnings, self._output)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise WireError("the warnings of a reply are not a list")
    return tuple(_text(item) for item in value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WireError("a text of a reply has a wrong type")
    return value
