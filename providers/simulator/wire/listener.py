"""The HTTP side of the simulator: connections, HTTP messages, and injected faults.

One handler object serves one TCP connection and keeps its authentication. Writes are buffered: unbuffered ones cost 90
ms a message by Nagle's algorithm. The TLS handshake runs on the connection's own thread, so a silent client delays no
other client. The handler reads the whole body before it answers, even if it refuses the request. Otherwise it would
read the rest of the body as the next request.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import struct
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from providers.simulator.wire import soap, soap_replies
from providers.simulator.wire.authentication import Unauthorized
from providers.simulator.wire.fault_codes import ENVELOPE_TOO_LARGE, Fault
from providers.simulator.wire.faults import Rule
from providers.simulator.wire.sealing import SOAP_TYPE, SealBroken, altered
from providers.simulator.wire.service import Service
from providers.simulator.wire.wsman import Limits

_PAGE: Final = (
    b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n'
    b"<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r\n"
    b'<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n'
    b"<BODY><h2>Service Unavailable</h2>\r\n<hr><p>The service is unavailable.</p>\r\n</BODY></HTML>\r\n"
)
"""The page that http.sys sends with each of its own failures."""
_WITHOUT_A_PAGE: Final = (401, 500)
"""These the service itself answers, and says nothing."""

LARGEST_BODY_BYTES: Final = 64 * 1024 * 1024
"""What is read, and thrown away, of a body that is refused for its size."""


class Listener(ThreadingHTTPServer):
    """Accepts connections for a service, each on a thread of its own."""

    request_queue_size = 128
    daemon_threads = False  # so that server_close waits for them
    allow_reuse_address = os.name != "nt"  # on Windows it would let two listeners share a port

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        self.service = service
        self._open: set[socket.socket] = set()
        self._is_closing = False
        self._open_lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of the machine's name that the standard library makes here."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def service_actions(self) -> None:
        self.service.shells.close_idle()

    def finish_request(self, request: Any, client_address: Any) -> None:
        connection = self.service.wrapped(request)
        with self._open_lock:
            self._open.add(connection)
            if self._is_closing:
                connection.close()
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.settimeout(self.service.settings.idle_connection_seconds)
                connection.do_handshake()
            super().finish_request(connection, client_address)
        except OSError:
            pass  # the client went away, or does not trust us
        finally:
            with self._open_lock:
                self._open.discard(connection)
            if connection is not request:
                connection.close()

    def close_connections(self, *, for_good: bool = False) -> None:
        with self._open_lock:
            self._is_closing = for_good
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep it: the standard library would print it to a terminal that is the operator's."""
        self.service.errors.append(traceback.format_exc())


class _Drop(Exception):
    """The connection is closed without a reply."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes = b""
    kind: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = SOAP_TYPE


class _Handler(BaseHTTPRequestHandler):
    """One TCP connection."""

    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.service.settings.idle_connection_seconds)
        certificate = None
        if isinstance(self.connection, ssl.SSLSocket):
            certificate = self.connection.getpeercert(binary_form=True)
        self.authentication = self.server.service.connection(certificate)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: headers hold credentials, and standard error is the operator's."""

    def version_string(self) -> str:
        return self.server_version

    def handle_expect_100(self) -> bool:
        """Let a client that asks first go on at once: writes are buffered."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def do_POST(self) -> None:
        service = self.server.service
        body = self._read_body()
        if body is None:
            return
        if service.settings.latency_seconds:
            time.sleep(service.settings.latency_seconds)
        try:
            self._answer(body)
        except _Drop as drop:
            self._drop(reset=drop.reset)

    def _read_body(self) -> bytes | None:
        """Return the whole body, even of a refused request: the rest would be read as the next request."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._write(_Reply(411, kind="refused"), close=True)
            return None
        service = self.server.service
        host = service.host_of(self.path)
        size, limit = int(length), 2 * (service.limits_of(host) if host else Limits()).max_envelope_bytes
        for rule in service.faults.at("request", host or ""):
            self.rfile.read(min(size, rule.cut_request or 0))
            self._drop(reset=True)
            return None
        if size <= limit:
            body = self.rfile.read(size)
            if len(body) < size:
                raise ConnectionAbortedError
            return body
        left = min(size, LARGEST_BODY_BYTES)
        while left > 0 and (chunk := self.rfile.read(min(left, 65536))):
            left -= len(chunk)
        self._write(_Reply(413, kind="refused"), close=True)
        return None

    def _answer(self, body: bytes) -> None:
        service, headers = self.server.service, self.headers
        host = service.host_of(self.path)
        if host is None:
            self._write(_Reply(404, kind="refused"))
            return
        try:
            user = self.authentication.authenticate(headers.get("Authorization"))
            message = self.authentication.open_message(headers.get("Content-Type", ""), body)
        except Unauthorized as challenge:
            if challenge.is_failure:
                service.count("#failures")
            offered = tuple(("WWW-Authenticate", value) for value in challenge.challenges)
            self._deliver("authenticate", host, lambda: _Reply(401, headers=offered))
            return
        except SealBroken:
            self._write(_Reply(400, kind="refused"))
            return
        if self.authentication.just_authenticated:
            service.count("#authentications")
        if not message:
            self._deliver("authenticate", host, lambda: _Reply(200))
        elif self.authentication.is_unencrypted:
            self._write(_Reply(500, kind="refused"))
        else:
            self._message(message, host, user)

    def _message(self, message: bytes, host: str, user: str) -> None:
        limit = self.server.service.limits_of(host).max_envelope_bytes
        try:
            if len(message) > limit:
                raise Fault(ENVELOPE_TOO_LARGE)
            request = soap.read(message)
        except Fault as fault:
            self._write(self._fault(fault, soap.message_id_of(message), "refused"))
            return

        def answer() -> _Reply:
            try:
                reply = self.server.service.shells.answer(
                    request,
                    host=host,
                    user=user,
                    delegates=self.authentication.delegates,
                    is_client_there=self._is_client_there,
                )
            except Fault as fault:
                return self._fault(fault, request.message_id)
            return _Reply(200, reply)

        self._deliver(request.kind, host, answer, request)

    def _deliver(self, kind: str, host: str, answer: Callable[[], _Reply], request: soap.Request | None = None) -> None:
        """Answer a message, with the faults that strike it."""
        self.server.service.count(kind)
        struck = self.server.service.faults.at(kind, host)
        reply = self._struck([rule for rule in struck if rule.when == "before"], request) or answer()
        reply = self._struck([rule for rule in struck if rule.when == "after"], request) or reply
        if request is not None and any(rule.unrelated for rule in struck):
            other = str(uuid.uuid4()).upper().encode()
            reply = replace(reply, body=reply.body.replace(request.message_id.encode(), b"uuid:" + other))
        if any(rule.garble for rule in struck):
            reply = _Reply(200, b"<html><body>It works!</body></html>", content_type="text/html")
        cuts = [rule.truncate for rule in struck if rule.truncate is not None]
        closes = bool(cuts) or any(rule.close for rule in struck)
        tamper = next((rule.tamper for rule in struck if rule.tamper), None)
        self._write(replace(reply, kind=""), close=closes, cut=min(cuts, default=None), tamper=tamper)

    def _struck(self, rules: Sequence[Rule], request: soap.Request | None) -> _Reply | None:
        """Do what the rules say at this point; return the reply one of them puts in place of the real one."""
        shells, instead = self.server.service.shells, None
        for rule in rules:
            if rule.delay_seconds:
                self.server.service.faults.sleep(rule.delay_seconds)
            if request is not None and rule.kill_process is not None:
                shells.kill(request, rule.kill_process, rule.stderr)
            if request is not None and rule.kill_shell:
                shells.close_shell_of(request)
            if rule.reset or rule.lose_reply:
                raise _Drop(reset=rule.reset)
            if rule.status is not None:
                offered = self.authentication.offers if rule.status == 401 else ()
                page = b"" if rule.status in _WITHOUT_A_PAGE else _PAGE
                headers = tuple(("WWW-Authenticate", value) for value in offered)
                instead = _Reply(rule.status, page, headers=headers, content_type="text/html; charset=us-ascii")
            if rule.fault is not None:
                fault = Fault(rule.fault, is_wmi=rule.wmi)
                instead = self._fault(fault, request.message_id if request else "")
        return instead

    @staticmethod
    def _fault(fault: Fault, message_id: str, kind: str = "") -> _Reply:
        return _Reply(500, soap_replies.faulted(message_id, fault, str(uuid.uuid4()).upper()), kind)

    def _write(self, reply: _Reply, *, close: bool = False, cut: int | None = None, tamper: str | None = None) -> None:
        if reply.kind:
            self.server.service.count(reply.kind)
        content_type, body = reply.content_type, reply.body
        if body and content_type == SOAP_TYPE and tamper != "seal":
            content_type, body = self.authentication.close_message(body)
            if tamper:
                body = altered(body, tamper)
        self.close_connection = self.close_connection or close
        self.send_response(reply.status)
        for name, value in (*reply.headers, *self.authentication.reply_headers):
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:cut])
        self.wfile.flush()

    def _drop(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            # Closing a socket that does not linger resets the connection; detached, no copy of it can say goodbye.
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            )
            socket.close(self.connection.detach())

    def _is_client_there(self) -> bool:
        """Whether the client of a waiting Receive is still connected."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_READ)
                if not selector.select(0):
                    return True
            # Below TLS, which has no such look: anything but the end of the stream means that the client is there.
            return socket.socket.recv(self.connection, 1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):
            return False
