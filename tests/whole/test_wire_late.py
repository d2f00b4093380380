"""A message that is held on its way, over real sockets: it may arrive when its sender is gone, and changes nothing.

The host's clock is the test's, so that a message is held for as long as the test says and nobody waits.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from providers.cmdlets.products import EXCHANGE, LYNC
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.process import RunnerProcess
from providers.simulator.wire.server import Server, Settings
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import ConnectionSettings, Secret, SessionMode
from reconciler.model.commands import Authentication, Endpoint, Reply, Shell, read, write
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Request
from reconciler.run.system import SystemClock
from tests.support.fakes import Allowed
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, TinyEstate, wait_until

HELD_SECONDS = 45.0
ALLOWED_SECONDS = 30.0


class Proxy:
    """Hands bytes on in both directions; when armed, it holds the next Send and whatever follows on its connection."""

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.armed, self.holds, self.released = threading.Event(), threading.Event(), threading.Event()
        self._client: socket.socket | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                threading.Thread(target=self._hand_on, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._hand_on, args=(server, client, False), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, is_request: bool) -> None:
        with suppress(OSError), source:
            while data := source.recv(65536):
                if is_request and self.armed.is_set() and b"shell/Send" in data:
                    self.armed.clear()
                    self._client = source
                    self.holds.set()
                    self.released.wait(30)
                target.sendall(data)

    def cut_off(self) -> None:
        """Part the sender from the message that is held, as its death does."""
        assert self._client is not None
        self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.released.set()
        self._listener.close()


@dataclass
class Scene:
    """A host, the way to it, and a client that has opened its session."""

    mode: SessionMode
    estate: TinyEstate = field(default_factory=TinyEstate)
    uptime: float = 5000.0

    def clocks(self) -> tuple[float, float]:
        return self.uptime, 1_700_000_000 + self.uptime

    @contextmanager
    def standing(self) -> Iterator[None]:
        settings = Settings(users={USER: PASSWORD}, schemes=frozenset({Scheme.BASIC}))
        start = lambda launch: RunnerProcess(self.estate, launch, clocks=self.clocks)  # noqa: E731
        with Server(self.estate, settings, start=start) as self.server:
            self.proxy = Proxy(self.server.port)
            try:
                with self.pool(self.proxy.port) as self.client:
                    assert isinstance(self.ask(Request("r", read("Get-Echo", Identity="x"))), Reply)
                    yield
            finally:
                self.proxy.close()

    def pool(self, port: int) -> WinRMSessions:
        connection = ConnectionSettings(
            connection=EXCHANGE.connection,
            host="127.0.0.1",
            port=port,
            auth=Authentication.BASIC,
            user=USER,
            password=Secret(PASSWORD),
            mode=self.mode,
            slots=1,
        )
        return WinRMSessions([connection], allow=CMDLETS, clock=SystemClock())

    def ask(self, request: Request) -> Reply | SessionError:
        return self.client.open(EXCHANGE).invoke([request])[0]

    @contextmanager
    def held(self) -> Iterator[Allowed]:
        """Send a write that is held on its way; wait at the end until its sender has given up."""
        permit = Allowed(ALLOWED_SECONDS)
        self.proxy.armed.set()
        sender = threading.Thread(target=self.ask, args=(Request("w", write("New-Thing", Name="x"), permit),))
        sender.start()
        assert self.proxy.holds.wait(20)
        yield permit
        self.proxy.released.set()
        sender.join()

    @property
    def made(self) -> int:
        return sum(cmdlet == "New-Thing" for _, _, cmdlet, _, _ in self.estate.calls)


MODES = pytest.mark.parametrize("mode", [SessionMode.STREAM, SessionMode.BATCH])


@MODES
def test_a_message_held_for_long_is_refused_by_the_host(mode: SessionMode) -> None:
    scene = Scene(mode)
    with scene.standing():
        with scene.held():
            scene.uptime += HELD_SECONDS
        assert scene.made == 0


@MODES
def test_a_message_that_comes_in_time_is_executed_once(mode: SessionMode) -> None:
    scene = Scene(mode)
    with scene.standing():
        with scene.held():
            scene.uptime += ALLOWED_SECONDS / 2
        assert scene.made == 1


def test_a_message_whose_sender_is_gone_and_whose_shell_was_ended_is_refused() -> None:
    scene = Scene(SessionMode.STREAM)
    with scene.standing(), scene.pool(scene.server.port) as rival:
        with scene.held() as permit:
            ((_, shell),) = permit.asked
            assert shell.endpoint == Endpoint(EXCHANGE.connection, "127.0.0.1")
            assert rival.end(shell) is True
            assert rival.end(shell) is True, "a shell that is not there is as good as ended"
            assert rival.end(replace(shell, account="CONTOSO\\other")) is False, "but not one of another account"
            scene.client.stop()  # its sender is killed
            scene.proxy.cut_off()
        wait_until(lambda: scene.server.counts.messages.get("send", 0) >= 1)
        assert scene.made == 0


def test_a_shell_on_a_host_that_does_not_answer_is_not_taken_for_ended() -> None:
    scene = Scene(SessionMode.STREAM)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with scene.pool(port) as rival:
        assert rival.end(Shell(Endpoint(EXCHANGE.connection, "127.0.0.1"), "A")) is False
        assert rival.end(Shell(Endpoint(LYNC.connection, "127.0.0.1"), "A")) is False
