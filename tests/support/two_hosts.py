"""One host twice: answered by the interpreter and by a real PowerShell, each over its own estate, to compare them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from providers.simulator.estate.estate import Estate
from providers.simulator.powershell.engine import PowerShellEngine
from providers.simulator.wire.runner import Runner
from providers.simulator.wire.shell_command import Launch, Process
from providers.simulator.world.schema import World
from reconciler.app.simulated_world import find_powershell, powershell_program
from tests.support.powershell_host import OWN_MUTEX
from tests.support.winrm_server import COMMAND_LINE, NONCE, PASSWORD, RUNNER, USER, replies, request_line, runner_lines
from tests.support.worlds import SteppingClock, world_of

needs_powershell = pytest.mark.skipif(
    find_powershell() is None, reason="no PowerShell: set RECONCILER_PWSH, or put pwsh on PATH"
)
powershell = [pytest.mark.powershell, needs_powershell]

VERSIONS = {
    "e2007": "8.3.83.6",
    "e2010": "14.3.123.4",
    "e2013": "15.0.1497.2",
    "e2016": "15.1.225.42",
    "l2010": "2010",
    "l2013": "2013",
    "s2015": "2015",
    "s2019": "2019",
}
LONGEST_SECONDS = 240.0
"""Nothing takes that long; on a machine with much else to do, a good part of it."""


def world_for(release: str, *, deserialised: bool = False, **more: Any) -> World:
    """Return a small world whose Exchange servers, or Lync pools, are of ``release``."""
    version = VERSIONS[release]
    described: dict[str, Any] = {"plans": {"Base": 5}, "um_enabled": 2, "people": (), "deserialised": deserialised}
    if release.startswith("e"):
        return world_of(6, (1,), servers=(version, version), **(described | more))
    return world_of(6, (2, 1), lync=version, **(described | more))


def host_for(release: str) -> str:
    return "ex1.contoso.com" if release.startswith("e") else "fe1.contoso.com"


def is_password(user: str, password: str) -> bool:
    return (user, password) == (USER, PASSWORD)


def standing(estate: Estate) -> dict[str, Any]:
    """Return everything an estate holds."""
    holdings = estate.holdings
    directory: dict[str, Any] = orjson.loads(orjson.dumps(holdings.directory.to_json()))
    services = {
        host: {name: (one.status, one.started, one.learned) for name, one in sorted(found.items())}
        for host, found in holdings.services.items()
    }
    return {"directory": directory, "services": services, "counters": dict(holdings.counters)}


def init(adapter: str, allow: Sequence[str], password: str = PASSWORD) -> dict[str, Any]:
    credential = {"user": USER, "password": {"$secure": password}}
    return {
        "op": "init",
        "id": "0",
        "nonce": NONCE,
        "protocol": 1,
        "adapter": adapter,
        "allow": list(allow),
        "always": {},
        "credential": credential,
    }


class Interpreted:
    """A host as the interpreter answers."""

    def __init__(self, world: World, host: str, allow: Sequence[str], adapter: str = "auto") -> None:
        self.estate = Estate(world, clock=SteppingClock())
        self._runner = Runner(self.estate, host, USER, lambda: (0.0, 0.0))
        self._ids = itertools.count(1)
        self.ready = self._answered(init(adapter, allow))[0]

    def ask(self, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the reply to each request; those in several parts as one."""
        return [joined(self._answered({"id": f"r{next(self._ids)}", **request})) for request in requests]

    def _answered(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        return replies(self._runner.answer(request_line(**request)))


@dataclass
class Real:
    """A host as a real PowerShell answers. A context manager."""

    world: World
    host: str
    allow: Sequence[str]
    adapter: str = "auto"
    delegates: bool = True
    password: str = PASSWORD
    estate: Estate = field(init=False)
    ready: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.estate = Estate(self.world, clock=SteppingClock())
        self._changed = threading.Condition()
        self._stdout = bytearray()
        self._told: list[dict[str, Any]] = []
        self.stderr = bytearray()
        self.exit_code: int | None = None
        self._ids = itertools.count(1)

    def __enter__(self) -> Real:
        self.engine = PowerShellEngine(self.estate, is_password, powershell_program())
        self.process: Process = self.engine.start(
            Launch(self.host, USER, self.delegates, COMMAND_LINE, False, self._write, self._ended)
        )
        greeting = request_line(**init(self.adapter, self.allow, self.password))
        self.process.feed(runner_lines(RUNNER + OWN_MUTEX) + greeting, end=False)
        (self.ready,) = self._wait(lambda found: len(found) >= 1)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.feed(b"", end=True)
        self.process.join()
        self.process.stop()
        self.process.join()
        self.engine.close()

    def ask(self, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the reply to each request; those in several parts as one."""
        numbered = [{"id": f"r{next(self._ids)}", **request} for request in requests]
        numbered[-1] = {**numbered[-1], "flush": True}
        self.process.feed(b"".join(request_line(**request) for request in numbered), end=False)
        last = numbered[-1]["id"]
        found = self._wait(lambda told: bool(told) and told[-1]["id"] == last and not told[-1].get("more"))
        by_id = {
            key: joined(list(parts)) for key, parts in itertools.groupby(found, key=lambda reply: str(reply["id"]))
        }
        return [by_id[request["id"]] for request in numbered]

    def _wait(self, is_enough: Any) -> list[dict[str, Any]]:
        with self._changed:

            def is_over() -> bool:
                return self.exit_code is not None or is_enough(self._told)

            assert self._changed.wait_for(is_over, LONGEST_SECONDS), bytes(self._stdout[-1000:])
            found, self._told = self._told, []
            assert is_enough(found), (self.exit_code, bytes(self.stderr))
            return found

    def _write(self, stream: str, data: bytes) -> None:
        with self._changed:
            (self._stdout if stream == "stdout" else self.stderr).extend(data)
            if stream == "stdout":
                self._read_lines()
            self._changed.notify_all()

    def _read_lines(self) -> None:
        """Take the whole lines off the output; what they tell is read once."""
        whole = self._stdout.rfind(b"\n") + 1
        self._told += replies(bytes(self._stdout[:whole]))
        del self._stdout[:whole]

    def _ended(self, exit_code: int) -> None:
        with self._changed:
            self.exit_code = exit_code
            self._changed.notify_all()


def joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the parts of a reply as one."""
    records = [record for part in parts for record in part.get("records", ())]
    last = {key: value for key, value in parts[-1].items() if key not in ("part", "more", "id")}
    return {**last, "records": records} if last["ok"] and "ready" not in last else last
