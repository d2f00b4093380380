"""Decides which replies of a host are read: no redirects, no endless replies, and none that could harm an XML parser.

A reply is hostile input: with plain http anybody in the network can write one.

* No redirects, no proxies, nothing from the environment. Replies are not compressed, and limited in size and time. * A
DOCTYPE, and any encoding but UTF-8, is refused before a parser sees it. * Only SOAP is parsed. http.sys (which answers
for a stopped service) and gateways send an HTML page with a failure, mostly with a DOCTYPE. For these only the HTTP
status counts.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

RESPONSE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a reply. pywinrm requests envelopes of 150 KB, and no host is configured to send more than 500 KB."""

ANSWER_SECONDS: Final = 120.0
"""The limit until the last byte of a reply, including a long poll.

No other time-out stops a reply that comes byte by byte, because each byte starts that time-out again.
"""

NO_SOAP: Final = b"(a page)"
"""Replaces the body of a failure that is not SOAP."""


class RefusedReply(Exception):
    """The reply does not come from a remote management service; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokenSeal(Exception):
    """A sealed reply cannot be unsealed: it was altered, or another host sealed it."""


class Watcher:
    """Cuts the connections of replies that are not complete in time, on one thread for all of them."""

    def __init__(self) -> None:
        self._open: dict[_InTime, float] = {}
        """The replies under way, with their deadlines on the monotonic clock."""
        self._changed = threading.Condition()
        self._wakes_at: float | None = None
        """When the thread looks again; None while there is none."""

    @property
    def under_way(self) -> int:
        """Number of replies that are not complete."""
        with self._changed:
            return len(self._open)

    def begin(self, reply: _InTime) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        with self._changed:
            self._open[reply] = deadline
            if self._wakes_at is None:
                self._wakes_at = deadline
                threading.Thread(target=self._watch, name="replies in time", daemon=True).start()
            elif deadline < self._wakes_at:
                self._changed.notify()

    def end(self, reply: _InTime) -> None:
        with self._changed:
            self._open.pop(reply, None)

    def _watch(self) -> None:
        # A later reply usually has a later deadline. So the thread sleeps for minutes, and a message costs it nothing.
        while True:
            with self._changed:
                if not self._open:
                    self._wakes_at = None
                    return
                reply, self._wakes_at = min(self._open.items(), key=lambda one: one[1])
                left = self._wakes_at - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                del self._open[reply]
            reply.cut()


WATCHER: Final = Watcher()


class _InTime:
    """The time limit of one reply."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._socket = connection.sock
        WATCHER.begin(self)

    def read(self, headers: Callable[[], HTTPResponse]) -> HTTPResponse:
        """Return the reply with its body unread. The reader of the body must call ``end``."""
        try:
            response = headers()
        except BaseException:
            self.end()
            raise
        response.in_time = self  # type: ignore[attr-defined]  # it goes where the answer goes
        return response

    def end(self) -> None:
        WATCHER.end(self)

    def cut(self) -> None:
        """Cut the connection."""
        _cut(self._socket)


def _cut(connection: socket.socket | None) -> None:
    if connection is not None:
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, whoever reads there


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        return _InTime(self).read(super().getresponse)


class _TLSConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        return _InTime(self).read(super().getresponse)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class LimitedResponse(requests.Response):
    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        total = 0
        try:
            for piece in super().iter_content(chunk_size):
                total += len(piece)
                if total > RESPONSE_LIMIT:
                    self.close()
                    raise RefusedReply("its reply is larger than 4 MB")
                yield piece
            says_its_end = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
            if not total and self.ok and not says_its_end:
                raise requests.ConnectionError("the connection ended in the headers")
        finally:
            self.raw.in_time.end()

    def close(self) -> None:
        self.raw.in_time.end()
        super().close()


class GuardedAdapter(HTTPAdapter):
    """Refuses redirects, compression, and replies that announce or reach too large a size."""

    last: requests.Response | None = None
    """The latest reply."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        plain = super().build_response(req, resp)
        response = LimitedResponse()
        response.__dict__.update(plain.__dict__)
        reason = _refused(response)
        if reason is not None:
            response.close()
            raise RefusedReply(reason)
        self.last = response
        return response

    def close(self) -> None:
        """Close every connection, also that of a reply left unread because authentication failed."""
        if self.last is not None:
            self.last.close()
        super().close()


def _refused(response: requests.Response) -> str | None:
    """Return the reason not to read the body of a reply, or None."""
    if response.is_redirect:
        return f"it replied with a redirect (HTTP {response.status_code})"
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return "its reply is compressed, but reconciler did not request compression"
    length = response.headers.get("Content-Length", "0")
    if length.isdecimal() and int(length) > RESPONSE_LIMIT:
        return "its reply is larger than 4 MB"
    return None


_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def checked_xml(text: bytes) -> bytes:
    """Return ``text`` if it is safe for an XML parser.

    Raises:
        RefusedReply: it declares a document type or an encoding other than UTF-8.
    """
    if b"\0" in text or text[:2] in (b"\xfe\xff", b"\xff\xfe"):
        raise RefusedReply("its reply is not in UTF-8")
    declared = _DECLARATION.match(text.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise RefusedReply("its reply is not in UTF-8")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise RefusedReply("its reply declares a document type")
    return text


def guarded(session: requests.Session) -> requests.Session:
    """Apply these rules to an HTTP session, once, because a second adapter would drop the sealed connection."""
    if isinstance(session.get_adapter("https://"), GuardedAdapter):
        return session
    session.trust_env = False
    session.max_redirects = 0
    session.proxies = {}
    session.headers["Accept-Encoding"] = "identity"
    session.mount("http://", GuardedAdapter())
    session.mount("https://", GuardedAdapter())
    return session
