"""The listener over the simulated estate, as a process of its own: what users of the simulator really run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.winrm_server import PASSWORD, USER, Client, invoke, request_line, start

WORLD = """
exchange:
  servers:
    - {fqdn: ex1.contoso.com, version: 15.0.1497.2, roles: [Mailbox, ClientAccess], site: Redmond}
lync:
  version: 2013
  sites: [{name: Redmond, type: central}]
  pools:
    - {fqdn: std1.contoso.com, name: "1:1", type: standard, site: Redmond}
faults:
  - {kind: create, nth: 2, fault: 2150859173}
"""
PROGRAM = """
import sys
from pathlib import Path
from providers.simulator.serving import ServeOptions, serve
options = ServeOptions(Path(sys.argv[1]), changes=Path(sys.argv[2]), parent_pipe=True)
sys.exit(serve(options, sys.stdin.buffer, sys.stdout))
"""
CMDLETS = ["New-UMDialPlan", "Get-UMDialPlan", "Get-CsPool", "Get-Service"]


@dataclass
class Child:
    process: subprocess.Popen[bytes]
    url: str


@contextmanager
def child(directory: Path) -> Iterator[Child]:
    """A simulator on a world of one server and one pool; it ends when its pipe closes."""
    world = directory / "world.yaml"
    world.write_text(WORLD, "utf-8")
    command = [sys.executable, "-c", PROGRAM, str(world), str(directory / "changes.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"user": USER, "password": PASSWORD}).encode() + b"\n")
        process.stdin.flush()
        try:
            yield Child(process, json.loads(process.stdout.readline())["url"])
        finally:
            if not process.stdin.closed:
                process.stdin.close()
            process.wait(20)


def run(server: Child, *lines: bytes, path: str = "") -> list[dict[str, Any]]:
    """Run requests in a process of their own, over NTLM, and return their replies after READY."""
    client = Client(server, "ntlm", path=path).open()
    client.send(start(allow=CMDLETS) + b"".join(lines))
    told = client.receive_until(1 + len(lines))
    client.close()
    return told[1:]


def test_changes_outlive_the_process_and_faults_of_the_world_strike(tmp_path: Path) -> None:
    make = invoke("1", "New-UMDialPlan", Name="Redmond", NumberOfDigitsInExtension=5, CountryOrRegionCode="1")
    listing = request_line(op="invoke", id="2", cmdlet="Get-UMDialPlan", params={}, properties=["Name"], read=True)
    with child(tmp_path) as first:
        assert [reply["ok"] for reply in run(first, make, make)] == [True, True]
        with pytest.raises(Exception, match=r"maximum number of concurrent shells|0x803381a5|2150859173"):
            run(first, listing)
    assert first.process.returncode == 0
    with child(tmp_path) as second:
        assert run(second, listing)[0]["records"] == [{"Name": "Redmond"}]


def test_every_host_has_its_own_shell_and_services(tmp_path: Path) -> None:
    services = request_line(op="service", id="1", cmdlet="Get-Service", params={"Name": ["RTCSRV"]})
    with child(tmp_path) as server:
        (reply,) = run(server, services, path="/std1.contoso.com")
        assert reply["records"][0]["Status"] == "Running"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_child_leaves_signals_to_its_parent_and_ends_when_that_lets_go(tmp_path: Path) -> None:
    with child(tmp_path) as server:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            server.process.send_signal(number)
        services = request_line(op="service", id="1", cmdlet="Get-Service", params={"Name": ["none"]})
        assert run(server, services)[0]["records"] == []
    assert server.process.returncode == 0
