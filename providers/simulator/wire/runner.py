"""The runner's side of the line protocol, as the simulated PowerShell answers it.

Requests are answered by calling the estate. Every reply is remembered by its id: a repeated id gets the same reply and
does not run again, so that a lost reply or an unconfirmed Send may be repeated. It answers as
``providers/transport/runner`` does.
"""

from __future__ import annotations

import base64
import json
import re
import traceback
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from providers.simulator.answers import CmdletError, Result
from providers.simulator.wire.endpoint import Endpoint, TooManySessions
from providers.transport.wire import WireError, check, decode_payload

PROTOCOL_VERSION: Final = 1
RECORDS_PER_PART: Final = 1000
PART_BYTES: Final = 4 * 1024 * 1024
REPLIES_KEPT: Final = 5000
REPLY_BYTES_KEPT: Final = 32 * 1024 * 1024
LARGEST_READ_KEPT_BYTES: Final = 1024 * 1024


Clocks = Callable[[], tuple[float, float]]
"""Returns the clocks of a host: seconds since it started, and seconds since 1970."""


class Estate(Protocol):
    """The servers behind the listener."""

    def hosts(self) -> Sequence[str]: ...
    def entry_host(self) -> str: ...
    def about(self, host: str) -> Mapping[str, object]: ...
    def call(
        self,
        host: str,
        operation: str,
        cmdlet: str,
        parameters: Mapping[str, object],
        properties: Sequence[str],
        user: str = ...,
        *,
        delegated: bool = ...,
        late_seconds: float = ...,
    ) -> Result: ...
    def parameters_of(self, cmdlet: str) -> frozenset[str]: ...
    def turn(self) -> AbstractContextManager[None]: ...


class _Refused(Exception):
    """A request that never reached a cmdlet."""

    def __init__(
        self, type_name: str, message: str, target: str = "", error_id: str = "", category: str = "InvalidOperation"
    ) -> None:
        self.type = type_name
        self.error_id = error_id or type_name
        self.category = category
        self.message = message
        self.target = target


_FRAME = re.compile(rb"([0-9]{1,9}) ([0-9a-f]{8}) ([A-Za-z0-9+/]+={0,2})\Z")
_NONCE = re.compile(r"[0-9a-f]{16}\Z")


def framed(payload: bytes) -> bytes:
    """Return ``<length> <check> <payload>`` for a payload that is base64 already."""
    return b"%d %s %s" % (len(payload), check(payload), payload)


def deflated(data: bytes) -> bytes:
    """Return ``data`` compressed as DeflateStream does it: without a header, and fast rather than small."""
    stream = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def unframed(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object a line carries, or None where length, check, base64 or JSON are wrong."""
    found = _FRAME.match(line)
    if found is None or int(found[1]) != len(found[3]) or check(found[3]) != found[2]:
        return None
    try:
        return decode_payload(found[3])
    except WireError:
        return None


class Runner:
    """The runner's side of the line protocol for one process: a request line in, reply lines out."""

    def __init__(
        self,
        estate: Estate,
        host: str,
        user: str,
        clocks: Clocks,
        *,
        delegates: bool = False,
        endpoint: Endpoint | None = None,
        replies_kept: int = REPLIES_KEPT,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._estate = estate
        self._replies_kept, self._part_bytes = replies_kept, part_bytes
        self._host = host
        self._user = user
        self._delegates = delegates
        self._clocks = clocks
        self._endpoint = endpoint or Endpoint()
        self._has_session = False
        self._nonce = b""
        self._allowed: frozenset[str] = frozenset()
        self._always: Mapping[str, object] = {}
        self._adapter = ""
        self._deflate_from = 0
        """The least length of a reply that is compressed; 0: none is."""
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._executed: set[str] = set()
        """Writes that ran: their replies may be forgotten, but they never run again."""
        self.is_exiting = False
        self.works_for_seconds = 0.0
        """How long the last command works before its reply, which is ready, may be sent."""
        self.flushes = False
        """Whether the last request asks that its reply is sent at once."""
        self._late_seconds = 0.0
        self.complaints: list[str] = []
        """Goes to standard error: not part of the protocol, but useful to debug the simulator."""

    def answer(self, line: bytes, late_seconds: float = 0.0) -> bytes:
        """Return the reply lines to one line, each with its line end; empty for an empty line.

        ``late_seconds``: how long ago it would have been read if the simulator itself needed no time.
        """
        self.works_for_seconds, self._late_seconds = 0.0, late_seconds
        text = line.strip()
        if not text:
            return b""
        request = unframed(text)
        if request is None or not isinstance(request.get("id"), str) or not isinstance(request.get("op"), str):
            return self._nonce + b" BADLINE\r\n" if self._nonce else b""
        request_id = request["id"]
        self.flushes = request.get("flush") is True
        if request_id in self._kept or request_id in self._executed:
            return self._stored(request_id)
        try:
            replies = self._run(request)
        except _Refused as refused:
            # Not remembered: it did not run, and the same request may be allowed next time.
            reply = {"id": request_id, "ok": False, "error": _refusal(refused)}
            return self._line(reply | {"clocks": self._clocks()} if refused.type == "CommandExpired" else reply)
        if request["op"] not in ("ping", "exit", "replay"):
            self._keep(request, replies)
        return replies

    def _stored(self, request_id: str) -> bytes:
        """Return the remembered reply to an id, or the error that there is none."""
        kept = self._kept.get(request_id)
        if kept is not None:
            return kept
        if request_id in self._executed:
            error = _failure("ReplyForgotten", "The call ran; its reply is no longer kept.", request_id)
        else:
            error = _refusal(_Refused("UnknownId", "No reply of that id is kept.", request_id))
        return self._line({"id": request_id, "ok": False, "error": error})

    def _run(self, request: Mapping[str, Any]) -> bytes:
        op = request["op"]
        if op == "init":
            return self._init(request)
        if not self._nonce:
            self.complaints.append("A request came before init.")
            return b""
        if op == "replay":
            return self._replay(request)
        self.is_exiting = op == "exit"
        if op in ("ping", "exit"):
            reply = {"id": request["id"], "ok": True, "records": [], "warnings": []}
            return self._line(reply | {"clocks": self._clocks()} if op == "ping" else reply)
        try:
            return self._call(request)
        except _Refused:
            raise
        except Exception as error:  # a cmdlet may raise anything, and PowerShell makes an error record of it
            return self._line({"id": request["id"], "ok": False, "error": self._error(error)})

    def _init(self, request: Mapping[str, Any]) -> bytes:
        nonce, allowed, always = request.get("nonce"), request.get("allow"), request.get("always") or {}
        if not isinstance(nonce, str) or not _NONCE.match(nonce) or request.get("protocol") != PROTOCOL_VERSION:
            self.complaints.append("The init request has no nonce, or another protocol.")
            return b""
        self._nonce = nonce.encode()
        self._allowed = frozenset(str(name) for name in allowed or ())
        self._always = always if isinstance(always, dict) else {}
        deflate = request.get("deflate")
        self._deflate_from = deflate if isinstance(deflate, int) and not isinstance(deflate, bool) else 0
        about = self._estate.about(self._host)
        adapter = self._adapter = _adapter(str(request.get("adapter", "auto")), about)
        if adapter == "remote":
            self._open_session(about)
        ready = {name: str(about.get(name, "")) for name in ("ps", "os", "product", "culture")}
        ready |= {"host": self._host, "adapter": adapter}
        loading = self._nonce + b" LOADING\r\n"
        reply = {"id": request["id"], "ok": True, "ready": {**ready, "load_ms": 0}, "clocks": self._clocks()}
        return loading + self._line(reply, b" READY ")

    def _open_session(self, about: Mapping[str, object]) -> None:
        """Open the session to Exchange's own endpoint, as New-PSSession does."""
        most = about.get("endpoint_sessions")
        is_2010 = str(about.get("product", "")).startswith("Version 14.")
        try:
            if not self._has_session:
                self._endpoint.open(self._host, self._user, most if isinstance(most, int) else None, is_2010=is_2010)
        except TooManySessions as error:
            raise _Refused(error.type, str(error), self._host, error.error_id, error.category) from error
        self._has_session = True

    def close(self) -> None:
        """Close the session to Exchange's own endpoint: the process ends."""
        if self._has_session:
            self._endpoint.close(self._host, self._user)
        self._has_session = False

    def _replay(self, request: Mapping[str, Any]) -> bytes:
        ids = request.get("ids")
        replies = [self._stored(str(wanted)) for wanted in ids] if isinstance(ids, list) else []
        return b"".join(replies) + self._line({"id": request["id"], "ok": True, "records": [], "warnings": []})

    def _call(self, request: Mapping[str, Any]) -> bytes:
        op, cmdlet = request["op"], str(request.get("cmdlet", ""))
        if cmdlet not in self._allowed:
            raise _Refused("CommandNotAllowed", "The command is not among those of this session.", cmdlet)
        if self._is_late(request.get("not_after")):
            raise _Refused("CommandExpired", "The turn of the command came too late.", cmdlet)
        if op not in ("invoke", "script", "service", "probe"):
            raise _Refused("UnknownOperation", "The runner has no such operation.", str(op))
        parameters = request.get("params") or {}
        properties = request.get("properties") or []
        if not isinstance(parameters, dict) or not isinstance(properties, list):
            raise _Refused("CommandNotAllowed", "Parameters or properties have another shape.", cmdlet)
        if op == "invoke":
            parameters = self._with_always(cmdlet, parameters)
        outcome = self._estate.call(
            self._host,
            op,
            cmdlet,
            parameters,
            properties,
            user=self._user,
            delegated=self._delegates,
            late_seconds=self._late_seconds,
        )
        self.works_for_seconds = outcome.seconds
        if op == "probe":
            outcome = Result(tuple({**record, "FarLanguage": self._far_language} for record in outcome.records))
        return self._records(request["id"], outcome)

    def _is_late(self, window: object) -> bool:
        """True if the deadline has passed by one of the host's clocks, or the host was restarted since it was set."""
        if window is None:
            return False
        if not (isinstance(window, list) and len(window) == 3 and all(isinstance(one, int | float) for one in window)):
            raise _Refused("CommandExpired", "The deadline cannot be read.")
        uptime, time = self._clocks()
        return bool(uptime < window[0] or uptime >= window[1] or time >= window[2])

    @property
    def _far_language(self) -> str | None:
        """Exchange's own endpoint knows cmdlets alone."""
        return "NoLanguage" if self._adapter == "remote" else None

    def _with_always(self, cmdlet: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
        """Add the pinned parameters that the cmdlet has and the request does not name."""
        if not self._always:
            return parameters
        known = {name.casefold() for name in self._estate.parameters_of(cmdlet)}
        named = {name.casefold() for name in parameters}
        added = {
            name: value
            for name, value in self._always.items()
            if name.casefold() in known and name.casefold() not in named
        }
        return {**parameters, **added}

    def _records(self, request_id: str, outcome: Result) -> bytes:
        """Return the reply in parts: all but the last announce more, the last has warnings and output."""
        *heads, last = _parts([_json(record) for record in outcome.records], self._part_bytes)
        start = f'{{"id":{_json(request_id)},"ok":true'
        replies = [
            self._framed(f'{start},"part":{number},"more":true,"records":[{",".join(records)}]}}')
            for number, records in enumerate(heads, 1)
        ]
        number = f',"part":{len(heads) + 1},"more":false' if heads else ""
        end = f'"warnings":{_json(list(outcome.warnings))},"output":{_json(outcome.output)}'
        return b"".join(replies) + self._framed(f'{start}{number},"records":[{",".join(last)}],{end}}}')

    def _error(self, error: Exception) -> dict[str, object]:
        if isinstance(error, CmdletError):
            self.works_for_seconds = error.seconds
            failure = _failure(error.type, error.message, error.target)
            failure |= {"id": error.error_id, "category": error.category, "inner": list(error.inner)}
            return failure if error.executed else failure | {"executed": False}
        self.complaints.append("".join(traceback.format_exception(error)))
        return _failure(type(error).__name__, str(error), "") | {"category": "NotSpecified"}

    def _line(self, reply: Mapping[str, object], mark: bytes = b" ") -> bytes:
        return self._framed(_json(reply), mark)

    def _framed(self, text: str, mark: bytes = b" ") -> bytes:
        data = text.encode("ascii")
        if 0 < self._deflate_from <= len(data):
            data, mark = deflated(data), mark + b"DEFLATED "
        return self._nonce + mark + framed(base64.b64encode(data)) + b"\r\n"

    def _keep(self, request: Mapping[str, Any], replies: bytes) -> None:
        """Remember the reply, but not a long listing, which may be read again; forget the oldest replies first."""
        is_read = request.get("read") is True
        if not replies or (is_read and len(replies) > LARGEST_READ_KEPT_BYTES):
            return
        if not is_read:
            self._executed.add(request["id"])
        self._kept[request["id"]] = replies
        self._kept_bytes += len(replies)
        while len(self._kept) > self._replies_kept or (self._kept_bytes > REPLY_BYTES_KEPT and len(self._kept) > 1):
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _parts(records: Sequence[str], part_bytes: int) -> Iterator[Sequence[str]]:
    """Cut the texts of records into parts of limited count and size; at least one, which may be empty."""
    start = size = 0
    for index, record in enumerate(records):
        if index > start and (index - start >= RECORDS_PER_PART or size + len(record) > part_bytes):
            yield records[start:index]
            start, size = index, 0
        size += len(record)
    yield records[start:]


def _refusal(refused: _Refused) -> dict[str, object]:
    failure = _failure(refused.type, refused.message, refused.target)
    return {**failure, "id": refused.error_id, "category": refused.category, "executed": False}


def _failure(type: str, message: str, target: str) -> dict[str, object]:
    return {
        "type": type,
        "id": type,
        "category": "InvalidOperation",
        "message": message,
        "target": target,
        "inner": [],
    }


def _adapter(asked: str, about: Mapping[str, object]) -> str:
    """Return the adapter to use: ``auto`` is remote on Exchange 2010 and later, snapin on 2007, else lync."""
    is_exchange, is_lync = bool(about.get("is_exchange")), bool(about.get("is_lync"))
    is_2007 = str(about.get("product", "")).startswith("Version 8.")
    if asked == "auto":
        asked = "lync" if not is_exchange else "snapin" if is_2007 else "remote"
    there = {"snapin": is_exchange, "remote": is_exchange and not is_2007, "lync": is_lync}
    installed = about.get("shells")
    if there.get(asked) and (not isinstance(installed, tuple) or asked in installed):
        return asked
    raise _Refused("AdapterNotAvailable", "This host has no such management shell.", asked)
