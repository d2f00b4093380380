"""The process that ``reconciler simulate`` runs: how it starts, what it tells, and how it ends."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from providers.simulator.serving import ServeOptions, serve
from reconciler.model.diagnostics import ReconcilerError
from tests.support.winrm_server import PASSWORD, USER, Client, TinyEstate, start, wait_until


@pytest.fixture(autouse=True)
def tiny_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a world gives the tiny estate; a world named ``broken`` is none."""

    class World:
        @staticmethod
        def open(world: Path, _changes: Path | None = None) -> TinyEstate:
            if world.name == "broken":
                raise ValueError("it has no servers")
            return TinyEstate()

    stand_in: Any = types.ModuleType("providers.simulator.estate.estate")
    stand_in.Estate = World
    monkeypatch.setitem(sys.modules, "providers.simulator.estate.estate", stand_in)


@dataclass
class Child:
    """``serve`` on a thread, with pipes in place of its parent's."""

    options: ServeOptions
    stdout: io.StringIO = field(default_factory=io.StringIO)
    exit_code: int | None = None

    def __post_init__(self) -> None:
        read, self.write = os.pipe()
        self.stdin: BinaryIO = os.fdopen(read, "rb")
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.exit_code = serve(self.options, self.stdin, self.stdout)

    def tell(self, line: bytes) -> None:
        os.write(self.write, line)

    def ready(self) -> dict[str, Any]:
        wait_until(lambda: self.stdout.getvalue().endswith("\n"))
        (line,) = self.stdout.getvalue().splitlines()
        told = json.loads(line)
        assert isinstance(told, dict)
        return told

    def end(self) -> int | None:
        if self.write >= 0:
            os.close(self.write)
            self.write = -1
        self.thread.join(10)
        self.stdin.close()
        return self.exit_code


ACCOUNT = json.dumps({"user": USER, "password": PASSWORD}).encode() + b"\n"
CHILD = ServeOptions(Path("world.yaml"), parent_pipe=True)


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.end()


@dataclass
class _Address:
    """What ``Client`` asks of a server."""

    url: str


@pytest.mark.parametrize("auth", ["basic", "ntlm", "credssp", "certificate"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_child_serves_the_account_it_is_given_until_its_parent_closes_the_pipe(
    auth: str, tls: bool, children: list[Child]
) -> None:
    before = set(threading.enumerate())
    child = Child(replace(CHILD, auth=auth, tls=tls))
    children.append(child)
    child.tell(ACCOUNT)
    ready = child.ready()
    files = {"ca"} if tls or auth == "certificate" else set()
    files |= {"certificate", "key"} if auth == "certificate" else set()
    assert set(ready) == {"port", "url", "second_hop", "exchange", "lync"} | files
    assert PASSWORD not in json.dumps(ready)
    options: dict[str, Any] = {"ca_trust_path": ready.get("ca")}
    if auth == "certificate":
        options |= {"cert_pem": ready["certificate"], "cert_key_pem": ready["key"]}
    client = Client(_Address(ready["url"]), auth, **options).open()
    client.send(start())
    assert client.receive_until(1)[0]["id"] == "0"
    client.close()
    assert child.end() == 0
    assert not [path for name in files if (path := Path(ready[name])).exists()]
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("line", ["", "\n", "[]\n", "{}\n", '{"user":1,"password":2}\n', '{"user":"","password":""}\n'])
def test_a_child_without_an_account_tells_an_error(line: str, children: list[Child]) -> None:
    child = Child(CHILD)
    children.append(child)
    child.tell(line.encode())
    assert child.end() == 1
    assert "user and password" in json.loads(child.stdout.getvalue())["error"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (replace(CHILD, world=Path("broken")), "it has no servers"),
        (replace(CHILD, auth="digest"), "digest"),
        (replace(CHILD, faults=({"kind": "sned"},)), "sned"),
    ],
)
def test_a_child_that_cannot_start_tells_an_error(options: ServeOptions, text: str, children: list[Child]) -> None:
    child = Child(options)
    children.append(child)
    child.tell(ACCOUNT)
    assert child.end() == 1
    assert text in json.loads(child.stdout.getvalue())["error"]


def test_a_port_in_use_is_reported(children: list[Child]) -> None:
    first = Child(CHILD)
    children.append(first)
    first.tell(ACCOUNT)
    second = Child(replace(CHILD, port=first.ready()["port"]))
    children.append(second)
    second.tell(ACCOUNT)
    assert second.end() == 1
    assert "Port" in json.loads(second.stdout.getvalue())["error"]


def _run_by_a_person(options: ServeOptions) -> tuple[int, str]:
    """Run it until it waits, then press Ctrl-C."""

    def press() -> None:
        raise KeyboardInterrupt

    stdout = io.StringIO()
    return serve(options, io.BytesIO(), stdout, press), stdout.getvalue()


def test_a_person_reads_how_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILER_SIMULATOR_PASSWORD", raising=False)
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "made-here")
    exit_code, told = _run_by_a_person(ServeOptions(Path("world.yaml")))
    assert exit_code == 130
    assert "http://127.0.0.1:" in told
    assert "ex1.contoso.com, fe1.contoso.com" in told
    assert USER in told
    assert told.count("made-here") == 1


def test_a_password_from_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_SIMULATOR_PASSWORD", "canary-9")
    _, told = _run_by_a_person(ServeOptions(Path("world.yaml"), tls=True))
    assert "canary-9" not in told
    assert "https://127.0.0.1:" in told
    assert "ca.pem" in told


def test_kerberos_without_its_package_or_keytab_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ServeOptions(Path("world.yaml"), auth="kerberos")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ReconcilerError) as raised:
        _run_by_a_person(options)
    assert "libkrb5-dev" in raised.value.diagnostics[0].remedy
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    with pytest.raises(ReconcilerError, match="keytab"):
        _run_by_a_person(options)
