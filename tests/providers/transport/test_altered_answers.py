"""Answers that were altered on their way, to messages that were carried out whatever is answered; and endless ones.

Sealed ones are altered by the server, before they leave; what TLS or nothing protects by somebody in between.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority, Certificate
from providers.simulator.wire.faults import Rule
from providers.transport.wsman import answers
from reconciler.model.commands import Authentication, write
from reconciler.model.diagnostics import Unreachable
from reconciler.model.ports import Request
from tests.providers.transport.test_server import echo, sessions
from tests.support.transport_support import kinds
from tests.support.winrm_server import TinyEstate, listening, wait_until

WRITE = Request("w", write("New-Thing", Name="x"))


@pytest.mark.parametrize("auth", [Authentication.NTLM, Authentication.CREDSSP])
@pytest.mark.parametrize("tamper", ["signature", "length", "seal"])
@pytest.mark.parametrize("kind", ["send", "receive"])
def test_a_sealed_answer_that_was_altered_is_asked_for_again(kind: str, tamper: str, auth: Authentication) -> None:
    estate = TinyEstate()
    with listening(Scheme(auth.value), estate=estate) as server, sessions(server.port, auth=auth) as pool:
        assert kinds(pool.open(EXCHANGE).invoke([echo("a")])) == ["Reply"]
        server.faults.add(Rule(kind, when="after", tamper=tamper))
        assert kinds(pool.open(EXCHANGE).invoke([WRITE, echo("b")])) == ["Reply", "Reply"]
        assert server.faults.injected == 1
    assert [call[2] for call in estate.calls].count("New-Thing") == 1


class Between:
    """A relay on loopback that alters the next piece of what the server says, once ``alter`` is set."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.alter: Callable[[bytes], bytes] | None = None
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._to)
                self._sockets += [client, server]
                self._start(self._pass_on, client, server, False)
                self._start(self._pass_on, server, client, True)

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if is_answer and self.alter is not None:
                    piece, self.alter = self.alter(piece), None
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()


@contextmanager
def between(port: int) -> Iterator[Between]:
    relay = Between(port)
    try:
        yield relay
    finally:
        relay.close()


def flipped(piece: bytes) -> bytes:
    return piece[:-1] + bytes([piece[-1] ^ 1])


def with_two_lengths(piece: bytes) -> bytes:
    assert b"Content-Length: " in piece
    return piece.replace(b"Content-Length: ", b"Content-Length: 1, ")


def without_a_status(piece: bytes) -> bytes:
    return b"HTTP/1.1 ?" + piece[10:]


@pytest.mark.parametrize(("tls", "alter"), [(True, flipped), (False, with_two_lengths), (False, without_a_status)])
def test_an_answer_that_cannot_be_read_is_no_sign_that_nothing_was_done(
    tls: bool, alter: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    authority, estate = Authority(tmp_path), TinyEstate()
    certificate = authority.issue_server() if tls else None
    with (
        listening(Scheme.BASIC, estate=estate, certificate=certificate) as server,
        between(server.port) as relay,
        sessions(relay.port, tls=tls, ca=str(authority.path) if tls else None) as pool,
    ):
        assert kinds(pool.open(EXCHANGE).invoke([echo("a")])) == ["Reply"]
        relay.alter = alter
        assert kinds(pool.open(EXCHANGE).invoke([WRITE, echo("b")])) == ["Reply", "Reply"]
        assert relay.alter is None
    assert [call[2] for call in estate.calls].count("New-Thing") == 1


# --- answers without an end ------------------------------------------------------------------------------------------


@contextmanager
def dripping(begun: bytes, drop: bytes, certificate: Certificate | None) -> Iterator[int]:
    """A listener that begins every answer and goes on for long, soon enough for the time-out of any read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    accepted, _ = listener.accept()
                    with suppress(OSError), secured(accepted, certificate) as connection:
                        connection.recv(65536)
                        connection.sendall(begun)
                        for _ in range(1000):
                            if over.wait(0.01):
                                break
                            connection.sendall(drop)

        over = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def secured(accepted: socket.socket, certificate: Certificate | None) -> socket.socket:
    if certificate is None:
        return accepted
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context.wrap_socket(accepted, server_side=True)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("begun", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["a header", "continue", "a body", "chunks"],
)
def test_an_answer_that_never_ends_is_cut_off(
    begun: bytes, drop: bytes, tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.2)
    authority = Authority(tmp_path)
    certificate, ca = (authority.issue_server(), str(authority.path)) if tls else (None, None)
    with (
        dripping(begun, drop, certificate) as port,
        sessions(port, tls=tls, ca=ca) as pool,
        pytest.raises(Unreachable) as raised,
    ):
        pool.open(EXCHANGE).invoke([echo("a")])
    assert raised.value.diagnostics[0].summary == "Connection lost"


def test_an_answer_that_ended_leaves_nobody_waiting_for_its_end() -> None:
    with listening(Scheme.NTLM) as server, sessions(server.port, auth=Authentication.NTLM) as pool:
        assert kinds(pool.open(EXCHANGE).invoke([echo("a")])) == ["Reply"]
        wait_until(lambda: not answers.WATCHER.under_way)


def test_a_session_that_is_closed_lets_go_of_an_answer_that_nobody_read() -> None:
    """Kerberos's library gives up within an answer, where the host does not prove who it is."""

    def give_up(*_: object, **__: object) -> None:
        raise ConnectionAbortedError

    session = answers.guarded(requests.Session())
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as side:
        post = side.submit(session.post, f"http://127.0.0.1:{listener.getsockname()[1]}", hooks={"response": give_up})
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx")
            assert isinstance(post.exception(), ConnectionAbortedError)
            session.close()
            connection.settimeout(5.0)
            assert connection.recv(1) == b"", "the connection is closed, and not kept until the time is over"
    wait_until(lambda: not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()))
