"""Connections that fail, through a declared environment: exit code, message, remedy, and a state left as it was."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.server import Server, Settings
from tests.support.cli import Environment, Ran, applied, ports_of_fork
from tests.support.winrm_server import PASSWORD, USER, TinyEstate

DOCTOR = "reconciler doctor ."


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def joined(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that was applied, whose connections a test declares anew."""
    return applied(tmp_path, tmp_path_factory)


def connect(environment: Environment, **keys: Any) -> None:
    told = {"user": f"'{USER}'", "password": "env:UM_PASSWORD", "auth": "ntlm", "tls": "false", **keys}
    entry = "{" + ", ".join(f"{name}: {value}" for name, value in told.items()) + "}"
    environment.edit("contoso.yaml", "  simulator: world.yaml", f"  exchange: {entry}\n  lync: {entry}\n")
    (environment.directory / "world.yaml").unlink()
    environment.variables["UM_PASSWORD"] = PASSWORD


@contextmanager
def serving(*schemes: Scheme, **settings: Any) -> Iterator[Server]:
    chosen = Settings(users={USER: PASSWORD}, schemes=frozenset(schemes), **settings)
    with Server(TinyEstate(), chosen) as server:
        yield server


def remembered(environment: Environment) -> list[Any]:
    tables = ("resources", "obligations", "decisions", "intents", "outcomes", "runs")
    return [environment.rows(table) for table in tables]


def fails_and_changes_nothing(environment: Environment, *told: str) -> str:
    """Plan and apply end with 1, say each of ``told`` once, and leave state and servers as they were.

    Returns what they said, without line ends.
    """
    before, log = remembered(environment), environment.log()
    said = ""
    for command in (["plan"], ["apply", "--auto-approve"]):
        ran = _run(environment, *command).has(1)
        text = " ".join((ran.out + ran.err).split())
        for words in told:
            assert text.count(words) == 1, (words, ran.out, ran.err)
        assert "No changes" not in text
        assert "No longer managed" not in text, "what cannot be read is not gone"
        assert "Traceback" not in text
        assert PASSWORD not in text
        said += text
    assert remembered(environment) == before
    assert environment.log() == log
    return said


def _run(environment: Environment, *arguments: str) -> Ran:
    """Run without waiting as long between attempts as an operator would."""
    return environment.run(*arguments, cwd=environment.directory, **ports_of_fork(pace=0.01))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_listens(joined: Environment) -> None:
    port = free_port()
    connect(joined, host="127.0.0.1", port=port)
    cause = f"127.0.0.1:{port} refuses the connection: nothing listens there. Not read"
    fails_and_changes_nothing(
        joined, "Error: Host is unreachable", cause, "a firewall lets the port through", "reconciler doctor ."
    )


def test_host_without_an_address(joined: Environment) -> None:
    connect(joined, host="ex1.invalid")
    fails_and_changes_nothing(
        joined, "Error: Host is unreachable", "Check the spelling of the host", "reconciler doctor ."
    )


@pytest.mark.parametrize(("auth", "scheme"), [("basic", Scheme.BASIC), ("ntlm", Scheme.NTLM)])
def test_wrong_password_is_tried_no_more_than_twice(auth: str, scheme: Scheme, joined: Environment) -> None:
    with serving(scheme) as server:
        connect(joined, host="127.0.0.1", port=server.port, auth=auth)
        joined.variables["UM_PASSWORD"] = "wrong"
        said = fails_and_changes_nothing(joined, "Error: ", DOCTOR)
        assert f"127.0.0.1:{server.port}" in said
        assert 2 <= server.counts.failed_authentications <= 4, "two runs, each of which tries once or twice"


def test_certificate_that_nobody_here_trusts(authority: Authority, joined: Environment) -> None:
    with serving(Scheme.BASIC, certificate=authority.issue_server()) as server:
        connect(joined, host="localhost", port=server.port, auth="basic", tls="true")
        remedy = "Name the PEM file of the authority that issued it as ca:"
        said = fails_and_changes_nothing(joined, "Error: ", remedy)
        assert f"localhost:{server.port}" in said
        assert server.counts.total == 0


def test_certificate_for_another_name(authority: Authority, joined: Environment) -> None:
    with serving(Scheme.BASIC, certificate=authority.issue_server(["mail.contoso.com"], "mail")) as server:
        connect(joined, host="localhost", port=server.port, auth="basic", tls="true", ca=authority.path)
        said = fails_and_changes_nothing(joined, "Error: ")
        assert f"localhost:{server.port}" in said
        assert server.counts.total == 0


class Page(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        page = b"<html><title>Printer</title></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        return


def test_something_that_is_not_winrm(joined: Environment) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as printer:
        thread = threading.Thread(target=printer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            connect(joined, host="127.0.0.1", port=printer.server_address[1], auth="basic")
            said = fails_and_changes_nothing(joined, "Error: ")
            assert f"127.0.0.1:{printer.server_address[1]}" in said
        finally:
            printer.shutdown()
            thread.join()
