"""After any run, a killed one aside, the servers have no shell of ours: the command line as a process, shells counted.

The servers are a listener in this process, so that what they hold is seen when the command has ended, and so that a
signal can be sent at the very moment when a message is under way.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.estate.estate import Estate
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.faults import FaultPlan, Rule
from providers.simulator.wire.server import Server, Settings
from tests.support.cli import CHILD, Environment, Started, little, ports_of_fork, wait_until, with_ports

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

USER, PASSWORD = "CONTOSO\\svc-um", "a password of a service"
ENTRY = "{{host: {host}, tls: false, auth: credssp, user: '" + USER + "', password: 'env:SERVICE_PASSWORD'}}"


@dataclass
class Run:
    """An environment whose servers are ``server``."""

    environment: Environment
    server: Server
    signalled: threading.Event
    """Set when the signal was sent: until then the answer of a slow message is held back."""
    password: str = PASSWORD

    def signal(self, child: Started, number: int) -> None:
        os.kill(child.pid, number)
        self.signalled.set()

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Started]:
        chosen = with_ports(**self._ports())
        with self.environment.started(*arguments, entry=CHILD, SERVICE_PASSWORD=self.password, **chosen) as child:
            yield child

    def ends(self, *arguments: str, code: int) -> None:
        told = {"SERVICE_PASSWORD": self.password, **ports_of_fork(**self._ports())}
        self.environment.run(*arguments, cwd=self.environment.directory, **told).has(code)

    def _ports(self) -> dict[str, Any]:
        return {"via": ["127.0.0.1", self.server.port], "expiry": 2, "pace": 0.05}


@contextmanager
def servers(directory: Path, faults: Sequence[Rule] = ()) -> Iterator[Run]:
    """A small estate behind real connections; at the end no shell is left there, and there were some."""
    environment = little(directory / "little")
    entries = "".join(
        f"  {name}: {ENTRY.format(host=host)}\n"
        for name, host in (("exchange", "ex1.contoso.com"), ("lync", "fe1.contoso.com"))
    )
    world = directory / "world.yaml"
    (environment.directory / "world.yaml").rename(world)
    environment.edit("little.yaml", "connections: {simulator: world.yaml}\n", f"connections:\n{entries}")
    estate = Estate.open(world, directory / "world.json")
    settings = Settings(users={USER: PASSWORD}, schemes=frozenset({Scheme.CREDSSP}))
    signalled = threading.Event()
    with Server(estate, settings, FaultPlan(faults, signalled.wait)) as server:
        yield Run(environment, server, signalled)
        assert list(server.errors) == []
        assert server.counts.open_shells == 0


def test_a_plan_an_apply_and_a_look_for_drift_leave_none(tmp_path: Path) -> None:
    with servers(tmp_path) as run:
        run.ends("plan", code=0)
        assert run.server.counts.open_shells == 0
        run.ends("apply", "--auto-approve", code=0)
        assert run.server.counts.open_shells == 0
        run.ends("drift", code=0)
        assert run.server.counts.messages["create"] > 3


def test_a_run_that_fails_leaves_none(tmp_path: Path) -> None:
    with servers(tmp_path) as run:
        run.password = "another password"
        run.ends("plan", code=1)
        assert run.server.counts.failed_authentications in (1, 2)
        run.password = PASSWORD
        run.server.faults.add(Rule("receive", nth=4, kill_process=1))
        run.server.faults.add(Rule("command", nth=2, times=0, fault=5))
        run.ends("plan", code=1)
        assert run.server.counts.messages["create"] > 1


SLOW = 60.0
"""Seconds that an answer is held back at most while its signal is to come."""


@pytest.mark.parametrize(
    ("kind", "nth", "number"),
    [
        ("create", 1, signal.SIGINT),
        ("create", 1, signal.SIGTERM),
        ("command", 1, signal.SIGHUP),
        ("send", 1, signal.SIGINT),
        ("receive", 1, signal.SIGTERM),
        ("send", 2, signal.SIGTERM),
        ("receive", 3, signal.SIGINT),
    ],
)
def test_a_signal_while_a_message_is_under_way_leaves_none(kind: str, nth: int, number: int, tmp_path: Path) -> None:
    """Also where the server has carried it out, and its answer names what has to be closed."""
    with servers(tmp_path, [Rule(kind, nth=nth, when="after", delay_seconds=SLOW)]) as run:
        with run.started("plan") as child:
            wait_until(lambda: run.server.faults.injected == 1, child.process)
            run.signal(child, number)
            ran = child.end(20).has(130 if number == signal.SIGINT else 143)
        assert "Traceback" not in ran.err
        assert run.server.counts.messages["create"] >= 1


def test_an_impatient_second_ctrl_c_leaves_none(tmp_path: Path) -> None:
    with servers(tmp_path, [Rule("receive", nth=3, when="after", delay_seconds=SLOW)]) as run:
        with run.started("plan") as child:
            wait_until(lambda: run.server.faults.injected == 1, child.process)
            run.signal(child, signal.SIGINT)
            wait_until(lambda: "Interrupt" in child.err or child.process.poll() is not None or seen_to_close(run))
            os.kill(child.pid, signal.SIGINT)
            child.process.wait(20)
        assert run.server.counts.open_shells == 0


def seen_to_close(run: Run) -> bool:
    return run.server.counts.messages.get("signal", 0) > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_between_the_steps_of_an_apply_leaves_none(number: int, tmp_path: Path) -> None:
    with servers(tmp_path) as run:
        with run.started("apply", "--auto-approve") as child:
            wait_until(lambda: written(tmp_path, "New-UMDialPlan"), child.process)
            os.kill(child.pid, number)
            child.end(30).has(128 + number)
        assert run.server.counts.messages["delete"] >= run.server.counts.messages["create"] > 0


def written(directory: Path, cmdlet: str) -> bool:
    log = directory / "world.json.log"
    return log.exists() and f'"cmdlet":"{cmdlet}"' in log.read_text("utf-8")
